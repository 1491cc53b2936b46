/* loop.*: timers, jobs and channels of plugins, in memory.
 *
 * Nothing here survives the process: what must is a flow or a schedule. All belongs to the lane's thread. A callback or
 * a job is a coroutine; each piece of it between two waits is a slice of the lane (SESSION_LOOP), charged to its
 * plugin. What a slice starts, stops or puts takes effect with its commit. Everything of a plugin's state ends when
 * that state is replaced by a reload. (runtime/loop.h is the event loop of a thread; this is the plugins' one.) */
#ifndef KHUNG_PLUGIN_LOOP_H
#define KHUNG_PLUGIN_LOOP_H

#include <stddef.h>
#include <stdint.h>
#include "base/val.h"

struct host;
struct loops;
struct plugin_vm;

extern const struct val_kind loop_timer_kind, loop_job_kind, loop_channel_kind;

enum { LOOP_ITEMS_MAX = 1000, LOOP_BYTES_MAX = 8 << 20 };

/* After the lane exists. */
struct loops *loops_new(struct host *host);
/* loop.*, timer:*, job:*, channel:*; the lane's source of due timers; what happens on reload. */
void loops_attach(struct loops *loops);
/* After lane_free and before plugins_free. */
void loops_free(struct loops *loops);
/* Lane's thread, or after it has ended: nothing is fired or resumed any more, and no other thread posts to the lane.
 * Before lane_stop, which runs what is queued, and in any case before lane_free. */
void loops_stop(struct loops *loops);

/* Everything pending of this state ends: timers, jobs, channels, watches. Called when it is replaced or closed. */
void loop_end_plugin(struct plugin_vm *pv);

struct loops_stats {
    int64_t timers, jobs, channels, slices, failed;
};
void loops_stats(const struct loops *loops, struct loops_stats *out);

#endif
