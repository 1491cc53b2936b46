/* No memory, in each place: the examples of the reference call every function of the API; each is run again and again
 * while the first, the second, the third … allocation fails: in Lua, in arenas, in buffers. Nothing crashes or leaks;
 * what failed leaves no trace, so the same works when there is memory; and the database verifies. */
#include "fixture.h"

#include "base/buf.h"
#include "cli/asset.h"
#include "cli/example.h"
#include "report/report.h"
#include "runtime/log.h"

static const char org[] =
    "[{\"units\":[{\"code\":\"province\",\"name\":\"Province\",\"kind\":\"province\",\"from\":\"2020-01-01\"},"
    "{\"code\":\"commune\",\"name\":\"Commune\",\"kind\":\"commune\",\"parent\":\"province\",\"from\":\"2020-01-01\"}],"
    "\"positions\":[{\"code\":\"editor\",\"title\":\"Editor\",\"roles\":[\"editor\"]}],"
    "\"persons\":[{\"code\":\"editor\",\"name\":\"Editor\"},{\"code\":\"chief\",\"name\":\"Chief\"}],"
    "\"holders\":[{\"position\":\"editor\",\"unit\":\"commune\",\"person\":\"editor\",\"from\":\"2020-01-01\"}],"
    "\"calendar\":[{\"year\":2021,\"holidays\":[\"2021-01-01\"]}]}]";

static const char *const around[][2] = {
    [EXAMPLE_IN_FLOW] = {"flow.define('example', {}, function(run)\n", "\nend)\n"},
    [EXAMPLE_AT_LOAD] = {"do\n", "\nend\n"},
    [EXAMPLE_IN_JOB] = {"test.handler('go', function() loop.spawn(function()\n", "\nend) end)\n"},
    [EXAMPLE_IN_REPORT] = {"report.define('example', { columns = { { 'name', 'text' }, { 'n', 'number' } } },\n"
                           "function(params, out)\n",
                           "\nend)\n"},
};

/* Each text is another one, so that a reload builds it anew. */
static void write_example(struct fixture *f, const struct example *e)
{
    static char text[64 << 10];
    static int serial;
    snprintf(
        text, sizeof(text), "-- %d\n%s%s%.*s%s\ntest.handler('check', function()\n%s\nend)\n", ++serial,
        asset_find("api/fixture.lua")->text, around[e->place][0], (int)e->len, e->text, around[e->place][1],
        "storage.kv.set('check', { 1, 'x' }) assert(storage.kv.get('check')[2] == 'x') storage.kv.delete('check')");
    fixture_plugin(f, "reference", FIXTURE_NEEDS, text);
}

static void open_example(struct fixture *f, const struct example *e)
{
    char path[200];
    fixture_open(f);
    write_example(f, e);
    snprintf(path, sizeof(path), "%s/reference/locale", f->plugins);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/reference/locale/vi.lua", f->plugins);
    fixture_write(path, "return { hello = 'Chào {name}', ['mail.invited.subject'] = 'Mời dự {what}', "
                        "['mail.invited.text'] = 'Kính gửi {to}' }");
    snprintf(path, sizeof(path), "%s/reference/templates", f->plugins);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/reference/templates/nominations.html", f->plugins);
    fixture_write(path, "<ul>{{#rows}}<li>{{nominee}}</li>{{/rows}}</ul><p>{{t:hello}}</p>");
    fixture_reload(f);
    fixture_call(f, "org.import", org);
}

/* Whatever failed: the next piece of work is done as if nothing had been. */
static void check(struct fixture *f, const char *name, long n)
{
    if (fixture_run(f, "reference", "check", NULL) != 0)
        fail_msg("%s, allocation %ld: afterwards %s %s", name, n, f->err.key, f->err.text);
    arena_reset(&f->a);
}

static void verify(struct fixture *f, const char *name)
{
    struct buf b;
    struct val found = fixture_call(f, "system.verify", "[]");
    if (found.type == VAL_LIST && found.as.list.n == 0) return;
    buf_init(&b, 2000);
    json_write(&b, &found);
    fail_msg("%s: %s", name, b.data ? b.data : "");
}

/* All of the first, then fewer and fewer. */
static long next(long n)
{
    return n + 1 + n / 40;
}

static const struct val *field_of(const struct val *run, const char *name)
{
    return run->type == VAL_OBJ ? val_get(run->as.obj.fields, name) : NULL;
}

/* Starts the run; says whether it came to something. */
static bool try_run(struct fixture *f, const char *name, long n)
{
    struct val run, now;
    char args[80];
    int rc = fixture_try(f, "flow.start", "[\"reference.example\"]", &run);
    if (rc && rc != ERR_NOMEM && rc != ERR_LIMIT) fail_msg("%s, allocation %ld: %d %s", name, n, rc, f->err.key);
    if (rc) return false;
    long left = f->fail_nth;
    f->fail_nth = 0;
    snprintf(args, sizeof(args), "[%lld]", (long long)run.as.obj.id);
    now = fixture_call(f, "flow.get", args);
    bool worked = field_of(&now, "error") == NULL || field_of(&now, "error")->type == VAL_NIL;
    snprintf(args, sizeof(args), "[%lld, \"enough\"]", (long long)run.as.obj.id);
    struct val out;
    fixture_try(f, "flow.cancel", args, &out);
    f->fail_nth = left;
    return worked;
}

static long try_flow(const struct example *e)
{
    struct fixture f;
    long n = 1;
    bool worked = false, left_something = false;
    open_example(&f, e);
    for (;; n = next(n)) {
        f.fail_nth = n;
        worked = try_run(&f, e->name, n);
        long left = f.fail_nth;
        f.fail_nth = 0;
        check(&f, e->name, n);
        if (left > 0) break;
        left_something |= worked; /* a failure that was made good for: the run did what it does */
    }
    if (!worked && !left_something) fail_msg("%s: does not work, though nothing failed", e->name);
    verify(&f, e->name);
    fixture_close(&f);
    return n;
}

static long try_job(const struct example *e)
{
    struct fixture f;
    long n = 1;
    open_example(&f, e);
    for (long left = 0; left == 0; n = next(n)) {
        f.fail_nth = n;
        fixture_run(&f, "reference", "go", NULL);
        left = f.fail_nth;
        f.fail_nth = 0;
        clock_set(&f.app.host.clock, f.app.host.clock.virtual_ms + 3600000);
        app_run(&f.app);
        check(&f, e->name, n);
    }
    verify(&f, e->name);
    fixture_close(&f);
    return n;
}

static long try_load(const struct example *e)
{
    struct fixture f;
    long n = 1;
    open_example(&f, e);
    for (long left = 0; left == 0; n = next(n + n / 10)) {
        write_example(&f, e);
        mem_fail_nth(n);
        app_reload(&f.app, NULL, fixture_reloaded, &f);
        app_run(&f.app);
        left = mem_fail_nth(0);
        check(&f, e->name, n); /* the old version, or the new one */
    }
    write_example(&f, e);
    fixture_reload(&f);
    verify(&f, e->name);
    fixture_close(&f);
    return n;
}

static int take_report(void *ctx, const char *p, size_t len)
{
    (void)ctx;
    (void)p;
    (void)len;
    return 0;
}

static long try_report(const struct example *e)
{
    struct fixture f;
    struct report_request q = {.name = "example", .format = REPORT_JSON, .sink = {take_report, NULL}};
    long n = 1;
    int rc = 0;
    open_example(&f, e);
    for (long left = 0; left == 0; n = next(n)) {
        err_clear(&f.err);
        mem_fail_nth(n);
        rc = report_run_here(&f.app.host, f.app.db, &q, &f.err);
        left = mem_fail_nth(0);
        check(&f, e->name, n);
    }
    if (rc) fail_msg("%s: %d %s", e->name, rc, f.err.key);
    fixture_close(&f);
    return n;
}

static void each_allocation_fails_in_each_example(void **state)
{
    struct example_cursor c = {0};
    struct example e;
    int examples = 0;
    long all = 0;
    (void)state;
    while (example_next(&c, &e)) {
        static long (*const how[])(const struct example *e) = {[EXAMPLE_IN_FLOW] = try_flow,
                                                               [EXAMPLE_AT_LOAD] = try_load,
                                                               [EXAMPLE_IN_JOB] = try_job,
                                                               [EXAMPLE_IN_REPORT] = try_report};
        if (getenv("KHUNG_ONLY") && strcmp(getenv("KHUNG_ONLY"), e.name) != 0) continue;
        all += how[e.place](&e);
        examples++;
    }
    print_message("%d examples, %ld allocations\n", examples, all);
}

/* What REST and the command line call. */
static void each_allocation_fails_in_commands(void **state)
{
    static const struct {
        const char *name, *args;
    } calls[] = {
        {"org.units", "[]"},
        {"org.import", org},
        {"user.add", "[\"an\"]"},
        {"user.list", "[]"},
        {"user.token", "[\"an\"]"},
        {"user.tokens", "[\"an\"]"},
        {"user.role", "[\"an\", \"editor\", \"commune\", {\"until\": \"2199-01-01\"}]"},
        {"user.roles", "[\"an\"]"},
        {"user.role_end", "[\"an\", 1]"},
        {"user.edit", "[\"an\", {\"lang\": \"en\", \"admin\": true}]"},
        {"user.show", "[\"an\"]"},
        {"user.reset_link", "[\"an\"]"},
        {"user.revoke", "[1]"},
        {"user.disable", "[\"an\"]"},
        {"user.enable", "[\"an\"]"},
        {"people.role_list", "[]"},
        {"people.member_list", "[]"},
        {"org.import", "[{\"files\":[{\"name\":\"units.csv\",\"text\":\"code,name\\nx,X\\n\"}]},{\"preview\":true}]"},
        {"org.export", "[{}]"},
        {"org.unit", "[\"commune\"]"},
        {"org.change", "[{\"how\":\"abolish\",\"unit\":\"commune\",\"day\":\"2030-01-01\"},{\"dry_run\":true}]"},
        {"policy.why", "[\"an\",\"content.publish\",\"unit:commune\"]"},
        {"policy.who_can", "[\"content.publish\",\"unit:commune\"]"},
        {"run.start", "[\"reference.example\", {}, \"once\"]"},
        {"run.list", "[{}]"},
        {"task.list", "[]"},
        {"plugin.list", "[]"},
        {"system.verify", "[]"},
    };
    struct fixture f;
    struct example e;
    (void)state;
    assert_true(example_find("run:wait", &e));
    open_example(&f, &e);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct val out;
        long left = 0;
        int rc = 0;
        for (long n = 1; left == 0; n = next(n)) {
            f.fail_nth = n;
            rc = fixture_try(&f, calls[i].name, calls[i].args, &out);
            left = f.fail_nth;
            f.fail_nth = 0;
            if (rc && rc != ERR_NOMEM && rc != ERR_LIMIT) fail_msg("%s, %ld: %d %s", calls[i].name, n, rc, f.err.key);
            check(&f, calls[i].name, n);
        }
        if (rc) fail_msg("%s: %d %s", calls[i].name, rc, f.err.key);
    }
    verify(&f, "commands");
    fixture_close(&f);
}

static const char waiting[] = "flow.define('example', {}, function(run)\n"
                              "  local e = run:wait('go')\n"
                              "  local n = storage.kv.add('n', 1)\n"
                              "  local all = run:all{ a = function() return storage.kv.add('a', 1) end,\n"
                              "    b = function() run:sleep('0s') return storage.kv.add('b', 1) end }\n"
                              "  if not run.state then run:checkpoint{ e = e } end\n"
                              "  return { n = n, all = all, count = storage.kv.get('n') }\n"
                              "end)\n"
                              "test.handler('check', function() return storage.kv.get('n') end)\n";

/* A slice that goes on after a wait: lost as a whole and tried again, each effect once. */
static void each_allocation_fails_when_a_run_goes_on(void **state)
{
    struct fixture f;
    long n = 1, runs = 0;
    (void)state;
    fixture_open(&f);
    fixture_plugin(&f, "reference", FIXTURE_NEEDS, waiting);
    fixture_reload(&f);
    for (long left = 0; left == 0; n = next(n)) {
        char args[80];
        struct val out, run = fixture_call(&f, "flow.start", "[\"reference.example\"]");
        for (int round = 0; round < 2; round++) { /* the checkpoint brings it to its wait once more */
            snprintf(args, sizeof(args), "[%lld, \"go\", {}, { \"key\": \"%d\" }]", (long long)run.as.obj.id, round);
            f.fail_nth = round == 0 ? n : 0;
            int rc = fixture_try(&f, "flow.signal", args, &out);
            if (round == 0) left = f.fail_nth;
            f.fail_nth = 0;
            if (rc) fixture_call(&f, "flow.signal", args);
            for (int k = 0; k < 4; k++) {
                clock_set(&f.app.host.clock, f.app.host.clock.virtual_ms + 11000);
                app_run(&f.app);
            }
        }
        runs++;
        snprintf(args, sizeof(args), "[%lld]", (long long)run.as.obj.id);
        struct val now = fixture_call(&f, "flow.get", args);
        if (!val_is_str(field_of(&now, "state"), "completed"))
            fail_msg("allocation %ld: %s", n, field_of(&now, "state")->as.str.s);
        assert_int_equal(fixture_run(&f, "reference", "check", &out), 0);
        assert_int_equal(out.as.i, 2 * runs);
    }
    verify(&f, "runs");
    print_message("%ld runs\n", runs);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_in_each_example),
        cmocka_unit_test(each_allocation_fails_in_commands),
        cmocka_unit_test(each_allocation_fails_when_a_run_goes_on),
    };
    log_init(LOG_ERROR + 1, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
