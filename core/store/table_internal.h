/* Inside store/: a built table. */
#ifndef KHUNG_TABLE_INTERNAL_H
#define KHUNG_TABLE_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/table.h"

struct table {
    const char *sql_name, *shown_name;
    struct field *fields; /* declared and host columns, sorted by name */
    size_t n;
    const struct val *unique, *index, *renamed, *dropped, *converted;
    bool plain;
    const char *insert_sql, *get_sql, *delete_sql, *columns; /* columns: "id, version, a, b" */
    const char *size_sql;
};

/* "16 + …": an expression for the bytes of a row (table_size.c). */
void table_size_begin(struct buf *b);
void table_size_column(struct buf *b, const char *column);
const char *table_size_sql(struct arena *a, const struct table *t);

/* Binds a stored value at a place. `scratch` holds JSON texts until the statement is done. */
void table_bind(struct stmt *s, int at, const struct field *f, const struct val *v, struct buf *scratch);
/* One column of a row in stored form. */
int table_read(struct stmt *s, int col, const struct field *f, struct arena *a, struct val *out);
/* id, [version,] fields in order. */
int table_read_row(struct stmt *s, const struct table *t, struct arena *a, struct val *row);
/* The error of a row that could not be read: damaged JSON, or too much for the arena. */
int table_row_failed(int rc, const struct table *t, struct err *err);
/* A column name given as a value, NUL-ended; "" if it is none. */
enum { TABLE_NAME_MAX = 64 };
const char *table_name_of(const struct val *v, char out[TABLE_NAME_MAX]);

/* WHERE with its values (where.c). */
enum { WHERE_TERMS_MAX = 64, WHERE_DEPTH_MAX = 8, WHERE_OWN_MAX = 24 /* the host's: cursor and limit */ };
struct where {
    struct buf sql;
    struct val values[WHERE_TERMS_MAX + WHERE_OWN_MAX];
    size_t n, most;
    const struct table *table;
    const struct field_time *time;
    struct arena *arena;
};
void where_init(struct where *w, const struct table *t, const struct field_time *time, struct arena *a);
void where_close(struct where *w);
/* Appends "cond and cond …" ("1" when empty). */
int where_add(struct where *w, const struct val *where, struct err *err);
int where_value(struct where *w, struct val v, struct err *err);
/* The cached statement of the text so far; NULL with err set. */
struct stmt *where_stmt(struct where *w, struct store *db, struct err *err);
void where_bind(struct where *w, struct stmt *s);
const struct field *where_field(const struct table *t, const char *name);

#endif
