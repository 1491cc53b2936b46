/* Digests. SHA-256 (libcrypto) where a digest is kept or shown; a keyless fast 64-bit one (libsodium's SipHash with a
 * fixed key) where two values of one run are compared. Any thread. */
#ifndef KHUNG_DIGEST_H
#define KHUNG_DIGEST_H

#include <stdbool.h>
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
/* Bytes that follow from a seed (ChaCha20), from its block of 64 on: who has some learns nothing of the others. */
void digest_stream(const uint8_t seed[DIGEST_LEN], uint64_t block, void *out, size_t n);
void digest_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[DIGEST_LEN]); /* HMAC-SHA256 */
bool digest_equal(const void *a, const void *b, size_t n); /* in a time that tells nothing */
/* Base64 (RFC 4648, with padding), or its form for URLs (without). `out` holds DIGEST_BASE64(n) bytes. */
#define DIGEST_BASE64(n) (((n) + 2) / 3 * 4 + 1)
void digest_base64(const void *p, size_t n, bool for_url, char *out, size_t cap);
/* False if it is not whole base64 of at most `cap` bytes. */
bool digest_from_base64(const char *s, bool for_url, void *out, size_t cap, size_t *n);

#endif
