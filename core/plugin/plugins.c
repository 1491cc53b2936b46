/* The active set of plugins and its exchange: read, order, run init.lua, compile, activate, swap. */
#include "plugin/plugins.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "plugin/plugin_order.h"
#include "runtime/log.h"
#include "store/store.h"

enum { KINDS_MAX = 32, ACTIVATIONS_MAX = 16, LANE_VMS_MAX = 1000, SETTINGS_MAX = 64 << 10 };

struct set {
    struct registry *registry;
    struct plugin_vm *vms[LANE_VMS_MAX]; /* by the registry's order of plugins; NULL for failed ones */
    size_t n;
};

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
    int64_t serial;
    struct set *active, *next;
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

static void free_set(struct set *set)
{
    if (!set) return;
    for (size_t i = 0; i < set->n; i++)
        plugin_vm_drop(set->vms[i]);
    registry_drop(set->registry);
    mem_free(set);
}

void plugins_free(struct plugins *ps)
{
    if (!ps) return;
    free_set(ps->active);
    free_set(ps->next);
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

/* Compiles what one plugin declared. */
static int compile(struct plugins *ps, struct registry *r, const struct plugin *p, struct err *err)
{
    for (size_t k = 0; k < ps->nkinds; k++) {
        size_t i = 0;
        for (const struct decl *d; (d = registry_each(r, ps->kinds[k].name, &i));) {
            if (strcmp(d->plugin, p->name) != 0 || !ps->kinds[k].compile) continue;
            int rc = ps->kinds[k].compile(ps->kinds[k].self, (struct decl *)d, r, registry_arena(r), err);
            if (rc) {
                if (!err->where[0]) err_set_where(err, d->where, 0);
                return rc;
            }
        }
    }
    return 0;
}

static void leave_out(struct plugin *p, const struct err *why)
{
    plugin_fail(p, why);
    log_err(LOG_ERROR, "plugin.failed", why);
}

static struct plugin_vm *load_one(struct plugins *ps, struct registry *r, struct plugin *p)
{
    struct err err = {0};
    struct plugin_vm *pv = NULL;
    for (size_t i = 0; p->ok && i < p->nrequired; i++) {
        if (p->required[i]->ok) continue;
        err_set(&err, ERR_REFUSED, "plugin.required_failed", "plugin", p->name, "required", p->required[i]->name, NULL);
        plugin_fail(p, &err);
    }
    if (!p->ok) {
        leave_out(p, &p->why);
        return NULL;
    }
    int rc = plugin_vm_new(ps->host, p, r, true, &pv, &err);
    if (rc == 0) rc = compile(ps, r, p, &err);
    if (rc == 0) return pv;
    plugin_vm_drop(pv);
    registry_remove_plugin_decls(r, p->name);
    leave_out(p, &err);
    return NULL;
}

static void add_to_set(struct set *set, struct plugin *p, struct plugin_vm *pv)
{
    registry_add_plugin(set->registry, p);
    set->vms[set->n++] = pv;
}

/* A plugin of the new set. When it cannot be loaded and an earlier version serves, that one goes on; the failed one is
 * listed beside it with its reason. */
static void add_one(struct plugins *ps, struct set *set, struct plugin *p)
{
    struct plugin *old = ps->active ? registry_plugin(ps->active->registry, p->name) : NULL;
    struct plugin_vm *pv = set->n + 2 < LANE_VMS_MAX ? load_one(ps, set->registry, p) : NULL;
    if (!pv && old && old->ok && old != p) {
        struct plugin_vm *kept = load_one(ps, set->registry, old);
        if (kept) {
            log_info("plugin.kept", "plugin", old->name, "version", old->version, "hash", old->hash, NULL);
            add_to_set(set, old, kept);
        }
    }
    add_to_set(set, p, pv);
}

static int activate(struct plugins *ps, struct session *s, struct set *set, struct err *err)
{
    for (size_t i = 0; i < ps->nactivations; i++) {
        int rc = ps->activations[i].fn(ps->activations[i].ctx, s, set->registry, err);
        if (rc) return rc;
    }
    return 0;
}

/* Takes a plugin whose activation was refused, and those that need it, out of the set. */
static bool drop_failed(struct set *set, const struct err *why)
{
    struct plugin *const *list;
    size_t n = registry_plugins(set->registry, &list);
    bool dropped = false;
    for (size_t i = 0; i < n; i++) {
        struct plugin *p = list[i];
        bool needs_failed = false;
        for (size_t k = 0; k < p->nrequired; k++)
            needs_failed |= !p->required[k]->ok;
        if (!p->ok || (!needs_failed && strcmp(p->name, err_arg(why, "plugin")) != 0)) continue;
        leave_out(p, why);
        registry_remove_plugin_decls(set->registry, p->name);
        plugin_vm_drop(set->vms[i]);
        set->vms[i] = NULL;
        dropped = true;
    }
    return dropped;
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

int plugins_load(struct plugins *ps, struct session *s, struct err *err)
{
    struct set *set = mem_alloc(sizeof(*set));
    struct plugin *list[LANE_VMS_MAX];
    struct val settings = val_map();
    set->registry = registry_new(++ps->serial);
    if (read_settings(ps, registry_arena(set->registry), &settings, err) != 0) {
        free_set(set);
        return err->code;
    }
    size_t n = plugin_order_read(ps->dirs, ps->ndirs, &settings, list, LANE_VMS_MAX);
    set->n = 0;
    for (size_t i = 0; i < n; i++) {
        add_one(ps, set, list[i]);
        plugin_drop(list[i]);
    }
    free_set(ps->next);
    ps->next = set;
    for (;;) {
        int rc = store_mark(s->db, err);
        if (rc) return rc;
        rc = activate(ps, s, set, err);
        if (rc == 0) return store_mark_release(s->db, err);
        if (err_is_fault(rc)) return rc;
        store_mark_rollback(s->db);
        if (!drop_failed(set, err)) return rc;
        err_clear(err);
    }
}

void plugins_commit(struct plugins *ps)
{
    struct set *old = ps->active;
    if (!ps->next) return;
    pthread_mutex_lock(&ps->lock);
    ps->active = ps->next;
    pthread_mutex_unlock(&ps->lock);
    ps->next = NULL;
    free_set(old);
}

void plugins_revert(struct plugins *ps)
{
    free_set(ps->next);
    ps->next = NULL;
}

struct registry *plugins_registry(struct plugins *ps)
{
    pthread_mutex_lock(&ps->lock);
    struct registry *r = ps->active ? registry_hold(ps->active->registry) : NULL;
    pthread_mutex_unlock(&ps->lock);
    return r;
}

/* The set that the lane's code should see: while a new one is being activated, that one. */
static struct set *current(struct plugins *ps)
{
    return ps->next ? ps->next : ps->active;
}

struct plugin_vm *plugins_vm(struct plugins *ps, const char *plugin)
{
    struct set *set = current(ps);
    if (!set) return NULL;
    for (size_t i = 0; i < set->n; i++)
        if (set->vms[i] && strcmp(set->vms[i]->plugin->name, plugin) == 0) return set->vms[i];
    return NULL;
}

int plugin_states_get(struct plugin_states *st, struct host *host, const char *plugin, struct plugin_vm **out,
                      struct err *err)
{
    struct registry *now = plugins_registry(host->plugins);
    struct plugin *const *list;
    if (st->registry != now) {
        plugin_states_close(st);
        st->registry = registry_hold(now);
        st->n = registry_plugins(now, &list);
        st->vms = mem_alloc((st->n + 1) * sizeof(struct plugin_vm *));
    }
    registry_drop(now);
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
