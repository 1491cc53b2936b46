/* Declared jobs, changed zone data, and the API. */
#include "fixture.h"

static struct val json(struct fixture *f, const char *text)
{
    struct val v;
    fixture_ok(f, text, json_parse(text, strlen(text), &f->a, &v, &f->err));
    return v;
}

/* A new registry with one declaration (or none), compiled as a reload would. */
static int declare(struct fixture *f, const char *name, const char *spec)
{
    registry_drop(f->registry);
    f->registry = registry_new(1);
    if (!name) return 0;
    struct val v = json(f, spec);
    struct decl_kind kind = schedule_decl_kind(f->host.schedule);
    fixture_ok(f, "add", registry_add(f->registry, &f->plugin, "cron", name, &v, "init.lua:1", true, &f->err));
    size_t i = 0;
    struct decl *d = (struct decl *)registry_each(f->registry, "cron", &i);
    err_clear(&f->err);
    return kind.compile(kind.self, d, f->registry, registry_arena(f->registry), &f->err);
}

static void synchronise(struct fixture *f)
{
    fixture_begin(f);
    fixture_ok(f, "sync", schedule_sync(f->host.schedule, &f->s, f->registry, &f->err));
    fixture_commit(f);
}

static int64_t find(struct fixture *f, const char *name)
{
    int64_t id = 0;
    assert_int_equal(schedule_find(f->db, "awards", name, &id, &f->err), 1);
    return id;
}

static void declared_job_is_made_once_and_survives_reloads(void **state)
{
    struct fixture *f = *state;
    static const char spec[] = "{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"input\":{\"n\":3}}";
    assert_int_equal(declare(f, "daily", spec), 0);
    synchronise(f);
    int64_t id = find(f, "daily");
    fixture_at(f, "2021-01-04 10:00");
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->last_input, 3);
    for (int i = 0; i < 3; i++) {
        declare(f, "daily", spec);
        synchronise(f);
        lane_run(f->lane);
    }
    assert_int_equal(f->fired, 1);
    assert_int_equal(find(f, "daily"), id);
    assert_int_equal(fixture_int(f, id, "last_run_at"), fixture_ms("2021-01-04 10:00"));
    assert_string_equal(fixture_text(f, id, "local"), "2021-01-05 10:00");
}

static void changed_line_counts_from_now(void **state)
{
    struct fixture *f = *state;
    declare(f, "daily", "{\"cron\":\"0 10 * * *\",\"flow\":\"go\"}");
    synchronise(f);
    declare(f, "daily", "{\"cron\":\"0 8 * * *\",\"flow\":\"go\"}");
    synchronise(f);
    assert_string_equal(fixture_text(f, find(f, "daily"), "local"), "2021-01-05 08:00");
    lane_run(f->lane);
    assert_int_equal(f->fired, 0);
}

static void job_of_a_plugin_that_is_gone_waits_and_comes_back_with_what_it_missed(void **state)
{
    struct fixture *f = *state;
    static const char spec[] = "{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"missed\":\"run_all\"}";
    declare(f, "daily", spec);
    synchronise(f);
    int64_t id = find(f, "daily");
    declare(f, NULL, NULL);
    synchronise(f);
    assert_string_equal(fixture_text(f, id, "state"), "absent");
    fixture_at(f, "2021-01-06 12:00");
    assert_int_equal(f->fired, 0);
    declare(f, "daily", spec);
    synchronise(f);
    lane_run(f->lane);
    assert_int_equal(f->fired, 3);
    assert_string_equal(fixture_text(f, id, "state"), "active");
}

static void jobs_that_were_put_are_not_touched_by_a_sync(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "once", .local = "2021-01-04 10:00");
    declare(f, NULL, NULL);
    synchronise(f);
    assert_string_equal(fixture_text(f, id, "state"), "active");
}

static void declaration_with_a_mistake_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *spec, *key;
    } bad[] = {{"{\"cron\":\"0 10 * *\",\"flow\":\"go\"}", "cron.syntax"},
               {"{\"cron\":\"0 0 30 2 *\",\"flow\":\"go\"}", "cron.never"},
               {"{\"cron\":\"0 10 * * *\"}", "schedule.option"},
               {"{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"zone\":\"Mars/Base\"}", "zone.unknown"},
               {"{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"missed\":\"perhaps\"}", "schedule.option"},
               {"{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"overlap\":1}", "schedule.option"},
               {"{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"grace\":\"never\"}", "schedule.option"},
               {"{\"cron\":\"0 10 * * *\",\"flow\":\"go\",\"colour\":\"red\"}", "schedule.option"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(declare(f, "daily", bad[i].spec), ERR_INVALID);
        assert_string_equal(f->err.key, bad[i].key);
    }
}

static void changed_zone_rules_move_the_instant_and_keep_the_local_time(void **state)
{
    struct fixture *f = *state;
    int64_t id = PUT(f, .name = "once", .local = "2021-01-05 10:00"), moved;
    int64_t due = fixture_int(f, id, "due");
    fixture_begin(f);
    fixture_ok(f, "rederive", schedule_rederive(f->host.schedule, &f->s, &moved, &f->err));
    assert_int_equal(moved, 0);
    /* As if it had been derived when the zone was UTC+8. */
    fixture_ok(f, "old",
               store_exec(f->db,
                          "update schedule set due = due - 3600000, next_at = next_at - 3600000;"
                          "update schedule_zone set rules = 1",
                          &f->err));
    fixture_ok(f, "rederive", schedule_rederive(f->host.schedule, &f->s, &moved, &f->err));
    assert_int_equal(moved, 1);
    fixture_ok(f, "rederive", schedule_rederive(f->host.schedule, &f->s, &moved, &f->err));
    assert_int_equal(moved, 0);
    fixture_commit(f);
    assert_int_equal(fixture_int(f, id, "due"), due);
    assert_int_equal(fixture_int(f, id, "next"), due);
    assert_string_equal(fixture_text(f, id, "local"), "2021-01-05 10:00");
}

static void rederiving_takes_any_number_of_rows(void **state)
{
    struct fixture *f = *state;
    int64_t moved;
    fixture_begin(f);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        int64_t id;
        snprintf(name, sizeof(name), "j%d", i);
        struct schedule_new n = {.plugin = "awards", .name = name, .kind = "flow", .local = "2031-01-04 10:00"};
        fixture_ok(f, "put", schedule_put(f->host.schedule, &f->s, &n, &id, &f->err));
    }
    fixture_ok(f, "old",
               store_exec(f->db,
                          "update schedule set due = due + 1000, next_at = next_at + 1000;"
                          "update schedule_zone set rules = 1",
                          &f->err));
    fixture_ok(f, "rederive", schedule_rederive(f->host.schedule, &f->s, &moved, &f->err));
    fixture_commit(f);
    assert_int_equal(moved, 1000);
}

static int call(struct fixture *f, const char *name, const char *args, struct val *out)
{
    struct val list = json(f, args);
    err_clear(&f->err);
    fixture_begin(f);
    int rc = api_invoke(f->host.api, &f->s, name, &list, &f->a, out, &f->err);
    if (rc == 0)
        fixture_commit(f);
    else
        store_rollback(f->db);
    return rc;
}

static void host_puts_lists_and_runs_jobs_through_the_api(void **state)
{
    struct fixture *f = *state;
    struct val id, list, none;
    fixture_ok(f, "at", call(f, "schedule.at", "[\"soon\", \"2h\", {\"flow\":\"go\",\"input\":{\"n\":5}}]", &id));
    assert_string_equal(fixture_text(f, id.as.i, "local"), "2021-01-04 11:00");
    fixture_ok(f, "list", call(f, "schedule.list", "[]", &list));
    assert_int_equal(list.as.list.n, 1);
    assert_int_equal(call(f, "schedule.at", "[\"x\", \"whenever\", {\"flow\":\"go\"}]", &none), ERR_INVALID);
    assert_int_equal(call(f, "schedule.cron", "[\"x\", \"0 0 * * *\", {\"flow\":\"go\"}]", &none), ERR_REFUSED);
    fixture_at(f, "2021-01-04 11:00");
    assert_int_equal(f->last_input, 5);
    fixture_ok(f, "cancel", call(f, "schedule.cancel", "[\"soon\"]", &none));
    assert_false(none.as.b);
    fixture_ok(f, "list", call(f, "schedule.list", "[]", &list));
    assert_int_equal(list.as.list.n, 0);
    f->s.actor = (struct actor){.user = PEOPLE_ANONYMOUS};
    assert_int_equal(call(f, "schedule.list", "[]", &list), ERR_DENIED);
    assert_int_equal(call(f, "schedule.run_now", "[1]", &list), ERR_DENIED);
}

static void instant_in_the_second_pass_of_an_overlap_is_kept_exactly(void **state)
{
    struct fixture *f = *state;
    struct val id;
    fixture_ok(f, "at",
               call(f, "schedule.at",
                    "[\"x\", \"2021-10-31T02:30:00+01:00\", {\"flow\":\"go\","
                    "\"zone\":\"Europe/Berlin\"}]",
                    &id));
    assert_int_equal(fixture_int(f, id.as.i, "due"), fixture_ms("2021-10-31T01:30:00Z"));
    assert_string_equal(fixture_text(f, id.as.i, "zone"), "UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(declared_job_is_made_once_and_survives_reloads),
        TEST(changed_line_counts_from_now),
        TEST(job_of_a_plugin_that_is_gone_waits_and_comes_back_with_what_it_missed),
        TEST(jobs_that_were_put_are_not_touched_by_a_sync),
        TEST(declaration_with_a_mistake_is_refused),
        TEST(changed_zone_rules_move_the_instant_and_keep_the_local_time),
        TEST(rederiving_takes_any_number_of_rows),
        TEST(host_puts_lists_and_runs_jobs_through_the_api),
        TEST(instant_in_the_second_pass_of_an_overlap_is_kept_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
