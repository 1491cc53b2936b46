/* A plugin that does what the test says, for the tests of its breaker. */
#ifndef KHUNG_TEST_CLI_BREAKER_FIXTURE_H
#define KHUNG_TEST_CLI_BREAKER_FIXTURE_H

#include "fixture.h"

#include "plugin/breaker.h"
#include "report/report.h"
#include "store/store_test.h"

static inline int set_up(void **state)
{
    fixture_set_up(state);
    ((struct fixture *)*state)->app.host.is_test = false;
    return 0;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

static inline void restart(struct fixture *f)
{
    fixture_restart(f);
    f->app.host.is_test = false;
}

static inline void advance(struct fixture *f, int64_t ms)
{
    clock_set(&f->app.host.clock, clock_now(&f->app.host.clock) + ms);
    app_run(&f->app);
}

static inline const char *state_of(struct fixture *f)
{
    struct breaker_status st;
    breaker_status(f->app.host.breakers, "p", &st);
    return breaker_state_name(st.state);
}

/* test.number() is what the plugin does: 0 well, 1 a mistake, 2 a veto, 3 no end, 4 a refusal of its own. */
static const char breaker_source[] =
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
    "flow.define('deaf', { title = 'Deaf' }, function(run) run:wait('go')\n"
    "  pcall(content.create, 'note', { title = 'from a run' }) return 'done' end)\n"
    "flow.define('hourly', { title = 'Hourly' }, function() end)\n"
    "schedule.cron('each-hour', '0 * * * *', { flow = 'hourly' })\n"
    "report.define('r', { title = { vi = 'r', en = 'r' }, columns = { { 'n', 'integer' } } }, function() act()\n"
    "  return { { n = 1 } } end)\n"
    "loop.every('1h', function() act() storage.kv.add('ticks', 1) end)\n"
    "test.handler('ticks', function() return storage.kv.get('ticks') or 0 end)\n";

static inline void load(struct fixture *f)
{
    fixture_number = 0;
    fixture_plugin(f, "p", FIXTURE_NEEDS, breaker_source);
    fixture_reload(f);
}

static inline int create(struct fixture *f)
{
    return fixture_try(f, "content.create", "[\"note\", { \"title\": \"A\" }]", &(struct val){0});
}

static inline int64_t start_any(struct fixture *f, const char *flow)
{
    char args[64];
    struct val out = val_nil();
    snprintf(args, sizeof(args), "[\"p.%s\"]", flow);
    int rc = fixture_try(f, "run.start", args, &out);
    return rc ? rc : val_get_int(&out, "id", 0);
}

static inline int64_t start(struct fixture *f, const char *flow)
{
    int64_t run = start_any(f, flow);
    fixture_ok(f, flow, run < 0 ? (int)run : 0);
    return run;
}

static inline int swallow(void *ctx, const char *p, size_t len)
{
    (void)ctx;
    (void)p;
    (void)len;
    return 0;
}

static inline int report(struct fixture *f)
{
    struct report_request q = {.name = "r", .format = REPORT_JSON, .sink = {swallow, NULL}};
    err_clear(&f->err);
    return report_run_here(&f->app.host, f->app.db, &q, &f->err);
}

static inline struct val show(struct fixture *f, int64_t run)
{
    char args[32];
    snprintf(args, sizeof(args), "[%lld]", (long long)run);
    return fixture_call(f, "run.show", args);
}

static inline void expect_run(struct fixture *f, int64_t run, const char *state, bool is_held)
{
    struct val v = show(f, run);
    const struct val *held = val_get(&v, "held");
    if (!val_is_str(val_get(&v, "state"), state)) fail_msg("%s, not %s", val_get_str(&v, "state"), state);
    if (!!held != is_held) fail_msg("held: %d", !!held);
}

static inline void signal(struct fixture *f, int64_t run)
{
    char args[64];
    snprintf(args, sizeof(args), "[%lld, \"go\"]", (long long)run);
    fixture_call(f, "run.signal", args);
    app_run(&f->app);
}

static inline int64_t ticks(struct fixture *f)
{
    struct val out;
    fixture_ok(f, "ticks", fixture_run(f, "p", "ticks", &out));
    return out.as.i;
}

/* Five mistakes of the hook, the last of which switches it off. */
static inline void break_it(struct fixture *f)
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

#endif
