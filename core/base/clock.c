/* The wall clock, real or virtual, and clocks for measuring. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void clock_init_real(struct clock *c)
{
    *c = (struct clock){0};
}

void clock_init_virtual(struct clock *c, int64_t start_ms)
{
    *c = (struct clock){.is_virtual = true, .virtual_ms = start_ms};
}

int64_t clock_now(const struct clock *c)
{
    return c->is_virtual ? c->virtual_ms : read_ns(CLOCK_REALTIME) / 1000000 + c->offset_ms;
}

void clock_set(struct clock *c, int64_t ms)
{
    assert(c->is_virtual);
    c->virtual_ms = ms;
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}
