/* Time, memory and random numbers of plugins in the whole program: what a flow can do to keep running, and what its
 * manifest and the admin say about how long. */
#include "fixture.h"
#include "base/clock.h"

static struct val state_of(struct fixture *f, struct val *run)
{
    char args[64];
    const struct val *id = val_get(run, "id");
    int64_t n = run->type == VAL_OBJ ? run->as.obj.id : id ? id->as.i : 0;
    snprintf(args, sizeof(args), "[%lld]", (long long)n);
    return fixture_call(f, "flow.get", args);
}

/* A field of what the API shows of a run. */
static const struct val *field(const struct val *run, const char *name)
{
    return val_get(run->type == VAL_OBJ ? run->as.obj.fields : run, name);
}

static void expect_state(struct fixture *f, struct val *run, const char *expected)
{
    struct val now = state_of(f, run);
    const struct val *state = field(&now, "state"), *error = field(&now, "error");
    char text[400] = "";
    if (error) {
        struct buf b;
        buf_init(&b, sizeof(text) - 1);
        json_write(&b, error);
        strncat(text, b.data ? b.data : "", sizeof(text) - 1);
        buf_close(&b);
    }
    if (!val_is_str(state, expected)) fail_msg("%s, not %s: %s", state ? state->as.str.s : "?", expected, text);
}

static void signal(struct fixture *f, struct val *run)
{
    char args[64];
    snprintf(args, sizeof(args), "[%lld, \"go\"]", (long long)run->as.obj.id);
    fixture_call(f, "flow.signal", args);
    app_run(&f->app);
}

static struct val start(struct fixture *f, const char *body)
{
    char init[2000];
    snprintf(init, sizeof(init), "flow.define(\"main\", { title = \"Main\" }, function(run, input)\n%s\nend)", body);
    fixture_plugin(f, "p", FIXTURE_NEEDS, init);
    fixture_reload(f);
    struct val run = fixture_call(f, "flow.start", "[\"p.main\"]");
    app_run(&f->app);
    return run;
}

static void a_stop_is_not_caught_by_a_parent_of_branches(void **state)
{
    static const char *const bodies[] = {
        "while true do pcall(run.all, run, { a = function() while true do end end }) end",
        "while true do pcall(run.any, run, { a = function() while true do end end, b = function() end }) end",
        "while true do pcall(function() run:all { a = function() run:all { b = function() while true do end end } end "
        "} "
        "end) end",
        "pcall(run.all, run, { a = function() local t = {} while true do t[#t + 1] = { #t } end end }) return 'kept'",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (i == 3) fixture_write(f->settings, "{ \"p\": { \"limits\": { \"slice_ms\": 1000 } } }");
        int64_t before = clock_thread_cpu_ns();
        struct val run = start(f, bodies[i]);
        assert_true(clock_thread_cpu_ns() - before < 2000000000);
        struct val now = state_of(f, &run);
        const struct val *error = field(&now, "error"), *code = error ? val_get(error, "code") : NULL;
        if (!val_is_str(code, i == 3 ? "limit.memory" : "limit.time")) fail_msg("%s: %d", bodies[i], !!error);
    }
}

static void a_replay_that_does_not_end_is_put_aside(void **state)
{
    struct fixture *f = *state;
    fixture_number = 0;
    struct val run = start(f, "run:now() if test.number() == 1 then while true do end end run:wait('go') return 1");
    expect_state(f, &run, "running");
    fixture_restart(f);
    fixture_number = 1;
    int64_t before = clock_thread_cpu_ns();
    signal(f, &run);
    assert_true(clock_thread_cpu_ns() - before < 10000000000);
    expect_state(f, &run, "blocked");
}

/* What it draws in each round, hot and cold, has to be its own; a round that is replayed draws the same again. */
static void random_numbers_go_on_after_a_checkpoint(void **state)
{
    static const char body[] = "local all = run.state or {} all[#all + 1] = math.random(1 << 50) "
                               "if #all % 2 == 0 then run:wait('go') end "
                               "if #all == 8 then return all end run:checkpoint(all)";
    for (int cold = 0; cold < 2; cold++) {
        struct fixture *f = *state;
        struct val run = start(f, body);
        for (int i = 0; i < 4; i++) {
            if (cold) fixture_restart(f);
            signal(f, &run);
        }
        expect_state(f, &run, "completed");
        struct val now = state_of(f, &run);
        const struct val *all = field(&now, "result");
        assert_true(val_is(all, VAL_LIST));
        assert_int_equal(all->as.list.n, 8);
        for (size_t i = 0; i < 8; i++)
            for (size_t k = i + 1; k < 8; k++)
                assert_true(all->as.list.items[i].as.i != all->as.list.items[k].as.i);
    }
}

static void a_replay_after_a_checkpoint_draws_the_same(void **state)
{
    struct fixture *f = *state;
    struct val run = start(f, "if not run.state then math.random() run:checkpoint{ n = 1 } end "
                              "local a = math.random(1 << 50) storage.kv.set('a', a) run:wait('go') "
                              "local b = math.random(1 << 50) storage.kv.set('b', b) run:wait('go') "
                              "return { a = storage.kv.get('a') == a, b = storage.kv.get('b') == b, other = a ~= b }");
    for (int i = 0; i < 2; i++) {
        fixture_restart(f);
        signal(f, &run);
    }
    expect_state(f, &run, "completed");
    struct val now = state_of(f, &run);
    const struct val *result = field(&now, "result");
    assert_true(val_get_bool(result, "a", false) && val_get_bool(result, "b", false));
    assert_true(val_get_bool(result, "other", false));
}

/* --- what the manifest and the admin say --- */

static const struct plugin_limits *limits(struct fixture *f, const char *name)
{
    return &plugins_vm(f->app.host.plugins, name)->plugin->limits;
}

static void a_manifest_asks_for_less_and_the_admin_for_more(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "usual", FIXTURE_NEEDS, "");
    fixture_plugin(f, "greedy", FIXTURE_NEEDS ", limits = { memory = \"2GiB\", slice_ms = 1000 }", "");
    fixture_plugin(f, "modest", FIXTURE_NEEDS ", limits = { memory = \"4MiB\", slice_ms = 2 }", "");
    fixture_write(f->settings, "{ \"big\": { \"limits\": { \"memory\": \"64MiB\", \"slice_ms\": 50 } } }");
    fixture_plugin(f, "big", FIXTURE_NEEDS, "");
    fixture_reload(f);
    assert_int_equal(limits(f, "usual")->memory, 32 << 20);
    assert_int_equal(limits(f, "usual")->slice_ms, 5);
    assert_int_equal(limits(f, "greedy")->memory, 32 << 20);
    assert_int_equal(limits(f, "greedy")->slice_ms, 5);
    assert_int_equal(limits(f, "modest")->memory, 4 << 20);
    assert_int_equal(limits(f, "modest")->slice_ms, 2);
    assert_int_equal(limits(f, "big")->memory, 64 << 20);
    assert_int_equal(limits(f, "big")->slice_ms, 50);
}

static void limits_that_are_none_are_refused_with_the_reason(void **state)
{
    static const char *const bad[] = {"memory = \"much\"",    "memory = -1",  "memory = \"1KiB\"",
                                      "memory = \"9999GiB\"", "slice_ms = 0", "slice_ms = 1.5",
                                      "slice_ms = 0/0",       "time = 5"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char more[300];
        snprintf(more, sizeof(more), FIXTURE_NEEDS ", limits = { %s }", bad[i]);
        fixture_plugin(f, "p", more, "");
        fixture_load(f);
        const struct err *why = fixture_why(f, "p");
        if (!why || strcmp(why->key, "plugin.limit") != 0) fail_msg("%s: %s", bad[i], why ? why->key : "taken");
    }
}

static void the_slice_of_each_kind_of_code_is_limited(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS ", limits = { slice_ms = 3 }",
                   "test.handler('spin', function() while true do end end)\n"
                   "test.handler('create', function() pcall(content.create, 'note', { title = 'x' }) return 1 end)\n"
                   "on('content.before_create', function() while true do end end)\n"
                   "content.type('note', { fields = { title = 'text!' } })\n"
                   "test.handler('job', function() loop.spawn(function() while true do end end) return 1 end)");
    fixture_reload(f);
    assert_int_equal(fixture_run(f, "p", "spin", NULL), ERR_LIMIT);
    assert_string_equal(err_arg(&f->err, "ms"), "3");
    assert_int_equal(fixture_run(f, "p", "create", NULL), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    int64_t before = clock_thread_cpu_ns();
    fixture_ok(f, "job", fixture_run(f, "p", "job", NULL));
    app_run(&f->app);
    assert_true(clock_thread_cpu_ns() - before < 1000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_stop_is_not_caught_by_a_parent_of_branches),    ONE(a_replay_that_does_not_end_is_put_aside),
        ONE(random_numbers_go_on_after_a_checkpoint),         ONE(a_replay_after_a_checkpoint_draws_the_same),
        ONE(a_manifest_asks_for_less_and_the_admin_for_more), ONE(limits_that_are_none_are_refused_with_the_reason),
        ONE(the_slice_of_each_kind_of_code_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
