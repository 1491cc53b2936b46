/* Counts of the lane: each number stands for itself, so no order among them is kept. */
#include "store/lane_count.h"

static int64_t get(const _Atomic int64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

void lane_count_batch(struct lane_count *c, int64_t ns)
{
    lane_count_add(&c->batches, 1);
    if (ns > get(&c->longest_batch_ns)) atomic_store_explicit(&c->longest_batch_ns, ns, memory_order_relaxed);
}

void lane_count_commit(struct lane_count *c, bool ok, int64_t ns)
{
    lane_count_add(ok ? &c->commits : &c->commits_failed, 1);
    if (ok) lane_count_add(&c->commit_ns, ns);
}

void lane_count_read(const struct lane_count *c, struct lane_stats *out)
{
    *out = (struct lane_stats){.batches = get(&c->batches),
                               .slices = get(&c->slices),
                               .undone = get(&c->undone),
                               .commits = get(&c->commits),
                               .commits_failed = get(&c->commits_failed),
                               .lost = get(&c->lost),
                               .commit_ns = get(&c->commit_ns),
                               .longest_batch_ns = get(&c->longest_batch_ns),
                               .queued = get(&c->waiting)};
}
