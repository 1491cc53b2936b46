/* The lane: work in marks of one transaction, one commit, then answers.
 *
 * Until COMMIT has succeeded nothing is outward: done() calls and after-commit actions are kept back. A transaction
 * that is lost as a whole is taken apart: each work runs again in one of its own. */
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/lane_count.h"
#include "store/lane_queue.h"
#include "store/store_internal.h"

enum { BATCH_SLICES = 1000, BATCH_MS = 5, LOOK_AGAIN_MS = 60 * 1000, STOP_NS = 1000000000 };

struct action {
    void (*fn)(void *arg);
    void (*drop)(void *arg);
    void *arg;
};

struct ran {
    struct lane_work *work;
    struct err *failed; /* owned; NULL: it went well */
};

struct lane {
    struct lane_options o;
    struct lane_queue queue;
    struct lane_source *sources;
    struct id_gen ids;
    int64_t now;
    bool alone, in_batch, held, ends;
    _Atomic(struct lane_work *) posted;
    atomic_bool mail_out, stopped;
    struct mail mail;
    struct loop_timer *soon, *timer;
    struct ran *batch;
    size_t nbatch;
    struct action *actions;
    size_t nactions, actions_cap;
    struct lane_count count;
};

static struct lane *of_mail(struct mail *m)
{
    return (struct lane *)((char *)m - offsetof(struct lane, mail));
}

static void on_mail(struct mail *m)
{
    struct lane *l = of_mail(m);
    atomic_store(&l->mail_out, false);
    loop_soon(l->soon);
}

static void refuse(struct lane_work *w)
{
    struct err err;
    err_set(&err, ERR_STOPPED, "lane.stopped", NULL);
    w->done(w, &err);
}

void lane_post(struct lane *l, struct lane_work *w)
{
    if (atomic_load(&l->stopped)) {
        refuse(w);
        return;
    }
    struct lane_work *head = atomic_load(&l->posted);
    lane_count_add(&l->count.waiting, 1);
    do {
        w->next = head;
    } while (!atomic_compare_exchange_weak(&l->posted, &head, w));
    if (l->o.loop && !atomic_exchange(&l->mail_out, true)) {
        l->mail.deliver = on_mail;
        loop_post(l->o.loop, &l->mail);
    }
}

/* Posted work comes newest first: turned round, then queued. */
static void take_posted(struct lane *l)
{
    struct lane_work *newest = atomic_exchange(&l->posted, NULL), *oldest = NULL;
    while (newest) {
        struct lane_work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct lane_work *w = oldest;
        oldest = w->next;
        lane_queue_add(&l->queue, w);
    }
}

static struct lane_work *take(struct lane *l)
{
    struct lane_work *w = lane_queue_take(&l->queue);
    if (w) lane_count_add(&l->count.waiting, -1);
    return w;
}

void lane_add(struct lane *l, struct lane_work *w)
{
    lane_count_add(&l->count.waiting, 1);
    lane_queue_add(&l->queue, w);
    if (l->soon && !l->in_batch) loop_soon(l->soon);
}

void lane_add_source(struct lane *l, struct lane_source *s)
{
    s->next = l->sources;
    s->due = 0; /* looked at in the first batch */
    l->sources = s;
    if (l->soon) loop_soon(l->soon);
}

void lane_hold_sources(struct lane *l, bool held)
{
    l->held = held;
    if (!held && l->soon && !l->in_batch) loop_soon(l->soon);
}

static int64_t next_due(struct lane *l)
{
    int64_t due = INT64_MAX;
    if (l->held) return due;
    for (struct lane_source *s = l->sources; s; s = s->next)
        if (s->due < due) due = s->due;
    return due;
}

static void set_timer(struct lane *l)
{
    int64_t due = next_due(l), now = clock_now(l->o.clock);
    if (!l->timer || due == INT64_MAX) return;
    int64_t wait = due > now ? due - now : 0;
    /* The wall clock may jump: look again once a minute. */
    loop_timer_set(l->timer, wait > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : wait);
}

void lane_wake_at(struct lane *l, struct lane_source *s, int64_t at)
{
    if (at >= s->due) return;
    s->due = at;
    if (!l->in_batch) set_timer(l);
}

void lane_after_commit(struct lane *l, void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
    if (l->nactions == l->actions_cap) {
        struct action *old = l->actions;
        l->actions_cap = l->actions_cap ? 2 * l->actions_cap : 64;
        l->actions = mem_alloc(l->actions_cap * sizeof(*l->actions));
        if (old) memcpy(l->actions, old, l->nactions * sizeof(*old));
        mem_free(old);
    }
    l->actions[l->nactions++] = (struct action){fn, drop, arg};
}

static void drop_actions(struct lane *l, size_t from)
{
    while (l->nactions > from) {
        struct action *a = &l->actions[--l->nactions];
        if (a->drop) a->drop(a->arg);
    }
}

static void collect_due(struct lane *l)
{
    if (l->held || atomic_load(&l->stopped)) return;
    for (struct lane_source *s = l->sources; s; s = s->next) {
        if (s->due > l->now) continue;
        s->due = INT64_MAX;
        int64_t next = s->collect(s, l, l->now, l->o.batch_slices);
        if (next < s->due) s->due = next;
    }
}

/* 0: done or refused; a fault that loses the transaction: its code. */
static int run_slice(struct lane *l, struct lane_work *w, struct err **failed)
{
    struct err err;
    size_t actions = l->nactions;
    int depth = l->o.db->marks;
    int64_t start = clock_mono_ns();
    err_clear(&err);
    crash_point("lane.before_slice");
    int rc = store_mark(l->o.db, &err);
    if (rc == 0) rc = w->run(w, l, &err);
    while (rc >= 0 && l->o.db->marks > depth)
        rc = store_mark_release(l->o.db, &err);
    lane_count_add(&l->count.slices, 1);
    lane_queue_charge(&l->queue, w->share, clock_mono_ns() - start);
    if (rc >= 0) {
        crash_point("lane.after_slice");
        return 0;
    }
    drop_actions(l, actions);
    bool lost = !store_in_transaction(l->o.db) || rc == ERR_FULL || rc == ERR_IO || rc == ERR_CORRUPT;
    /* A fault may have left marks of its own open: all above the slice go. */
    if (!lost) lost = !store_mark_unwind(l->o.db, depth);
    *failed = mem_alloc(sizeof(err));
    **failed = err;
    return lost ? rc : 0;
}

static int begin(struct lane *l, struct err *err)
{
    l->now = clock_now(l->o.clock);
    return store_begin(l->o.db, err);
}

static int commit(struct lane *l, struct err *err)
{
    int rc = l->o.before_commit ? l->o.before_commit(l->o.ctx, err) : 0;
    int64_t start = clock_mono_ns();
    crash_point("lane.before_commit");
    if (rc == 0) rc = store_commit(l->o.db, err);
    lane_count_commit(&l->count, rc == 0, clock_mono_ns() - start);
    if (rc) return rc;
    crash_point("lane.after_commit");
    return 0;
}

static void let_out_committed(struct lane *l)
{
    if (l->o.after_commit) l->o.after_commit(l->o.ctx);
    for (size_t i = 0; i < l->nactions; i++)
        l->actions[i].fn(l->actions[i].arg);
    l->nactions = 0;
    crash_point("lane.before_done");
}

static void let_out_done(struct lane *l)
{
    for (size_t i = 0; i < l->nbatch; i++) {
        struct ran r = l->batch[i];
        if (r.work) r.work->done(r.work, r.failed);
        mem_free(r.failed);
    }
    l->nbatch = 0;
}

static void lose(struct lane *l, const struct err *why)
{
    log_err(LOG_ERROR, "lane.transaction_lost", why);
    store_rollback(l->o.db);
    drop_actions(l, 0);
    lane_count_add(&l->count.lost, 1);
    if (l->o.on_lost) l->o.on_lost(l->o.ctx);
}

/* One work in a transaction of its own: kept, or refused with its reason. */
static void run_alone(struct lane *l, struct lane_work *w)
{
    struct err err, *failed = NULL;
    err_clear(&err);
    l->nbatch = 1;
    l->batch[0] = (struct ran){w, NULL};
    int rc = begin(l, &err);
    if (rc == 0 && (rc = run_slice(l, w, &failed)) != 0) err = *failed;
    if (rc == 0) rc = commit(l, &err);
    l->batch[0].failed = failed;
    if (rc) {
        lose(l, &err);
        if (!failed) failed = mem_alloc(sizeof(err));
        *failed = err;
        l->batch[0].failed = failed;
    } else {
        let_out_committed(l);
    }
    let_out_done(l);
}

static void run_apart(struct lane *l, const struct err *why)
{
    struct lane_work **works = mem_alloc((l->nbatch + 1) * sizeof(struct lane_work *));
    size_t n = l->nbatch;
    for (size_t i = 0; i < n; i++) {
        works[i] = l->batch[i].work;
        mem_free(l->batch[i].failed);
    }
    lose(l, why);
    l->alone = true;
    for (size_t i = 0; i < n; i++)
        run_alone(l, works[i]);
    l->alone = false;
    mem_free(works);
}

static bool has_work(struct lane *l)
{
    return l->queue.n > 0 || atomic_load(&l->posted) || next_due(l) <= clock_now(l->o.clock);
}

/* Refuses everything that waits: the database cannot even be written to. */
static void refuse_all(struct lane *l, const struct err *why)
{
    log_err(LOG_ERROR, "lane.no_transaction", why);
    /* Only those that are here now: a done() may add its next try. */
    for (size_t n = l->queue.n; n > 0; n--) {
        struct lane_work *w = take(l);
        w->done(w, why);
    }
    for (struct lane_source *s = l->sources; s; s = s->next)
        if (s->due <= l->now) s->due = l->now + 1000;
}

static void run_batch(struct lane *l)
{
    struct err err, *failed;
    int64_t start = clock_mono_ns();
    err_clear(&err);
    l->in_batch = true;
    take_posted(l);
    int rc = begin(l, &err);
    if (rc) {
        refuse_all(l, &err);
        l->in_batch = false;
        return;
    }
    collect_due(l);
    l->nbatch = 0;
    l->ends = false;
    while (rc == 0 && l->nbatch < (size_t)l->o.batch_slices) {
        if (atomic_load(&l->posted)) take_posted(l); /* who has used little goes before what waits already */
        struct lane_work *w = take(l);
        if (!w) {
            take_posted(l);
            collect_due(l);
            w = take(l);
        }
        if (!w) break;
        failed = NULL;
        rc = run_slice(l, w, &failed);
        l->batch[l->nbatch++] = (struct ran){w, failed};
        if (rc) err = *failed;
        if (l->ends || clock_mono_ns() - start > (int64_t)l->o.batch_ms * 1000000) break;
    }
    if (rc == 0) rc = commit(l, &err);
    if (rc) {
        run_apart(l, &err);
    } else {
        let_out_committed(l);
        let_out_done(l);
    }
    l->in_batch = false;
    lane_count_batch(&l->count, clock_mono_ns() - start);
}

bool lane_step(struct lane *l)
{
    if (!has_work(l)) return false;
    run_batch(l);
    return true;
}

int64_t lane_run(struct lane *l)
{
    while (has_work(l))
        run_batch(l);
    return next_due(l);
}

static void on_turn(void *arg)
{
    struct lane *l = arg;
    if (has_work(l)) run_batch(l);
    if (has_work(l)) {
        loop_soon(l->soon);
        return;
    }
    set_timer(l);
    if (l->o.idle && l->o.idle(l->o.ctx)) loop_soon(l->soon);
}

int lane_new(const struct lane_options *o, struct lane **out, struct err *err)
{
    struct lane *l = mem_alloc(sizeof(*l));
    int rc = 0;
    l->o = *o;
    if (!l->o.batch_slices) l->o.batch_slices = BATCH_SLICES;
    if (!l->o.batch_ms) l->o.batch_ms = BATCH_MS;
    l->batch = mem_alloc((size_t)l->o.batch_slices * sizeof(*l->batch));
    l->now = clock_now(o->clock);
    lane_queue_init(&l->queue);
    if (o->loop) rc = loop_soon_new(o->loop, on_turn, l, &l->soon);
    if (rc == 0 && o->loop) rc = loop_timer_new(o->loop, on_turn, l, &l->timer);
    if (rc) {
        lane_free(l);
        return err_set(err, rc, "runtime.loop", NULL);
    }
    *out = l;
    return 0;
}

void lane_stop(struct lane *l)
{
    atomic_store(&l->stopped, true);
    /* Work that adds itself again and again (a run that sleeps for nothing) would go on for ever: what it has stored is
     * enough. Its share has used most by then, so that others have had their turn. */
    int64_t end = clock_mono_ns() + STOP_NS;
    while ((l->queue.n > 0 && clock_mono_ns() < end) || atomic_load(&l->posted))
        run_batch(l);
    if (l->timer) loop_timer_stop(l->timer);
}

void lane_free(struct lane *l)
{
    if (!l) return;
    take_posted(l);
    for (struct lane_work *w; (w = take(l));)
        refuse(w);
    drop_actions(l, 0);
    loop_timer_free(l->soon);
    loop_timer_free(l->timer);
    mem_free(l->actions);
    mem_free(l->batch);
    mem_free(l);
}

struct store *lane_db(struct lane *l)
{
    return l->o.db;
}

struct clock *lane_clock(struct lane *l)
{
    return l->o.clock;
}

struct id_gen *lane_ids(struct lane *l)
{
    return &l->ids;
}

void lane_raise_id(struct lane *l, int64_t at_least)
{
    if (l->ids.last < at_least) l->ids.last = at_least;
}

int64_t lane_now(struct lane *l)
{
    return l->now;
}

void lane_end_batch(struct lane *l)
{
    l->ends = true;
}

bool lane_is_alone(struct lane *l)
{
    return l->alone;
}

void lane_stats(struct lane *l, struct lane_stats *out)
{
    lane_count_read(&l->count, out);
}
