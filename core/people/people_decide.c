/* Who may decide a task: the person named, the holder of the position, one who has the role in the
 * unit or above it, or one to whom such a person has delegated. A delegate never passes a
 * delegation on: only what the other holds directly is asked. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

static int64_t id_of(const struct val *v)
{
    return !v ? 0 : v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

static int read_body(struct store *db, struct arena *a, const struct val *v, int64_t *body, struct err *err)
{
    const char *code = v->type == VAL_STR ? val_cstr(a, v) : NULL;
    *body = id_of(v);
    if (!code) return 0;
    int rc = people_body_by_code(db, code, body, err);
    return rc == 0 ? err_set(err, ERR_NOT_FOUND, "people.no_body", "code", code, NULL) : rc < 0 ? rc : 0;
}

int people_wanted_read(struct store *db, struct arena *a, const struct val *target, struct people_wanted *w,
                       struct err *err)
{
    const struct val *position = val_get(target, "position"), *role = val_get(target, "role");
    const struct val *body = val_get(target, "body");
    *w = (struct people_wanted){.person = id_of(val_get(target, "person")), .unit = id_of(val_get(target, "unit"))};
    if (val_is(target, VAL_INT)) w->person = id_of(target);
    if (val_is(target, VAL_OBJ)) *(target->as.obj.kind == &people_body_kind ? &w->body : &w->person) = id_of(target);
    if (position) w->position = val_cstr(a, position);
    if (role) w->role = val_cstr(a, role);
    int rc = body ? read_body(db, a, body, &w->body, err) : 0;
    if (rc || w->person || w->position || w->role || w->body) return rc;
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
int people_fits(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, struct err *err)
{
    int64_t one;
    struct stmt *s;
    if (w->person) return w->person == person;
    if (w->body) return people_is_member(db, w->body, person, day, err);
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

/* A delegation covers the target when each part of its scope that is set agrees. A seat in a body goes with the person:
 * it is covered only where the delegation names the body. */
static const char delegation_sql[] = "select d.id, d.from_person, d.unit from delegation d where "
                                     "d.to_person = ?1 and d.valid_from <= ?2 and d.valid_to"
                                     " > ?2 and (d.position is null or d.position = ?3) and "
                                     "(d.role is null or d.role = ?4) and d.body is ?5 order by d.id";

static int by_delegation(struct store *db, const struct people_wanted *w, int64_t person, int64_t day,
                         struct people_capacity *cap, struct err *err)
{
    struct stmt *s = store_stmt(db, delegation_sql, err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    if (w->position) stmt_bind_str(s, 3, w->position);
    if (w->role) stmt_bind_str(s, 4, w->role);
    if (w->body) stmt_bind_int(s, 5, w->body);
    while ((rc = stmt_step(s, err)) == 1) {
        int64_t from = stmt_int(s, 1), unit = stmt_int(s, 2);
        int yes = 1;
        if (unit) yes = w->unit ? people_is_within(db, w->unit, unit, day, err) : 0;
        if (yes == 1) yes = people_fits(db, w, from, day, err);
        if (yes < 0) rc = yes;
        if (yes == 0) continue;
        cap->delegation = stmt_int(s, 0);
        cap->on_behalf_of = from;
        break;
    }
    stmt_done(s);
    return rc;
}

static int name_capacity(struct store *db, const struct people_wanted *w, struct people_capacity *cap, struct err *err)
{
    size_t len = 0;
    cap->unit = w->unit;
    if (!w->body) {
        snprintf(cap->as, sizeof(cap->as), "%s%s", w->role ? "role:" : "",
                 w->position ? w->position
                 : w->role   ? w->role
                             : "person");
        return 0;
    }
    struct stmt *s = store_stmt(db, "select code, unit from body where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, w->body);
    int rc = stmt_step(s, err);
    const char *code = rc == 1 ? stmt_text(s, 0, &len) : NULL;
    snprintf(cap->as, sizeof(cap->as), "body:%.*s", (int)len, code ? code : "");
    if (rc == 1) cap->unit = stmt_int(s, 1);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int people_decide_on(struct store *db, const struct people_wanted *w, int64_t person, int64_t day,
                     struct people_capacity *cap, struct err *err)
{
    *cap = (struct people_capacity){.why = "may.none"};
    if (person <= 0) return 0;
    int rc = name_capacity(db, w, cap, err);
    if (rc == 0) rc = people_fits(db, w, person, day, err);
    if (rc == 1) cap->why = w->person ? "may.named" : w->position ? "may.holder" : w->body ? "may.member" : "may.role";
    if (rc) return rc;
    rc = by_delegation(db, w, person, day, cap, err);
    if (rc == 1) cap->why = "may.delegate";
    return rc;
}

int people_may_decide(struct session *s, const struct val *target, int64_t person, int64_t now,
                      struct people_capacity *cap, struct err *err)
{
    struct people_wanted w;
    *cap = (struct people_capacity){.why = "may.none"};
    int rc = people_wanted_read(s->db, s->arena, target, &w, err);
    return rc ? rc : people_decide_on(s->db, &w, person, people_day(s->host, now), cap, err);
}

void people_wanted_bind(struct stmt *s, const struct people_wanted *w, int64_t day)
{
    int n = stmt_bind_count(s);
    stmt_bind_int(s, 1, w->unit);
    stmt_bind_int(s, 2, day);
    if (n > 2 && w->position) stmt_bind_str(s, 3, w->position);
    if (n > 3 && w->role) stmt_bind_str(s, 4, w->role);
    if (n > 4 && w->body) stmt_bind_int(s, 5, w->body);
    if (n > 5) stmt_bind_int(s, 6, w->person);
}

static const char anybody_person_sql[] =
    WITH_UP "select 1 from person h where h.id = ?6 and " PEOPLE_CAN_ACT("h.id") " limit 1";

static const char anybody_body_sql[] = WITH_UP
    "select 1 from body_member h where h.body = ?5 and " HELD("h") " and " PEOPLE_CAN_ACT("h.person") " limit 1";

static const char anybody_position_sql[] =
    WITH_UP "select 1 from position_held h where h.position = ?3 and (?1 = 0 or h.unit = ?1) and " HELD(
        "h") " and " PEOPLE_CAN_ACT("h.person") " limit 1";

/* Those who hold the role, from the role's side: by index on role and on position. */
/* clang-format off */
static const char anybody_role_sql[] = WITH_UP
    "select 1 from role_held h where h.role = ?4 and h.person is not null and " HELD("h")
    " and (?1 = 0 or h.unit is null or h.unit in (select id from up)) and " PEOPLE_CAN_ACT("h.person")
    " union all select 1 from position_role r join position_held h on h.position = r.position where r.role = ?4 and "
    HELD("h") " and (?1 = 0 or h.unit in (select id from up)) and " PEOPLE_CAN_ACT("h.person") " limit 1";
/* clang-format on */

int people_can_anybody(struct session *s, const struct val *target, int64_t now, struct err *err)
{
    struct people_wanted w;
    int64_t one;
    int rc = people_wanted_read(s->db, s->arena, target, &w, err);
    if (rc) return rc;
    struct stmt *q = store_stmt(s->db,
                                w.person     ? anybody_person_sql
                                : w.body     ? anybody_body_sql
                                : w.position ? anybody_position_sql
                                             : anybody_role_sql,
                                err);
    if (!q) return err->code;
    people_wanted_bind(q, &w, people_day(s->host, now));
    return people_one(q, &one, err);
}
