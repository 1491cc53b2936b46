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

/* An address as it is counted: "a:192.0.2.1", of IPv6 its network. */
enum { AUTH_PLACE_LEN = 200 };
void auth_place_of(const char *address, char out[AUTH_PLACE_LEN]);
/* The account logs in from there, and has done so: 1 and which, by its name. */
int auth_place_note(struct session *s, int64_t account, const char *place, struct err *err);
int auth_place_find(struct session *s, const char *name, const char *place, int64_t *account, struct err *err);

/* Tells the audit what was done to an account. */
int auth_tell(struct session *s, const char *verb, int64_t account, const char *how, struct err *err);

#endif
