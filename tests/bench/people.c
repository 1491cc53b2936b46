/* Who may decide, in an organisation of 10,000 units: by a position, by a role far above, by a delegation, and not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "base/buf.h"
#include "base/calendar.h"
#include "base/date.h"
#include "base/json.h"
#include "cli/app.h"
#include "people/people.h"
#include "runtime/log.h"

enum { DISTRICTS = 100, COMMUNES = 9899, DAY = 18631, ROUNDS = 20000 };

static void add(struct buf *b, const char *list, int i, const char *row)
{
    if (i == 0) buf_printf(b, "%s\"%s\":[", b->len > 1 ? "]," : "", list);
    buf_printf(b, "%s%s", i ? "," : "", row);
}

static void write_organisation(struct buf *b)
{
    char row[300];
    buf_add_char(b, '{');
    add(b, "units", 0, "{\"code\":\"top\",\"name\":\"Top\",\"kind\":\"province\",\"from\":\"2016-01-01\"}");
    for (int i = 0; i < DISTRICTS; i++) {
        snprintf(
            row, sizeof(row),
            "{\"code\":\"d%d\",\"name\":\"D %d\",\"kind\":\"district\",\"parent\":\"top\",\"from\":\"2016-01-01\"}", i,
            i);
        add(b, "units", 1, row);
    }
    for (int i = 0; i < COMMUNES; i++) {
        snprintf(row, sizeof(row),
                 "{\"code\":\"c%d\",\"name\":\"C %d\",\"kind\":\"commune\",\"parent\":\"d%d\",\"from\":\"2016-01-01\"}",
                 i, i, i % DISTRICTS);
        add(b, "units", 1, row);
    }
    add(b, "positions", 0,
        "{\"code\":\"head\",\"title\":\"Head\",\"roles\":[\"clerk\"]},{\"code\":\"chair\",\"title\":\"Chair\","
        "\"roles\":[\"editor\"]}");
    for (int i = 0; i < 2 * COMMUNES; i++) {
        snprintf(row, sizeof(row), "{\"code\":\"p%d\",\"name\":\"Person %d\"}", i, i);
        add(b, "persons", i, row);
    }
    for (int i = 0; i < COMMUNES; i++) {
        snprintf(row, sizeof(row),
                 "{\"position\":\"head\",\"person\":\"p%d\",\"unit\":\"c%d\",\"from\":\"2016-01-01\"}", i, i);
        add(b, "holders", i, row);
    }
    add(b, "holders", 1, "{\"position\":\"chair\",\"person\":\"p0\",\"unit\":\"top\",\"from\":\"2016-01-01\"}");
    for (int i = 0; i < COMMUNES; i++) {
        snprintf(
            row, sizeof(row),
            "{\"from\":\"p%d\",\"to\":\"p%d\",\"position\":\"head\",\"since\":\"2021-01-01\",\"until\":\"2021-12-31\"}",
            i, COMMUNES + i);
        add(b, "delegations", i, row);
    }
    buf_add_str(b, "]}");
}

static void import(struct app *app, struct arena *a)
{
    struct err err = {0};
    struct val tree;
    struct buf b;
    buf_init(&b, 64 << 20);
    write_organisation(&b);
    if (json_parse(b.data, b.len, a, &tree, &err) != 0) bench_die(err.key);
    buf_close(&b);
    if (store_begin(app->db, &err) != 0 || people_import(app->db, &tree, 0, DAY, a, NULL, &err) != 0 ||
        store_commit(app->db, &err) != 0)
        bench_die(err.key);
}

static int64_t id_of(struct app *app, bool unit, const char *prefix, int i)
{
    struct err err = {0};
    char code[32];
    int64_t id = 0;
    snprintf(code, sizeof(code), "%s%d", prefix, i);
    int rc = unit ? people_unit_by_code(app->db, code, &id, &err) : people_person_by_code(app->db, code, &id, &err);
    if (rc != 1) bench_die(code);
    return id;
}

/* The holder, a delegate, somebody else; and a role that is held two levels above. */
static double ask(struct app *app, struct arena *a, int rounds)
{
    struct session s;
    struct err err = {0};
    int64_t units[200], holders[200], deputies[200], chair = id_of(app, false, "p", 0);
    for (int i = 0; i < 200; i++) {
        units[i] = id_of(app, true, "c", i * 49);
        holders[i] = id_of(app, false, "p", i * 49);
        deputies[i] = id_of(app, false, "p", COMMUNES + i * 49);
    }
    app_session(app, &s, a);
    double begin = bench_now();
    for (int i = 0; i < rounds; i++) {
        struct people_capacity cap;
        struct arena_mark mark = arena_mark(a);
        int n = i % 200, kind = i / 200 % 4;
        struct val target = val_map();
        val_set(a, &target, kind == 3 ? "role" : "position", val_str(kind == 3 ? "editor" : "head"));
        val_set(a, &target, "unit", val_int(units[n]));
        int64_t person = kind == 0 ? holders[n] : kind == 1 ? deputies[n] : kind == 2 ? holders[(n + 1) % 200] : chair;
        int rc = people_may_decide(&s, &target, person, (int64_t)DAY * 86400000, &cap, &err);
        if (rc != (kind != 2)) bench_die("who_may_decide: a wrong answer");
        arena_rewind(a, mark);
    }
    return (bench_now() - begin) / rounds * 1e6;
}

void bench_who_may_decide(struct bench *b)
{
    struct app app;
    struct err err = {0};
    struct arena a;
    double values[5];
    struct app_options o = {
        .data_dir = bench_folder(b, "people"), .zone = "Asia/Ho_Chi_Minh", .lang = "en", .cache_runs = 1};
    log_init(LOG_ERROR, false);
    if (app_open(&app, &o, &err) != 0) bench_die(err.key);
    arena_init(&a, 256 << 20);
    import(&app, &a);
    if (store_begin(app.db, &err) != 0) bench_die(err.key);
    for (int i = 0; i < 5; i++)
        values[i] = ask(&app, &a, b->quick ? 800 : ROUNDS);
    store_rollback(app.db);
    arena_close(&a);
    app_close(&app);
    bench_print(b, "who_may_decide_us", bench_median(values, 5), "us", 0);
}

/* The end of ten years of working days, of which every year has its table. */
void bench_working_days(struct bench *b)
{
    enum { DAYS = 2500 };
    struct calendar c;
    double add[5], between[5];
    int rounds = b->quick ? 100000 : 5000000;
    int64_t first = date_days(2021, 1, 1), sum = 0;
    calendar_init(&c);
    for (int year = 2020; year < 2040; year++) {
        calendar_add_year(&c, year, CALENDAR_WEEKEND);
        for (int day = 10; day <= 16; day++)
            calendar_add_day(&c, date_days(year, 2, day), false);
    }
    for (int i = 0; i < 5; i++) {
        double start = bench_cpu();
        for (int n = 0; n < rounds; n++)
            sum += calendar_add(&c, first + n % 365, DAYS, NULL);
        add[i] = (bench_cpu() - start) / rounds * 1e9;
        start = bench_cpu();
        for (int n = 0; n < rounds; n++)
            sum += calendar_between(&c, first + n % 365, first + 3650, NULL);
        between[i] = (bench_cpu() - start) / rounds * 1e9;
    }
    calendar_close(&c);
    if (sum == 0) bench_die("no days");
    bench_print(b, "working_days_ns", bench_median(add, 5), "ns", 0);
    bench_print(b, "between_days_ns", bench_median(between, 5), "ns", 0);
}
