/* Signals of the process, on the io loop: SIGTERM and SIGINT, SIGHUP. */
#ifndef KHUNG_HTTP_SIGNALS_H
#define KHUNG_HTTP_SIGNALS_H

#include "base/err.h"

struct loop;
struct signals;
int signals_new(struct loop *loop, void (*on_signal)(void *ctx, int signal), void *ctx, struct signals **out,
                struct err *err);
void signals_free(struct signals *s);

#endif
