/* SHA-1 and its HMAC (libcrypto): only for what is fixed from outside, the codes of authenticator apps (RFC 6238) and
 * lists of breached passwords. Whatever is ours uses digest.h. Any thread. */
#ifndef KHUNG_SHA1_H
#define KHUNG_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20 };

void sha1_sum(const void *p, size_t n, uint8_t out[SHA1_LEN]);
void sha1_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[SHA1_LEN]);

#endif
