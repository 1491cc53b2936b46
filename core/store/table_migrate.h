/* Inside store/: one migration of a declared table. */
#ifndef KHUNG_TABLE_MIGRATE_H
#define KHUNG_TABLE_MIGRATE_H

#include "store/table_internal.h"

struct migrating {
    struct store *db;
    const struct table *t;
    const struct table_change *o;
    struct err *err;
    struct arena arena;
    struct val old;     /* the kept shape: column → type */
    int64_t generation; /* of the table's indexes */
};

void migrate_init(struct migrating *m, struct store *db, const struct table *t, const struct table_change *o,
                  struct err *err);
void migrate_close(struct migrating *m);
/* Runs a statement, or only tells it. */
int migrate_run(struct migrating *m, const char *sql);
int migrate_refuse(struct migrating *m, const char *key, const char *column);
int migrate_refuse_large(struct migrating *m);
/* 1: the query gives a row. */
int migrate_has_row(struct migrating *m, const char *sql);
/* In a dry run: a line `what "column" n`, n being what the query counts. */
int migrate_tell(struct migrating *m, const char *what, const char *column, const char *query);
/* The table with the declared columns, under a name. */
int migrate_create(struct migrating *m, const char *name);
/* A stored value as the column keeps it. */
void migrate_write_literal(struct buf *b, const struct field *f, const struct val *v);
/* The declared default in stored form. 1: there is one. */
int migrate_default(struct migrating *m, const struct field *f, struct val *out);
const char *migrate_sql_type(const struct field *f);
/* What a shape says of a column: "integer", "text!", "ref:article", "list:integer". */
const char *migrate_shape_of(struct migrating *m, const struct field *f);
/* Is the kept type what the declaration says, or less (a "ref" without its target)? *is_required: of the kept one. */
bool migrate_is_same(struct migrating *m, const struct field *f, const char *was, bool *is_required);
/* 1: there is one, in m->old. */
int migrate_read_shape(struct migrating *m);
/* The declared shape as text (the arena's). */
const char *migrate_shape(struct migrating *m);
int migrate_write_shape(struct migrating *m);
/* Where the values of a column come from: its own name, the one that it had, or NULL. *was: the kept type. */
const char *migrate_source(const struct migrating *m, const struct field *f, const char **was);
bool migrate_is_dropped(const struct migrating *m, const char *column);
bool migrate_is_renamed(const struct migrating *m, const char *old);
/* Makes what is missing on a table; drops what is not declared if it is the real one. */
int migrate_indexes(struct migrating *m, const char *table);

/* One copy under way. */
struct copying {
    struct migrating *m;
    const char *new, *log, *read_sql, *copy_sql;
    int64_t next, rows;    /* rows up to this id are copied; how many those are */
    bool converts;         /* some columns are made by the plugin's code */
    bool is_copied;        /* all rows have been copied once */
    bool is_ready;         /* and what was written since */
    struct field_list old; /* the columns as they were, for `convert` */
    struct arena arena;    /* of one row */
};

/* table_copy_rows.c. Is this column's value made by the plugin's code? */
bool copy_converts(const struct migrating *m, const struct field *f);
/* Copies until the time is over or all is ready. */
int copy_rows(struct copying *c, int64_t until_ns);

/* table_copy.c. Must rows be made anew, since a type changes or a value has to be computed? */
bool copy_is_needed(struct migrating *m);
/* 1: a copy to this shape is ready. */
int copy_is_ready(struct migrating *m);
/* All that is left of the copy, then the exchange. "table.large" when that takes too long for one go. */
int copy_finish(struct migrating *m);

#endif
