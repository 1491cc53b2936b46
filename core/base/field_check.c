/* Field types: checking a value and bringing it into stored form. */
#include "base/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/text.h"

static int wrong(const struct field *f, const struct val *v, struct err *err)
{
    const char *got = v->type == VAL_OBJ ? v->as.obj.kind->name : val_type_name(v->type);
    return err_set(err, ERR_INVALID, "invalid.field", "field", f->name, "type", field_type_name(f->type), "got", got,
                   NULL);
}

static int check_text(const struct field *f, const struct val *v, struct arena *a, struct val *out, struct err *err)
{
    const char *s;
    size_t n;
    if (v->type != VAL_STR) return wrong(f, v, err);
    int rc = text_nfc(a, v->as.str.s, v->as.str.len, &s, &n, err);
    if (rc) {
        err_add_arg(err, "field", f->name);
        return rc;
    }
    *out = val_strn(s, n);
    return 0;
}

static int check_integer(const struct field *f, const struct val *v, struct val *out, struct err *err)
{
    if (v->type == VAL_NUM && v->as.n == floor(v->as.n) && fabs(v->as.n) < 9.0e15)
        *out = val_int((int64_t)v->as.n);
    else if (v->type == VAL_INT)
        *out = *v;
    else
        return wrong(f, v, err);
    return 0;
}

static int check_number(const struct field *f, const struct val *v, struct val *out, struct err *err)
{
    if (v->type == VAL_INT)
        *out = val_num((double)v->as.i);
    else if (v->type == VAL_NUM && isfinite(v->as.n))
        *out = *v;
    else
        return wrong(f, v, err);
    return 0;
}

/* An object of the right kind, or its id. */
static int check_id(const struct field *f, const char *kind, const struct val *v, struct val *out, struct err *err)
{
    if (v->type == VAL_INT && v->as.i > 0)
        *out = *v;
    else if (v->type == VAL_OBJ && (!kind || strcmp(v->as.obj.kind->name, kind) == 0))
        *out = val_int(v->as.obj.id);
    else
        return wrong(f, v, err);
    return 0;
}

/* An id, also as text (from a form, from the command line), or what was shown of a file: of that only its id is
 * believed. */
static int check_file(const struct field *f, const struct val *v, struct val *out, struct err *err)
{
    const struct val *id = v->type == VAL_MAP ? val_get(v, "id") : v;
    struct val number = val_int(0);
    if (val_is(id, VAL_INT)) return check_id(f, NULL, id, out, err);
    if (v->type != VAL_STR || v->as.str.len == 0 || v->as.str.len > 16) return wrong(f, v, err);
    for (size_t i = 0; i < v->as.str.len; i++) {
        if (v->as.str.s[i] < '0' || v->as.str.s[i] > '9') return wrong(f, v, err);
        number.as.i = number.as.i * 10 + (v->as.str.s[i] - '0');
    }
    return check_id(f, NULL, &number, out, err);
}

/* Dates and instants lie in the years 1 to 9999, however they came. */
static int check_years(const struct field *f, const struct val *v, int64_t a_day, struct err *err)
{
    int64_t first = date_days(1, 1, 1) * a_day, end = date_days(10000, 1, 1) * a_day;
    if (v->as.i >= first && v->as.i < end) return 0;
    return err_set(err, ERR_INVALID, "invalid.range", "field", f->name, NULL);
}

static int check_date(const struct field *f, const struct val *v, struct val *out, struct err *err)
{
    struct date d;
    int32_t offset;
    if (v->type == VAL_OBJ && strcmp(v->as.obj.kind->name, "date") == 0)
        *out = val_int(v->as.obj.id);
    else if (v->type == VAL_INT)
        *out = *v;
    else if (v->type == VAL_STR && v->as.str.len <= 10 && date_parse(v->as.str.s, v->as.str.len, &d, &offset))
        *out = val_int(date_days(d.year, d.month, d.day));
    else
        return wrong(f, v, err);
    return check_years(f, out, 1, err);
}

static int check_instant(const struct field *f, const struct val *v, const struct field_time *time, struct val *out,
                         struct err *err)
{
    struct date d;
    int32_t offset;
    if (v->type == VAL_OBJ && strcmp(v->as.obj.kind->name, "instant") == 0) {
        *out = val_int(v->as.obj.id);
        return check_years(f, out, 86400000, err);
    }
    if (v->type == VAL_INT) {
        *out = *v;
        return check_years(f, out, 86400000, err);
    }
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return wrong(f, v, err);
    if (offset != INT32_MIN) {
        *out = val_int(date_to_ms(&d) - (int64_t)offset * 60000);
        return 0;
    }
    if (!time || !time->instant) return wrong(f, v, err);
    int64_t ms;
    int rc = time->instant(time->ctx, v->as.str.s, v->as.str.len, &ms, err);
    if (rc == 0) *out = val_int(ms);
    return rc;
}

static int check_choice(const struct field *f, const struct val *v, struct val *out, struct err *err)
{
    char list[256] = "";
    for (size_t i = 0; f->choices && f->choices[i]; i++) {
        if (val_is_str(v, f->choices[i])) {
            *out = val_str(f->choices[i]);
            return 0;
        }
        size_t at = strlen(list);
        snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", f->choices[i]);
    }
    return err_set(err, ERR_INVALID, "invalid.choice", "field", f->name, "choices", list, NULL);
}

static int check_list(const struct field *f, const struct val *v, const struct field_time *time, struct arena *a,
                      struct val *out, struct err *err)
{
    struct field item = {.name = f->name, .type = f->item, .target = f->item_target};
    if (v->type == VAL_MAP && v->as.map.n == 0) {
        *out = val_list();
        return 0;
    }
    if (v->type != VAL_LIST) return wrong(f, v, err);
    *out = val_list();
    for (size_t i = 0; i < v->as.list.n; i++) {
        struct val one;
        int rc = field_check(&item, &v->as.list.items[i], time, a, &one, err);
        if (rc == 0 && val_add(a, out, one)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc) return rc;
    }
    return 0;
}

static int check_range(const struct field *f, const struct val *v, struct err *err)
{
    const struct val *min = val_get(f->options, "min"), *max = val_get(f->options, "max");
    bool low = min && val_compare(v, min) < 0, high = max && val_compare(v, max) > 0;
    if (!low && !high) return 0;
    return err_set(err, ERR_INVALID, "invalid.range", "field", f->name, NULL);
}

int field_check(const struct field *f, const struct val *v, const struct field_time *time, struct arena *a,
                struct val *out, struct err *err)
{
    struct duration d;
    int rc = 0;
    *out = val_nil();
    if (v->type == VAL_NIL) return 0;
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_MARKDOWN:
        return check_text(f, v, a, out, err);
    case FIELD_MONEY:
    case FIELD_INTEGER:
        rc = check_integer(f, v, out, err);
        break;
    case FIELD_NUMBER:
        rc = check_number(f, v, out, err);
        break;
    case FIELD_BOOLEAN:
        if (v->type != VAL_BOOL) return wrong(f, v, err);
        *out = *v;
        return 0;
    case FIELD_DATE:
        return check_date(f, v, out, err);
    case FIELD_INSTANT:
        return check_instant(f, v, time, out, err);
    case FIELD_DURATION:
        if (v->type != VAL_STR || !duration_parse(v->as.str.s, v->as.str.len, &d)) return wrong(f, v, err);
        *out = *v;
        return 0;
    case FIELD_CHOICE:
        return check_choice(f, v, out, err);
    case FIELD_UNIT:
        return check_id(f, "unit", v, out, err);
    case FIELD_PERSON:
        return check_id(f, "person", v, out, err);
    case FIELD_REF:
        return check_id(f, NULL, v, out, err);
    case FIELD_FILE:
        return check_file(f, v, out, err);
    case FIELD_LIST:
        return check_list(f, v, time, a, out, err);
    case FIELD_JSON:
        *out = *v;
        return 0;
    }
    return rc || !f->options ? rc : check_range(f, out, err);
}

static const char *nearest(const struct field_list *l, const char *name)
{
    const char *found = "";
    size_t best = 4;
    for (size_t i = 0; i < l->n; i++) {
        size_t d = text_distance(name, l->items[i].name);
        if (d >= best) continue;
        best = d;
        found = l->items[i].name;
    }
    return found;
}

struct problems {
    struct err *err;
    struct err one; /* the single field's */
    int n;
};

static void note(struct problems *p, const char *field, const char *key, const char *detail)
{
    if (p->n++ == 0) err_set(p->err, ERR_INVALID, key, "field", field, "detail", detail, NULL);
    err_add_field(p->err, field, key, detail);
}

/* The first problem is the error itself, with its values; all are listed as fields. */
static void note_err(struct problems *p, const char *field)
{
    const char *detail = err_arg(&p->one, "type");
    if (!*detail) detail = err_arg(&p->one, "choices");
    if (!*detail) detail = err_arg(&p->one, "text");
    if (p->n++ == 0 && p->err) *p->err = p->one;
    err_add_field(p->err, field, p->one.key, detail);
}

static void find_unknown(const struct field_list *l, const struct val *map, struct problems *p)
{
    for (size_t i = 0; i < map->as.map.n; i++) {
        const char *name = map->as.map.pairs[i].key;
        if (field_find(l, name)) continue;
        note(p, name, "invalid.unknown_field", p->n < ERR_FIELDS_MAX ? nearest(l, name) : "");
    }
}

static int check_one(const struct field *f, const struct val *given, bool partial, const struct field_time *time,
                     struct arena *a, struct val *out, struct problems *p)
{
    struct val v;
    const struct val *def = val_get(f->options, "default");
    if (!given && partial) return 0;
    if ((!given || given->type == VAL_NIL) && def && !partial) given = def;
    if (!given || given->type == VAL_NIL) {
        if (f->required)
            note(p, f->name, "invalid.required", "");
        else if (given && partial)
            return val_set(a, out, f->name, val_nil());
        return 0;
    }
    int rc = field_check(f, given, time, a, &v, &p->one);
    if (rc == ERR_INVALID) {
        note_err(p, f->name);
        return 0;
    }
    return rc ? rc : val_set(a, out, f->name, v);
}

int field_check_map(const struct field_list *l, const struct val *map, bool partial, const struct field_time *time,
                    struct arena *a, struct val *out, struct err *err)
{
    struct problems p = {.err = err};
    struct val result = val_map(), empty = val_map();
    if (map->type == VAL_LIST && map->as.list.n == 0) map = &empty;
    if (map->type != VAL_MAP) return err_set(err, ERR_INVALID, "invalid.value", "got", val_type_name(map->type), NULL);
    find_unknown(l, map, &p);
    for (size_t i = 0; i < l->n; i++) {
        int rc = check_one(&l->items[i], val_get(map, l->items[i].name), partial, time, a, &result, &p);
        if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    *out = result;
    return p.n ? ERR_INVALID : 0;
}
