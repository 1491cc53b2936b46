/* The lane: the one writer, and group commit.
 *
 * Work is run slice by slice, each in a mark (savepoint) of one open transaction; the batch closes after 5 ms, 1000
 * slices or an empty queue; then ONE commit with a full sync, and only then are done() calls, replies and events
 * let out. Lane time is shared fairly among shares (plugins): the queue of the share that has used least runs next.
 *
 * When the transaction is lost as a whole (full disk, I/O error, lost lease) on_lost is told, and each work is run
 * again in a transaction of its own; what cannot be stored is refused with its reason. So run() must be repeatable
 * from what the work holds, and must change nothing outside the database but through lane_after_commit.
 *
 * All calls on the lane's thread, but lane_post. */
#ifndef KHUNG_LANE_H
#define KHUNG_LANE_H

#include "store/store.h"
#include "base/clock.h"
#include "base/id.h"

struct lane;
struct loop;

struct lane_work {
    struct lane_work *next;
    /* 0: keep. A negative code: everything this slice did is rolled back; done() gets the error. */
    int (*run)(struct lane_work *w, struct lane *lane, struct err *err);
    /* After the commit (failed == NULL) or when it was refused. Takes the work over (frees it). */
    void (*done)(struct lane_work *w, const struct err *failed);
    uint32_t share; /* 0: the host's own; others: a plugin's number, < 1024 */
};

struct lane_source; /* something with due times: flows, schedule, outbox */
struct lane_source {
    struct lane_source *next;
    /* Adds (lane_add) what is due at `now`, at most `max`; returns the next due time or INT64_MAX. Called in an
     * open transaction, only when `due` (kept by the lane, moved by lane_wake_at) has come. */
    int64_t (*collect)(struct lane_source *s, struct lane *lane, int64_t now, int max);
    int64_t due;
};

struct lane_options {
    struct store *db;  /* the writer connection; owned by the caller */
    struct loop *loop; /* NULL: driven by lane_run only (khung test, bench) */
    struct clock *clock;
    int batch_slices;           /* 0: 1000 */
    int batch_ms;               /* 0: 5 */
    void (*on_lost)(void *ctx); /* the transaction was rolled back as a whole: drop caches that it touched */
    /* Just before COMMIT, inside the transaction (audit chain, buffered rows). */
    int (*before_commit)(void *ctx, struct err *err);
    void (*after_commit)(void *ctx);
    /* Nothing is to be run: a little of what can wait. True: there is more of it. Only with a loop. */
    bool (*idle)(void *ctx);
    void *ctx;
};

int lane_new(const struct lane_options *o, struct lane **out, struct err *err);
void lane_free(struct lane *l);

/* Any thread. After lane_stop the work is refused at once, on the caller's thread. */
void lane_post(struct lane *l, struct lane_work *w);
/* Lane's thread; also from run(): joins this or the next batch. It stays queued when the slice that added it is rolled
 * back or lost (and a lost one adds it again): so it must look in the database whether it is still wanted. */
void lane_add(struct lane *l, struct lane_work *w);
void lane_add_source(struct lane *l, struct lane_source *s);
/* Held: no source is asked, work is run all the same. So until the plugins are there, whose code is due. */
void lane_hold_sources(struct lane *l, bool held);
/* A due time came nearer: the source's collect is called by then. Inside a slice it takes effect at once. */
void lane_wake_at(struct lane *l, struct lane_source *s, int64_t at);
/* Runs fn(arg) after the commit; dropped if the slice is rolled back. `drop` (may be NULL) then frees arg. */
void lane_after_commit(struct lane *l, void (*fn)(void *arg), void (*drop)(void *arg), void *arg);

/* Runs everything that is ready now, batch by batch, until nothing is left; returns the next due time. The loop does
 * this by itself when one was given. */
int64_t lane_run(struct lane *l);
/* One batch of it; false when nothing was ready. */
bool lane_step(struct lane *l);
/* From run(): this slice is the last of its batch. */
void lane_end_batch(struct lane *l);
/* Orderly stop: what was accepted is run (sources are not asked any more: what is due stays in the database), then
 * nothing more is taken; posted work is refused with ERR_STOPPED. */
void lane_stop(struct lane *l);

struct store *lane_db(struct lane *l);
struct id_gen *lane_ids(struct lane *l); /* raised to the largest id at lane_new by lane_raise_id */
void lane_raise_id(struct lane *l, int64_t at_least);
int64_t lane_now(struct lane *l); /* the batch's time: the same for all slices of a batch */

/* Any thread. Since the start; `queued`: work that waits now, what was posted included. */
struct lane_stats {
    int64_t batches, slices, undone, commits, commits_failed, lost, commit_ns, longest_batch_ns;
    int64_t queued;
};
void lane_stats(struct lane *l, struct lane_stats *out);

#endif
