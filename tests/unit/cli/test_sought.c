/* A page of runs by their input, of an inbox with a filter, of a hand-over costs what it shows, or ends after so many
 * rows with a cursor: never what is open. Asked of a thousand rows and of a hundred thousand. */
#include "fixture.h"

#include <time.h>

#include "flow/task.h"
#include "people/people.h"
#include "store/store.h"

enum { FEW = 1000, MANY = 100000, ROUNDS = 3, FACTOR = 15 };

static void run_sql(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->app.db, sql, &f->err);
    if (!s) fail_msg("%s: %s", sql, err_arg(&f->err, "detail"));
    fixture_ok(f, sql, stmt_run(s, &f->err));
}

#define SEARCHED(field, value)                                                                                         \
    "insert into flow_search(name, field, value, run) select r.name, '" field "', " value                              \
    ", r.id from flow_run r join temp.n on n = r.id"

/* Runs n … m: each of unit 1; one in a thousand of year 2021, of which each second is completed; half of `kind` a and
 * `side` l, half of b and r. Each asks person 1 for something that is due, and person 2 has taken none of it. */
static void add_rows(struct fixture *f, int from, int to)
{
    static const char *const rows[] = {
        "insert into flow_run(id, name, version, state, entry, slice, attempts, person, ended)"
        " select n, (select id from flow_name where name = 'work'), coalesce((select max(id) from plugin_version), 0),"
        " n % 2000 = 0, 0, 0, 0, 1, nullif(n % 2000 = 0, 0) from temp.n",
        SEARCHED("unit", "1"),
        SEARCHED("year", "case when r.id % 1000 = 0 then 2021 else 2020 end"),
        SEARCHED("kind", "case when r.id % 2 then '\"a\"' else '\"b\"' end"),
        SEARCHED("side", "case when r.id % 2 then '\"l\"' else '\"r\"' end"),
        "insert into flow_task(id, run, entry, n, state, title, due, kind)"
        " select n, n, 0, 0, 0, 'Yes?', 1700000000000 + n, 0 from temp.n",
        "insert into flow_task_target(task, n, person, due) select n, 0, 1, 1700000000000 + n from temp.n"};
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    run_sql(f, "create temp table n(n integer primary key)");
    run_sql(f, arena_printf(&f->a,
                            "insert into temp.n with recursive c(n) as (select %d union all select n + 1 from c"
                            " where n < %d) select n from c",
                            from, to));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        run_sql(f, rows[i]);
    run_sql(f, "drop table temp.n");
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
}

static const struct question {
    const char *name, *args;
    int shown; /* of many rows: on the first page; -1: none is said */
} questions[] = {
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"unit\\\":1}\",\"limit\":20}]", 20},
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"unit\\\":1}\",\"limit\":20,\"sort\":\"id\"}]", 20},
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"unit\\\":1,\\\"year\\\":2021}\",\"limit\":20}]", 20},
    {"run.list",
     "[{\"flow\":\"p.work\",\"where\":\"{\\\"year\\\":2021,\\\"unit\\\":1}\",\"state\":\"completed\",\"limit\":20}]",
     20},
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"kind\\\":\\\"a\\\",\\\"year\\\":2021}\",\"limit\":20}]", 0},
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"kind\\\":\\\"a\\\",\\\"side\\\":\\\"r\\\"}\",\"limit\":20}]",
     -1},
    {"run.list", "[{\"flow\":\"p.work\",\"where\":\"{\\\"unit\\\":2}\",\"limit\":20}]", 0},
    {"task.list", "[{\"user\":\"an\",\"limit\":20}]", 20},
    {"task.list", "[{\"user\":\"an\",\"limit\":20,\"claimed\":\"none\"}]", 20},
    {"task.list", "[{\"user\":\"an\",\"limit\":20,\"claimed\":\"me\"}]", 0},
    {"task.list", "[{\"user\":\"an\",\"limit\":20,\"flow\":\"p.other\"}]", -1},
    {"task.list", "[{\"user\":\"an\",\"limit\":20,\"due_before\":\"2001-01-01 00:00\"}]", 0},
    {"task.list", "[{\"user\":\"an\",\"limit\":20,\"due_before\":\"2001-01-01 00:00\",\"sort\":\"-id\"}]", -1},
    {"task.handover", "[\"binh\"]", -1}, /* who has started none of them */
};
enum { NQUESTIONS = sizeof(questions) / sizeof(questions[0]) };

static double spent(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The least of some rounds. */
static double ask(struct fixture *f, const struct question *q, size_t *shown)
{
    double least = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double start = spent();
        struct val out = fixture_call(f, q->name, q->args);
        double took = spent() - start;
        *shown = out.type == VAL_LIST ? out.as.list.n : 0;
        if (took < least) least = took;
    }
    return least;
}

static void what_a_page_costs_does_not_grow_with_what_is_there(void **state)
{
    struct fixture f;
    double few[NQUESTIONS];
    (void)state;
    fixture_open(&f);
    fixture_plugin(&f, "p", "needs = { \"flow\" }",
                   "flow.define('work', { input = { unit = 'integer', year = 'integer', kind = 'text', side = 'text' "
                   "}, search = { 'unit', "
                   "'year', 'kind', 'side' } }, function() end)\nflow.define('other', {}, function() end)\n");
    fixture_reload(&f);
    fixture_call(&f, "org.import",
                 "[{\"persons\":[{\"code\":\"an\",\"name\":\"An\"},{\"code\":\"binh\",\"name\":\"Binh\"}],\"users\":[{"
                 "\"name\":\"an\",\"person\":\"an\"}]}]");
    for (int many = 0; many < 2; many++) {
        add_rows(&f, many ? FEW + 1 : 1, many ? MANY : FEW);
        for (size_t i = 0; i < NQUESTIONS; i++) {
            size_t shown = 0;
            double took = ask(&f, &questions[i], &shown);
            if (!many) few[i] = took;
            if (!many) continue;
            if (questions[i].shown >= 0 && shown != (size_t)questions[i].shown)
                fail_msg("%s: %zu are shown", questions[i].args, shown);
            if (took > FACTOR * few[i] + 1)
                fail_msg("%s: %.2f ms of %d rows, %.2f ms of %d", questions[i].args, took, MANY, few[i], FEW);
        }
    }
    fixture_close(&f);
}

/* All pages by their cursors, also such as show nothing. */
static void what_is_left_off_is_found_behind_the_cursor(void **state)
{
    struct fixture f;
    struct err err = {0};
    (void)state;
    fixture_open(&f);
    fixture_reload(&f);
    fixture_call(&f, "org.import",
                 "[{\"persons\":[{\"code\":\"an\",\"name\":\"An\"}],\"users\":[{\"name\":\"an\",\"person\":\"an\"}]}]");
    run_sql(&f, "insert into flow_name(plugin, name) values('p', 'work'), ('p', 'other')");
    add_rows(&f, 1, 12000);
    run_sql(&f, "update flow_run set name = (select id from flow_name where name = 'other') where id in (7, 6000)");
    struct session s;
    struct inbox_query q = {.limit = 20, .flow = "p.other"};
    size_t found = 0, pages = 0, empty = 0;
    assert_int_equal(people_person_by_code(f.app.db, "an", &q.person, &err), 1);
    for (bool more = true; more; pages++) {
        struct val out;
        app_session(&f.app, &s, &f.a);
        fixture_ok(&f, "inbox", flow_inbox(&s, &q, &f.a, &out, &f.err));
        size_t n = val_get(&out, "tasks")->as.list.n;
        found += n;
        empty += n == 0;
        more = val_get(&out, "next") != NULL;
        q.after = more ? val_get_str(&out, "next") : NULL;
    }
    assert_int_equal(found, 2);
    assert_true(pages > 5 && empty > 5);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_page_costs_does_not_grow_with_what_is_there),
        cmocka_unit_test(what_is_left_off_is_found_behind_the_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
