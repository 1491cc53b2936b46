/* The lane: one commit for many slices, refusals, marks that a slice leaves open, sources, order, stop. */
#include "lane_fixture.h"

#include <stdlib.h>

#include "runtime/loop.h"

static void many_slices_are_one_commit_and_are_answered_in_their_order(void **state)
{
    struct lane_fixture lf;
    struct tried t[4] = {{{0}}};
    struct lane_stats stats;
    (void)state;
    lane_fixture_init(&lf, 0);
    for (int i = 0; i < 4; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_stats(lf.lane, &stats);
    assert_int_equal(stats.queued, 4);
    assert_true(lane_run(lf.lane) == INT64_MAX);
    assert_string_equal(lf.told, "r1 r2 r3 r4 c d1 d2 d3 d4");
    lane_stats(lf.lane, &stats);
    assert_int_equal(stats.batches, 1);
    assert_int_equal(stats.slices, 4);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.commits_failed, 0);
    assert_true(stats.commit_ns > 0 && stats.longest_batch_ns >= stats.commit_ns);
    for (int i = 0; i < 4; i++)
        assert_int_equal(t[i].committed, 1);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t"), 8);
    lane_fixture_close(&lf);
}

static void a_refused_slice_leaves_nothing_and_the_others_stay(void **state)
{
    struct lane_fixture lf;
    struct tried t[3] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 0);
    t[1].fails = ERR_REFUSED;
    for (int i = 0; i < 3; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 r3 c d1 x2 d3");
    assert_int_equal(t[1].refused, ERR_REFUSED);
    assert_int_equal(t[1].committed, 0);
    assert_int_equal(t[1].dropped, 1);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t where id = 2"), 0);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t"), 4);
    assert_int_equal(lf.lost, 0);
    lane_fixture_close(&lf);
}

static void a_failed_slice_that_left_marks_open_leaves_nothing_either(void **state)
{
    struct lane_fixture lf;
    struct tried t[3] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 0);
    t[1].fails = ERR_STOPPED;
    t[1].leaves = 3;
    t[2].leaves = 2; /* this one goes well */
    for (int i = 0; i < 3; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 r3 c d1 x2 d3");
    assert_int_equal(number_of(lf.f.db, "select count(*) from t where id = 2"), 0);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t"), 4);
    lane_fixture_close(&lf);
}

static void a_batch_closes_at_its_number_of_slices(void **state)
{
    struct lane_fixture lf;
    struct tried t[5] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 2);
    for (int i = 0; i < 5; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 c d1 d2 r3 r4 c d3 d4 r5 c d5");
    lane_fixture_close(&lf);
}

static struct tried added_within;

static void add_another(struct tried *t, struct lane *lane)
{
    (void)lane;
    tried_add(t->lf, &added_within, 9);
}

static void work_that_a_slice_adds_joins_its_batch(void **state)
{
    struct lane_fixture lf;
    struct tried t[2] = {{{0}}};
    (void)state;
    memset(&added_within, 0, sizeof(added_within));
    lane_fixture_init(&lf, 0);
    t[0].also = add_another;
    tried_add(&lf, &t[0], 1);
    tried_add(&lf, &t[1], 2);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 r9 c d1 d2 d9");
    lane_fixture_close(&lf);
}

static void a_transaction_that_cannot_be_sealed_is_taken_apart(void **state)
{
    struct lane_fixture lf;
    struct tried t[3] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 0);
    lf.before_fails = 1;
    for (int i = 0; i < 3; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 r3 lost r1 c d1 r2 c d2 r3 c d3");
    struct lane_stats stats;
    lane_stats(lf.lane, &stats);
    assert_int_equal(stats.commits_failed, 1);
    assert_int_equal(stats.lost, 1);
    assert_int_equal(stats.commits, 3);
    assert_int_equal(stats.queued, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(t[i].dropped, 1);
        assert_int_equal(t[i].committed, 1);
    }
    assert_int_equal(number_of(lf.f.db, "select count(*) from t"), 6);
    lane_fixture_close(&lf);
}

static void what_cannot_be_stored_alone_is_refused_and_after_commit_is_not_told(void **state)
{
    struct lane_fixture lf;
    struct tried t[2] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 0);
    lf.before_fails = 2;
    for (int i = 0; i < 2; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r1 r2 lost r1 lost x1 r2 c d2");
    assert_int_equal(t[0].refused, ERR_INTERNAL);
    assert_int_equal(t[0].committed, 0);
    assert_int_equal(lf.after, 1);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t where id = 1"), 0);
    lane_fixture_close(&lf);
}

struct due_source {
    struct lane_source source;
    struct lane_fixture *lf;
    struct tried works[3];
    int64_t at[3];
    int next, asked, most;
};

static int64_t collect(struct lane_source *s, struct lane *lane, int64_t now, int max)
{
    struct due_source *d = (struct due_source *)s;
    d->asked++;
    d->most = max;
    assert_true(store_in_transaction(lane_db(lane)));
    for (; d->next < 3 && d->at[d->next] <= now; d->next++)
        tried_add(d->lf, &d->works[d->next], d->next + 1);
    return d->next < 3 ? d->at[d->next] : INT64_MAX;
}

static void a_source_is_asked_when_its_time_has_come(void **state)
{
    struct lane_fixture lf;
    struct due_source d = {.source = {.collect = collect}, .at = {1000000, 1000500, 1000700}};
    (void)state;
    lane_fixture_init(&lf, 7);
    d.lf = &lf;
    lane_add_source(lf.lane, &d.source);
    assert_int_equal(lane_run(lf.lane), 1000500);
    assert_string_equal(lf.told, "r1 c d1");
    assert_int_equal(d.most, 7);
    int asked = d.asked;
    assert_int_equal(lane_run(lf.lane), 1000500);
    assert_int_equal(d.asked, asked);
    clock_set(&lf.clock, 1000500);
    assert_int_equal(lane_run(lf.lane), 1000700);
    assert_int_equal(lane_now(lf.lane), 1000500);
    lane_wake_at(lf.lane, &d.source, 1000600);
    assert_int_equal(lane_run(lf.lane), 1000600);
    lane_wake_at(lf.lane, &d.source, 2000000); /* later than what is known: stays */
    assert_int_equal(lane_run(lf.lane), 1000600);
    clock_set(&lf.clock, 1000800);
    assert_true(lane_run(lf.lane) == INT64_MAX);
    assert_int_equal(d.next, 3);
    lane_fixture_close(&lf);
}

static struct due_source woken;

static void wake(struct tried *t, struct lane *lane)
{
    (void)t;
    woken.at[0] = lane_now(lane);
    lane_wake_at(lane, &woken.source, lane_now(lane));
}

static void a_source_that_a_slice_wakes_joins_the_batch(void **state)
{
    struct lane_fixture lf;
    struct tried t = {{0}};
    (void)state;
    lane_fixture_init(&lf, 0);
    woken = (struct due_source){.source = {.collect = collect}, .lf = &lf, .at = {INT64_MAX, INT64_MAX, INT64_MAX}};
    lane_add_source(lf.lane, &woken.source);
    lane_run(lf.lane);
    lf.told[0] = '\0';
    t.also = wake;
    tried_add(&lf, &t, 5);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "r5 r1 c d5 d1");
    lane_fixture_close(&lf);
}

static void a_stopped_lane_runs_what_it_took_and_refuses_the_rest(void **state)
{
    struct lane_fixture lf;
    struct tried t[3] = {{{0}}};
    struct due_source d = {.source = {.collect = collect}, .at = {1, 1, 1}};
    (void)state;
    lane_fixture_init(&lf, 0);
    d.lf = &lf;
    tried_add(&lf, &t[0], 1);
    t[1].work = (struct lane_work){.run = tried_run, .done = tried_done};
    t[1].lf = &lf;
    t[1].id = 2;
    lane_post(lf.lane, &t[1].work);
    lane_add_source(lf.lane, &d.source);
    lane_stop(lf.lane);
    assert_string_equal(lf.told, "r1 r2 c d1 d2");
    t[2] = t[1];
    t[2].id = 3;
    lane_post(lf.lane, &t[2].work);
    assert_int_equal(t[2].refused, ERR_STOPPED);
    assert_int_equal(d.asked, 0); /* what is due is still due after the next start */
    lane_fixture_close(&lf);
}

static void a_database_that_cannot_begin_refuses_what_waits(void **state)
{
    struct lane_fixture lf;
    struct tried t[2] = {{{0}}};
    (void)state;
    lane_fixture_init(&lf, 0);
    must_exec(lf.f.db, "begin"); /* a second begin fails */
    for (int i = 0; i < 2; i++)
        tried_add(&lf, &t[i], i + 1);
    lane_run(lf.lane);
    assert_string_equal(lf.told, "x1 x2");
    must_exec(lf.f.db, "rollback");
    tried_add(&lf, &t[0], 1);
    lane_run(lf.lane);
    assert_int_equal(t[0].refused, 0);
    lane_fixture_close(&lf);
}

static void ids_rise_from_what_is_stored(void **state)
{
    struct lane_fixture lf;
    (void)state;
    lane_fixture_init(&lf, 0);
    lane_raise_id(lf.lane, 5000);
    lane_raise_id(lf.lane, 4000);
    assert_true(id_next(lane_ids(lf.lane), 0) > 5000);
    lane_fixture_close(&lf);
}

enum { POSTERS = 3, POSTED = 400 };

struct poster {
    struct loop_thread *thread;
    struct loop *loop;
    struct lane *lane;
    struct tried *works;
};

static void post_all(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < POSTED; i++)
        lane_post(p->lane, &p->works[i].work);
}

static void posts_from_many_threads_wake_the_loop_and_share_commits(void **state)
{
    struct lane_fixture lf;
    struct loop *loop;
    struct poster p[POSTERS];
    struct lane_stats stats;
    (void)state;
    lane_fixture_init(&lf, 0);
    lane_free(lf.lane);
    clock_init_real(&lf.clock);
    assert_int_equal(loop_new(&loop, &lf.f.err), 0);
    lane_fixture_start(&lf, 0, loop);
    for (int i = 0; i < POSTERS; i++) {
        p[i] = (struct poster){.lane = lf.lane, .works = mem_alloc(POSTED * sizeof(struct tried))};
        for (int k = 0; k < POSTED; k++) {
            p[i].works[k] =
                (struct tried){.work = {.run = tried_run, .done = tried_done}, .lf = &lf, .id = i * POSTED + k + 1};
        }
        assert_int_equal(loop_new(&p[i].loop, &lf.f.err), 0);
        assert_int_equal(loop_thread_start(p[i].loop, "poster", post_all, NULL, &p[i], &p[i].thread, &lf.f.err), 0);
    }
    do {
        loop_step(loop, 100);
        lane_stats(lf.lane, &stats);
    } while (stats.slices < POSTERS * POSTED);
    assert_int_equal(number_of(lf.f.db, "select count(*) from t"), 2 * POSTERS * POSTED);
    assert_true(stats.batches < POSTERS * POSTED / 4);
    for (int i = 0; i < POSTERS; i++) {
        loop_stop(p[i].loop);
        loop_thread_join(p[i].thread);
        loop_free(p[i].loop);
        for (int k = 0; k < POSTED; k++)
            assert_int_equal(p[i].works[k].dones, 1);
        mem_free(p[i].works);
    }
    lane_fixture_close(&lf);
    loop_free(loop);
}

static void the_loop_runs_a_source_by_itself_when_it_is_due(void **state)
{
    struct lane_fixture lf;
    struct loop *loop;
    struct due_source d = {.source = {.collect = collect}, .lf = &lf};
    (void)state;
    lane_fixture_init(&lf, 0);
    lane_free(lf.lane);
    clock_init_real(&lf.clock);
    assert_int_equal(loop_new(&loop, &lf.f.err), 0);
    lane_fixture_start(&lf, 0, loop);
    int64_t start = clock_now(&lf.clock);
    for (int i = 0; i < 3; i++)
        d.at[i] = start + 30 * i;
    lane_add_source(lf.lane, &d.source);
    while (d.works[2].dones == 0)
        loop_step(loop, 1000);
    assert_true(clock_now(&lf.clock) >= start + 60);
    assert_true(d.asked <= 6);
    lane_fixture_close(&lf);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_slices_are_one_commit_and_are_answered_in_their_order),
        cmocka_unit_test(a_refused_slice_leaves_nothing_and_the_others_stay),
        cmocka_unit_test(a_failed_slice_that_left_marks_open_leaves_nothing_either),
        cmocka_unit_test(a_batch_closes_at_its_number_of_slices),
        cmocka_unit_test(work_that_a_slice_adds_joins_its_batch),
        cmocka_unit_test(a_transaction_that_cannot_be_sealed_is_taken_apart),
        cmocka_unit_test(what_cannot_be_stored_alone_is_refused_and_after_commit_is_not_told),
        cmocka_unit_test(a_source_is_asked_when_its_time_has_come),
        cmocka_unit_test(a_source_that_a_slice_wakes_joins_the_batch),
        cmocka_unit_test(a_stopped_lane_runs_what_it_took_and_refuses_the_rest),
        cmocka_unit_test(a_database_that_cannot_begin_refuses_what_waits),
        cmocka_unit_test(ids_rise_from_what_is_stored),
        cmocka_unit_test(posts_from_many_threads_wake_the_loop_and_share_commits),
        cmocka_unit_test(the_loop_runs_a_source_by_itself_when_it_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
