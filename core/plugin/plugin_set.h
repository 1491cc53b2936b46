/* A set of plugins: those that were found, those of them that serve, and their Lua states on the lane. */
#ifndef KHUNG_PLUGIN_SET_H
#define KHUNG_PLUGIN_SET_H

#include "plugin/host.h"
#include "plugin/plugin_order.h"
#include "plugin/plugins.h"

struct plugin_member {
    struct plugin *plugin; /* the registry's, in its order */
    struct plugin_vm *pv;  /* NULL: listed only */
    bool is_new;           /* built, or tried, for this set */
};

struct plugin_set {
    struct registry *registry;
    struct plugin_member *members;
    size_t n;
};

struct plugin_build {
    struct plugins *plugins;
    struct session *s;
    const struct plugin_set *active; /* whose unchanged members are taken over, or NULL */
    struct plugin_found *found;
    size_t n;
    int64_t serial;
    enum grant_policy policy;
};

/* 0, a fault, or ERR_CONFLICT once a plugin was marked as failed because one that stays cannot stand beside it: try
 * again. */
int plugin_set_build(struct plugin_build *b, struct plugin_set **out, struct err *err);
/* Marks what is to blame for a refused activation of this set, so that a new one can be built without it. False: there
 * is nobody. */
bool plugin_set_blame(struct plugin_build *b, const struct plugin_set *set, const struct err *why);
void plugin_set_free(struct plugin_set *set);
/* The member that serves under a name, or NULL. */
const struct plugin_member *plugin_set_find(const struct plugin_set *set, const char *name);
/* Compiles what a plugin declared (plugins.c). */
int plugins_compile(struct plugins *ps, struct registry *r, const char *plugin, struct err *err);

#endif
