/* A reason is found in two steps: what the person (or who delegated to them) holds or held, as rows; then the sentence,
 * from the catalogue. The yes or no itself is people_decide_on's, never decided anew. */
#include "people/explain.h"

#include <string.h>

#include "base/locale.h"
#include "people/people_internal.h"
#include "people/people_reason.h"

/* Positions: the one asked for; roles: by a position that carries it, or by a row of its own; then seats. What is held
 * on the day comes first, then what is nearest to it. ?1 unit (0 any), ?2 day, ?3 person. */
#define NEAREST " order by not (" HELD("h") "), abs(coalesce(h.valid_to, h.valid_from) - ?2) limit 1"

static const char position_sql[] =
    "select h.position, p.title, null, h.unit, null, h.valid_from, h.valid_to, h.act from position_held h"
    " left join position p on p.code = h.position where h.person = ?3 and h.position = ?4 and"
    " (?1 = 0 or h.unit = ?1)" NEAREST;
static const char role_position_sql[] = WITH_UP
    "select h.position, p.title, r.role, h.unit, null, h.valid_from, h.valid_to, h.act from position_held h"
    " join position_role r on r.position = h.position and r.role = ?4 left join position p on p.code = h.position"
    " where h.person = ?3 and (?1 = 0 or h.unit in (select id from up))" NEAREST;
static const char role_sql[] = WITH_UP
    "select null, null, h.role, h.unit, null, h.valid_from, h.valid_to, null from role_held h where h.person = ?3 and"
    " h.role = ?4 and (?1 = 0 or h.unit is null or h.unit in (select id from up))" NEAREST;
static const char body_sql[] =
    "select null, h.capacity, null, null, h.body, h.valid_from, h.valid_to, h.act from body_member h"
    " where h.person = ?3 and h.body = ?1" NEAREST;

static int find_one(struct store *db, const char *sql, const struct people_wanted *w, int64_t person, int64_t day,
                    struct arena *a, struct people_holding *out, struct err *err)
{
    const char *what = w->position ? w->position : w->role;
    *out = (struct people_holding){0};
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, w->body ? w->body : w->unit);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, person);
    if (what) stmt_bind_str(s, 4, what);
    int rc = stmt_step(s, err);
    if (rc == 1)
        *out = (struct people_holding){.position = people_text(s, 0, a),
                                       .title = people_text(s, 1, a),
                                       .role = people_text(s, 2, a),
                                       .unit = stmt_int(s, 3),
                                       .body = stmt_int(s, 4),
                                       .since = stmt_int(s, 5),
                                       .until = stmt_is_null(s, 6) ? INT64_MAX : stmt_int(s, 6),
                                       .act = people_text(s, 7, a)};
    stmt_done(s);
    return rc;
}

int people_holding_find(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, struct arena *a,
                        struct people_holding *out, struct err *err)
{
    struct people_holding other;
    if (w->person) return 0;
    if (w->body) return find_one(db, body_sql, w, person, day, a, out, err);
    if (w->position) return find_one(db, position_sql, w, person, day, a, out, err);
    int rc = find_one(db, role_position_sql, w, person, day, a, out, err);
    if (rc < 0 || (rc == 1 && out->since <= day && day < out->until)) return rc;
    int own = find_one(db, role_sql, w, person, day, a, &other, err);
    if (own == 1) *out = other;
    return own ? own : rc;
}

/* The delegation to this person that explains best: one that holds, then the nearest in time. */
static int find_delegation(struct store *db, const struct people_wanted *w, int64_t id, int64_t person, int64_t day,
                           struct arena *a, struct people_reason *r, struct err *err)
{
    static const char sql[] = "select d.id, d.from_person, d.valid_from, d.valid_to, d.act,"
                              " (d.position is null or d.position = ?3) and (d.role is null or d.role = ?4) and"
                              " d.body is ?5 from delegation d where d.to_person = ?1 and (?6 = 0 or d.id = ?6)"
                              " order by not (" HELD("d") "), abs(d.valid_to - ?2) limit 1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    if (w->position) stmt_bind_str(s, 3, w->position);
    if (w->role) stmt_bind_str(s, 4, w->role);
    if (w->body) stmt_bind_int(s, 5, w->body);
    stmt_bind_int(s, 6, id);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        r->delegation = stmt_int(s, 0);
        r->on_behalf_of = stmt_int(s, 1);
        r->delegated_since = stmt_int(s, 2);
        r->delegated_until = stmt_int(s, 3);
        r->delegation_act = people_text(s, 4, a);
        r->covers = stmt_int(s, 5) == 1;
    }
    stmt_done(s);
    return rc;
}

/* Why a delegation that is there does not help, or NULL. */
static int refuse_delegation(struct store *db, const struct people_wanted *w, int64_t day, struct arena *a,
                             struct people_reason *r, struct err *err)
{
    bool now = r->delegated_since <= day && day < r->delegated_until;
    if (!r->covers) {
        r->kind = now ? "scope" : NULL;
        return 0;
    }
    int fits = people_fits(db, w, r->on_behalf_of, day, err);
    if (fits < 0) return fits;
    if (!now)
        r->kind = day < r->delegated_since ? "delegation_not_yet" : "delegation_ended";
    else
        r->kind = fits == 1 ? "scope" : "delegator";
    return fits == 1 ? people_holding_find(db, w, r->on_behalf_of, day, a, &r->held, err) : 0;
}

static int explain_no(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, struct arena *a,
                      struct people_reason *r, struct err *err)
{
    struct people_wanted anywhere = *w;
    struct people_holding held;
    r->kind = w->person ? "named" : "none";
    int rc = people_holding_find(db, w, person, day, a, &held, err);
    if (rc < 0) return rc;
    int deputy = find_delegation(db, w, 0, person, day, a, r, err);
    if (deputy < 0) return deputy;
    const char *otherwise = r->kind;
    if (deputy == 1) {
        deputy = refuse_delegation(db, w, day, a, r, err);
        if (deputy < 0) return deputy;
        bool live = r->kind && (strcmp(r->kind, "scope") == 0 || strcmp(r->kind, "delegator") == 0);
        if (r->kind && (live || rc == 0)) return 0;
        r->kind = otherwise;
        r->delegation = 0;
    }
    r->on_behalf_of = 0;
    if (rc == 1) r->kind = day < held.since ? "not_yet" : "ended";
    if (rc == 0 && !w->person && !w->body && w->unit) {
        anywhere.unit = 0;
        rc = people_holding_find(db, &anywhere, person, day, a, &held, err);
        if (rc == 1 && held.since <= day && day < held.until) r->kind = "elsewhere";
    }
    if (rc == 1) r->held = held;
    return rc < 0 ? rc : 0;
}

static int explain(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, const char *lang,
                   struct arena *a, struct val *out, struct err *err)
{
    struct people_capacity cap;
    struct people_reason r = {.person = person, .day = day, .wanted = w};
    int rc = people_decide_on(db, w, person, day, &cap, err);
    if (rc < 0) return rc;
    r.may = rc == 1;
    int entry = r.may ? people_entry(db, person, err) : 0;
    if (entry < 0) return entry;
    if (entry == PEOPLE_LOCKED_OUT) {
        r.may = false;
        r.kind = "disabled";
    } else if (!r.may) {
        rc = explain_no(db, w, person, day, a, &r, err);
    } else if (cap.delegation) {
        r.kind = "delegation";
        rc = find_delegation(db, w, cap.delegation, person, day, a, &r, err);
        if (rc >= 0) rc = people_holding_find(db, w, cap.on_behalf_of, day, a, &r.held, err);
    } else {
        r.kind = w->person ? "named" : w->body ? "body" : w->position ? "position" : "role";
        rc = people_holding_find(db, w, person, day, a, &r.held, err);
    }
    return rc < 0 ? rc : people_reason_show(db, &r, lang, a, out, err);
}

int people_explain(struct store *db, const struct val *target, int64_t person, int64_t day, const char *lang,
                   struct arena *a, struct val *out, struct err *err)
{
    struct people_wanted w;
    int rc = people_wanted_read(db, a, target, &w, err);
    return rc ? rc : explain(db, &w, person, day, lang, a, out, err);
}

/* Those who hold it themselves, and those to whom they have delegated; who of them may is asked of each. */
static const char holders_sql[] = "with holder(person) as (select h.person from position_held h where h.position = ?3"
                                  " and (?1 = 0 or h.unit = ?1) and " HELD("h") ") ";
static const char role_holders_sql[] = WITH_UP
    ", holder(person) as (select h.person from role_held h where h.role = ?3 and h.person is not null and " HELD(
        "h") " and (?1 = 0 or h.unit is null or h.unit in (select id from up))"
             " union select h.person from position_role r join position_held h on h.position = r.position"
             " where r.role = ?3 and " HELD("h") " and (?1 = 0 or h.unit in (select id from up))) ";
static const char members_sql[] =
    "with holder(person) as (select h.person from body_member h where h.body = ?1 and " HELD("h") ") ";
static const char named_sql[] = "with holder(person) as (select id from person where id = ?1) ";
/* cross join: from the holders to what they delegated, and not the other way round. */
static const char candidates_sql[] = "select person from holder union select d.to_person from holder cross join"
                                     " delegation d"
                                     " on d.from_person = holder.person where " HELD("d") " order by 1 limit 2000";

static struct stmt *candidates(struct store *db, const struct people_wanted *w, int64_t day, struct arena *a,
                               struct err *err)
{
    const char *what = w->position ? w->position : w->role;
    const char *first = w->person ? named_sql : w->body ? members_sql : w->position ? holders_sql : role_holders_sql;
    char *sql = arena_printf(a, "%s%s", first, candidates_sql);
    struct stmt *s = sql ? store_stmt(db, sql, err) : NULL;
    if (!sql) people_too_large(err);
    if (!s) return NULL;
    stmt_bind_int(s, 1, w->person ? w->person : w->body ? w->body : w->unit);
    stmt_bind_int(s, 2, day);
    if (what && !w->person && !w->body) stmt_bind_str(s, 3, what);
    return s;
}

int people_deciders(struct store *db, const struct val *target, int64_t day, const char *lang, struct arena *a,
                    struct val *out, struct err *err)
{
    struct people_wanted w;
    int rc = people_wanted_read(db, a, target, &w, err);
    if (rc) return rc;
    struct stmt *s = candidates(db, &w, day, a, err);
    if (!s) return err->code;
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val one;
        rc = explain(db, &w, stmt_int(s, 0), day, lang, a, &one, err);
        if (rc) break;
        if (val_get_bool(&one, "may", false) && val_add(a, out, one)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}
