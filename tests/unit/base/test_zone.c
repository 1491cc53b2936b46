/* Zones: what RFC 5545 says about gaps and overlaps, years beyond the table, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/kinds.h"
#include "base/arena.h"
#include "base/zone.h"
#include "base/zone_rule.h"

static int64_t utc(const char *s)
{
    struct date d;
    int32_t offset;
    assert_true(date_parse(s, strlen(s), &d, &offset));
    return date_to_ms(&d);
}

/* Local text in a zone, to UTC. */
static void expect(const char *zone, const char *local, const char *instant)
{
    char got[32], want[32];
    int64_t ms;
    struct err err = {0};
    const struct zone *z = zone_get(zone);
    assert_non_null(z);
    assert_int_equal(zone_parse(z, local, strlen(local), &ms, &err), 0);
    date_format_iso(ms, got);
    date_format_iso(utc(instant), want);
    if (strcmp(got, want) != 0) fail_msg("%s %s: got %s, want %s", zone, local, got, want);
}

static void expect_local(const char *zone, const char *instant, const char *local, int32_t offset)
{
    struct date d;
    int32_t got;
    char text[32];
    zone_local(zone_get(zone), utc(instant), &d, &got);
    date_format_iso(date_to_ms(&d), text);
    char want[32];
    date_format_iso(utc(local), want);
    assert_string_equal(text, want);
    assert_int_equal(got, offset);
}

static void zone_without_summer_time_has_one_offset(void **state)
{
    (void)state;
    expect("Asia/Ho_Chi_Minh", "2021-01-04 08:00", "2021-01-04 01:00");
    expect("Asia/Ho_Chi_Minh", "2121-07-04 08:00", "2121-07-04 01:00");
    expect_local("Asia/Ho_Chi_Minh", "2021-01-04 20:00", "2021-01-05 03:00", 7 * 3600);
}

static void skipped_time_is_read_with_the_offset_before_the_gap(void **state)
{
    (void)state;
    expect("Europe/Berlin", "2021-03-28 01:59", "2021-03-28 00:59");
    expect("Europe/Berlin", "2021-03-28 02:00", "2021-03-28 01:00");
    expect("Europe/Berlin", "2021-03-28 02:30", "2021-03-28 01:30"); /* 03:30 on the clock */
    expect("Europe/Berlin", "2021-03-28 03:00", "2021-03-28 01:00");
    expect("America/New_York", "2021-03-14 02:30", "2021-03-14 07:30"); /* 03:30 EDT */
}

static void repeated_time_is_the_first(void **state)
{
    (void)state;
    expect("Europe/Berlin", "2021-10-31 02:30", "2021-10-31 00:30");
    expect("Europe/Berlin", "2021-10-31 03:00", "2021-10-31 02:00");
    expect("America/New_York", "2021-11-07 01:30", "2021-11-07 05:30"); /* EDT */
    expect_local("America/New_York", "2021-11-07 06:30", "2021-11-07 01:30", -5 * 3600);
}

static void years_after_the_table_follow_the_rule(void **state)
{
    (void)state;
    expect("Europe/Berlin", "2060-03-28 02:30", "2060-03-28 01:30"); /* the last Sunday: a gap */
    expect("Europe/Berlin", "2060-10-31 02:30", "2060-10-31 00:30"); /* an overlap */
    expect("Europe/Berlin", "2060-07-01 12:00", "2060-07-01 10:00");
    expect("America/New_York", "2100-03-14 02:30", "2100-03-14 07:30");
    expect("Australia/Sydney", "2090-01-01 12:00", "2090-01-01 01:00"); /* summer over new year */
}

static void day_that_a_country_skipped_is_shifted_by_a_day(void **state)
{
    (void)state;
    expect("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 22:00");
    expect_local("Pacific/Apia", "2011-12-30 22:00", "2011-12-31 12:00", 14 * 3600);
}

static void leap_day_and_its_end_are_ordinary(void **state)
{
    (void)state;
    expect("Asia/Ho_Chi_Minh", "2024-02-29 23:59", "2024-02-29 16:59");
    struct date d;
    zone_local(zone_get("Asia/Ho_Chi_Minh"), utc("2024-02-29 17:00"), &d, NULL);
    assert_int_equal(d.month, 3);
    assert_int_equal(d.day, 1);
}

static void every_local_hour_of_years_goes_there_and_back(void **state)
{
    static const char *const zones[] = {
        "Europe/Berlin",    "America/New_York",  "Asia/Ho_Chi_Minh", "Australia/Lord_Howe",
        "America/Santiago", "Africa/Casablanca", "Asia/Kathmandu",   "UTC"};
    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        const struct zone *z = zone_get(zones[i]);
        assert_non_null(z);
        int64_t end = utc("2041-01-01 00:00"), last = INT64_MIN;
        for (int64_t ms = utc("2034-01-01 00:00"); ms < end; ms += 1800000) {
            struct date d;
            zone_local(z, ms, &d, NULL);
            int64_t back = zone_instant(z, &d);
            /* Only the second pass of an overlap comes back earlier, by the overlap. */
            if (back != ms) assert_in_range(ms - back, 1, 2 * 3600000);
            if (back == ms) assert_true(ms > last);
            last = ms;
            assert_int_equal(zone_day(z, ms), date_days(d.year, d.month, d.day));
        }
    }
}

static void text_with_an_offset_ignores_the_zone(void **state)
{
    (void)state;
    expect("Europe/Berlin", "2021-01-04T08:00:00+07:00", "2021-01-04 01:00");
    expect("Europe/Berlin", "04/01/2021 08:00", "2021-01-04 07:00");
    expect("Europe/Berlin", "2021-01-04", "2021-01-03 23:00");
}

static void names_that_are_no_zones_are_refused(void **state)
{
    static const char *const names[] = {
        "",          "Europe",   "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe//Berlin",
        "right/UTC", "zone.tab", "Europe/Berlin/"};
    struct err err = {0};
    const struct zone *z;
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(zone_find(names[i], &z, &err), ERR_INVALID);
        assert_string_equal(err.key, "zone.unknown");
    }
    assert_int_equal(zone_find(NULL, &z, &err), ERR_INVALID);
    assert_ptr_equal(zone_get("Europe/Berlin"), zone_get("Europe/Berlin"));
}

static void damaged_files_are_refused_at_every_length(void **state)
{
    unsigned char bytes[8192], cut[8192];
    (void)state;
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    struct zone *z = zone_read("x", bytes, n);
    assert_non_null(z);
    zone_free(z);
    for (size_t len = 0; len < n; len++) {
        z = zone_read("x", bytes, len);
        assert_null(z);
    }
    /* Any byte changed: never a crash, whatever is made of it. */
    for (size_t i = 0; i < n; i++) {
        memcpy(cut, bytes, n);
        cut[i] ^= 0xff;
        z = zone_read("x", cut, n);
        if (z) {
            struct date d = {2031, 3, 30, 2, 30, 0, 0};
            zone_instant(z, &d);
        }
        zone_free(z);
    }
}

static void rules_of_every_form_are_read(void **state)
{
    struct zone_rule r;
    struct zone_span span;
    (void)state;
    assert_true(zone_rule_parse("<+07>-7", 7, &r));
    assert_int_equal(r.standard, 7 * 3600);
    assert_false(r.has_summer);
    const char *j = "XST3XDT2,J60/0,J300/0";
    assert_true(zone_rule_parse(j, strlen(j), &r));
    zone_rule_span(&r, utc("2024-03-01 03:00") / 1000, &span); /* day 60 is 1 March, leap year or not */
    assert_int_equal(span.from, utc("2024-03-01 03:00") / 1000);
    assert_int_equal(span.offset_s, -2 * 3600);
    const char *n = "XST0XDT,59/0,300/0";
    assert_true(zone_rule_parse(n, strlen(n), &r));
    zone_rule_span(&r, utc("2024-02-29 00:00") / 1000, &span); /* day 59 counts 29 February */
    assert_int_equal(span.from, utc("2024-02-29 00:00") / 1000);
    static const char *const bad[] = {
        "",      "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
        "<+07-7"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(zone_rule_parse(bad[i], strlen(bad[i]), &r));
}

static void objects_show_local_text(void **state)
{
    struct arena a;
    struct val v;
    (void)state;
    arena_init(&a, 1 << 16);
    assert_int_equal(kind_instant(&a, utc("2021-01-04 01:00"), "Asia/Ho_Chi_Minh", &v), 0);
    assert_true(val_is_str(val_get(v.as.obj.fields, "text"), "2021-01-04 08:00"));
    assert_true(val_is_str(val_get(v.as.obj.fields, "iso"), "2021-01-04T01:00:00Z"));
    assert_int_equal(kind_date(&a, date_days(2021, 1, 3), &v), 0);
    assert_int_equal(val_get_int(v.as.obj.fields, "weekday", 0), 7);
    arena_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zone_without_summer_time_has_one_offset),
        cmocka_unit_test(skipped_time_is_read_with_the_offset_before_the_gap),
        cmocka_unit_test(repeated_time_is_the_first),
        cmocka_unit_test(years_after_the_table_follow_the_rule),
        cmocka_unit_test(day_that_a_country_skipped_is_shifted_by_a_day),
        cmocka_unit_test(leap_day_and_its_end_are_ordinary),
        cmocka_unit_test(every_local_hour_of_years_goes_there_and_back),
        cmocka_unit_test(text_with_an_offset_ignores_the_zone),
        cmocka_unit_test(names_that_are_no_zones_are_refused),
        cmocka_unit_test(damaged_files_are_refused_at_every_length),
        cmocka_unit_test(rules_of_every_form_are_read),
        cmocka_unit_test(objects_show_local_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
