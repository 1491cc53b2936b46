/* Runs counted by what they are: with the transaction, without reading tables, and the same after a restart. */
#include "fixture.h"

#include "flow/flow.h"
#include "plugin/breaker.h"
#include "store/store_test.h"

static int set_up(void **state)
{
    store_test_faults_start();
    fixture_set_up(state);
    struct fixture *f = *state;
    f->app.host.is_test = false;
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "flow.define('wait', { title = 'W' }, function(run) run:wait('go') end)\n"
                   "flow.define('done', { title = 'D' }, function(run) end)\n"
                   "flow.define('bad', { title = 'B', retry = { times = 0 } }, function(run) error('no') end)\n"
                   "flow.define('undo', { title = 'U' }, function(run) run:compensate('wait', {}) run:wait('go') end)\n"
                   "flow.define('nap', { title = 'N' }, function(run) run:sleep('1h') end)\n");
    fixture_reload(f);
    return 0;
}

static int tear_down(void **state)
{
    fixture_tear_down(state);
    store_test_faults_stop();
    return 0;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int64_t start(struct fixture *f, const char *flow)
{
    char args[64];
    struct val out;
    snprintf(args, sizeof(args), "[\"p.%s\"]", flow);
    int rc = fixture_try(f, "run.start", args, &out);
    return rc ? rc : val_get_int(&out, "id", 0);
}

static void call(struct fixture *f, const char *name, int64_t run)
{
    char args[64];
    snprintf(args, sizeof(args), "[%lld]", (long long)run);
    fixture_call(f, name, args);
    app_run(&f->app);
}

static struct flow_stats stats(struct fixture *f)
{
    struct flow_stats s;
    flow_stats(f->app.host.flow, &s);
    return s;
}

static int64_t rows(struct fixture *f, const char *where)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "select count(*) from flow_run where %s", where);
    struct stmt *s = store_stmt(f->app.db, sql, &f->err);
    assert_int_equal(stmt_step(s, &f->err), 1);
    int64_t n = stmt_int(s, 0);
    stmt_done(s);
    return n;
}

static void expect_rows(struct fixture *f)
{
    struct flow_stats s = stats(f);
    assert_int_equal(s.failed, rows(f, "state = 2"));
    assert_int_equal(s.blocked, rows(f, "state = 3"));
    assert_int_equal(s.undoing, rows(f, "state = 5"));
    assert_int_equal(s.held, rows(f, "off is not null"));
}

static void each_change_of_state_is_counted(void **state)
{
    struct fixture *f = *state;
    int64_t a = start(f, "wait"), b = start(f, "bad"), c = start(f, "undo");
    start(f, "done");
    call(f, "run.cancel", a);
    call(f, "run.cancel", c);
    struct flow_stats s = stats(f);
    assert_int_equal(s.started, 5); /* and what undoes */
    assert_int_equal(s.completed, 1);
    assert_int_equal(s.cancelled, 1);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.undoing, 1);
    expect_rows(f);
    call(f, "run.cancel", b);
    assert_int_equal(stats(f).failed, 0);
    expect_rows(f);
    fixture_restart(f);
    assert_int_equal(stats(f).undoing, 1);
    assert_int_equal(stats(f).started, 0);
    expect_rows(f);
}

static void held_runs_are_counted_until_they_go_on(void **state)
{
    struct fixture *f = *state;
    int64_t naps[3];
    for (int i = 0; i < 3; i++)
        naps[i] = start(f, "nap");
    fixture_call(f, "plugin.disable", "[\"p\"]");
    start(f, "done");
    assert_int_equal(stats(f).held, 1);
    clock_set(&f->app.host.clock, clock_now(&f->app.host.clock) + 3600000);
    app_run(&f->app);
    assert_int_equal(stats(f).held, 4);
    expect_rows(f);
    call(f, "run.cancel", naps[0]);
    assert_int_equal(stats(f).held, 3);
    fixture_restart(f);
    f->app.host.is_test = false;
    assert_int_equal(stats(f).held, 3);
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    assert_int_equal(stats(f).held, 0);
    assert_int_equal(stats(f).completed, 3);
    expect_rows(f);
}

static void what_is_rolled_back_or_lost_is_not_counted(void **state)
{
    struct fixture *f = *state;
    int64_t started = 0;
    for (int n = 1; n <= 24; n++) {
        store_test_fault(STORE_TEST_ANY, n, n % 3 != 0, n % 2 ? ERR_FULL : ERR_IO);
        started += start(f, n % 2 ? "bad" : "done") > 0;
        store_test_fault(STORE_TEST_ANY, 0, false, 0);
        app_run(&f->app);
        expect_rows(f);
    }
    assert_in_range(started, 1, 23);
    assert_int_equal(stats(f).started, rows(f, "1"));
    assert_int_equal(stats(f).completed, rows(f, "state = 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(each_change_of_state_is_counted),
        EACH(held_runs_are_counted_until_they_go_on),
        EACH(what_is_rolled_back_or_lost_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
