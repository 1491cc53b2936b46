/* Mail from other threads, timers, stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "runtime/loop.h"

enum { SENDERS = 2, MAILS = 500000 };

struct box {
    struct loop *loop;
    int last[SENDERS];
    long delivered, disordered;
};

struct note {
    struct mail mail;
    struct box *box;
    int sender, number;
};

struct sender {
    struct box *box;
    int number;
    struct note *notes;
};

static void take_note(struct mail *m)
{
    struct note *n = (struct note *)m;
    struct box *b = n->box;
    if (n->number != b->last[n->sender] + 1) b->disordered++;
    b->last[n->sender] = n->number;
    if (++b->delivered == SENDERS * (long)MAILS) loop_stop(b->loop);
}

static void *send_notes(void *arg)
{
    struct sender *s = arg;
    for (int i = 0; i < MAILS; i++) {
        s->notes[i] =
            (struct note){.mail = {.deliver = take_note}, .box = s->box, .sender = s->number, .number = i + 1};
        loop_post(s->box->loop, &s->notes[i].mail);
    }
    return NULL;
}

static void test_a_million_mails_of_two_threads_arrive_once_and_in_order(void **state)
{
    struct box box = {0};
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    (void)state;
    assert_int_equal(loop_new(&box.loop, NULL), 0);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&box, i, mem_alloc(MAILS * sizeof(struct note))};
        assert_int_equal(pthread_create(&threads[i], NULL, send_notes, &senders[i]), 0);
    }
    loop_run(box.loop);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        mem_free(senders[i].notes);
    }
    assert_int_equal(box.delivered, SENDERS * (long)MAILS);
    assert_int_equal(box.disordered, 0);
    loop_free(box.loop);
}

static void test_mail_is_refused_once_the_box_is_closed_but_what_was_accepted_arrives(void **state)
{
    struct box box = {0};
    struct note first = {.mail = {.deliver = take_note}, .box = &box, .number = 1};
    struct note second = {.mail = {.deliver = take_note}, .box = &box, .number = 2};
    (void)state;
    assert_int_equal(loop_new(&box.loop, NULL), 0);
    assert_true(loop_post(box.loop, &first.mail));
    loop_close_mail(box.loop);
    assert_false(loop_post(box.loop, &second.mail));
    loop_step(box.loop, 1000);
    assert_int_equal(box.delivered, 1);
    loop_free(box.loop);
}

static void test_what_was_posted_before_a_stop_is_delivered_and_nothing_is_taken_after_it(void **state)
{
    struct box box = {0};
    struct note first = {.mail = {.deliver = take_note}, .box = &box, .number = 1};
    struct note late = {.mail = {.deliver = take_note}, .box = &box, .number = 2};
    (void)state;
    assert_int_equal(loop_new(&box.loop, NULL), 0);
    loop_stop(box.loop);
    assert_true(loop_post(box.loop, &first.mail));
    loop_run(box.loop);
    assert_int_equal(box.delivered, 1);
    assert_false(loop_post(box.loop, &late.mail));
    loop_free(box.loop);
}

/* A hostile pace of stops: a sender that posts while its loop ends must not touch it afterwards. */
static void *post_until_refused(void *arg)
{
    struct box *b = arg;
    static struct note notes[1000];
    for (int i = 0; i < 1000; i++) {
        notes[i] = (struct note){.mail = {.deliver = take_note}, .box = b, .number = i + 1};
        if (!loop_post(b->loop, &notes[i].mail)) break;
    }
    return NULL;
}

static void test_a_loop_that_stops_waits_for_those_who_are_posting(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct box box = {0};
        pthread_t thread;
        assert_int_equal(loop_new(&box.loop, NULL), 0);
        assert_int_equal(pthread_create(&thread, NULL, post_until_refused, &box), 0);
        loop_stop(box.loop);
        loop_run(box.loop);
        pthread_join(thread, NULL);
        assert_int_equal(box.disordered, 0);
        loop_free(box.loop);
    }
}

struct firing {
    struct loop *loop;
    struct loop_timer *timer;
    int times;
    int64_t at_ns;
};

static void fire(void *arg)
{
    struct firing *f = arg;
    f->times++;
    f->at_ns = clock_mono_ns();
    loop_stop(f->loop);
}

static void test_a_timer_that_is_set_again_fires_once_at_the_later_time(void **state)
{
    struct firing f = {0};
    int64_t start = clock_mono_ns();
    (void)state;
    assert_int_equal(loop_new(&f.loop, NULL), 0);
    assert_int_equal(loop_timer_new(f.loop, fire, &f, &f.timer), 0);
    loop_timer_set(f.timer, 1);
    loop_timer_set(f.timer, 30);
    loop_run(f.loop);
    assert_int_equal(f.times, 1);
    assert_true(f.at_ns - start >= 29 * INT64_C(1000000));
    loop_timer_free(f.timer);
    loop_free(f.loop);
}

static void test_a_stopped_timer_does_not_fire(void **state)
{
    struct firing f = {0};
    (void)state;
    assert_int_equal(loop_new(&f.loop, NULL), 0);
    assert_int_equal(loop_timer_new(f.loop, fire, &f, &f.timer), 0);
    loop_timer_set(f.timer, 1);
    loop_timer_stop(f.timer);
    loop_step(f.loop, 20);
    assert_int_equal(f.times, 0);
    loop_timer_free(f.timer);
    loop_free(f.loop);
}

static void free_own_timer(void *arg)
{
    struct firing *f = arg;
    f->times++;
    loop_timer_free(f->timer);
    loop_stop(f->loop);
}

static void test_a_timer_may_be_freed_by_its_own_callback(void **state)
{
    struct firing f = {0};
    (void)state;
    assert_int_equal(loop_new(&f.loop, NULL), 0);
    assert_int_equal(loop_timer_new(f.loop, free_own_timer, &f, &f.timer), 0);
    loop_timer_set(f.timer, 1);
    loop_run(f.loop);
    assert_int_equal(f.times, 1);
    loop_free(f.loop);
}

static void test_soon_fires_once_however_often_it_was_asked(void **state)
{
    struct firing f = {0};
    (void)state;
    assert_int_equal(loop_new(&f.loop, NULL), 0);
    assert_int_equal(loop_soon_new(f.loop, fire, &f, &f.timer), 0);
    loop_soon(f.timer);
    loop_soon(f.timer);
    loop_run(f.loop);
    loop_step(f.loop, 0);
    assert_int_equal(f.times, 1);
    loop_timer_free(f.timer);
    loop_free(f.loop);
}

struct life {
    struct loop *loop;
    char name[16];
    bool before, after;
};

static void on_before(void *arg)
{
    struct life *l = arg;
    l->before = true;
    pthread_getname_np(pthread_self(), l->name, sizeof(l->name));
}

static void on_after(void *arg)
{
    struct life *l = arg;
    l->after = true;
}

static void test_a_thread_bears_its_name_and_runs_both_hooks(void **state)
{
    struct life l = {0};
    struct loop_thread *thread;
    (void)state;
    assert_int_equal(loop_new(&l.loop, NULL), 0);
    assert_int_equal(loop_thread_start(l.loop, "reader-7", on_before, on_after, &l, &thread, NULL), 0);
    loop_stop(l.loop);
    loop_thread_join(thread);
    assert_true(l.before && l.after);
    assert_string_equal(l.name, "reader-7");
    loop_free(l.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_million_mails_of_two_threads_arrive_once_and_in_order),
        cmocka_unit_test(test_mail_is_refused_once_the_box_is_closed_but_what_was_accepted_arrives),
        cmocka_unit_test(test_what_was_posted_before_a_stop_is_delivered_and_nothing_is_taken_after_it),
        cmocka_unit_test(test_a_loop_that_stops_waits_for_those_who_are_posting),
        cmocka_unit_test(test_a_timer_that_is_set_again_fires_once_at_the_later_time),
        cmocka_unit_test(test_a_stopped_timer_does_not_fire),
        cmocka_unit_test(test_a_timer_may_be_freed_by_its_own_callback),
        cmocka_unit_test(test_soon_fires_once_however_often_it_was_asked),
        cmocka_unit_test(test_a_thread_bears_its_name_and_runs_both_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
