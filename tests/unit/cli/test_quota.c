/* Quotas through the whole program: what is counted, what is refused, and that the numbers are those of the rows. */
#include "fixture.h"

#include "plugin/quota.h"
#include "runtime/fetch.h"
#include "runtime/loop.h"
#include "store/store_test.h"

static int set_up(void **state)
{
    store_test_faults_start();
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    fixture_tear_down(state);
    store_test_faults_stop();
    return 0;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int64_t used(struct fixture *f, enum plugin_quota kind)
{
    struct quota_state q;
    return quotas_find(f->app.host.quotas, "p", &q) ? q.used[kind] : 0;
}

static int64_t refused(struct fixture *f, enum plugin_quota kind)
{
    struct quota_state q;
    return quotas_find(f->app.host.quotas, "p", &q) ? q.refused[kind] : 0;
}

/* What is counted is what is there; and it is so in the database, too. */
static void expect_true_numbers(struct fixture *f)
{
    struct val found = fixture_call(f, "system.verify", "[]");
    for (size_t i = 0; val_at(&found, i); i++)
        fail_msg("%.*s", (int)val_at(&found, i)->as.str.len, val_at(&found, i)->as.str.s);
}

static void advance(struct fixture *f, int64_t ms)
{
    clock_set(&f->app.host.clock, clock_now(&f->app.host.clock) + ms);
}

static void limits(struct fixture *f, const char *json)
{
    char text[300];
    snprintf(text, sizeof(text), "{ \"p\": { \"limits\": %s } }", json);
    fixture_write(f->settings, text);
    fixture_reload(f);
}

static const char stores[] =
    "local T = storage.table('thing', { fields = { name = 'text!', n = 'integer', tags = 'list:text' } })\n"
    "content.type('note', { fields = { title = 'text!', body = 'text' } })\n"
    "test.handler('insert', function() return T:insert({ name = 'ab', n = 1, tags = { 'x' } }) end)\n"
    "test.handler('update', function() T:update(T:find()[1].id, { name = ('é'):rep(100) }) end)\n"
    "test.handler('delete', function() T:delete(T:find()[1].id) end)\n"
    "test.handler('set', function() storage.kv.set('key', ('v'):rep(test.number())) end)\n"
    "test.handler('add', function() return storage.kv.add('sum', 1 << 40) end)\n"
    "test.handler('gone', function() storage.kv.delete('key') storage.kv.delete('none') end)\n"
    "test.handler('number', function() return storage.number('book') end)\n"
    "test.handler('create', function() return content.create('note', { title = 'A', body = 'text' }).id end)\n"
    "test.handler('edit', function() local i = content.find('note')[1]\n"
    "  content.edit(i, { body = 'more text' }) content.edit(i, { body = 'more text' }) end)\n"
    "test.handler('fail', function() T:insert({ name = 'lost' }) storage.kv.set('lost', 1) error('no') end)\n"
    "test.handler('caught', function() local ok, err = pcall(T.insert, T, { name = 'one too many' })\n"
    "  return { ok = ok, code = err.code, n = T:count() } end)\n"
    "test.handler('grow', function() local ok, err = pcall(T.update, T, T:find()[1].id, { name = ('x'):rep(5000) })\n"
    "  return { ok = ok, code = err.code, name = #T:find()[1].name } end)\n";

static void run(struct fixture *f, const char *handler)
{
    fixture_ok(f, handler, fixture_run(f, "p", handler, NULL));
}

static void everything_that_is_stored_is_counted(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 2 + 8 + 5); /* "ab", 1, ["x"] */
    run(f, "update");
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 200 + 8 + 5);
    run(f, "delete");
    assert_int_equal(used(f, QUOTA_BYTES), 0);
    fixture_number = 100;
    run(f, "set");
    fixture_number = 10;
    run(f, "set");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    assert_in_range(used(f, QUOTA_BYTES), 13, 20);
    run(f, "add");
    run(f, "add");
    assert_int_equal(used(f, QUOTA_ROWS), 2);
    run(f, "gone");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    run(f, "number");
    run(f, "create");
    run(f, "edit"); /* twice, and the second changes nothing */
    assert_int_equal(used(f, QUOTA_ROWS), 4);
    expect_true_numbers(f);
}

static void what_is_rolled_back_or_lost_is_not_counted(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    assert_int_equal(fixture_run(f, "p", "fail", NULL), ERR_PLUGIN);
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    int lost = 0;
    for (int n = 1; n <= 12; n++) { /* the disk fails at each write in turn, some for good: then the slice is lost */
        store_test_fault(STORE_TEST_ANY, n, n % 3 != 0, n % 2 ? ERR_FULL : ERR_IO);
        lost += fixture_run(f, "p", "insert", NULL) != 0;
        store_test_fault(STORE_TEST_ANY, 0, false, 0);
        expect_true_numbers(f);
    }
    assert_in_range(lost, 1, 11);
    int64_t rows = used(f, QUOTA_ROWS), bytes = used(f, QUOTA_BYTES);
    fixture_restart(f);
    assert_int_equal(used(f, QUOTA_ROWS), rows);
    assert_int_equal(used(f, QUOTA_BYTES), bytes);
}

static void too_many_rows_and_bytes_are_refused_and_nothing_stays_of_them(void **state)
{
    struct fixture *f = *state;
    struct val out;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    limits(f, "{ \"rows\": 2, \"bytes\": 1000 }");
    run(f, "insert");
    run(f, "insert");
    assert_int_equal(fixture_run(f, "p", "insert", NULL), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.rows");
    assert_string_equal(err_arg(&f->err, "plugin"), "p");
    assert_string_equal(err_arg(&f->err, "limit"), "2");
    assert_string_equal(err_arg(&f->err, "now"), "2");
    static const char *const others[] = {"set", "add", "number", "create"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fixture_run(f, "p", others[i], NULL), ERR_LIMIT);
        assert_string_equal(f->err.key, "limit.rows");
    }
    fixture_ok(f, "caught", fixture_run(f, "p", "caught", &out));
    assert_false(val_get_bool(&out, "ok", true));
    assert_true(val_is_str(val_get(&out, "code"), "limit.rows"));
    assert_int_equal(val_get_int(&out, "n", 0), 2);
    fixture_ok(f, "grow", fixture_run(f, "p", "grow", &out));
    assert_true(val_is_str(val_get(&out, "code"), "limit.bytes"));
    assert_int_equal(val_get_int(&out, "name", 0), 2);
    assert_int_equal(refused(f, QUOTA_ROWS), 6);
    assert_int_equal(refused(f, QUOTA_BYTES), 1);
    run(f, "delete");
    run(f, "insert");
    expect_true_numbers(f);
    limits(f, "{ \"rows\": 3 }"); /* the admin raises it */
    run(f, "insert");
}

static void a_migration_counts_its_rows_anew(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "storage.table('thing', { fields = { name = 'text!', tags = 'list:text',\n"
                   "  kind = { 'text!', default = 'usual' } }, dropped = { 'n' } })\n"
                   "content.type('note', { fields = { title = 'text!' } })\n");
    fixture_reload(f);
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 2 + 5 + 5);
    expect_true_numbers(f);
}

static void a_database_without_numbers_is_counted_once(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    run(f, "create");
    int64_t rows = used(f, QUOTA_ROWS), bytes = used(f, QUOTA_BYTES);
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    fixture_ok(f, "delete", store_exec(f->app.db, "delete from plugin_usage", &f->err));
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
    fixture_restart(f);
    assert_int_equal(rows, 2);
    assert_int_equal(used(f, QUOTA_ROWS), rows);
    assert_int_equal(used(f, QUOTA_BYTES), bytes);
    expect_true_numbers(f);
}

static void wrong_numbers_are_found(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    fixture_ok(f, "update", store_exec(f->app.db, "update plugin_usage set rows = 7 where plugin = 'p'", &f->err));
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
    struct val found = fixture_call(f, "system.verify", "[]");
    assert_int_equal(found.as.list.n, 1);
    assert_true(val_is_str(val_at(&found, 0), "Plugin p có 1 rows; số đã đếm là 7."));
}

/* --- runs and tasks --- */

static const char flows[] =
    "flow.define('wait', { title = 'W' }, function(run) run:wait('go') end)\n"
    "flow.define('ask', { title = 'A' }, function(run)\n"
    "  local ok, err = pcall(run.ask, run, { to = 1, title = 'T' })\n"
    "  if not ok then run:note(err.code) run:wait('go') return err.code end return 'asked' end)\n"
    "flow.define('any', { title = 'B' }, function(run)\n"
    "  return (run:any { a = function() run:ask { to = 1, title = 'T' } end, b = function() end }) end)\n"
    "flow.define('bad', { title = 'C' }, function() error('no') end)\n"
    "flow.define('parent', { title = 'D' }, function(run)\n"
    "  run:wait('go') local ok, err = pcall(run.call, run, 'wait') run:wait('go') return err.code end)\n"
    "on('p.told', function() end)\n"
    "on('q.told', function() end)\n"
    "test.handler('tell', function() local ok, err = pcall(events.emit, 'p.told', {}) return err and err.code end)\n";

static int64_t start(struct fixture *f, const char *name)
{
    char args[64];
    struct val out;
    snprintf(args, sizeof(args), "[\"p.%s\"]", name);
    int rc = fixture_try(f, "run.start", args, &out);
    return rc ? rc : val_get_int(&out, "id", 0);
}

static void signal(struct fixture *f, int64_t run)
{
    char args[64];
    snprintf(args, sizeof(args), "[%lld, \"go\"]", (long long)run);
    fixture_call(f, "run.signal", args);
    app_run(&f->app);
}

static const char *result_of(struct fixture *f, int64_t run)
{
    char args[32];
    snprintf(args, sizeof(args), "[%lld]", (long long)run);
    struct val v = fixture_call(f, "run.show", args);
    const struct val *result = val_get(&v, "result");
    return val_is(result, VAL_STR) ? val_cstr(&f->a, result) : val_cstr(&f->a, val_get(&v, "state"));
}

static void open_runs_are_counted_until_they_end(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, flows);
    limits(f, "{ \"runs\": 3 }");
    int64_t a = start(f, "wait"), b = start(f, "wait");
    assert_true(start(f, "bad") > 0); /* one that tries again is open */
    assert_int_equal(used(f, QUOTA_RUNS), 3);
    assert_int_equal(start(f, "wait"), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.runs");
    signal(f, a);
    assert_int_equal(used(f, QUOTA_RUNS), 2);
    char args[32];
    snprintf(args, sizeof(args), "[%lld]", (long long)b);
    fixture_call(f, "run.cancel", args);
    assert_int_equal(used(f, QUOTA_RUNS), 1);
    expect_true_numbers(f);
    fixture_restart(f);
    assert_int_equal(used(f, QUOTA_RUNS), 1);
    advance(f, 86400000); /* its tries are over: failed, and still there to be retried */
    app_run(&f->app);
    assert_int_equal(used(f, QUOTA_RUNS), 1);
    expect_true_numbers(f);
}

static void a_refused_child_is_refused_on_replay_too(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, flows);
    limits(f, "{ \"runs\": 1 }");
    int64_t run = start(f, "parent");
    signal(f, run);
    limits(f, "{ \"runs\": 100 }");
    fixture_restart(f);
    signal(f, run);
    assert_string_equal(result_of(f, run), "limit.runs");
    expect_true_numbers(f);
}

static void a_listener_with_too_many_runs_refuses_its_own_events_only(void **state)
{
    struct fixture *f = *state;
    struct val out;
    fixture_plugin(f, "p", FIXTURE_NEEDS, flows);
    fixture_plugin(f, "q", FIXTURE_NEEDS, "test.handler('tell', function() events.emit('q.told', {}) end)");
    limits(f, "{ \"runs\": 1 }");
    int64_t run = start(f, "wait");
    fixture_ok(f, "tell", fixture_run(f, "p", "tell", &out));
    assert_true(val_is_str(&out, "limit.runs"));
    fixture_ok(f, "tell", fixture_run(f, "q", "tell", NULL));
    signal(f, run);
    assert_int_equal(used(f, QUOTA_RUNS), 0);
    expect_true_numbers(f);
}

static void open_tasks_are_counted_until_they_are_closed(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, flows);
    limits(f, "{ \"tasks\": 1 }");
    int64_t asks = start(f, "ask"), refused_one = start(f, "ask");
    assert_int_equal(used(f, QUOTA_TASKS), 1);
    assert_int_equal(refused(f, QUOTA_TASKS), 1);
    assert_true(start(f, "any") > 0);
    app_run(&f->app);
    expect_true_numbers(f);
    limits(f, "{ \"tasks\": 9 }");
    assert_true(start(f, "any") > 0); /* one that another branch makes needless at once */
    app_run(&f->app);
    fixture_restart(f);
    signal(f, refused_one);
    assert_string_equal(result_of(f, refused_one), "limit.tasks");
    expect_true_numbers(f);
    assert_int_equal(used(f, QUOTA_TASKS), 1);
    char args[32];
    snprintf(args, sizeof(args), "[%lld]", (long long)asks);
    fixture_call(f, "run.cancel", args);
    assert_int_equal(used(f, QUOTA_TASKS), 0);
    expect_true_numbers(f);
}

static void a_task_of_a_run_that_was_cold_is_counted(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "flow.define('late', { title = 'L' }, function(run)\n"
                   "  run:wait('go') run:ask { to = 1, title = 'T' } end)\n");
    limits(f, "{ \"tasks\": 2 }");
    int64_t run = start(f, "late");
    fixture_restart(f);
    signal(f, run);
    assert_int_equal(used(f, QUOTA_TASKS), 1);
    expect_true_numbers(f);
}

/* --- by the minute --- */

static void log_lines_beyond_the_limit_are_left_out(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, "test.handler('log', function() for i = 1, 50 do log.info('x') end end)");
    limits(f, "{ \"log_per_minute\": 20 }");
    run(f, "log");
    assert_int_equal(used(f, QUOTA_LOG), 20);
    assert_int_equal(refused(f, QUOTA_LOG), 30);
    advance(f, 60000);
    assert_int_equal(used(f, QUOTA_LOG), 0);
    run(f, "log");
    assert_int_equal(refused(f, QUOTA_LOG), 60);
}

static int64_t outbox(struct fixture *f, const char *what)
{
    struct err err;
    char sql[200];
    snprintf(sql, sizeof(sql), "select %s from outbox", what);
    struct stmt *s = store_stmt(f->app.db, sql, &err);
    assert_non_null(s);
    assert_int_equal(stmt_step(s, &err), 1);
    int64_t n = stmt_int(s, 0);
    stmt_done(s);
    return n;
}

static void calls_of_runs_beyond_the_limit_wait_for_their_minute(void **state)
{
    struct fixture *f = *state;
    struct loop *loop;
    struct fetcher_options o = {0};
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "flow.define('fetch', { title = 'F' }, function(run)\n"
                   "  run:fetch { url = 'http://127.0.0.1:1/' } end)\n");
    limits(f, "{ \"calls_per_minute\": 2 }");
    fixture_ok(f, "loop", loop_new(&loop, &f->err));
    o.loop = loop; /* it is not turned until the end: what is sent stays on its way */
    fixture_ok(f, "fetcher", fetcher_new(&o, &f->app.host.fetcher, &f->err));
    for (int i = 0; i < 5; i++)
        assert_true(start(f, "fetch") > 0);
    app_run(&f->app);
    assert_int_equal(outbox(f, "sum(attempts)"), 2);
    assert_int_equal(outbox(f, "count(*) filter (where last_error = 'limit.calls')"), 3);
    int64_t minute = clock_now(&f->app.host.clock) / 60000 * 60000 + 60000;
    assert_int_equal(outbox(f, "min(next_at) filter (where attempts = 0)"), minute);
    assert_int_equal(outbox(f, "max(next_at) filter (where attempts = 0)"), minute + 60000);
    advance(f, 60000);
    app_run(&f->app);
    assert_int_equal(outbox(f, "sum(attempts)"), 4);
    while (outbox(f, "count(*) filter (where attempts > 0)") > 0) { /* they come back: the address is not granted */
        loop_step(loop, -1);
        app_run(&f->app);
    }
    fetcher_free(f->app.host.fetcher);
    f->app.host.fetcher = NULL;
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(everything_that_is_stored_is_counted),
        EACH(what_is_rolled_back_or_lost_is_not_counted),
        EACH(too_many_rows_and_bytes_are_refused_and_nothing_stays_of_them),
        EACH(a_migration_counts_its_rows_anew),
        EACH(a_database_without_numbers_is_counted_once),
        EACH(wrong_numbers_are_found),
        EACH(open_runs_are_counted_until_they_end),
        EACH(a_refused_child_is_refused_on_replay_too),
        EACH(a_listener_with_too_many_runs_refuses_its_own_events_only),
        EACH(open_tasks_are_counted_until_they_are_closed),
        EACH(a_task_of_a_run_that_was_cold_is_counted),
        EACH(log_lines_beyond_the_limit_are_left_out),
        EACH(calls_of_runs_beyond_the_limit_wait_for_their_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
