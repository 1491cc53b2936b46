/* Signals as callbacks of the io loop. SIGPIPE is ignored: a closed peer is an error of the write. */
#include "http/signals.h"

#include <signal.h>

#include "base/mem.h"
#include "runtime/loop_uv.h"

enum { NSIGNALS = 3 };

struct signals {
    uv_signal_t handles[NSIGNALS];
    void (*on_signal)(void *ctx, int signal);
    void *ctx;
    int open;
};

static void on_uv(uv_signal_t *h, int signum)
{
    struct signals *s = h->data;
    s->on_signal(s->ctx, signum);
}

int signals_new(struct loop *loop, void (*on_signal)(void *ctx, int signal), void *ctx, struct signals **out,
                struct err *err)
{
    static const int wanted[NSIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    struct signals *s = mem_alloc(sizeof(*s));
    (void)err;
    signal(SIGPIPE, SIG_IGN);
    s->on_signal = on_signal;
    s->ctx = ctx;
    for (int i = 0; i < NSIGNALS; i++) {
        uv_signal_init(loop_uv(loop), &s->handles[i]);
        s->handles[i].data = s;
        uv_signal_start(&s->handles[i], on_uv, wanted[i]);
        uv_unref((uv_handle_t *)&s->handles[i]);
        s->open++;
    }
    *out = s;
    return 0;
}

static void on_closed(uv_handle_t *h)
{
    struct signals *s = h->data;
    if (--s->open == 0) mem_free(s);
}

void signals_free(struct signals *s)
{
    if (!s) return;
    for (int i = 0; i < NSIGNALS; i++)
        uv_close((uv_handle_t *)&s->handles[i], on_closed);
}
