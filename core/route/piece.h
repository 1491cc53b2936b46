/* Inside route/: a piece of a plugin's code that somebody asked for, run as all such pieces are: not while the plugin
 * is switched off, counted by its breaker, and what fails in it is kept. */
#ifndef KHUNG_ROUTE_PIECE_H
#define KHUNG_ROUTE_PIECE_H

#include "plugin/plugin_vm.h"

struct piece {
    const char *kind, *name; /* of the declaration */
    const struct val *arg;   /* the function's one argument */
    int64_t cpu_ms;
    /* What the function gave, read while it is still its own mistake when it does not fit; or NULL. */
    int (*read)(void *ctx, const struct val *given, struct err *err);
    void *ctx;
};
/* `out` (may be NULL), in the session's arena. */
int piece_run(struct session *s, struct plugin_vm *pv, const struct piece *p, struct val *out, struct err *err);

#endif
