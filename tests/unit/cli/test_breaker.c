/* Circuit breakers through the whole program: when a plugin is switched off, what waits and what is refused then, and
 * how it comes back. */
#include "fixture.h"

#include "plugin/breaker.h"

static int set_up(void **state)
{
    fixture_set_up(state);
    ((struct fixture *)*state)->app.host.is_test = false;
    return 0;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

static void restart(struct fixture *f)
{
    fixture_restart(f);
    f->app.host.is_test = false;
}

static void advance(struct fixture *f, int64_t ms)
{
    clock_set(&f->app.host.clock, clock_now(&f->app.host.clock) + ms);
    app_run(&f->app);
}

static const char *state_of(struct fixture *f)
{
    struct breaker_status st;
    breaker_status(f->app.host.breakers, "p", &st);
    return breaker_state_name(st.state);
}

/* test.number() is what the plugin does: 0 well, 1 a mistake, 2 a veto, 3 no end, 4 a refusal of its own. */
static const char source[] =
    "local function act()\n"
    "  local n = test.number()\n"
    "  if n == 1 then local x = nil; x.y = 1 end\n"
    "  if n == 2 then error('not so') end\n"
    "  if n == 3 then while true do end end\n"
    "  if n == 4 then error({ code = 'mine.no', message = 'no' }) end\n"
    "end\n"
    "local notes = {}\n"
    "content.type('note', { fields = { title = 'text!' } })\n"
    "on('content.before_create', function() act() end)\n"
    "flow.define('main', { title = 'Main', retry = { times = 0 } }, function(run) act() run:wait('go') act()\n"
    "  content.create('note', { title = 'from a run' }) return 'done' end)\n"
    "flow.define('again', { title = 'Again', retry = { times = 20, pause = '1s' } }, function(run) act() end)\n"
    "report.define('r', { title = { vi = 'r', en = 'r' }, columns = { { 'n', 'integer' } } }, function() act()\n"
    "  return { { n = 1 } } end)\n"
    "loop.every('1h', function() act() storage.kv.add('ticks', 1) end)\n"
    "test.handler('ticks', function() return storage.kv.get('ticks') or 0 end)\n";

static void load(struct fixture *f)
{
    fixture_number = 0;
    fixture_plugin(f, "p", FIXTURE_NEEDS, source);
    fixture_reload(f);
}

static int create(struct fixture *f)
{
    return fixture_try(f, "content.create", "[\"note\", { \"title\": \"A\" }]", &(struct val){0});
}

static int64_t start(struct fixture *f, const char *flow)
{
    char args[64];
    snprintf(args, sizeof(args), "[\"p.%s\"]", flow);
    struct val out = fixture_call(f, "run.start", args);
    return val_get_int(&out, "id", 0);
}

static struct val show(struct fixture *f, int64_t run)
{
    char args[32];
    snprintf(args, sizeof(args), "[%lld]", (long long)run);
    return fixture_call(f, "run.show", args);
}

static void expect_run(struct fixture *f, int64_t run, const char *state, bool is_held)
{
    struct val v = show(f, run);
    const struct val *held = val_get(&v, "held");
    if (!val_is_str(val_get(&v, "state"), state)) fail_msg("%s, not %s", val_get_str(&v, "state"), state);
    if (!!held != is_held) fail_msg("held: %d", !!held);
}

static void signal(struct fixture *f, int64_t run)
{
    char args[64];
    snprintf(args, sizeof(args), "[%lld, \"go\"]", (long long)run);
    fixture_call(f, "run.signal", args);
    app_run(&f->app);
}

static int64_t ticks(struct fixture *f)
{
    struct val out;
    fixture_ok(f, "ticks", fixture_run(f, "p", "ticks", &out));
    return out.as.i;
}

/* Five mistakes of the hook, the last of which switches it off. */
static void break_it(struct fixture *f)
{
    fixture_number = 1;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(state_of(f), "closed");
        assert_int_equal(create(f), ERR_REFUSED);
        assert_string_equal(f->err.key, "refused.veto");
    }
    app_run(&f->app);
    assert_string_equal(state_of(f), "open");
    fixture_number = 0;
}

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
    assert_true(val_is_str(val_get(p, "state"), "open"));
    assert_non_null(strstr(val_get_str(p, "why"), "attempt to index"));
    advance(f, 29999);
    assert_string_equal(state_of(f), "open");
    advance(f, 1);
    assert_string_equal(state_of(f), "half-open");
    fixture_ok(f, "create", create(f));
    assert_string_equal(state_of(f), "closed");
    fixture_ok(f, "create", create(f));
}

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

static void the_admin_says_how_many(void **state)
{
    struct fixture *f = *state;
    fixture_write(f->settings, "{ \"p\": { \"limits\": { \"failures\": 2 } } }");
    load(f);
    fixture_number = 3; /* a stop for time */
    create(f);
    assert_string_equal(state_of(f), "closed");
    create(f);
    assert_string_equal(state_of(f), "open");
    fixture_plugin(f, "q", FIXTURE_NEEDS ", limits = { failures = 1000 }", "");
    fixture_load(f);
    assert_string_equal(fixture_why(f, "q")->key, "plugin.limit");
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
    for (int i = 0; i < 4; i++)
        start(f, "main");
    app_run(&f->app);
    assert_string_equal(state_of(f), "open"); /* five of them are another matter */
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
    fixture_plugin(f, "p", FIXTURE_NEEDS ", title = 'other'", source); /* a new version does not switch it on */
    fixture_reload(f);
    assert_string_equal(state_of(f), "off");
    fixture_call(f, "plugin.enable", "[\"p\"]");
    app_run(&f->app);
    fixture_ok(f, "create", create(f));
    expect_run(f, run, "completed", false);
}

static void a_new_version_is_tried_at_once(void **state)
{
    struct fixture *f = *state;
    load(f);
    break_it(f);
    fixture_plugin(f, "p", FIXTURE_NEEDS ", title = 'mended'", source);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(five_mistakes_in_a_row_switch_it_off_and_a_good_trial_on),
        EACH(each_bad_trial_doubles_the_pause_up_to_ten_minutes),
        EACH(refusals_are_no_failures),
        EACH(more_than_half_of_twenty_in_a_minute_switch_it_off),
        EACH(the_admin_says_how_many),
        EACH(runs_wait_and_none_is_lost),
        EACH(a_bad_trial_holds_the_others_on),
        EACH(one_run_that_fails_again_and_again_counts_once),
        EACH(callbacks_wait_for_it),
        EACH(the_admin_switches_off_for_good),
        EACH(a_new_version_is_tried_at_once),
        EACH(a_held_run_may_be_cancelled_and_paused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
