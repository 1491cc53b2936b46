/* What somebody's holdings reach in the tree: a unit that is moved below one of them, or taken over by one, is a right
 * gained, though no row of a holding was written. */
#include "people/people_own_tree.h"

#include <string.h>

/* clang-format off */

#define EVER "9223372036854775807"
#define OPEN(t) "(" t ".valid_to is null or " t ".valid_to > ?2)"
#define UNTIL(t) "coalesce(" t ".valid_to, " EVER ")"
#define HOLDS(what, name, deep, from)                                                                                  \
    "select '" what "', " name ", coalesce(h.unit, 0), " deep ", max(h.valid_from, ?2), " UNTIL("h")                   \
    " from " from " and " OPEN("h")
#define POSITION_ROLES "position_held h join position_role r on r.position = h.position"
#define OF_WHOM "(select p.code from person p where p.id = d.from_person) || ' ' || "
/* What another holds, as far as a delegation to the person lets them act. */
#define LENT(name, deep, from, fits)                                                                                   \
    "select 'delegated', " OF_WHOM name ", coalesce(h.unit, 0), " deep ", max(h.valid_from, d.valid_from, ?2), min("   \
    UNTIL("h") ", d.valid_to) from delegation d join " from " where d.to_person = ?3 and d.valid_to > ?2"              \
    " and d.body is null and " fits " and h.person = d.from_person and " OPEN("h")

/* ?2 the day, ?3 the person, ?4 the account. Days that are over do not count. */
static const char reach_sql[] =
    "with recursive down(what, detail, unit, deep, since, until) as ("
    HOLDS("role", "h.role", "1", "role_held h where h.person = ?3")
    " union " HOLDS("role", "h.role", "1", "role_held h where h.account = ?4")
    " union " HOLDS("role", "r.role", "1", POSITION_ROLES " where h.person = ?3")
    " union " HOLDS("position", "h.position", "0", "position_held h where h.person = ?3")
    " union select 'delegation', " OF_WHOM "coalesce(d.position, d.role, '*'), d.unit, 1, max(d.valid_from, ?2),"
    " d.valid_to from delegation d where d.to_person = ?3 and d.valid_to > ?2 and d.body is null and d.unit is not null"
    " union " LENT("h.role", "1", "role_held h", "d.position is null and (d.role is null or d.role = h.role)")
    " union " LENT("r.role", "1", POSITION_ROLES, "d.position is null and (d.role is null or d.role = r.role)")
    " union " LENT("'position ' || h.position", "0", "position_held h",
                   "d.role is null and (d.position is null or d.position = h.position)")
    " union select down.what, down.detail, p.unit, down.deep, max(down.since, p.valid_from), min(down.until, " UNTIL("p")
    ") from down join unit_parent p on p.parent = down.unit where down.deep and p.valid_from < down.until and " UNTIL("p")
    " > down.since"
    " union select down.what, down.detail, r.unit, down.deep, max(down.since, r.day), down.until from down join"
    " unit_successor r on r.successor = down.unit where down.unit > 0 and r.unit <> down.unit and r.day < down.until"
    ") select what, detail, unit, since, until from down where until > since order by 1, 2, 3, 4";

/* clang-format on */

static bool is_same(const struct own_reach *a, const struct own_reach *b)
{
    return strcmp(a->what, b->what) == 0 && strcmp(a->detail, b->detail) == 0;
}

static int add(struct own_tree *t, size_t *cap, struct stmt *st, struct arena *a)
{
    if (t->n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        struct own_reach *of = arena_alloc(a, more * sizeof(*of));
        if (!of) return ERR_NOMEM;
        if (t->n) memcpy(of, t->of, t->n * sizeof(*of));
        t->of = of;
        *cap = more;
    }
    struct own_reach *r = &t->of[t->n];
    const struct own_reach *last = t->n ? r - 1 : NULL;
    size_t len;
    *r = (struct own_reach){.unit = stmt_int(st, 2), .since = stmt_int(st, 3), .until = stmt_int(st, 4)};
    /* Names are kept once for all units of a holding. */
    const char *what = stmt_text(st, 0, &len);
    r->what = last && strcmp(last->what, what) == 0 ? last->what : people_text(st, 0, a);
    const char *detail = stmt_text(st, 1, &len);
    r->detail = last && strcmp(last->detail, detail) == 0 ? last->detail : people_text(st, 1, a);
    if (!r->what || !r->detail) return ERR_NOMEM;
    t->n++;
    return 0;
}

static int read_last(struct session *s, int64_t *last, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select coalesce(max(id), 0) from unit", err);
    if (!st) return err->code;
    int rc = people_one(st, last, err);
    return rc < 0 ? rc : 0;
}

int own_tree_read(struct session *s, int64_t person, int64_t account, struct arena *a, struct own_tree *out,
                  struct err *err)
{
    size_t cap = 0;
    *out = (struct own_tree){0};
    int rc = read_last(s, &out->last_unit, err);
    struct stmt *st = rc ? NULL : store_stmt(s->db, reach_sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 2, people_day(s->host, s->now));
    stmt_bind_int(st, 3, person);
    stmt_bind_int(st, 4, account);
    while ((rc = stmt_step(st, err)) == 1)
        if (add(out, &cap, st, a)) break;
    stmt_done(st);
    return rc == 1 ? people_too_large(err) : rc;
}

static int order(const struct own_reach *a, const struct own_reach *b, int64_t unit)
{
    int by = strcmp(a->what, b->what);
    if (by == 0) by = strcmp(a->detail, b->detail);
    return by ? by : (a->unit > unit) - (a->unit < unit);
}

/* The first row of the same holding in the unit. */
static size_t find(const struct own_tree *t, const struct own_reach *r, int64_t unit)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (order(&t->of[mid], r, unit) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* How far from the day on it was reached without a gap. */
static int64_t reached(const struct own_tree *t, const struct own_reach *r, int64_t unit, int64_t day)
{
    for (size_t i = find(t, r, unit); i < t->n && order(&t->of[i], r, unit) == 0; i++)
        if (t->of[i].since <= day && t->of[i].until > day) day = t->of[i].until;
    return day;
}

static bool had(const struct own_tree *before, const struct own_reach *r)
{
    int64_t day = r->since, was;
    if (r->unit > before->last_unit) return true;
    do {
        was = day;
        day = reached(before, r, 0, day);
        day = reached(before, r, r->unit, day);
    } while (day > was && day < r->until);
    return day >= r->until;
}

static int add_gain(struct session *s, const struct own_reach *r, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select code from unit where id = ?1", err);
    const char *code = NULL;
    if (!st) return err->code;
    stmt_bind_int(st, 1, r->unit);
    int rc = stmt_step(st, err);
    if (rc == 1) code = people_text(st, 0, a);
    stmt_done(st);
    if (rc < 0) return rc;
    const char *text = arena_printf(a, "%s %s@%s", r->what, r->detail, rc == 1 && code ? code : "*");
    return !text || val_add(a, out, val_str(text)) ? people_too_large(err) : 0;
}

int own_tree_gained(struct session *s, const struct own_tree *before, const struct own_tree *now, struct arena *a,
                    struct val *out, struct err *err)
{
    const struct own_reach *told = NULL;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < now->n; i++) {
        const struct own_reach *r = &now->of[i];
        if ((told && is_same(told, r)) || had(before, r)) continue;
        rc = add_gain(s, r, a, out, err);
        told = r;
    }
    return rc;
}
