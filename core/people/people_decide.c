/* Who may decide a task: the person named, the holder of the position, one who has the role in the
 * unit or above it, or one to whom such a person has delegated. A delegate never passes a
 * delegation on: only what the other holds directly is asked. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

struct wanted {
    int64_t person, unit;
    const char *position, *role; /* in the session's arena */
};

static int64_t id_of(const struct val *v)
{
    return !v ? 0 : v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

static int read_target(struct session *s, const struct val *target, struct wanted *w, struct err *err)
{
    const struct val *position = val_get(target, "position"), *role = val_get(target, "role");
    *w = (struct wanted){.person = id_of(val_get(target, "person")), .unit = id_of(val_get(target, "unit"))};
    if (val_is(target, VAL_INT) || val_is(target, VAL_OBJ)) w->person = id_of(target);
    if (position) w->position = val_cstr(s->arena, position);
    if (role) w->role = val_cstr(s->arena, role);
    if (w->person || w->position || w->role) return 0;
    return err_set(err, ERR_INVALID, "people.target", NULL);
}

/* Does this person have the role in a unit or above it? unit 0: a role not tied to a unit, or
 * anywhere. By a row of their own, or by a position that carries the role. */
static const char role_sql[] = WITH_UP "select 1 from role_held h where h.person = ?3 and h.role = ?4 and " HELD(
    "h") " and (?1 = 0 or h.unit is null or h.unit in (select id from up))"
         " union all select 1 from position_held h join position_role r on r.position = "
         "h.position where h.person = ?3"
         " and r.role = ?4 and " HELD("h") " and (?1 = 0 or h.unit in (select id from up)) limit 1";

/* 1 when the person fits by what they hold themselves. */
static int fits(struct store *db, const struct wanted *w, int64_t person, int64_t day, struct err *err)
{
    int64_t one;
    struct stmt *s;
    if (w->person) return w->person == person;
    if (w->position)
        s = store_stmt(db,
                       "select 1 from position_held h where h.person = ?3 and h.position = ?4 and "
                       "(?1 = 0 or h.unit = ?1)"
                       " and " HELD("h") " limit 1",
                       err);
    else
        s = store_stmt(db, role_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, w->unit);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, person);
    stmt_bind_str(s, 4, w->position ? w->position : w->role);
    return people_one(s, &one, err);
}

/* A delegation covers the target when each part of its scope that is set agrees. */
static const char delegation_sql[] = "select d.id, d.from_person, d.unit from delegation d where "
                                     "d.to_person = ?1 and d.valid_from <= ?2 and d.valid_to"
                                     " > ?2 and (d.position is null or d.position = ?3) and "
                                     "(d.role is null or d.role = ?4) order by d.id";

static int by_delegation(struct store *db, const struct wanted *w, int64_t person, int64_t day,
                         struct people_capacity *cap, struct err *err)
{
    struct stmt *s = store_stmt(db, delegation_sql, err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    if (w->position) stmt_bind_str(s, 3, w->position);
    if (w->role) stmt_bind_str(s, 4, w->role);
    while ((rc = stmt_step(s, err)) == 1) {
        int64_t from = stmt_int(s, 1), unit = stmt_int(s, 2);
        int yes = 1;
        if (unit) yes = w->unit ? people_is_within(db, w->unit, unit, day, err) : 0;
        if (yes == 1) yes = fits(db, w, from, day, err);
        if (yes < 0) rc = yes;
        if (yes == 0) continue;
        cap->delegation = stmt_int(s, 0);
        cap->on_behalf_of = from;
        break;
    }
    stmt_done(s);
    return rc;
}

int people_may_decide(struct session *s, const struct val *target, int64_t person, int64_t now,
                      struct people_capacity *cap, struct err *err)
{
    struct wanted w;
    int64_t day = people_day(s->host, now);
    *cap = (struct people_capacity){.why = "may.none"};
    int rc = read_target(s, target, &w, err);
    if (rc || person <= 0) return rc;
    cap->unit = w.unit;
    if (w.position)
        snprintf(cap->as, sizeof(cap->as), "%s", w.position);
    else if (w.role)
        snprintf(cap->as, sizeof(cap->as), "role:%s", w.role);
    else
        snprintf(cap->as, sizeof(cap->as), "person");
    rc = fits(s->db, &w, person, day, err);
    if (rc == 1) cap->why = w.person ? "may.named" : w.position ? "may.holder" : "may.role";
    if (rc) return rc;
    rc = by_delegation(s->db, &w, person, day, cap, err);
    if (rc == 1) cap->why = "may.delegate";
    return rc;
}

/* Those who hold the role, from the role's side: by index on role and on position. */
static const char anybody_role_sql[] =
    WITH_UP "select 1 from role_held h where h.role = ?3 and h.person is not null and " HELD(
        "h") " and (?1 = 0 or h.unit is null or h.unit in (select id from up))"
             " union all select 1 from position_role r join position_held h on h.position = "
             "r.position where r.role = ?3 and " HELD("h") " and (?1 = 0 or h.unit in (select id from up)) limit 1";

int people_can_anybody(struct session *s, const struct val *target, int64_t now, struct err *err)
{
    struct wanted w;
    int64_t one, day = people_day(s->host, now);
    int rc = read_target(s, target, &w, err);
    if (rc) return rc;
    struct stmt *q =
        store_stmt(s->db,
                   w.person     ? "select 1 from person where id = ?1"
                   : w.position ? "select 1 from position_held h where h.position = ?3 and (?1 = 0 or h.unit"
                                  " = ?1) and " HELD("h") " limit 1"
                                : anybody_role_sql,
                   err);
    if (!q) return err->code;
    stmt_bind_int(q, 1, w.person ? w.person : w.unit);
    if (!w.person) {
        stmt_bind_int(q, 2, day);
        stmt_bind_str(q, 3, w.position ? w.position : w.role);
    }
    return people_one(q, &one, err);
}

int people_delegate(struct store *db, const struct people_delegation *d, int64_t now, int64_t *id, struct err *err)
{
    if (d->from == d->to) return err_set(err, ERR_INVALID, "people.delegate_self", NULL);
    if (d->until <= d->since) return err_set(err, ERR_INVALID, "people.delegate_dates", NULL);
    struct stmt *s =
        store_stmt(db,
                   "insert into delegation(from_person, to_person, position, role, unit, valid_from, valid_to,"
                   " act, created_at) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) returning id",
                   err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, d->from);
    stmt_bind_int(s, 2, d->to);
    if (d->position) stmt_bind_str(s, 3, d->position);
    if (d->role) stmt_bind_str(s, 4, d->role);
    if (d->unit) stmt_bind_int(s, 5, d->unit);
    stmt_bind_int(s, 6, d->since);
    stmt_bind_int(s, 7, d->until);
    if (d->act) stmt_bind_str(s, 8, d->act);
    stmt_bind_int(s, 9, now);
    int rc = people_one(s, id, err);
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
