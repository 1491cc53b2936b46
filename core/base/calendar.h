/* The calendar of working days: what is announced for each year, not computed.
 *
 * A year has a weekend (bits by weekday, Sunday is bit 0), holidays, and days of the weekend that are worked to make
 * up for others. A year without a table is read with the usual weekend and no holidays; results that touch one say
 * so. Embedded by the caller; filled once, then read. */
#ifndef KHUNG_CALENDAR_H
#define KHUNG_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_WEEKEND = 1 << 0 | 1 << 6, CALENDAR_DAYS_MAX = 2600 };

struct calendar_year {
    int year;
    uint8_t weekend;
    int working;       /* days of it */
    uint64_t works[6]; /* bits by day of the year */
};

struct calendar {
    struct calendar_year *years; /* sorted */
    int n, cap;
};

void calendar_init(struct calendar *c);
void calendar_close(struct calendar *c);
/* Announces a year, with none of its days; days of a year that was not announced are ignored. */
void calendar_add_year(struct calendar *c, int year, uint8_t weekend);
void calendar_add_day(struct calendar *c, int64_t day, bool works);

/* The n-th working day after (n > 0) or before (n < 0) a day; 0: the day itself. |n| ≤ CALENDAR_DAYS_MAX. Takes time by
 * the years on the way, not by the days. `gap` (may be NULL) is set to the first year met that has no table; untouched
 * otherwise. */
int64_t calendar_add(const struct calendar *c, int64_t day, int n, int *gap);
/* Working days in (from, to]; negative when `to` lies before. */
int64_t calendar_between(const struct calendar *c, int64_t from, int64_t to, int *gap);

#endif
