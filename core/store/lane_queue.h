/* The lane's queue: one list a share; the share that has used least time goes first. */
#ifndef KHUNG_LANE_QUEUE_H
#define KHUNG_LANE_QUEUE_H

#include "store/lane.h"

enum { LANE_SHARES = 1024 };

struct lane_share {
    struct lane_work *first, *last;
    int64_t used_ns;
    int next_active; /* index, or -1 */
    bool active;
};

struct lane_queue {
    struct lane_share shares[LANE_SHARES];
    int first_active; /* shares that have work */
    int64_t least_ns; /* where a share that was idle starts: idle time is not saved up */
    size_t n;
};

void lane_queue_init(struct lane_queue *q);
void lane_queue_add(struct lane_queue *q, struct lane_work *w);
struct lane_work *lane_queue_take(struct lane_queue *q);
void lane_queue_charge(struct lane_queue *q, uint32_t share, int64_t ns);

#endif
