/* Inside people/: the lists of an organisation and their columns, as data: what an import reads and an export writes.
 */
#ifndef KHUNG_PEOPLE_LIST_H
#define KHUNG_PEOPLE_LIST_H

#include "people/people_internal.h"

enum people_cell_type {
    CELL_CODE, /* names this row: what others refer to */
    CELL_TEXT,
    CELL_DATE,
    CELL_NUMBER,
    CELL_BOOL,
    CELL_UNIT, /* codes of other rows */
    CELL_PERSON,
    CELL_BODY,
    CELL_USER,
    CELL_UNITS, /* several, divided by blanks in CSV */
    CELL_WORDS,
    CELL_VERBS, /* what a role allows (people/verb.h) */
    CELL_DATES,
    CELL_ANY /* tables: in JSON only */
};

struct people_column {
    const char *name;
    enum people_cell_type type;
    bool required;
};

struct people_list {
    const char *name;
    const struct people_column *columns; /* closed by {0} */
    const char *key;                     /* the columns that make a row the same row, divided by blanks */
    const char *give;                    /* its rows, with the columns' names; ?2 the day or null */
};

extern const struct people_list people_lists[]; /* closed by {0}, in the order in which they are given out */
const struct people_list *people_list_find(const char *name, size_t len);
const struct people_column *people_column_find(const struct people_list *list, const char *name);
bool people_cell_is_list(enum people_cell_type type);

#endif
