/* Rows of declared tables: one insert, one reader; updates set what they are given. */
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "store/table_internal.h"

enum { ROW_MAX = 1 << 20 };

static bool is_number(enum field_type type)
{
    return type == FIELD_INTEGER || type == FIELD_MONEY || type == FIELD_BOOLEAN || type == FIELD_DATE ||
           type == FIELD_INSTANT || type == FIELD_UNIT || type == FIELD_PERSON || type == FIELD_REF;
}

void table_bind(struct stmt *s, int at, const struct field *f, const struct val *v, struct buf *scratch)
{
    if (!v || v->type == VAL_NIL) {
        stmt_bind_null(s, at);
    } else if (field_is_tree(f->type)) {
        /* The buffer was sized before, so that earlier texts do not move. */
        size_t from = scratch->len;
        json_write(scratch, v);
        stmt_bind_text(s, at, scratch->data + from, scratch->len - from);
    } else {
        switch (v->type) {
        case VAL_BOOL:
            stmt_bind_int(s, at, v->as.b);
            break;
        case VAL_INT:
            stmt_bind_int(s, at, v->as.i);
            break;
        case VAL_NUM:
            stmt_bind_num(s, at, v->as.n);
            break;
        case VAL_OBJ:
            stmt_bind_int(s, at, v->as.obj.id);
            break;
        case VAL_STR:
            stmt_bind_text(s, at, v->as.str.s, v->as.str.len);
            break;
        default:
            stmt_bind_null(s, at);
            break;
        }
    }
}

static int read_json(struct stmt *s, int col, struct arena *a, struct val *out)
{
    struct err err;
    size_t len;
    const char *text = stmt_text(s, col, &len);
    int rc = json_parse(text, len, a, out, &err);
    return rc && rc != ERR_LIMIT ? ERR_CORRUPT : rc;
}

int table_read(struct stmt *s, int col, const struct field *f, struct arena *a, struct val *out)
{
    *out = val_nil();
    if (stmt_is_null(s, col)) return 0;
    if (field_is_tree(f->type)) return read_json(s, col, a, out);
    if (f->type == FIELD_BOOLEAN) {
        *out = val_bool(stmt_int(s, col) != 0);
    } else if (f->type == FIELD_NUMBER) {
        *out = val_num(stmt_num(s, col));
    } else if (is_number(f->type)) {
        *out = val_int(stmt_int(s, col));
    } else {
        size_t len;
        const char *p = stmt_text(s, col, &len);
        char *copy = arena_strndup(a, p, len);
        if (!copy) return ERR_LIMIT;
        *out = val_strn(copy, len);
    }
    return 0;
}

int table_read_row(struct stmt *s, const struct table *t, struct arena *a, struct val *row)
{
    int col = 0;
    *row = val_map();
    int rc = val_set_new(a, row, "id", val_int(stmt_int(s, col++)));
    if (rc == 0 && !t->plain) rc = val_set_new(a, row, "version", val_int(stmt_int(s, col++)));
    for (size_t i = 0; rc == 0 && i < t->n; i++) {
        struct val v;
        rc = table_read(s, col++, &t->fields[i], a, &v);
        if (rc == 0 && v.type != VAL_NIL) rc = val_set_new(a, row, t->fields[i].name, v);
    }
    return rc;
}

int table_row_failed(int rc, const struct table *t, struct err *err)
{
    if (rc == ERR_CORRUPT)
        return err_set(err, ERR_CORRUPT, "store.corrupt", "file", t->sql_name, "detail", "JSON", NULL);
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* Room for all JSON columns at once, so that bound pointers stay valid. */
static int size_scratch(struct buf *scratch, const struct table *t, const struct val *row, struct err *err)
{
    bool needed = false;
    buf_init(scratch, 2 * ROW_MAX);
    for (size_t i = 0; i < t->n; i++)
        needed |= field_is_tree(t->fields[i].type);
    if (!needed) return 0;
    for (size_t i = 0; i < row->as.map.n; i++)
        json_write(scratch, &row->as.map.pairs[i].v);
    if (!buf_ok(scratch) || scratch->len > ROW_MAX) {
        buf_close(scratch);
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    scratch->len = 0;
    return 0;
}

int table_insert(struct store *db, const struct table *t, int64_t id, const struct val *row, struct err *err)
{
    struct buf scratch;
    int rc = size_scratch(&scratch, t, row, err);
    if (rc) return rc;
    struct stmt *s = store_stmt(db, t->insert_sql, err);
    rc = s ? 0 : err->code;
    if (s) {
        stmt_bind_int(s, 1, id);
        for (size_t i = 0; i < t->n; i++)
            table_bind(s, (int)i + 2, &t->fields[i], val_get(row, t->fields[i].name), &scratch);
        rc = stmt_step(s, err);
        stmt_done(s);
    }
    buf_close(&scratch);
    return rc;
}

int table_get(struct store *db, const struct table *t, int64_t id, struct arena *a, struct val *row, struct err *err)
{
    struct stmt *s = store_stmt(db, t->get_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    int read = rc == 1 ? table_read_row(s, t, a, row) : 0;
    stmt_done(s);
    return read ? table_row_failed(read, t, err) : rc;
}

/* update t set "a" = ?3, "b" = ?4, version = version + 1 where id = ?1 [and version = ?2] */
static void write_update(struct buf *b, const struct table *t, const struct val *changes, int64_t version)
{
    int at = 3;
    buf_printf(b, "update \"%s\" set ", t->sql_name);
    for (size_t i = 0; i < changes->as.map.n; i++)
        buf_printf(b, "%s\"%s\" = ?%d", i ? ", " : "", changes->as.map.pairs[i].key, at++);
    if (!t->plain) buf_add_str(b, changes->as.map.n ? ", version = version + 1" : "version = version + 1");
    buf_add_str(b, " where id = ?1");
    if (version > 0 && !t->plain) buf_add_str(b, " and version = ?2");
}

static int why_not_updated(struct store *db, const struct table *t, int64_t id, struct err *err)
{
    struct err_num n;
    struct stmt *s = store_stmt(db, t->get_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    if (rc < 0) return rc;
    if (rc == 0)
        return err_set(err, ERR_NOT_FOUND, "not_found.row", "table", t->shown_name, "id", err_i64(&n, id), NULL);
    return err_set(err, ERR_CONFLICT, "conflict.version", "table", t->shown_name, "id", err_i64(&n, id), NULL);
}

int table_update(struct store *db, const struct table *t, int64_t id, const struct val *changes, int64_t version,
                 struct err *err)
{
    struct buf sql, scratch;
    for (size_t i = 0; i < changes->as.map.n; i++)
        if (!table_field(t, changes->as.map.pairs[i].key))
            return err_set(err, ERR_INVALID, "invalid.unknown_field", "field", changes->as.map.pairs[i].key, NULL);
    if (t->plain && changes->as.map.n == 0) return 0;
    int rc = size_scratch(&scratch, t, changes, err);
    if (rc) return rc;
    buf_init(&sql, 64 << 10);
    write_update(&sql, t, changes, version);
    struct stmt *s = buf_ok(&sql) ? store_stmt(db, sql.data, err) : NULL;
    if (!s) {
        rc = buf_ok(&sql) ? err->code : err_set(err, ERR_LIMIT, "limit.size", NULL);
        goto out;
    }
    stmt_bind_int(s, 1, id);
    if (version > 0 && !t->plain) stmt_bind_int(s, 2, version);
    for (size_t i = 0; i < changes->as.map.n; i++)
        table_bind(s, (int)i + 3, table_field(t, changes->as.map.pairs[i].key), &changes->as.map.pairs[i].v, &scratch);
    rc = stmt_step(s, err);
    stmt_done(s);
    if (rc == 0 && store_changes(db) == 0) rc = why_not_updated(db, t, id, err);
out:
    buf_close(&sql);
    buf_close(&scratch);
    return rc;
}

int table_delete(struct store *db, const struct table *t, int64_t id, struct err *err)
{
    struct err_num n;
    struct stmt *s = store_stmt(db, t->delete_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_run(s, err);
    if (rc == 0 && store_changes(db) == 0)
        rc = err_set(err, ERR_NOT_FOUND, "not_found.row", "table", t->shown_name, "id", err_i64(&n, id), NULL);
    return rc;
}

int stmt_row(struct stmt *s, struct arena *a, struct val *row)
{
    *row = val_map();
    for (int i = 0; i < stmt_columns(s); i++) {
        char *name = arena_strdup(a, stmt_column_name(s, i));
        struct val v = val_nil();
        size_t len;
        if (!name) return ERR_LIMIT;
        switch (stmt_type(s, i)) {
        case STORE_NULL:
            continue;
        case STORE_INT:
            v = val_int(stmt_int(s, i));
            break;
        case STORE_NUM:
            v = val_num(stmt_num(s, i));
            break;
        case STORE_TEXT:
        case STORE_BLOB: {
            const char *p = stmt_text(s, i, &len);
            char *copy = arena_strndup(a, p ? p : "", len);
            if (!copy) return ERR_LIMIT;
            v = val_strn(copy, len);
            break;
        }
        }
        if (val_set(a, row, name, v) != 0) return ERR_LIMIT;
    }
    return 0;
}
