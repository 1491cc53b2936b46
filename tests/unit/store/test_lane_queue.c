/* Fair shares: first in, first out within a share; the share that has used least goes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "store/lane_queue.h"

static struct lane_queue *new_queue(void)
{
    struct lane_queue *q = mem_alloc(sizeof(*q));
    lane_queue_init(q);
    return q;
}

static void one_share_is_first_in_first_out(void **state)
{
    struct lane_work w[10] = {{0}};
    struct lane_queue *q = new_queue();
    (void)state;
    assert_null(lane_queue_take(q));
    for (int i = 0; i < 10; i++)
        lane_queue_add(q, &w[i]);
    assert_int_equal(q->n, 10);
    for (int i = 0; i < 10; i++) {
        assert_ptr_equal(lane_queue_take(q), &w[i]);
        lane_queue_charge(q, 0, 100);
    }
    assert_null(lane_queue_take(q));
    assert_int_equal(q->n, 0);
    mem_free(q);
}

static void time_is_shared_however_much_one_share_has_queued(void **state)
{
    enum { GREEDY = 1000 };
    static struct lane_work greedy[GREEDY], modest[10];
    struct lane_queue *q = new_queue();
    int served = 0, until = 0;
    (void)state;
    for (int i = 0; i < GREEDY; i++) {
        greedy[i].share = 1;
        lane_queue_add(q, &greedy[i]);
    }
    for (int i = 0; i < 10; i++) {
        modest[i].share = 2;
        lane_queue_add(q, &modest[i]);
    }
    for (; served < 10; until++) {
        struct lane_work *w = lane_queue_take(q);
        served += w->share == 2;
        lane_queue_charge(q, w->share, 1000);
    }
    assert_true(until <= 21);
    mem_free(q);
}

static void a_share_with_slow_work_runs_less_often(void **state)
{
    static struct lane_work slow[100], quick[100];
    struct lane_queue *q = new_queue();
    int nslow = 0, nquick = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        slow[i].share = 1;
        quick[i].share = 2;
        lane_queue_add(q, &slow[i]);
        lane_queue_add(q, &quick[i]);
    }
    for (int i = 0; i < 100; i++) {
        struct lane_work *w = lane_queue_take(q);
        nslow += w->share == 1;
        nquick += w->share == 2;
        lane_queue_charge(q, w->share, w->share == 1 ? 9000 : 1000);
    }
    assert_in_range(nslow, 9, 11);
    assert_int_equal(nslow + nquick, 100);
    mem_free(q);
}

static void idle_time_is_not_saved_up(void **state)
{
    static struct lane_work busy[200], late[100];
    struct lane_queue *q = new_queue();
    int nlate = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        busy[i].share = 1;
        lane_queue_add(q, &busy[i]);
    }
    for (int i = 0; i < 100; i++)
        lane_queue_charge(q, lane_queue_take(q)->share, 1000000);
    for (int i = 0; i < 100; i++) {
        late[i].share = 2;
        lane_queue_add(q, &late[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct lane_work *w = lane_queue_take(q);
        nlate += w->share == 2;
        lane_queue_charge(q, w->share, 1000000);
    }
    assert_in_range(nlate, 9, 11);
    mem_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_share_is_first_in_first_out),
        cmocka_unit_test(time_is_shared_however_much_one_share_has_queued),
        cmocka_unit_test(a_share_with_slow_work_runs_less_often),
        cmocka_unit_test(idle_time_is_not_saved_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
