/* Working days across Tết, with a Saturday made a working day, and across years without a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/calendar.h"
#include "base/date.h"

/* Tết 2021: Wednesday 10 to Tuesday 16 February are off; Saturday 20 February is worked. */
static int setup(void **state)
{
    static struct calendar c;
    calendar_init(&c);
    calendar_add_year(&c, 2021, CALENDAR_WEEKEND);
    calendar_add_day(&c, date_days(2021, 1, 1), false);
    for (int day = 10; day <= 16; day++)
        calendar_add_day(&c, date_days(2021, 2, day), false);
    calendar_add_day(&c, date_days(2021, 2, 20), true);
    *state = &c;
    return 0;
}

static int teardown(void **state)
{
    calendar_close(*state);
    return 0;
}

static void five_working_days_across_tet_count_the_made_up_saturday(void **state)
{
    int gap = 0;
    /* Monday 8: Tue 9, Wed 17, Thu 18, Fri 19, Sat 20. */
    assert_int_equal(calendar_add(*state, date_days(2021, 2, 8), 5, &gap), date_days(2021, 2, 20));
    assert_int_equal(calendar_between(*state, date_days(2021, 2, 8), date_days(2021, 2, 20), &gap), 5);
    assert_int_equal(gap, 0);
}

static void working_days_go_back_as_well(void **state)
{
    int gap = 0;
    assert_int_equal(calendar_add(*state, date_days(2021, 2, 22), -2, &gap), date_days(2021, 2, 19));
    assert_int_equal(calendar_between(*state, date_days(2021, 2, 20), date_days(2021, 2, 8), &gap), -5);
    assert_int_equal(calendar_add(*state, date_days(2021, 2, 13), 0, &gap), date_days(2021, 2, 13));
}

static void year_without_a_table_is_named(void **state)
{
    int gap = 0;
    assert_int_equal(calendar_add(*state, date_days(2021, 12, 31), 1, &gap), date_days(2022, 1, 3));
    assert_int_equal(gap, 2022);
    gap = 0;
    calendar_add_year(*state, 2022, CALENDAR_WEEKEND);
    calendar_add_day(*state, date_days(2022, 1, 3), false);
    assert_int_equal(calendar_add(*state, date_days(2021, 12, 31), 1, &gap), date_days(2022, 1, 4));
    assert_int_equal(gap, 0);
}

static bool is_worked(const struct calendar *c, int64_t day, int *gap)
{
    return calendar_between(c, day - 1, day, gap) == 1;
}

static void weekend_is_data(void **state)
{
    calendar_add_year(*state, 2020, 1 << 5); /* Fridays only */
    assert_true(is_worked(*state, date_days(2020, 5, 2), NULL));
    assert_false(is_worked(*state, date_days(2020, 5, 1), NULL));
    assert_true(is_worked(*state, date_days(2020, 12, 31), NULL)); /* the 366th day */
}

static void calendar_without_working_days_ends(void **state)
{
    calendar_add_year(*state, 2020, 0x7f);
    assert_true(calendar_add(*state, date_days(2020, 1, 1), CALENDAR_DAYS_MAX, NULL) > date_days(2021, 1, 1));
}

static int64_t add_slowly(const struct calendar *c, int64_t day, int n, int *gap)
{
    for (int left = abs(n); left > 0;) {
        day += n < 0 ? -1 : 1;
        left -= is_worked(c, day, gap);
    }
    return day;
}

/* What is counted by whole years is what is counted day by day, in any mixture of years. */
static void counting_years_and_counting_days_agree(void **state)
{
    struct calendar *c = *state;
    srand(20211129);
    for (int year = 1999; year < 2040; year++) {
        if (rand() % 3 == 0) continue;
        calendar_add_year(c, year, rand() % 2 ? CALENDAR_WEEKEND : (uint8_t)(rand() % 127));
        for (int i = 0; i < 20; i++)
            calendar_add_day(c, date_days(year, 1, 1) + rand() % 366, rand() % 2);
    }
    for (int i = 0; i < 20000; i++) {
        int64_t day = date_days(2000, 1, 1) + rand() % 14000, from = date_days(2000, 1, 1) + rand() % 14000;
        int n = rand() % (i % 2 ? 6 : CALENDAR_DAYS_MAX), gaps[2] = {0}, days = 0;
        if (rand() % 2) n = -n;
        assert_int_equal(calendar_add(c, day, n, &gaps[0]), add_slowly(c, day, n, &gaps[1]));
        assert_int_equal(gaps[0], gaps[1]);
        gaps[0] = gaps[1] = 0;
        for (int64_t at = (day < from ? day : from) + 1; at <= (day < from ? from : day); at++)
            days += is_worked(c, at, &gaps[1]);
        assert_int_equal(calendar_between(c, from, day, &gaps[0]), from <= day ? days : -days);
        assert_int_equal(gaps[0], gaps[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(five_working_days_across_tet_count_the_made_up_saturday, setup, teardown),
        cmocka_unit_test_setup_teardown(working_days_go_back_as_well, setup, teardown),
        cmocka_unit_test_setup_teardown(year_without_a_table_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(weekend_is_data, setup, teardown),
        cmocka_unit_test_setup_teardown(calendar_without_working_days_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(counting_years_and_counting_days_agree, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
