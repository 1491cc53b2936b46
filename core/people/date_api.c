/* date.*, instant:* and date:*: days and instants as objects; words and patterns come from the
 * catalogue. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "base/zone.h"
#include "people/people_internal.h"
#include "people/time.h"

static const char *zone_of(const struct api_call *c)
{
    return c->s->zone ? c->s->zone : c->s->host->zone;
}

static int bad_arg(struct api_call *c, const char *argument, const char *type, const struct val *got)
{
    return err_set(c->err, ERR_INVALID, "invalid.argument", "function", c->fn->name, "argument", argument, "type", type,
                   "got", val_type_name(got->type), NULL);
}

static int give_date(struct api_call *c, int64_t day)
{
    return kind_date(c->arena, day, &c->result) ? people_too_large(c->err) : 0;
}

static int give_instant(struct api_call *c, int64_t ms)
{
    return kind_instant(c->arena, ms, zone_of(c), &c->result) ? people_too_large(c->err) : 0;
}

/* What a time argument is: a day or an instant. */
struct moment {
    bool is_day;
    int64_t at;
};

static bool parse_text(const struct api_call *c, const struct val *v, struct moment *m)
{
    const struct zone *z = zone_get(zone_of(c));
    struct date d;
    int32_t offset;
    struct err ignored;
    if (!z || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return false;
    m->is_day = v->as.str.len <= 10;
    m->at = date_days(d.year, d.month, d.day);
    return m->is_day || zone_parse(z, v->as.str.s, v->as.str.len, &m->at, &ignored) == 0;
}

static int moment_of(struct api_call *c, size_t i, struct moment *m)
{
    const struct val *v = &c->args[i];
    if (v->type == VAL_OBJ && (v->as.obj.kind == &date_kind || v->as.obj.kind == &instant_kind)) {
        *m = (struct moment){v->as.obj.kind == &date_kind, v->as.obj.id};
        return 0;
    }
    if (v->type == VAL_STR && parse_text(c, v, m)) return 0;
    return bad_arg(c, i ? "b" : "a", "date or instant", v);
}

static int64_t day_of(const struct api_call *c, const struct moment *m)
{
    const struct zone *z = zone_get(zone_of(c));
    if (m->is_day) return m->at;
    return z ? zone_day(z, m->at) : people_day(c->s->host, m->at);
}

static int today(struct api_call *c)
{
    struct moment now = {false, c->s->now};
    return give_date(c, day_of(c, &now));
}

static int now(struct api_call *c)
{
    return give_instant(c, c->s->now);
}

static int parse(struct api_call *c)
{
    struct moment m;
    if (!parse_text(c, &c->args[0], &m)) {
        c->result = val_nil();
        return 0;
    }
    return m.is_day ? give_date(c, m.at) : give_instant(c, m.at);
}

/* A day is moved by days only; 09:00 stands in for its time, far from any change of clocks. */
static int add(struct api_call *c)
{
    struct moment m;
    struct duration d;
    const struct val *by = &c->args[1];
    struct people_term t = {.db = c->s->db, .zone = zone_of(c)};
    int64_t ms;
    int rc = moment_of(c, 0, &m), gap = 0;
    if (rc) return rc;
    if (!duration_parse(by->as.str.s, by->as.str.len, &d) || (m.is_day && !d.days && !d.working_days))
        return bad_arg(c, "by", m.is_day ? "days" : "duration", by);
    t.base = m.at;
    if (m.is_day) {
        t.zone = "UTC";
        t.base = m.at * 86400000 + (int64_t)9 * 3600000;
    }
    rc = people_term(&t, by, &ms, &gap, c->err);
    if (rc) return rc;
    return m.is_day ? give_date(c, (ms - (int64_t)9 * 3600000) / 86400000) : give_instant(c, ms);
}

static int working_between(struct api_call *c, int64_t from, int64_t to)
{
    struct calendar calendar;
    struct date a, b;
    date_from_days(from < to ? from : to, &a);
    date_from_days(from < to ? to : from, &b);
    if (b.year - a.year > 60) return err_set(c->err, ERR_LIMIT, "people.term_too_long", NULL);
    int rc = people_calendar_load(c->s->db, a.year, b.year, &calendar, c->err);
    if (rc == 0) c->result = val_int(calendar_between(&calendar, from, to, NULL));
    calendar_close(&calendar);
    return rc;
}

static int between(struct api_call *c)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"seconds", 1000}, {"minutes", 60000}, {"hours", 3600000}};
    struct moment a, b;
    const struct val *unit = &c->args[2];
    int rc = moment_of(c, 0, &a);
    if (rc == 0) rc = moment_of(c, 1, &b);
    if (rc) return rc;
    int64_t from = day_of(c, &a), to = day_of(c, &b);
    c->result = val_int(to - from);
    if (unit->type == VAL_NIL || val_is_str(unit, "days")) return 0;
    if (val_is_str(unit, "weeks")) c->result = val_int((to - from) / 7);
    if (val_is_str(unit, "weeks")) return 0;
    if (val_is_str(unit, "working days")) return working_between(c, from, to);
    if (a.is_day || b.is_day) return bad_arg(c, "a", "instant", &c->args[0]);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!val_is_str(unit, units[i].unit)) continue;
        c->result = val_int((b.at - a.at) / units[i].ms);
        return 0;
    }
    return bad_arg(c, "unit", "days, weeks, working days, hours, minutes, seconds", unit);
}

/* The pattern of a style ("date.long") with its parts filled in. */
static int format_words(struct api_call *c, const struct date *d, const char *style)
{
    const char *lang = locale_pick(c->s->lang);
    char key[64], day[24], day2[24], month[24], month1[24], year[24], hour[24], minute[24];
    struct buf out;
    snprintf(day, sizeof(day), "%d", d->day);
    snprintf(day2, sizeof(day2), "%02d", d->day);
    snprintf(month, sizeof(month), "%02d", d->month);
    /* Decree 30/2020: a leading zero in months 1 and 2 only. */
    snprintf(month1, sizeof(month1), d->month <= 2 ? "%02d" : "%d", d->month);
    snprintf(year, sizeof(year), "%04d", d->year);
    snprintf(hour, sizeof(hour), "%02d", d->hour);
    snprintf(minute, sizeof(minute), "%02d", d->minute);
    snprintf(key, sizeof(key), "date.month.%d", d->month);
    const char *month_name = locale_text(lang, key);
    char weekday_key[32];
    snprintf(weekday_key, sizeof(weekday_key), "date.weekday.%d", date_weekday(date_days(d->year, d->month, d->day)));
    const char *weekday = locale_text(lang, weekday_key);
    snprintf(key, sizeof(key), "date.%s", style);
    buf_init(&out, 512);
    locale_format(&out, lang, key, "day", day, "day2", day2, "month", month, "month1", month1, "month_name", month_name,
                  "year", year, "hour", hour, "minute", minute, "weekday", weekday, NULL);
    char *copy = buf_ok(&out) && out.data ? arena_strndup(c->arena, out.data, out.len) : NULL;
    if (copy) c->result = val_strn(copy, out.len);
    buf_close(&out);
    return copy ? 0 : people_too_large(c->err);
}

static int format(struct api_call *c)
{
    static const char *const styles[] = {"short", "long", "weekday", "time", "iso"};
    const struct zone *z = zone_get(zone_of(c));
    const struct val *style = &c->args[1];
    struct moment m;
    struct date d;
    size_t k = 0;
    int rc = moment_of(c, 0, &m);
    if (rc) return rc;
    if (style->type != VAL_NIL)
        while (k < 5 && !val_is_str(style, styles[k]))
            k++;
    if (k == 5) return bad_arg(c, "style", "short, long, weekday, time, iso", style);
    if (k == 4) {
        rc = m.is_day ? give_date(c, m.at) : give_instant(c, m.at);
        if (rc == 0) c->result = *val_get(c->result.as.obj.fields, "iso");
        return rc;
    }
    if (m.is_day || !z)
        date_from_ms(m.is_day ? m.at * 86400000 : m.at, &d);
    else
        zone_local(z, m.at, &d, NULL);
    return format_words(c, &d, styles[k]);
}

static int instant_date(struct api_call *c)
{
    struct moment m = {false, c->args[0].as.obj.id};
    return give_date(c, day_of(c, &m));
}

static int instant_parts(struct api_call *c)
{
    static const char *const names[] = {"year", "month", "day", "hour", "minute", "second", "weekday"};
    const struct zone *z = zone_get(zone_of(c));
    struct date d;
    if (z)
        zone_local(z, c->args[0].as.obj.id, &d, NULL);
    else
        date_from_ms(c->args[0].as.obj.id, &d);
    int weekday = date_weekday(date_days(d.year, d.month, d.day));
    const int values[] = {d.year, d.month, d.day, d.hour, d.minute, d.second, weekday ? weekday : 7};
    c->result = val_map();
    for (size_t i = 0; i < 7; i++)
        if (val_set(c->arena, &c->result, names[i], val_int(values[i]))) return people_too_large(c->err);
    return 0;
}

const struct api_fn date_functions[] = {
    {"date.today", today, "", "Date", API_READ, NULL, 1, "Today in the organisation's zone."},
    {"date.now", now, "", "Instant", API_READ, NULL, 1, "The time of this slice."},
    {"date.parse", parse, "text:text!", "Date|Instant?", API_PURE, NULL, 1,
     "A day (\"04/01/2021\") or, with a time of day, an instant; nil if it is neither."},
    {"date.add", add, "a:any! by:text!", "Date|Instant", API_READ, NULL, 1,
     "Later by \"5 working days\", \"2w\", \"3h\"; earlier by \"1 day before\". Days keep the "
     "local time."},
    {"date.between", between, "a:any! b:any! unit:text", "integer", API_READ, NULL, 1,
     "From a to b in days, working days, weeks, hours, minutes or seconds."},
    {"date.format", format, "a:any! style:text", "string", API_PURE, NULL, 1,
     "In the reader's language: short, long, weekday, time, iso."},
    {"instant:date", instant_date, "instant:object:instant!", "Date", API_PURE, NULL, 1, "Its local day."},
    {"instant:parts", instant_parts, "instant:object:instant!", "table", API_PURE, NULL, 1,
     "Its local year, month, day, hour, minute, second, weekday (1 Monday to 7 Sunday)."},
    {0},
};
