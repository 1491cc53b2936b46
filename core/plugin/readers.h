/* Readers: threads with a read-only snapshot connection and Lua states of their own.
 *
 * Work is run inside one read transaction (one snapshot). Any thread may post; the first reader that is free takes what
 * has waited longest. What may take seconds (code of plugins, a look at every file) never takes all readers: where
 * there are two or more, one is left to what is quick. A snapshot that grows too old is interrupted. */
#ifndef KHUNG_READERS_H
#define KHUNG_READERS_H

#include "base/arena.h"
#include "plugin/host.h"
#include "plugin/plugins.h"
#include "runtime/loop.h"
#include "store/store.h"

struct readers;

struct reader {
    struct host *host;
    struct store *db;            /* opened on first use */
    struct registry *registry;   /* of the snapshot, during a work; NULL: no plugins were ever loaded */
    struct plugin_states states; /* made on first use */
    struct arena arena;          /* reset after each work */
};

struct reader_work {
    struct reader_work *next; /* the pool's */
    int64_t turn;
    bool is_slow;    /* may take seconds */
    int64_t seconds; /* the snapshot's age limit; 0: 30 */
    /* In a read transaction on a reader's thread. */
    int (*run)(struct reader_work *w, struct reader *r, struct err *err);
    /* On the same thread, after the transaction. Takes the work over. */
    void (*done)(struct reader_work *w, const struct err *failed);
};

/* `path`: the database file. n threads. */
int readers_start(struct host *host, const char *path, int n, struct readers **out, struct err *err);
/* Runs what was accepted, then ends the threads. */
void readers_stop(struct readers *rs);
/* False, and the work is not taken over, once readers are stopping. */
bool readers_post(struct readers *rs, struct reader_work *w);
/* Any thread. What waits for a reader or is being run by one; how many readers there are. */
int64_t readers_queued(struct readers *rs);
int readers_count(const struct readers *rs);
/* A session for code that reads on this reader. */
void reader_session(struct reader *r, struct session *s, int64_t now);
/* One reader without threads, over a connection of the caller's (khung test, commands). */
int reader_run_here(struct reader *r, struct reader_work *w, struct err *err);

#endif
