/* Inside the lane: what it counts of itself. Written by its own thread (`waiting` by all), read by any. */
#ifndef KHUNG_LANE_COUNT_H
#define KHUNG_LANE_COUNT_H

#include <stdatomic.h>

#include "store/lane.h"

struct lane_count {
    _Atomic int64_t waiting, slices, undone, batches, commits, commits_failed, commit_ns, lost, longest_batch_ns;
};

static inline void lane_count_add(_Atomic int64_t *n, int64_t more)
{
    atomic_fetch_add_explicit(n, more, memory_order_relaxed);
}
/* A batch that took so long, to its end. */
void lane_count_batch(struct lane_count *c, int64_t ns);
/* A COMMIT that was tried. */
void lane_count_commit(struct lane_count *c, bool ok, int64_t ns);
void lane_count_read(const struct lane_count *c, struct lane_stats *out);

#endif
