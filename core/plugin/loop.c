/* loop.*: the plugins that have something pending, from the load that began it to the reload that ends it. */
#include "plugin/loop_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "base/mem.h"
#include "plugin/declare.h"
#include "plugin/host.h"
#include "plugin/incident.h"
#include "plugin/plugins.h"
#include "runtime/log.h"
#include "runtime/watch.h"

enum { SLICE_ARENA_MAX = 16 << 20, SLOT_BITS = 10 };

const struct val_kind loop_timer_kind = {"timer"}, loop_job_kind = {"job"}, loop_channel_kind = {"channel"};

bool loop_table_add(struct loop_table *t, int64_t serial, struct loop_item *item)
{
    size_t at = 0;
    if (t->n == LOOP_ITEMS_MAX) return false;
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        struct loop_item **grown = mem_alloc(cap * sizeof(struct loop_item *));
        if (t->cap) memcpy(grown, t->items, t->cap * sizeof(struct loop_item *));
        mem_free(t->items);
        t->items = grown;
        at = t->cap;
        t->cap = cap;
    }
    while (t->items[at])
        at++;
    item->id = serial << SLOT_BITS | (int64_t)at;
    t->items[at] = item;
    t->n++;
    return true;
}

void *loop_table_find(const struct loop_table *t, int64_t id)
{
    size_t at = (size_t)(id & ((1 << SLOT_BITS) - 1));
    return at < t->cap && t->items[at] && t->items[at]->id == id ? t->items[at] : NULL;
}

void loop_table_remove(struct loop_table *t, struct loop_item *item)
{
    t->items[item->id & ((1 << SLOT_BITS) - 1)] = NULL;
    t->n--;
}

void *loop_table_next(const struct loop_table *t, size_t *at)
{
    while (*at < t->cap) {
        struct loop_item *item = t->items[(*at)++];
        if (item) return item;
    }
    return NULL;
}

static struct loop_plugin *new_plugin(struct loops *loops, struct plugin_vm *pv, bool started)
{
    struct loop_plugin *lp = mem_alloc(sizeof(*lp));
    lp->loops = loops;
    lp->pv = pv;
    lp->id = ++loops->serial;
    lp->started = started;
    lp->refs = 1;
    lp->next = loops->plugins;
    loops->plugins = lp;
    pv->loops = lp;
    return lp;
}

struct loop_plugin *loop_plugin_find(struct loops *loops, int64_t id)
{
    struct loop_plugin *lp = loops->plugins;
    while (lp && lp->id != id)
        lp = lp->next;
    return lp;
}

void loop_plugin_release(struct loop_plugin *lp)
{
    if (--lp->refs == 0) mem_free(lp);
}

struct loop_plugin *loop_plugin_of(struct api_call *c, bool *quiet)
{
    struct session *s = c->s;
    struct loops *loops = s->host->loops;
    const char *refusal = NULL;
    *quiet = false;
    if (!s->vm || !loops)
        refusal = "loop.no_plugin";
    else if (s->mode == SESSION_RUN)
        refusal = "loop.in_run";
    else if (s->mode == SESSION_READ)
        refusal = "loop.reading";
    if (refusal) {
        err_set(c->err, ERR_REFUSED, refusal, "function", c->fn->name, NULL);
        return NULL;
    }
    *quiet = s->mode == SESSION_LOAD && (!s->vm->builds || !s->host->lane);
    if (*quiet) return NULL;
    return s->vm->loops ? s->vm->loops : new_plugin(loops, s->vm, s->mode != SESSION_LOAD);
}

void loop_log(struct loop_plugin *lp, const char *event, const struct err *err)
{
    struct incident i = {.kind = "loop", .name = event, .plugin = lp->pv ? lp->pv->plugin : NULL};
    struct buf text;
    if (i.plugin && incident_is(err)) {
        struct err kept = *err;
        incident_keep(lp->loops->host, &i, &kept);
        return;
    }
    buf_init(&text, 4 << 10);
    locale_err(&text, "en", err, true);
    log_write(LOG_ERROR, event, "plugin", lp->pv ? lp->pv->plugin->name : "", "where", err->where, "error", err->key,
              "text", text.data, "traceback", err->traceback, NULL);
    buf_close(&text);
}

int loop_limit(struct err *err, const char *what, const struct loop_plugin *lp)
{
    struct err_num n;
    return err_set(err, ERR_LIMIT, "limit.loop", "what", what, "most", err_i64(&n, LOOP_ITEMS_MAX), "plugin",
                   lp->pv ? lp->pv->plugin->name : "", NULL);
}

struct action {
    struct loop_plugin *lp;
    int64_t id;
    struct loop_value *value;
    loop_action_fn fn, undo;
};

static void run_action(struct action *a, loop_action_fn fn)
{
    if (a->lp->pv && fn)
        fn(a->lp, a->id, a->value);
    else if (a->value)
        loop_value_free(a->lp, a->value);
    loop_plugin_release(a->lp);
    mem_free(a);
}

static void on_commit(void *arg)
{
    struct action *a = arg;
    run_action(a, a->fn);
}

static void on_undo(void *arg)
{
    struct action *a = arg;
    run_action(a, a->undo);
}

void loop_after_commit(struct loop_plugin *lp, int64_t id, struct loop_value *value, loop_action_fn fn,
                       loop_action_fn undo)
{
    struct action *a = mem_alloc(sizeof(*a));
    *a = (struct action){lp, id, value, fn, undo};
    lp->refs++;
    lane_after_commit(lp->loops->host->lane, on_commit, on_undo, a);
}

int loop_keep_fn(struct api_call *c, int ref, bool *owned)
{
    char name[32];
    *owned = c->s->mode != SESSION_LOAD;
    if (*owned) return 0;
    snprintf(name, sizeof(name), "loop#%zu", c->s->vm->nfns);
    return registry_declare_fn(c->s, "loop", name, NULL, ref, c->err);
}

static void start_plugin(struct loop_plugin *lp)
{
    size_t at = 0;
    lp->started = true;
    for (struct loop_timer_item *t; (t = loop_table_next(&lp->timers, &at));)
        loop_timer_start(t);
    at = 0;
    for (struct loop_job *j; (j = loop_table_next(&lp->jobs, &at));)
        loop_job_start(j);
}

/* After the commit of a load: what the new states declared begins, what the old ones had ends. */
static void on_loaded(void *arg)
{
    struct loops *loops = arg;
    for (struct loop_plugin *lp = loops->plugins, *next; lp; lp = next) {
        next = lp->next;
        bool active = plugins_vm(loops->host->plugins, lp->pv->plugin->name) == lp->pv;
        if (!active && lp->started)
            loop_end_plugin(lp->pv);
        else if (active && !lp->started)
            start_plugin(lp);
    }
}

static int on_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct loops *loops = ctx;
    (void)s;
    (void)r;
    (void)err;
    if (loops->host->lane) lane_after_commit(loops->host->lane, on_loaded, NULL, loops);
    return 0;
}

void loop_end_plugin(struct plugin_vm *pv)
{
    struct loop_plugin *lp = pv->loops, **at;
    size_t i = 0;
    if (!lp) return;
    for (at = &lp->loops->plugins; *at != lp;)
        at = &(*at)->next;
    *at = lp->next;
    pv->loops = NULL;
    for (struct loop_job *j; (j = loop_table_next(&lp->jobs, &i));)
        loop_job_end(j);
    i = 0;
    for (struct loop_timer_item *t; (t = loop_table_next(&lp->timers, &i));)
        loop_timer_end(t);
    i = 0;
    for (struct loop_channel *ch; (ch = loop_table_next(&lp->channels, &i));)
        loop_channel_free(lp, ch);
    mem_free(lp->jobs.items);
    mem_free(lp->timers.items);
    mem_free(lp->channels.items);
    lp->jobs = lp->timers = lp->channels = (struct loop_table){0};
    lp->pv = NULL;
    loop_plugin_release(lp);
}

struct loops *loops_new(struct host *host)
{
    struct loops *loops = mem_alloc(sizeof(*loops));
    loops->host = host;
    loops->source.collect = loop_collect;
    arena_init(&loops->arena, SLICE_ARENA_MAX);
    return loops;
}

void loops_attach(struct loops *loops)
{
    struct host *h = loops->host;
    h->loops = loops;
    api_add(h->api, loop_timer_functions, loops);
    api_add(h->api, loop_job_functions, loops);
    api_add(h->api, loop_channel_functions, loops);
    plugins_add_activation(h->plugins, on_activate, loops);
    breakers_add_listener(h->breakers, loop_jobs_go_on, loops);
    if (h->lane) lane_add_source(h->lane, &loops->source);
}

void loops_stop(struct loops *loops)
{
    if (!loops) return;
    loops->stopped = true;
    watches_free(loops->watches);
    loops->watches = NULL;
}

void loops_free(struct loops *loops)
{
    if (!loops) return;
    loops_stop(loops);
    while (loops->plugins)
        loop_end_plugin(loops->plugins->pv);
    if (loops->host->loops == loops) loops->host->loops = NULL;
    arena_close(&loops->arena);
    mem_free(loops->heap);
    mem_free(loops);
}

void loops_stats(const struct loops *loops, struct loops_stats *out)
{
    *out = loops->stats;
    for (struct loop_plugin *lp = loops->plugins; lp; lp = lp->next) {
        out->timers += (int64_t)lp->timers.n;
        out->jobs += (int64_t)lp->jobs.n;
        out->channels += (int64_t)lp->channels.n;
    }
}
