/* Specs: what is described is what can be called; where kills and faults fall; values as text; a fetcher for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/spec_api.h"
#include "cli/spec_lua.h"
#include "plugin/api.h"
#include "runtime/fetch.h"

static int is_listed(const luaL_Reg *list, const char *name)
{
    for (; list->name; list++)
        if (strcmp(list->name, name) == 0) return 1;
    return 0;
}

static void each_function_of_specs_is_described_and_each_description_has_one(void **state)
{
    static const luaL_Reg *const methods[] = {spec_t_methods, spec_expect_methods, spec_world_methods,
                                              spec_route_methods};
    enum { NLISTS = sizeof(methods) / sizeof(methods[0]) };
    struct host about;
    size_t described = 0, there = 0;
    (void)state;
    spec_api_host(&about);
    for (size_t i = 0; i < api_count(about.api); i++) {
        const char *name = api_at(about.api, i)->name;
        int found = is_listed(spec_describe_functions, name);
        for (size_t k = 0; k < NLISTS && strncmp(name, "t:", 2) == 0; k++)
            found += is_listed(methods[k], name + 2);
        if (found != 1) fail_msg("%s is described, and there %d times", name, found);
        described++;
    }
    for (const luaL_Reg *r = spec_describe_functions; r->name; r++)
        there++;
    for (size_t k = 0; k < NLISTS; k++)
        for (const luaL_Reg *r = methods[k]; r->name; r++)
            there++;
    assert_int_equal(described, there);
    api_free(about.api);
}

static void points_are_all_or_a_sample_of_the_whole_range(void **state)
{
    int64_t points[100], again[100];
    (void)state;
    assert_int_equal(spec_trial_points(0, 8, 1, points), 0);
    assert_int_equal(spec_trial_points(5, 8, 1, points), 5);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(points[i], i + 1);
    assert_int_equal(spec_trial_points(1000, 8, 7, points), 8);
    assert_int_equal(spec_trial_points(1000, 8, 7, again), 8);
    for (int i = 0; i < 8; i++) {
        assert_in_range(points[i], i * 125 + 1, (i + 1) * 125);
        assert_int_equal(points[i], again[i]);
    }
    spec_trial_points(1000, 8, 8, again);
    assert_memory_not_equal(points, again, 8 * sizeof(points[0]));
}

static void text_is_the_same_whatever_the_order_and_the_ids(void **state)
{
    struct arena a;
    struct val one = val_map(), two = val_map();
    struct buf x, y;
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&x, 1 << 16);
    buf_init(&y, 1 << 16);
    val_set(&a, &one, "a", val_int(893478598979584));
    val_set(&a, &one, "b", val_str("run 893478598979585 of 2021"));
    val_set(&a, &two, "b", val_str("run 993478598979585 of 2021"));
    val_set(&a, &two, "a", val_int(993478598979584));
    spec_text(&x, &one, "UTC");
    spec_text(&y, &two, "UTC");
    assert_string_equal(x.data, "{\n  a = <1>\n  b = \"run <2> of 2021\"\n}");
    assert_string_equal(x.data, y.data);
    buf_clear(&x);
    struct val n = val_num(3.0), half = val_num(0.1);
    spec_text(&x, &n, "UTC");
    spec_text(&x, &half, "UTC");
    assert_string_equal(x.data, "3.00.1"); /* an integer reads 3 */
    buf_close(&x);
    buf_close(&y);
    arena_close(&a);
}

struct answer {
    int times, status;
    char key[48], body[16];
};

static void on_answer(void *ctx, const struct fetch_result *r)
{
    struct answer *a = ctx;
    a->times++;
    a->status = r->status;
    snprintf(a->key, sizeof(a->key), "%s", r->failed ? r->failed->key : "");
    snprintf(a->body, sizeof(a->body), "%s", r->body);
}

static void a_made_up_network_checks_as_the_real_one_does(void **state)
{
    static const char *const hosts[] = {"api.example.org"};
    static const struct {
        const char *url, *key;
    } bad[] = {{"https://evil.example.org/", "fetch.host"},
               {"ftp://api.example.org/", "fetch.scheme"},
               {"https://u:p@api.example.org/", "fetch.url"},
               {"https://", "fetch.url"}};
    struct fetcher *f = fetcher_new_fake();
    struct answer a = {0};
    struct err err;
    struct fetch_request q = {.hosts = hosts, .nhosts = 1, .done = on_answer, .ctx = &a, .max_bytes = 8};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        q.url = bad[i].url;
        assert_int_equal(fetch_start(f, &q, &err), 0);
        assert_true(fetch_fake_waits(f));
        assert_null(fetch_fake_next(f));
        assert_int_equal(a.times, (int)i + 1);
        assert_string_equal(a.key, bad[i].key);
    }
    q.url = "https://api.example.org/first";
    assert_int_equal(fetch_start(f, &q, &err), 0);
    q.url = "https://api.example.org/second";
    assert_int_equal(fetch_start(f, &q, &err), 0);
    assert_string_equal(fetch_fake_next(f)->url, "https://api.example.org/first");
    fetch_fake_answer(f, &(struct fetch_result){.status = 200, .body = "hello", .body_len = 5});
    assert_string_equal(a.body, "hello");
    assert_string_equal(fetch_fake_next(f)->url, "https://api.example.org/second");
    fetch_fake_answer(f, &(struct fetch_result){.status = 200, .body = "hello, all", .body_len = 10});
    assert_string_equal(a.key, "fetch.too_large");
    assert_int_equal(fetch_start(f, &q, &err), 0);
    fetcher_free(f); /* one waits still, and is never answered */
    assert_int_equal(a.times, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_of_specs_is_described_and_each_description_has_one),
        cmocka_unit_test(points_are_all_or_a_sample_of_the_whole_range),
        cmocka_unit_test(text_is_the_same_whatever_the_order_and_the_ids),
        cmocka_unit_test(a_made_up_network_checks_as_the_real_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
