/* The rule at the end of a zone file ("CET-1CEST,M3.5.0,M10.5.0/3"): offsets for all years after its table. */
#ifndef KHUNG_ZONE_RULE_H
#define KHUNG_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_span;

struct zone_rule_day {
    char form; /* 'M' month.week.weekday, 'J' day 1–365 without 29 February, 'N' day 0–365 */
    int month, week, day;
    int32_t time; /* seconds after local midnight; may be negative or beyond a day */
};

struct zone_rule {
    int32_t standard, summer; /* seconds east of UTC */
    bool has_summer;
    struct zone_rule_day start, end;
};

bool zone_rule_parse(const char *s, size_t len, struct zone_rule *out);
/* The span of constant offset that holds an instant (seconds UTC). */
void zone_rule_span(const struct zone_rule *r, int64_t seconds, struct zone_span *out);

#endif
