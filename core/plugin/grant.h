/* Grants: which capabilities the admin has agreed to, for which version of a plugin.
 *
 * A grant is given to the hash of the code that was looked at. A new version that wants no more than was ever granted
 * goes on by itself and is recorded; one that wants more waits, while the version that was granted serves. Lane's
 * thread, in a transaction. */
#ifndef KHUNG_GRANT_H
#define KHUNG_GRANT_H

#include "plugin/host.h"
#include "plugin/plugin.h"
#include "store/store.h"

extern const struct store_migration plugin_migrations[];

/* May this version run? 0, or ERR_DENIED "plugin.waiting" {plugin, version, wants, hash}. */
int grant_check(struct store *db, const struct plugin *p, enum grant_policy policy, struct err *err);
/* This version serves from now on: recorded if that is new. */
int grant_record(struct store *db, const struct plugin *p, enum grant_policy policy, int64_t now, struct err *err);
/* The admin agrees to a version. `account`: who; 0: the operator of this machine. */
int grant_give(struct store *db, const struct plugin *p, int64_t account, int64_t now, struct err *err);

#endif
