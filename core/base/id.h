/* Sortable ids: positive integers below 2^53 (exact in JSON and JavaScript), rising with time.
 *
 * 41 bits of milliseconds since 2020-01-01 UTC, then 12 bits of counter; a burst borrows from the next
 * millisecond. One generator per writer; `last` is raised to the largest stored id at start, so ids never go
 * back when the clock does. */
#ifndef KHUNG_ID_H
#define KHUNG_ID_H

#include <stdint.h>

struct id_gen {
    int64_t last;
};

int64_t id_next(struct id_gen *g, int64_t now_ms);
/* The millisecond in which an id was made (about). */
int64_t id_time(int64_t id);

#endif
