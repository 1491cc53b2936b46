/* Fair shares of the lane's time: each plugin has a list; the one that has used least is served next. */
#include "store/lane_queue.h"

#include <stddef.h>

void lane_queue_init(struct lane_queue *q)
{
    q->first_active = -1;
    q->n = 0;
}

void lane_queue_add(struct lane_queue *q, struct lane_work *w)
{
    struct lane_share *s = &q->shares[w->share % LANE_SHARES];
    w->next = NULL;
    if (s->last)
        s->last->next = w;
    else
        s->first = w;
    s->last = w;
    q->n++;
    if (s->active) return;
    s->active = true;
    if (s->used_ns < q->least_ns) s->used_ns = q->least_ns;
    s->next_active = q->first_active;
    q->first_active = (int)(s - q->shares);
}

struct lane_work *lane_queue_take(struct lane_queue *q)
{
    int *best = NULL;
    for (int *at = &q->first_active; *at >= 0; at = &q->shares[*at].next_active)
        if (!best || q->shares[*at].used_ns < q->shares[*best].used_ns) best = at;
    if (!best) return NULL;
    struct lane_share *s = &q->shares[*best];
    struct lane_work *w = s->first;
    q->least_ns = s->used_ns;
    s->first = w->next;
    q->n--;
    if (!s->first) {
        s->last = NULL;
        s->active = false;
        *best = s->next_active;
    }
    w->next = NULL;
    return w;
}

void lane_queue_charge(struct lane_queue *q, uint32_t share, int64_t ns)
{
    q->shares[share % LANE_SHARES].used_ns += ns;
}
