/* The table is set-associative: a key may stand in one of eight places, so that a look is a line of memory or two. */
#include "http/rate.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"

enum { SETS = 1024, WAYS = 8, US = 1000000 };

struct slot {
    uint64_t key;
    int64_t due_us; /* when the next request would come at a steady rate */
};

struct rate {
    struct slot slots[SETS][WAYS];
};

struct rate *rate_new(void)
{
    return mem_alloc(sizeof(struct rate));
}

void rate_free(struct rate *r)
{
    mem_free(r);
}

/* The key's place, or the one whose owner has been quiet longest. */
static struct slot *find(struct rate *r, uint64_t key)
{
    struct slot *set = r->slots[key % SETS], *oldest = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key) return &set[i];
        if (set[i].due_us < oldest->due_us) oldest = &set[i];
    }
    *oldest = (struct slot){.key = key};
    return oldest;
}

static int64_t seconds_up(int64_t us)
{
    return (us + US - 1) / US;
}

bool rate_take(struct rate *r, const struct rate_policy *p, uint64_t key, int64_t now_ms, struct rate_left *left)
{
    *left = (struct rate_left){0};
    if (p->a_second <= 0) return true;
    struct slot *s = find(r, key);
    int64_t now = now_ms * 1000, step = US / p->a_second, most = step * (p->at_once > 0 ? p->at_once : 1);
    /* A clock set back must not lock anybody out. */
    int64_t due = s->due_us > now && s->due_us <= now + most ? s->due_us : now;
    int64_t ahead = due + step - now;
    bool ok = ahead <= most;
    if (ok) s->due_us = due + step;
    int64_t used = ok ? ahead : due - now;
    left->requests = (most - used) / step;
    left->reset_s = seconds_up(used);
    left->retry_s = ok ? 0 : seconds_up(ahead - most);
    return ok;
}

void rate_headers(const struct rate_policy *p, const struct rate_left *left, char *out, size_t cap)
{
    out[0] = '\0';
    if (p->a_second <= 0) return;
    snprintf(out, cap,
             "RateLimit-Policy: \"%s\";q=%" PRId64 ";w=%" PRId64 "\r\nRateLimit: \"%s\";r=%" PRId64 ";t=%" PRId64
             "\r\n",
             p->name, p->at_once, (p->at_once + p->a_second - 1) / p->a_second, p->name, left->requests, left->reset_s);
}
