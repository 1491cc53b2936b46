/* Runs in memory: found by id, kept in the order of their last use, and those that this batch has changed. */
#include "flow/flow_vote.h"

#include <string.h>

#include "base/mem.h"

static size_t slot_of(const struct flow *f, int64_t id)
{
    uint64_t h = (uint64_t)id * 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 20) & (f->map_size - 1);
}

struct flow_run *flow_cache_find(struct flow *f, int64_t id)
{
    if (!f->map_size) return NULL;
    struct flow_run *run = f->map[slot_of(f, id)];
    while (run && run->id != id)
        run = run->map_next;
    return run;
}

static void grow_map(struct flow *f)
{
    size_t old_size = f->map_size;
    struct flow_run **old = f->map;
    f->map_size = old_size ? 2 * old_size : 256;
    f->map = mem_alloc(f->map_size * sizeof(struct flow_run *));
    for (size_t i = 0; i < old_size; i++) {
        for (struct flow_run *run = old[i], *next; run; run = next) {
            size_t at = slot_of(f, run->id);
            next = run->map_next;
            run->map_next = f->map[at];
            f->map[at] = run;
        }
    }
    mem_free(old);
}

static void unlink_age(struct flow *f, struct flow_run *run)
{
    if (run->older)
        run->older->newer = run->newer;
    else
        f->oldest = run->newer;
    if (run->newer)
        run->newer->older = run->older;
    else
        f->newest = run->older;
    run->older = run->newer = NULL;
}

static void link_newest(struct flow *f, struct flow_run *run)
{
    run->older = f->newest;
    if (f->newest)
        f->newest->newer = run;
    else
        f->oldest = run;
    f->newest = run;
}

struct flow_run *flow_cache_add(struct flow *f, int64_t id)
{
    struct flow_run *run = mem_alloc(sizeof(*run));
    if (f->nruns >= f->map_size) grow_map(f);
    run->id = id;
    run->flow = f;
    run->due = INT64_MAX;
    arena_init(&run->arena, 16 << 20);
    flow_journal_init(&run->journal);
    size_t at = slot_of(f, id);
    run->map_next = f->map[at];
    f->map[at] = run;
    f->nruns++;
    link_newest(f, run);
    return run;
}

void flow_cache_use(struct flow *f, struct flow_run *run)
{
    if (f->newest == run) return;
    unlink_age(f, run);
    link_newest(f, run);
}

static void untouch(struct flow *f, struct flow_run *run)
{
    struct flow_run **at = &f->touched;
    if (!run->touched) return;
    while (*at != run)
        at = &(*at)->touched_next;
    *at = run->touched_next;
    run->touched = false;
}

void flow_cache_remove(struct flow *f, struct flow_run *run)
{
    struct flow_run **at = &f->map[slot_of(f, run->id)];
    while (*at != run)
        at = &(*at)->map_next;
    *at = run->map_next;
    f->nruns--;
    untouch(f, run);
    unlink_age(f, run);
    flow_run_cool(run);
    flow_journal_close(&run->journal);
    arena_close(&run->arena);
    mem_free(run);
}

void flow_cache_trim(struct flow *f)
{
    struct flow_run *run = f->oldest;
    while (run && f->nruns > (size_t)f->options.cache_runs) {
        struct flow_run *newer = run->newer;
        if (!run->queued && !run->touched && !run->session) flow_cache_remove(f, run);
        run = newer;
    }
}

void flow_touch(struct flow *f, struct flow_run *run)
{
    if (run->touched) return;
    run->touched = true;
    run->touched_next = f->touched;
    f->touched = run;
}

/* What a run holds was never stored: its row is read again. One that runs on the stack is left to its slice. */
static void forget_touched(struct flow *f)
{
    for (struct flow_run **at = &f->touched; *at;) {
        struct flow_run *run = *at;
        if (run->session) {
            at = &run->touched_next;
            continue;
        }
        *at = run->touched_next;
        run->touched = false;
        flow_run_cool(run);
        run->is_loaded = run->is_new = run->finished = false;
    }
}

void flow_batch_lost(struct flow *f)
{
    forget_touched(f);
    if (f->lane) lane_wake_at(f->lane, &f->doubts_source, 0); /* what it noted of today is lost, too */
}

void flow_undone(struct flow *f)
{
    forget_touched(f);
}

void flow_batch_kept(struct flow *f)
{
    flow_count_kept(f);
    while (f->touched) {
        struct flow_run *run = f->touched;
        f->touched = run->touched_next;
        run->touched = false;
        if (run->finished && !run->queued) flow_cache_remove(f, run);
    }
    flow_cache_trim(f);
    vote_key_sweep(f);
}
