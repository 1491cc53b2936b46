/* loop.after, every, cron and watch: what calls a function when its time or its event comes.
 *
 * A callback is a job of its own. While it is under way its timer's next times pass by: it never overlaps itself. A
 * clock that jumped ahead makes one call, not those that were missed. */
#include "plugin/loop_internal.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/host.h"
#include "runtime/watch.h"

enum { EVERY_LEAST_MS = 10, EVENTS_KEPT = 64 };

static int64_t next_cron(const struct loop_timer_item *t, int64_t after)
{
    return cron_next(&t->cron, zone_get(t->lp->loops->host->zone), after, NULL);
}

static void free_timer(struct loop_timer_item *t)
{
    struct loop_plugin *lp = t->lp;
    loop_due_clear(lp->loops, &t->due);
    if (t->watch && lp->loops->watches) watch_remove(lp->loops->watches, t->watch);
    if (t->owns_ref) vm_unref(lp->pv->vm, t->ref);
    for (struct loop_value *v = t->events, *next; v; v = next) {
        next = v->next;
        loop_value_free(lp, v);
    }
    loop_table_remove(&lp->timers, &t->item);
    mem_free(t->path);
    mem_free(t);
}

void loop_timer_start(struct loop_timer_item *t)
{
    struct loops *loops = t->lp->loops;
    int64_t now = clock_now(&loops->host->clock);
    struct err err = {0};
    if (t->armed) return;
    t->armed = true;
    if (t->type == LOOP_WATCH) {
        if (loop_watch_start(t, &err) == 0) return;
        loop_log(t->lp, "loop.watch_failed", &err);
        return;
    }
    loop_due_set(loops, &t->due, t->type == LOOP_CRON ? next_cron(t, now) : now + t->period);
}

/* Also on a timer that is stopped while its callback runs: the callback goes on to its end. */
void loop_timer_end(struct loop_timer_item *t)
{
    loop_due_clear(t->lp->loops, &t->due);
    t->is_dead = true;
    if (!t->job) free_timer(t);
}

static void not_called(struct loop_timer_item *t, const struct err *why)
{
    loop_log(t->lp, "loop.not_called", why);
    if (t->type == LOOP_AFTER) loop_timer_end(t);
}

/* `in` is taken over. */
static void call(struct loop_timer_item *t, struct loop_value *in)
{
    struct err err = {0};
    struct loop_job *j = loop_job_new(t->lp, t->ref, false, &err);
    if (!j) {
        loop_value_free(t->lp, in);
        not_called(t, &err);
        return;
    }
    t->job = j;
    j->timer = t;
    j->in = in;
    loop_job_start(j);
}

void loop_timer_job_ended(struct loop_timer_item *t)
{
    struct loop_value *in = t->events;
    t->job = NULL;
    if (t->is_dead || t->type == LOOP_AFTER) {
        free_timer(t);
    } else if (in) {
        t->events = in->next;
        in->next = NULL;
        call(t, in);
    }
}

/* An event that comes while the callback is under way is told afterwards. */
void loop_timer_tell(struct loop_timer_item *t, const struct val *event)
{
    struct err err = {0};
    struct loop_value **at = &t->events;
    int n = 0;
    if (t->is_dead) return;
    for (; *at; at = &(*at)->next)
        n++;
    struct loop_value *in = n < EVENTS_KEPT ? loop_value_new(t->lp, event, &err) : NULL;
    if (!in) {
        if (!err.code) loop_limit(&err, "events", t->lp);
        not_called(t, &err);
    } else if (t->job) {
        *at = in;
    } else {
        call(t, in);
    }
}

void loop_timer_due(struct loop_timer_item *t, int64_t now)
{
    struct loops *loops = t->lp->loops;
    int64_t was = t->due.at, next = was + t->period;
    if (t->type == LOOP_EVERY) loop_due_set(loops, &t->due, next > now ? next : now + t->period);
    if (t->type == LOOP_CRON) loop_due_set(loops, &t->due, next_cron(t, now > was ? now : was));
    if (!t->job) call(t, NULL);
}

static void on_started(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_timer_item *t = loop_table_find(&lp->timers, id);
    (void)value;
    if (t) loop_timer_start(t);
}

static void on_not_started(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_timer_item *t = loop_table_find(&lp->timers, id);
    (void)value;
    if (t) loop_timer_end(t);
}

static struct val handle(int64_t id)
{
    return val_obj(&loop_timer_kind, id, 0, NULL);
}

/* Puts a timer in place; it begins with the commit. `model` is copied, its path taken over. */
static int add_timer(struct api_call *c, const struct loop_timer_item *model, int ref)
{
    bool quiet;
    struct loop_plugin *lp = loop_plugin_of(c, &quiet);
    c->result = handle(0);
    if (quiet) {
        mem_free(model->path);
        return loop_keep_fn(c, ref, &quiet);
    }
    struct loop_timer_item *t = mem_alloc(sizeof(*t));
    *t = *model;
    t->due.is_timer = true;
    t->ref = ref;
    int rc = lp ? loop_keep_fn(c, ref, &t->owns_ref) : c->err->code;
    if (rc == 0 && !loop_table_add(&lp->timers, ++lp->loops->serial, &t->item)) rc = loop_limit(c->err, "timers", lp);
    if (rc) {
        if (c->s->vm && c->s->mode != SESSION_LOAD) vm_unref(c->s->vm->vm, ref);
        mem_free(t->path);
        mem_free(t);
        return rc;
    }
    t->lp = lp;
    c->result = handle(t->item.id);
    if (lp->started) loop_after_commit(lp, t->item.id, NULL, on_started, on_not_started);
    return 0;
}

static int refuse(struct api_call *c, int ref, int rc)
{
    if (c->s->vm && c->s->mode != SESSION_LOAD) vm_unref(c->s->vm->vm, ref);
    return rc;
}

static int after(struct api_call *c)
{
    struct loop_timer_item t = {.type = LOOP_AFTER};
    int ref = (int)c->args[1].as.i;
    int rc = loop_duration(c, &c->args[0], 1, &t.period);
    return rc ? refuse(c, ref, rc) : add_timer(c, &t, ref);
}

static int every(struct api_call *c)
{
    struct loop_timer_item t = {.type = LOOP_EVERY};
    int ref = (int)c->args[1].as.i;
    int rc = loop_duration(c, &c->args[0], EVERY_LEAST_MS, &t.period);
    return rc ? refuse(c, ref, rc) : add_timer(c, &t, ref);
}

static int cron(struct api_call *c)
{
    struct loop_timer_item t = {.type = LOOP_CRON};
    const struct zone *zone;
    int ref = (int)c->args[1].as.i;
    int rc = zone_find(c->s->host->zone, &zone, c->err);
    if (rc == 0) rc = cron_parse(c->args[0].as.str.s, c->args[0].as.str.len, &t.cron, c->err);
    return rc ? refuse(c, ref, rc) : add_timer(c, &t, ref);
}

static int watch(struct api_call *c)
{
    struct loop_timer_item t = {.type = LOOP_WATCH};
    int ref = (int)c->args[1].as.i;
    int rc = c->s->vm ? loop_watch_path(c, api_str(&c->args[0]), &t.path)
                      : err_set(c->err, ERR_REFUSED, "loop.no_plugin", "function", c->fn->name, NULL);
    return rc ? refuse(c, ref, rc) : add_timer(c, &t, ref);
}

static void on_stopped(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_timer_item *t = loop_table_find(&lp->timers, id);
    (void)value;
    if (t) loop_timer_end(t);
}

static void on_not_stopped(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_timer_item *t = loop_table_find(&lp->timers, id);
    (void)value;
    if (t) t->stopping--;
}

static int stop(struct api_call *c)
{
    bool quiet;
    struct loop_plugin *lp = loop_plugin_of(c, &quiet);
    if (!lp) return quiet ? 0 : c->err->code;
    struct loop_timer_item *t = loop_table_find(&lp->timers, c->args[0].as.obj.id);
    if (!t) return 0; /* it has ended by itself */
    if (!lp->started) {
        loop_timer_end(t);
        return 0;
    }
    t->stopping++;
    loop_after_commit(lp, t->item.id, NULL, on_stopped, on_not_stopped);
    return 0;
}

/* PURE to the guard: they may stand in init.lua, and loop_plugin_of refuses runs and readers with a word of its own. */
const struct api_fn loop_timer_functions[] = {
    {"loop.after", after, "delay:duration! callback:fn!", "Timer", API_PURE, NULL, 1,
     "Calls a function once after a while; in memory only."},
    {"loop.every", every, "period:duration! callback:fn!", "Timer", API_PURE, NULL, 1,
     "Calls a function again and again; a call that takes longer than the period skips the next ones."},
    {"loop.cron", cron, "cron:text! callback:fn!", "Timer", API_PURE, NULL, 1,
     "Calls a function at the times of a cron line, in the organisation's zone."},
    {"loop.watch", watch, "path:text! callback:fn!", "Timer", API_PURE, NULL, 1,
     "Calls a function with { path, name, event } when a file in a granted folder (needs \"watch:/folder\") changes."},
    {"timer:stop", stop, "timer:object:timer!", "", API_PURE, NULL, 1, "Ends it; a callback under way goes on."},
    {0},
};
