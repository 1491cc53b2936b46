/* Inside people/: a change of the tree while it is made (people_change.c, people_change_read.c, people_hangs.c). */
#ifndef KHUNG_PEOPLE_CHANGE_INTERNAL_H
#define KHUNG_PEOPLE_CHANGE_INTERNAL_H

#include "people/people_internal.h"

enum { CHANGE_UNITS_MAX = 256 };
enum change_how { CHANGE_MERGE, CHANGE_SPLIT, CHANGE_RENAME, CHANGE_ABOLISH, CHANGE_MOVE };

struct change {
    struct store *db;
    struct arena *a;
    struct err *err;
    struct session *by; /* whose right is asked for at each unit; NULL: nobody's */
    enum change_how how;
    int64_t units[CHANGE_UNITS_MAX]; /* the first nwhole go as a whole, the rest in part */
    size_t nunits, nwhole;
    int64_t into[CHANGE_UNITS_MAX];
    size_t ninto;
    bool is_new[CHANGE_UNITS_MAX]; /* made by this change, from specs[i] */
    const struct val *specs[CHANGE_UNITS_MAX];
    const char *name, *act;
    int64_t parent, day, today;
    struct val *report;
};

const char *change_how_name(enum change_how how);
int change_read(struct change *c, const struct val *spec);
int change_bad(struct change *c, const char *field);
/* A refusal about a unit, named as it was. */
int change_refuse(struct change *c, int code, const char *key, int64_t unit);
/* Adds to a list of the report. */
int change_note(struct change *c, const char *list, struct val v);
/* The parent that the spec of a new unit names; 0: none. */
int change_new_parent(struct change *c, size_t i, int64_t *parent);
/* The row id of a unit with this code, name, kind and parent, from the change's day on. */
int change_make_unit(struct change *c, size_t i);
/* Ends what is bound to a unit (people_hangs.c). */
int change_end_bound(struct change *c, int64_t unit);

#endif
