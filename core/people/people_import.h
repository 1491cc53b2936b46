/* Inside people/: the readers of an import, one for each kind of row. */
#ifndef KHUNG_PEOPLE_IMPORT_H
#define KHUNG_PEOPLE_IMPORT_H

#include "people/people_internal.h"

struct import {
    struct store *db;
    struct arena *a;
    int64_t now, day;
    const char *what; /* "units" */
    size_t at;        /* which entry, from 1 */
    struct err *err;
    struct session *by;  /* whose import it is; NULL: nobody's, all is allowed and nothing told */
    bool keeps_accounts; /* makes none and changes none */
    const char *denied;  /* "users[2] lan, users[5] root": what of the list would have */
    size_t ndenied, denied_at;
};

/* ERR_INVALID "people.import" {list, entry, field}. */
int import_bad(struct import *im, const char *field);
/* This entry would change an account, which is not for this session; returns 0, and the list is denied at its end. */
int import_denied(struct import *im, const char *who);
/* To the audit: what of an account has been changed, "email". */
int import_tell(struct import *im, int64_t account, const char *name, const char *what);
/* Text in NFC; NULL when absent or not text. */
const char *import_text(struct import *im, const struct val *row, const char *name);
/* A date as text, or `otherwise`. */
int import_day(struct import *im, const struct val *row, const char *name, int64_t otherwise, int64_t *out);
/* The id of what a code names: by the field's name a unit, a body or a person. */
int import_code(struct import *im, const char *field, const char *code, int64_t *id);
/* Runs a statement whose values are text and integers: "t" NULL-able text, "i" integer, "n" integer or null if 0. */
int import_put(struct import *im, const char *sql, const char *types, const void *const *values);
#define PUT(im, sql, types, ...) import_put(im, sql, types, (const void *const[]){__VA_ARGS__})
/* A statement with the key and each text of a list. */
int import_each(struct import *im, const struct val *list, const char *sql, const char *key);

/* Nothing is held longer than its unit lasts: `to` (0: open) is cut to the unit's end. */
int import_within_unit(struct import *im, int64_t unit, int64_t from, int64_t *to);

/* For a session: may it change accounts? */
int import_begin(struct import *im, struct session *s, int64_t day, struct arena *a, struct err *err);
/* Rows [from, to) of a list by one of the readers, which stand in an order in which each finds what it refers to; the
 * list that one reads, NULL after the last. */
int import_rows(struct import *im, size_t reader, const struct val *list, size_t from, size_t to);
const char *import_list_name(size_t reader);

int import_unit(struct import *im, const struct val *row);
int import_parent(struct import *im, const struct val *row);
int import_unit_name(struct import *im, const struct val *row);
int import_unit_parent(struct import *im, const struct val *row);
int import_successor(struct import *im, const struct val *row);
int import_change(struct import *im, const struct val *row);
int import_role(struct import *im, const struct val *row);
int import_position(struct import *im, const struct val *row);
int import_person(struct import *im, const struct val *row);
int import_holder(struct import *im, const struct val *row);
int import_user(struct import *im, const struct val *row);
int import_role_held(struct import *im, const struct val *row);
int import_body(struct import *im, const struct val *row);
int import_body_term(struct import *im, const struct val *row);
int import_body_member(struct import *im, const struct val *row);
int import_delegation(struct import *im, const struct val *row);
int import_year(struct import *im, const struct val *row);

#endif
