/* khung serve --dev: watches the folders of plugins and the file of settings, and reloads what was changed.
 *
 * All on the io thread, but for the watching itself. What an editor writes within a moment is one reload. */
#ifndef KHUNG_DEV_H
#define KHUNG_DEV_H

#include "cli/app.h"
#include "runtime/loop.h"

struct dev;
struct dev_options {
    struct app *app;
    struct loop *io;
    const char *const *dirs;
    size_t ndirs;
    const char *settings; /* or "" */
};

int dev_start(const struct dev_options *o, struct dev **out, struct err *err);
void dev_stop(struct dev *d); /* before the lane ends; NULL is fine */

#endif
