/* Time as people mean it: text in the organisation's zone; days that keep the wall time; working
 * days by the announced calendar. */
#include "people/time.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/zone.h"
#include "people/people_internal.h"
#include "runtime/log.h"

static int read_instant(void *ctx, const char *s, size_t len, int64_t *ms, struct err *err)
{
    const struct host *host = ctx;
    const struct zone *z;
    int rc = zone_find(host->zone, &z, err);
    return rc ? rc : zone_parse(z, s, len, ms, err);
}

void people_field_time(struct host *host, struct field_time *out)
{
    *out = (struct field_time){.instant = read_instant, .ctx = host};
}

int people_calendar_load(struct store *db, int from, int to, struct calendar *out, struct err *err)
{
    int rc;
    calendar_init(out);
    struct stmt *s = store_stmt(db, "select year, weekend from calendar_year where year between ?1 and ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, from);
    stmt_bind_int(s, 2, to);
    while ((rc = stmt_step(s, err)) == 1)
        calendar_add_year(out, (int)stmt_int(s, 0), (uint8_t)stmt_int(s, 1));
    stmt_done(s);
    if (rc < 0) return rc;
    s = store_stmt(db, "select day, works from calendar_day where day between ?1 and ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, date_days(from, 1, 1));
    stmt_bind_int(s, 2, date_days(to, 12, 31));
    while ((rc = stmt_step(s, err)) == 1)
        calendar_add_day(out, stmt_int(s, 0), stmt_int(s, 1) != 0);
    stmt_done(s);
    return rc;
}

static int not_a_time(const struct val *when, struct err *err)
{
    char text[64];
    if (when->type == VAL_STR)
        snprintf(text, sizeof(text), "%.*s", when->as.str.len < 60 ? (int)when->as.str.len : 60, when->as.str.s);
    else
        snprintf(text, sizeof(text), "%s", val_type_name(when->type));
    return err_set(err, ERR_INVALID, "people.deadline", "text", text, NULL);
}

/* `days` later on the calendar at the same wall time. */
static int64_t move_days(const struct zone *z, int64_t base, int64_t days)
{
    struct date d, moved;
    zone_local(z, base, &d, NULL);
    date_from_days(date_days(d.year, d.month, d.day) + days, &moved);
    moved.hour = d.hour;
    moved.minute = d.minute;
    moved.second = d.second;
    moved.ms = d.ms;
    return zone_instant(z, &moved);
}

static int add_working(const struct people_term *t, const struct zone *z, int n, int64_t *ms, int *gap, struct err *err)
{
    struct calendar c;
    struct date d;
    int64_t day = zone_day(z, t->base);
    if (n > CALENDAR_DAYS_MAX || n < -CALENDAR_DAYS_MAX) return err_set(err, ERR_LIMIT, "people.term_too_long", NULL);
    /* Few years have fewer than 180 working days; where one has, the years beyond are read as
     * having no table. */
    int years = (n < 0 ? -n : n) / 180 + 1;
    date_from_days(day, &d);
    int rc = people_calendar_load(t->db, n < 0 ? d.year - years : d.year, n < 0 ? d.year : d.year + years, &c, err);
    if (rc == 0) *ms = move_days(z, t->base, calendar_add(&c, day, n, gap) - day);
    calendar_close(&c);
    return rc;
}

int people_term(const struct people_term *t, const struct val *when, int64_t *ms, int *gap, struct err *err)
{
    const struct zone *z;
    struct duration d;
    int rc = zone_find(t->zone, &z, err);
    if (rc) return rc;
    if (gap) *gap = 0;
    if (when->type == VAL_INT) {
        *ms = when->as.i;
        return 0;
    }
    if (when->type == VAL_OBJ && strcmp(when->as.obj.kind->name, "instant") == 0) {
        *ms = when->as.obj.id;
        return 0;
    }
    if (when->type == VAL_OBJ && strcmp(when->as.obj.kind->name, "date") == 0) {
        struct date day;
        date_from_days(when->as.obj.id, &day);
        *ms = zone_instant(z, &day);
        return 0;
    }
    if (when->type != VAL_STR) return not_a_time(when, err);
    if (!duration_parse(when->as.str.s, when->as.str.len, &d)) {
        rc = zone_parse(z, when->as.str.s, when->as.str.len, ms, err);
        return rc ? not_a_time(when, err) : 0;
    }
    int sign = d.before ? -1 : 1;
    if (d.working_days) return add_working(t, z, sign * d.working_days, ms, gap, err);
    *ms = d.days ? move_days(z, t->base, (int64_t)sign * d.days) : t->base + sign * d.ms;
    return 0;
}

int people_deadline(struct session *s, const struct val *when, int64_t base, int64_t *ms, struct err *err)
{
    struct people_term t = {.db = s->db, .zone = s->zone ? s->zone : s->host->zone, .base = base};
    struct err_num year;
    int gap = 0;
    int rc = people_term(&t, when, ms, &gap, err);
    if (rc == 0 && gap && !s->replaying) log_warn("calendar.missing_year", "year", err_i64(&year, gap), NULL);
    return rc;
}
