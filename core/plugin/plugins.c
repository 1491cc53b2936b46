/* The active set of plugins and its exchange: read, build beside the old one, activate, swap. */
#include "plugin/plugins.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/mem.h"
#include "plugin/breaker.h"
#include "plugin/grant.h"
#include "plugin/kept.h"
#include "plugin/plugin_set.h"
#include "plugin/quota.h"
#include "runtime/log.h"
#include "store/lane.h"

enum { KINDS_MAX = 32, ACTIVATIONS_MAX = 16, PLUGINS_MAX = 1000, SETTINGS_MAX = 64 << 10 };

struct plugins {
    struct host *host;
    const char *const *dirs;
    size_t ndirs;
    struct decl_kind kinds[KINDS_MAX];
    size_t nkinds;
    struct {
        plugins_activate_fn fn;
        void *ctx;
    } activations[ACTIVATIONS_MAX];
    size_t nactivations;
    struct plugin_set *active, *next;
    pthread_mutex_t lock; /* guards active->registry for other threads */
};

struct plugins *plugins_new(struct host *host, const char *const *dirs, size_t ndirs)
{
    struct plugins *ps = mem_alloc(sizeof(*ps));
    ps->host = host;
    ps->dirs = dirs;
    ps->ndirs = ndirs;
    pthread_mutex_init(&ps->lock, NULL);
    return ps;
}

void plugins_free(struct plugins *ps)
{
    if (!ps) return;
    plugin_set_free(ps->active);
    plugin_set_free(ps->next);
    pthread_mutex_destroy(&ps->lock);
    mem_free(ps);
}

void plugins_add_kinds(struct plugins *ps, const struct decl_kind *kinds, size_t n)
{
    for (size_t i = 0; i < n && ps->nkinds < KINDS_MAX; i++)
        ps->kinds[ps->nkinds++] = kinds[i];
}

const struct decl_kind *plugins_kind(struct plugins *ps, const char *kind)
{
    for (size_t i = 0; i < ps->nkinds; i++)
        if (strcmp(ps->kinds[i].name, kind) == 0) return &ps->kinds[i];
    return NULL;
}

void plugins_add_activation(struct plugins *ps, plugins_activate_fn fn, void *ctx)
{
    if (ps->nactivations == ACTIVATIONS_MAX) return;
    ps->activations[ps->nactivations].fn = fn;
    ps->activations[ps->nactivations++].ctx = ctx;
}

int plugins_compile(struct plugins *ps, struct registry *r, const char *plugin, struct err *err)
{
    for (size_t k = 0; k < ps->nkinds; k++) {
        size_t i = 0;
        for (const struct decl *d; (d = registry_each(r, ps->kinds[k].name, &i));) {
            if (strcmp(d->plugin, plugin) != 0 || !ps->kinds[k].compile) continue;
            int rc = ps->kinds[k].compile(ps->kinds[k].self, (struct decl *)d, r, registry_arena(r), err);
            if (rc) {
                if (!err->where[0]) err_set_where(err, d->where, 0);
                return rc;
            }
        }
    }
    return 0;
}

static int activate(struct plugins *ps, struct session *s, struct plugin_set *set, struct err *err)
{
    for (size_t i = 0; i < ps->nactivations; i++) {
        int rc = ps->activations[i].fn(ps->activations[i].ctx, s, set->registry, err);
        if (rc) return rc;
    }
    return 0;
}

/* The settings that the admin set: { plugin = { key = value } } as JSON; read anew with each load. */
static int read_settings(struct plugins *ps, struct arena *a, struct val *out, struct err *err)
{
    char text[SETTINGS_MAX];
    const char *path = ps->host->settings;
    if (!path || !*path) return 0;
    FILE *f = fopen(path, "re");
    if (!f) return err_set(err, ERR_IO, "config.file", "file", path, "detail", strerror(errno), NULL);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    int rc = n < sizeof(text) ? json_parse(text, n, a, out, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc) err_set_where(err, path, 0);
    return rc;
}

static struct plugin *known_source(void *ctx, const char *name)
{
    struct plugins *ps = ctx;
    const struct plugin_member *m = plugin_set_find(ps->active, name);
    return m ? m->plugin->source : NULL;
}

/* A failed version stands behind the one that serves. */
static struct plugin *last_source(void *ctx, const char *dir)
{
    const struct plugin_set *set = ((struct plugins *)ctx)->active;
    for (size_t i = set ? set->n : 0; i > 0; i--)
        if (strcmp(set->members[i - 1].plugin->dir, dir) == 0) return set->members[i - 1].plugin->source;
    return NULL;
}

/* Builds sets until one can be activated: each try leaves out what the one before failed with. */
static int build_and_activate(struct plugins *ps, struct plugin_build *b, struct session *s, struct err *err)
{
    for (;;) {
        plugin_set_free(ps->next);
        ps->next = NULL;
        int rc = plugin_set_build(b, &ps->next, err);
        if (rc == ERR_CONFLICT) {
            err_clear(err);
            continue;
        }
        if (rc == 0) rc = store_mark(s->db, err);
        if (rc) return rc;
        rc = activate(ps, s, ps->next, err);
        if (rc == 0) return store_mark_release(s->db, err);
        if (err_is_fault(rc)) return rc;
        store_mark_rollback(s->db);
        if (!plugin_set_blame(b, ps->next, err)) return rc;
        err_clear(err);
    }
}

static void tell_failed(const struct plugin *p, const struct plugin_member *serves)
{
    struct buf text;
    buf_init(&text, 4 << 10);
    locale_err(&text, "en", p->why, true);
    log_error("plugin.failed", "plugin", p->name, "where", p->why->where, "error", p->why->key, "text",
              text.data ? text.data : "", "serves", serves ? serves->plugin->version : "", "hash",
              serves ? serves->plugin->hash : "", NULL);
    buf_close(&text);
}

/* What changed, for the log: who failed and what serves instead of it, who was exchanged. */
static void tell(const struct plugin_set *set, const struct plugin_set *old)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct plugin_member *m = &set->members[i];
        const struct plugin *p = m->plugin;
        if (!m->is_new) continue;
        if (!p->ok)
            tell_failed(p, plugin_set_find(set, p->name));
        else if (old)
            log_info("plugin.changed", "plugin", p->name, "version", p->version, "hash", p->hash, NULL);
    }
}

void plugins_commit(struct plugins *ps)
{
    struct plugin_set *old = ps->active;
    if (!ps->next) return;
    pthread_mutex_lock(&ps->lock);
    ps->active = ps->next;
    pthread_mutex_unlock(&ps->lock);
    ps->next = NULL;
    quotas_take_limits(ps->host->quotas, ps->active->registry);
    for (size_t i = 0; old && i < ps->active->n; i++)
        if (ps->active->members[i].is_new && ps->active->members[i].pv)
            breaker_renew(ps->host, ps->active->members[i].plugin->name);
    tell(ps->active, old);
    if (!old) return;
    plugin_set_free(old);
    mem_return_now(); /* the old states lay between what stays */
}

static void on_commit(void *arg)
{
    struct plugins *ps = arg;
    plugins_commit(ps);
    lane_hold_sources(ps->host->lane, false);
}

static void on_lost(void *arg)
{
    struct plugins *ps = arg;
    plugin_set_free(ps->next);
    ps->next = NULL;
}

/* A serial that rises with each set, over the whole life of the database. */
static int begin_set(struct plugin_build *b, struct err *err)
{
    struct stmt *s = store_stmt(b->s->db,
                                "insert into plugin_set(id, serial, policy) values(1, 1, max(?1, 1))"
                                " on conflict(id) do update set serial = serial + 1,"
                                " policy = case ?1 when 0 then policy else ?1 end returning serial, policy",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, b->s->host->grants);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        b->serial = stmt_int(s, 0);
        b->policy = (enum grant_policy)stmt_int(s, 1);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* One that is asked for by its name must be there, or have been. */
static int check_name(const struct plugin_build *b, const char *only, struct err *err)
{
    bool known = !only || plugin_set_find(b->active, only);
    for (size_t i = 0; !known && i < b->n; i++)
        known = strcmp(b->found[i].source->name, only) == 0;
    return known ? 0 : err_set(err, ERR_NOT_FOUND, "plugin.no_such", "plugin", only, NULL);
}

/* What serves from now on, and that it may. */
static int remember(const struct plugin_set *set, const struct plugin_build *b, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < set->n; i++) {
        const struct plugin_member *m = &set->members[i];
        if (!m->pv || !m->is_new) continue;
        rc = grant_record(b->s->db, m->plugin, b->policy, b->s->now, err);
        if (rc == 0) rc = kept_write(b->s->db, m->plugin, b->s->now, err);
    }
    return rc;
}

int plugins_load(struct plugins *ps, struct session *s, const char *only, struct err *err)
{
    struct plugin_found *found = mem_alloc(PLUGINS_MAX * sizeof(*found));
    struct val settings = val_map();
    struct arena a;
    arena_init(&a, 8 << 20);
    int rc = read_settings(ps, &a, &settings, err);
    if (rc == 0) {
        struct plugin_finding f = {ps->dirs, ps->ndirs, &settings, only, NULL, known_source, last_source, ps};
        struct plugin_build b = {.plugins = ps, .s = s, .active = ps->active, .found = found};
        b.n = plugin_order_read(&f, found, PLUGINS_MAX);
        rc = check_name(&b, only, err);
        if (rc == 0) rc = begin_set(&b, err);
        lane_after_commit(s->lane, on_commit, on_lost, ps);
        lane_end_batch(s->lane); /* nobody runs between the new tables and the new set */
        if (rc == 0) rc = build_and_activate(ps, &b, s, err);
        if (rc == 0) rc = remember(ps->next, &b, err);
        plugin_found_close(found, b.n);
    }
    arena_close(&a);
    mem_free(found);
    return rc;
}

static int build_and_ask(struct plugins *ps, struct plugin_build *b, const struct plugins_plan *plan, struct err *err)
{
    int rc;
    do
        rc = plugin_set_build(b, &ps->next, err);
    while (rc == ERR_CONFLICT);
    if (rc == 0) rc = plan->fn(plan->ctx, b->s, ps->next->registry, err);
    plugin_set_free(ps->next);
    ps->next = NULL;
    return rc;
}

int plugins_plan(struct plugins *ps, struct session *s, const struct plugins_plan *plan, struct err *err)
{
    struct plugin_found *found = mem_alloc(PLUGINS_MAX * sizeof(*found));
    struct val settings = val_map();
    struct plugin *offered = NULL;
    struct arena a;
    arena_init(&a, 8 << 20);
    int rc = ps->next ? err_set(err, ERR_BUSY, "plugin.exchanging", NULL) : read_settings(ps, &a, &settings, err);
    if (rc == 0 && plan->files)
        offered = plugin_from_files(plan->only, plan->files, plan->nfiles, val_get(&settings, plan->only));
    if (rc == 0) {
        struct plugin_finding f = {ps->dirs, ps->ndirs, &settings, plan->only, offered, known_source, last_source, ps};
        struct plugin_build b = {.plugins = ps, .s = s, .active = ps->active, .found = found, .policy = GRANT_TRUST};
        b.n = plugin_order_read(&f, found, PLUGINS_MAX);
        rc = build_and_ask(ps, &b, plan, err);
        plugin_found_close(found, b.n);
    }
    plugin_drop(offered);
    arena_close(&a);
    mem_free(found);
    return rc;
}

struct registry *plugins_registry(struct plugins *ps)
{
    pthread_mutex_lock(&ps->lock);
    struct registry *r = ps->active ? registry_hold(ps->active->registry) : NULL;
    pthread_mutex_unlock(&ps->lock);
    return r;
}

/* The set that the lane's code should see: while a new one is being activated, that one. */
static struct plugin_set *current(struct plugins *ps)
{
    return ps->next ? ps->next : ps->active;
}

struct registry *plugins_current(struct plugins *ps)
{
    return current(ps) ? current(ps)->registry : NULL;
}

bool plugins_is_active(struct plugins *ps, const struct decl *d)
{
    /* The pieces of plugins that stayed as they were stand in both registries. */
    return ps->active && registry_find(ps->active->registry, d->kind, d->plugin, d->name) == d;
}

struct plugin_vm *plugins_vm(struct plugins *ps, const char *plugin)
{
    const struct plugin_member *m = plugin_set_find(current(ps), plugin);
    return m ? m->pv : NULL;
}

/* States of plugins that are the same in the new registry go on. */
static void change_registry(struct plugin_states *st, struct registry *now)
{
    struct plugin *const *list, *const *old;
    size_t n = registry_plugins(now, &list), nold = st->registry ? registry_plugins(st->registry, &old) : 0;
    struct plugin_vm **vms = mem_alloc((n + 1) * sizeof(struct plugin_vm *));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < nold; k++)
            if (old[k] == list[i] && st->vms[k]) vms[i] = plugin_vm_hold(st->vms[k]);
    plugin_states_close(st);
    *st = (struct plugin_states){registry_hold(now), vms, n};
}

int plugin_states_get(struct plugin_states *st, struct host *host, struct registry *now, const char *plugin,
                      struct plugin_vm **out, struct err *err)
{
    struct plugin *const *list;
    if (st->registry != now) change_registry(st, now);
    size_t n = registry_plugins(st->registry, &list);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, plugin) != 0 || !list[i]->ok) continue;
        int rc = st->vms[i] ? 0 : plugin_vm_new(host, list[i], st->registry, false, &st->vms[i], err);
        *out = st->vms[i];
        return rc;
    }
    return err_set(err, ERR_NOT_FOUND, "plugin.not_active", "plugin", plugin, NULL);
}

void plugin_states_close(struct plugin_states *st)
{
    for (size_t i = 0; i < st->n; i++)
        plugin_vm_drop(st->vms[i]);
    mem_free(st->vms);
    registry_drop(st->registry);
    *st = (struct plugin_states){0};
}
