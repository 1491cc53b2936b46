/* Time as people mean it: local text, working days, deadlines. */
#ifndef KHUNG_PEOPLE_TIME_H
#define KHUNG_PEOPLE_TIME_H

#include "base/calendar.h"
#include "base/field.h"
#include "plugin/session.h"
#include "store/store.h"

struct host;
struct zone;

/* How local times in text are read: in the host's zone. `host` must outlive it. */
void people_field_time(struct host *host, struct field_time *out);

/* An instant from what was written: an instant or date object, ms, "2021-01-04 08:00", or a
 * duration from `base`
 * ("2h"; "3d" and "2 working days" keep the local wall time; "1 day before" goes back). ERR_INVALID
 * "people.deadline" {text}. */
int people_deadline(struct session *s, const struct val *when, int64_t base, int64_t *ms, struct err *err);
/* The same without a session. *gap (may be NULL) is set to a year that has no calendar, when one
 * was crossed. */
struct people_term {
    struct store *db; /* for the calendar; only read when working days are asked for */
    const char *zone;
    int64_t base;
};
int people_term(const struct people_term *t, const struct val *when, int64_t *ms, int *gap, struct err *err);

/* The announced days of the years from–to. The caller closes the calendar, also after an error. */
int people_calendar_load(struct store *db, int from, int to, struct calendar *out, struct err *err);

#endif
