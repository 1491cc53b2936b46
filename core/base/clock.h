/* Time. The wall clock can be real, or virtual for tests; both are asked through one struct.
 *
 * Times are int64_t milliseconds since 1970-01-01 UTC. Any thread for a real clock; a virtual one belongs to the
 * thread that sets it. */
#ifndef KHUNG_CLOCK_H
#define KHUNG_CLOCK_H

#include <stdint.h>
#include <stdbool.h>

struct clock {
    bool is_virtual;
    int64_t virtual_ms;
    int64_t offset_ms; /* added to the real clock: tests of clock jumps (KHUNG_CLOCK_OFFSET) */
};

void clock_init_real(struct clock *c);
void clock_init_virtual(struct clock *c, int64_t start_ms);
int64_t clock_now(const struct clock *c);
void clock_set(struct clock *c, int64_t ms); /* virtual only */
/* Monotonic, for measuring: nanoseconds. */
int64_t clock_mono_ns(void);
/* CPU time of the calling thread: nanoseconds. */
int64_t clock_thread_cpu_ns(void);

#endif
