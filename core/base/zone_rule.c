/* POSIX TZ rules (RFC 8536, section 3.3): a tiny grammar, and the two changes of a year. */
#include "base/zone_rule.h"

#include <string.h>

#include "base/zone.h"

struct scan {
    const char *p, *end;
};

static bool take(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c) return false;
    s->p++;
    return true;
}

static bool number(struct scan *s, int most, int *out)
{
    const char *start = s->p;
    for (*out = 0; s->p < s->end && *s->p >= '0' && *s->p <= '9' && *out <= most; s->p++)
        *out = *out * 10 + (*s->p - '0');
    return s->p > start && *out <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool duration(struct scan *s, int32_t *out)
{
    int h, m = 0, sec = 0, sign = 1;
    if (take(s, '-'))
        sign = -1;
    else
        take(s, '+');
    if (!number(s, 167, &h)) return false;
    if (take(s, ':') && !number(s, 59, &m)) return false;
    if (m >= 0 && take(s, ':') && !number(s, 59, &sec)) return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

/* CET, or <+07> */
static bool name(struct scan *s)
{
    const char *start = s->p;
    if (take(s, '<')) {
        while (s->p < s->end && *s->p != '>')
            s->p++;
        return take(s, '>');
    }
    while (s->p < s->end && ((*s->p >= 'A' && *s->p <= 'Z') || (*s->p >= 'a' && *s->p <= 'z')))
        s->p++;
    return s->p - start >= 3;
}

static bool day(struct scan *s, struct zone_rule_day *d)
{
    *d = (struct zone_rule_day){.form = 'N', .time = 7200};
    if (take(s, 'M')) {
        d->form = 'M';
        if (!number(s, 12, &d->month) || !take(s, '.') || !number(s, 5, &d->week) || !take(s, '.') ||
            !number(s, 6, &d->day) || d->month < 1 || d->week < 1)
            return false;
    } else {
        if (take(s, 'J')) d->form = 'J';
        if (!number(s, 365, &d->day) || (d->form == 'J' && d->day < 1)) return false;
    }
    return !take(s, '/') || duration(s, &d->time);
}

bool zone_rule_parse(const char *text, size_t len, struct zone_rule *out)
{
    struct scan s = {text, text + len};
    *out = (struct zone_rule){0};
    if (!name(&s) || !duration(&s, &out->standard)) return false;
    out->standard = -out->standard; /* POSIX counts west of UTC */
    out->summer = out->standard + 3600;
    if (s.p == s.end) return true;
    out->has_summer = true;
    if (!name(&s)) return false;
    if (s.p < s.end && *s.p != ',') {
        if (!duration(&s, &out->summer)) return false;
        out->summer = -out->summer;
    }
    return take(&s, ',') && day(&s, &out->start) && take(&s, ',') && day(&s, &out->end) && s.p == s.end;
}

/* Local seconds since 1970 at which the day's change happens, before the offset is taken off. */
static int64_t change_at(const struct zone_rule_day *d, int year)
{
    int64_t days;
    if (d->form == 'M') {
        int64_t first = date_days(year, d->month, 1);
        days = first + (d->day - date_weekday(first) + 7) % 7 + (d->week - 1) * 7;
        int64_t next = d->month == 12 ? date_days(year + 1, 1, 1) : date_days(year, d->month + 1, 1);
        if (days >= next) days -= 7; /* week 5 means the last */
    } else {
        days = date_days(year, 1, 1) + d->day - (d->form == 'J');
        if (d->form == 'J' && d->day >= 60 && date_is_valid(year, 2, 29)) days++;
    }
    return days * 86400 + d->time;
}

void zone_rule_span(const struct zone_rule *r, int64_t seconds, struct zone_span *out)
{
    struct date d;
    *out = (struct zone_span){INT64_MIN, INT64_MAX, r->standard};
    if (!r->has_summer) return;
    date_from_ms(seconds * 1000, &d);
    /* A change of the year before or after may be the nearest one. */
    for (int year = d.year - 1; year <= d.year + 1; year++) {
        struct {
            int64_t at;
            int32_t offset;
        } changes[2] = {{change_at(&r->start, year) - r->standard, r->summer},
                        {change_at(&r->end, year) - r->summer, r->standard}};
        for (int i = 0; i < 2; i++) {
            if (changes[i].at <= seconds && changes[i].at > out->from) {
                out->from = changes[i].at;
                out->offset_s = changes[i].offset;
            }
            if (changes[i].at > seconds && changes[i].at < out->until) out->until = changes[i].at;
        }
    }
}
