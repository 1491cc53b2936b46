/* Loops and mailboxes on libuv.
 *
 * A mailbox is a lock-free stack that senders push to and the loop takes whole, then turns round; one uv_async wakes
 * the loop however many mails came. */
#include "runtime/loop.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/loop_uv.h"
#include "runtime/thread.h"

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    _Atomic(struct mail *) box; /* newest first */
    atomic_bool closed, stopping;
    atomic_int posting; /* senders between the look at `closed` and the push */
};

struct loop_timer {
    struct loop *loop;
    uv_timer_t timer;
    uv_check_t check; /* for loop_soon */
    uv_idle_t idle;
    void (*fire)(void *arg);
    void *arg;
    bool is_soon;
    int open; /* handles that are still closing */
};

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

static void deliver_all(struct loop *l)
{
    struct mail *newest = atomic_exchange(&l->box, NULL), *oldest = NULL;
    while (newest) {
        struct mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct mail *m = oldest;
        oldest = m->next;
        m->deliver(m);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct loop *l = wake->data;
    deliver_all(l);
    if (!atomic_load(&l->stopping)) return;
    /* What was accepted before the stop is still delivered; after it nothing is accepted that nobody would read. */
    atomic_store(&l->closed, true);
    while (atomic_load(&l->posting)) {
    }
    deliver_all(l);
    uv_stop(&l->uv);
}

int loop_new(struct loop **out, struct err *err)
{
    struct loop *l = mem_alloc(sizeof(*l));
    int rc = uv_loop_init(&l->uv);
    if (rc == 0) rc = uv_async_init(&l->uv, &l->wake, on_wake);
    if (rc) {
        mem_free(l);
        return err_set(err, ERR_IO, "runtime.loop", "detail", uv_strerror(rc), NULL);
    }
    l->wake.data = l;
    *out = l;
    return 0;
}

static void close_handle(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h)) uv_close(h, NULL);
}

void loop_free(struct loop *l)
{
    if (!l) return;
    uv_walk(&l->uv, close_handle, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    uv_loop_close(&l->uv);
    mem_free(l);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopping, true);
    uv_async_send(&l->wake);
}

static void do_nothing(uv_timer_t *t)
{
    (void)t;
}

void loop_step(struct loop *l, int wait_ms)
{
    uv_timer_t limit;
    if (wait_ms <= 0) {
        uv_run(&l->uv, wait_ms ? UV_RUN_ONCE : UV_RUN_NOWAIT);
        return;
    }
    uv_timer_init(&l->uv, &limit);
    uv_timer_start(&limit, do_nothing, (uint64_t)wait_ms, 0);
    uv_run(&l->uv, UV_RUN_ONCE);
    uv_timer_stop(&limit);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
}

bool loop_post(struct loop *l, struct mail *m)
{
    atomic_fetch_add(&l->posting, 1);
    if (atomic_load(&l->closed)) {
        atomic_fetch_sub(&l->posting, 1);
        return false;
    }
    struct mail *head = atomic_load(&l->box);
    do {
        m->next = head;
    } while (!atomic_compare_exchange_weak(&l->box, &head, m));
    if (!head) uv_async_send(&l->wake);
    atomic_fetch_sub(&l->posting, 1); /* only now: a loop that stops waits for this, and may then be freed */
    return true;
}

void loop_close_mail(struct loop *l)
{
    atomic_store(&l->closed, true);
}

static void on_timer(uv_timer_t *t)
{
    struct loop_timer *lt = t->data;
    lt->fire(lt->arg);
}

static void on_check(uv_check_t *c)
{
    struct loop_timer *lt = c->data;
    uv_check_stop(&lt->check);
    uv_idle_stop(&lt->idle);
    lt->fire(lt->arg);
}

static void on_idle(uv_idle_t *i)
{
    (void)i; /* only keeps the loop from sleeping */
}

static struct loop_timer *new_timer(struct loop *l, void (*fire)(void *arg), void *arg)
{
    struct loop_timer *t = mem_alloc(sizeof(*t));
    t->loop = l;
    t->fire = fire;
    t->arg = arg;
    return t;
}

int loop_timer_new(struct loop *l, void (*fire)(void *arg), void *arg, struct loop_timer **out)
{
    struct loop_timer *t = new_timer(l, fire, arg);
    uv_timer_init(&l->uv, &t->timer);
    t->timer.data = t;
    *out = t;
    return 0;
}

void loop_timer_set(struct loop_timer *t, int64_t in_ms)
{
    uv_update_time(&t->loop->uv);
    uv_timer_start(&t->timer, on_timer, in_ms > 0 ? (uint64_t)in_ms : 0, 0);
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->timer);
}

static void on_closed(uv_handle_t *h)
{
    struct loop_timer *t = h->data;
    if (--t->open == 0) mem_free(t);
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t) return;
    if (t->is_soon) {
        t->open = 2;
        uv_close((uv_handle_t *)&t->check, on_closed);
        uv_close((uv_handle_t *)&t->idle, on_closed);
    } else {
        t->open = 1;
        uv_close((uv_handle_t *)&t->timer, on_closed); /* freed by the next turn of the loop, or by loop_free */
    }
}

int loop_soon_new(struct loop *l, void (*fire)(void *arg), void *arg, struct loop_timer **out)
{
    struct loop_timer *t = new_timer(l, fire, arg);
    t->is_soon = true;
    uv_check_init(&l->uv, &t->check);
    uv_idle_init(&l->uv, &t->idle);
    t->check.data = t->idle.data = t;
    *out = t;
    return 0;
}

void loop_soon(struct loop_timer *t)
{
    uv_check_start(&t->check, on_check);
    uv_idle_start(&t->idle, on_idle);
}

struct loop_thread {
    pthread_t id;
    struct loop *loop;
    char name[16];
    void (*before)(void *arg);
    void (*after)(void *arg);
    void *arg;
};

static void *run_thread(void *arg)
{
    struct loop_thread *t = arg;
    pthread_setname_np(pthread_self(), t->name);
    if (t->before) t->before(t->arg);
    loop_run(t->loop);
    if (t->after) t->after(t->arg);
    return NULL;
}

int loop_thread_start(struct loop *l, const char *name, void (*before)(void *arg), void (*after)(void *arg), void *arg,
                      struct loop_thread **out, struct err *err)
{
    struct loop_thread *t = mem_alloc(sizeof(*t));
    t->loop = l;
    t->before = before;
    t->after = after;
    t->arg = arg;
    strncat(t->name, name, sizeof(t->name) - 1);
    int rc = thread_start(run_thread, t, &t->id, err);
    if (rc) {
        mem_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void loop_thread_join(struct loop_thread *t)
{
    if (!t) return;
    pthread_join(t->id, NULL);
    mem_free(t);
}
