/* The set of plugins: what was found in the plugin folders, loaded in the order of `requires`, as one registry.
 *
 * The lane owns the set. plugins_load builds a new set beside the old one; modules check and activate it inside a
 * transaction; then it is swapped. A plugin that fails is left out with its reason, the others go on. Readers take
 * the registry by plugins_registry (any thread) and make their own Lua states from it. */
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

/* Lane's thread, in a transaction: reads the folders and makes the new set active. An error from an activation names
 * its plugin (err arg "plugin"); that one is left out and the rest is tried again. The old set stays until
 * plugins_commit; plugins_revert drops the new one (the transaction failed). */
int plugins_load(struct plugins *ps, struct session *s, struct err *err);
void plugins_commit(struct plugins *ps);
void plugins_revert(struct plugins *ps);

/* Any thread: the active registry, held for the caller (registry_drop). NULL before the first load. */
struct registry *plugins_registry(struct plugins *ps);
/* The registry's plugins in load order, failed ones last. */
size_t registry_plugins(const struct registry *r, struct plugin *const **out);
struct plugin *registry_plugin(const struct registry *r, const char *name);
/* Lane's thread: the Lua state of an active plugin, or NULL. */
struct plugin_vm *plugins_vm(struct plugins *ps, const char *plugin);

/* A reader's states, made on first use and dropped when the registry is another one. */
struct plugin_states {
    struct registry *registry;
    struct plugin_vm **vms;
    size_t n;
};
int plugin_states_get(struct plugin_states *st, struct host *host, const char *plugin, struct plugin_vm **out,
                      struct err *err);
void plugin_states_close(struct plugin_states *st);

/* For the builder (declare.c). */
struct registry *registry_new(int64_t serial);
int registry_add(struct registry *r, struct plugin *p, const char *kind, const char *name, const struct val *spec,
                 const char *where, bool per_plugin, struct err *err);
void registry_add_plugin(struct registry *r, struct plugin *p);
void registry_remove_plugin_decls(struct registry *r, const char *plugin);
struct arena *registry_arena(struct registry *r);

#endif
