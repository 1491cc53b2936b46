/* Cron lines: fields, days that do not exist, gaps and overlaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cron.h"

static int64_t local_ms(const struct zone *z, const char *s)
{
    int64_t ms;
    struct err err = {0};
    assert_int_equal(zone_parse(z, s, strlen(s), &ms, &err), 0);
    return ms;
}

static struct cron parse(const char *line)
{
    struct cron c;
    struct err err = {0};
    if (cron_parse(line, strlen(line), &c, &err)) fail_msg("%s: %s %s", line, err.key, err_arg(&err, "field"));
    return c;
}

/* The fires after a local time, as local times with their offsets: "2021-01-04 07:00+07" … */
static void expect(const char *zone, const char *line, const char *after, const char *const *want)
{
    const struct zone *z = zone_get(zone);
    struct cron c = parse(line);
    int64_t ms = local_ms(z, after);
    for (; *want; want++) {
        char got[64];
        struct date d;
        int32_t offset;
        ms = cron_next(&c, z, ms, NULL);
        zone_local(z, ms, &d, &offset);
        snprintf(got, sizeof(got), "%04d-%02d-%02d %02d:%02d%+03d", d.year, d.month, d.day, d.hour, d.minute,
                 offset / 3600);
        if (strcmp(got, *want) != 0) fail_msg("%s after %s: got %s, want %s", line, after, got, *want);
    }
}
#define EXPECT(zone, line, after, ...) expect(zone, line, after, (const char *const[]){__VA_ARGS__, NULL})
#define VN "Asia/Ho_Chi_Minh"
#define DE "Europe/Berlin"
#define NY "America/New_York"

static void fields_take_numbers_names_lists_ranges_and_steps(void **state)
{
    (void)state;
    EXPECT(VN, "0 7 * * mon", "2021-01-04 06:59", "2021-01-04 07:00+07", "2021-01-11 07:00+07");
    EXPECT(VN, "*/20 8-9 * * *", "2021-01-04 08:30", "2021-01-04 08:40+07", "2021-01-04 09:00+07",
           "2021-01-04 09:20+07", "2021-01-04 09:40+07", "2021-01-05 08:00+07");
    EXPECT(VN, "5,10,40-42 0 1 jan,Jul *", "2021-01-01 00:10", "2021-01-01 00:40+07", "2021-01-01 00:41+07",
           "2021-01-01 00:42+07", "2021-07-01 00:05+07");
    EXPECT(VN, "50/5 23 31 12 *", "2021-01-01 00:00", "2021-12-31 23:50+07", "2021-12-31 23:55+07",
           "2022-12-31 23:50+07");
    EXPECT(VN, "0 0 * * 7", "2021-01-04 00:00", "2021-01-10 00:00+07");
    EXPECT(VN, "0 0 * * 5-7", "2021-01-04 00:00", "2021-01-08 00:00+07", "2021-01-09 00:00+07", "2021-01-10 00:00+07");
    EXPECT(VN, "@daily", "2021-12-31 00:00", "2022-01-01 00:00+07");
    EXPECT(VN, "@hourly", "2021-12-31 23:00", "2022-01-01 00:00+07");
}

static void both_day_fields_restricted_means_either(void **state)
{
    (void)state;
    EXPECT(VN, "0 0 13 * fri", "2021-08-01 00:00", "2021-08-06 00:00+07", "2021-08-13 00:00+07", "2021-08-20 00:00+07",
           "2021-08-27 00:00+07", "2021-09-03 00:00+07", "2021-09-10 00:00+07", "2021-09-13 00:00+07");
    /* A field with a star does not restrict: both must hold. */
    EXPECT(VN, "0 0 */2 * fri", "2021-08-01 00:00", "2021-08-13 00:00+07", "2021-08-27 00:00+07");
}

static void leap_day_fires_in_leap_years_only(void **state)
{
    (void)state;
    EXPECT(VN, "0 8 29 2 *", "2021-01-01 00:00", "2024-02-29 08:00+07", "2028-02-29 08:00+07");
    EXPECT(VN, "0 8 29 2 *", "2096-02-29 08:00", "2104-02-29 08:00+07"); /* 2100 is no leap year */
    EXPECT(VN, "0 8 31 * *", "2021-03-31 08:00", "2021-05-31 08:00+07");
}

static void lines_that_never_fire_are_refused(void **state)
{
    static const char *const never[] = {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *"};
    struct cron c;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cron_parse(never[i], strlen(never[i]), &c, &err), ERR_INVALID);
        assert_string_equal(err.key, "cron.never");
    }
}

static void lines_with_mistakes_name_the_field(void **state)
{
    static const struct {
        const char *line, *field;
    } bad[] = {{"", "minute"},
               {"60 * * * *", "minute"},
               {"* 24 * * *", "hour"},
               {"* * 0 * *", "day"},
               {"* * 32 * *", "day"},
               {"* * * 13 *", "month"},
               {"* * * * 8", "weekday"},
               {"* * * * * *", "end"},
               {"* * * *", "weekday"},
               {"*/0 * * * *", "minute"},
               {"5-1 * * * *", "minute"},
               {"1,, * * * *", "minute"},
               {"* * * foo *", "month"},
               {"-1 * * * *", "minute"},
               {"* * * * mo", "weekday"},
               {"1x * * * *", "minute"},
               {"99999999999 * * * *", "minute"}};
    struct cron c;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cron_parse(bad[i].line, strlen(bad[i].line), &c, &err) != ERR_INVALID) fail_msg("taken: %s", bad[i].line);
        assert_string_equal(err.key, "cron.syntax");
        assert_string_equal(err_arg(&err, "field"), bad[i].field);
    }
}

static void time_in_a_gap_fires_once_at_the_shifted_time(void **state)
{
    (void)state;
    EXPECT(DE, "30 2 * * *", "2021-03-27 02:30", "2021-03-28 03:30+02", "2021-03-29 02:30+02");
    /* Asked again just behind the gap, before the shifted time. */
    EXPECT(DE, "30 2 * * *", "2021-03-28 03:10", "2021-03-28 03:30+02", "2021-03-29 02:30+02");
    EXPECT(NY, "30 2 * * *", "2021-03-13 02:30", "2021-03-14 03:30-04", "2021-03-15 02:30-04");
    EXPECT(NY, "0 2 * * *", "2021-03-14 01:59", "2021-03-14 03:00-04", "2021-03-15 02:00-04");
}

static void frequent_line_fires_each_instant_once_across_a_gap(void **state)
{
    (void)state;
    EXPECT(DE, "*/30 * * * *", "2021-03-28 01:00", "2021-03-28 01:30+01", "2021-03-28 03:00+02", "2021-03-28 03:30+02",
           "2021-03-28 04:00+02");
}

static void repeated_time_fires_once_at_the_first(void **state)
{
    (void)state;
    EXPECT(DE, "30 2 * * *", "2021-10-30 02:30", "2021-10-31 02:30+02", "2021-11-01 02:30+01");
    EXPECT(NY, "30 1 * * *", "2021-11-06 01:30", "2021-11-07 01:30-04", "2021-11-08 01:30-05");
    EXPECT(DE, "*/30 * * * *", "2021-10-31 02:00", "2021-10-31 02:30+02", "2021-10-31 03:00+01");
    /* From within the second pass (02:10 standard time): not again. */
    const struct zone *z = zone_get(DE);
    struct cron c = parse("30 2 * * *");
    struct date local;
    int64_t second = local_ms(z, "2021-10-31T02:10:00+01:00");
    assert_int_equal(cron_next(&c, z, second, &local), local_ms(z, "2021-11-01 02:30"));
    assert_int_equal(local.day, 1);
}

static void search_over_years_is_quick(void **state)
{
    const struct zone *z = zone_get(DE);
    struct cron c = parse("59 23 29 2 *");
    (void)state;
    int64_t start = clock_mono_ns(), ms = local_ms(z, "2021-01-01 00:00");
    for (int i = 0; i < 100; i++)
        ms = cron_next(&c, z, ms, NULL);
    assert_true(clock_mono_ns() - start < 200000000);
    assert_true(ms > local_ms(z, "2400-01-01 00:00"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_take_numbers_names_lists_ranges_and_steps),
        cmocka_unit_test(both_day_fields_restricted_means_either),
        cmocka_unit_test(leap_day_fires_in_leap_years_only),
        cmocka_unit_test(lines_that_never_fire_are_refused),
        cmocka_unit_test(lines_with_mistakes_name_the_field),
        cmocka_unit_test(time_in_a_gap_fires_once_at_the_shifted_time),
        cmocka_unit_test(frequent_line_fires_each_instant_once_across_a_gap),
        cmocka_unit_test(repeated_time_fires_once_at_the_first),
        cmocka_unit_test(search_over_years_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
