/* The lane: what comes in (mail, sources, timers), when a batch is run, and its life. */
#include <string.h>

#include "base/mem.h"
#include "runtime/loop.h"
#include "store/lane_internal.h"
#include "store/store_internal.h"

enum { BATCH_SLICES = 1000, BATCH_MS = 5, LOOK_AGAIN_MS = 60 * 1000, STOP_NS = 1000000000 };

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
void lane_take_posted(struct lane *l)
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

struct lane_work *lane_take(struct lane *l)
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

int64_t lane_next_due(struct lane *l)
{
    int64_t due = INT64_MAX;
    if (l->held) return due;
    for (struct lane_source *s = l->sources; s; s = s->next)
        if (s->due < due) due = s->due;
    return due;
}

static void set_timer(struct lane *l)
{
    int64_t due = lane_next_due(l), now = clock_now(l->o.clock);
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

static bool has_work(struct lane *l)
{
    return l->queue.n > 0 || atomic_load(&l->posted) || lane_next_due(l) <= clock_now(l->o.clock);
}

bool lane_step(struct lane *l)
{
    if (!has_work(l)) return false;
    lane_run_batch(l);
    return true;
}

int64_t lane_run(struct lane *l)
{
    while (has_work(l))
        lane_run_batch(l);
    return lane_next_due(l);
}

static void on_turn(void *arg)
{
    struct lane *l = arg;
    if (has_work(l)) lane_run_batch(l);
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
        lane_run_batch(l);
    if (l->timer) loop_timer_stop(l->timer);
}

void lane_free(struct lane *l)
{
    if (!l) return;
    lane_take_posted(l);
    for (struct lane_work *w; (w = lane_take(l));)
        refuse(w);
    lane_drop_actions(l, 0);
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

void lane_stats(struct lane *l, struct lane_stats *out)
{
    lane_count_read(&l->count, out);
}
