/* Circuit breakers through the whole program: what switches a plugin off, what is refused then, and what the admin
 * says. */
#include "breaker_fixture.h"

static void five_mistakes_in_a_row_switch_it_off_and_a_good_trial_on(void **state)
{
    struct fixture *f = *state;
    load(f);
    break_it(f);
    /* A veto that cannot be asked for is none that was given. */
    assert_int_equal(create(f), ERR_REFUSED);
    assert_string_equal(f->err.key, "plugin.off");
    assert_string_equal(err_arg(&f->err, "plugin"), "p");
    assert_non_null(strstr(err_arg(&f->err, "why"), "attempt to index a nil value"));
    assert_non_null(strstr(err_arg(&f->err, "why"), "p/init.lua:3"));
    assert_string_equal(err_arg(&f->err, "since"), "2021-01-04T02:00:00Z");
    assert_string_equal(err_arg(&f->err, "next"), "2021-01-04T02:00:30Z");
    struct val list = fixture_call(f, "plugin.list", "[]"), *p = &list.as.list.items[0];
    assert_true(val_is_str(val_get(p, "state"), "off"));
    assert_non_null(strstr(val_get_str(p, "why"), "attempt to index"));
    advance(f, 29999);
    assert_string_equal(state_of(f), "open");
    advance(f, 1);
    assert_string_equal(state_of(f), "half-open");
    fixture_ok(f, "create", create(f));
    assert_string_equal(state_of(f), "closed");
    fixture_ok(f, "create", create(f));
}

static void refusals_are_no_failures(void **state)
{
    struct fixture *f = *state;
    load(f);
    for (int i = 0; i < 30; i++) {
        fixture_number = i % 2 ? 2 : 4;
        assert_int_equal(create(f), ERR_REFUSED);
    }
    assert_string_equal(state_of(f), "closed");
    fixture_number = 1;
    for (int i = 0; i < 4; i++)
        create(f);
    fixture_number = 2;
    create(f);
    fixture_number = 1;
    for (int i = 0; i < 4; i++)
        create(f);
    assert_string_equal(state_of(f), "closed"); /* 4 and 4, not in a row; 8 of 39 in this minute */
}

static void more_than_half_of_twenty_in_a_minute_switch_it_off(void **state)
{
    struct fixture *f = *state;
    load(f);
    for (int i = 0; i < 19; i++) {
        fixture_number = i % 4 != 0;
        create(f);
        assert_string_equal(state_of(f), "closed");
    }
    fixture_number = 1;
    create(f);
    assert_string_equal(state_of(f), "open");
}

static void a_stop_for_time_is_a_failure(void **state)
{
    struct fixture *f = *state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it holds signals back until a system call, and there is none in the loop */
#endif
    load(f);
    fixture_number = 3;
    for (int i = 0; i < 5; i++)
        create(f);
    assert_string_equal(state_of(f), "open");
    fixture_number = 0;
    create(f);
    assert_string_equal(err_arg(&f->err, "plugin"), "p");
    assert_non_null(strstr(err_arg(&f->err, "why"), "limit.time at p/init.lua:5"));
}

static void the_admin_says_how_many(void **state)
{
    struct fixture *f = *state;
    fixture_write(f->settings, "{ \"p\": { \"limits\": { \"failures\": 2 } } }");
    load(f);
    fixture_number = 1;
    create(f);
    assert_string_equal(state_of(f), "closed");
    create(f);
    assert_string_equal(state_of(f), "open");
    fixture_plugin(f, "q", FIXTURE_NEEDS ", limits = { failures = 1000 }", "");
    fixture_load(f);
    assert_string_equal(fixture_why(f, "q")->key, "plugin.limit");
}

static void one_run_that_fails_again_and_again_counts_once(void **state)
{
    struct fixture *f = *state;
    load(f);
    fixture_number = 1;
    int64_t run = start(f, "again");
    for (int i = 0; i < 12; i++)
        advance(f, 5000 << (i < 10 ? i : 10));
    struct val v = show(f, run);
    assert_true(val_get_int(&v, "attempts", 0) > 6);
    assert_string_equal(state_of(f), "closed");
    for (int i = 0; i < 5; i++)
        start(f, "main");
    app_run(&f->app);
    assert_string_equal(state_of(f), "open"); /* five of them are another matter */
}

static void the_admin_switches_off_for_good(void **state)
{
    struct fixture *f = *state;
    load(f);
    int64_t run = start(f, "main");
    assert_int_equal(fixture_try(f, "plugin.disable", "[\"nobody\"]", &(struct val){0}), ERR_NOT_FOUND);
    fixture_call(f, "plugin.disable", "[\"p\", { \"why\": \"until it is mended\" }]");
    assert_int_equal(create(f), ERR_REFUSED);
    assert_string_equal(f->err.key, "plugin.disabled");
    assert_string_equal(err_arg(&f->err, "why"), "until it is mended");
    signal(f, run);
    restart(f);
    advance(f, 86400000);
    assert_string_equal(state_of(f), "off");
    assert_int_equal(create(f), ERR_REFUSED);
    expect_run(f, run, "running", true);
    fixture_plugin(f, "p", FIXTURE_NEEDS ", title = 'other'", breaker_source); /* a new version does not switch it on */
    fixture_reload(f);
    assert_string_equal(state_of(f), "off");
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    fixture_ok(f, "create", create(f));
    expect_run(f, run, "completed", false);
}

static int run_disable(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct fixture *f = ((struct fixture_slice *)w)->f;
    struct session s = {.host = &f->app.host, .db = lane_db(lane), .lane = lane, .now = lane_now(lane)};
    return breaker_disable(&s, "p", "enough", err);
}

static void done_disable(struct lane_work *w, const struct err *failed)
{
    (void)w;
    assert_null(failed);
}

/* It is switched off by itself in the moment in which the admin does so: the batch that keeps his word keeps that. */
static void what_the_admin_says_is_not_written_over(void **state)
{
    struct fixture *f = *state;
    struct fixture_slice fs = {.work = {.run = run_disable, .done = done_disable}, .f = f};
    struct err failed = {.code = ERR_PLUGIN, .key = "lua.error"};
    load(f);
    lane_add(f->app.lane, &fs.work);
    for (int i = 0; i < 5; i++) {
        struct breaker_pass pass;
        assert_int_equal(breaker_enter(&f->app.host, "p", &pass, &f->err), 0);
        breaker_leave(&f->app.host, &pass, ERR_PLUGIN, &failed);
    }
    assert_string_equal(state_of(f), "open");
    lane_step(f->app.lane);
    struct stmt *s = store_stmt(f->app.db, "select state from plugin_breaker", &f->err);
    assert_int_equal(stmt_step(s, &f->err), 1);
    assert_int_equal(stmt_int(s, 0), BREAKER_OFF);
    stmt_done(s);
    restart(f);
    assert_string_equal(state_of(f), "off");
}

static void a_report_is_refused_and_its_failures_count(void **state)
{
    struct fixture *f = *state;
    load(f);
    fixture_number = 1;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(state_of(f), "closed");
        assert_int_equal(report(f), ERR_PLUGIN);
    }
    assert_string_equal(state_of(f), "open");
    fixture_number = 0;
    assert_int_equal(report(f), ERR_REFUSED);
    assert_string_equal(f->err.key, "plugin.off");
    app_run(&f->app);
    advance(f, 30000);
    fixture_ok(f, "report", report(f));
    assert_string_equal(state_of(f), "closed");
}

static void faults_of_the_host_are_no_failures(void **state)
{
    struct fixture *f = *state;
    load(f);
    store_test_faults_start();
    for (int n = 1; n < 40; n++) {
        store_test_fault(STORE_TEST_ANY, 1 + n % 9, true, n % 2 ? ERR_FULL : ERR_IO);
        create(f);
        start_any(f, "main");
        store_test_fault(STORE_TEST_ANY, 0, false, 0);
        assert_string_equal(state_of(f), "closed");
    }
    store_test_faults_stop();
    struct breaker_status st;
    breaker_status(f->app.host.breakers, "p", &st);
    assert_int_equal(st.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(five_mistakes_in_a_row_switch_it_off_and_a_good_trial_on),
        EACH(refusals_are_no_failures),
        EACH(more_than_half_of_twenty_in_a_minute_switch_it_off),
        EACH(a_stop_for_time_is_a_failure),
        EACH(the_admin_says_how_many),
        EACH(one_run_that_fails_again_and_again_counts_once),
        EACH(the_admin_switches_off_for_good),
        EACH(what_the_admin_says_is_not_written_over),
        EACH(a_report_is_refused_and_its_failures_count),
        EACH(faults_of_the_host_are_no_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
