/* A plugin's Lua state on one thread, with the functions that its init.lua registered.
 *
 * Made by running init.lua, then frozen. Every entry into it gives a session; bindings find it by vm_owner. */
#ifndef KHUNG_PLUGIN_VM_H
#define KHUNG_PLUGIN_VM_H

#include "plugin/plugin.h"
#include "plugin/registry.h"
#include "plugin/session.h"
#include "vm/vm.h"

struct host;
struct api;

struct loop_plugin;

struct plugin_fn {
    const char *kind, *name;
    int ref;
};

struct plugin_vm {
    struct vm *vm;
    struct plugin *plugin;     /* held */
    struct registry *registry; /* while init.lua runs: the one that is being built; else NULL */
    struct host *host;
    struct session *session; /* of the entry that runs now */
    struct plugin_fn *fns;
    size_t nfns, fns_cap;
    struct arena arena;        /* for calls; rewound after each, empty between entries */
    struct loop_plugin *loops; /* volatile work of this state (loop.h), or NULL */
    bool builds;               /* declarations go to the registry */
    int refs;                  /* users on this thread (hot runs, the active set) */
};

/* Runs init.lua in SESSION_LOAD. `builds`: this state fills the registry `r` (which is needed for nothing else). */
int plugin_vm_new(struct host *host, struct plugin *p, struct registry *r, bool builds, struct plugin_vm **out,
                  struct err *err);
struct plugin_vm *plugin_vm_hold(struct plugin_vm *pv);
void plugin_vm_drop(struct plugin_vm *pv);
/* The function registered under kind and name, or 0. */
int plugin_vm_fn(const struct plugin_vm *pv, const char *kind, const char *name);
/* Around each piece of code that runs: gives it its session. enter returns the one before, for leave. */
struct session *plugin_vm_enter(struct plugin_vm *pv, struct session *s);
void plugin_vm_leave(struct plugin_vm *pv, struct session *outer);
/* Calls a registered function under a session and a CPU limit (0: none). */
int plugin_vm_call(struct plugin_vm *pv, struct session *s, int ref, const struct val *args, size_t nargs,
                   int64_t cpu_ms, struct arena *a, struct val *out, struct err *err);

#endif
