/* Threads: all signals are blocked in them but those for time limits, which are sent to a thread by id; the process's
 * go to the main thread. Any thread may call this. */
#ifndef KHUNG_THREAD_H
#define KHUNG_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

struct err;

/* `run` gives itself its name. The caller joins it. ERR_IO "runtime.thread" {detail}. */
int thread_start(void *(*run)(void *arg), void *arg, pthread_t *out, struct err *err);

/* One thread that does one thing whenever it is woken, and sleeps in between. It is started by the first wake.
 *
 *     worker_init(&w, "khung-copy", copy, self);
 *     worker_wake(&w);                             copy(self) runs, once for any number of wakes before it
 *     worker_close(&w);                            waits for its end */
struct worker {
    const char *name; /* at most 15 bytes */
    void (*run)(void *ctx);
    void *ctx;
    pthread_t id;
    sem_t work;
    bool is_started;
    _Atomic bool is_stopping;
};
void worker_init(struct worker *w, const char *name, void (*run)(void *ctx), void *ctx);
/* Always the same thread. False: there is no thread to be had. */
bool worker_wake(struct worker *w);
void worker_close(struct worker *w);

#endif
