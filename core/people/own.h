/* Nobody gives themself what they do not hold: whoever takes an organisation in or gives roles, an administrator above
 * all, could make themself an editor. So what the actor's own account holds is read before and after; more of it is
 * refused; another account of the same person is their own as well. Somebody else may give it, or a command on the
 * machine that acts for no user. What administrators gain, by whomever, is told to the audit by name, and so is what
 * those gain who may be the same human (people_alike.c); and only who may make accounts makes administrators.
 *
 * A change of the tree writes no holding, and may give all the same: a unit that is moved below one's own, or taken
 * over by it. Where the tree may change, what the holdings reach is compared, too (by_tree).
 *
 *     rc = people_powers_read(s, false, arena, &before, err);
 *     … writes …
 *     if (rc == 0) rc = people_powers_check(s, before, arena, err);    // ERR_DENIED "denied.own_rights" {what} */
#ifndef KHUNG_PEOPLE_OWN_H
#define KHUNG_PEOPLE_OWN_H

#include "people/people.h"

struct people_powers;
/* Of the actor's account and of all administrators. In the arena. */
int people_powers_read(struct session *s, bool by_tree, struct arena *a, struct people_powers **out, struct err *err);
int people_powers_check(struct session *s, const struct people_powers *before, struct arena *a, struct err *err);

/* For a preview, which looks step by step at the actor's own account alone: NULL where no account acts. */
int people_own_read(struct session *s, struct arena *a, struct people_powers **out, struct err *err);
/* The first that it has now and had not, "role editor@hanoi", or NULL. Units made since the first of all readings count
 * as empty: `now` keeps which that was. */
int people_own_gained(struct session *s, const struct people_powers *before, struct people_powers *now, struct arena *a,
                      const char **what, struct err *err);

#endif
