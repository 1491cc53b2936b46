/* Rate limits: how many requests a second one account, or one address without an account, may make for long, and how
 * many at once. One number for each (GCRA: when the next request would be due at a steady rate), in a table of a fixed
 * size, on the io thread. Whoever has been quiet longest makes room, so that a flood of addresses takes no memory.
 *
 *     if (!rate_take(r, &policy, key, now_ms, &left)) → 429, Retry-After: left.retry_s */
#ifndef KHUNG_HTTP_RATE_H
#define KHUNG_HTTP_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate;
struct rate_policy {
    const char *name; /* "user", "address" */
    int64_t a_second; /* 0: no limit */
    int64_t at_once;  /* burst */
};
struct rate_left {
    int64_t requests; /* that may come at once now */
    int64_t reset_s;  /* until all of them may */
    int64_t retry_s;  /* of a refusal: until one may */
};

struct rate *rate_new(void);
void rate_free(struct rate *r);
/* False: too many. `key`: a digest of who asks. */
bool rate_take(struct rate *r, const struct rate_policy *p, uint64_t key, int64_t now_ms, struct rate_left *left);
/* "RateLimit-Policy: …\r\nRateLimit: …\r\n" (draft-ietf-httpapi-ratelimit-headers); "" without a limit. */
void rate_headers(const struct rate_policy *p, const struct rate_left *left, char *out, size_t cap);

#endif
