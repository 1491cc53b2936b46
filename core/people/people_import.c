/* Reading an organisation from a tree of values (JSON, or a plugin's table). Each kind of row has
 * one reader; all are idempotent: rows are found by code (or by what makes them the same) and
 * brought to what the tree says. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/date.h"
#include "base/text.h"

struct import {
    struct store *db;
    struct arena *a;
    int64_t now, day;
    const char *what; /* "units" */
    size_t at;        /* which entry, from 1 */
    struct err *err;
};

static int bad(struct import *im, const char *field)
{
    char at[24];
    snprintf(at, sizeof(at), "%zu", im->at);
    return err_set(im->err, ERR_INVALID, "people.import", "list", im->what, "entry", at, "field", field, NULL);
}

/* Text in NFC; NULL when absent or not text. */
static const char *text_of(struct import *im, const struct val *row, const char *name)
{
    const struct val *v = val_get(row, name);
    const char *s;
    size_t len;
    if (!val_is(v, VAL_STR) || memchr(v->as.str.s, 0, v->as.str.len)) return NULL;
    if (text_nfc(im->a, v->as.str.s, v->as.str.len, &s, &len, im->err)) return NULL;
    return len ? arena_strndup(im->a, s, len) : NULL;
}

/* A date as text, or `otherwise`. */
static int day_of(struct import *im, const struct val *row, const char *name, int64_t otherwise, int64_t *out)
{
    const struct val *v = val_get(row, name);
    struct date d;
    int32_t offset;
    *out = otherwise;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_OBJ) *out = v->as.obj.id;
    if (v->type == VAL_OBJ) return strcmp(v->as.obj.kind->name, "date") == 0 ? 0 : bad(im, name);
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return bad(im, name);
    *out = date_days(d.year, d.month, d.day);
    return 0;
}

/* Runs a statement whose values are text and integers: "t" NULL-able text, "i" integer, "n" integer
 * or null if 0. */
static int put(struct import *im, const char *sql, const char *types, const void *const *values)
{
    struct stmt *s = store_stmt(im->db, sql, im->err);
    if (!s) return im->err->code;
    for (int i = 0; types[i]; i++) {
        if (types[i] == 't') {
            if (values[i]) stmt_bind_str(s, i + 1, values[i]);
            continue;
        }
        int64_t number = *(const int64_t *)values[i];
        if (types[i] == 'i' || number) stmt_bind_int(s, i + 1, number);
    }
    return stmt_run(s, im->err);
}
#define PUT(im, sql, types, ...) put(im, sql, types, (const void *const[]){__VA_ARGS__})

static int find_code(struct import *im, const char *field, const char *code, int64_t *id)
{
    bool unit = strcmp(field, "unit") == 0 || strcmp(field, "parent") == 0 || strcmp(field, "successor") == 0;
    if (!code) return bad(im, field);
    int rc = unit ? people_unit_by_code(im->db, code, id, im->err) : people_person_by_code(im->db, code, id, im->err);
    if (rc == 1) return 0;
    if (rc < 0) return rc;
    bad(im, field);
    err_add_arg(im->err, "code", code);
    return ERR_INVALID;
}

static int each_text(struct import *im, const struct val *list, const char *sql, const char *key)
{
    for (size_t i = 0; val_at(list, i); i++) {
        const char *s = val_cstr(im->a, val_at(list, i));
        int rc = s ? PUT(im, sql, "tt", key, s) : bad(im, "list");
        if (rc) return rc;
    }
    return 0;
}

static int import_unit(struct import *im, const struct val *row)
{
    const char *code = text_of(im, row, "code"), *name = text_of(im, row, "name"), *kind = text_of(im, row, "kind");
    int64_t from, to, since, id;
    if (!code) return bad(im, "code");
    if (!name) return bad(im, "name");
    int rc = day_of(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = day_of(im, row, "to", 0, &to);
    if (rc == 0) rc = day_of(im, row, "name_from", from, &since);
    if (rc == 0)
        rc = PUT(im,
                 "insert into unit(code, kind, valid_from, valid_to) values(?1, ?2, ?3, ?4) on "
                 "conflict(code) do update"
                 " set kind = excluded.kind, valid_from = excluded.valid_from, valid_to = "
                 "excluded.valid_to",
                 "ttin", code, kind ? kind : "unit", &from, &to);
    if (rc == 0) rc = find_code(im, "unit", code, &id);
    if (rc == 0)
        rc = PUT(im,
                 "update unit_name set valid_to = ?2 where unit = ?1 and valid_from < ?2 and "
                 "valid_to is null",
                 "ii", &id, &since);
    if (rc == 0)
        rc = PUT(im,
                 "insert into unit_name(unit, valid_from, name, valid_to) values(?1, ?2, ?3, "
                 "(select min(n.valid_from) from"
                 " unit_name n where n.unit = ?1 and n.valid_from > ?2)) on conflict(unit, "
                 "valid_from) do update set name"
                 " = excluded.name",
                 "iit", &id, &since, name);
    return rc;
}

/* Would the parent stand below its child on some day from `since` on? Rows that end before do not
 * count. */
static int makes_circle(struct import *im, int64_t unit, int64_t parent, int64_t since)
{
    static const char sql[] = "with recursive up(id) as (select ?1 union select p.parent from up join unit_parent p on"
                              " p.unit = up.id where p.valid_to is null or p.valid_to > ?2)"
                              " select 1 from up where id = ?3 limit 1";
    int64_t one;
    struct stmt *s = store_stmt(im->db, sql, im->err);
    if (!s) return im->err->code;
    stmt_bind_int(s, 1, parent);
    stmt_bind_int(s, 2, since);
    stmt_bind_int(s, 3, unit);
    return people_one(s, &one, im->err);
}

/* Parents after all units, so that the order in the list does not matter. */
static int import_parent(struct import *im, const struct val *row)
{
    const char *parent = text_of(im, row, "parent");
    int64_t unit, above, since;
    if (!parent) return 0;
    int rc = find_code(im, "unit", text_of(im, row, "code"), &unit);
    if (rc == 0) rc = find_code(im, "parent", parent, &above);
    if (rc == 0) rc = day_of(im, row, "from", PEOPLE_ALWAYS, &since);
    if (rc == 0) rc = day_of(im, row, "parent_from", since, &since);
    if (rc) return rc;
    rc = makes_circle(im, unit, above, since);
    if (rc) return rc < 0 ? rc : bad(im, "parent");
    rc = PUT(im,
             "update unit_parent set valid_to = ?2 where unit = ?1 and valid_from < ?2 and "
             "valid_to is null",
             "ii", &unit, &since);
    if (rc) return rc;
    return PUT(im,
               "insert into unit_parent(unit, valid_from, parent, valid_to) values(?1, ?2, ?3, "
               "(select min(p.valid_from) from"
               " unit_parent p where p.unit = ?1 and p.valid_from > ?2)) on conflict(unit, "
               "valid_from) do update set"
               " parent = excluded.parent",
               "iii", &unit, &since, &above);
}

static int import_successor(struct import *im, const struct val *row)
{
    const char *how = text_of(im, row, "how"), *next = text_of(im, row, "successor"), *act = text_of(im, row, "act");
    int64_t unit, successor = 0, day;
    int rc = find_code(im, "unit", text_of(im, row, "unit"), &unit);
    if (rc == 0 && next) rc = find_code(im, "successor", next, &successor);
    if (rc == 0) rc = day_of(im, row, "day", INT64_MIN, &day);
    if (rc) return rc;
    if (day == INT64_MIN) return bad(im, "day");
    static const char *const ways[] = {"merge", "split", "rename", "abolish"};
    bool known = false;
    for (size_t i = 0; how && i < 4; i++)
        known |= strcmp(how, ways[i]) == 0;
    if (!known) return bad(im, "how");
    return PUT(im,
               "insert into unit_successor(unit, day, successor, how, act) values(?1, ?2, ?3, ?4, "
               "?5) on conflict(unit, day,"
               " successor) do update set how = excluded.how, act = excluded.act",
               "iiitt", &unit, &day, &successor, how, act);
}

static int import_role(struct import *im, const struct val *row)
{
    const char *name = text_of(im, row, "name");
    if (!name) return bad(im, "name");
    int rc = PUT(im, "delete from role_verb where role = ?1", "t", name);
    return rc ? rc
              : each_text(im, val_get(row, "verbs"), "insert or ignore into role_verb(role, verb) values(?1, ?2)",
                          name);
}

static int import_position(struct import *im, const struct val *row)
{
    const char *code = text_of(im, row, "code"), *title = text_of(im, row, "title");
    if (!code) return bad(im, "code");
    int rc = PUT(im,
                 "insert into position(code, title) values(?1, ?2) on conflict(code) do update set "
                 "title = excluded.title",
                 "tt", code, title ? title : code);
    if (rc == 0) rc = PUT(im, "delete from position_role where position = ?1", "t", code);
    return rc ? rc
              : each_text(im, val_get(row, "roles"),
                          "insert or ignore into position_role(position, role) values(?1, ?2)", code);
}

static int import_person(struct import *im, const struct val *row)
{
    const char *code = text_of(im, row, "code"), *name = text_of(im, row, "name"), *email = text_of(im, row, "email");
    if (!code) return bad(im, "code");
    if (!name) return bad(im, "name");
    return PUT(im,
               "insert into person(code, name, email) values(?1, ?2, ?3) on conflict(code) do "
               "update set name ="
               " excluded.name, email = excluded.email",
               "ttt", code, name, email);
}

static int import_holder(struct import *im, const struct val *row)
{
    const char *position = text_of(im, row, "position"), *act = text_of(im, row, "act");
    int64_t person, unit, from, to;
    if (!position) return bad(im, "position");
    int rc = find_code(im, "person", text_of(im, row, "person"), &person);
    if (rc == 0) rc = find_code(im, "unit", text_of(im, row, "unit"), &unit);
    if (rc == 0) rc = day_of(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = day_of(im, row, "to", 0, &to);
    if (rc == 0) rc = PUT(im, "insert or ignore into position(code, title) values(?1, ?1)", "t", position);
    if (rc) return rc;
    return PUT(im,
               "insert into position_held(person, position, unit, valid_from, valid_to, act) "
               "values(?1, ?2, ?3, ?4, ?5,"
               " ?6) on conflict(position, unit, person, valid_from) do update set valid_to = "
               "excluded.valid_to,"
               " act = excluded.act",
               "itiint", &person, position, &unit, &from, &to, act);
}

static int import_user(struct import *im, const struct val *row)
{
    const char *name = text_of(im, row, "name"), *person = text_of(im, row, "person"), *lang = text_of(im, row, "lang");
    struct people_account known;
    int64_t id = 0, admin = val_get_bool(row, "admin", false);
    if (!name) return bad(im, "name");
    int rc = person ? find_code(im, "person", person, &id) : 0;
    if (rc == 0) rc = people_account_find(im->db, name, &known, im->err);
    if (rc < 0) return rc;
    if (rc == 1)
        return PUT(im, "update account set person = ?2, lang = ?3, admin = ?4 where name = ?1", "tnti", name, &id, lang,
                   &admin);
    struct people_account_new n = {.name = name, .person = id, .lang = lang, .admin = admin != 0};
    return people_account_add(im->db, &n, im->now, &id, im->err);
}

/* Exactly one of person and user. */
static int import_role_held(struct import *im, const struct val *row)
{
    const char *role = text_of(im, row, "role"), *unit = text_of(im, row, "unit"), *user = text_of(im, row, "user");
    struct people_account account = {0};
    int64_t person = 0, where = 0, from, to;
    if (!role) return bad(im, "role");
    int rc = user ? people_account_find(im->db, user, &account, im->err)
                  : find_code(im, "person", text_of(im, row, "person"), &person);
    if (user && rc == 0) return bad(im, "user");
    if (rc < 0) return rc;
    rc = unit ? find_code(im, "unit", unit, &where) : 0;
    if (rc == 0) rc = day_of(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = day_of(im, row, "to", 0, &to);
    if (rc == 0)
        rc = PUT(im,
                 user ? "delete from role_held where account = ?1 and role = ?2 and coalesce(unit, "
                        "0) = ?3 and valid_from"
                        " = ?4"
                      : "delete from role_held where person = ?1 and role = ?2 and coalesce(unit, "
                        "0) = ?3 and valid_from"
                        " = ?4",
                 "itii", user ? &account.id : &person, role, &where, &from);
    if (rc) return rc;
    return PUT(im,
               "insert into role_held(person, account, role, unit, valid_from, valid_to) "
               "values(?1, ?2, ?3, ?4, ?5, ?6)",
               "nntnin", &person, &account.id, role, &where, &from, &to);
}

static int weekend_bits(struct import *im, const struct val *list, int64_t *bits)
{
    static const char names[] = "sunmontuewedthufrisat";
    *bits = CALENDAR_WEEKEND;
    if (!list) return 0;
    *bits = 0;
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *v = val_at(list, i);
        int found = -1;
        for (int d = 0; d < 7; d++)
            if (val_is(v, VAL_STR) && v->as.str.len == 3 && strncmp(v->as.str.s, names + (size_t)3 * d, 3) == 0)
                found = d;
        if (found < 0) return bad(im, "weekend");
        *bits |= 1 << found;
    }
    return 0;
}

static int calendar_days(struct import *im, const struct val *row, const char *name, int64_t year, int64_t works)
{
    const struct val *list = val_get(row, name);
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *v = val_at(list, i);
        struct date d;
        int32_t offset;
        const char *s = val_cstr(im->a, v);
        if (!s || !date_parse(s, strlen(s), &d, &offset) || d.year != year) return bad(im, name);
        int64_t day = date_days(d.year, d.month, d.day);
        int rc = PUT(im, "insert into calendar_day(day, works) values(?1, ?2)", "ii", &day, &works);
        if (rc) return rc == ERR_CONFLICT ? bad(im, name) : rc;
    }
    return 0;
}

/* A year is announced as a whole: what was there before goes. */
static int import_year(struct import *im, const struct val *row)
{
    int64_t year = val_get_int(row, "year", 0), bits;
    if (year < 1900 || year > 9999) return bad(im, "year");
    int64_t first = date_days((int)year, 1, 1), last = date_days((int)year, 12, 31);
    int rc = weekend_bits(im, val_get(row, "weekend"), &bits);
    if (rc == 0)
        rc = PUT(im,
                 "insert into calendar_year(year, weekend) values(?1, ?2) on conflict(year) do "
                 "update set weekend ="
                 " excluded.weekend",
                 "ii", &year, &bits);
    if (rc == 0) rc = PUT(im, "delete from calendar_day where day between ?1 and ?2", "ii", &first, &last);
    if (rc == 0) rc = calendar_days(im, row, "holidays", year, 0);
    return rc ? rc : calendar_days(im, row, "working", year, 1);
}

/* In an order in which each finds what it refers to. */
static const struct {
    const char *list;
    int (*read)(struct import *im, const struct val *row);
    bool counted;
} readers[] = {
    {"units", import_unit, true},     {"units", import_parent, false},      {"successors", import_successor, true},
    {"roles", import_role, true},     {"positions", import_position, true}, {"persons", import_person, true},
    {"holders", import_holder, true}, {"users", import_user, true},         {"role_holders", import_role_held, true},
    {"calendar", import_year, true},
};
enum { NREADERS = sizeof(readers) / sizeof(readers[0]) };

static int check_names(struct import *im, const struct val *tree)
{
    for (size_t i = 0; i < tree->as.map.n; i++) {
        bool known = false;
        for (size_t k = 0; k < NREADERS; k++)
            known |= strcmp(tree->as.map.pairs[i].key, readers[k].list) == 0;
        im->what = tree->as.map.pairs[i].key;
        if (!known) return bad(im, im->what);
    }
    return 0;
}

int people_import(struct store *db, const struct val *tree, int64_t now, int64_t day, struct arena *a, struct val *done,
                  struct err *err)
{
    struct import im = {.db = db, .a = a, .now = now, .day = day, .what = "", .err = err};
    if (!val_is(tree, VAL_MAP)) return bad(&im, "");
    int rc = check_names(&im, tree);
    if (done) *done = val_map();
    for (size_t k = 0; rc == 0 && k < NREADERS; k++) {
        const struct val *list = val_get(tree, readers[k].list);
        im.what = readers[k].list;
        for (im.at = 1; rc == 0 && val_at(list, im.at - 1); im.at++) {
            const struct val *row = val_at(list, im.at - 1);
            rc = row->type == VAL_MAP ? readers[k].read(&im, row) : bad(&im, "");
        }
        if (rc == 0 && done && list && readers[k].counted &&
            val_set(a, done, readers[k].list, val_int((int64_t)im.at - 1)))
            rc = people_too_large(err);
    }
    return rc;
}
