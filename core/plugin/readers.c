/* Readers: a pool of threads, each with a loop, a connection and Lua states that are made when first needed. */
#include "plugin/readers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "runtime/log.h"
#include "vm/vm.h"

enum { READERS_MAX = 64, ARENA_MAX = 128 << 20, SNAPSHOT_SECONDS = 30, LOOKS_MAX = 20000, LOOK_NS = 100000 };

struct pool_reader {
    struct mail wake; /* on its way, unless it is idle */
    struct readers *pool;
    struct reader reader;
    struct loop *loop;
    struct loop_thread *thread;
    const char *path;
    bool is_idle;
};

struct queue {
    struct reader_work *first, **last;
};

struct readers {
    int n;
    pthread_mutex_t lock; /* of what follows, and of is_idle */
    struct queue quick, slow;
    int nslow; /* slow works that run now */
    int64_t turn;
    bool is_closed;
    atomic_int waiting; /* or being run */
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

static void push(struct queue *q, struct reader_work *w)
{
    w->next = NULL;
    *q->last = w;
    q->last = &w->next;
}

static struct reader_work *pop(struct queue *q)
{
    struct reader_work *w = q->first;
    q->first = w->next;
    if (!q->first) q->last = &q->first;
    return w;
}

/* What has waited longest, of what may be taken now; NULL: nothing, and the reader is idle. */
static struct reader_work *take(struct pool_reader *p)
{
    struct readers *rs = p->pool;
    struct reader_work *w = NULL;
    pthread_mutex_lock(&rs->lock);
    const struct reader_work *quick = rs->quick.first;
    const struct reader_work *slow = rs->nslow < (rs->n > 1 ? rs->n - 1 : 1) ? rs->slow.first : NULL;
    if (slow && (!quick || slow->turn < quick->turn)) {
        w = pop(&rs->slow);
        rs->nslow++;
    } else if (quick) {
        w = pop(&rs->quick);
    }
    p->is_idle = !w;
    pthread_mutex_unlock(&rs->lock);
    return w;
}

static void run_one(struct pool_reader *p, struct reader_work *w)
{
    struct readers *rs = p->pool;
    struct err err = {0};
    bool is_slow = w->is_slow; /* done() takes the work over */
    int rc = open_db(p, &err);
    if (rc == 0) {
        store_limit_time(p->reader.db, (w->seconds ? w->seconds : SNAPSHOT_SECONDS) * 1000);
        rc = reader_run_here(&p->reader, w, &err);
        store_limit_time(p->reader.db, 0);
    }
    w->done(w, rc ? &err : NULL);
    arena_reset(&p->reader.arena);
    atomic_fetch_sub(&rs->waiting, 1);
    if (!is_slow) return;
    pthread_mutex_lock(&rs->lock);
    rs->nslow--;
    pthread_mutex_unlock(&rs->lock);
}

static bool is_idle(struct pool_reader *p)
{
    pthread_mutex_lock(&p->pool->lock);
    bool yes = p->is_idle;
    pthread_mutex_unlock(&p->pool->lock);
    return yes;
}

static void deliver(struct mail *m)
{
    struct pool_reader *p = (struct pool_reader *)((char *)m - offsetof(struct pool_reader, wake));
    for (struct reader_work *w; (w = take(p));)
        run_one(p, w);
    while (is_idle(p) && vm_tidy())
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
    pthread_mutex_init(&rs->lock, NULL);
    rs->quick.last = &rs->quick.first;
    rs->slow.last = &rs->slow.first;
    for (int i = 0; rc == 0 && i < n; i++) {
        struct pool_reader *p = &rs->all[i];
        char name[16];
        snprintf(name, sizeof(name), "reader-%d", i % 100);
        p->reader.host = host;
        p->path = path;
        p->pool = rs;
        p->wake.deliver = deliver;
        p->is_idle = true;
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
    pthread_mutex_lock(&rs->lock);
    rs->is_closed = true;
    pthread_mutex_unlock(&rs->lock);
    for (int i = 0; i < rs->n; i++) {
        loop_close_mail(rs->all[i].loop);
        loop_stop(rs->all[i].loop);
    }
    for (int i = 0; i < rs->n; i++) {
        loop_thread_join(rs->all[i].thread);
        loop_free(rs->all[i].loop);
    }
    pthread_mutex_destroy(&rs->lock);
    mem_free(rs);
}

int64_t readers_queued(struct readers *rs)
{
    return rs ? atomic_load(&rs->waiting) : 0;
}

int readers_count(const struct readers *rs)
{
    return rs ? rs->n : 0;
}

bool readers_post(struct readers *rs, struct reader_work *w)
{
    struct pool_reader *idle = NULL;
    pthread_mutex_lock(&rs->lock);
    bool ok = !rs->is_closed;
    for (int i = 0; ok && !idle && i < rs->n; i++)
        if (rs->all[i].is_idle) idle = &rs->all[i];
    if (ok) {
        w->turn = rs->turn++;
        push(w->is_slow ? &rs->slow : &rs->quick, w);
        atomic_fetch_add(&rs->waiting, 1);
    }
    if (idle) {
        idle->is_idle = false;
        loop_post(idle->loop, &idle->wake); /* which takes mail until after is_closed */
    }
    pthread_mutex_unlock(&rs->lock);
    return ok;
}
