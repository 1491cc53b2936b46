/* Working days by announced tables: a year is a bitmap, in which days are counted and found by their bits. */
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

static int year_days(int year)
{
    return (int)(date_days(year + 1, 1, 1) - date_days(year, 1, 1));
}

static void put(struct calendar_year *y, int at, bool works)
{
    uint64_t bit = UINT64_C(1) << at % 64, *word = &y->works[at / 64];
    if (!(*word & bit) == !works) return;
    *word ^= bit;
    y->working += works ? 1 : -1;
}

/* Working days among the first `at` of the year. */
static int count(const struct calendar_year *y, int at)
{
    int n = 0, word = 0;
    for (; word < at / 64; word++)
        n += __builtin_popcountll(y->works[word]);
    return at % 64 ? n + __builtin_popcountll(y->works[word] << (64 - at % 64)) : n;
}

/* The weeks of a year, before anything is announced of its days. */
static void fill(struct calendar_year *y, int year, uint8_t weekend)
{
    int weekday = date_weekday(date_days(year, 1, 1)), n = year_days(year);
    uint64_t week = 0;
    *y = (struct calendar_year){.year = year, .weekend = weekend};
    for (int i = 0; i < 7; i++)
        if (!(weekend & 1u << (weekday + i) % 7)) week |= UINT64_C(1) << i;
    for (int at = 0; at < n; at += 7) {
        y->works[at / 64] |= week << at % 64;
        if (at % 64 > 64 - 7) y->works[at / 64 + 1] |= week >> (64 - at % 64);
    }
    y->works[5] &= (UINT64_C(1) << (n - 5 * 64)) - 1;
    y->working = count(y, n);
}

void calendar_add_year(struct calendar *c, int year, uint8_t weekend)
{
    struct calendar_year *known = find(c, year);
    if (known) {
        fill(known, year, weekend);
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
    fill(&c->years[at], year, weekend);
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
    if (y) put(y, at, works);
}

/* A year that has no table is made in `usual`. */
static const struct calendar_year *year_of(const struct calendar *c, int year, struct calendar_year *usual, int *gap)
{
    const struct calendar_year *y = find(c, year);
    if (y) return y;
    if (gap && !*gap) *gap = year;
    if (usual->year != year || !usual->weekend) fill(usual, year, CALENDAR_WEEKEND);
    return usual;
}

/* Which day of the year is the n-th that is worked, from 1. */
static int find_working(const struct calendar_year *y, int n)
{
    int word = 0;
    for (int here; n > (here = __builtin_popcountll(y->works[word])); word++)
        n -= here;
    uint64_t bits = y->works[word];
    while (--n > 0)
        bits &= bits - 1;
    return 64 * word + __builtin_ctzll(bits);
}

int64_t calendar_add(const struct calendar *c, int64_t day, int n, int *gap)
{
    struct calendar_year usual = {0};
    int year, left = n < 0 ? -n : n;
    assert(left <= CALENDAR_DAYS_MAX);
    if (n == 0) return day;
    /* From the first day that counts: the n-th working day of its year, or of one further on. */
    int at = split(n > 0 ? day + 1 : day - 1, &year);
    const struct calendar_year *y = year_of(c, year, &usual, gap);
    int nth = n > 0 ? count(y, at) + left : count(y, at + 1) + 1 - left;
    /* A calendar in which nothing is worked must not run for ever: ten times as many days is no calendar of ours. */
    for (int most = 55 + left / 36; nth < 1 || nth > y->working; most--) {
        if (most == 0) return day + (n > 0 ? 1 : -1) * (20000 + 10 * (int64_t)left);
        if (n > 0) nth -= y->working;
        year += n > 0 ? 1 : -1;
        y = year_of(c, year, &usual, gap);
        if (n < 0) nth += y->working;
    }
    return date_days(year, 1, 1) + find_working(y, nth);
}

int64_t calendar_between(const struct calendar *c, int64_t from, int64_t to, int *gap)
{
    struct calendar_year usual = {0};
    int64_t low = from <= to ? from : to, high = from <= to ? to : from, n = 0;
    if (low == high) return 0;
    int year, last, first_at = split(low + 1, &year), last_at = split(high, &last);
    for (int i = year; i <= last; i++) {
        const struct calendar_year *y = year_of(c, i, &usual, gap);
        n += i == last ? count(y, last_at + 1) : y->working;
        if (i == year) n -= count(y, first_at);
    }
    return from <= to ? n : -n;
}
