/* Dates and instants as objects: their number is their identity, the fields are for people and for JSON. */
#include "base/kinds.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/zone.h"

const struct val_kind date_kind = {"date"}, instant_kind = {"instant"};

static struct val *new_map(struct arena *a)
{
    struct val *map = arena_alloc(a, sizeof(*map));
    if (map) *map = val_map();
    return map;
}

int kind_date(struct arena *a, int64_t days, struct val *out)
{
    struct date d;
    char text[16];
    struct val *fields = new_map(a);
    date_from_days(days, &d);
    date_format_day(days, text);
    const char *iso = arena_strdup(a, text);
    if (!fields || !iso) return ERR_NOMEM;
    int weekday = date_weekday(days);
    int rc = val_set(a, fields, "iso", val_str(iso));
    if (rc == 0) rc = val_set(a, fields, "text", val_str(iso));
    if (rc == 0) rc = val_set(a, fields, "year", val_int(d.year));
    if (rc == 0) rc = val_set(a, fields, "month", val_int(d.month));
    if (rc == 0) rc = val_set(a, fields, "day", val_int(d.day));
    if (rc == 0) rc = val_set(a, fields, "weekday", val_int(weekday ? weekday : 7));
    if (rc == 0) *out = val_obj(&date_kind, days, 0, fields);
    return rc ? ERR_NOMEM : 0;
}

int kind_instant(struct arena *a, int64_t ms, const char *zone, struct val *out)
{
    const struct zone *z = zone ? zone_get(zone) : NULL;
    struct val *fields = new_map(a);
    struct date d;
    char iso[32], text[32];
    if (z)
        zone_local(z, ms, &d, NULL);
    else
        date_from_ms(ms, &d);
    date_format_iso(ms, iso);
    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d", d.year % 10000, d.month % 100, d.day % 100, d.hour % 100,
             d.minute % 100);
    const char *iso_copy = arena_strdup(a, iso), *text_copy = arena_strdup(a, text);
    if (!fields || !iso_copy || !text_copy) return ERR_NOMEM;
    int rc = val_set(a, fields, "iso", val_str(iso_copy));
    if (rc == 0) rc = val_set(a, fields, "text", val_str(text_copy));
    if (rc == 0) *out = val_obj(&instant_kind, ms, 0, fields);
    return rc ? ERR_NOMEM : 0;
}
