/* Every function of the API has an example, and every example does what it says.
 *
 * Each becomes a plugin of its own (the fixture, then the example in the place that it names) in a fresh host with a
 * virtual clock; whoever is asked approves. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/json.h"
#include "cli/asset.h"
#include "cli/example.h"
#include "cli/spec.h"
#include "plugin/api.h"
#include "plugin/plugins.h"
#include "report/report.h"
#include "runtime/log.h"

enum { DAY_MS = 86400000 };

static char root[64];
static int broken; /* examples that failed: all are told, then the test fails */

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/reference/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    char path[200];
    (void)state;
    log_init(LOG_ERROR + 1, false);
    snprintf(root, sizeof(root), "/tmp/khung-examples-XXXXXX");
    if (!mkdtemp(root)) return -1;
    snprintf(path, sizeof(path), "%s/reference", root);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/reference/locale", root);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/reference/templates", root);
    mkdir(path, 0700);
    write_file("templates/nominations.html", "<ul>{{#rows}}<li>{{nominee}}</li>{{/rows}}</ul><p>{{t:hello}}</p>");
    write_file("plugin.lua",
               "return { name = 'reference', version = '1.0.0', api = 1, title = { vi = 'x', en = 'x' }, "
               "needs = { 'content', 'content:publish', 'storage', 'flow', 'people', 'people:import', 'people:change', "
               "'report', 'schedule', 'mail', 'route', 'command' } }\n");
    write_file("locale/vi.lua", "return { hello = 'Chào {name}', ['mail.invited.subject'] = 'Mời dự {what}', "
                                "['mail.invited.text'] = 'Kính gửi {to}' }\n");
    write_file("locale/en.lua",
               "return { hello = 'Hello {name}', ['mail.invited.subject'] = 'You are invited: {what}', "
               "['mail.invited.text'] = 'Dear {to}' }\n");
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"/init.lua",      "/plugin.lua",
                                        "/locale/vi.lua", "/locale/en.lua",
                                        "/locale",        "/templates/nominations.html",
                                        "/templates",     ""};
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/reference%s", root, files[i]);
        remove(path);
    }
    return rmdir(root);
}

static void write_init(const struct example *e)
{
    static const struct {
        const char *before, *after;
    } around[] = {
        [EXAMPLE_IN_FLOW] = {"flow.define('example', {}, function(run)\n", "\nend)\n"},
        [EXAMPLE_AT_LOAD] = {"do\n", "\nend\nflow.define('example', {}, function() end)\n"},
        [EXAMPLE_IN_JOB] = {"loop.spawn(function()\n", "\nstorage.kv.set('job', 'done')\nend)\n"
                                                       "flow.define('example', {}, function(run) run:sleep('1h')\n"
                                                       "assert(storage.kv.get('job') == 'done') end)\n"},
        [EXAMPLE_IN_REPORT] = {"report.define('example', { columns = { { 'name', 'text' }, { 'n', 'number' } } },\n"
                               "function(params, out)\n",
                               "\nend)\nflow.define('example', {}, function() end)\n"},
    };
    static char text[32 << 10];
    snprintf(text, sizeof(text), "%s%s%.*s%s", asset_find("api/fixture.lua")->text, around[e->place].before,
             (int)e->len, e->text, around[e->place].after);
    write_file("init.lua", text);
}

static void call(struct spec *s, const char *name, const char *args, struct val *out)
{
    struct err err = {0};
    struct val list;
    assert_int_equal(json_parse(args, strlen(args), &s->arena, &list, &err), 0);
    int rc = spec_call(s, name, &list, 0, out, &err);
    if (rc) fail_msg("%s: %s %s", name, err.key, err.text);
}

/* Who is asked approves, a day for each answer; what sleeps wakes meanwhile. */
static void answer_all(struct spec *s)
{
    struct err err = {0};
    struct val tasks, answer = val_map(), args = val_list(), out;
    for (int day = 0; day < 8; day++) {
        call(s, "task.list", "[]", &tasks);
        for (size_t i = 0; val_at(&tasks, i); i++) {
            const struct val *to = val_at(val_get(val_at(&tasks, i), "to"), 0);
            args = val_list();
            answer = val_map();
            val_set(&s->arena, &answer, "decision", val_str("approve"));
            val_add(&s->arena, &args, val_int(val_get_int(val_at(&tasks, i), "id", 0)));
            val_add(&s->arena, &args, answer);
            if (spec_call(s, "task.decide", &args, val_get_int(to, "person", 0), &out, &err) != 0 &&
                strcmp(err.key, "flow.task_closed") != 0) /* another answer was enough */
                fail_msg("task.decide: %s", err.key);
        }
        assert_int_equal(spec_clock(s, clock_now(&s->app.host.clock) + DAY_MS, &err), 0);
    }
}

static const char org[] =
    "[{\"units\":[{\"code\":\"province\",\"name\":\"Province\",\"kind\":\"province\",\"from\":\"2020-01-01\"},"
    "{\"code\":\"commune\",\"name\":\"Commune\",\"kind\":\"commune\",\"parent\":\"province\",\"from\":\"2020-01-01\"}],"
    "\"positions\":[{\"code\":\"editor\",\"title\":\"Editor\",\"roles\":[\"editor\"]}],"
    "\"persons\":[{\"code\":\"editor\",\"name\":\"Editor\"},{\"code\":\"chief\",\"name\":\"Chief\"}],"
    "\"holders\":[{\"position\":\"editor\",\"unit\":\"commune\",\"person\":\"editor\",\"from\":\"2020-01-01\"}],"
    "\"calendar\":[{\"year\":2021,\"holidays\":[\"2021-01-01\"]}]}]";

static bool is_loaded(struct spec *s, const struct example *e)
{
    struct plugin *const *list;
    struct registry *r = plugins_registry(s->app.host.plugins);
    bool ok = registry_plugins(r, &list) == 1 && list[0]->ok;
    if (!ok) print_error("%s: %s %s\n", e->name, list[0]->why->where, list[0]->why->key);
    broken += !ok;
    registry_drop(r);
    return ok;
}

static int take_report(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return 0;
}

static void run_report(struct spec *s, const struct example *e)
{
    struct report_request q = {.name = "example", .format = REPORT_JSON, .sink = {take_report, NULL}};
    struct err err = {0};
    if (report_run_here(&s->app.host, s->app.db, &q, &err) == 0) return;
    print_error("%s: %s %s %s\n", e->name, err.where, err.key, err.text);
    broken++;
}

static void run_flow(struct spec *s, const struct example *e)
{
    char args[40];
    struct val out;
    call(s, "flow.start", "[\"reference.example\"]", &out);
    snprintf(args, sizeof(args), "[%lld]", (long long)out.as.obj.id);
    answer_all(s);
    call(s, "flow.get", args, &out);
    const struct val *state = val_get(out.as.obj.fields, "state"), *error = val_get(out.as.obj.fields, "error");
    if (val_is_str(state, "completed")) return;
    const char *code = val_get_str(error, "code"), *text = val_get_str(error, "text");
    print_error("%s: %s %s %s\n", e->name, val_cstr(&s->arena, state), code ? code : "", text ? text : "");
    broken++;
}

/* What changes nothing that others see, or is kept in the run's own history. */
static bool needs_no_audit(const char *name)
{
    static const char *const names[] = {"run:note",      "run:status",  "channel:put",
                                        "channel:close", "events.emit", "id.new"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* A function that changes something has told the audit: one entry more than the example's own run makes. */
static void look_for_audit(struct spec *s, const struct example *e)
{
    static const char *const of_run[] = {"org.import", "flow.start", "flow.completed", "task.decide"};
    const struct api_fn *fn = api_find(s->app.host.api, e->name, NULL);
    struct audit_filter all = {.limit = 1000};
    struct err err = {0};
    struct val rows;
    int64_t next, starts = 0, others = 0;
    if (!fn || fn->effect != API_WRITE || needs_no_audit(e->name)) return;
    assert_int_equal(audit_find(s->app.db, &all, &s->arena, &rows, &next, &err), 0);
    for (size_t i = 0; val_at(&rows, i); i++) {
        const struct val *verb = val_get(val_at(&rows, i), "verb");
        bool own = false;
        for (size_t k = 0; k < sizeof(of_run) / sizeof(of_run[0]); k++)
            own |= val_is_str(verb, of_run[k]);
        starts += val_is_str(verb, "flow.start");
        others += !own;
    }
    if (others > 0 || (strcmp(e->name, "flow.start") == 0 && starts > 1)) return;
    print_error("%s: the audit was not told\n", e->name);
    broken++;
}

static void run_example(const struct example *e)
{
    const char *dirs[] = {root};
    struct spec s = {.options = {.plugin_dirs = dirs, .nplugin_dirs = 1, .lang = "vi", .zone = "Asia/Ho_Chi_Minh"}};
    struct err err = {0};
    struct val out;
    write_init(e);
    assert_int_equal(spec_open(&s, &err), 0);
    if (is_loaded(&s, e)) {
        call(&s, "org.import", org, &out);
        if (e->place == EXAMPLE_IN_REPORT)
            run_report(&s, e);
        else
            run_flow(&s, e);
        look_for_audit(&s, e);
    }
    spec_close(&s);
}

static void each_example_does_what_it_says(void **state)
{
    struct example_cursor c = {0};
    struct example e;
    (void)state;
    while (example_next(&c, &e))
        run_example(&e);
    assert_int_equal(broken, 0);
}

static void every_function_has_an_example_and_every_example_a_function(void **state)
{
    struct spec s = {.options = {.lang = "en", .zone = "Asia/Ho_Chi_Minh"}};
    struct err err = {0};
    struct example_cursor c = {0};
    struct example e;
    int missing = 0;
    (void)state;
    assert_int_equal(spec_open(&s, &err), 0);
    struct api *api = s.app.host.api;
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        if ((fn->needs && strcmp(fn->needs, API_HOST) == 0) || example_find(fn->name, &e)) continue;
        print_error("no example of %s in core/assets/api\n", fn->name);
        missing++;
    }
    while (example_next(&c, &e)) {
        if (api_find(api, e.name, NULL)) continue;
        print_error("an example of %s, which does not exist\n", e.name);
        missing++;
    }
    spec_close(&s);
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_example_does_what_it_says),
                                       cmocka_unit_test(every_function_has_an_example_and_every_example_a_function)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
