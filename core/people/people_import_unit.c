/* Readers of units: what they are, their names and places by date, what became of them, changes of the tree. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "people/change.h"
#include "people/people_import.h"

/* What is held in a unit ends with it. */
static int end_held(struct import *im, int64_t unit, int64_t to)
{
    int rc = PUT(im,
                 "update position_held set valid_to = ?2 where unit = ?1 and valid_from < ?2 and (valid_to is null or"
                 " valid_to > ?2)",
                 "ii", &unit, &to);
    return rc ? rc
              : PUT(im,
                    "update role_held set valid_to = ?2 where unit = ?1 and valid_from < ?2 and (valid_to is null or"
                    " valid_to > ?2)",
                    "ii", &unit, &to);
}

/* One row of `units`; what it does not say of an end stays as it is. */
static int put_unit(struct import *im, const struct val *row, const char *code, const char *name)
{
    const char *kind = import_text(im, row, "kind");
    int64_t from = 0, to = 0, since = 0, id = 0;
    int rc = import_day(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = import_day(im, row, "to", 0, &to);
    if (rc == 0) rc = import_day(im, row, "name_from", from, &since);
    if (rc == 0)
        rc = PUT(im,
                 "insert into unit(code, kind, valid_from, valid_to) values(?1, ?2, ?3, ?4) on conflict(code) do update"
                 " set kind = excluded.kind, valid_from = excluded.valid_from, valid_to = coalesce(excluded.valid_to,"
                 " valid_to)",
                 "ttin", code, kind ? kind : "unit", &from, &to);
    if (rc == 0) rc = import_code(im, "unit", code, &id);
    if (rc == 0 && to) rc = end_held(im, id, to);
    return rc ? rc : people_unit_name(im->db, id, name, since, im->err);
}

/* The text with each {name} and {slug} filled in. */
static const char *fill(struct import *im, const char *pattern, const char *name, const char *slug)
{
    struct buf b;
    buf_init(&b, 4000);
    for (const char *p = pattern; *p;) {
        bool is_name = strncmp(p, "{name}", 6) == 0;
        if (is_name || strncmp(p, "{slug}", 6) == 0) {
            buf_add_str(&b, is_name ? name : slug);
            p += 6;
        } else {
            buf_add_char(&b, *p++);
        }
    }
    char *copy = buf_ok(&b) ? arena_strndup(im->a, b.data ? b.data : "", b.len) : NULL;
    buf_close(&b);
    if (!copy) people_too_large(im->err);
    return copy;
}

/* One of many: "Hà Bắc", or "ha-bac-2=Hà Bắc" where its own code would be taken already. */
static int one_of_many(struct import *im, const struct val *row, const struct val *one, const char **code,
                       const char **name)
{
    const char *text = val_cstr(im->a, one), *slug;
    const char *codes = import_text(im, row, "code"), *names = import_text(im, row, "name");
    const char *equals = text ? strchr(text, '=') : NULL;
    if (!text) return import_bad(im, "names");
    const char *bare = equals ? equals + 1 : text;
    size_t n;
    if (text_nfc(im->a, bare, strlen(bare), &bare, &n, im->err)) return import_bad(im, "names");
    bare = arena_strndup(im->a, bare, n);
    if (!bare) return people_too_large(im->err);
    if (text_slug(im->a, bare, strlen(bare), &slug)) return import_bad(im, "names");
    *code =
        equals ? arena_strndup(im->a, text, (size_t)(equals - text)) : fill(im, codes ? codes : "{slug}", bare, slug);
    *name = fill(im, names ? names : "{name}", bare, slug);
    if (!*code || !*name) return im->err->code ? im->err->code : people_too_large(im->err);
    return **code ? 0 : import_bad(im, "names");
}

/* Calls with each unit that a row stands for: one, or with `names` one for each name. */
static int each_unit(struct import *im, const struct val *row,
                     int (*put)(struct import *im, const struct val *row, const char *code, const char *name))
{
    const struct val *names = val_get(row, "names");
    const char *code = import_text(im, row, "code"), *name = import_text(im, row, "name");
    int rc = 0;
    if (!names) {
        if (!code) return import_bad(im, "code");
        return name ? put(im, row, code, name) : import_bad(im, "name");
    }
    for (size_t i = 0; rc == 0 && val_at(names, i); i++) {
        rc = one_of_many(im, row, val_at(names, i), &code, &name);
        if (rc == 0) rc = put(im, row, code, name);
    }
    return rc;
}

int import_unit(struct import *im, const struct val *row)
{
    return each_unit(im, row, put_unit);
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

static int place(struct import *im, int64_t unit, int64_t above, int64_t since)
{
    int rc = makes_circle(im, unit, above, since);
    if (rc) return rc < 0 ? rc : import_bad(im, "parent");
    return people_unit_place(im->db, unit, above, since, im->err);
}

static int put_parent(struct import *im, const struct val *row, const char *code, const char *name)
{
    int64_t unit = 0, above = 0, since = 0;
    (void)name;
    int rc = import_code(im, "unit", code, &unit);
    if (rc == 0) rc = import_code(im, "parent", import_text(im, row, "parent"), &above);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &since);
    if (rc == 0) rc = import_day(im, row, "parent_from", since, &since);
    return rc ? rc : place(im, unit, above, since);
}

/* Parents after all units, so that the order in the list does not matter. */
int import_parent(struct import *im, const struct val *row)
{
    return import_text(im, row, "parent") ? each_unit(im, row, put_parent) : 0;
}

int import_unit_name(struct import *im, const struct val *row)
{
    const char *name = import_text(im, row, "name");
    int64_t unit = 0, since = 0;
    if (!name) return import_bad(im, "name");
    int rc = import_code(im, "unit", import_text(im, row, "unit"), &unit);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &since);
    return rc ? rc : people_unit_name(im->db, unit, name, since, im->err);
}

int import_unit_parent(struct import *im, const struct val *row)
{
    int64_t unit = 0, above = 0, since = 0;
    int rc = import_code(im, "unit", import_text(im, row, "unit"), &unit);
    if (rc == 0) rc = import_code(im, "parent", import_text(im, row, "parent"), &above);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &since);
    return rc ? rc : place(im, unit, above, since);
}

/* In CSV the units stand in one cell, divided by blanks; in JSON they are a list. */
static int split_codes(struct import *im, const struct val *v, struct val *out)
{
    const char *text = val_cstr(im->a, v);
    *out = v ? *v : val_nil();
    if (!text) return 0;
    *out = val_list();
    for (const char *p = text + strspn(text, " "); *p;) {
        size_t n = strcspn(p, " ");
        char *code = arena_strndup(im->a, p, n);
        if (!code || val_add(im->a, out, val_str(code))) return people_too_large(im->err);
        p += n + strspn(p + n, " ");
    }
    return 0;
}

/* A change of the tree, by the same function as when somebody makes it. Done already, it changes nothing. */
int import_change(struct import *im, const struct val *row)
{
    static const char *const lists[] = {"from", "unit", "parts", "into"};
    struct val spec = val_map(), report;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < row->as.map.n; i++) {
        struct val v = row->as.map.pairs[i].v;
        for (size_t k = 0; rc == 0 && k < 4; k++)
            if (strcmp(row->as.map.pairs[i].key, lists[k]) == 0) rc = split_codes(im, &row->as.map.pairs[i].v, &v);
        if (rc == 0 && val_set(im->a, &spec, row->as.map.pairs[i].key, v)) rc = people_too_large(im->err);
    }
    if (rc) return rc;
    rc = people_change_apply(im->db, &spec, im->day, im->a, &report, im->err);
    if (rc == 0 || err_is_fault(rc)) return rc;
    char at[24];
    snprintf(at, sizeof(at), "%zu", im->at);
    err_add_arg(im->err, "list", im->what);
    err_add_arg(im->err, "entry", at);
    return rc;
}

int import_successor(struct import *im, const struct val *row)
{
    const char *how = import_text(im, row, "how"), *next = import_text(im, row, "successor"),
               *act = import_text(im, row, "act");
    int64_t unit, successor = 0, day;
    int rc = import_code(im, "unit", import_text(im, row, "unit"), &unit);
    if (rc == 0 && next) rc = import_code(im, "successor", next, &successor);
    if (rc == 0) rc = import_day(im, row, "day", INT64_MIN, &day);
    if (rc) return rc;
    if (day == INT64_MIN) return import_bad(im, "day");
    static const char *const ways[] = {"merge", "split", "rename", "abolish"};
    bool known = false;
    for (size_t i = 0; how && i < 4; i++)
        known |= strcmp(how, ways[i]) == 0;
    if (!known) return import_bad(im, "how");
    return PUT(im,
               "insert into unit_successor(unit, day, successor, how, act) values(?1, ?2, ?3, ?4, "
               "?5) on conflict(unit, day,"
               " successor) do update set how = excluded.how, act = excluded.act",
               "iiitt", &unit, &day, &successor, how, act);
}
