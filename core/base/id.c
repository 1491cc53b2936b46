/* Sortable ids: time in front, a counter behind, never going back. */
#include "base/id.h"

enum { COUNTER_BITS = 12 };
static const int64_t epoch_ms = 1577836800000; /* 2020-01-01 UTC */

int64_t id_next(struct id_gen *g, int64_t now_ms)
{
    int64_t id = now_ms > epoch_ms ? (now_ms - epoch_ms) << COUNTER_BITS : 1;
    if (id <= g->last) id = g->last + 1;
    g->last = id;
    return id;
}

int64_t id_time(int64_t id)
{
    return (id >> COUNTER_BITS) + epoch_ms;
}
