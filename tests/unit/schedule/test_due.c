/* Firing: once, late, missed, failing, overlapping; clocks that jump. */
#include "fixture.h"

static void one_shot_fires_once_at_its_time(void **state)
{
    struct fixture *f = *state;
    struct val input = val_map();
    val_set(&f->a, &input, "n", val_int(7));
    int64_t id = PUT(f, .name = "once", .local = "2021-01-04 10:00", .input = &input);
    fixture_at(f, "2021-01-04 09:59");
    assert_int_equal(f->fired, 0);
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->last_input, 7);
    assert_int_equal(f->last_late, 0);
    assert_string_equal(f->last_local, "2021-01-04 10:00");
    fixture_at(f, "2021-01-05 10:00");
    assert_int_equal(f->fired, 1);
    assert_string_equal(fixture_text(f, id, "state"), "done");
    assert_int_equal(fixture_sql(f, "select count(*) from fired"), 1);
}

static void job_that_was_due_while_the_service_was_down_fires_once_and_knows_how_late(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "once", .local = "2021-01-04 10:00");
    fixture_detach(f);
    clock_set(&f->host.clock, fixture_ms("2021-01-06 10:00"));
    fixture_attach(f);
    lane_run(f->lane);
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->last_late, 2 * 86400000);
    assert_int_equal(fixture_int(f, id, "last_late_ms"), 2 * 86400000);
    fixture_restart(f);
    lane_run(f->lane);
    assert_int_equal(f->fired, 1);
}

static void clock_that_goes_back_fires_nothing_twice(void **state)
{
    struct fixture *f = *state;
    PUT(f, .name = "once", .local = "2021-01-04 10:00");
    int64_t cron = PUT(f, .name = "hourly", .cron = "0 * * * *");
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 2);
    fixture_at(f, "2021-01-04 09:00");
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 2);
    assert_string_equal(fixture_text(f, cron, "local"), "2021-01-04 11:00");
    fixture_at(f, "2021-01-04 11:00");
    assert_int_equal(f->fired, 3);
    /* An hour forward, and back again. */
    fixture_at(f, "2021-01-04 12:00");
    assert_int_equal(f->fired, 4);
    fixture_restart(f);
    fixture_at(f, "2021-01-04 11:00");
    fixture_at(f, "2021-01-04 12:00");
    assert_int_equal(f->fired, 4);
}

static void missed_times_follow_the_policy(void **state)
{
    struct fixture *f = *state;
    int64_t once = PUT(f, .name = "once", .cron = "0 * * * *", .missed = SCHEDULE_RUN_ONCE);
    int64_t skip = PUT(f, .name = "skip", .cron = "0 * * * *", .missed = SCHEDULE_SKIP);
    int64_t all = PUT(f, .name = "all", .cron = "0 * * * *", .missed = SCHEDULE_RUN_ALL);
    int64_t single = PUT(f, .name = "single", .local = "2021-01-04 10:00", .missed = SCHEDULE_SKIP);
    fixture_at(f, "2021-01-04 14:30");
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'once'"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'skip'"), 0);
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'all'"), 5);
    assert_int_equal(fixture_sql(f, "select count(distinct local) from fired where name = 'all'"), 5);
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'single'"), 0);
    assert_string_equal(fixture_text(f, single, "state"), "done");
    assert_string_equal(fixture_text(f, single, "error"), "The time was missed, and the policy is to skip it.");
    assert_string_equal(fixture_text(f, once, "local"), "2021-01-04 15:00");
    assert_string_equal(fixture_text(f, skip, "local"), "2021-01-04 15:00");
    assert_string_equal(fixture_text(f, all, "local"), "2021-01-04 15:00");
    fixture_at(f, "2021-01-04 15:00");
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'skip'"), 1);
}

static void one_failing_job_among_a_thousand_stops_no_other(void **state)
{
    struct fixture *f = *state;
    int64_t bad = 0;
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "job%d", i);
        int64_t id = PUT(f, .name = name, .local = "2021-01-04 10:00");
        if (i == 500) bad = id;
    }
    f->refuse = "job500";
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 999);
    assert_int_equal(fixture_sql(f, "select count(*) from fired"), 999);
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'job500'"), 0);
    assert_string_equal(fixture_text(f, bad, "state"), "failed");
    assert_string_equal(fixture_text(f, bad, "error"), "this one not");
    assert_int_equal(fixture_int(f, bad, "tries"), 1);
}

static void failed_job_is_tried_again_with_growing_pauses_and_is_overdue(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "weak", .local = "2021-01-04 10:00");
    f->refuse = "weak";
    fixture_at(f, "2021-01-04 10:00");
    struct val row = fixture_read(f, id);
    assert_false(val_get_bool(&row, "overdue", true));
    assert_int_equal(fixture_int(f, id, "next"), fixture_ms("2021-01-04 10:01"));
    fixture_at(f, "2021-01-04 10:02");
    row = fixture_read(f, id);
    assert_true(val_get_bool(&row, "overdue", false));
    assert_int_equal(fixture_sql(f, "select alarmed from schedule"), 1);
    assert_int_equal(fixture_int(f, id, "next"), fixture_ms("2021-01-04 10:04"));
    f->refuse = NULL;
    fixture_at(f, "2021-01-04 10:04");
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->last_late, 4 * 60000);
    assert_string_equal(fixture_text(f, id, "state"), "done");
    assert_string_equal(fixture_text(f, id, "error"), "");
}

static void job_of_a_kind_that_nobody_does_fails_with_its_reason(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "odd", .kind = "dance", .local = "2021-01-04 10:00");
    fixture_at(f, "2021-01-04 10:00");
    assert_string_equal(fixture_text(f, id, "state"), "failed");
    assert_string_equal(fixture_text(f, id, "error"), "Nothing here can do jobs of the kind dance.");
}

static void run_that_still_goes_on_is_skipped_queued_or_joined(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "skip", .cron = "0 * * * *", .overlap = SCHEDULE_OVERLAP_SKIP);
    fixture_at(f, "2021-01-04 10:00");
    f->running = 1001;
    fixture_at(f, "2021-01-04 11:00");
    assert_int_equal(f->fired, 1);
    assert_string_equal(fixture_text(f, id, "local"), "2021-01-04 12:00");
    f->running = 0;
    fixture_at(f, "2021-01-04 12:00");
    assert_int_equal(f->fired, 2);
    int64_t joined = PUT(f, .name = "skip", .cron = "30 * * * *", .overlap = SCHEDULE_OVERLAP_ALLOW);
    assert_int_equal(joined, id);
    fixture_at(f, "2021-01-04 12:30");
    f->running = 1003;
    fixture_at(f, "2021-01-04 13:30");
    assert_int_equal(f->fired, 4);
}

static void queued_firing_runs_when_the_one_before_has_ended(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "queue", .cron = "0 * * * *", .overlap = SCHEDULE_OVERLAP_QUEUE);
    fixture_at(f, "2021-01-04 10:00");
    f->running = 1001;
    fixture_at(f, "2021-01-04 11:00");
    fixture_at(f, "2021-01-04 11:10");
    assert_int_equal(f->fired, 1);
    assert_string_equal(fixture_text(f, id, "error"), "Waits until the run before it has ended.");
    f->running = 0;
    fixture_begin(f);
    fixture_ok(f, "ended", schedule_run_ended(f->host.schedule, &f->s, 1001, &f->err));
    fixture_commit(f);
    lane_run(f->lane);
    assert_int_equal(f->fired, 2);
    assert_string_equal(f->last_local, "2021-01-04 11:00");
    assert_string_equal(fixture_text(f, id, "local"), "2021-01-04 12:00");
}

static void run_now_is_besides_the_time_of_a_cron_job_and_instead_of_a_one_shot(void **state)
{
    struct fixture *f = *state;
    int64_t cron = PUT(f, .name = "cron", .cron = "0 12 * * *"),
            once = PUT(f, .name = "once", .local = "2021-01-04 12:00");
    fixture_begin(f);
    fixture_ok(f, "now", schedule_run_now(f->host.schedule, &f->s, cron, &f->err));
    fixture_ok(f, "now", schedule_run_now(f->host.schedule, &f->s, once, &f->err));
    fixture_commit(f);
    lane_run(f->lane);
    assert_int_equal(f->fired, 2);
    assert_string_equal(fixture_text(f, once, "state"), "done");
    assert_string_equal(fixture_text(f, cron, "local"), "2021-01-04 12:00");
    fixture_at(f, "2021-01-04 12:00");
    assert_int_equal(f->fired, 3);
    assert_string_equal(f->last_name, "cron");
    fixture_begin(f);
    assert_int_equal(schedule_run_now(f->host.schedule, &f->s, once, &f->err), ERR_CONFLICT);
    assert_int_equal(schedule_run_now(f->host.schedule, &f->s, 42, &f->err), ERR_NOT_FOUND);
    fixture_commit(f);
}

static void cancelled_job_never_fires(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "once", .local = "2021-01-04 10:00");
    fixture_begin(f);
    fixture_ok(f, "cancel", schedule_cancel(f->host.schedule, &f->s, id, &f->err));
    assert_int_equal(schedule_cancel(f->host.schedule, &f->s, id, &f->err), ERR_CONFLICT);
    fixture_commit(f);
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 0);
    /* The same name again is a new intent. */
    PUT(f, .name = "once", .local = "2021-01-04 11:00");
    fixture_at(f, "2021-01-04 11:00");
    assert_int_equal(f->fired, 1);
}

static void local_time_in_a_gap_or_an_overlap_fires_once(void **state)
{
    struct fixture *f = *state;
    PUT(f, .name = "gap", .local = "2021-03-28 02:30", .zone = "Europe/Berlin");
    int64_t cron = PUT(f, .name = "daily", .cron = "30 2 * * *", .zone = "Europe/Berlin");
    fixture_at(f, "2021-03-28T01:29:00Z");
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'gap'"), 0);
    fixture_at(f, "2021-03-28T01:30:00Z");
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'gap'"), 1);
    assert_string_equal(fixture_text(f, cron, "local"), "2021-03-29 02:30");
    fixture_at(f, "2021-10-30T12:00:00Z");
    int64_t before = fixture_sql(f, "select count(*) from fired where name = 'daily'");
    for (int minute = 0; minute < 180; minute += 10) {
        clock_set(&f->host.clock, fixture_ms("2021-10-31T00:00:00Z") + (int64_t)minute * 60000);
        lane_run(f->lane);
    }
    assert_int_equal(fixture_sql(f, "select count(*) from fired where name = 'daily'"), before + 1);
}

static void leap_day_fires_in_leap_years(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "leap", .cron = "0 8 29 2 *");
    assert_string_equal(fixture_text(f, id, "local"), "2024-02-29 08:00");
    fixture_at(f, "2024-02-29 08:00");
    assert_int_equal(f->fired, 1);
    assert_string_equal(fixture_text(f, id, "local"), "2028-02-29 08:00");
}

/* Prints the rate; waiting jobs cost nothing because only the index is read. */
static void many_waiting_jobs_do_not_slow_the_due_ones(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    for (int i = 0; i < 50000; i++) {
        char name[16];
        int64_t id;
        snprintf(name, sizeof(name), "w%d", i);
        struct schedule_new n = {.plugin = "awards",
                                 .name = name,
                                 .kind = "flow",
                                 .flow = "go",
                                 .local = i < 5000 ? "2021-01-04 10:00" : "2031-01-04 10:00"};
        fixture_ok(f, "put", schedule_put(f->host.schedule, &f->s, &n, &id, &f->err));
    }
    fixture_commit(f);
    int64_t start = clock_mono_ns();
    fixture_at(f, "2021-01-04 10:00");
    int64_t took = clock_mono_ns() - start;
    assert_int_equal(f->fired, 5000);
    print_message("5000 jobs fired in %d ms\n", (int)(took / 1000000));
    start = clock_mono_ns();
    for (int i = 0; i < 1000; i++)
        lane_run(f->lane);
    assert_true(clock_mono_ns() - start < 1000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_shot_fires_once_at_its_time),
        TEST(job_that_was_due_while_the_service_was_down_fires_once_and_knows_how_late),
        TEST(clock_that_goes_back_fires_nothing_twice),
        TEST(missed_times_follow_the_policy),
        TEST(one_failing_job_among_a_thousand_stops_no_other),
        TEST(failed_job_is_tried_again_with_growing_pauses_and_is_overdue),
        TEST(job_of_a_kind_that_nobody_does_fails_with_its_reason),
        TEST(run_that_still_goes_on_is_skipped_queued_or_joined),
        TEST(queued_firing_runs_when_the_one_before_has_ended),
        TEST(run_now_is_besides_the_time_of_a_cron_job_and_instead_of_a_one_shot),
        TEST(cancelled_job_never_fires),
        TEST(local_time_in_a_gap_or_an_overlap_fires_once),
        TEST(leap_day_fires_in_leap_years),
        TEST(many_waiting_jobs_do_not_slow_the_due_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
