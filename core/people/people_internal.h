/* Inside people/: what its files share. */
#ifndef KHUNG_PEOPLE_INTERNAL_H
#define KHUNG_PEOPLE_INTERNAL_H

#include "people/people.h"
#include "plugin/api.h"
#include "plugin/host.h"

/* "held on this day" for the table alias t; the day is bound as ?2 in every statement that uses it.
 */
#define HELD(t) t ".valid_from <= ?2 and (" t ".valid_to is null or " t ".valid_to > ?2)"
/* The unit ?1 and all above it on day ?2, as `up(id)`. */
#define WITH_UP                                                                                                        \
    "with recursive up(id) as (select ?1 union select p.parent from up join unit_parent p on "                         \
    "p.unit = up.id"                                                                                                   \
    " where " HELD("p") ") "

enum { PEOPLE_ALWAYS = -719162 }; /* 0001-01-01: "since ever" in valid_from */

/* Fills an error for an arena that is used up. */
int people_too_large(struct err *err);
/* Copies a text column; NULL for null. */
const char *people_text(struct stmt *s, int col, struct arena *a);
/* One statement that gives one integer: 1 and *out, 0, or an error. Takes the statement over. */
int people_one(struct stmt *s, int64_t *out, struct err *err);
/* An object from columns id, code, name (and kind, for units). */
int people_unit_row(struct stmt *s, struct arena *a, struct val *out);
int people_person_row(struct stmt *s, struct arena *a, struct val *out);

extern const struct api_fn people_functions[], date_functions[], text_functions[];

#endif
