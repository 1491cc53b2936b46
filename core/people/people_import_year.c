/* Reader of calendars: which days of a year are worked. */
#include <string.h>

#include "base/calendar.h"
#include "base/date.h"
#include "people/people_import.h"

static int weekend_bits(struct import *im, const struct val *list, int64_t *bits)
{
    static const char names[] = "sunmontuewedthufrisat";
    *bits = CALENDAR_WEEKEND;
    if (!list) return 0;
    *bits = 0;
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *v = val_at(list, i);
        int found = -1;
        for (int d = 0; d < 7; d++)
            if (val_is(v, VAL_STR) && v->as.str.len == 3 && strncmp(v->as.str.s, names + (size_t)3 * d, 3) == 0)
                found = d;
        if (found < 0) return import_bad(im, "weekend");
        *bits |= 1 << found;
    }
    return 0;
}

static int calendar_days(struct import *im, const struct val *row, const char *name, int64_t year, int64_t works)
{
    const struct val *list = val_get(row, name);
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *v = val_at(list, i);
        struct date d;
        int32_t offset;
        const char *s = val_cstr(im->a, v);
        if (!s || !date_parse(s, strlen(s), &d, &offset) || d.year != year) return import_bad(im, name);
        int64_t day = date_days(d.year, d.month, d.day);
        int rc = PUT(im, "insert into calendar_day(day, works) values(?1, ?2)", "ii", &day, &works);
        if (rc) return rc == ERR_CONFLICT ? import_bad(im, name) : rc;
    }
    return 0;
}

/* A year is announced as a whole: what was there before goes. */
int import_year(struct import *im, const struct val *row)
{
    int64_t year = val_get_int(row, "year", 0), bits;
    if (year < 1900 || year > 9999) return import_bad(im, "year");
    int64_t first = date_days((int)year, 1, 1), last = date_days((int)year, 12, 31);
    int rc = weekend_bits(im, val_get(row, "weekend"), &bits);
    if (rc == 0)
        rc = PUT(im,
                 "insert into calendar_year(year, weekend) values(?1, ?2) on conflict(year) do "
                 "update set weekend ="
                 " excluded.weekend",
                 "ii", &year, &bits);
    if (rc == 0) rc = PUT(im, "delete from calendar_day where day between ?1 and ?2", "ii", &first, &last);
    if (rc == 0) rc = calendar_days(im, row, "holidays", year, 0);
    return rc ? rc : calendar_days(im, row, "working", year, 1);
}
