/* Digests by libcrypto, which uses what the processor has for them; all else by libsodium. */
#include "base/digest.h"

/* The functions without EVP are deprecated, but not their work: EVP takes a third of a microsecond more for each
 * digest. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

void digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_LEN])
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, p, n);
    digest_end(&d, out);
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digest), "it fits");

void digest_begin(struct digest *d)
{
    SHA256_Init((SHA256_CTX *)d->state);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    SHA256_Update((SHA256_CTX *)d->state, p, n);
}

void digest_end(struct digest *d, uint8_t out[DIGEST_LEN])
{
    SHA256_Final(out, (SHA256_CTX *)d->state);
}

void digest_hex(const uint8_t d[DIGEST_LEN], char out[DIGEST_HEX])
{
    sodium_bin2hex(out, DIGEST_HEX, d, DIGEST_LEN);
}

uint64_t digest_short(const void *p, size_t n)
{
    /* Fixed key: equality within one program is all that is asked of it. */
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "khung journal 1";
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t h;
    crypto_shorthash(out, p, n, key);
    memcpy(&h, out, sizeof(h));
    return h;
}

void digest_random(void *p, size_t n)
{
    randombytes_buf(p, n);
}

void digest_stream(const uint8_t seed[DIGEST_LEN], uint64_t block, void *out, size_t n)
{
    static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    memset(out, 0, n);
    crypto_stream_chacha20_xor_ic(out, out, n, nonce, block, seed);
}

void digest_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[DIGEST_LEN])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, nkey);
    crypto_auth_hmacsha256_update(&state, p, n);
    crypto_auth_hmacsha256_final(&state, out);
}

bool digest_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

static int variant(bool for_url)
{
    return for_url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING : sodium_base64_VARIANT_ORIGINAL;
}

void digest_base64(const void *p, size_t n, bool for_url, char *out, size_t cap)
{
    sodium_bin2base64(out, cap, p, n, variant(for_url));
}

bool digest_from_base64(const char *s, bool for_url, void *out, size_t cap, size_t *n)
{
    return sodium_base642bin(out, cap, s, strlen(s), NULL, n, NULL, variant(for_url)) == 0;
}
