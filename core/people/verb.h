/* The verbs that the program asks its policy for, as data. Plugins may ask for verbs of their own: those are not here,
 * and are given by roles alone.
 *
 * What a role grants may be bound to a state of the thing: "content.edit@draft" allows editing while the item is a
 * draft, "content.*@in_review" everything with what is being read. */
#ifndef KHUNG_PEOPLE_VERB_H
#define KHUNG_PEOPLE_VERB_H

#include <stdbool.h>
#include <stdint.h>

struct people_verb {
    const char *name;
    bool by_role, to_admin;    /* a role may give it; an administrator has it */
    const char *where;         /* the role must hold in the "unit" of the thing, "anywhere", or in no unit: "whole" */
    const char *const *states; /* of the thing, closed by NULL; NULL: it has none that count */
};

extern const struct people_verb people_verbs[]; /* by name, closed by {0} */
const struct people_verb *people_verb_find(const char *name);
const char *people_verb_nearest(const char *word); /* the name that is written most like it */
bool people_verb_of_admins(const char *verb);      /* an administrator has it, without a role */

/* Of a word in a role's list of verbs: what is wrong with it. */
enum people_verb_wrong {
    PEOPLE_VERB_OK,
    PEOPLE_VERB_UNKNOWN, /* of a family of the program, which never asks for it */
    PEOPLE_VERB_STATE,   /* no such state, or bound to one where there is none */
    PEOPLE_VERB_SYSTEM,  /* no role gives it */
};
enum people_verb_wrong people_verb_check(const char *word);
/* Does who has the one word have the other: "content.*" all of its family, a word without a state every state of it. As
 * the policy answers (people_may). */
bool people_verb_covers(const char *had, const char *has);
/* Verbs that no role can give: plugin.* user.* system.* */
bool people_verb_is_system(const char *verb);

#endif
