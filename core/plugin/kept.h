/* The source of the version of each plugin that serves, kept in the database: so that it serves after a restart too
 * while its folder holds a version that waits or fails, and so that the difference to a new one can be shown. Lane's
 * thread, in a transaction; kept_read also on readers. */
#ifndef KHUNG_KEPT_H
#define KHUNG_KEPT_H

#include "plugin/plugin.h"
#include "store/store.h"

int kept_write(struct store *db, const struct plugin *p, int64_t now, struct err *err);
/* 1: a source of its own (plugin_drop), with the settings that it had; 0: there is none. */
int kept_read(struct store *db, const char *plugin, struct plugin **out, struct err *err);

#endif
