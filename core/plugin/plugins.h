/* The set of plugins: what was found in the plugin folders, loaded in the order of `requires`, as one registry.
 *
 * The lane owns the set. plugins_load builds a new set beside the old one: a plugin that is the same as before keeps
 * its Lua state, its declarations and all that it has under way; only a changed one, and those that require it, are
 * built anew. Modules check and activate the new set inside a transaction; then it is swapped. A new version that
 * fails, at whatever point, is listed with its reason, and the old one goes on serving. Readers take the registry by
 * plugins_registry (any thread) and make their own Lua states from it. */
#ifndef KHUNG_PLUGINS_H
#define KHUNG_PLUGINS_H

#include "plugin/plugin_vm.h"
#include "plugin/host.h"

struct plugins;

struct plugins *plugins_new(struct host *host, const char *const *dirs, size_t ndirs);
void plugins_free(struct plugins *ps);
/* At start, by each module: how its declarations are compiled, and what it does when a set becomes active. */
void plugins_add_kinds(struct plugins *ps, const struct decl_kind *kinds, size_t n);
const struct decl_kind *plugins_kind(struct plugins *ps, const char *kind);
typedef int (*plugins_activate_fn)(void *ctx, struct session *s, struct registry *r, struct err *err);
void plugins_add_activation(struct plugins *ps, plugins_activate_fn fn, void *ctx);

/* In a slice of the lane, which becomes the last of its batch: reads the folders (`only`: anew this plugin alone, or
 * NULL) and makes the new set active. An error from an activation names its plugin (err arg "plugin"): the version
 * that serves now goes on, and the rest is tried again. With the commit the new set takes the place of the old one. */
int plugins_load(struct plugins *ps, struct session *s, const char *only, struct err *err);
/* What a load would do: builds the set as plugins_load does, grants or not, calls `fn` with it and forgets it. */
struct plugins_plan {
    const char *only;                /* as for plugins_load */
    const struct plugin_file *files; /* of `only`, in the place of its folder; NULL: the folder */
    size_t nfiles;
    plugins_activate_fn fn;
    void *ctx;
};
int plugins_plan(struct plugins *ps, struct session *s, const struct plugins_plan *plan, struct err *err);
/* What the commit does; for those who drive the database without a lane. */
void plugins_commit(struct plugins *ps);

/* Any thread: the active registry, held for the caller (registry_drop). NULL before the first load. */
struct registry *plugins_registry(struct plugins *ps);
/* The registry's plugins in load order. A failed version stands behind the one that goes on serving. */
size_t registry_plugins(const struct registry *r, struct plugin *const **out);
struct plugin *registry_plugin(const struct registry *r, const char *name);
/* Lane's thread: the registry that is being activated, or else the active one; borrowed. */
struct registry *plugins_current(struct plugins *ps);
/* During an activation: was this declaration active before, so that nothing has to be done for it? */
bool plugins_is_active(struct plugins *ps, const struct decl *d);
/* Lane's thread: the Lua state of a plugin that serves (in the set that is being activated), or NULL. */
struct plugin_vm *plugins_vm(struct plugins *ps, const char *plugin);

/* A reader's states, made on first use; dropped when the registry is another one in which their plugin changed. */
struct plugin_states {
    struct registry *registry;
    struct plugin_vm **vms;
    size_t n;
};
int plugin_states_get(struct plugin_states *st, struct host *host, struct registry *now, const char *plugin,
                      struct plugin_vm **out, struct err *err);
void plugin_states_close(struct plugin_states *st);

/* For the builders (declare.c, plugin_set.c): declarations are added to the piece of the plugin that was begun last. */
struct registry *registry_new(int64_t serial);
int registry_add(struct registry *r, struct plugin *p, const char *kind, const char *name, const struct val *spec,
                 const char *where, bool per_plugin, struct err *err);
struct arena *registry_arena(struct registry *r); /* of that piece */
/* Takes back what the last plugin declared, if it is this one. */
void registry_undo(struct registry *r, const char *plugin);
/* The same declarations as in another registry. ERR_CONFLICT "plugin.declared_twice". */
int registry_share(struct registry *r, const struct registry *from, const char *plugin, struct err *err);
void registry_add_plugin(struct registry *r, struct plugin *p);

#endif
