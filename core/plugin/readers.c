/* Readers: a pool of threads, each with a loop, a connection and Lua states that are made when first needed. */
#include "plugin/readers.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "runtime/log.h"
#include "vm/vm.h"

enum { READERS_MAX = 64, ARENA_MAX = 128 << 20, SNAPSHOT_SECONDS = 30, LOOKS_MAX = 20000, LOOK_NS = 100000 };

struct pool_reader {
    struct reader reader;
    struct loop *loop;
    struct loop_thread *thread;
    const char *path;
    atomic_int queued;
};

struct readers {
    int n;
    struct pool_reader all[READERS_MAX];
};

static int open_db(struct pool_reader *p, struct err *err)
{
    struct store_options o = {.path = p->path, .role = STORE_READER};
    return p->reader.db ? 0 : store_open(&o, &p->reader.db, err);
}

void reader_session(struct reader *r, struct session *s, int64_t now)
{
    *s = (struct session){.mode = SESSION_READ,
                          .host = r->host,
                          .db = r->db,
                          .registry = r->registry,
                          .arena = &r->arena,
                          .now = now,
                          .lang = r->host->lang,
                          .zone = r->host->zone};
}

static int read_serial(struct store *db, int64_t *serial, struct err *err)
{
    struct stmt *s = store_stmt(db, "select serial from plugin_set where id = 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    *serial = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* A snapshot and the registry that its tables belong to. A reload commits its tables and exchanges the registry a
 * moment later: who comes between the two looks again. */
static int begin(struct reader *r, struct err *err)
{
    int64_t serial = 0;
    for (int tries = 0;; tries++) {
        r->registry = plugins_registry(r->host->plugins);
        int rc = store_begin(r->db, err);
        if (rc == 0) rc = read_serial(r->db, &serial, err);
        if (rc == 0 && (!r->registry || registry_serial(r->registry) == serial)) return 0;
        registry_drop(r->registry);
        r->registry = NULL;
        store_rollback(r->db);
        if (rc) return rc;
        if (tries == LOOKS_MAX) return err_set(err, ERR_BUSY, "plugin.exchanging", NULL);
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
}

int reader_run_here(struct reader *r, struct reader_work *w, struct err *err)
{
    int rc = begin(r, err);
    if (rc) return rc;
    rc = w->run(w, r, err);
    store_rollback(r->db);
    registry_drop(r->registry);
    r->registry = NULL;
    return rc;
}

static void deliver(struct mail *m)
{
    struct reader_work *w = (struct reader_work *)m;
    struct pool_reader *p = &w->pool->all[w->at];
    struct err err = {0};
    int rc = open_db(p, &err);
    if (rc == 0) {
        store_limit_time(p->reader.db, (w->seconds ? w->seconds : SNAPSHOT_SECONDS) * 1000);
        rc = reader_run_here(&p->reader, w, &err);
        store_limit_time(p->reader.db, 0);
    }
    w->done(w, rc ? &err : NULL);
    arena_reset(&p->reader.arena);
    if (atomic_fetch_sub(&p->queued, 1) > 1) return;
    while (vm_tidy() && atomic_load(&p->queued) == 0)
        ;
}

/* On the reader's own thread, as its Lua states and timers belong to it. */
static void close_reader(void *arg)
{
    struct pool_reader *p = arg;
    plugin_states_close(&p->reader.states);
    if (p->reader.db) store_close(p->reader.db);
    p->reader.db = NULL;
    arena_close(&p->reader.arena);
}

int readers_start(struct host *host, const char *path, int n, struct readers **out, struct err *err)
{
    struct readers *rs = mem_alloc(sizeof(*rs));
    int rc = 0;
    if (n > READERS_MAX) n = READERS_MAX;
    for (int i = 0; rc == 0 && i < n; i++) {
        struct pool_reader *p = &rs->all[i];
        char name[16];
        snprintf(name, sizeof(name), "reader-%d", i % 100);
        p->reader.host = host;
        p->path = path;
        arena_init(&p->reader.arena, ARENA_MAX);
        rc = loop_new(&p->loop, err);
        if (rc == 0) rc = loop_thread_start(p->loop, name, NULL, close_reader, p, &p->thread, err);
        if (rc == 0) rs->n++;
    }
    if (rc) {
        readers_stop(rs);
        return rc;
    }
    *out = rs;
    return 0;
}

void readers_stop(struct readers *rs)
{
    if (!rs) return;
    for (int i = 0; i < rs->n; i++) {
        loop_close_mail(rs->all[i].loop);
        loop_stop(rs->all[i].loop);
    }
    for (int i = 0; i < rs->n; i++) {
        loop_thread_join(rs->all[i].thread);
        loop_free(rs->all[i].loop);
    }
    mem_free(rs);
}

int64_t readers_queued(struct readers *rs)
{
    int64_t n = 0;
    for (int i = 0; rs && i < rs->n; i++)
        n += atomic_load(&rs->all[i].queued);
    return n;
}

int readers_count(const struct readers *rs)
{
    return rs ? rs->n : 0;
}

bool readers_post(struct readers *rs, struct reader_work *w)
{
    int best = 0;
    for (int i = 1; i < rs->n; i++)
        if (atomic_load(&rs->all[i].queued) < atomic_load(&rs->all[best].queued)) best = i;
    w->pool = rs;
    w->at = best;
    w->mail.deliver = deliver;
    atomic_fetch_add(&rs->all[best].queued, 1);
    if (loop_post(rs->all[best].loop, &w->mail)) return true;
    atomic_fetch_sub(&rs->all[best].queued, 1);
    return false;
}
