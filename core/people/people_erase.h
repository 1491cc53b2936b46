/* Erasing a person: the row stays, since others point at it, under a pseudonym; the account ends; runs, tables,
 * content, notices and the audit forget the name (audit/audit_erase.h). Where else it stands is listed, for whoever is
 * responsible for that: what nobody declared personal is not changed behind the back of its history.
 *
 *     people_erase(s, person, &(struct audit_wish){.reason = "letter of 4 January"}, &erasure, err); */
#ifndef KHUNG_PEOPLE_ERASE_H
#define KHUNG_PEOPLE_ERASE_H

#include "audit/audit_erase.h"

/* The person's row and accounts: by what they are known. ERR_NOT_FOUND "people.no_person". */
int people_traces(struct store *db, int64_t person, struct arena *a, struct audit_traces *out, struct err *err);
/* May they be erased? ERR_REFUSED "people.erase_office" {office}, "people.erase_self". */
int people_may_erase(struct session *s, int64_t person, struct err *err);
/* In a slice. *id: of the audit's erasure, which goes on behind it. ERR_REFUSED "people.erase_other": the wish has the
 * digest of another's code. */
int people_erase(struct session *s, int64_t person, const struct audit_wish *wish, int64_t *id, struct err *err);
/* { { table =, column =, rows = } … }: where else one of the texts stands. Reads every table that is no place of an
 * erasure. */
int people_find_traces(struct session *s, const struct audit_traces *t, struct arena *a, struct val *out,
                       struct err *err);
/* The last place of an erasure: where the texts stand when all others have been looked at. After all others. */
void people_traces_attach(struct host *host);

#endif
