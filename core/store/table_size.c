/* The bytes of rows, counted by one expression over their columns, so that one row and a whole table agree. */
#include "base/buf.h"
#include "store/table_internal.h"

void table_size_begin(struct buf *b)
{
    buf_add_str(b, "16");
}

void table_size_column(struct buf *b, const char *column)
{
    buf_printf(b,
               " + case typeof(\"%s\") when 'null' then 0 when 'text' then length(cast(\"%s\" as blob)) when 'blob'"
               " then length(\"%s\") else 8 end",
               column, column, column);
}

const char *table_size_sql(struct arena *a, const struct table *t)
{
    struct buf b;
    buf_init(&b, 256 << 10);
    buf_add_str(&b, "select ");
    table_size_begin(&b);
    for (size_t i = 0; i < t->n; i++)
        table_size_column(&b, t->fields[i].name);
    buf_printf(&b, " from \"%s\" where id = ?1", t->sql_name);
    char *sql = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return sql;
}

int table_size(struct store *db, const struct table *t, int64_t id, int64_t *bytes, struct err *err)
{
    struct stmt *s = store_stmt(db, t->size_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    *bytes = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc;
}

/* The columns that the table has in the database, whatever was declared. */
static int write_total(struct store *db, const char *sql_name, struct buf *b, struct err *err)
{
    struct stmt *s = store_stmt(db, "select name from pragma_table_info(?1) where name not in ('id', 'version')", err);
    int rc;
    if (!s) return err->code;
    stmt_bind_str(s, 1, sql_name);
    buf_add_str(b, "select count(*), coalesce(sum(");
    table_size_begin(b);
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        table_size_column(b, stmt_text(s, 0, &len));
    }
    stmt_done(s);
    buf_printf(b, "), 0) from \"%s\"", sql_name);
    if (rc == 0 && !buf_ok(b)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

int table_total(struct store *db, const char *sql_name, int64_t *rows, int64_t *bytes, struct err *err)
{
    struct buf b;
    buf_init(&b, 256 << 10);
    *rows = *bytes = 0;
    int rc = write_total(db, sql_name, &b, err);
    struct stmt *s = rc == 0 ? store_stmt(db, b.data, err) : NULL;
    if (rc == 0) rc = s ? stmt_step(s, err) : err->code;
    if (rc == 1) {
        *rows = stmt_int(s, 0);
        *bytes = stmt_int(s, 1);
    }
    stmt_done(s);
    buf_close(&b);
    return rc < 0 ? rc : 0;
}
