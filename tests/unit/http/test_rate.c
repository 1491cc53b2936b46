/* Rate limits: bursts, steady rates, refusals, clocks set back, floods of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "http/rate.h"

static const struct rate_policy ten = {"user", 10, 100};

static int take_many(struct rate *r, uint64_t key, int64_t at, int n, struct rate_left *left)
{
    int ok = 0;
    for (int i = 0; i < n; i++)
        ok += rate_take(r, &ten, key, at, left);
    return ok;
}

static void a_burst_is_allowed_once_then_the_steady_rate(void **state)
{
    struct rate *r = rate_new();
    struct rate_left left;
    (void)state;
    assert_int_equal(take_many(r, 1, 1000000, 150, &left), 100);
    assert_int_equal(left.requests, 0);
    assert_int_equal(left.retry_s, 1);
    assert_int_equal(left.reset_s, 10);
    assert_int_equal(take_many(r, 1, 1001000, 50, &left), 10);
    assert_int_equal(take_many(r, 1, 1011500, 150, &left), 100);
    rate_free(r);
}

static void one_key_does_not_take_from_another(void **state)
{
    struct rate *r = rate_new();
    struct rate_left left;
    (void)state;
    take_many(r, 1, 1000000, 150, &left);
    assert_int_equal(take_many(r, 2, 1000000, 150, &left), 100);
    rate_free(r);
}

static void a_clock_set_back_locks_nobody_out(void **state)
{
    struct rate *r = rate_new();
    struct rate_left left;
    (void)state;
    take_many(r, 1, 9000000000, 150, &left);
    assert_true(rate_take(r, &ten, 1, 1000000, &left));
    rate_free(r);
}

static void a_flood_of_keys_makes_room_of_the_quiet_ones(void **state)
{
    struct rate *r = rate_new();
    struct rate_left left;
    (void)state;
    for (uint64_t key = 1; key < 100000; key++)
        assert_true(rate_take(r, &ten, key * 0x9E3779B97F4A7C15u, 1000000 + (int64_t)key, &left));
    rate_free(r);
}

static void no_limit_is_no_limit_and_no_header(void **state)
{
    const struct rate_policy none = {"user", 0, 0};
    struct rate *r = rate_new();
    struct rate_left left;
    char lines[160];
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(rate_take(r, &none, 1, 1000000, &left));
    rate_headers(&none, &left, lines, sizeof(lines));
    assert_string_equal(lines, "");
    rate_take(r, &ten, 1, 1000000, &left);
    rate_headers(&ten, &left, lines, sizeof(lines));
    assert_string_equal(lines, "RateLimit-Policy: \"user\";q=100;w=10\r\nRateLimit: \"user\";r=99;t=1\r\n");
    rate_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_allowed_once_then_the_steady_rate),
        cmocka_unit_test(one_key_does_not_take_from_another),
        cmocka_unit_test(a_clock_set_back_locks_nobody_out),
        cmocka_unit_test(a_flood_of_keys_makes_room_of_the_quiet_ones),
        cmocka_unit_test(no_limit_is_no_limit_and_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
