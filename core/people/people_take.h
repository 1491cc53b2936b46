/* Inside people/: an import while it is read (people_take.c, people_sheet.c, people_cell.c, people_diff.c). */
#ifndef KHUNG_PEOPLE_TAKE_H
#define KHUNG_PEOPLE_TAKE_H

#include "people/exchange.h"
#include "people/people_list.h"

enum { TAKE_LISTS_MAX = 24 };

/* Where a row stands. */
struct take_source {
    const char *file;
    size_t line;               /* of the file; in JSON the entry of the list */
    const char *const *titles; /* CSV: of its columns, closed by NULL; else NULL */
};

struct take_list {
    const struct people_list *list;
    struct val rows; /* raw, as maps of what stands there */
    struct take_source *sources;
    size_t cap;
};

struct take {
    struct store *db;
    const struct people_take *args;
    struct arena *a, *out; /* for what is read and compared; for the report */
    struct err *err;
    struct take_list lists[TAKE_LISTS_MAX];
    size_t nlists;
    bool loose; /* rows stand for several, or changes make some: references are looked at when they are taken */
    struct val cells, errors, warnings;
    size_t ncells, nerrors;
};

/* A row of the report, as small as it can be. */
int take_add(struct take *t, struct val *list, const struct val *row);
/* Files to rows. */
int take_files(struct take *t);
/* Reads every cell; `tree` gets the rows as an import takes them. Wrong cells are in t->errors. */
int take_cells(struct take *t, struct val *tree);
/* Keeps one wrong cell: where it is, what stands there, and the key of what is wrong. */
int take_wrong(struct take *t, const struct take_list *l, size_t entry, const char *field, const struct val *raw,
               const char *key, const char *detail);
/* new, changed, ended, gone: what makes one organisation into the other. */
int take_diff(struct take *t, const struct val *before, const struct val *after, struct val *report);

#endif
