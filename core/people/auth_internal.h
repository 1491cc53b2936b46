/* Inside people/: what the files of authentication share. */
#ifndef KHUNG_AUTH_INTERNAL_H
#define KHUNG_AUTH_INTERNAL_H

#include "people/auth.h"
#include "people/people_internal.h"
#include "runtime/crash.h"
#include "store/lane.h"

/* One statement with up to three integers as ?1 to ?3. */
int auth_run(struct store *db, const char *sql, int64_t a, int64_t b, int64_t c, struct err *err);
/* Copies a text column, cut; "" for null. */

/* Tells the audit what was done to an account. */
int auth_tell(struct session *s, const char *verb, int64_t account, const char *how, struct err *err);

#endif
