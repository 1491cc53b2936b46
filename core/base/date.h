/* Plain calendar arithmetic (proleptic Gregorian, UTC): no zones here, those are in schedule/zone.h. Any thread. */
#ifndef KHUNG_DATE_H
#define KHUNG_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct date {
    int year, month, day;         /* 1-based */
    int hour, minute, second, ms; /* for date_parse_iso */
};

int64_t date_days(int year, int month, int day); /* days since 1970-01-01 */
void date_from_days(int64_t days, struct date *out);
int date_weekday(int64_t days); /* 0 Sunday … 6 */
bool date_is_valid(int year, int month, int day);
int64_t date_to_ms(const struct date *d);        /* as UTC */
void date_from_ms(int64_t ms, struct date *out); /* as UTC */
/* "2021-01-04", "2021-01-04 08:00", "2021-01-04T08:00:00.000", "04/01/2021", "04/01/2021 08:00", with an optional
 * "Z" or "+07:00". *offset_min is INT32_MIN when none was given. */
bool date_parse(const char *s, size_t len, struct date *out, int32_t *offset_min);
void date_format_iso(int64_t ms, char out[32]);   /* 2021-01-04T01:00:00Z (with .mmm when not 0) */
void date_format_day(int64_t days, char out[16]); /* 2021-01-04 */

/* Durations: "90s" "10m" "2h" "3d" "1w" "500ms" "2 working days" "1 day before". */
struct duration {
    int64_t ms; /* s, m, h, ms; also d and w as 24 h where no calendar applies */
    int days;   /* d and w */
    int working_days;
    bool before;
};
bool duration_parse(const char *s, size_t len, struct duration *out);

#endif
