/* Digests (libsodium). SHA-256 where a digest is kept or shown; a keyless fast 64-bit one (SipHash with a fixed
 * key) where two values of one run are compared. Any thread. */
#ifndef KHUNG_DIGEST_H
#define KHUNG_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_LEN = 32, DIGEST_HEX = 65 };

void digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_LEN]);
/* The same of what is added piece by piece. */
struct digest {
    _Alignas(16) unsigned char state[128];
};
void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
void digest_end(struct digest *d, uint8_t out[DIGEST_LEN]);
void digest_hex(const uint8_t d[DIGEST_LEN], char out[DIGEST_HEX]);
uint64_t digest_short(const void *p, size_t n);
void digest_random(void *p, size_t n);

#endif
