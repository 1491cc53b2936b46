/* Every function of the API with arguments that nobody expects: no crash, no fault, no slice that is lost; each call
 * gives a value or an error with a code and a sentence, and afterwards the state and the database work. */
#include "fixture.h"

#include "base/clock.h"
#include "plugin/api_internal.h"
#include "report/report.h"
#include "runtime/log.h"

#define HOSTILE KHUNG_SOURCE "/tests/unit/cli/hostile.lua"

static const char init[] =
    "local rows = storage.table('row', { fields = { name = 'text!', n = 'integer' }, unique = { { 'name' } } })\n"
    "content.type('note', { fields = { title = 'text!', body = 'markdown', at = 'date' } })\n"
    "local function samples(run)\n"
    "  local item = content.create('note', { title = 'x' })\n"
    "  return { item = item, table = rows, date = date.today(), instant = date.now(), run = run or\n"
    "    flow.start('sleeper', {}), unit = people.unit('province'), person = people.person('editor') }\n"
    "end\n"
    "local function volatile()\n"
    "  return { timer = loop.after('1h', function() end), channel = loop.channel(1), job = loop.spawn(function() "
    "end),\n"
    "    table = rows, date = date.today(), unit = people.unit('province') }\n"
    "end\n"
    "local function check()\n"
    "  local id = rows:insert{ name = 'after' }\n"
    "  assert(rows:get(id).name == 'after' and rows:count{ name = 'after' } == 1)\n"
    "  rows:delete(id)\n"
    "end\n"
    "local function call_all(s, call, wanted)\n"
    "  local n = 0\n"
    "  for _, d in ipairs(test.functions(wanted)) do n = n + hostile.call(d, s, call) end\n"
    "  check()\n"
    "  return n\n"
    "end\n"
    "if test.loading() ~= '' then\n"
    "  for _, d in ipairs(test.functions(test.loading())) do hostile.call(d, {}, pcall) end\n"
    "end\n"
    "flow.define('sleeper', {}, function(run) run:sleep('900d') end)\n"
    "flow.define('run', {}, function(run) return call_all(samples(run), pcall, test.name()) end)\n"
    "flow.define('wait', {}, function(run)\n"
    "  local function call(f, ...)\n"
    "    local args, n = { ... }, select('#', ...)\n"
    "    return pcall(run.any, run, { a = function() f(table.unpack(args, 1, n)) end, b = function() end })\n"
    "  end\n"
    "  return call_all(samples(run), call, test.name())\n"
    "end)\n"
    "test.handler('call', function() return call_all(samples(), pcall, test.name()) end)\n"
    "test.handler('job', function()\n"
    "  loop.spawn(function() call_all(volatile(), function(f, ...)\n"
    "    local args, n = { ... }, select('#', ...)\n"
    "    loop.spawn(function() f(table.unpack(args, 1, n)) end)\n"
    "    return true\n"
    "  end, test.name()) end)\n"
    "  return 1\n"
    "end)\n"
    "local function value()\n"
    "  local n = test.number()\n"
    "  if n > 0 then return hostile.values(true)[n] end\n"
    "  return ('x'):rep(-n)\n"
    "end\n"
    "local function raise() error(value(), 0) end\n"
    "test.handler('values', function() return #hostile.values() end)\n"
    "test.handler('give', value)\n"
    "test.handler('raise', raise)\n"
    "test.handler('raise in a hook', function() content.create('note', { title = 'hook' }) return 1 end)\n"
    "test.handler('volatile', function()\n"
    "  local c = loop.channel(2)\n"
    "  loop.spawn(value) loop.after('0s', raise)\n"
    "  loop.spawn(function() c:put(value()) c:put(1) c:take() loop.spawn(raise):wait() end)\n"
    "  return 1\n"
    "end)\n"
    "on('content.before_create', function(e) if test.number() > 0 and e.values.title == 'hook' then raise() end end)\n"
    "flow.define('give', {}, value)\n"
    "flow.define('raise', { retry = { times = 1 } }, raise)\n"
    "flow.define('pass on', {}, function(run)\n"
    "  run:all{ a = value } run:any{ a = value } pcall(run.all, run, { a = raise }) \n"
    "  if not run.state then run:checkpoint{ v = value() } end\n"
    "end)\n"
    "report.define('r', { title = 'R', columns = { { 'a', 'integer' }, { 'b', 'text' } } }, function(p, out)\n"
    "  for _, d in ipairs(test.functions(test.name())) do hostile.call(d, { report_out = out, table = rows }, pcall) "
    "end\n"
    "end)\n";

static const char *wanted = "", *loading = "";

static int give_name(struct api_call *c)
{
    c->result = val_str(wanted);
    return 0;
}

static int give_loading(struct api_call *c)
{
    c->result = val_str(loading);
    return 0;
}

static int add(struct api_call *c, struct val *map, const char *key, struct val v)
{
    return val_set(c->arena, map, key, v);
}

/* { name, params = { { name, type, keys } } } of the function with this name. */
static int give_functions(struct api_call *c)
{
    struct api *api = c->s->host->api;
    const struct api_param *params;
    int rc = 0;
    c->result = val_list();
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        if (!val_is_str(&c->args[0], fn->name)) continue;
        struct val one = val_map(), list = val_list();
        size_t n = api_params(api, i, &params);
        for (size_t k = 0; k < n; k++) {
            struct val p = val_map(), keys = val_list();
            for (size_t j = 0; j < params[k].nkeys; j++)
                rc |= val_add(c->arena, &keys, val_str(params[k].keys[j].name));
            rc |= add(c, &p, "name", val_str(params[k].name)) | add(c, &p, "type", val_str(params[k].type)) |
                  add(c, &p, "keys", keys) | val_add(c->arena, &list, p);
        }
        rc |=
            add(c, &one, "name", val_str(fn->name)) | add(c, &one, "params", list) | val_add(c->arena, &c->result, one);
    }
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int give_cpu(struct api_call *c)
{
    c->result = val_int(clock_thread_cpu_ns());
    return 0;
}

static char slowest[200];
static int64_t slowest_ns;

/* C code that no hook can stop is told when it takes long. */
static int take_time(struct api_call *c)
{
    int64_t ns = c->args[1].as.i;
    if (ns > 20000000) print_message("  %s: %lld ms\n", api_str(&c->args[0]), (long long)(ns / 1000000));
    if (ns > slowest_ns) snprintf(slowest, sizeof(slowest), "%s", api_str(&c->args[0]));
    if (ns > slowest_ns) slowest_ns = ns;
    return 0;
}

static const struct api_fn functions[] = {
    {"test.cpu", give_cpu, "", "integer", API_PURE, NULL, 1, "CPU time."},
    {"test.took", take_time, "what:text! ns:integer!", "", API_PURE, NULL, 1, "How long a call took."},
    {"test.name", give_name, "", "string", API_PURE, NULL, 1, "The function that is tried."},
    {"test.loading", give_loading, "", "string", API_PURE, NULL, 1, "The function that is tried while loading."},
    {"test.functions", give_functions, "name:text!", "list", API_PURE, NULL, 1, "How it is described."},
    {0},
};

static const char org[] =
    "[{\"units\":[{\"code\":\"province\",\"name\":\"Province\",\"kind\":\"province\",\"from\":\"2020-01-01\"}],"
    "\"positions\":[{\"code\":\"editor\",\"title\":\"Editor\",\"roles\":[\"editor\"]}],"
    "\"persons\":[{\"code\":\"editor\",\"name\":\"Editor\"}],"
    "\"holders\":[{\"position\":\"editor\",\"unit\":\"province\",\"person\":\"editor\",\"from\":\"2020-01-01\"}]}]";

static char *read_file(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *in = fopen(path, "r");
    if (!in) fail_msg("%s", path);
    if (fread(text, 1, (1 << 20) - 1, in) == 0) fail_msg("%s is empty", path);
    fclose(in);
    return text;
}

/* The plugin's code; with a number, code that was never loaded. */
static const char *source(size_t number)
{
    static char text[1 << 20];
    char *hostile = read_file(HOSTILE);
    snprintf(text, sizeof(text), "-- %zu\n%s\n%s", number, hostile, init);
    free(hostile);
    return text;
}

static int set_up(void **state)
{
    fixture_set_up(state);
    struct fixture *f = *state;
    f->is_unlimited = true;
    log_init(LOG_ERROR + 1, false);
    f->functions = functions;
    api_add(f->app.host.api, functions, NULL);
    fixture_write(f->settings, "{ \"p\": { \"limits\": { \"slice_ms\": 1000, \"memory\": \"512MiB\" } } }");
    fixture_plugin(f, "p", FIXTURE_NEEDS, source(0));
    fixture_reload(f);
    fixture_call(f, "org.import", org);
    return 0;
}

static bool is_tried(const struct api_fn *fn)
{
    return (!fn->needs || strcmp(fn->needs, API_HOST) != 0) && strncmp(fn->name, "test.", 5) != 0;
}

static void try_all(struct fixture *f, const char *handler)
{
    struct api *api = f->app.host.api;
    int64_t calls = 0;
    slowest_ns = 0;
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        struct val out = val_nil();
        if (!is_tried(fn)) continue;
        wanted = fn->name;
        int rc = fixture_run(f, "p", handler, &out);
        if (rc) fail_msg("%s: %d %s %s %s %s", fn->name, rc, f->err.key, f->err.args, f->err.text, f->err.where);
        if (out.type == VAL_INT) calls += out.as.i;
        arena_reset(&f->a);
    }
    print_message("%lld calls; the slowest: %s, %.1f ms\n", (long long)calls, slowest, (double)slowest_ns / 1e6);
}

static void every_function_in_a_handler(void **state)
{
    try_all(*state, "call");
}

/* What became of a run that is not to wait. */
static void expect_completed(struct fixture *f, const char *name, const struct val *run)
{
    char args[40];
    struct buf b;
    snprintf(args, sizeof(args), "[%lld]", (long long)run->as.obj.id);
    struct val now = fixture_call(f, "flow.get", args);
    if (val_is_str(val_get(now.as.obj.fields, "state"), "completed")) return;
    buf_init(&b, 4000);
    json_write(&b, now.as.obj.fields);
    fail_msg("%s: %s", name, b.data);
}

static void try_flow(struct fixture *f, const char *flow, bool waits)
{
    struct api *api = f->app.host.api;
    slowest_ns = 0;
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        char args[64];
        if (!is_tried(fn) || (fn->effect == API_WAIT) != waits || (waits && strncmp(fn->name, "run:", 4) != 0))
            continue;
        wanted = fn->name;
        snprintf(args, sizeof(args), "[\"%s\"]", flow);
        struct val run = fixture_call(f, "flow.start", args);
        for (int k = 0; k < 3; k++)
            app_run(&f->app);
        expect_completed(f, fn->name, &run);
        arena_reset(&f->a);
    }
    print_message("the slowest: %s, %.1f ms\n", slowest, (double)slowest_ns / 1e6);
}

static void every_function_in_a_run(void **state)
{
    try_flow(*state, "p.run", false);
}

static void every_wait_in_a_run(void **state)
{
    try_flow(*state, "p.wait", true);
}

static void every_wait_in_a_job(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < api_count(f->app.host.api); i++) {
        const struct api_fn *fn = api_at(f->app.host.api, i);
        bool is_volatile = strncmp(fn->name, "loop.", 5) == 0 || strncmp(fn->name, "channel:", 8) == 0 ||
                           strncmp(fn->name, "job:", 4) == 0 || strncmp(fn->name, "timer:", 6) == 0;
        if (!is_tried(fn) || !is_volatile) continue;
        wanted = fn->name;
        fixture_ok(f, fn->name, fixture_run(f, "p", "job", NULL));
        for (int k = 0; k < 3; k++)
            app_run(&f->app);
        clock_set(&f->app.host.clock, f->app.host.clock.virtual_ms + 3600000);
        app_run(&f->app);
        fixture_restart(f); /* volatile work ends */
    }
}

static int take_report(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return 0;
}

static void every_function_of_a_report(void **state)
{
    struct fixture *f = *state;
    struct report_request q = {.name = "r", .format = REPORT_JSON, .sink = {take_report, NULL}};
    struct api *api = f->app.host.api;
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        if (!is_tried(fn)) continue;
        wanted = fn->name;
        int rc = report_run_here(&f->app.host, f->app.db, &q, &f->err);
        if (rc && strncmp(f->err.key, "report.", 7) != 0 && strncmp(f->err.key, "invalid.", 8) != 0)
            fail_msg("%s: %d %s %s %s", fn->name, rc, f->err.key, f->err.text, f->err.where);
    }
}

/* A declaration may be taken and refused when all is put together: then the plugin is off, with a reason. */
static void every_function_while_loading(void **state)
{
    struct fixture *f = *state;
    struct api *api = f->app.host.api;
    int taken = 0;
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        if (!is_tried(fn) || (fn->effect != API_DECLARE && fn->effect != API_PURE)) continue;
        loading = fn->name;
        fixture_plugin(f, "p", FIXTURE_NEEDS, source(i + 1));
        fixture_load(f);
        const struct err *why = fixture_why(f, "p");
        taken += !why;
        if (why && (!why->key[0] || err_is_fault(why->code))) fail_msg("%s: %d %s", fn->name, why->code, why->key);
    }
    loading = "";
    assert_true(taken > 10);
}

/* Values that code gives back, raises, passes on: to whoever called it, and to the log, the journal, the database. */
static void everything_as_a_result_and_as_an_error(void **state)
{
    static const char *const handlers[] = {"give", "raise", "raise in a hook", "volatile"};
    static const char *const flows[] = {"p.give", "p.raise", "p.pass on"};
    struct fixture *f = *state;
    struct val n, out;
    char args[64];
    fixture_number = 0;
    assert_int_equal(fixture_run(f, "p", "values", &n), 0);
    assert_true(n.as.i > 100);
    for (int64_t i = 1; i <= n.as.i; i++) {
        fixture_number = i;
        for (size_t k = 0; k < sizeof(handlers) / sizeof(handlers[0]); k++) {
            int rc = fixture_run(f, "p", handlers[k], &out);
            bool raises = k == 1 || k == 2;
            if (raises != (rc != 0) && !(k == 0 && (rc == ERR_INVALID || rc == ERR_LIMIT)))
                fail_msg("%s, value %lld: %d %s", handlers[k], (long long)i, rc, f->err.key);
            if (rc && (!f->err.key[0] || err_is_fault(rc)))
                fail_msg("%s, value %lld: %d", handlers[k], (long long)i, rc);
        }
        for (size_t k = 0; k < sizeof(flows) / sizeof(flows[0]); k++) {
            snprintf(args, sizeof(args), "[\"%s\"]", flows[k]);
            out = fixture_call(f, "flow.start", args);
            snprintf(args, sizeof(args), "[%lld]", (long long)out.as.obj.id);
            if (fixture_try(f, "flow.get", args, &out))
                fail_msg("%s, value %lld: %s", flows[k], (long long)i, f->err.key);
            const struct val *done = val_get(out.as.obj.fields, "state"), *error = val_get(out.as.obj.fields, "error");
            if (!val_is_str(done, "completed") && !val_is_str(val_get(error, "code"), "lua.error") &&
                (!error || error->type == VAL_NIL))
                fail_msg("%s, value %lld: neither done nor failed", flows[k], (long long)i);
        }
        app_run(&f->app);
        arena_reset(&f->a);
    }
    /* And one that is larger than what a run can keep. */
    fixture_number = -(3 << 20);
    for (size_t k = 0; k < sizeof(flows) / sizeof(flows[0]); k++) {
        snprintf(args, sizeof(args), "[\"%s\"]", flows[k]);
        out = fixture_call(f, "flow.start", args);
        app_run(&f->app);
        app_run(&f->app);
        snprintf(args, sizeof(args), "[%lld]", (long long)out.as.obj.id);
        out = fixture_call(f, "flow.get", args);
        const struct val *error = val_get(out.as.obj.fields, "error");
        if (!val_is_str(val_get(error, "code"), k == 1 ? "lua.error" : "limit.size"))
            fail_msg("%s: %s", flows[k], val_get_str(out.as.obj.fields, "state"));
    }
    fixture_number = 0;
    assert_int_equal(fixture_run(f, "p", "raise in a hook", NULL), 0);
    out = fixture_call(f, "system.verify", "[]");
    assert_true(out.type == VAL_LIST && out.as.list.n == 0);
}

/* Calls as deep as C code goes, in each entry of a chain of hooks that is as long as it may be. */
static void the_stack_of_the_thread_is_deep_enough(void **state)
{
    static const char *const ways[] = {
        "return (('x'):gsub('x', function() down(n - 1, f) end))",
        "table.sort({ 1, 2 }, function() down(n - 1, f) end)",
        "pcall(down, n - 1, f)",
        "xpcall(down, function(e) return e end, n - 1, f)",
        "coroutine.wrap(down)(n - 1, f)",
        "tostring(setmetatable({}, { __tostring = function() down(n - 1, f) return '' end }))",
        "string.format('%s%s', 1, setmetatable({}, { __tostring = function() down(n - 1, f) return '' end }))",
        "local _ = setmetatable({}, { __index = function() down(n - 1, f) end }).x",
        "local _ = setmetatable({}, { __concat = function() down(n - 1, f) end }) .. 'x'",
        "for _ in pairs(setmetatable({}, { __pairs = function() down(n - 1, f) return next, {} end })) do end",
        "do local c <close> = setmetatable({}, { __close = function() down(n - 1, f) end }) end",
        "coroutine.wrap(function() pcall(function() ('x'):gsub('x', function() down(n - 1, f) end) end) end)()",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char text[2000];
        struct val out;
        snprintf(text, sizeof(text),
                 "content.type('note', { fields = { title = 'text!' } })\n"
                 "local function down(n, f) if n == 0 then return f() end %s end\n"
                 "on('content.before_create', function(e)\n"
                 "  for _, n in ipairs{ 300, 180, 90, 60, 30 } do\n"
                 "    if pcall(down, n, function() pcall(content.create, 'note', { title = e.values.title .. 'x' }) "
                 "end) then\n"
                 "      break\n    end\n"
                 "  end\n"
                 "end)\n"
                 "test.handler('go', function() content.create('note', { title = 'x' }) return 1 end)",
                 ways[i]);
        fixture_plugin(f, "p", FIXTURE_NEEDS, text);
        fixture_reload(f);
        f->is_unlimited = false;
        int rc = fixture_run(f, "p", "go", &out);
        if (rc && rc != ERR_LIMIT && rc != ERR_REFUSED) fail_msg("%s: %d %s", ways[i], rc, f->err.key);
    }
}

#define HOSTILE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE_TEST(every_function_in_a_handler),
        HOSTILE_TEST(every_function_in_a_run),
        HOSTILE_TEST(every_wait_in_a_run),
        HOSTILE_TEST(every_wait_in_a_job),
        HOSTILE_TEST(every_function_of_a_report),
        HOSTILE_TEST(every_function_while_loading),
        HOSTILE_TEST(everything_as_a_result_and_as_an_error),
        HOSTILE_TEST(the_stack_of_the_thread_is_deep_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
