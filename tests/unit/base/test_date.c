/* Days, the forms that people write, durations; clocks, ids and digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/id.h"

static bool parse(const char *s, struct date *d, int32_t *offset)
{
    return date_parse(s, strlen(s), d, offset);
}

static struct duration lasts(const char *s)
{
    struct duration d;
    assert_true(duration_parse(s, strlen(s), &d));
    return d;
}

static void days_go_there_and_back(void **state)
{
    struct date d;
    (void)state;
    int64_t day = date_days(1, 1, 1);
    for (int year = 1; year <= 9999; year++)
        for (int month = 1; month <= 12; month++) {
            assert_int_equal(date_days(year, month, 1), day);
            date_from_days(day, &d);
            assert_true(d.year == year && d.month == month && d.day == 1);
            while (date_is_valid(year, month, (int)(day - date_days(year, month, 1)) + 1))
                day++;
        }
    assert_int_equal(date_days(1970, 1, 1), 0);
}

static void the_date_of_the_seed_is_a_monday(void **state)
{
    struct date d;
    int32_t offset;
    (void)state;
    assert_true(parse("04/01/2021", &d, &offset));
    int64_t day = date_days(d.year, d.month, d.day);
    assert_int_equal(day, 18631);
    assert_int_equal(date_weekday(day), 1);
    assert_int_equal(date_weekday(-1), 3);
}

static void february_29_is_there_in_leap_years_only(void **state)
{
    (void)state;
    assert_true(date_is_valid(2020, 2, 29));
    assert_true(date_is_valid(2000, 2, 29));
    assert_false(date_is_valid(1900, 2, 29));
    assert_false(date_is_valid(2021, 2, 29));
    assert_false(date_is_valid(2021, 4, 31));
    assert_false(date_is_valid(2021, 13, 1));
    assert_false(date_is_valid(0, 1, 1));
}

static void people_write_dates_in_these_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
        int32_t offset;
    } cases[] = {{"2021-01-04", 1609718400000, INT32_MIN},
                 {"4/1/2021", 1609718400000, INT32_MIN},
                 {"2021-01-04 08:00", 1609747200000, INT32_MIN},
                 {"04/01/2021 08:00", 1609747200000, INT32_MIN},
                 {"2021-01-04T08:00:01.250", 1609747201250, INT32_MIN},
                 {"2021-01-04T08:00:00Z", 1609747200000, 0},
                 {"2021-01-04T08:00+07:00", 1609747200000, 420},
                 {"2021-01-04T08:00:00-03:30", 1609747200000, -210}};
    struct date d;
    int32_t offset;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(parse(cases[i].text, &d, &offset));
        assert_int_equal(date_to_ms(&d), cases[i].ms);
        assert_int_equal(offset, cases[i].offset);
    }
}

static void other_forms_are_no_dates(void **state)
{
    static const char *const bad[] = {"",
                                      "2021",
                                      "2021-1-4",
                                      "2021-01-04x",
                                      "2021-01-04 ",
                                      "2021-01-04 8:00",
                                      "2021-01-04 24:00",
                                      "2021-01-04 08:60",
                                      "2021-01-04T08:00:00+7",
                                      "31/04/2021",
                                      "01/13/2021",
                                      "04-01-2021",
                                      "04/01/21",
                                      "2021-01-04Z",
                                      "2021-01-04 08:00+15:00",
                                      "2021-01-04 08:00:00.5",
                                      "0000-01-01",
                                      "hôm nay"};
    struct date d;
    int32_t offset;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parse(bad[i], &d, &offset));
}

static void instants_are_written_in_utc(void **state)
{
    char out[32], day[16];
    (void)state;
    date_format_iso(1609722000000, out);
    assert_string_equal(out, "2021-01-04T01:00:00Z");
    date_format_iso(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    date_format_day(18631, day);
    assert_string_equal(day, "2021-01-04");
}

static void durations_are_read_with_their_unit(void **state)
{
    (void)state;
    assert_int_equal(lasts("500ms").ms, 500);
    assert_int_equal(lasts("90s").ms, 90000);
    assert_int_equal(lasts("10m").ms, 600000);
    assert_int_equal(lasts("2h").ms, 7200000);
    assert_int_equal(lasts("3d").days, 3);
    assert_int_equal(lasts("1w").days, 7);
    assert_int_equal(lasts("0s").ms, 0);
    assert_int_equal(lasts("2 working days").working_days, 2);
    assert_int_equal(lasts("2 working days").days, 0);
    assert_int_equal(lasts("1 working day").working_days, 1);
    assert_true(lasts("1 day before").before);
    assert_int_equal(lasts("1 day before").days, 1);
    assert_false(lasts("1 day").before);
    assert_int_equal(lasts("9999999w").ms, 9999999 * (int64_t)604800000);
}

static void other_words_are_no_durations(void **state)
{
    static const char *const bad[] = {"",     "2",         "s",         "-1s",          "1.5h",
                                      "2 x",  "2 working", "10000000s", "1d2h",         "2 ss",
                                      "2 ws", "1 before",  " before",   "2 days after", "1 m "};
    struct duration d;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(duration_parse(bad[i], strlen(bad[i]), &d));
}

static void a_virtual_clock_stands_still_until_it_is_set(void **state)
{
    struct clock c, real;
    (void)state;
    clock_init_virtual(&c, 1609722000000);
    assert_int_equal(clock_now(&c), 1609722000000);
    clock_set(&c, 5);
    assert_int_equal(clock_now(&c), 5);
    clock_init_real(&real);
    int64_t now = clock_now(&real);
    real.offset_ms = 3600000;
    assert_in_range(clock_now(&real) - now, 3600000, 3600000 + 60000);
}

static void measuring_clocks_do_not_go_back(void **state)
{
    (void)state;
    int64_t mono = clock_mono_ns(), cpu = clock_thread_cpu_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t mono_next = clock_mono_ns(), cpu_next = clock_thread_cpu_ns();
        assert_true(mono_next >= mono && cpu_next >= cpu);
        mono = mono_next;
        cpu = cpu_next;
    }
    assert_true(cpu > 0);
}

static void ids_rise_whatever_the_clock_does(void **state)
{
    struct id_gen g = {0};
    int64_t last = 0, now = 1609722000000;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t id = id_next(&g, i == 10000 ? now - 3600000 : now);
        assert_true(id > last && id < (int64_t)1 << 53);
        last = id;
    }
    g = (struct id_gen){0};
    assert_int_equal(id_time(id_next(&g, now)), now);
    g.last = last + 5;
    assert_int_equal(id_next(&g, now), last + 6);
    g = (struct id_gen){0};
    assert_true(id_next(&g, -5) > 0);
}

static void digests_are_those_of_the_standard(void **state)
{
    uint8_t d[DIGEST_LEN];
    char hex[DIGEST_HEX];
    (void)state;
    digest_sha256("abc", 3, d);
    digest_hex(d, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(digest_short("abc", 3) == digest_short("abc", 3));
    assert_true(digest_short("abc", 3) != digest_short("abd", 3));
}

static void random_bytes_differ(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};
    (void)state;
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_go_there_and_back),
        cmocka_unit_test(the_date_of_the_seed_is_a_monday),
        cmocka_unit_test(february_29_is_there_in_leap_years_only),
        cmocka_unit_test(people_write_dates_in_these_forms),
        cmocka_unit_test(other_forms_are_no_dates),
        cmocka_unit_test(instants_are_written_in_utc),
        cmocka_unit_test(durations_are_read_with_their_unit),
        cmocka_unit_test(other_words_are_no_durations),
        cmocka_unit_test(a_virtual_clock_stands_still_until_it_is_set),
        cmocka_unit_test(measuring_clocks_do_not_go_back),
        cmocka_unit_test(ids_rise_whatever_the_clock_does),
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
