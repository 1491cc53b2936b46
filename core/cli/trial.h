/* How a trial of an open run (run.upgrade, run.try) is told. */
#ifndef KHUNG_TRIAL_H
#define KHUNG_TRIAL_H

#include "cli/cli.h"

/* Both calls at the step where a run diverges, with those arguments that differ; "-" where there is no call. In the
 * command's arena. */
struct trial_calls {
    const char *then, *now;
};
void trial_calls(struct cli *c, const struct val *row, struct trial_calls *out);
/* One run in a line, or in three. */
void trial_print(struct cli *c, const struct val *row);

#endif
