/* Queries over declared tables: filters, order, keyset paging, counts and sums. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "store/cursor.h"
#include "store/table_internal.h"

enum { ORDER_MAX = 6, LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

struct order {
    const struct field *field[ORDER_MAX + 1];
    bool down[ORDER_MAX + 1];
    size_t n;
};

static int add_order(struct order *o, const struct table *t, const struct val *v, struct err *err)
{
    char text[TABLE_NAME_MAX];
    const char *name = table_name_of(v, text);
    bool down = name[0] == '-';
    const struct field *f = where_field(t, name + down);
    if (!f || !field_is_scalar(f->type) || o->n == ORDER_MAX)
        return err_set(err, ERR_INVALID, "invalid.unknown_field", "field", name + down, "table", t->shown_name, NULL);
    o->field[o->n] = f;
    o->down[o->n++] = down;
    return 0;
}

/* The given order, and the id last, so that it is total. */
static int read_order(struct order *o, const struct table *t, const struct val *v, struct err *err)
{
    int rc = 0;
    o->n = 0;
    if (val_is(v, VAL_STR)) rc = add_order(o, t, v, err);
    for (size_t i = 0; rc == 0 && val_at(v, i); i++)
        rc = add_order(o, t, val_at(v, i), err);
    if (rc) return rc;
    if (o->n && strcmp(o->field[o->n - 1]->name, "id") == 0) return 0;
    o->down[o->n] = o->n && o->down[o->n - 1];
    o->field[o->n++] = where_field(t, "id");
    return 0;
}

/* Stands at the front of a cursor: one of another order or table is refused. */
static struct val order_mark(const struct order *o, const struct table *t)
{
    char text[(ORDER_MAX + 2) * (TABLE_NAME_MAX + 2)];
    size_t at = (size_t)snprintf(text, sizeof(text), "%.120s", t->sql_name);
    for (size_t i = 0; i < o->n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%c%.60s", o->down[i] ? '-' : '+', o->field[i]->name);
    return val_int((int64_t)(digest_short(text, at) & INT64_MAX));
}

static int read_cursor(const char *text, const struct order *o, struct where *w, struct val *out, struct err *err)
{
    struct val mark = order_mark(o, w->table);
    int rc = cursor_read(text, o->n + 1, w->arena, out, err);
    if (rc || val_equal(&out->as.list.items[0], &mark)) return rc;
    return err_set(err, ERR_INVALID, "find.cursor", NULL);
}

/* Can a row have no value there? */
static bool can_be_null(const struct field *f)
{
    return !f->required && strcmp(f->name, "id") != 0 && strcmp(f->name, "version") != 0;
}

/* A bound on the first column that holds for all later rows: by it the index is entered at the right place. Without it
 * each page reads all pages before. */
static int add_bound(struct where *w, const struct order *o, const struct val *at, struct err *err)
{
    const struct val *first = &at->as.list.items[1];
    if (first->type == VAL_NIL || (o->down[0] && can_be_null(o->field[0]))) return 0;
    buf_printf(&w->sql, "\"%s\" %s ", o->field[0]->name, o->down[0] ? "<=" : ">=");
    int rc = where_value(w, *first, err);
    buf_add_str(&w->sql, " and ");
    return rc;
}

/* One level of: (a > x) or (a = x and ((b > y) or …)). Nulls come first upward and last downward, as SQLite has it. */
static int add_after(struct where *w, const struct order *o, const struct val *at, size_t i, struct err *err)
{
    const char *name = o->field[i]->name;
    const struct val *here = &at->as.list.items[i + 1];
    bool null = here->type == VAL_NIL;
    int rc = 0;
    buf_add_char(&w->sql, '(');
    if (null) {
        buf_printf(&w->sql, o->down[i] ? "0" : "\"%s\" is not null", name);
    } else {
        buf_printf(&w->sql, "\"%s\" %s ", name, o->down[i] ? "<" : ">");
        rc = where_value(w, *here, err);
        if (o->down[i] && can_be_null(o->field[i])) buf_printf(&w->sql, " or \"%s\" is null", name);
    }
    if (rc == 0 && i + 1 < o->n) {
        buf_printf(&w->sql, " or (\"%s\" is ", name);
        rc = where_value(w, *here, err);
        buf_add_str(&w->sql, " and ");
        if (rc == 0) rc = add_after(w, o, at, i + 1, err);
        buf_add_char(&w->sql, ')');
    }
    buf_add_char(&w->sql, ')');
    return rc;
}

static int write_find(struct where *w, const struct table *t, const struct table_query *q, const struct order *o,
                      struct err *err)
{
    struct val at;
    buf_printf(&w->sql, "select %s from \"%s\" where ", t->columns, t->sql_name);
    int rc = where_add(w, q->where, err);
    if (rc == 0 && q->after) {
        rc = read_cursor(q->after, o, w, &at, err);
        buf_add_str(&w->sql, " and ");
        if (rc == 0) rc = add_bound(w, o, &at, err);
        if (rc == 0) rc = add_after(w, o, &at, 0, err);
    }
    buf_add_str(&w->sql, " order by ");
    for (size_t i = 0; i < o->n; i++)
        buf_printf(&w->sql, "%s\"%s\"%s", i ? ", " : "", o->field[i]->name, o->down[i] ? " desc" : "");
    buf_add_str(&w->sql, " limit ");
    return rc;
}

static int make_cursor(const struct order *o, const struct table *t, const struct val *row, struct arena *a,
                       const char **out)
{
    struct val at = val_list();
    if (val_add(a, &at, order_mark(o, t)) != 0) return ERR_NOMEM;
    for (size_t i = 0; i < o->n; i++) {
        const struct val *v = val_get(row, o->field[i]->name);
        if (val_add(a, &at, v ? *v : val_nil()) != 0) return ERR_NOMEM;
    }
    *out = cursor_write(&at, a);
    return *out ? 0 : ERR_LIMIT;
}

static int read_page(struct stmt *s, const struct table *t, const struct order *o, int64_t limit, struct arena *a,
                     struct val *rows, const char **cursor, struct err *err)
{
    int rc;
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        int read;
        if ((int64_t)rows->as.list.n == limit) {
            /* One more than asked for: there is a next page. */
            read = make_cursor(o, t, &rows->as.list.items[limit - 1], a, cursor);
            return read ? table_row_failed(read, t, err) : 0;
        }
        read = table_read_row(s, t, a, &row);
        if (read == 0) read = val_add(a, rows, row);
        if (read) return table_row_failed(read, t, err);
    }
    return rc;
}

int table_find(struct store *db, const struct table *t, const struct table_query *q, struct arena *a, struct val *rows,
               const char **cursor, struct err *err)
{
    struct where w;
    struct order o;
    int64_t limit = q->limit <= 0 ? LIMIT_DEFAULT : q->limit > LIMIT_MAX ? LIMIT_MAX : q->limit;
    struct stmt *s = NULL;
    *rows = val_list();
    *cursor = NULL;
    where_init(&w, t, q->time, a);
    int rc = read_order(&o, t, q->order, err);
    if (rc == 0) rc = write_find(&w, t, q, &o, err);
    if (rc == 0) rc = where_value(&w, val_int(limit + 1), err);
    if (rc) goto out;
    s = where_stmt(&w, db, err);
    if (!s) {
        rc = err->code;
        goto out;
    }
    where_bind(&w, s);
    rc = read_page(s, t, &o, limit, a, rows, cursor, err);
out:
    stmt_done(s);
    where_close(&w);
    return rc;
}

int table_count(struct store *db, const struct table *t, const struct table_query *q, struct arena *a, int64_t *n,
                struct err *err)
{
    struct where w;
    struct stmt *s = NULL;
    where_init(&w, t, q->time, a);
    buf_printf(&w.sql, "select count(*) from \"%s\" where ", t->sql_name);
    int rc = where_add(&w, q->where, err);
    if (rc == 0 && !(s = where_stmt(&w, db, err))) rc = err->code;
    if (s) {
        where_bind(&w, s);
        rc = stmt_step(s, err);
        if (rc == 1) *n = stmt_int(s, 0);
        rc = rc < 0 ? rc : 0;
    }
    stmt_done(s);
    where_close(&w);
    return rc;
}

static int add_columns(struct where *w, const struct val *names, const char *fmt, bool *any, struct err *err)
{
    for (size_t i = 0; val_at(names, i); i++) {
        char text[TABLE_NAME_MAX];
        const char *name = table_name_of(val_at(names, i), text);
        const struct field *f = where_field(w->table, name);
        if (!f || !field_is_scalar(f->type))
            return err_set(err, ERR_INVALID, "invalid.unknown_field", "field", name, "table", w->table->shown_name,
                           NULL);
        if (*any) buf_add_str(&w->sql, ", ");
        *any = true;
        buf_add_str(&w->sql, fmt);
        buf_printf(&w->sql, "\"%s\"%s", f->name, *fmt ? ")" : "");
        if (*fmt) buf_printf(&w->sql, " as \"%s\"", f->name);
    }
    return 0;
}

/* The engine knows no booleans: what rows are grouped by comes as it was declared. */
static void type_groups(const struct table *t, const struct val *by, const struct val *row)
{
    for (size_t i = 0; val_at(by, i); i++) {
        char name[TABLE_NAME_MAX];
        const struct field *f = where_field(t, table_name_of(val_at(by, i), name));
        struct val *v = (struct val *)val_get(row, name);
        if (f && f->type == FIELD_BOOLEAN && val_is(v, VAL_INT)) *v = val_bool(v->as.i != 0);
    }
}

int table_aggregate(struct store *db, const struct table *t, const struct table_query *q, const struct table_sums *sums,
                    struct arena *a, struct val *rows, struct err *err)
{
    struct where w;
    bool any = false, grouped = false;
    struct stmt *s = NULL;
    *rows = val_list();
    where_init(&w, t, q->time, a);
    buf_add_str(&w.sql, "select ");
    int rc = add_columns(&w, sums->by, "", &any, err);
    if (rc == 0) rc = add_columns(&w, sums->sum, "sum(", &any, err);
    if (sums->count || !any) buf_printf(&w.sql, "%scount(*) as \"count\"", any ? ", " : "");
    buf_printf(&w.sql, " from \"%s\" where ", t->sql_name);
    if (rc == 0) rc = where_add(&w, q->where, err);
    if (rc == 0 && val_at(sums->by, 0)) {
        buf_add_str(&w.sql, " group by ");
        rc = add_columns(&w, sums->by, "", &grouped, err);
        buf_add_str(&w.sql, " order by ");
        grouped = false;
        if (rc == 0) rc = add_columns(&w, sums->by, "", &grouped, err);
    }
    if (rc == 0 && !(s = where_stmt(&w, db, err))) rc = err->code;
    if (s) {
        where_bind(&w, s);
        while ((rc = stmt_step(s, err)) == 1) {
            struct val row;
            rc = stmt_row(s, a, &row);
            if (rc == 0) type_groups(t, sums->by, &row);
            if (rc == 0) rc = val_add(a, rows, row);
            if (rc == 0) continue;
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
    }
    stmt_done(s);
    where_close(&w);
    return rc;
}
