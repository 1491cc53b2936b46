/* Lists of the host, described as data: what one is sorted by, what it is filtered by, in which order it comes.
 *
 * A description checks what is asked, writes the statement, and prints the parameters of the OpenAPI document:
 *
 *     GET /api/persons?email=mai@x.vn&sort=-code&limit=50&after=CURSOR&fields=code,name
 *     GET /api/notices?at[gte]=2021-01-04&kind=task.asked
 *
 * A page ends with a cursor: an opaque text that holds the place of its last row in the order. The next page begins
 * behind that place, so that rows which come or go meanwhile make none of the others be missed or come twice. Whatever
 * can be sorted by or filtered by has an index (tests/unit/http/test_lists.c asks the database for its plans). */
#ifndef KHUNG_LIST_H
#define KHUNG_LIST_H

#include "base/field.h"
#include "store/store.h"

enum list_can {
    LIST_SHOWN = 0,
    LIST_FILTER = 1, /* name=value */
    LIST_RANGE = 3,  /* that, and name[gte]=, name[gt]=, name[lte]=, name[lt]= */
    LIST_UP = 4,     /* sort=name; its values are never null */
    LIST_DOWN = 16,  /* sort=-name */
    LIST_SORT = LIST_UP | LIST_DOWN,
    LIST_OWN = 8, /* its function seeks the rows that fit by itself, and shows so in a test of its own */
};

struct list_column {
    const char *name;
    enum field_type type;
    int can;
    const char *sql;            /* what is shown; NULL: its name */
    const char *const *choices; /* words whose places are stored, closed by NULL; or NULL */
    const char *by;             /* what is compared and sorted, if that is another; NULL: `sql` */
    const char *lookup;         /* "(select id from unit where code = ": makes a value what is compared; or NULL */
    const char *gives; /* what is shown, for the OpenAPI document: "list:text" (plugin/api.h); NULL: `type` says */
};

/* What the function behind a list reads itself. */
struct list_option {
    const char *name, *type, *doc; /* "at", "date" */
    const char *where;             /* one more condition when it is "true"; NULL: the function's own */
};

struct list {
    const char *name;                  /* "persons" */
    const char *order, *key;           /* "-id" when nothing is said; the column that is unique and ends every order */
    const struct list_column *columns; /* closed by {0} */
    const char *from, *where;          /* ?1 … ?8 in them are the function's; `where` may be NULL */
    const char *select;                /* columns for a reader of rows; NULL: those described */
    const struct list_option *options; /* closed by {0}; NULL: none */
    bool more;                         /* there are more columns, which hang on what is asked (a type's fields) */
};

struct list_filter {
    const struct list_column *column;
    const char *op; /* "=", ">=" … */
    struct val value;
};

enum { LIST_FILTERS_MAX = 12, LIST_FIELDS_MAX = 32, LIST_BOUND_MAX = 8, LIST_ASKED_MAX = 4, LIST_LIMIT_MAX = 1000 };

/* What is asked of a list, checked. */
struct list_query {
    const struct list *list;
    const struct list_column *sort, *key;
    bool down;
    int64_t limit;
    struct val after, after_key; /* where the page before ended; nil: at the beginning */
    struct list_filter filters[LIST_FILTERS_MAX];
    size_t nfilters;
    const char *fields[LIST_FIELDS_MAX];
    size_t nfields;                    /* 0: all */
    const char *asked[LIST_ASKED_MAX]; /* conditions of options */
    size_t nasked;
};

/* Without `sort`, a range (at[gte]) makes its column the order, in the direction of the list's own: so the page is one
 * range of that column's index, too.
 *
 * `options`: a map as it comes from a query (texts), a command or Lua; or nil. `sort` may be called `order`.
 * ERR_INVALID "list.parameter" {name, list, known}, "list.sort" {field, list, known}, "list.field" {field, list,
 * known}, "list.value" {name, type}, "find.cursor". */
int list_read(const struct list *l, const struct val *options, const struct field_time *time, struct arena *a,
              struct list_query *q, struct err *err);

/* How rows are found and read. */
struct list_rows {
    struct val bound[LIST_BOUND_MAX]; /* ?1 … */
    size_t nbound;
    const char *where; /* one more condition, or NULL */
    /* A row of list.select; NULL: a map of the columns. */
    int (*read)(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err);
    void *ctx;
};
/* The page, and *next (arena), the cursor of the next one; NULL at the end. */
int list_find(struct store *db, const struct list_query *q, const struct list_rows *how, struct arena *a,
              struct val *rows, const char **next, struct err *err);
/* The same of rows that are in memory already: maps or objects with the columns' names. */
int list_slice(const struct list_query *q, const struct val *all, struct arena *a, struct val *rows, const char **next,
               struct err *err);
/* For those that find their rows by themselves: only the fields that were asked for; a cursor of the given place. */
int list_pick(const struct list_query *q, struct arena *a, struct val *rows, struct err *err);
int list_cursor(const struct list_query *q, struct val at, struct val key, struct arena *a, const char **next,
                struct err *err);
/* A filter by its column; NULL: not asked for. */
const struct list_filter *list_filter_of(const struct list_query *q, const char *column);
/* A yes-or-no option: true, or "true" as a query has it. */
bool list_asks(const struct val *options, const char *name);
const struct list_column *list_column_of(const struct list *l, const char *name);
/* "limit, after, sort, fields, …": what may be asked of it. */
void list_known(const struct list *l, char *out, size_t cap);
/* The statement of a query, for tests: as list_find would ask it. */
const char *list_statement(const struct list_query *q, const struct list_rows *how, struct arena *a);

#endif
