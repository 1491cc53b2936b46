/* Random secrets, keys and passwords over libsodium. */
#include "base/secret.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
_Static_assert((int)SECRET_HASH_TEXT >= (int)crypto_pwhash_STRBYTES, "a hash fits");
_Static_assert((int)SECRET_SEAL_MORE ==
                   (int)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + (int)crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");

void secret_new(char out[SECRET_TEXT])
{
    uint8_t bytes[SECRET_LEN];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(out, SECRET_TEXT, bytes, sizeof(bytes), VARIANT);
    sodium_memzero(bytes, sizeof(bytes));
}

bool secret_hash(const char *text, size_t len, uint8_t out[32])
{
    uint8_t bytes[SECRET_LEN];
    size_t n;
    if (!secret_unbase64(text, len, bytes, sizeof(bytes), &n) || n != SECRET_LEN) return false;
    digest_sha256(text, len, out);
    return true;
}

bool secret_equal(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

void secret_forget(void *p, size_t n)
{
    sodium_memzero(p, n);
}

size_t secret_base64(const void *p, size_t n, char *out, size_t cap)
{
    if (sodium_base64_encoded_len(n, VARIANT) > cap) return 0;
    sodium_bin2base64(out, cap, p, n, VARIANT);
    return strlen(out);
}

bool secret_unbase64(const char *text, size_t len, void *out, size_t cap, size_t *n)
{
    return sodium_base642bin(out, cap, text, len, NULL, n, NULL, VARIANT) == 0;
}

void secret_base32(const void *p, size_t n, char *out, size_t cap)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const uint8_t *from = p;
    uint32_t held = 0;
    int bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < n || bits > 0;) {
        if (bits < 5 && i < n) {
            held = (held << 8 | from[i++]) & 0xFFFF;
            bits += 8;
        }
        uint32_t five = bits >= 5 ? held >> (bits - 5) : held << (5 - bits);
        if (at + 1 < cap) out[at++] = letters[five & 31];
        bits -= 5;
    }
    if (cap) out[at] = '\0';
}

bool secret_unbase32(const char *text, size_t len, void *out, size_t cap, size_t *n)
{
    uint8_t *to = out;
    uint32_t held = 0;
    int bits = 0;
    *n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int v = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a'
                : c >= '2' && c <= '7' ? c - '2' + 26
                                       : -1;
        if (c == ' ' || c == '-') continue;
        if (v < 0) return false;
        held = (held << 5 | (uint32_t)v) & 0xFFFF;
        bits += 5;
        if (bits < 8) continue;
        if (*n == cap) return false;
        to[(*n)++] = (uint8_t)(held >> (bits - 8));
        bits -= 8;
    }
    return bits < 5 && (held & ((1u << bits) - 1)) == 0; /* what is left over is no letter too many, and zero */
}

void secret_derive(const uint8_t key[32], const char *use, uint8_t out[32])
{
    char context[crypto_kdf_CONTEXTBYTES + 1] = "";
    snprintf(context, sizeof(context), "%s", use);
    crypto_kdf_derive_from_key(out, 32, 1, context, key);
}

void secret_sign(const uint8_t key[32], const void *p, size_t n, char out[SECRET_TEXT])
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(mac, p, n, key);
    sodium_bin2base64(out, SECRET_TEXT, mac, sizeof(mac), VARIANT);
}

void secret_seal(const uint8_t key[32], const void *p, size_t n, const char *about, uint8_t *out)
{
    uint8_t *nonce = out, *body = out + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    randombytes_buf(nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(body, NULL, p, n, (const uint8_t *)about, strlen(about), NULL, nonce,
                                               key);
}

bool secret_open(const uint8_t key[32], const uint8_t *p, size_t n, const char *about, uint8_t *out)
{
    const size_t head = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    if (n < SECRET_SEAL_MORE) return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, p + head, n - head, (const uint8_t *)about,
                                                      strlen(about), p, key) == 0;
}

bool secret_password_hash(const char *password, size_t len, char out[SECRET_HASH_TEXT])
{
    return crypto_pwhash_str_alg(out, password, len, 2, 64 << 20, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool secret_password_is(const char *hash, const char *password, size_t len)
{
    return crypto_pwhash_str_verify(hash, password, len) == 0;
}
