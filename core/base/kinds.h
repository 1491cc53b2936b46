/* The two object kinds that every floor makes: a date (id: days since 1970-01-01) and an instant (id: ms UTC).
 *
 * A date has iso, text ("2021-01-04"), year, month, day, weekday (1 Monday … 7 Sunday). An instant has iso (UTC) and
 * text (local: "2021-01-04 08:00"). They are in the arena; equality is by id. */
#ifndef KHUNG_KINDS_H
#define KHUNG_KINDS_H

#include "base/val.h"

extern const struct val_kind date_kind, instant_kind;

/* 0 or ERR_NOMEM (without a struct err: the caller's arena is used up). */
int kind_date(struct arena *a, int64_t days, struct val *out);
/* `zone`: IANA name for the local text; NULL or an unknown one: UTC. */
int kind_instant(struct arena *a, int64_t ms, const char *zone, struct val *out);

#endif
