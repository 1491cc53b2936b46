/* Metrics in the text format of Prometheus (0.0.4): a family with its help, then its samples.
 *
 *     metrics_family(b, "khung_runs", METRICS_GAUGE, "Runs by state.");
 *     metrics_int(b, "khung_runs", n, "state", "failed", NULL);
 *
 * All samples of a family follow it at once. Names are the caller's constants; values of labels are escaped, and few by
 * construction: plugins, states, kinds, never what a request or a run brings. */
#ifndef KHUNG_METRICS_H
#define KHUNG_METRICS_H

#include <stdint.h>

#include "base/buf.h"

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER };
void metrics_family(struct buf *b, const char *name, enum metrics_type type, const char *help);
/* Labels are (name, value) pairs, closed by NULL. */
void metrics_int(struct buf *b, const char *name, int64_t value, ...) __attribute__((sentinel));
/* A time as seconds, from nanoseconds. */
void metrics_seconds(struct buf *b, const char *name, int64_t ns);

/* What the kernel says of this process. Opened before the process locks itself in; then read by any thread. */
struct process {
    int statm; /* -1: it cannot be had */
    int64_t started_ms;
};
void process_open(struct process *p);
void process_close(struct process *p);
void process_metrics(const struct process *p, struct buf *b);

#endif
