/* What a change is to be, read from a table of values. */
#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "base/text.h"
#include "people/people_change.h"

const char *change_how_name(enum change_how how)
{
    static const char *const names[] = {"merge", "split", "rename", "abolish", "move"};
    return names[how];
}

int change_bad(struct change *c, const char *field)
{
    return err_set(c->err, ERR_INVALID, "people.change", "field", field, NULL);
}

static const char *text_of(struct change *c, const struct val *map, const char *name)
{
    const struct val *v = val_get(map, name);
    const char *s = NULL;
    size_t len;
    if (!val_is(v, VAL_STR) || !val_cstr(c->a, v)) return NULL;
    if (text_nfc(c->a, v->as.str.s, v->as.str.len, &s, &len, c->err)) return NULL;
    return len ? arena_strndup(c->a, s, len) : NULL;
}

static int read_unit(struct change *c, const char *field, const struct val *v, int64_t *id)
{
    struct err_num n;
    *id = 0;
    if (v->type == VAL_OBJ && v->as.obj.kind == &people_unit_kind) *id = v->as.obj.id;
    if (v->type == VAL_INT) *id = v->as.i;
    if (v->type == VAL_NUM && v->as.n > 0 && v->as.n < 9e15) *id = (int64_t)v->as.n;
    if (*id) {
        struct val unit;
        int rc = people_unit_get(c->db, *id, c->today, c->a, &unit, c->err);
        if (rc) return rc < 0 ? rc : 0;
        return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", err_i64(&n, *id), NULL);
    }
    const char *code = v->type == VAL_STR ? val_cstr(c->a, v) : NULL;
    if (!code) return change_bad(c, field);
    int rc = people_unit_by_code(c->db, code, id, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
}

static int add_unit(struct change *c, const char *field, const struct val *v)
{
    int64_t id;
    if (c->nunits == CHANGE_UNITS_MAX) return change_bad(c, field);
    int rc = read_unit(c, field, v, &id);
    if (rc) return rc;
    for (size_t i = 0; i < c->nunits; i++)
        if (c->units[i] == id) return change_bad(c, field);
    c->units[c->nunits++] = id;
    return 0;
}

static int read_units(struct change *c, const struct val *spec, const char *field)
{
    const struct val *v = val_get(spec, field);
    int rc = 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type != VAL_LIST) return add_unit(c, field, v);
    for (size_t i = 0; rc == 0 && val_at(v, i); i++)
        rc = add_unit(c, field, val_at(v, i));
    return rc;
}

/* One that is there, or a map of what is to be made. A new one that exists already from this day on is that one. */
static int add_into(struct change *c, const struct val *v)
{
    if (c->ninto == CHANGE_UNITS_MAX) return change_bad(c, "into");
    size_t i = c->ninto++;
    c->specs[i] = NULL;
    c->is_new[i] = false;
    if (v->type != VAL_MAP) return read_unit(c, "into", v, &c->into[i]);
    const char *code = text_of(c, v, "code");
    int64_t from;
    if (!code || !text_of(c, v, "name")) return change_bad(c, "into");
    c->specs[i] = v;
    struct stmt *s = store_stmt(c->db, "select id, valid_from from unit where code = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_str(s, 1, code);
    int rc = stmt_step(s, c->err);
    c->into[i] = rc == 1 ? stmt_int(s, 0) : 0;
    from = rc == 1 ? stmt_int(s, 1) : 0;
    stmt_done(s);
    c->is_new[i] = rc == 0;
    if (rc == 1 && from != c->day) rc = err_set(c->err, ERR_CONFLICT, "people.unit_exists", "code", code, NULL);
    return rc < 0 ? rc : 0;
}

static int read_into(struct change *c, const struct val *spec)
{
    const struct val *v = val_get(spec, "into");
    int rc = 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type != VAL_LIST) return add_into(c, v);
    for (size_t i = 0; rc == 0 && val_at(v, i); i++)
        rc = add_into(c, val_at(v, i));
    return rc;
}

static int read_day(struct change *c, const struct val *spec)
{
    const struct val *v = val_get(spec, "day");
    struct date d;
    int32_t offset;
    c->day = c->today;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_OBJ && v->as.obj.kind == &date_kind) {
        c->day = v->as.obj.id;
        return 0;
    }
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return change_bad(c, "day");
    c->day = date_days(d.year, d.month, d.day);
    return 0;
}

static int read_how(struct change *c, const struct val *spec)
{
    for (int i = CHANGE_MERGE; i <= CHANGE_MOVE; i++) {
        c->how = (enum change_how)i;
        if (val_is_str(val_get(spec, "how"), change_how_name(c->how))) return 0;
    }
    return change_bad(c, "how");
}

/* Each verb wants its own parts, and no others. */
static int check_shape(struct change *c)
{
    bool one = c->nunits == 1;
    switch (c->how) {
    case CHANGE_MERGE:
        return c->ninto != 1 ? change_bad(c, "into") : 0;
    case CHANGE_SPLIT:
        return c->ninto < 2            ? change_bad(c, "into")
               : one && c->nwhole == 1 ? 0
                                       : change_bad(c, c->how == CHANGE_MERGE ? "from" : "unit");
    case CHANGE_ABOLISH:
        return c->ninto > 1 ? change_bad(c, "into") : c->nwhole == c->nunits ? 0 : change_bad(c, "parts");
    case CHANGE_RENAME:
        return !c->name   ? change_bad(c, "name")
               : c->ninto ? change_bad(c, "into")
               : one      ? 0
                          : change_bad(c, c->how == CHANGE_MERGE ? "from" : "unit");
    default:
        return !c->parent ? change_bad(c, "parent") : c->ninto ? change_bad(c, "into") : 0;
    }
}

int change_read(struct change *c, const struct val *spec)
{
    const struct val *parent = val_get(spec, "parent");
    if (!val_is(spec, VAL_MAP)) return change_bad(c, "how");
    int rc = read_how(c, spec);
    if (rc == 0) rc = read_day(c, spec);
    if (rc == 0) rc = read_units(c, spec, "from");
    if (rc == 0) rc = read_units(c, spec, "unit");
    c->nwhole = c->nunits;
    if (rc == 0) rc = read_units(c, spec, "parts");
    if (rc == 0 && c->nunits == 0) rc = change_bad(c, c->how == CHANGE_MERGE ? "from" : "unit");
    if (rc == 0) rc = read_into(c, spec);
    if (rc == 0 && parent && parent->type != VAL_NIL) rc = read_unit(c, "parent", parent, &c->parent);
    if (rc) return rc;
    c->name = text_of(c, spec, "name");
    c->act = text_of(c, spec, "act");
    return check_shape(c);
}

int change_new_parent(struct change *c, size_t i, int64_t *parent)
{
    const struct val *above = val_get(c->specs[i], "parent");
    *parent = 0;
    return above && above->type != VAL_NIL ? read_unit(c, "parent", above, parent) : 0;
}

int change_make_unit(struct change *c, size_t i)
{
    const struct val *spec = c->specs[i], *above = val_get(spec, "parent");
    const char *code = text_of(c, spec, "code"), *name = text_of(c, spec, "name"), *kind = text_of(c, spec, "kind");
    int64_t parent = 0;
    int rc = change_new_parent(c, i, &parent);
    if (rc) return rc;
    /* Without a parent of its own it stands where those stood that it comes from. */
    if (!above) rc = people_parent(c->db, c->units[0], c->day - 1, &parent, c->err);
    return rc < 0 ? rc
                  : people_unit_add(c->db, &(struct people_unit_new){code, name, kind, parent, c->day}, &c->into[i],
                                    c->err);
}
