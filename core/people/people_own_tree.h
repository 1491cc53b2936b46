/* Inside people/: what somebody's holdings reach in the tree, day by day: units below each, and units that one of them
 * has succeeded, whose open tasks it takes over. Roles (of a position, too) and delegations reach down; a position
 * itself only what its unit has succeeded. "delegation": where somebody's delegation holds; "delegated": what they hold
 * that it lends. */
#ifndef KHUNG_PEOPLE_OWN_TREE_H
#define KHUNG_PEOPLE_OWN_TREE_H

#include "people/people_internal.h"

struct own_reach {
    const char *what, *detail;  /* "role", "editor"; "delegated", "lan editor" */
    int64_t unit, since, until; /* unit 0: everywhere */
};

struct own_tree {
    struct own_reach *of; /* by what, detail, unit, since */
    size_t n;
    int64_t last_unit; /* units made since were empty */
};

int own_tree_read(struct session *s, int64_t person, int64_t account, struct arena *a, struct own_tree *out,
                  struct err *err);
/* Adds to the list, as texts, what is reached now and was not: "role editor@hanoi", of each holding one unit. */
int own_tree_gained(struct session *s, const struct own_tree *before, const struct own_tree *now, struct arena *a,
                    struct val *out, struct err *err);

#endif
