/* Named points at which tests kill the process: KHUNG_CRASH_AT="lane.before_commit:3" ends it by SIGKILL at the
 * third passing of that point, by whichever thread. Without the variable a point costs one load. Names used are
 * listed in crash.c (crash_names), so that tests/crash can visit each. */
#ifndef KHUNG_CRASH_H
#define KHUNG_CRASH_H

void crash_init(void); /* reads the environment; before threads start */
void crash_point(const char *name);
const char *const *crash_names(void); /* closed by NULL */

#endif
