/* The text of a calendar. */
#include "notify/ics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_OCTETS = 75, SPANS_MAX = 400 };

/* Folding counts octets; the blank that begins a folded line is one of them. */
static void add_folded(struct buf *b, const char *s, size_t *at)
{
    while (*s) {
        size_t n = 1;
        while (((unsigned char)s[n] & 0xc0) == 0x80)
            n++;
        if (*at + n > LINE_OCTETS) {
            buf_add_str(b, "\r\n ");
            *at = 1;
        }
        buf_add(b, s, n);
        *at += n;
        s += n;
    }
}

void ics_line(struct buf *b, const char *name, const char *value)
{
    size_t at = 0;
    add_folded(b, name, &at);
    add_folded(b, ":", &at);
    add_folded(b, value, &at);
    buf_add_str(b, "\r\n");
}

void ics_text(struct buf *b, const char *name, const char *text)
{
    struct buf value;
    buf_init(&value, 64 << 10);
    for (const char *p = text; *p; p++) {
        if (*p == '\n')
            buf_add_str(&value, "\\n");
        else if (strchr(",;\\", *p))
            buf_printf(&value, "\\%c", *p);
        else if ((unsigned char)*p >= 32 && *p != 127)
            buf_add_char(&value, *p);
    }
    ics_line(b, name, buf_ok(&value) && value.data ? value.data : "");
    buf_close(&value);
}

static void format(const struct date *d, bool with_time, const char *end, char out[32])
{
    int n = snprintf(out, 32, "%04d%02d%02d", d->year % 10000, d->month % 100, d->day % 100);
    if (with_time)
        snprintf(out + n, 32 - (size_t)n, "T%02d%02d%02d%s", d->hour % 100, d->minute % 100, d->second % 100, end);
}

void ics_instant(struct buf *b, const char *name, int64_t ms)
{
    struct date d;
    char text[32];
    date_from_ms(ms, &d);
    format(&d, true, "Z", text);
    ics_line(b, name, text);
}

void ics_local(struct buf *b, const char *name, const struct zone *z, int64_t ms)
{
    struct date d;
    char text[32], key[120];
    zone_local(z, ms, &d, NULL);
    bool is_day = d.hour == 0 && d.minute == 0 && d.second == 0;
    format(&d, !is_day, "", text);
    if (is_day)
        snprintf(key, sizeof(key), "%s;VALUE=DATE", name);
    else
        snprintf(key, sizeof(key), "%s;TZID=%s", name, zone_name(z));
    ics_line(b, key, text);
}

static void add_offset(struct buf *b, const char *name, int32_t s)
{
    char text[16];
    int a = abs(s);
    int n = snprintf(text, sizeof(text), "%c%02d%02d", s < 0 ? '-' : '+', a / 3600 % 100, a / 60 % 60);
    if (a % 60) snprintf(text + n, sizeof(text) - (size_t)n, "%02d", a % 60);
    ics_line(b, name, text);
}

/* From when an offset holds, in the local time of the one before it. */
static void add_span(struct buf *b, const struct zone *z, const struct zone_span *span)
{
    struct zone_span before = *span;
    struct date d = {1970, 1, 1, 0, 0, 0, 0};
    char text[32];
    if (span->from != INT64_MIN) {
        zone_span_at(z, span->from - 1, &before);
        date_from_ms((span->from + before.offset_s) * 1000, &d);
    }
    const char *kind = span->offset_s > before.offset_s ? "DAYLIGHT" : "STANDARD";
    format(&d, true, "", text);
    ics_line(b, "BEGIN", kind);
    ics_line(b, "DTSTART", text);
    add_offset(b, "TZOFFSETFROM", before.offset_s);
    add_offset(b, "TZOFFSETTO", span->offset_s);
    ics_line(b, "END", kind);
}

void ics_zone(struct buf *b, const struct zone *z, int64_t from, int64_t until)
{
    struct zone_span span;
    int64_t at = from / 1000;
    ics_line(b, "BEGIN", "VTIMEZONE");
    ics_line(b, "TZID", zone_name(z));
    for (int i = 0; i < SPANS_MAX; i++) {
        zone_span_at(z, at, &span);
        add_span(b, z, &span);
        if (span.until == INT64_MAX || span.until > until / 1000) break;
        at = span.until;
    }
    ics_line(b, "END", "VTIMEZONE");
}
