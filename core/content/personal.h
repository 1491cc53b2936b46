/* Fields that hold what is told of persons: declared with `personal = true`, or `personal = "nominee"`, a field that
 * says whose it is.
 *
 * What is `personal = true` is theirs if the record's one field of type person holds their number; one that names
 * another is theirs if that one holds or names them. A name alone tells only where no number does: two people may have
 * one name, and what is somebody else's by their number is kept, and counted as kept. With two fields of type person
 * `true` does not say whose it is, and is refused. */
#ifndef KHUNG_PERSONAL_H
#define KHUNG_PERSONAL_H

#include "audit/audit_place.h"
#include "base/field.h"

bool personal_is(const struct field *f);
bool personal_any(const struct field_list *fields);
/* At declaration. ERR_INVALID "field.personal", "field.personal_whose" {field}. */
int personal_check(const struct field_list *fields, struct err *err);
/* Which fields of a record (a map) are the person's and still there: goes[i] of field i; how many. */
int64_t personal_choose(struct erasing *e, const struct field_list *fields, const struct val *record, bool *goes);
/* A record as the audit is told of it: what is personal and no text is told as one, since texts are sealed there and
 * can be erased. `out` borrows; NULL: nothing. ERR_LIMIT. */
int personal_to_tell(const struct field_list *fields, const struct val *record, struct arena *a, struct val *out);
/* What stands in a field then: a mark where it is a text, else nothing. */
struct val personal_mark(const struct field *f);

#endif
