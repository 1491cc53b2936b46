/* The inbox of who may decide all of many open tasks, in pages: the worst case, since it draws on every unit. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "base/buf.h"
#include "base/json.h"
#include "cli/app.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/log.h"

enum { UNITS = 560, PAGE = 50, ROUNDS = 101 };

static void call(struct app *app, const char *name, const char *args, struct arena *a, struct val *out)
{
    struct err err = {0};
    struct app_call c = {.name = name, .lang = "en"};
    if (json_parse(args, strlen(args), a, &c.args, &err) != 0 || app_call(app, &c, a, out, &err) != 0)
        bench_die(err.key);
}

/* A province over many units; one person has the role at the top, and a position in one unit. */
static void import(struct app *app, struct arena *a)
{
    struct buf b;
    struct val done;
    buf_init(&b, 1 << 20);
    buf_add_str(&b, "[{\"units\":[{\"code\":\"top\",\"name\":\"Top\",\"kind\":\"province\",\"from\":\"2000-01-01\"}");
    for (int i = 0; i < UNITS; i++)
        buf_printf(&b,
                   ",{\"code\":\"u%d\",\"name\":\"Unit %d\",\"kind\":\"commune\",\"parent\":\"top\","
                   "\"from\":\"2000-01-01\"}",
                   i, i);
    buf_add_str(&b, "],\"roles\":[{\"name\":\"reviewer\",\"verbs\":[\"task.decide\"]}],\"persons\":[{\"code\":\"lan\","
                    "\"name\":\"Lan\"}],\"role_holders\":[{\"role\":\"reviewer\",\"person\":\"lan\",\"unit\":\"top\","
                    "\"from\":\"2000-01-01\"}]}]");
    call(app, "org.import", b.data, a, &done);
    buf_close(&b);
}

static void fill(struct app *app, int n)
{
    struct err err = {0};
    struct arena a;
    char args[100];
    for (int i = 0; i < n; i++) {
        struct val out;
        int64_t unit = 0;
        arena_init(&a, 1 << 20);
        snprintf(args, sizeof(args), "u%d", i % UNITS);
        if (people_unit_by_code(app->db, args, &unit, &err) != 1) bench_die("unit");
        snprintf(args, sizeof(args), "[\"bench.ask\",{\"unit\":%lld}]", (long long)unit);
        call(app, "run.start", args, &a, &out);
        arena_close(&a);
    }
}

/* What the server spends on it: processor time, which does not grow with what else the machine does. */
static double spent(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double page(struct app *app, const struct inbox_query *q)
{
    struct arena a;
    struct session s;
    struct val out;
    struct err err = {0};
    arena_init(&a, 64 << 20);
    if (store_begin(app->db, &err) != 0) bench_die(err.key);
    double start = spent();
    app_session(app, &s, &a);
    s.actor = (struct actor){.user = 999, .person = q->person};
    if (flow_inbox(&s, q, &a, &out, &err) != 0) bench_die(err.key);
    double took = spent() - start;
    store_rollback(app->db);
    if (val_get(&out, "tasks")->as.list.n != PAGE) bench_die("the page is not full");
    arena_close(&a);
    return took;
}

void bench_inbox(struct bench *b)
{
    struct app app;
    struct err err = {0};
    struct arena a;
    const char *dirs[] = {b->plugins};
    double newest[ROUNDS], due[ROUNDS];
    struct app_options o = {.data_dir = bench_folder(b, "inbox"),
                            .plugin_dirs = dirs,
                            .nplugin_dirs = 1,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "en",
                            .no_sync = true,
                            .cache_runs = 100};
    log_init(LOG_ERROR, false);
    arena_init(&a, 64 << 20);
    if (app_open(&app, &o, &err) != 0) bench_die(err.key);
    app_reload(&app, NULL, NULL, NULL);
    while (lane_step(app.lane)) {
    }
    import(&app, &a);
    fill(&app, b->quick ? 10000 : 100000);
    struct inbox_query q = {.limit = PAGE};
    if (people_person_by_code(app.db, "lan", &q.person, &err) != 1) bench_die("person");
    for (int i = 0; i < ROUNDS; i++) {
        q.by_due = false;
        newest[i] = page(&app, &q);
        q.by_due = true;
        due[i] = page(&app, &q);
    }
    bench_print(b, "inbox_ms", bench_median(newest, ROUNDS), "ms", 0);
    bench_print(b, "inbox_due_ms", bench_median(due, ROUNDS), "ms", 0);
    arena_close(&a);
    app_close(&app);
}
