/* Inside people/: what its files share. */
#ifndef KHUNG_PEOPLE_INTERNAL_H
#define KHUNG_PEOPLE_INTERNAL_H

#include "people/people.h"
#include "plugin/api.h"
#include "plugin/host.h"

/* "held on this day" for the table alias t; the day is bound as ?2 in every statement that uses it.
 */
/* A row of delegation d, as people_delegation_show reads it. */
#define PEOPLE_DELEGATION_COLUMNS                                                                                      \
    "d.id, d.from_person, d.to_person, d.position, d.role, d.unit, d.body, d.valid_from, d.valid_to, d.act"
/* The name of a unit u on the day ?2, or what comes nearest. */
#define PEOPLE_UNIT_NAME                                                                                               \
    "coalesce((select n.name from unit_name n where n.unit = u.id and n.valid_from <= ?2"                              \
    " order by n.valid_from desc limit 1),"                                                                            \
    " (select n.name from unit_name n where n.unit = u.id order by n.valid_from limit 1), u.code)"
#define HELD(t) t ".valid_from <= ?2 and (" t ".valid_to is null or " t ".valid_to > ?2)"
/* The unit ?1 and all above it on day ?2, as `up(id)`. */
#define WITH_UP                                                                                                        \
    "with recursive up(id) as (select ?1 union select p.parent from up join unit_parent p on "                         \
    "p.unit = up.id"                                                                                                   \
    " where " HELD("p") ") "

/* "can come in, or one who stands in for them can": of a column with a holder, in a statement WITH_UP whose target is
 * bound by people_wanted_bind. As people_may_decide reads a delegation. */
#define PEOPLE_CAN_ACT(holder)                                                                                         \
    "(" PEOPLE_CAN_ENTER(                                                                                              \
        holder) " or exists(select 1 from delegation d where d.from_person = " holder                                  \
                " and d.valid_from <= ?2 and d.valid_to > ?2 and (d.position is null or d.position = ?3) and (d.role"  \
                " is null or d.role = ?4) and d.body is ?5 and (d.unit is null or d.unit in (select id from up)) "     \
                "and " PEOPLE_CAN_ENTER("d.to_person") "))"

/* "allows the verb" for a row of role_verb: by its name, by its family ("content.*"), or by either bound to the state.
 */
#define PEOPLE_VERB_ROWS(t) t ".verb in (?5, ?6, ?7, ?8)"

/* Binds unit, day and verb of a statement with PEOPLE_VERB_ROWS: ?1, ?2, ?5 to ?8. The words live as long as the
 * statement runs. */
enum { PEOPLE_VERB_MAX = 100 };
struct people_words {
    char family[PEOPLE_VERB_MAX + 4], bound[2 * PEOPLE_VERB_MAX + 4], family_bound[2 * PEOPLE_VERB_MAX + 8];
};
void people_family(const struct people_act *act, struct people_words *w); /* "content.*" alone */
void people_act_bind(struct stmt *s, const struct people_act *act, struct people_words *w);

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
/* A date under a name. 0 or ERR_NOMEM. */
int people_set_day(struct arena *a, struct val *map, const char *name, int64_t day);

/* Rows of units (people_unit_write.c). A name and a place hold from the day on, until a later row. */
struct people_unit_new {
    const char *code, *name, *kind; /* kind NULL: "unit" */
    int64_t parent, from;           /* parent 0: none */
};
int people_unit_add(struct store *db, const struct people_unit_new *n, int64_t *id, struct err *err);
int people_unit_name(struct store *db, int64_t unit, const char *name, int64_t day, struct err *err);
int people_unit_place(struct store *db, int64_t unit, int64_t parent, int64_t day, struct err *err);

/* What is asked for, read from a target: a person, a position or a role in a unit (0: anywhere), or a seat in a body.
 */
struct people_wanted {
    int64_t person, unit, body;
    const char *position, *role; /* in the arena */
};
int people_wanted_read(struct store *db, struct arena *a, const struct val *target, struct people_wanted *w,
                       struct err *err);
/* ?1 the unit, ?2 the day, ?3 the position, ?4 the role, ?5 the body, ?6 the person; as many as the statement has. */
void people_wanted_bind(struct stmt *s, const struct people_wanted *w, int64_t day);
/* 1 when the person fits by what they hold themselves. */
int people_fits(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, struct err *err);
/* people_may_decide as of a day. */
int people_decide_on(struct store *db, const struct people_wanted *w, int64_t person, int64_t day,
                     struct people_capacity *cap, struct err *err);

/* Arguments of API functions (people_argument.c). An object of the kind, its id or its code; 0 for nil. */
int people_arg_id(struct api_call *c, const struct val_kind *kind, const char *name, const struct val *v, int64_t *id);
/* A day from a date, its number, an instant, text or nothing (today). */
int people_arg_day(struct api_call *c, const char *name, const struct val *v, int64_t *day);
/* The account that a name means. */
int people_arg_account(struct api_call *c, const struct val *name, struct people_account *out);
/* The same of the first argument: one's own is everybody's; for another's, and to learn which there are, one of the
 * verbs is needed (`other` may be NULL). */
int people_arg_own_account(struct api_call *c, const char *verb, const char *other, struct people_account *out);
int people_arg_bad(struct api_call *c, const char *argument, const char *type, const struct val *got);

extern const struct api_fn people_functions[], org_functions[], body_functions[], delegation_functions[],
    date_functions[], position_functions[], text_functions[], directory_functions[], account_functions[],
    token_functions[], role_functions[];

#endif
