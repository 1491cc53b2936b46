/* The change itself. First all of it is checked, then rows are written: the units that end, their successors, what is
 * below them and what is bound to them. */
#include "people/change.h"

#include "base/date.h"
#include "people/own.h"
#include "people/people_change.h"
#include "runtime/crash.h"

int change_note(struct change *c, const char *list, struct val v)
{
    struct val *known = (struct val *)val_get(c->report, list);
    if (!known) {
        if (val_set(c->a, c->report, list, val_list())) return people_too_large(c->err);
        known = (struct val *)val_get(c->report, list);
    }
    return val_add(c->a, known, v) ? people_too_large(c->err) : 0;
}

static int note_unit(struct change *c, const char *list, int64_t unit, int64_t day)
{
    struct val v;
    int rc = people_unit_get(c->db, unit, day, c->a, &v, c->err);
    return rc == 1 ? change_note(c, list, v) : rc;
}

int change_refuse(struct change *c, int code, const char *key, int64_t unit)
{
    struct val v;
    char day[16];
    int rc = people_unit_get(c->db, unit, c->day, c->a, &v, c->err);
    const char *name = rc == 1 ? val_get_str(v.as.obj.fields, "name") : "";
    date_format_day(c->day, day);
    return rc < 0 ? rc : err_set(c->err, code, key, "unit", name, "day", day, NULL);
}

/* A statement with the unit as ?1 and the day as ?2; more integers follow. */
static int run(struct change *c, const char *sql, int64_t unit, int64_t third, const char *text)
{
    struct stmt *s = store_stmt(c->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, c->day);
    if (third) stmt_bind_int(s, 3, third);
    if (text) stmt_bind_str(s, 4, text);
    return stmt_run(s, c->err);
}

static int ask(struct change *c, const char *sql, int64_t unit, int64_t third)
{
    int64_t one;
    struct stmt *s = store_stmt(c->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, c->day);
    if (third) stmt_bind_int(s, 3, third);
    return people_one(s, &one, c->err);
}

static bool is_into(const struct change *c, int64_t unit)
{
    for (size_t i = 0; i < c->ninto; i++)
        if (c->into[i] == unit) return true;
    return false;
}

/* Alive on the day before (or ended on this very day, when another part of it has gone elsewhere). */
static int check_alive(struct change *c, int64_t unit)
{
    static const char alive[] = "select 1 from unit where id = ?1 and valid_from < ?2 and (valid_to is null or valid_to"
                                " > ?2 or (valid_to = ?2 and exists (select 1 from unit_successor r where r.unit = ?1"
                                " and r.day = ?2)))";
    static const char later[] = "select 1 from unit_name where unit = ?1 and valid_from >= ?2 union all"
                                " select 1 from unit_parent where unit = ?1 and valid_from >= ?2 union all"
                                " select 1 from unit_parent where parent = ?1 and valid_from >= ?2 union all"
                                " select 1 from unit_successor where unit = ?1 and day > ?2 union all"
                                " select 1 from position_held where unit = ?1 and valid_from >= ?2 limit 1";
    int rc = ask(c, alive, unit, 0);
    if (rc == 0) return change_refuse(c, ERR_REFUSED, "people.unit_ended", unit);
    if (rc < 0 || c->how == CHANGE_RENAME || c->how == CHANGE_MOVE || is_into(c, unit)) return rc < 0 ? rc : 0;
    rc = ask(c, later, unit, 0);
    return rc == 1 ? change_refuse(c, ERR_CONFLICT, "people.unit_later", unit) : rc;
}

static int check_into(struct change *c, int64_t unit)
{
    int rc = ask(c, "select 1 from unit where id = ?1 and valid_from <= ?2 and (valid_to is null or valid_to > ?2)",
                 unit, 0);
    return rc == 0 ? change_refuse(c, ERR_REFUSED, "people.unit_ended", unit) : rc < 0 ? rc : 0;
}

/* The unit's row of parent from the day on. */
static int put_parent(struct change *c, int64_t unit, int64_t parent)
{
    int rc = people_is_within(c->db, parent, unit, c->day, c->err);
    if (rc) return rc < 0 ? rc : change_refuse(c, ERR_REFUSED, "people.circle", unit);
    return people_unit_place(c->db, unit, parent, c->day, c->err);
}

static int check_right(struct change *c, int64_t unit)
{
    return c->by ? people_check(c->by, "people.change", unit, c->err) : 0;
}

/* The right at every end: of what goes, of what takes it over, of what it comes to stand below. A new unit that says no
 * parent stands where those stood of which it is made. */
static int check_rights(struct change *c)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->nunits; i++)
        rc = check_right(c, c->units[i]);
    if (rc == 0 && c->parent) rc = check_right(c, c->parent);
    for (size_t k = 0; rc == 0 && k < c->ninto; k++) {
        int64_t above = 0;
        if (!c->is_new[k]) rc = check_right(c, c->into[k]);
        if (rc == 0 && c->specs[k]) rc = change_new_parent(c, k, &above);
        if (rc == 0 && above) rc = check_right(c, above);
    }
    return rc;
}

/* Units below one that ends go to its successor. The successor itself, where it stood below, takes its place. What
 * stood below it on a day that is over may be another's by now. */
static int move_children(struct change *c, int64_t unit, int64_t to)
{
    struct val list;
    int64_t above = 0;
    int rc = people_children(c->db, unit, c->day, c->a, &list, c->err);
    for (size_t i = 0; rc == 0 && i < list.as.list.n; i++) {
        int64_t child = list.as.list.items[i].as.obj.id;
        if (c->day < c->today) rc = check_right(c, child);
        if (rc) return rc;
        if (!to) return change_refuse(c, ERR_REFUSED, "people.unit_below", unit);
        if (child == to) rc = people_parent(c->db, unit, c->day, &above, c->err);
        if (rc < 0) return rc;
        rc = child == to && !above ? 0 : put_parent(c, child, child == to ? above : to);
        if (rc == 0) rc = change_note(c, "moved", list.as.list.items[i]);
    }
    return rc;
}

static int put_successor(struct change *c, int64_t unit, int64_t successor, const char *how)
{
    struct stmt *s = store_stmt(c->db,
                                "insert into unit_successor(unit, day, successor, how, act) values(?1, ?2, ?3, ?4, ?5)"
                                " on conflict(unit, day, successor) do update set how = excluded.how, act ="
                                " excluded.act",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, c->day);
    stmt_bind_int(s, 3, successor);
    stmt_bind_str(s, 4, how);
    if (c->act) stmt_bind_str(s, 5, c->act);
    return stmt_run(s, c->err);
}

static int end_unit(struct change *c, size_t i)
{
    int64_t unit = c->units[i];
    const char *how = i < c->nwhole ? change_how_name(c->how) : "split";
    int rc = 0;
    for (size_t k = 0; rc == 0 && k < c->ninto; k++)
        if (c->into[k] != unit) rc = put_successor(c, unit, c->into[k], how);
    if (rc || is_into(c, unit)) return rc;
    if (c->ninto == 0) rc = put_successor(c, unit, 0, how);
    if (rc == 0) rc = note_unit(c, "ended", unit, c->day - 1);
    if (rc == 0) rc = move_children(c, unit, c->ninto ? c->into[0] : 0);
    if (rc == 0) rc = change_end_bound(c, unit);
    if (rc == 0) rc = run(c, "update unit set valid_to = ?2 where id = ?1", unit, 0, NULL);
    crash_point("people.change_half");
    return rc;
}

/* Has all of it been done before? Then an import that says it again changes nothing. */
static int is_done(struct change *c)
{
    static const char gone[] = "select 1 from unit_successor where unit = ?1 and day = ?2 and successor = ?3";
    static const char named[] = "select 1 from unit_name where unit = ?1 and valid_from = ?2 and name = ?4";
    static const char placed[] = "select 1 from unit_parent where unit = ?1 and valid_from = ?2 and parent = ?3";
    for (size_t i = 0; i < c->nunits; i++) {
        int rc = 1;
        if (c->how == CHANGE_MOVE) rc = ask(c, placed, c->units[i], c->parent);
        if (c->how == CHANGE_RENAME) {
            struct stmt *s = store_stmt(c->db, named, c->err);
            int64_t one;
            if (!s) return c->err->code;
            stmt_bind_int(s, 1, c->units[i]);
            stmt_bind_int(s, 2, c->day);
            stmt_bind_str(s, 4, c->name);
            rc = people_one(s, &one, c->err);
        }
        if (c->how == CHANGE_ABOLISH && !c->ninto)
            rc = ask(c,
                     "select 1 from unit_successor where unit = ?1 and day ="
                     " ?2 and successor = 0",
                     c->units[i], 0);
        for (size_t k = 0; rc == 1 && k < c->ninto; k++)
            rc = c->is_new[k] ? 0 : c->into[k] == c->units[i] ? 1 : ask(c, gone, c->units[i], c->into[k]);
        if (rc != 1) return rc;
    }
    return 1;
}

static int apply(struct change *c)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->nunits; i++)
        rc = check_alive(c, c->units[i]);
    for (size_t k = 0; rc == 0 && k < c->ninto; k++) {
        bool made = c->is_new[k];
        if (made) rc = change_make_unit(c, k);
        if (rc == 0 && made) rc = note_unit(c, "made", c->into[k], c->day);
        if (rc == 0 && !made) rc = check_into(c, c->into[k]);
    }
    for (size_t i = 0; rc == 0 && i < c->nunits; i++) {
        if (c->how == CHANGE_RENAME) {
            rc = people_unit_name(c->db, c->units[i], c->name, c->day, c->err);
            if (rc == 0) rc = put_successor(c, c->units[i], c->units[i], "rename");
        } else if (c->how == CHANGE_MOVE) {
            rc = put_parent(c, c->units[i], c->parent);
        } else {
            rc = end_unit(c, i);
            continue;
        }
        if (rc == 0) rc = note_unit(c, c->how == CHANGE_MOVE ? "moved" : "renamed", c->units[i], c->day);
    }
    return rc;
}

static int make(struct store *db, struct session *by, const struct val *spec, int64_t today, struct arena *a,
                struct val *report, struct err *err)
{
    struct change *c = arena_alloc(a, sizeof(*c));
    *report = val_map();
    if (!c) return people_too_large(err);
    *c = (struct change){.db = db, .by = by, .a = a, .err = err, .today = today, .report = report};
    int rc = change_read(c, spec);
    if (rc == 0) rc = check_rights(c);
    if (rc) return rc;
    if (val_set(a, report, "how", val_str(change_how_name(c->how))) || people_set_day(a, report, "day", c->day))
        return people_too_large(err);
    rc = is_done(c);
    if (rc == 1) return val_set(a, report, "unchanged", val_bool(true)) ? people_too_large(err) : 0;
    if (rc == 0) rc = apply(c);
    crash_point("people.change_made");
    return rc;
}

int people_change_apply(struct store *db, const struct val *spec, int64_t today, struct arena *a, struct val *report,
                        struct err *err)
{
    return make(db, NULL, spec, today, a, report, err);
}

/* Nobody moves a unit below their own, nor takes one over. A name is no place. */
static int change_as(struct session *s, const struct val *spec, struct val *report, struct err *err)
{
    struct people_powers *before;
    bool by_tree = !val_is_str(val_get(spec, "how"), "rename");
    int rc = people_powers_read(s, by_tree, s->arena, &before, err);
    if (rc == 0) rc = make(s->db, s, spec, people_day(s->host, s->now), s->arena, report, err);
    return rc ? rc : people_powers_check(s, before, s->arena, err);
}

int people_change(struct session *s, const struct val *spec, bool dry_run, struct val *report, struct err *err)
{
    if (!dry_run) return change_as(s, spec, report, err);
    int rc = store_mark(s->db, err);
    if (rc) return rc;
    rc = change_as(s, spec, report, err);
    store_mark_rollback(s->db);
    return rc;
}
