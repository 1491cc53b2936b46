/* Calendar arithmetic on days since 1970, by the usual era method; parsing of the few forms that people write. */
#include "base/date.h"

#include <stdio.h>
#include <string.h>

int64_t date_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void date_from_days(int64_t days, struct date *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *out = (struct date){0};
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
}

int date_weekday(int64_t days)
{
    int64_t d = (days + 4) % 7; /* 1970-01-01 was a Thursday */
    return (int)(d < 0 ? d + 7 : d);
}

bool date_is_valid(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= lengths[month - 1] + (month == 2 && leap);
}

int64_t date_to_ms(const struct date *d)
{
    int64_t seconds = date_days(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
    return seconds * 1000 + d->ms;
}

void date_from_ms(int64_t ms, struct date *out)
{
    int64_t days = ms / 86400000, rest = ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    date_from_days(days, out);
    out->hour = (int)(rest / 3600000);
    out->minute = (int)(rest / 60000 % 60);
    out->second = (int)(rest / 1000 % 60);
    out->ms = (int)(rest % 1000);
}

struct scan {
    const char *p, *end;
};

/* Exactly `least` to `most` digits. */
static bool digits(struct scan *s, int least, int most, int *out)
{
    int n = 0;
    *out = 0;
    while (s->p < s->end && n < most && *s->p >= '0' && *s->p <= '9') {
        *out = *out * 10 + (*s->p++ - '0');
        n++;
    }
    return n >= least;
}

static bool skip(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c) return false;
    s->p++;
    return true;
}

static bool parse_day(struct scan *s, struct date *d)
{
    struct scan start = *s;
    if (digits(s, 4, 4, &d->year) && skip(s, '-') && digits(s, 2, 2, &d->month) && skip(s, '-') &&
        digits(s, 2, 2, &d->day))
        return true;
    *s = start;
    return digits(s, 1, 2, &d->day) && skip(s, '/') && digits(s, 1, 2, &d->month) && skip(s, '/') &&
           digits(s, 4, 4, &d->year);
}

static bool parse_clock(struct scan *s, struct date *d)
{
    if (!digits(s, 2, 2, &d->hour) || !skip(s, ':') || !digits(s, 2, 2, &d->minute)) return false;
    if (skip(s, ':')) {
        if (!digits(s, 2, 2, &d->second)) return false;
        if (skip(s, '.') && !digits(s, 3, 3, &d->ms)) return false;
    }
    return d->hour < 24 && d->minute < 60 && d->second < 60;
}

static bool parse_offset(struct scan *s, int32_t *offset_min)
{
    int hours, minutes;
    if (skip(s, 'Z')) {
        *offset_min = 0;
        return true;
    }
    if (s->p == s->end || (*s->p != '+' && *s->p != '-')) return true;
    int sign = *s->p++ == '-' ? -1 : 1;
    if (!digits(s, 2, 2, &hours) || !skip(s, ':') || !digits(s, 2, 2, &minutes)) return false;
    if (hours > 14 || minutes > 59) return false;
    *offset_min = sign * (hours * 60 + minutes);
    return true;
}

bool date_parse(const char *text, size_t len, struct date *out, int32_t *offset_min)
{
    struct scan s = {text, text + len};
    *out = (struct date){0};
    *offset_min = INT32_MIN;
    if (!parse_day(&s, out) || !date_is_valid(out->year, out->month, out->day)) return false;
    if (s.p == s.end) return true;
    if (*s.p != ' ' && *s.p != 'T') return false;
    s.p++;
    return parse_clock(&s, out) && parse_offset(&s, offset_min) && s.p == s.end;
}

void date_format_iso(int64_t ms, char out[32])
{
    struct date d;
    date_from_ms(ms, &d);
    int n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", d.year % 10000, d.month % 100, d.day % 100, d.hour % 100,
                     d.minute % 100, d.second % 100);
    if (d.ms)
        snprintf(out + n, 32 - (size_t)n, ".%03dZ", d.ms % 1000);
    else
        snprintf(out + n, 32 - (size_t)n, "Z");
}

void date_format_day(int64_t days, char out[16])
{
    struct date d;
    date_from_days(days, &d);
    snprintf(out, 16, "%04d-%02d-%02d", d.year % 10000, d.month % 100, d.day % 100);
}

static const struct {
    const char *word;
    int64_t ms;
    int days, working_days;
} units[] = {
    {"ms", 1, 0, 0},         {"s", 1000, 0, 0},         {"m", 60000, 0, 0},           {"h", 3600000, 0, 0},
    {"d", 86400000, 1, 0},   {"w", 7 * 86400000, 7, 0}, {"second", 1000, 0, 0},       {"minute", 60000, 0, 0},
    {"hour", 3600000, 0, 0}, {"day", 86400000, 1, 0},   {"week", 7 * 86400000, 7, 0}, {"working day", 86400000, 0, 1}};

static bool same_word(const char *s, size_t n, const char *word)
{
    size_t w = strlen(word);
    bool plural = n == w + 1 && w > 2 && s[w] == 's';
    return (n == w || plural) && strncmp(s, word, w) == 0;
}

bool duration_parse(const char *text, size_t len, struct duration *out)
{
    struct scan s = {text, text + len};
    int n;
    *out = (struct duration){0};
    if (!digits(&s, 1, 7, &n)) return false;
    while (s.p < s.end && *s.p == ' ')
        s.p++;
    size_t rest = (size_t)(s.end - s.p);
    if (rest > 7 && strncmp(s.end - 7, " before", 7) == 0) {
        out->before = true;
        rest -= 7;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!same_word(s.p, rest, units[i].word)) continue;
        out->ms = n * units[i].ms;
        out->days = n * units[i].days;
        out->working_days = n * units[i].working_days;
        return true;
    }
    return false;
}
