/* What is asked of a list, against its description. */
#include "store/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "store/cursor.h"

enum { LIMIT = 100, KNOWN_MAX = 420 };

static const struct {
    const char *word, *op;
} ranges[] = {{"gte", ">="}, {"gt", ">"}, {"lte", "<="}, {"lt", "<"}};

const struct list_column *list_column_of(const struct list *l, const char *name)
{
    for (const struct list_column *c = l->columns; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static void add_word(char *out, size_t cap, const char *word, const char *ending)
{
    size_t at = strlen(out);
    snprintf(out + at, cap - at, "%s%s%s", at ? ", " : "", word, ending);
}

static void sorts_of(const struct list *l, char *out, size_t cap)
{
    for (const struct list_column *c = l->columns; c->name; c++) {
        char down[64];
        snprintf(down, sizeof(down), "-%s", c->name);
        if (c->can & LIST_UP) add_word(out, cap, c->name, "");
        if (c->can & LIST_DOWN) add_word(out, cap, down, "");
    }
}

void list_known(const struct list *l, char *out, size_t cap)
{
    snprintf(out, cap, "limit, after, sort, fields");
    for (const struct list_option *o = l->options; o && o->name; o++)
        add_word(out, cap, o->name, "");
    for (const struct list_column *c = l->columns; c->name; c++)
        if (c->can & LIST_FILTER)
            add_word(out, cap, c->name, (c->can & LIST_RANGE) == LIST_RANGE ? "[gte|gt|lte|lt]" : "");
}

static int unknown(const struct list *l, const char *name, struct err *err)
{
    char known[KNOWN_MAX];
    list_known(l, known, sizeof(known));
    return err_set(err, ERR_INVALID, "list.parameter", "name", name, "list", l->name, "known", known, NULL);
}

static int bad_value(const char *name, const char *type, struct err *err)
{
    return err_set(err, ERR_INVALID, "list.value", "name", name, "type", type, NULL);
}

static const char *text_of(const struct val *v, struct arena *a)
{
    return v->type == VAL_INT ? arena_printf(a, "%lld", (long long)v->as.i) : val_cstr(a, v);
}

static bool whole_number(const struct val *v, struct arena *a, int64_t *n)
{
    const char *text = v->type == VAL_INT ? NULL : val_cstr(a, v);
    char *end;
    if (v->type == VAL_INT) *n = v->as.i;
    if (!text) return v->type == VAL_INT;
    *n = strtoll(text, &end, 10);
    return *text && !*end && strlen(text) < 19 && strchr("-0123456789", text[0]);
}

/* --- the words that every list knows --- */

static int take_limit(struct list_query *q, const struct val *v, struct arena *a, struct err *err)
{
    if (!whole_number(v, a, &q->limit) || q->limit < 1) return bad_value("limit", "integer", err);
    if (q->limit > LIST_LIMIT_MAX) q->limit = LIST_LIMIT_MAX;
    return 0;
}

static int take_sort(struct list_query *q, const char *text, struct err *err)
{
    char known[KNOWN_MAX] = "";
    q->down = text && text[0] == '-';
    q->sort = text ? list_column_of(q->list, text + q->down) : NULL;
    if (q->sort && q->sort->can & (q->down ? LIST_DOWN : LIST_UP)) return 0;
    sorts_of(q->list, known, sizeof(known));
    return err_set(err, ERR_INVALID, "list.sort", "field", text ? text : "?", "list", q->list->name, "known", known,
                   NULL);
}

static int take_fields(struct list_query *q, const char *text, struct arena *a, struct err *err)
{
    char known[KNOWN_MAX] = "";
    for (const char *p = text; p && *p;) {
        size_t len = strcspn(p, ",");
        const char *name = arena_strndup(a, p, len);
        const struct list_column *c = name ? list_column_of(q->list, name) : NULL;
        if (!c) {
            for (c = q->list->columns; c->name; c++)
                add_word(known, sizeof(known), c->name, "");
            return err_set(err, ERR_INVALID, "list.field", "field", name, "list", q->list->name, "known", known, NULL);
        }
        if (q->nfields == LIST_FIELDS_MAX) return bad_value("fields", "text", err);
        q->fields[q->nfields++] = c->name;
        p += len + (p[len] == ',');
    }
    return text ? 0 : bad_value("fields", "text", err);
}

/* Stands at the front of a cursor: one of another list or order is refused. */
static struct val mark_of(const struct list_query *q)
{
    char text[160];
    int n = snprintf(text, sizeof(text), "%.64s%c%.64s", q->list->name, q->down ? '-' : '+', q->sort->name);
    return val_int((int64_t)(digest_short(text, (size_t)n) & INT64_MAX));
}

static int take_after(struct list_query *q, const char *text, struct arena *a, struct err *err)
{
    struct val at, mark = mark_of(q);
    int rc = text ? cursor_read(text, 3, a, &at, err) : ERR_INVALID;
    if (!text || (rc == 0 && !val_equal(&at.as.list.items[0], &mark)))
        return err_set(err, ERR_INVALID, "find.cursor", NULL);
    if (rc) return rc;
    q->after = at.as.list.items[1];
    q->after_key = at.as.list.items[2];
    return 0;
}

int list_cursor(const struct list_query *q, struct val at, struct val key, struct arena *a, const char **next,
                struct err *err)
{
    struct val all = val_list();
    int rc = val_add(a, &all, mark_of(q));
    if (rc == 0) rc = val_add(a, &all, at);
    if (rc == 0) rc = val_add(a, &all, key);
    *next = rc == 0 ? cursor_write(&all, a) : NULL;
    return *next ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* --- filters --- */

static int take_choice(const struct list_column *c, const struct val *v, struct arena *a, struct val *out)
{
    const char *text = text_of(v, a);
    for (int64_t i = 0; text && c->choices[i]; i++) {
        if (strcmp(c->choices[i], text) != 0) continue;
        *out = val_int(i);
        return 0;
    }
    return ERR_INVALID;
}

/* From a query all is text; from a command or Lua it has its type. Instants are written as answers write them, too. */
static int take_value(const struct list_column *c, const struct val *v, const struct field_time *time, struct arena *a,
                      struct val *out, struct err *err)
{
    struct field f = {.name = c->name, .type = c->type};
    int64_t n;
    int rc;
    if (c->choices) {
        rc = take_choice(c, v, a, out);
    } else if (c->type == FIELD_BOOLEAN) {
        bool yes = v->type == VAL_BOOL ? v->as.b : val_is_str(v, "true");
        rc = yes || v->type == VAL_BOOL || val_is_str(v, "false") ? 0 : ERR_INVALID;
        *out = val_int(yes);
    } else if (c->type == FIELD_TEXT) {
        const char *text = text_of(v, a);
        struct val given = text ? val_str(text) : val_nil();
        rc = text ? field_check(&f, &given, time, a, out, err) : ERR_INVALID;
    } else if (c->type != FIELD_DATE && whole_number(v, a, &n)) {
        *out = val_int(n);
        rc = 0;
    } else {
        rc = field_check(&f, v, time, a, out, err);
    }
    if (rc == 0 && out->type == VAL_NIL) rc = ERR_INVALID;
    if (rc == 0) return 0;
    char type[160] = "";
    snprintf(type, sizeof(type), "%s", c->choices ? "" : field_type_name(c->type));
    for (size_t i = 0; c->choices && c->choices[i]; i++)
        add_word(type, sizeof(type), c->choices[i], "");
    return bad_value(c->name, type, err);
}

/* "due" or "due[lt]": its column and what it is compared by; NULL: it is none. */
static const struct list_column *column_asked(const struct list *l, const char *key, const char **op)
{
    char name[64];
    size_t n = strcspn(key, "[");
    const struct list_column *c;
    *op = key[n] ? NULL : "=";
    if (n >= sizeof(name)) return NULL;
    memcpy(name, key, n);
    name[n] = '\0';
    c = list_column_of(l, name);
    for (size_t i = 0; key[n] && i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        size_t len = strlen(ranges[i].word);
        if (strncmp(key + n + 1, ranges[i].word, len) == 0 && strcmp(key + n + 1 + len, "]") == 0) *op = ranges[i].op;
    }
    if (!c || !*op) return NULL;
    int needs = key[n] ? LIST_RANGE : LIST_FILTER;
    return (c->can & needs) == needs ? c : NULL;
}

bool list_asks(const struct val *options, const char *name)
{
    const struct val *v = val_get(options, name);
    return val_is_str(v, "true") || (val_is(v, VAL_BOOL) && v->as.b);
}

static const struct list_option *option_of(const struct list *l, const char *key)
{
    for (const struct list_option *o = l->options; o && o->name; o++)
        if (strcmp(o->name, key) == 0) return o;
    return NULL;
}

static int take_option(struct list_query *q, const struct list_option *o, bool is_asked, struct err *err)
{
    if (!o->where || !is_asked) return 0;
    if (q->nasked == LIST_ASKED_MAX) return err_set(err, ERR_LIMIT, "where.terms", NULL);
    q->asked[q->nasked++] = o->where;
    return 0;
}

static int take_filter(struct list_query *q, const char *key, const struct val *v, const struct field_time *time,
                       struct arena *a, struct err *err)
{
    const char *op;
    const struct list_column *c = column_asked(q->list, key, &op);
    const struct list_option *o = c ? NULL : option_of(q->list, key);
    if (o) return take_option(q, o, val_is_str(v, "true") || (val_is(v, VAL_BOOL) && v->as.b), err);
    if (!c) return unknown(q->list, key, err);
    if (q->nfilters == LIST_FILTERS_MAX) return err_set(err, ERR_LIMIT, "where.terms", NULL);
    struct list_filter *f = &q->filters[q->nfilters++];
    *f = (struct list_filter){.column = c, .op = op};
    return take_value(c, v, time, a, &f->value, err);
}

const struct list_filter *list_filter_of(const struct list_query *q, const char *column)
{
    for (size_t i = 0; i < q->nfilters; i++)
        if (strcmp(q->filters[i].column->name, column) == 0) return &q->filters[i];
    return NULL;
}

/* Its values are not null where a range of them is asked for. */
static void sort_by_range(struct list_query *q)
{
    for (size_t i = q->nfilters; i > 0; i--)
        if (strcmp(q->filters[i - 1].op, "=") != 0) q->sort = q->filters[i - 1].column;
}

int list_read(const struct list *l, const struct val *options, const struct field_time *time, struct arena *a,
              struct list_query *q, struct err *err)
{
    const struct val *sort = val_get(options, "sort"), *after = val_get(options, "after");
    if (!sort) sort = val_get(options, "order");
    *q = (struct list_query){.list = l, .limit = LIMIT, .key = list_column_of(l, l->key)};
    int rc = take_sort(q, sort ? text_of(sort, a) : l->order, err);
    for (size_t i = 0; rc == 0 && val_is(options, VAL_MAP) && i < options->as.map.n; i++) {
        const struct val_pair *p = &options->as.map.pairs[i];
        bool is_taken = &p->v == sort || &p->v == after;
        if (is_taken || p->v.type == VAL_NIL) continue;
        if (strcmp(p->key, "limit") == 0)
            rc = take_limit(q, &p->v, a, err);
        else if (strcmp(p->key, "fields") == 0)
            rc = take_fields(q, text_of(&p->v, a), a, err);
        else
            rc = take_filter(q, p->key, &p->v, time, a, err);
    }
    if (rc == 0 && !sort) sort_by_range(q);
    return rc || !after ? rc : take_after(q, val_cstr(a, after), a, err);
}
