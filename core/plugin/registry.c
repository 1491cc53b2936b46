/* The registry: declarations in an arena, found by kind and name through one sorted index.
 *
 * Built by one thread, then read only; the reference count is all that threads share. */
#include "plugin/plugins.h"

#include <string.h>

#include "base/mem.h"

enum { REGISTRY_ARENA_MAX = 256 << 20, DECLS_MAX = 20000 };

struct registry {
    int refs; /* atomic */
    int64_t serial;
    struct arena arena;
    struct decl **decls; /* in order of declaration */
    size_t n, cap;
    size_t *buckets; /* index + 1 into decls, open addressing by hash of kind, name */
    size_t nbuckets;
    struct plugin **plugins;
    size_t nplugins, plugins_cap;
};

struct registry *registry_new(int64_t serial)
{
    struct registry *r = mem_alloc(sizeof(*r));
    r->refs = 1;
    r->serial = serial;
    arena_init(&r->arena, REGISTRY_ARENA_MAX);
    return r;
}

struct registry *registry_hold(struct registry *r)
{
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

void registry_drop(struct registry *r)
{
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (size_t i = 0; i < r->nplugins; i++)
        plugin_drop(r->plugins[i]);
    mem_free(r->plugins);
    mem_free(r->decls);
    mem_free(r->buckets);
    arena_close(&r->arena);
    mem_free(r);
}

struct arena *registry_arena(struct registry *r)
{
    return &r->arena;
}

int64_t registry_serial(const struct registry *r)
{
    return r->serial;
}

void registry_add_plugin(struct registry *r, struct plugin *p)
{
    if (r->nplugins == r->plugins_cap) {
        r->plugins_cap = r->plugins_cap ? 2 * r->plugins_cap : 16;
        r->plugins = mem_try_realloc(r->plugins, r->plugins_cap * sizeof(*r->plugins));
    }
    r->plugins[r->nplugins++] = plugin_hold(p);
}

size_t registry_plugins(const struct registry *r, struct plugin *const **out)
{
    *out = r->plugins;
    return r->nplugins;
}

struct plugin *registry_plugin(const struct registry *r, const char *name)
{
    for (size_t i = 0; i < r->nplugins; i++)
        if (strcmp(r->plugins[i]->name, name) == 0) return r->plugins[i];
    return NULL;
}

static size_t hash_of(const char *kind, const char *name)
{
    size_t h = 1469598103934665603u;
    for (; *kind; kind++)
        h = (h ^ (unsigned char)*kind) * 1099511628211u;
    h = (h ^ 0xff) * 1099511628211u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static void index_decl(struct registry *r, size_t at)
{
    size_t mask = r->nbuckets - 1;
    size_t i = hash_of(r->decls[at]->kind, r->decls[at]->name) & mask;
    while (r->buckets[i])
        i = (i + 1) & mask;
    r->buckets[i] = at + 1;
}

static void reindex(struct registry *r)
{
    size_t want = 64;
    while (want < 2 * r->cap)
        want *= 2;
    mem_free(r->buckets);
    r->buckets = mem_alloc(want * sizeof(*r->buckets));
    r->nbuckets = want;
    for (size_t i = 0; i < r->n; i++)
        index_decl(r, i);
}

const struct decl *registry_find(const struct registry *r, const char *kind, const char *plugin, const char *name)
{
    if (!r->nbuckets) return NULL;
    size_t mask = r->nbuckets - 1;
    for (size_t i = hash_of(kind, name) & mask; r->buckets[i]; i = (i + 1) & mask) {
        const struct decl *d = r->decls[r->buckets[i] - 1];
        if (strcmp(d->name, name) == 0 && strcmp(d->kind, kind) == 0 && (!plugin || strcmp(d->plugin, plugin) == 0))
            return d;
    }
    return NULL;
}

const struct decl *registry_each(const struct registry *r, const char *kind, size_t *i)
{
    while (*i < r->n) {
        const struct decl *d = r->decls[(*i)++];
        if (strcmp(d->kind, kind) == 0) return d;
    }
    return NULL;
}

int registry_add(struct registry *r, struct plugin *p, const char *kind, const char *name, const struct val *spec,
                 const char *where, bool per_plugin, struct err *err)
{
    const struct decl *old = registry_find(r, kind, per_plugin ? p->name : NULL, name);
    if (old) {
        err_set(err, ERR_CONFLICT, "plugin.declared_twice", "kind", kind, "name", name, "plugin", old->plugin, "first",
                old->where, NULL);
        return ERR_CONFLICT;
    }
    if (r->n == DECLS_MAX) return err_set(err, ERR_LIMIT, "plugin.too_many", "plugin", p->name, NULL);
    struct decl *d = arena_alloc(&r->arena, sizeof(*d));
    if (!d) return err_set(err, ERR_NOMEM, "memory", NULL);
    d->kind = arena_strdup(&r->arena, kind);
    d->name = arena_strdup(&r->arena, name);
    d->plugin = arena_strdup(&r->arena, p->name);
    d->where = arena_strdup(&r->arena, where);
    d->order = p->order * DECLS_MAX + (int)r->n;
    if (!d->kind || !d->name || !d->plugin || !d->where || val_copy(&r->arena, spec, &d->spec) != 0)
        return err_set(err, ERR_NOMEM, "memory", NULL);
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 32;
        r->decls = mem_try_realloc(r->decls, r->cap * sizeof(struct decl *));
        reindex(r);
    }
    r->decls[r->n++] = d;
    index_decl(r, r->n - 1);
    return 0;
}

void registry_remove_plugin_decls(struct registry *r, const char *plugin)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->decls[i]->plugin, plugin) != 0) r->decls[kept++] = r->decls[i];
    r->n = kept;
    reindex(r);
}
