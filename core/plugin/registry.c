/* The registry: declarations in an arena, found by kind and name through one sorted index.
 *
 * Built by one thread, then read only; the reference count is all that threads share. */
#include "plugin/plugins.h"

#include <string.h>

#include "base/mem.h"

enum { PIECE_ARENA_MAX = 64 << 20, DECLS_MAX = 20000 };

/* What one plugin declares. Counted: a plugin that stays the same stands in many registries, one after the other. */
struct piece {
    int refs; /* atomic */
    const char *plugin;
    struct arena arena;
    struct decl **decls;
    size_t n, cap;
};

struct registry {
    int refs; /* atomic */
    int64_t serial;
    struct piece **pieces; /* in load order; the last is being built */
    size_t npieces, pieces_cap;
    struct decl **decls; /* of all pieces, in order of declaration */
    size_t n, cap;
    size_t *buckets; /* index + 1 into decls, open addressing by hash of kind, name */
    size_t nbuckets;
    struct plugin **plugins;
    size_t nplugins, plugins_cap;
};

/* Room for one more in an array of pointers. */
static void *grow(void *items, size_t n, size_t *cap)
{
    if (n < *cap) return items;
    size_t more = *cap ? 2 * *cap : 16;
    void **grown = mem_alloc(more * sizeof(void *));
    if (n) memcpy(grown, items, n * sizeof(void *));
    mem_free(items);
    *cap = more;
    return grown;
}

struct registry *registry_new(int64_t serial)
{
    struct registry *r = mem_alloc(sizeof(*r));
    r->refs = 1;
    r->serial = serial;
    return r;
}

struct registry *registry_hold(struct registry *r)
{
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

static void drop_piece(struct piece *p)
{
    if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    mem_free(p->decls);
    arena_close(&p->arena);
    mem_free(p);
}

void registry_drop(struct registry *r)
{
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (size_t i = 0; i < r->nplugins; i++)
        plugin_drop(r->plugins[i]);
    for (size_t i = 0; i < r->npieces; i++)
        drop_piece(r->pieces[i]);
    mem_free(r->plugins);
    mem_free(r->pieces);
    mem_free(r->decls);
    mem_free(r->buckets);
    mem_free(r);
}

int64_t registry_serial(const struct registry *r)
{
    return r->serial;
}

void registry_add_plugin(struct registry *r, struct plugin *p)
{
    r->plugins = grow(r->plugins, r->nplugins, &r->plugins_cap);
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

static int declared_twice(const struct decl *old, const char *kind, const char *name, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "plugin.declared_twice", "kind", kind, "name", name, "plugin", old->plugin,
                   "first", old->where, NULL);
}

static void append(struct registry *r, struct decl *d)
{
    bool grows = r->n == r->cap;
    r->decls = grow(r->decls, r->n, &r->cap);
    r->decls[r->n++] = d;
    if (grows)
        reindex(r);
    else
        index_decl(r, r->n - 1);
}

static void add_piece(struct registry *r, struct piece *p)
{
    r->pieces = grow(r->pieces, r->npieces, &r->pieces_cap);
    r->pieces[r->npieces++] = p;
}

/* The piece that is being built. */
static struct piece *piece_of(struct registry *r, const char *plugin)
{
    struct piece *p = r->npieces ? r->pieces[r->npieces - 1] : NULL;
    if (p && strcmp(p->plugin, plugin) == 0) return p;
    p = mem_alloc(sizeof(*p));
    p->refs = 1;
    arena_init(&p->arena, PIECE_ARENA_MAX);
    arena_reserve(&p->arena, 1024);
    p->plugin = arena_strdup(&p->arena, plugin);
    add_piece(r, p);
    return p;
}

struct arena *registry_arena(struct registry *r)
{
    return &r->pieces[r->npieces - 1]->arena;
}

int registry_add(struct registry *r, struct plugin *p, const char *kind, const char *name, const struct val *spec,
                 const char *where, bool per_plugin, struct err *err)
{
    const struct decl *old = registry_find(r, kind, per_plugin ? p->name : NULL, name);
    if (old) return declared_twice(old, kind, name, err);
    struct piece *piece = piece_of(r, p->name);
    if (piece->n == DECLS_MAX) return err_set(err, ERR_LIMIT, "plugin.too_many", "plugin", p->name, NULL);
    struct decl *d = arena_alloc(&piece->arena, sizeof(*d));
    if (!d) return err_set(err, ERR_NOMEM, "memory", NULL);
    d->kind = arena_strdup(&piece->arena, kind);
    d->name = arena_strdup(&piece->arena, name);
    d->plugin = piece->plugin;
    d->where = arena_strdup(&piece->arena, where);
    d->per_plugin = per_plugin;
    if (!d->kind || !d->name || !d->where || val_copy(&piece->arena, spec, &d->spec) != 0)
        return err_set(err, ERR_NOMEM, "memory", NULL);
    piece->decls = grow(piece->decls, piece->n, &piece->cap);
    piece->decls[piece->n++] = d;
    append(r, d);
    return 0;
}

void registry_undo(struct registry *r, const char *plugin)
{
    struct piece *p = r->npieces ? r->pieces[r->npieces - 1] : NULL;
    if (!p || strcmp(p->plugin, plugin) != 0) return;
    r->n -= p->n;
    r->npieces--;
    drop_piece(p);
    if (r->nbuckets) reindex(r);
}

int registry_share(struct registry *r, const struct registry *from, const char *plugin, struct err *err)
{
    size_t at = 0;
    while (at < from->npieces && strcmp(from->pieces[at]->plugin, plugin) != 0)
        at++;
    if (at == from->npieces) return 0; /* it declares nothing */
    struct piece *p = from->pieces[at];
    for (size_t i = 0; i < p->n; i++) {
        const struct decl *d = p->decls[i];
        const struct decl *old = registry_find(r, d->kind, d->per_plugin ? d->plugin : NULL, d->name);
        if (old) return declared_twice(old, d->kind, d->name, err);
    }
    __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    add_piece(r, p);
    for (size_t i = 0; i < p->n; i++)
        append(r, p->decls[i]);
    return 0;
}
