/* Cron: five sets of bits. The next fire is found field by field (year, month, day, hour, minute), never by trying
 * each minute; wall clock times become instants by the zone at the end. */
#include "base/cron.h"

#include <stdio.h>
#include <string.h>

enum { YEARS_MOST = 400 }; /* after which the calendar repeats */

struct cron_field {
    const char *name;
    int least, most;
    const char *names; /* three letters each, from `least` on */
};

static const struct cron_field fields[] = {
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day", 1, 31, ""},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"weekday", 0, 7, "sunmontuewedthufrisat"}, /* 7 is Sunday as well */
};

static const struct {
    const char *word, *line;
} nicknames[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@weekly", "0 0 * * 0"},
                 {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@midnight", "0 0 * * *"},
                 {"@annually", "0 0 1 1 *"}};

static bool read_number(const char **p, const char *end, const struct cron_field *f, int *out)
{
    const char *start = *p;
    for (*out = 0; *p < end && **p >= '0' && **p <= '9' && *p - start < 3; (*p)++)
        *out = *out * 10 + (**p - '0');
    if (*p > start) return true;
    if (end - *p < 3) return false;
    char word[4] = {0};
    for (int i = 0; i < 3; i++)
        word[i] = (char)((*p)[i] | 0x20);
    for (int i = 0; f->names[0] && f->names[3 * i]; i++) {
        if (strncmp(word, f->names + (ptrdiff_t)3 * i, 3) != 0) continue;
        *out = f->least + i;
        *p += 3;
        return true;
    }
    return false;
}

/* One of a list: "*", "5", "1-5", each with "/step". A single number with a step goes to the end (5/10). */
static bool read_part(const char *p, const char *end, const struct cron_field *f, uint64_t *bits)
{
    int from = f->least, to = f->most, step = 1;
    if (p < end && *p == '*') {
        p++;
        if (f->most == 7) to = 6;
    } else {
        if (!read_number(&p, end, f, &from)) return false;
        to = from;
        if (p < end && *p == '-') {
            p++;
            if (!read_number(&p, end, f, &to)) return false;
        } else if (p < end && *p == '/') {
            to = f->most == 7 ? 6 : f->most;
        }
    }
    if (p < end && *p == '/') {
        p++;
        if (!read_number(&p, end, &fields[0], &step) || step < 1) return false;
    }
    if (p != end || from < f->least || to > f->most || from > to) return false;
    for (int i = from; i <= to; i += step)
        *bits |= 1ULL << i;
    return true;
}

static bool read_field(const char *p, const char *end, const struct cron_field *f, uint64_t *bits)
{
    *bits = 0;
    for (;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        if (!read_part(p, comma ? comma : end, f, bits)) return false;
        if (!comma) return true;
        p = comma + 1;
    }
}

static int bad(struct err *err, const char *key, const char *text, size_t len, const char *field)
{
    char shown[80];
    snprintf(shown, sizeof(shown), "%.*s", len < 70 ? (int)len : 70, text);
    return err_set(err, ERR_INVALID, key, "cron", shown, "field", field, NULL);
}

static const char *skip_spaces(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

int cron_parse(const char *text, size_t len, struct cron *out, struct err *err)
{
    const char *p = text, *end = text + len;
    uint64_t bits[5];
    bool star[5];
    for (size_t i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++) {
        if (len != strlen(nicknames[i].word) || strncmp(text, nicknames[i].word, len) != 0) continue;
        return cron_parse(nicknames[i].line, strlen(nicknames[i].line), out, err);
    }
    for (int i = 0; i < 5; i++) {
        p = skip_spaces(p, end);
        const char *start = p;
        while (p < end && *p != ' ' && *p != '\t')
            p++;
        if (p == start || !read_field(start, p, &fields[i], &bits[i]))
            return bad(err, "cron.syntax", text, len, fields[i].name);
        star[i] = *start == '*';
    }
    if (skip_spaces(p, end) != end) return bad(err, "cron.syntax", text, len, "end");
    if (bits[4] & 1u << 7) bits[4] |= 1;
    *out = (struct cron){
        bits[0], (uint32_t)bits[1], (uint32_t)bits[2], (uint32_t)bits[3], (uint32_t)bits[4] & 0x7f, star[2], star[4]};
    struct date from = {2000, 1, 1, 0, 0, 0, 0}, found;
    return cron_next_local(out, &from, &found) ? 0 : bad(err, "cron.never", text, len, "day");
}

static bool day_matches(const struct cron *c, int64_t days, int day)
{
    bool by_day = c->days >> day & 1, by_weekday = c->weekdays >> date_weekday(days) & 1;
    if (c->any_day || c->any_weekday) return by_day && by_weekday;
    return by_day || by_weekday;
}

/* The least bit at or after `from`, or -1. */
static int next_bit(uint64_t bits, int from)
{
    if (from > 63) return -1;
    bits = bits >> from << from;
    return bits ? __builtin_ctzll(bits) : -1;
}

/* The first day at or after the given one that matches. */
static bool next_day(const struct cron *c, struct date *d)
{
    int last = d->year + YEARS_MOST;
    while (d->year <= last) {
        int month = next_bit(c->months, d->month);
        if (month != d->month) d->day = 1;
        if (month < 0) {
            d->year++;
            d->month = 1;
            continue;
        }
        d->month = month;
        for (int64_t days = date_days(d->year, month, d->day); date_is_valid(d->year, month, d->day); d->day++, days++)
            if (day_matches(c, days, d->day)) return true;
        d->month++;
        d->day = 1;
    }
    return false;
}

bool cron_next_local(const struct cron *c, const struct date *after, struct date *out)
{
    struct date d = *after;
    d.second = d.ms = 0;
    int minute = next_bit(c->minutes, d.minute + 1), hour = d.hour;
    if (minute < 0) {
        minute = next_bit(c->minutes, 0);
        hour++;
    }
    int next = next_bit(c->hours, hour);
    struct date day = d;
    bool found = next >= 0 && next_day(c, &day) && day.year == d.year && day.month == d.month && day.day == d.day;
    if (found) {
        if (next != d.hour) minute = next_bit(c->minutes, 0);
        hour = next;
    } else {
        date_from_days(date_days(d.year, d.month, d.day) + 1, &day);
        if (!next_day(c, &day)) return false;
        hour = next_bit(c->hours, 0);
        minute = next_bit(c->minutes, 0);
    }
    *out = (struct date){day.year, day.month, day.day, hour, minute, 0, 0};
    return true;
}

int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after_ms, struct date *local)
{
    struct zone_span span, before;
    struct date d;
    int64_t seconds = after_ms >= 0 ? after_ms / 1000 : -((-after_ms + 999) / 1000);
    zone_span_at(z, seconds, &span);
    int32_t offset = span.offset_s;
    if (span.from != INT64_MIN) {
        /* Right after a gap, times that were skipped are still to fire at their shifted instants. */
        zone_span_at(z, span.from - 1, &before);
        if (before.offset_s < offset && seconds - span.from < offset - before.offset_s) offset = before.offset_s;
    }
    date_from_ms((seconds + offset) * 1000, &d);
    for (;;) {
        struct date next;
        if (!cron_next_local(c, &d, &next)) return INT64_MAX;
        int64_t ms = zone_instant(z, &next);
        if (ms > after_ms) {
            if (local) *local = next;
            return ms;
        }
        d = next; /* the second pass of an overlap, or already reached by a shifted one */
    }
}
