/* What telling people costs: asks of nobody, of one who reads it in the app, and of one who is written to (the row of
 * the outbox with it). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/mem.h"
#include "bench.h"
#include "cli/app.h"
#include "runtime/log.h"

static const char source[] = "flow.define('ask', { input = { position = 'text!' } }, function(run, input)\n"
                             "  run:ask { to = { position = input.position, unit = people.unit('u') }, title = "
                             "'Well?', form = { ok = 'boolean' } }\n"
                             "end)\n";
enum { READERS = 50 };

/* Positions with nobody today, with one who has no address, and READERS with one who has. */
static const char *make_org(void)
{
    static char text[32 << 10];
    size_t n = (size_t)snprintf(
        text, sizeof(text),
        "[{\"units\":[{\"code\":\"u\",\"name\":\"U\",\"kind\":\"office\"}],\"positions\":[{\"code\":\"none\",\"title\":"
        "\"N\"},{\"code\":\"app\",\"title\":\"A\"}");
    for (int i = 0; i < READERS; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",{\"code\":\"m%d\",\"title\":\"M\"}", i);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "],\"persons\":[{\"code\":\"a\",\"name\":\"A\"}");
    for (int i = 0; i < READERS; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              ",{\"code\":\"m%d\",\"name\":\"M\",\"email\":\"m%d@example.org\"}", i, i);
    n += (size_t)snprintf(text + n, sizeof(text) - n,
                          "],\"holders\":[{\"person\":\"a\",\"position\":\"app\",\"unit\":\"u\"}");
    for (int i = 0; i < READERS; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",{\"person\":\"m%d\",\"position\":\"m%d\",\"unit\":\"u\"}",
                              i, i);
    snprintf(text + n, sizeof(text) - n, "]}]");
    return text;
}

struct ask_work {
    struct lane_work work;
    struct app *app;
    struct val input;
};

static int run_ask(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct ask_work *a = (struct ask_work *)w;
    struct flow_start_args args = {.plugin = "asks", .name = "ask", .input = &a->input, .at_once = true};
    struct session s;
    struct arena arena;
    int64_t id;
    bool existed;
    (void)lane;
    arena_init(&arena, 1 << 20);
    app_session(a->app, &s, &arena);
    int rc = flow_start(a->app->flow, &s, &args, &id, &existed, err);
    arena_close(&arena);
    return rc;
}

static void done_ask(struct lane_work *w, const struct err *failed)
{
    if (failed) bench_die(failed->key);
    mem_free(w);
}

/* Microseconds an ask, all that follows from it included, durable. */
static double ask(struct app *app, const char *position, int n)
{
    struct arena a;
    struct val inputs[READERS];
    arena_init(&a, 1 << 20);
    for (int i = 0; i < READERS; i++) {
        inputs[i] = val_map();
        const char *own = position[0] == 'm' ? arena_printf(&a, "m%d", i) : position;
        val_set(&a, &inputs[i], "position", val_str(own));
    }
    double start = bench_now();
    for (int i = 0; i < n; i++) {
        struct ask_work *w = mem_alloc(sizeof(*w));
        *w = (struct ask_work){
            .work = {.run = run_ask, .done = done_ask, .share = 1}, .app = app, .input = inputs[i % READERS]};
        lane_add(app->lane, &w->work);
    }
    while (lane_step(app->lane)) {
    }
    double took = bench_now() - start;
    arena_close(&a);
    return took / n * 1e6;
}

static void open_asks(struct bench *b, struct app *app, const char *const *dirs)
{
    const struct notify_settings mail = {
        .url = "https://khung.example.org", .mail_from = "khung@example.org", .mail_name = "K"};
    struct app_options o = {.data_dir = bench_folder(b, "asks"),
                            .plugin_dirs = dirs,
                            .nplugin_dirs = 1,
                            .grants = GRANT_TRUST,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "en",
                            .notify = &mail,
                            .batch_ms = 10000};
    struct app_call call = {.name = "org.import"};
    struct arena a;
    struct val out;
    struct err err = {0};
    log_init(LOG_ERROR, false);
    if (app_open(app, &o, &err) != 0) bench_die(err.key);
    app_reload(app, NULL, NULL, NULL);
    while (lane_step(app->lane)) {
    }
    arena_init(&a, 1 << 20);
    const char *org = make_org();
    if (json_parse(org, strlen(org), &a, &call.args, &err) != 0 || app_call(app, &call, &a, &out, &err) != 0)
        bench_die(err.key);
    arena_close(&a);
}

void bench_notices(struct bench *b)
{
    char dir[600];
    const char *dirs[1] = {dir};
    struct app app;
    int n = b->quick ? 2000 : 10000;
    double nobody[3], in_app[3], by_mail[3];
    snprintf(dir, sizeof(dir), "%s/asking", b->tmp);
    mkdir(dir, 0700);
    bench_write_file(dir, "asks/plugin.lua",
                     "return { name = 'asks', version = '1.0.0', api = 1, needs = { 'flow', 'people' } }\n");
    bench_write_file(dir, "asks/init.lua", source);
    open_asks(b, &app, dirs);
    for (int i = 0; i < 3; i++) {
        nobody[i] = ask(&app, "none", n);
        in_app[i] = ask(&app, "app", n);
        by_mail[i] = ask(&app, "mail", n);
    }
    app_close(&app);
    double base = bench_median(nobody, 3);
    bench_print(b, "notice_us", bench_median(in_app, 3) - base, "us", base);
    bench_print(b, "notice_mail_us", bench_median(by_mail, 3) - base, "us", base);
}
