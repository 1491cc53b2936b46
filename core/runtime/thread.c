/* Starting threads, and one that waits for work. */
#include "runtime/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"

int thread_start(void *(*run)(void *arg), void *arg, pthread_t *out, struct err *err)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGRTMIN);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc ? err_set(err, ERR_IO, "runtime.thread", "detail", strerror(rc), NULL) : 0;
}

void worker_init(struct worker *w, const char *name, void (*run)(void *ctx), void *ctx)
{
    w->name = name;
    w->run = run;
    w->ctx = ctx;
    w->is_started = false;
    atomic_init(&w->is_stopping, false);
    sem_init(&w->work, 0, 0);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    pthread_setname_np(pthread_self(), w->name);
    for (;;) {
        while (sem_wait(&w->work) != 0 && errno == EINTR) {
        }
        while (sem_trywait(&w->work) == 0) {
        }
        if (atomic_load(&w->is_stopping)) return NULL;
        w->run(w->ctx);
    }
}

bool worker_wake(struct worker *w)
{
    struct err err;
    if (!w->is_started && thread_start(work, w, &w->id, &err) != 0) return false;
    w->is_started = true;
    sem_post(&w->work);
    return true;
}

void worker_close(struct worker *w)
{
    if (w->is_started) {
        atomic_store(&w->is_stopping, true);
        sem_post(&w->work);
        pthread_join(w->id, NULL);
        w->is_started = false;
    }
    sem_destroy(&w->work);
}
