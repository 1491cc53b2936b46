/* Delegations: one person acts for another from a day to a day, within a scope, by a paper. They cannot be passed on,
 * and hold only as long as the other holds what was delegated. Any thread with a connection of its own may read. */
#ifndef KHUNG_PEOPLE_DELEGATION_H
#define KHUNG_PEOPLE_DELEGATION_H

#include "people/people.h"

struct people_delegation {
    int64_t from, to;            /* persons */
    const char *position, *role; /* the scope: NULL means all */
    int64_t unit, body;          /* unit 0: all; a seat in a body is only covered when it is named */
    int64_t since, until;        /* `until` is the first day on which it no longer holds */
    const char *act;             /* the paper that says so, or NULL */
};
/* ERR_INVALID "people.delegate_self" "people.delegate_dates"; ERR_REFUSED "people.delegate_nothing" {from, what}: they
 * do not hold it themselves on any day of it; ERR_CONFLICT "people.delegate_twice" {delegation}: the same to the same
 * person is there already on some of the days. */
int people_delegate(struct store *db, const struct people_delegation *d, int64_t now, int64_t *id, struct err *err);
int people_delegation_get(struct store *db, int64_t id, struct people_delegation *out, struct arena *a,
                          struct err *err); /* 1, 0 */
/* Ends it on a day, which is the first on which it no longer holds. ERR_NOT_FOUND "people.no_delegation". */
int people_delegation_revoke(struct store *db, int64_t id, int64_t day, struct err *err);
/* Those that hold on a day, to and from a person (0: all): { id, from, to, position, role, unit, body, since, until,
 * act, holds }; until is the last day; holds is false where `from` no longer holds anything of what was delegated. */
int people_delegations(struct store *db, int64_t person, int64_t day, struct arena *a, struct val *out,
                       struct err *err);
/* One row of them, for lists: ctx is a reader. */
struct people_delegation_reader {
    struct store *db;
    int64_t day;
};
int people_delegation_show(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err);

#endif
