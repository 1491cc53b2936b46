/* SHA-256 by the processor's own instructions (x86 with SHA extensions), about six times as fast as without; the audit
 * seals every value with one. Elsewhere libsodium's is taken: digest.h chooses. Any thread. */
#ifndef KHUNG_SHA256_H
#define KHUNG_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t len;
    uint8_t block[64]; /* what is not a whole block yet */
};

/* Has this processor the instructions? */
bool sha256_is_here(void);
/* Only where it is. */
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[32]);

#endif
