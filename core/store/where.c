/* WHERE from a table of conditions: every value is bound, every field is known, depth and terms are bounded. */
#include <string.h>

#include "base/err.h"
#include "store/table_internal.h"

static const struct field id_field = {.name = "id", .type = FIELD_INTEGER};
static const struct field version_field = {.name = "version", .type = FIELD_INTEGER};

const struct field *where_field(const struct table *t, const char *name)
{
    if (strcmp(name, "id") == 0) return &id_field;
    if (!t->plain && strcmp(name, "version") == 0) return &version_field;
    return table_field(t, name);
}

void where_init(struct where *w, const struct table *t, const struct field_time *time, struct arena *a)
{
    memset(w, 0, offsetof(struct where, values));
    w->n = 0;
    w->most = WHERE_TERMS_MAX;
    w->table = t;
    w->time = time;
    w->arena = a;
    buf_init(&w->sql, 64 << 10);
}

void where_close(struct where *w)
{
    buf_close(&w->sql);
}

int where_value(struct where *w, struct val v, struct err *err)
{
    if (w->n == w->most) return err_set(err, ERR_LIMIT, "where.terms", NULL);
    w->values[w->n++] = v;
    buf_printf(&w->sql, "?%zu", w->n);
    return 0;
}

static int add_checked(struct where *w, const struct field *f, const struct val *v, struct err *err)
{
    struct val stored;
    int rc = field_check(f, v, w->time, w->arena, &stored, err);
    return rc ? rc : where_value(w, stored, err);
}

static int add_in(struct where *w, const struct field *f, const struct val *list, size_t from, struct err *err)
{
    int rc = 0;
    buf_printf(&w->sql, "\"%s\" in (", f->name);
    for (size_t i = from; rc == 0 && i < list->as.list.n; i++) {
        if (i > from) buf_add_str(&w->sql, ", ");
        rc = add_checked(w, f, &list->as.list.items[i], err);
    }
    buf_add_str(&w->sql, ")");
    return rc;
}

static int bad(const struct field *f, struct err *err)
{
    return err_set(err, ERR_INVALID, "where.condition", "field", f->name, NULL);
}

/* { ">=", 80 }, { "between", a, b }, { "in", … }, { "is", "null" }, { "like", "Thanh%" } */
static int add_operator(struct where *w, const struct field *f, const struct val *list, struct err *err)
{
    static const char *const plain[] = {"=", "!=", "<", "<=", ">", ">="};
    static const struct field text = {.name = "like", .type = FIELD_TEXT};
    const struct val *op = &list->as.list.items[0];
    size_t n = list->as.list.n;
    for (size_t i = 0; n == 2 && i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (!val_is_str(op, plain[i])) continue;
        buf_printf(&w->sql, "\"%s\" %s ", f->name, plain[i]);
        return add_checked(w, f, &list->as.list.items[1], err);
    }
    if (val_is_str(op, "in") && n > 1) return add_in(w, f, list, 1, err);
    if (val_is_str(op, "like") && n == 2 && list->as.list.items[1].type == VAL_STR) {
        buf_printf(&w->sql, "\"%s\" like ", f->name);
        return add_checked(w, &text, &list->as.list.items[1], err);
    }
    if (val_is_str(op, "is") && n == 2) {
        bool null = val_is_str(&list->as.list.items[1], "null");
        if (!null && !val_is_str(&list->as.list.items[1], "not null")) return bad(f, err);
        buf_printf(&w->sql, "\"%s\" is %s", f->name, null ? "null" : "not null");
        return 0;
    }
    if (val_is_str(op, "between") && n == 3) {
        buf_printf(&w->sql, "\"%s\" between ", f->name);
        int rc = add_checked(w, f, &list->as.list.items[1], err);
        buf_add_str(&w->sql, " and ");
        return rc ? rc : add_checked(w, f, &list->as.list.items[2], err);
    }
    return ERR_NOT_FOUND;
}

static int add_condition(struct where *w, const char *name, const struct val *v, struct err *err)
{
    const struct field *f = where_field(w->table, name);
    if (!f || !field_is_scalar(f->type))
        return err_set(err, ERR_INVALID, "invalid.unknown_field", "field", name, "table", w->table->shown_name, NULL);
    if (v->type == VAL_NIL) {
        buf_printf(&w->sql, "\"%s\" is null", f->name);
        return 0;
    }
    if (v->type != VAL_LIST) {
        buf_printf(&w->sql, "\"%s\" = ", f->name);
        return add_checked(w, f, v, err);
    }
    if (v->as.list.n == 0) {
        buf_add_str(&w->sql, "0");
        return 0;
    }
    if (v->as.list.items[0].type == VAL_STR) {
        int rc = add_operator(w, f, v, err);
        if (rc != ERR_NOT_FOUND) return rc;
    }
    return add_in(w, f, v, 0, err);
}

static int add_map(struct where *w, const struct val *where, const char *join, int depth, struct err *err);

/* ["or"] = { a = 1, b = 2 } or a list of maps; ["not"] = { … } */
static int add_nested(struct where *w, const char *word, const struct val *v, int depth, struct err *err)
{
    if (strcmp(word, "not") == 0) {
        buf_add_str(&w->sql, "not (");
        int rc = add_map(w, v, " and ", depth + 1, err);
        buf_add_str(&w->sql, ")");
        return rc;
    }
    buf_add_char(&w->sql, '(');
    int rc = 0;
    if (v->type == VAL_LIST) {
        for (size_t i = 0; rc == 0 && i < v->as.list.n; i++) {
            buf_add_str(&w->sql, i ? " or (" : "(");
            rc = add_map(w, &v->as.list.items[i], " and ", depth + 1, err);
            buf_add_char(&w->sql, ')');
        }
        if (v->as.list.n == 0) buf_add_char(&w->sql, '0');
    } else if (v->type == VAL_MAP && v->as.map.n == 0) {
        buf_add_char(&w->sql, '0');
    } else {
        rc = add_map(w, v, " or ", depth + 1, err);
    }
    buf_add_char(&w->sql, ')');
    return rc;
}

static int add_map(struct where *w, const struct val *where, const char *join, int depth, struct err *err)
{
    int rc = 0;
    if (depth > WHERE_DEPTH_MAX) return err_set(err, ERR_LIMIT, "where.terms", NULL);
    if (where->type == VAL_LIST && where->as.list.n == 0) {
        buf_add_char(&w->sql, '1');
        return 0;
    }
    if (where->type != VAL_MAP) return err_set(err, ERR_INVALID, "where.table", NULL);
    if (where->as.map.n == 0) buf_add_char(&w->sql, '1');
    for (size_t i = 0; rc == 0 && i < where->as.map.n; i++) {
        const struct val_pair *p = &where->as.map.pairs[i];
        bool nested = strcmp(p->key, "or") == 0 || strcmp(p->key, "not") == 0;
        if (i) buf_add_str(&w->sql, join);
        rc = nested ? add_nested(w, p->key, &p->v, depth, err) : add_condition(w, p->key, &p->v, err);
    }
    return rc;
}

int where_add(struct where *w, const struct val *where, struct err *err)
{
    struct val all = val_map();
    int rc = add_map(w, where ? where : &all, " and ", 0, err);
    w->most = WHERE_TERMS_MAX + WHERE_OWN_MAX;
    return rc;
}

struct stmt *where_stmt(struct where *w, struct store *db, struct err *err)
{
    if (buf_ok(&w->sql)) return store_stmt(db, w->sql.data, err);
    err_set(err, ERR_LIMIT, "where.terms", NULL);
    return NULL;
}

void where_bind(struct where *w, struct stmt *s)
{
    static const struct field any = {.type = FIELD_TEXT};
    for (size_t i = 0; i < w->n; i++)
        table_bind(s, (int)i + 1, &any, &w->values[i], NULL);
}
