/* Readers of bodies with their terms and members, and of delegations. */
#include "people/delegation.h"
#include "people/people_import.h"

int import_body(struct import *im, const struct val *row)
{
    const char *code = import_text(im, row, "code"), *name = import_text(im, row, "name");
    int64_t unit, from, to;
    if (!code) return import_bad(im, "code");
    if (!name) return import_bad(im, "name");
    int rc = import_code(im, "unit", import_text(im, row, "unit"), &unit);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = import_day(im, row, "to", 0, &to);
    if (rc) return rc;
    return PUT(
        im,
        "insert into body(code, name, unit, valid_from, valid_to) values(?1, ?2, ?3, ?4, ?5) on conflict(code) do"
        " update set name = excluded.name, unit = excluded.unit, valid_from = excluded.valid_from, valid_to ="
        " coalesce(excluded.valid_to, valid_to)",
        "ttiin", code, name, &unit, &from, &to);
}

int import_body_term(struct import *im, const struct val *row)
{
    const char *name = import_text(im, row, "name");
    int64_t body, from, to;
    if (!name) return import_bad(im, "name");
    int rc = import_code(im, "body", import_text(im, row, "body"), &body);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = import_day(im, row, "to", 0, &to);
    if (rc) return rc;
    return PUT(im,
               "insert into body_term(body, valid_from, valid_to, name) values(?1, ?2, ?3, ?4) on conflict(body,"
               " valid_from) do update set name = excluded.name, valid_to = excluded.valid_to",
               "iint", &body, &from, &to, name);
}

/* A member "of the term" is one from its first day to its last, unless the row has days of its own. */
static int days_of_term(struct import *im, const char *term, int64_t body, int64_t *from, int64_t *to)
{
    struct stmt *s =
        store_stmt(im->db, "select valid_from, valid_to from body_term where body = ?1 and name = ?2", im->err);
    if (!s) return im->err->code;
    stmt_bind_int(s, 1, body);
    stmt_bind_str(s, 2, term);
    int rc = stmt_step(s, im->err);
    if (rc == 1) {
        *from = stmt_int(s, 0);
        *to = stmt_int(s, 1);
    }
    stmt_done(s);
    return rc == 1 ? 0 : rc < 0 ? rc : import_bad(im, "term");
}

int import_body_member(struct import *im, const struct val *row)
{
    const char *capacity = import_text(im, row, "capacity"), *act = import_text(im, row, "act");
    const char *term = import_text(im, row, "term");
    int64_t body, person, from = PEOPLE_ALWAYS, to = 0;
    int rc = import_code(im, "body", import_text(im, row, "body"), &body);
    if (rc == 0) rc = import_code(im, "person", import_text(im, row, "person"), &person);
    if (rc == 0 && term) rc = days_of_term(im, term, body, &from, &to);
    if (rc == 0) rc = import_day(im, row, "from", from, &from);
    if (rc == 0) rc = import_day(im, row, "to", to, &to);
    if (rc) return rc;
    return PUT(im,
               "insert into body_member(body, person, capacity, valid_from, valid_to, act) values(?1, ?2, ?3, ?4, ?5,"
               " ?6) on conflict(body, person, valid_from) do update set capacity = excluded.capacity, valid_to ="
               " coalesce(excluded.valid_to, valid_to), act = excluded.act",
               "iitint", &body, &person, capacity, &from, &to, act);
}

/* `until` is the last day, as people name it. The same one again, by persons, scope and first day, is brought up to
 * date. */
int import_delegation(struct import *im, const struct val *row)
{
    const char *unit = import_text(im, row, "unit"), *body = import_text(im, row, "body");
    struct people_delegation d = {.position = import_text(im, row, "position"),
                                  .role = import_text(im, row, "role"),
                                  .act = import_text(im, row, "act")};
    int64_t id;
    int rc = import_code(im, "person", import_text(im, row, "from"), &d.from);
    if (rc == 0) rc = import_code(im, "person", import_text(im, row, "to"), &d.to);
    if (rc == 0 && unit) rc = import_code(im, "unit", unit, &d.unit);
    if (rc == 0 && body) rc = import_code(im, "body", body, &d.body);
    if (rc == 0) rc = import_day(im, row, "since", INT64_MIN, &d.since);
    if (rc == 0) rc = import_day(im, row, "until", INT64_MIN, &d.until);
    if (rc) return rc;
    if (d.since == INT64_MIN) return import_bad(im, "since");
    if (d.until == INT64_MIN || ++d.until <= d.since) return import_bad(im, "until");
    rc = PUT(im,
             "delete from delegation where from_person = ?1 and to_person = ?2 and position is ?3 and role is ?4 and"
             " unit is ?5 and body is ?6 and valid_from = ?7",
             "iittnni", &d.from, &d.to, d.position, d.role, &d.unit, &d.body, &d.since);
    return rc ? rc : people_delegate(im->db, &d, im->now, &id, im->err);
}
