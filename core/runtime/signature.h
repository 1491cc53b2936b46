/* Signatures of others: RS256 and ES256 (RFC 7518) by a provider's public key, as its key set (RFC 7517) gives it.
 * By OpenSSL's libcrypto. Any thread. */
#ifndef KHUNG_SIGNATURE_H
#define KHUNG_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum signature_kind { SIGNATURE_RS256, SIGNATURE_ES256 };

/* RSA: modulus and exponent, big end first; 2048 to 8192 bits. P-256: the point. */
struct signature_key {
    enum signature_kind kind;
    const uint8_t *a, *b; /* n and e; x and y */
    size_t na, nb;
};
bool signature_check(const struct signature_key *key, const void *p, size_t n, const uint8_t *signature, size_t len);

#endif
