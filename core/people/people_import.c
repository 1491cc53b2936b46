/* Reading an organisation from a tree of values (JSON, or a plugin's table). Each kind of row has
 * one reader; all are idempotent: rows are found by code (or by what makes them the same) and
 * brought to what the tree says. */
#include "people/people_import.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/date.h"
#include "base/text.h"
#include "people/own.h"
#include "runtime/crash.h"

enum { DENIED_SHOWN = 8 };

int import_bad(struct import *im, const char *field)
{
    char at[24];
    snprintf(at, sizeof(at), "%zu", im->at);
    return err_set(im->err, ERR_INVALID, "people.import", "list", im->what, "entry", at, "field", field, NULL);
}

int import_denied(struct import *im, const char *who)
{
    bool first = im->ndenied++ == 0, many = im->ndenied > DENIED_SHOWN;
    if (first) im->denied_at = im->at;
    if (im->ndenied > DENIED_SHOWN + 1) return 0;
    im->denied = many    ? arena_printf(im->a, "%s …", im->denied)
                 : first ? arena_printf(im->a, "%s[%zu] %s", im->what, im->at, who)
                         : arena_printf(im->a, "%s, %s[%zu] %s", im->denied, im->what, im->at, who);
    return im->denied ? 0 : people_too_large(im->err);
}

int import_tell(struct import *im, int64_t account, const char *name, const char *what)
{
    struct val after = val_map();
    if (!im->by) return 0;
    if (val_set(im->a, &after, "changed", val_str(what))) return people_too_large(im->err);
    return audit_add(
        im->by,
        &(struct audit_entry){.verb = "user.change", .kind = "user", .id = account, .name = name, .after = &after},
        im->err);
}

/* Text in NFC; NULL when absent or not text. */
const char *import_text(struct import *im, const struct val *row, const char *name)
{
    const struct val *v = val_get(row, name);
    const char *s;
    size_t len;
    if (!val_is(v, VAL_STR) || memchr(v->as.str.s, 0, v->as.str.len)) return NULL;
    if (text_nfc(im->a, v->as.str.s, v->as.str.len, &s, &len, im->err)) return NULL;
    return len ? arena_strndup(im->a, s, len) : NULL;
}

/* A date as text, or `otherwise`. */
int import_day(struct import *im, const struct val *row, const char *name, int64_t otherwise, int64_t *out)
{
    const struct val *v = val_get(row, name);
    struct date d;
    int32_t offset;
    *out = otherwise;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_OBJ) *out = v->as.obj.id;
    if (v->type == VAL_OBJ) return strcmp(v->as.obj.kind->name, "date") == 0 ? 0 : import_bad(im, name);
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return import_bad(im, name);
    *out = date_days(d.year, d.month, d.day);
    return 0;
}

/* Runs a statement whose values are text and integers: "t" NULL-able text, "i" integer, "n" integer
 * or null if 0. */
int import_put(struct import *im, const char *sql, const char *types, const void *const *values)
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

int import_code(struct import *im, const char *field, const char *code, int64_t *id)
{
    bool unit = strcmp(field, "unit") == 0 || strcmp(field, "parent") == 0 || strcmp(field, "successor") == 0;
    if (!code) return import_bad(im, field);
    bool body = strcmp(field, "body") == 0;
    int rc = unit   ? people_unit_by_code(im->db, code, id, im->err)
             : body ? people_body_by_code(im->db, code, id, im->err)
                    : people_person_by_code(im->db, code, id, im->err);
    if (rc == 1) return 0;
    if (rc < 0) return rc;
    import_bad(im, field);
    err_add_arg(im->err, "code", code);
    return ERR_INVALID;
}

int import_each(struct import *im, const struct val *list, const char *sql, const char *key)
{
    for (size_t i = 0; val_at(list, i); i++) {
        const char *s = val_cstr(im->a, val_at(list, i));
        int rc = s ? PUT(im, sql, "tt", key, s) : import_bad(im, "list");
        if (rc) return rc;
    }
    return 0;
}

int import_within_unit(struct import *im, int64_t unit, int64_t from, int64_t *to)
{
    struct stmt *s = store_stmt(im->db, "select valid_to from unit where id = ?1 and valid_to is not null", im->err);
    int64_t end;
    if (!s) return im->err->code;
    stmt_bind_int(s, 1, unit);
    int rc = people_one(s, &end, im->err);
    if (rc <= 0) return rc;
    if (from >= end) return import_bad(im, "from");
    if (!*to || *to > end) *to = end;
    return 0;
}

/* In an order in which each finds what it refers to. */
static const struct {
    const char *list;
    int (*read)(struct import *im, const struct val *row);
    bool counted;
} readers[] = {
    {"units", import_unit, true},           {"units", import_parent, false},
    {"unit_names", import_unit_name, true}, {"unit_parents", import_unit_parent, true},
    {"roles", import_role, true},           {"positions", import_position, true},
    {"persons", import_person, true},       {"bodies", import_body, true},
    {"body_terms", import_body_term, true}, {"body_members", import_body_member, true},
    {"holders", import_holder, true},       {"delegations", import_delegation, true},
    {"users", import_user, true},           {"role_holders", import_role_held, true},
    {"calendar", import_year, true},        {"changes", import_change, true},
    {"successors", import_successor, true},
};
enum { NREADERS = sizeof(readers) / sizeof(readers[0]) };

static int check_names(struct import *im, const struct val *tree)
{
    for (size_t i = 0; i < tree->as.map.n; i++) {
        bool known = false;
        for (size_t k = 0; k < NREADERS; k++)
            known |= strcmp(tree->as.map.pairs[i].key, readers[k].list) == 0;
        im->what = tree->as.map.pairs[i].key;
        if (!known) return import_bad(im, im->what);
    }
    return 0;
}

static int deny(struct import *im)
{
    struct err_num n;
    return err_set(im->err, ERR_DENIED, "denied.accounts", "rows", im->denied, "list", im->what, "entry",
                   err_i64(&n, (int64_t)im->denied_at), "field", "name", NULL);
}

const char *import_list_name(size_t reader)
{
    return reader < NREADERS ? readers[reader].list : NULL;
}

int import_rows(struct import *im, size_t reader, const struct val *list, size_t from, size_t to)
{
    int rc = 0;
    im->what = readers[reader].list;
    for (im->at = from + 1; rc == 0 && im->at <= to && val_at(list, im->at - 1); im->at++) {
        const struct val *row = val_at(list, im->at - 1);
        rc = row->type == VAL_MAP ? readers[reader].read(im, row) : import_bad(im, "");
    }
    return rc == 0 && im->ndenied ? deny(im) : rc;
}

static int read_tree(struct import *im, const struct val *tree, struct val *done)
{
    if (!val_is(tree, VAL_MAP)) return import_bad(im, "");
    int rc = check_names(im, tree);
    if (done) *done = val_map();
    for (size_t k = 0; rc == 0 && k < NREADERS; k++) {
        const struct val *list = val_get(tree, readers[k].list);
        if (list) crash_point("people.import_half");
        rc = import_rows(im, k, list, 0, SIZE_MAX);
        if (rc == 0 && done && list && readers[k].counted &&
            val_set(im->a, done, readers[k].list, val_int((int64_t)im->at - 1)))
            rc = people_too_large(im->err);
    }
    return rc;
}

int people_import(struct store *db, const struct val *tree, int64_t now, int64_t day, struct arena *a, struct val *done,
                  struct err *err)
{
    struct import im = {.db = db, .a = a, .now = now, .day = day, .what = "", .err = err};
    return read_tree(&im, tree, done);
}

int import_begin(struct import *im, struct session *s, int64_t day, struct arena *a, struct err *err)
{
    *im = (struct import){.db = s->db, .a = a, .now = s->now, .day = day, .what = "", .err = err, .by = s};
    int rc = people_check(s, "user.add", PEOPLE_ANY_UNIT, err);
    if (rc && rc != ERR_DENIED) return rc;
    im->keeps_accounts = rc != 0;
    err_clear(err);
    return 0;
}

int people_import_by(struct session *s, const struct val *tree, int64_t day, struct arena *a, struct val *done,
                     struct err *err)
{
    struct people_powers *before = NULL;
    struct import im;
    int rc = people_powers_read(s, true, a, &before, err);
    if (rc == 0) rc = import_begin(&im, s, day, a, err);
    if (rc == 0) rc = read_tree(&im, tree, done);
    return rc ? rc : people_powers_check(s, before, a, err);
}
