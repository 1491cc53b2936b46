/* Working days by announced tables: two bitmaps for each year, looked up by day; no arithmetic about weeks, since a
 * year's exceptions decide. */
#include "base/calendar.h"

#include <assert.h>
#include <string.h>

#include "base/date.h"
#include "base/mem.h"

void calendar_init(struct calendar *c)
{
    *c = (struct calendar){0};
}

void calendar_close(struct calendar *c)
{
    mem_free(c->years);
    *c = (struct calendar){0};
}

static struct calendar_year *find(const struct calendar *c, int year)
{
    for (int i = 0; i < c->n; i++)
        if (c->years[i].year == year) return &c->years[i];
    return NULL;
}

void calendar_add_year(struct calendar *c, int year, uint8_t weekend)
{
    struct calendar_year *y = find(c, year);
    if (y) {
        y->weekend = weekend;
        return;
    }
    if (c->n == c->cap) {
        int cap = c->cap ? 2 * c->cap : 4;
        struct calendar_year *years = mem_alloc((size_t)cap * sizeof(*years));
        if (c->n) memcpy(years, c->years, (size_t)c->n * sizeof(*years));
        mem_free(c->years);
        c->years = years;
        c->cap = cap;
    }
    int at = c->n++;
    for (; at > 0 && c->years[at - 1].year > year; at--)
        c->years[at] = c->years[at - 1];
    c->years[at] = (struct calendar_year){.year = year, .weekend = weekend};
}

static int split(int64_t day, int *year)
{
    struct date d;
    date_from_days(day, &d);
    *year = d.year;
    return (int)(day - date_days(d.year, 1, 1));
}

void calendar_add_day(struct calendar *c, int64_t day, bool works)
{
    int year, at = split(day, &year);
    struct calendar_year *y = find(c, year);
    if (!y) return;
    uint8_t bit = (uint8_t)(1u << at % 8);
    (works ? y->worked : y->holiday)[at / 8] |= bit;
    (works ? y->holiday : y->worked)[at / 8] &= (uint8_t)~bit;
}

bool calendar_is_working(const struct calendar *c, int64_t day, int *gap)
{
    int year, at = split(day, &year);
    const struct calendar_year *y = find(c, year);
    uint8_t weekday = (uint8_t)(1u << date_weekday(day)), bit = (uint8_t)(1u << at % 8);
    if (!y) {
        if (gap && !*gap) *gap = year;
        return !(CALENDAR_WEEKEND & weekday);
    }
    if (y->worked[at / 8] & bit) return true;
    return !(y->holiday[at / 8] & bit) && !(y->weekend & weekday);
}

int64_t calendar_add(const struct calendar *c, int64_t day, int n, int *gap)
{
    int step = n < 0 ? -1 : 1, left = n < 0 ? -n : n;
    assert(left <= CALENDAR_DAYS_MAX);
    /* A calendar in which nothing is worked must not run for ever: ten times as many days is no calendar of ours. */
    for (int64_t most = 20000 + 10 * (int64_t)left; left > 0 && most > 0; most--) {
        day += step;
        if (calendar_is_working(c, day, gap)) left--;
    }
    return day;
}

int64_t calendar_between(const struct calendar *c, int64_t from, int64_t to, int *gap)
{
    int64_t n = 0, sign = from <= to ? 1 : -1;
    int64_t low = from <= to ? from : to, high = from <= to ? to : from;
    for (int64_t day = low + 1; day <= high; day++)
        n += calendar_is_working(c, day, gap);
    return sign * n;
}
