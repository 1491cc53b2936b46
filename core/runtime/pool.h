/* A few threads for work that costs a core for long (hashes of passwords), off the loops.
 *
 * Threads are started by the first work. At most `waiting` works are accepted beyond those that run, so that who sends
 * many gets a refusal and not a queue. Work owns its content and says itself where its result goes (loop_post). */
#ifndef KHUNG_POOL_H
#define KHUNG_POOL_H

#include <stdbool.h>
#include "runtime/loop.h"

struct pool;
struct pool_work {
    struct mail mail; /* the pool's */
    struct pool *pool;
    int at;
    void (*run)(struct pool_work *w); /* takes the work over */
};

/* At most 8 threads. */
struct pool *pool_new(int threads, int waiting);
/* Runs what was accepted, then ends the threads. NULL is fine. */
void pool_free(struct pool *p);
/* The io thread. False, and nothing is taken over: too much is waiting, or there is no thread to be had. */
bool pool_post(struct pool *p, struct pool_work *w);

#endif
