/* Finding plugins in folders and ordering them by `requires`. */
#ifndef KHUNG_PLUGIN_ORDER_H
#define KHUNG_PLUGIN_ORDER_H

#include "plugin/plugin.h"

/* What was found of one plugin. */
struct plugin_found {
    struct plugin *source; /* held */
    struct err *failed;    /* why it cannot be loaded, or NULL; owned */
    bool is_off;           /* the version that serves now cannot go on either */
};

struct plugin_finding {
    const char *const *dirs;
    size_t ndirs;
    const struct val *settings; /* { plugin = { key = value } } */
    const char *only;           /* this one is read anew, others only when they are not known; NULL: all are */
    struct plugin *offered;     /* stands in the place of its folder, or NULL */
    /* The source that serves under this name, or NULL: not parsed again when nothing differs. */
    struct plugin *(*known)(void *ctx, const char *name);
    /* What was read of this folder the last time, good or not; NULL: it is new. */
    struct plugin *(*last)(void *ctx, const char *dir);
    void *ctx;
};

/* Every folder with a plugin.lua below the given ones (one that is itself a plugin counts too), required ones before
 * those that require them, names in order otherwise. Of two with one name the later folder's fails. Returns how many.
 */
size_t plugin_order_read(const struct plugin_finding *f, struct plugin_found *out, size_t max);
void plugin_found_close(struct plugin_found *found, size_t n);
void plugin_found_fail(struct plugin_found *found, const struct err *why);
/* Dotted numbers: "1.10" > "1.9". */
int plugin_version_compare(const char *a, const char *b);
/* Is this version what `wanted` asks for: ">=1.0", "=1.2" or "1.0" (the same as >=)? */
bool plugin_version_satisfies(const char *version, const char *wanted);

#endif
