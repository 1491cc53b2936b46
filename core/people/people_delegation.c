/* Delegations as rows. What they allow is asked in people_decide.c. */
#include "people/delegation.h"

#include "base/date.h"
#include "people/people_internal.h"

/* Does `from` hold what the scope names (or, without one, anything) on some day of it? */
static const char held_sql[] =
    "select 1 from position_held h where h.person = ?1 and (?4 is null or h.position = ?4) and ?5 is null and ?6 is "
    "null"
    " and h.valid_from < ?3 and (h.valid_to is null or h.valid_to > ?2)"
    " union all select 1 from position_held h join position_role r on r.position = h.position where h.person = ?1"
    " and r.role = ?5 and ?4 is null and h.valid_from < ?3 and (h.valid_to is null or h.valid_to > ?2)"
    " union all select 1 from role_held h where h.person = ?1 and (?5 is null or h.role = ?5) and ?4 is null and"
    " ?6 is null and h.valid_from < ?3 and (h.valid_to is null or h.valid_to > ?2)"
    " union all select 1 from body_member h where h.person = ?1 and h.body = ?6"
    " and h.valid_from < ?3 and (h.valid_to is null or h.valid_to > ?2) limit 1";

static int holds(struct store *db, const struct people_delegation *d, int64_t since, int64_t until, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(db, held_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, d->from);
    stmt_bind_int(s, 2, since);
    stmt_bind_int(s, 3, until);
    if (d->position) stmt_bind_str(s, 4, d->position);
    if (d->role) stmt_bind_str(s, 5, d->role);
    if (d->body) stmt_bind_int(s, 6, d->body);
    return people_one(s, &one, err);
}

static void bind_scope(struct stmt *s, const struct people_delegation *d)
{
    stmt_bind_int(s, 1, d->from);
    stmt_bind_int(s, 2, d->to);
    if (d->position) stmt_bind_str(s, 3, d->position);
    if (d->role) stmt_bind_str(s, 4, d->role);
    if (d->unit) stmt_bind_int(s, 5, d->unit);
    stmt_bind_int(s, 6, d->since);
    stmt_bind_int(s, 7, d->until);
    if (d->body) stmt_bind_int(s, 8, d->body);
}

static int check(struct store *db, const struct people_delegation *d, struct err *err)
{
    static const char twice[] = "select d.id from delegation d where d.from_person = ?1 and d.to_person = ?2"
                                " and d.position is ?3 and d.role is ?4 and d.unit is ?5 and d.body is ?8"
                                " and d.valid_from < ?7 and d.valid_to > ?6 limit 1";
    struct err_num n;
    int64_t known;
    if (d->from == d->to) return err_set(err, ERR_INVALID, "people.delegate_self", NULL);
    if (d->until <= d->since) return err_set(err, ERR_INVALID, "people.delegate_dates", NULL);
    int rc = holds(db, d, d->since, d->until, err);
    if (rc == 0) return err_set(err, ERR_REFUSED, "people.delegate_nothing", NULL);
    if (rc < 0) return rc;
    struct stmt *s = store_stmt(db, twice, err);
    if (!s) return err->code;
    bind_scope(s, d);
    rc = people_one(s, &known, err);
    if (rc == 1) rc = err_set(err, ERR_CONFLICT, "people.delegate_twice", "delegation", err_i64(&n, known), NULL);
    return rc;
}

int people_delegate(struct store *db, const struct people_delegation *d, int64_t now, int64_t *id, struct err *err)
{
    int rc = check(db, d, err);
    if (rc) return rc;
    struct stmt *s = store_stmt(db,
                                "insert into delegation(from_person, to_person, position, role, unit, valid_from,"
                                " valid_to, body, act, created_at) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                                " returning id",
                                err);
    if (!s) return err->code;
    bind_scope(s, d);
    if (d->act) stmt_bind_str(s, 9, d->act);
    stmt_bind_int(s, 10, now);
    rc = people_one(s, id, err);
    return rc < 0 ? rc : 0;
}

int people_delegation_revoke(struct store *db, int64_t id, int64_t day, struct err *err)
{
    /* One that has not begun would end before it starts: it is deleted. */
    static const char *const sql[] = {"delete from delegation where id = ?1 and valid_from >= ?2",
                                      "update delegation set valid_to = ?2 where id = ?1 and valid_to > ?2"};
    struct err_num n;
    int64_t changed = 0;
    for (int i = 0; i < 2; i++) {
        struct stmt *s = store_stmt(db, sql[i], err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, id);
        stmt_bind_int(s, 2, day);
        int rc = stmt_run(s, err);
        if (rc) return rc;
        changed += store_changes(db);
    }
    return changed ? 0 : err_set(err, ERR_NOT_FOUND, "people.no_delegation", "delegation", err_i64(&n, id), NULL);
}

#define COLUMNS "select " PEOPLE_DELEGATION_COLUMNS " from delegation d "

static void read_row(struct stmt *s, struct arena *a, struct people_delegation *d)
{
    *d = (struct people_delegation){.from = stmt_int(s, 1),
                                    .to = stmt_int(s, 2),
                                    .position = people_text(s, 3, a),
                                    .role = people_text(s, 4, a),
                                    .unit = stmt_int(s, 5),
                                    .body = stmt_int(s, 6),
                                    .since = stmt_int(s, 7),
                                    .until = stmt_int(s, 8),
                                    .act = people_text(s, 9, a)};
}

int people_delegation_get(struct store *db, int64_t id, struct people_delegation *out, struct arena *a, struct err *err)
{
    struct stmt *s = store_stmt(db, COLUMNS "where d.id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) read_row(s, a, out);
    stmt_done(s);
    return rc;
}

/* Adds the object under a name, unless the id is 0. */
static int set_object(struct store *db, const char *name, int64_t id, int64_t day,
                      int (*get)(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out,
                                 struct err *err),
                      struct arena *a, struct val *row, struct err *err)
{
    struct val object;
    int rc = id ? get(db, id, day, a, &object, err) : 0;
    if (rc == 1) rc = val_set(a, row, name, object) ? people_too_large(err) : 0;
    return rc;
}

static int get_person(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    (void)day;
    return people_person_get(db, id, a, out, err);
}

static int show(struct store *db, int64_t id, const struct people_delegation *d, int64_t day, struct arena *a,
                struct val *row, struct err *err)
{
    int valid = holds(db, d, day, day + 1, err);
    if (valid < 0) return valid;
    *row = val_map();
    int rc = val_set(a, row, "id", val_int(id));
    if (rc == 0) rc = set_object(db, "from", d->from, day, get_person, a, row, err);
    if (rc == 0) rc = set_object(db, "to", d->to, day, get_person, a, row, err);
    if (rc == 0) rc = set_object(db, "unit", d->unit, day, people_unit_get, a, row, err);
    if (rc == 0) rc = set_object(db, "body", d->body, day, people_body_get, a, row, err);
    if (rc == 0 && d->position) rc = val_set(a, row, "position", val_str(d->position));
    if (rc == 0 && d->role) rc = val_set(a, row, "role", val_str(d->role));
    if (rc == 0) rc = people_set_day(a, row, "since", d->since);
    if (rc == 0) rc = people_set_day(a, row, "until", d->until - 1);
    if (rc == 0 && d->act) rc = val_set(a, row, "act", val_str(d->act));
    if (rc == 0) rc = val_set(a, row, "holds", val_bool(valid == 1));
    return rc == ERR_NOMEM ? people_too_large(err) : rc;
}

int people_delegation_show(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    const struct people_delegation_reader *r = ctx;
    struct people_delegation d;
    read_row(s, a, &d);
    return show(r->db, stmt_int(s, 0), &d, r->day, a, row, err);
}

int people_delegations(struct store *db, int64_t person, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    static const char one[] =
        COLUMNS "where d.from_person = ?1 and " HELD("d") " union " COLUMNS
                                                          "where d.to_person = ?1 and " HELD("d") " order by 1";
    static const char all[] = COLUMNS "where " HELD("d") " order by d.id limit 20000";
    struct stmt *s = store_stmt(db, person ? one : all, err);
    int rc;
    struct people_delegation_reader reader = {db, day};
    if (!s) return err->code;
    if (person) stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        rc = people_delegation_show(&reader, s, a, &row, err);
        if (rc == 0 && val_add(a, out, row)) rc = people_too_large(err);
        if (rc) break;
    }
    stmt_done(s);
    return rc;
}
