/* IANA time zones: local time to instant and back, from the system's zone files (tzdata).
 *
 * A struct zone is immutable, shared by all threads and never freed: a service uses a handful. The table of loaded
 * ones is the one piece of shared state (an atomic list). Local times are struct date without an offset.
 *
 *     const struct zone *z = zone_get("Europe/Berlin");   // NULL: no such zone
 *     int64_t ms = zone_instant(z, &local); */
#ifndef KHUNG_ZONE_H
#define KHUNG_ZONE_H

#include "base/date.h"
#include "base/err.h"

struct zone;

/* NULL if there is no such zone. The first call for a zone reads its file. */
const struct zone *zone_get(const char *name);
/* The same with an error: ERR_INVALID "zone.unknown" {zone}. */
int zone_find(const char *name, const struct zone **out, struct err *err);
const char *zone_name(const struct zone *z);

/* RFC 5545: a local time that occurs twice is the first; one that is skipped is read with the offset before the gap
 * (02:30 in a gap of an hour is what the clocks call 03:30). */
int64_t zone_instant(const struct zone *z, const struct date *local);
/* Local time and offset of an instant. `offset_s` (seconds east of UTC) may be NULL. */
void zone_local(const struct zone *z, int64_t ms, struct date *out, int32_t *offset_s);
/* Days since 1970-01-01 of the local date. */
int64_t zone_day(const struct zone *z, int64_t ms);

/* The span of constant offset that holds an instant: [from, until) in seconds UTC; INT64_MIN/MAX at the ends. */
struct zone_span {
    int64_t from, until;
    int32_t offset_s;
};
void zone_span_at(const struct zone *z, int64_t seconds, struct zone_span *out);

/* Reads an instant as people write it: local in `z` unless it carries an offset; a day alone is its first moment.
 * ERR_INVALID "zone.instant" {text}. */
int zone_parse(const struct zone *z, const char *s, size_t len, int64_t *ms, struct err *err);

/* A zone from the bytes of a TZif file; for tests and for zone_get. NULL: not such a file, or damaged. */
struct zone *zone_read(const char *name, const unsigned char *bytes, size_t len);
void zone_free(struct zone *z); /* only what zone_read gave */

#endif
