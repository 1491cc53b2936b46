/* Pages of a list: the statement of a query, and its rows. */
#include "store/list.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { SQL_MAX = 16 << 10, CHOICES_MAX = 64 };

static const char *expression(const struct list_column *c)
{
    return c->by ? c->by : c->sql ? c->sql : c->name;
}

static void write_columns(const struct list *l, struct buf *b)
{
    if (l->select) buf_add_str(b, l->select);
    for (const struct list_column *c = l->columns; !l->select && c->name; c++)
        buf_printf(b, "%s%s", c == l->columns ? "" : ", ", c->sql ? c->sql : c->name);
}

static void write_filter(const struct list_filter *f, size_t at, struct buf *b)
{
    const char *lookup = f->column->lookup;
    buf_printf(b, " and %s %s %s?%zu%s", expression(f->column), f->op, lookup ? lookup : "", at, lookup ? ")" : "");
}

static bool is_key(const struct list_query *q)
{
    return q->sort == q->key;
}

/* The function's values come first, then the filters', then the cursor's, then the limit. */
static void write_sql(const struct list_query *q, const struct list_rows *how, struct buf *b)
{
    const char *sort = expression(q->sort), *key = expression(q->key), *way = q->down ? "<" : ">";
    size_t n = how->nbound;
    buf_add_str(b, "select ");
    write_columns(q->list, b);
    buf_printf(b, ", %s, %s from %s where 1", sort, key, q->list->from);
    if (q->list->where) buf_printf(b, " and %s", q->list->where);
    if (how->where) buf_printf(b, " and %s", how->where);
    for (size_t i = 0; i < q->nasked; i++)
        buf_printf(b, " and %s", q->asked[i]);
    for (size_t i = 0; i < q->nfilters; i++)
        write_filter(&q->filters[i], ++n, b);
    if (q->after_key.type != VAL_NIL && is_key(q)) {
        buf_printf(b, " and %s %s ?%zu", key, way, n + 2);
    } else if (q->after_key.type != VAL_NIL) {
        buf_printf(b, " and %s %s= ?%zu and (%s, %s) %s (?%zu, ?%zu)", sort, way, n + 1, sort, key, way, n + 1, n + 2);
    }
    buf_printf(b, " order by %s%s", sort, q->down ? " desc" : "");
    if (!is_key(q)) buf_printf(b, ", %s%s", key, q->down ? " desc" : "");
    buf_printf(b, " limit ?%zu", n + 3);
}

const char *list_statement(const struct list_query *q, const struct list_rows *how, struct arena *a)
{
    struct buf b;
    buf_init(&b, SQL_MAX);
    write_sql(q, how, &b);
    char *copy = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}

static void bind_value(struct stmt *s, int at, const struct val *v)
{
    if (v->type == VAL_INT) stmt_bind_int(s, at, v->as.i);
    if (v->type == VAL_BOOL) stmt_bind_int(s, at, v->as.b);
    if (v->type == VAL_NUM) stmt_bind_num(s, at, v->as.n);
    if (v->type == VAL_STR) stmt_bind_text(s, at, v->as.str.s, v->as.str.len);
}

static void bind_all(struct stmt *s, const struct list_query *q, const struct list_rows *how)
{
    int n = 0;
    for (size_t i = 0; i < how->nbound; i++)
        bind_value(s, ++n, &how->bound[i]);
    for (size_t i = 0; i < q->nfilters; i++)
        bind_value(s, ++n, &q->filters[i].value);
    if (q->after_key.type != VAL_NIL && !is_key(q)) bind_value(s, n + 1, &q->after);
    if (q->after_key.type != VAL_NIL) bind_value(s, n + 2, &q->after_key);
    stmt_bind_int(s, n + 3, q->limit + 1);
}

static int read_value(struct stmt *s, int at, struct arena *a, struct val *out)
{
    size_t len;
    *out = val_nil();
    if (stmt_type(s, at) == STORE_INT) *out = val_int(stmt_int(s, at));
    if (stmt_type(s, at) == STORE_NUM) *out = val_num(stmt_num(s, at));
    if (stmt_type(s, at) != STORE_TEXT) return 0;
    const char *text = stmt_text(s, at, &len), *copy = arena_strndup(a, text, len);
    *out = copy ? val_strn(copy, len) : val_nil();
    return copy ? 0 : ERR_NOMEM;
}

/* As answers show it: days as dates, words of choices. */
static int read_cell(struct stmt *s, int at, const struct list_column *c, struct arena *a, struct val *row)
{
    struct val v;
    int rc = read_value(s, at, a, &v);
    if (rc || v.type == VAL_NIL) return rc;
    if (c->type == FIELD_BOOLEAN) v = val_bool(v.as.i != 0);
    if (c->choices && v.type == VAL_INT && v.as.i >= 0 && v.as.i < CHOICES_MAX) v = val_str(c->choices[v.as.i]);
    return val_set_new(a, row, c->name, v);
}

static int read_row(struct stmt *s, const struct list *l, struct arena *a, struct val *row)
{
    int rc = 0, at = 0;
    *row = val_map();
    for (const struct list_column *c = l->columns; rc == 0 && c->name; c++)
        rc = read_cell(s, at++, c, a, row);
    return rc;
}

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

static int read_page(struct stmt *s, const struct list_query *q, const struct list_rows *how, struct arena *a,
                     struct val *rows, const char **next, struct err *err)
{
    struct val at = val_nil(), key = val_nil(), row;
    int rc, last = stmt_columns(s) - 1;
    while ((rc = stmt_step(s, err)) == 1) {
        /* One more than asked for: there is a next page. */
        if ((int64_t)rows->as.list.n == q->limit) return list_cursor(q, at, key, a, next, err);
        rc = how->read ? how->read(how->ctx, s, a, &row, err) : read_row(s, q->list, a, &row);
        if (rc == 0) rc = read_value(s, last - 1, a, &at);
        if (rc == 0) rc = read_value(s, last, a, &key);
        if (rc == 0) rc = val_add(a, rows, row);
        if (rc) return rc == ERR_NOMEM ? too_large(err) : rc;
    }
    return rc;
}

int list_find(struct store *db, const struct list_query *q, const struct list_rows *how, struct arena *a,
              struct val *rows, const char **next, struct err *err)
{
    const char *sql = list_statement(q, how, a);
    *rows = val_list();
    *next = NULL;
    if (!sql) return too_large(err);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    bind_all(s, q, how);
    int rc = read_page(s, q, how, a, rows, next, err);
    stmt_done(s);
    return rc ? rc : list_pick(q, a, rows, err);
}

static int pick_row(const struct list_query *q, struct arena *a, struct val *row)
{
    const struct val *from = row->type == VAL_OBJ ? row->as.obj.fields : row;
    struct val few = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < q->nfields; i++) {
        const struct val *v = val_get(from, q->fields[i]);
        if (v) rc = val_set(a, &few, q->fields[i], *v);
    }
    *row = few;
    return rc;
}

int list_pick(const struct list_query *q, struct arena *a, struct val *rows, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && q->nfields && i < rows->as.list.n; i++)
        rc = pick_row(q, a, &rows->as.list.items[i]);
    return rc ? too_large(err) : 0;
}
