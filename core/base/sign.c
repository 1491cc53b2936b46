/* Ed25519 over libsodium. The secret that is kept is the seed; the pair is derived when it is used. */
#include "base/sign.h"

#include <sodium.h>
#include <string.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static bool decode(const char *text, uint8_t out[32])
{
    size_t n = 0;
    if (strnlen(text, SIGN_KEY_LEN) != SIGN_KEY_LEN - 1) return false;
    return sodium_base642bin(out, 32, text, SIGN_KEY_LEN - 1, NULL, &n, NULL, VARIANT) == 0 && n == 32;
}

static bool derive(const char *secret, uint8_t public[crypto_sign_PUBLICKEYBYTES],
                   uint8_t pair[crypto_sign_SECRETKEYBYTES])
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    bool ok = decode(secret, seed) && crypto_sign_seed_keypair(public, pair, seed) == 0;
    sodium_memzero(seed, sizeof(seed));
    return ok;
}

void sign_new_secret(char secret[SIGN_KEY_LEN])
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    randombytes_buf(seed, sizeof(seed));
    sodium_bin2base64(secret, SIGN_KEY_LEN, seed, sizeof(seed), VARIANT);
    sodium_memzero(seed, sizeof(seed));
}

bool sign_public_of(const char *secret, char key[SIGN_KEY_LEN])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], pair[crypto_sign_SECRETKEYBYTES];
    bool ok = derive(secret, public, pair);
    if (ok) sodium_bin2base64(key, SIGN_KEY_LEN, public, sizeof(public), VARIANT);
    sodium_memzero(pair, sizeof(pair));
    return ok;
}

bool sign_is_key(const char *key)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    return decode(key, public);
}

bool sign_make(const char *secret, const void *p, size_t n, uint8_t out[SIGN_LEN])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], pair[crypto_sign_SECRETKEYBYTES];
    bool ok = derive(secret, public, pair) && crypto_sign_detached(out, NULL, p, n, pair) == 0;
    sodium_memzero(pair, sizeof(pair));
    return ok;
}

bool sign_is_good(const char *key, const void *p, size_t n, const uint8_t signature[SIGN_LEN])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    return decode(key, public) && crypto_sign_verify_detached(signature, p, n, public) == 0;
}

void sign_forget(void *p, size_t n)
{
    sodium_memzero(p, n);
}
