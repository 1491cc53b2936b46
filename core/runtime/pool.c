/* Each thread is a loop with a mailbox; a work goes to the one with the fewest. */
#include "runtime/pool.h"

#include <stdatomic.h>

#include "base/mem.h"

enum { THREADS_MAX = 8 };

struct pool {
    int nthreads, most;
    struct loop *loops[THREADS_MAX];
    struct loop_thread *threads[THREADS_MAX];
    atomic_int load[THREADS_MAX];
};

struct pool *pool_new(int threads, int waiting)
{
    struct pool *p = mem_alloc(sizeof(*p));
    p->nthreads = threads < THREADS_MAX ? threads : THREADS_MAX;
    p->most = threads + waiting;
    return p;
}

static void end_thread(struct mail *m)
{
    struct pool_work *w = (struct pool_work *)m;
    loop_stop(w->pool->loops[w->at]);
    mem_free(w);
}

void pool_free(struct pool *p)
{
    if (!p) return;
    for (int i = 0; i < p->nthreads; i++) {
        if (p->threads[i]) {
            struct pool_work *last = mem_alloc(sizeof(*last));
            *last = (struct pool_work){.mail = {.deliver = end_thread}, .pool = p, .at = i};
            loop_post(p->loops[i], &last->mail);
            loop_thread_join(p->threads[i]);
        }
        if (p->loops[i]) loop_free(p->loops[i]);
    }
    mem_free(p);
}

static void deliver(struct mail *m)
{
    struct pool_work *w = (struct pool_work *)m;
    struct pool *p = w->pool;
    int at = w->at;
    w->run(w);
    atomic_fetch_sub(&p->load[at], 1);
}

static bool start(struct pool *p, int at)
{
    if (p->threads[at]) return true;
    if (!p->loops[at] && loop_new(&p->loops[at], NULL) != 0) return false;
    return loop_thread_start(p->loops[at], "pool", NULL, NULL, NULL, &p->threads[at], NULL) == 0;
}

bool pool_post(struct pool *p, struct pool_work *w)
{
    int best = 0, all = 0;
    for (int i = 0; i < p->nthreads; i++) {
        int load = atomic_load(&p->load[i]);
        all += load;
        if (load < atomic_load(&p->load[best])) best = i;
    }
    if (all >= p->most || !start(p, best)) return false;
    w->mail.deliver = deliver;
    w->pool = p;
    w->at = best;
    atomic_fetch_add(&p->load[best], 1);
    loop_post(p->loops[best], &w->mail);
    return true;
}
