/* iCalendar (RFC 5545) into a buffer: lines with CRLF, folded at 75 octets without splitting a character; texts
 * escaped. Any thread. */
#ifndef KHUNG_ICS_H
#define KHUNG_ICS_H

#include "base/buf.h"
#include "base/zone.h"

/* One content line; `value` stands as it is. */
void ics_line(struct buf *b, const char *name, const char *value);
/* The same for a text: comma, semicolon, backslash and line breaks are escaped, other control characters left out. */
void ics_text(struct buf *b, const char *name, const char *text);
/* "DTSTAMP:20210104T010000Z" */
void ics_instant(struct buf *b, const char *name, int64_t ms);
/* When something is: a day when it is midnight in the zone, else the zone's local time. */
void ics_local(struct buf *b, const char *name, const struct zone *z, int64_t ms);
/* The zone's definition for the time from `from` to `until` (ms). */
void ics_zone(struct buf *b, const struct zone *z, int64_t from, int64_t until);

#endif
