/* Named points at which tests kill the process: KHUNG_CRASH_AT="lane.before_commit:3" ends it by SIGKILL at the
 * third passing of that point, by whichever thread. Without the variable a point costs one load.
 *
 *   WAY   = STEP { ">" STEP }      STEP = NAME [ ":" PASSING ]      PASSING = 1 …, 1 if it is not said
 *
 * Of a way with several steps each is looked for, and its passings are counted, from when the one before it was
 * passed; the last one ends the process. The lane runs a slice and commits it on one thread, with no other commit
 * between: "people.token_made>lane.before_commit" is the commit of what made the token, whatever else commits before.
 * Names are listed in crash.c (crash_names), so that tests/crash can visit each. */
#ifndef KHUNG_CRASH_H
#define KHUNG_CRASH_H

struct err;

int crash_init(struct err *err); /* reads the environment; before threads start; ERR_INVALID: it says no way */
void crash_point(const char *name);
const char *const *crash_names(void); /* closed by NULL */

#endif
