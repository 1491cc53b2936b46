/* Cron expressions: "minute hour day-of-month month day-of-week", in the local time of a zone.
 *
 * Fields take numbers, names (jan, mon), lists, ranges, steps. When both day fields are restricted, either matches
 * (POSIX); a field that begins with a star does not restrict. @hourly, @daily, @weekly, @monthly, @yearly stand for
 * the usual lines. A local time fires once: skipped by a gap, it fires at the shifted time (02:30 → 03:30); repeated
 * by an overlap, at the first. Pure; any thread. */
#ifndef KHUNG_CRON_H
#define KHUNG_CRON_H

#include "base/zone.h"

struct cron {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* bits by number; Sunday is 0 */
    bool any_day, any_weekday;              /* the field begins with a star */
};

/* ERR_INVALID "cron.syntax" {cron, field}; "cron.never" {cron} for dates that do not exist (30 February). */
int cron_parse(const char *text, size_t len, struct cron *out, struct err *err);

/* The first fire after an instant. `local` (may be NULL) is the wall clock time that it stands for, which is what is
 * kept: the instant is derived from it. */
int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after_ms, struct date *local);
/* The first matching wall clock time after a wall clock time. False: none within 400 years. */
bool cron_next_local(const struct cron *c, const struct date *after, struct date *out);

#endif
