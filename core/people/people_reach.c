/* Whom a target reaches: all who may decide it today, those who stand in for them included, with how each is written
 * to. The counterpart of people_may_decide, from the target's side. */
#include "people/people_internal.h"

#include <string.h>

struct reach {
    struct session *s;
    struct people_crowd *crowd;
    struct arena *a;
    int64_t day;
    size_t before; /* so many were there: one target gives nobody twice */
    struct people_wanted w;
    struct err *err;
};

static bool has(const struct people_crowd *crowd, size_t among, int64_t person)
{
    for (size_t i = 0; i < among; i++)
        if (crowd->of[i].person == person) return true;
    return false;
}

static int grow(struct reach *r)
{
    struct people_crowd *c = r->crowd;
    struct err_num most;
    if (c->n < c->cap) return 0;
    if (c->n >= c->most)
        return err_set(r->err, ERR_LIMIT, "people.too_many", "most", err_i64(&most, (int64_t)c->most), NULL);
    size_t cap = c->cap ? c->cap * 2 : 8;
    struct people_reached *of = arena_alloc(r->a, cap * sizeof(*of));
    if (!of) return people_too_large(r->err);
    if (c->n) memcpy(of, c->of, c->n * sizeof(*of));
    c->of = of;
    c->cap = cap;
    return 0;
}

static const char person_sql[] = "select p.id, p.name, p.email, (select a.lang from account a where a.person = p.id and"
                                 " a.disabled_at is null order by a.id limit 1) from person p where p.id = ?1";

static int add(struct reach *r, int64_t person)
{
    struct people_crowd *c = r->crowd;
    if (has(c, c->ids_only ? r->before : c->n, person)) return 0;
    int rc = grow(r);
    if (rc == 0 && c->ids_only) {
        c->of[c->n++] = (struct people_reached){.person = person};
        return 0;
    }
    struct stmt *s = rc ? NULL : store_stmt(r->s->db, person_sql, r->err);
    if (!s) return r->err->code;
    stmt_bind_int(s, 1, person);
    rc = stmt_step(s, r->err);
    if (rc == 1) {
        struct people_reached *p = &r->crowd->of[r->crowd->n++];
        *p = (struct people_reached){.person = person,
                                     .name = people_text(s, 1, r->a),
                                     .email = people_text(s, 2, r->a),
                                     .lang = people_text(s, 3, r->a)};
        if (!p->name) rc = people_too_large(r->err);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Each delegation of a person found that covers the target, as people_may_decide reads it. */
static int add_delegates(struct reach *r, size_t from, size_t until)
{
    static const char sql[] =
        "select d.to_person, d.unit from delegation d where d.from_person = ?1 and d.valid_from <="
        " ?2 and d.valid_to > ?2 and (d.position is null or d.position = ?3) and (d.role is null"
        " or d.role = ?4) and d.body is ?5 order by d.id";
    int rc = 0;
    for (size_t i = from; rc == 0 && i < until; i++) {
        struct stmt *s = store_stmt(r->s->db, sql, r->err);
        if (!s) return r->err->code;
        stmt_bind_int(s, 1, r->crowd->of[i].person);
        stmt_bind_int(s, 2, r->day);
        if (r->w.position) stmt_bind_str(s, 3, r->w.position);
        if (r->w.role) stmt_bind_str(s, 4, r->w.role);
        if (r->w.body) stmt_bind_int(s, 5, r->w.body);
        while ((rc = stmt_step(s, r->err)) == 1) {
            int64_t unit = stmt_int(s, 1);
            int covers = unit == 0 ? 1 : r->w.unit ? people_is_within(r->s->db, r->w.unit, unit, r->day, r->err) : 0;
            if (covers < 0 || (covers == 1 && add(r, stmt_int(s, 0)) != 0)) {
                rc = r->err->code;
                break;
            }
        }
        stmt_done(s);
    }
    return rc;
}

/* ?7: those too who cannot act. */
#define WHO_CAN(holder) " and (?7 or " PEOPLE_CAN_ACT(holder) ")"

static const char body_sql[] = WITH_UP "select distinct h.person from body_member h where h.body = ?5 and " HELD("h")
    WHO_CAN("h.person") " order by h.person";

static const char position_sql[] =
    WITH_UP "select distinct h.person from position_held h where h.position = ?3 and (?1 = 0 or h.unit ="
            " ?1) and " HELD("h") WHO_CAN("h.person") " order by h.person";

/* clang-format off */
static const char role_sql[] = WITH_UP
    "select h.person from role_held h where h.role = ?4 and h.person is not null and " HELD("h")
    " and (?1 = 0 or h.unit is null or h.unit in (select id from up))" WHO_CAN("h.person")
    " union select h.person from position_role r join position_held h on h.position = r.position where r.role = ?4"
    " and " HELD("h") " and (?1 = 0 or h.unit in (select id from up))" WHO_CAN("h.person") " order by 1";
/* clang-format on */

static const char one_sql[] = WITH_UP "select h.id from person h where h.id = ?6" WHO_CAN("h.id");

static int add_all(struct reach *r)
{
    const struct people_wanted *w = &r->w;
    int rc;
    struct stmt *s = store_stmt(r->s->db,
                                w->person     ? one_sql
                                : w->body     ? body_sql
                                : w->position ? position_sql
                                              : role_sql,
                                r->err);
    if (!s) return r->err->code;
    people_wanted_bind(s, w, r->day);
    stmt_bind_int(s, 7, !r->crowd->can_act);
    while ((rc = stmt_step(s, r->err)) == 1)
        if ((rc = add(r, stmt_int(s, 0))) != 0) break;
    stmt_done(s);
    return rc;
}

int people_reach(struct session *s, const struct val *target, struct arena *a, struct people_crowd *crowd,
                 struct err *err)
{
    struct reach r = {
        .s = s, .crowd = crowd, .a = a, .day = people_day(s->host, s->now), .before = crowd->n, .err = err};
    int rc = people_wanted_read(s->db, a, target, &r.w, err);
    if (rc == 0) rc = add_all(&r);
    return rc || crowd->ids_only ? rc : add_delegates(&r, r.before, crowd->n);
}
