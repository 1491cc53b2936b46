/* What can be found in a plugin's text without running it. */
#ifndef KHUNG_CHECK_H
#define KHUNG_CHECK_H

#include <stdbool.h>
#include "base/err.h"
#include "plugin/plugin.h"

struct api;

struct check_finding {
    const char *file; /* "request.lua"; valid during the call of the sink */
    int line, column; /* from 1 */
    bool is_error;    /* fails for certain when it runs; else a warning */
    struct err what;  /* its key is the code */
};
typedef void check_sink(void *ctx, const struct check_finding *f);

/* ERR_REFUSED "check.no_luacheck" when luacheck is not installed. */
int check_texts(struct api *api, const struct plugin *p, check_sink *sink, void *ctx, struct err *err);

#endif
