/* The pool: work runs on its threads, no more of it waits than was said, and all that was accepted is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/pool.h"

enum { WORKS = 20 };

struct work {
    struct pool_work w;
    pthread_mutex_t *gate;
    pthread_t thread;
    atomic_int *done;
};

static void run(struct pool_work *w)
{
    struct work *k = (struct work *)w;
    pthread_mutex_lock(k->gate);
    pthread_mutex_unlock(k->gate);
    k->thread = pthread_self();
    atomic_fetch_add(k->done, 1);
}

static void what_is_too_much_is_refused_and_the_rest_is_done_elsewhere(void **state)
{
    static struct work works[WORKS];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    atomic_int done = 0;
    int accepted = 0;
    (void)state;
    struct pool *p = pool_new(2, 3);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < WORKS; i++) {
        works[i] = (struct work){.w = {.run = run}, .gate = &gate, .done = &done};
        accepted += pool_post(p, &works[i].w);
    }
    assert_int_equal(accepted, 5);
    assert_int_equal(atomic_load(&done), 0);
    pthread_mutex_unlock(&gate);
    pool_free(p); /* runs what was accepted */
    assert_int_equal(atomic_load(&done), 5);
    for (int i = 0; i < 5; i++)
        assert_false(pthread_equal(works[i].thread, pthread_self()));
    assert_false(pthread_equal(works[0].thread, works[1].thread));
}

static void a_pool_without_work_has_no_threads_to_end(void **state)
{
    (void)state;
    pool_free(pool_new(2, 3));
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_much_is_refused_and_the_rest_is_done_elsewhere),
        cmocka_unit_test(a_pool_without_work_has_no_threads_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
