/* Inside the lane: what its parts (lane.c, lane_batch.c) share. */
#ifndef KHUNG_LANE_INTERNAL_H
#define KHUNG_LANE_INTERNAL_H

#include <stdatomic.h>

#include "runtime/loop.h"
#include "store/lane_count.h"
#include "store/lane_queue.h"

struct action {
    void (*fn)(void *arg);
    void (*drop)(void *arg);
    void *arg;
};

struct ran {
    struct lane_work *work;
    struct err *failed; /* owned; NULL: it went well */
};

struct lane {
    struct lane_options o;
    struct lane_queue queue;
    struct lane_source *sources;
    struct id_gen ids;
    int64_t now;
    bool in_batch, held, ends;
    _Atomic(struct lane_work *) posted;
    atomic_bool mail_out, stopped;
    struct mail mail;
    struct loop_timer *soon, *timer;
    struct ran *batch;
    size_t nbatch;
    struct action *actions;
    size_t nactions, actions_cap;
    struct lane_count count;
};

/* lane.c */
void lane_take_posted(struct lane *l);
struct lane_work *lane_take(struct lane *l); /* the next; NULL */
int64_t lane_next_due(struct lane *l);
/* lane_batch.c */
void lane_run_batch(struct lane *l);
void lane_drop_actions(struct lane *l, size_t from);

#endif
