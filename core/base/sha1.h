/* SHA-1 and its HMAC: only for what is fixed from outside, the codes of authenticator apps (RFC 6238) and lists of
 * breached passwords. Whatever is ours uses digest.h. Written here, since libsodium has none and OpenSSL would cost
 * an idle service megabytes. Any thread. */
#ifndef KHUNG_SHA1_H
#define KHUNG_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20, SHA1_BLOCK = 64 };

struct sha1 {
    uint32_t h[5];
    uint64_t len;
    uint8_t block[SHA1_BLOCK];
};

void sha1_begin(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *p, size_t n);
void sha1_end(struct sha1 *s, uint8_t out[SHA1_LEN]);
void sha1_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[SHA1_LEN]);

#endif
