/* Declared tables: typed columns made, migrated, read and written by the host from a field list.
 *
 * One code serves plugin tables (storage.table) and the typed tables of content types. A table is built once (into
 * an arena) and is read only afterwards; it may be shared by threads.
 *
 * Column types: integer, date, instant, boolean, money, unit, person, ref → INTEGER; number → REAL; json, list →
 * TEXT (JSON); others TEXT. Every table has `id INTEGER PRIMARY KEY` and, unless it is `plain`, `version INTEGER`.
 * Each write binds every value. Statements' texts are made once, at build. */
#ifndef KHUNG_TABLE_H
#define KHUNG_TABLE_H

#include "base/field.h"
#include "store/store.h"

struct table;

struct table_spec {
    const char *sql_name;   /* "p_awards__nomination", "c_article_pub": made by the caller, [a-z0-9_] */
    const char *shown_name; /* "nomination": for messages */
    struct field_list fields;
    const struct field *extra; /* host columns beside the declared ones (content: slug, unit, state …) */
    size_t nextra;
    const struct val *unique; /* {{"round","nominee"}} or NULL */
    const struct val *index;  /* {{"round","-score"}} or NULL */
    /* Steps beyond what goes by itself; they may stay in the declaration when they are done. */
    const struct val *renamed;   /* { new = "old" } or NULL */
    const struct val *dropped;   /* {"column"}: its values may be lost; or NULL */
    const struct val *converted; /* {"column"}: the value is made from the row as it was; or NULL */
    bool plain;                  /* no version column */
};

int table_build(struct arena *a, const struct table_spec *spec, struct table **out, struct err *err);
const struct field *table_field(const struct table *t, const char *name);
const char *table_sql_name(const struct table *t);
/* Does an index begin with this field? */
bool table_is_indexed(const struct table *t, const char *field);

/* Makes the table or brings it to the declared shape. By itself: new columns (required ones need a default), indexes,
 * columns that hold nothing dropped. By a declared step: columns renamed, dropped with their values, converted to
 * another type. What would lose data without a word is refused: ERR_REFUSED "table.contract" {table, column}. The shape
 * is kept in `host_table`. */
struct table_change {
    bool dry;                                  /* only tells, by `note` */
    void (*note)(void *ctx, const char *line); /* each statement; may be NULL */
    /* The converted columns, in stored form, of a row as it was (`fields` say how to read it). */
    int (*convert)(void *ctx, const struct val *old, const struct field_list *fields, struct arena *a, struct val *out,
                   struct err *err);
    /* May this column go or get another type? 0 or a refusal (open runs need it). May be NULL. */
    int (*contract)(void *ctx, const char *column, struct err *err);
    void *ctx;
    int64_t rows_most; /* more rows are not copied in one go: ERR_REFUSED "table.large" {table, rows}; 0: any number */
};
int table_migrate(struct store *db, const struct table *t, const struct table_change *change, struct err *err);

/* Copying a large table in pieces, each a slice of its own, while the old one is in use: its rows go into a new table
 * beside it, triggers tell what is written meanwhile. Works until the time is over; *ready: all is copied, and
 * table_migrate will put the new table in the place of the old one. Killed at any point, the old table is whole. */
int table_copy_step(struct store *db, const struct table *t, const struct table_change *change, int64_t until_ns,
                    bool *ready, struct err *err);
/* Forgets copies that are not among `keep` (names of tables): those of an earlier process, or no longer wanted. */
int table_copy_discard(struct store *db, const char *const *keep, size_t n, struct err *err);
extern const struct store_migration table_migrations[];

/* Rows are maps in stored form (field_check_map). */
int table_insert(struct store *db, const struct table *t, int64_t id, const struct val *row, struct err *err);
/* 1 found, 0 not; row gets id, version and the fields (dates etc. in stored form). */
int table_get(struct store *db, const struct table *t, int64_t id, struct arena *a, struct val *row, struct err *err);
/* Sets the given fields. `version` > 0: only if the row still has it, else ERR_CONFLICT "conflict.version".
 * ERR_NOT_FOUND. */
int table_update(struct store *db, const struct table *t, int64_t id, const struct val *changes, int64_t version,
                 struct err *err);
int table_delete(struct store *db, const struct table *t, int64_t id, struct err *err);

/* What rows take by our own count, which does not hang on the engine's pages: 16 bytes for id and version, 8 for a
 * number, the bytes of a text. Of one row: 1, 0 (there is none). Of a whole table, by its name in the database. */
int table_size(struct store *db, const struct table *t, int64_t id, int64_t *bytes, struct err *err);
int table_total(struct store *db, const char *sql_name, int64_t *rows, int64_t *bytes, struct err *err);

/* A query: `where` as in API.md ({ a = 1, b = {2,3}, c = {">=", 80}, ["or"] = {…} }; operators = != < <= > >= in like
 * between is null: {"is","null"}); order "-publish_at" or list of such; keyset paging by `after` (an opaque cursor).
 * Values are in input form and are checked against the field's type. */
struct table_query {
    const struct val *where; /* NULL: all */
    const struct val *order; /* NULL: id */
    int64_t limit;           /* 0: 100; at most 1000 */
    const char *after;       /* cursor or NULL */
    const struct field_time *time;
};
/* Rows into `rows` (a list); *cursor (arena) or NULL at the end. Unknown fields: ERR_INVALID "invalid.unknown_field".
 */
int table_find(struct store *db, const struct table *t, const struct table_query *q, struct arena *a, struct val *rows,
               const char **cursor, struct err *err);
int table_count(struct store *db, const struct table *t, const struct table_query *q, struct arena *a, int64_t *n,
                struct err *err);
/* by: list of fields; sum: list of fields; count: add "count". Rows are maps. */
struct table_sums {
    const struct val *by, *sum;
    bool count;
};
int table_aggregate(struct store *db, const struct table *t, const struct table_query *q, const struct table_sums *s,
                    struct arena *a, struct val *rows, struct err *err);

/* Columns of the current row of a statement as a map by column names and types of the statement (for storage.sql). */
int stmt_row(struct stmt *s, struct arena *a, struct val *row);

#endif
