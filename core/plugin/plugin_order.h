/* Finding plugins in folders and ordering them by `requires`. */
#ifndef KHUNG_PLUGIN_ORDER_H
#define KHUNG_PLUGIN_ORDER_H

#include "plugin/plugin.h"

/* Reads every folder with a plugin.lua below the given ones into `out` (held for the caller), required ones before
 * those that require them, names in order otherwise. Of two with one name the later folder's fails. Fills
 * `required`, checks versions, seals hashes. A path that is itself a plugin counts too. Returns how many.
 * `settings`: { plugin = { key = value } }. */
size_t plugin_order_read(const char *const *dirs, size_t ndirs, const struct val *settings, struct plugin **out,
                         size_t max);
/* Dotted numbers: "1.10" > "1.9". */
int plugin_version_compare(const char *a, const char *b);

#endif
