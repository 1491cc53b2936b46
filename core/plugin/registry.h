/* The registry: everything that the active plugins have declared, as one immutable snapshot.
 *
 * A declaration (a content type, a table, a flow, a report, a route, a hook, a cron line …) is data: kind, name,
 * plugin and a value. Functions stay in the Lua states, found there by the same kind and name. Modules register a
 * decl_kind to turn the value into their own struct once (compiled). A reload builds a new registry beside the old
 * one and swaps it; threads hold a reference while they use it. What a plugin declares is one piece of memory that the
 * registries share in which that plugin is the same. */
#ifndef KHUNG_REGISTRY_H
#define KHUNG_REGISTRY_H

#include "base/arena.h"
#include "base/val.h"
#include "base/err.h"

struct registry;
struct plugin;

struct decl {
    const char *kind;   /* "type" "table" "flow" "report" "route" "on" "cron" "command" */
    const char *name;   /* "article"; routes: "GET /x/:id"; "on": event name */
    const char *plugin; /* declaring plugin's name */
    struct val spec;
    const char *where; /* "publish.lua:3" */
    bool per_plugin;   /* of its kind */
    void *compiled;    /* by the decl_kind */
};

struct decl_kind {
    const char *name;
    bool per_plugin; /* names are unique within a plugin (tables, flows), not over all (types, reports) */
    /* May be NULL. `a` lives as long as the declaration. What other plugins declare may differ later: it is looked
     * up when it is needed, not kept here. */
    int (*compile)(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err);
    void *self;
};

struct registry *registry_hold(struct registry *r); /* any thread */
void registry_drop(struct registry *r);             /* any thread; frees with the last */
/* NULL plugin: the only one of that name over all plugins. */
const struct decl *registry_find(const struct registry *r, const char *kind, const char *plugin, const char *name);
/* In load order; start with i = 0; NULL at the end. */
const struct decl *registry_each(const struct registry *r, const char *kind, size_t *i);
/* Which build of the plugin set this is: rises with each reload. */
int64_t registry_serial(const struct registry *r);

#endif
