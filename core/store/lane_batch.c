/* A batch of the lane: work in marks of one transaction, one commit, then answers.
 *
 * Until COMMIT has succeeded nothing is outward: done() calls and after-commit actions are kept back. A transaction
 * that is lost as a whole is taken apart: each work runs again in one of its own. */
#include <string.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"
#include "store/lane_internal.h"
#include "store/store_internal.h"

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

void lane_drop_actions(struct lane *l, size_t from)
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
    lane_count_add(&l->count.undone, 1);
    lane_drop_actions(l, actions);
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
    lane_drop_actions(l, 0);
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
    for (size_t i = 0; i < n; i++)
        run_alone(l, works[i]);
    mem_free(works);
}

/* Refuses everything that waits: the database cannot even be written to. */
static void refuse_all(struct lane *l, const struct err *why)
{
    log_err(LOG_ERROR, "lane.no_transaction", why);
    /* Only those that are here now: a done() may add its next try. */
    for (size_t n = l->queue.n; n > 0; n--) {
        struct lane_work *w = lane_take(l);
        w->done(w, why);
    }
    for (struct lane_source *s = l->sources; s; s = s->next)
        if (s->due <= l->now) s->due = l->now + 1000;
}

void lane_run_batch(struct lane *l)
{
    struct err err, *failed;
    int64_t start = clock_mono_ns();
    err_clear(&err);
    l->in_batch = true;
    lane_take_posted(l);
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
        if (atomic_load(&l->posted)) lane_take_posted(l); /* who has used little goes before what waits already */
        struct lane_work *w = lane_take(l);
        if (!w) {
            lane_take_posted(l);
            collect_due(l);
            w = lane_take(l);
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
