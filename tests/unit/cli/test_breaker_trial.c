/* How a plugin that was switched off comes back: what waits meanwhile, and what is tried. */
#include "breaker_fixture.h"

static void each_bad_trial_doubles_the_pause_up_to_ten_minutes(void **state)
{
    struct fixture *f = *state;
    static const int64_t pauses[] = {30, 60, 120, 240, 480, 600, 600};
    load(f);
    break_it(f);
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        advance(f, pauses[i] * 1000 - 1);
        assert_string_equal(state_of(f), "open");
        advance(f, 1);
        assert_string_equal(state_of(f), "half-open");
        fixture_number = 1;
        create(f);
        app_run(&f->app);
        assert_string_equal(state_of(f), "open");
    }
}

static void runs_wait_and_none_is_lost(void **state)
{
    struct fixture *f = *state;
    int64_t runs[12];
    load(f);
    for (int i = 0; i < 6; i++)
        runs[i] = start(f, "main");
    break_it(f);
    for (int i = 6; i < 12; i++) {
        runs[i] = start(f, "main"); /* taken, and held before their first slice */
        expect_run(f, runs[i], "running", true);
    }
    for (int i = 0; i < 6; i++) {
        signal(f, runs[i]);
        expect_run(f, runs[i], "running", true);
    }
    struct val found = fixture_call(f, "system.verify", "[]");
    assert_int_equal(found.as.list.n, 0);
    restart(f); /* all of that lasts */
    assert_string_equal(state_of(f), "open");
    expect_run(f, runs[0], "running", true);
    advance(f, 30000); /* one is tried; it calls the hook of its own plugin, which is part of it; then all go on */
    assert_string_equal(state_of(f), "closed");
    for (int i = 0; i < 12; i++)
        expect_run(f, runs[i], i < 6 ? "completed" : "running", false);
    for (int i = 6; i < 12; i++) {
        signal(f, runs[i]);
        expect_run(f, runs[i], "completed", false);
    }
}

static void a_bad_trial_holds_the_others_on(void **state)
{
    struct fixture *f = *state;
    load(f);
    int64_t a = start(f, "main"), b = start(f, "main");
    break_it(f);
    signal(f, a);
    signal(f, b);
    fixture_number = 1;
    advance(f, 30000);
    assert_string_equal(state_of(f), "open");
    expect_run(f, a, "failed", false);
    expect_run(f, b, "running", true);
    fixture_number = 0;
    advance(f, 60000);
    assert_string_equal(state_of(f), "closed");
    expect_run(f, b, "completed", false);
}

static void callbacks_wait_for_it(void **state)
{
    struct fixture *f = *state;
    load(f);
    advance(f, 3600000);
    int64_t before = ticks(f);
    assert_true(before > 0);
    fixture_call(f, "plugin.disable", "[\"p\", { \"why\": \"noisy\" }]");
    advance(f, 3 * 3600000);
    assert_int_equal(ticks(f), before);
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    assert_int_equal(ticks(f), before + 1); /* the one that was held; those that it kept away are gone */
    advance(f, 3600000);
    assert_int_equal(ticks(f), before + 2);
}

static void a_new_version_is_tried_at_once(void **state)
{
    struct fixture *f = *state;
    load(f);
    break_it(f);
    fixture_plugin(f, "p", FIXTURE_NEEDS ", title = 'mended'", breaker_source);
    fixture_reload(f);
    assert_string_equal(state_of(f), "half-open");
    fixture_ok(f, "create", create(f));
    assert_string_equal(state_of(f), "closed");
}

static void a_held_run_may_be_cancelled_and_paused(void **state)
{
    struct fixture *f = *state;
    char args[32];
    load(f);
    int64_t a = start(f, "main"), b = start(f, "main");
    fixture_call(f, "plugin.disable", "[\"p\"]");
    signal(f, a);
    signal(f, b);
    snprintf(args, sizeof(args), "[%lld]", (long long)a);
    fixture_call(f, "run.cancel", args);
    expect_run(f, a, "cancelled", false);
    snprintf(args, sizeof(args), "[%lld]", (long long)b);
    fixture_call(f, "run.pause", args);
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    expect_run(f, b, "running", false);
    fixture_call(f, "run.resume", args);
    app_run(&f->app);
    expect_run(f, b, "completed", false);
    expect_run(f, a, "cancelled", false);
}

/* The hook that is broken is called by a run that takes no notice. */
static void a_failure_within_a_trial_ends_it(void **state)
{
    struct fixture *f = *state;
    load(f);
    int64_t run = start(f, "deaf");
    break_it(f);
    signal(f, run);
    expect_run(f, run, "running", true);
    fixture_number = 1;
    advance(f, 30000);
    expect_run(f, run, "completed", false);
    assert_string_equal(state_of(f), "open");
    fixture_number = 0;
    advance(f, 59999);
    assert_string_equal(state_of(f), "open"); /* the second pause is twice as long */
    advance(f, 1);
    assert_string_equal(state_of(f), "half-open");
}

static void a_trial_that_says_nothing_of_the_code_gives_way_to_the_next(void **state)
{
    struct fixture *f = *state;
    load(f);
    int64_t a = start(f, "main"), b = start(f, "main");
    break_it(f);
    signal(f, a);
    signal(f, b);
    fixture_number = 4; /* a refusal that the flow does not catch: it fails, and its code is not bad for that */
    advance(f, 30000);
    expect_run(f, a, "failed", false);
    expect_run(f, b, "failed", false);
    assert_string_equal(state_of(f), "half-open"); /* nothing waits any more: what comes next is the trial */
    fixture_number = 0;
    fixture_ok(f, "create", create(f));
    assert_string_equal(state_of(f), "closed");
}

static void a_paused_run_is_no_trial(void **state)
{
    struct fixture *f = *state;
    char args[32];
    load(f);
    int64_t paused = start(f, "main"), other = start(f, "main");
    snprintf(args, sizeof(args), "[%lld]", (long long)paused);
    break_it(f);
    signal(f, paused);
    signal(f, other);
    fixture_call(f, "run.pause", args);
    advance(f, 30000);
    assert_string_equal(state_of(f), "closed");
    expect_run(f, other, "completed", false);
    expect_run(f, paused, "running", false);
    fixture_call(f, "run.resume", args);
    app_run(&f->app);
    expect_run(f, paused, "completed", false);
}

static void its_scheduled_flows_are_held_and_run_when_it_is_on(void **state)
{
    struct fixture *f = *state;
    load(f);
    fixture_call(f, "plugin.disable", "[\"p\", { \"why\": \"for now\" }]");
    advance(f, 3600000); /* the cron time comes */
    struct val runs = fixture_call(f, "run.list", "[{ \"flow\": \"p.hourly\" }]");
    assert_int_equal(runs.as.list.n, 1);
    assert_true(val_is_str(val_get(val_at(&runs, 0), "held"), "for now"));
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    runs = fixture_call(f, "run.list", "[{ \"flow\": \"p.hourly\" }]");
    assert_true(val_is_str(val_get(val_at(&runs, 0), "state"), "completed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(each_bad_trial_doubles_the_pause_up_to_ten_minutes),
        EACH(runs_wait_and_none_is_lost),
        EACH(a_bad_trial_holds_the_others_on),
        EACH(callbacks_wait_for_it),
        EACH(a_new_version_is_tried_at_once),
        EACH(a_held_run_may_be_cancelled_and_paused),
        EACH(a_failure_within_a_trial_ends_it),
        EACH(a_trial_that_says_nothing_of_the_code_gives_way_to_the_next),
        EACH(a_paused_run_is_no_trial),
        EACH(its_scheduled_flows_are_held_and_run_when_it_is_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
