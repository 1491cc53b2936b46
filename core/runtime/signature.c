/* Keys and signatures become DER, which OpenSSL reads as it does a certificate's: so few of its functions are needed,
 * and it checks the key itself (a point that is not on the curve is none). */
#include "runtime/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

enum { DER_MAX = 1200, RSA_MIN = 256, RSA_MAX = 1024, COORDINATE = 32 };

/* DER, written from its end: what stands inside is known before its length is. */
struct der {
    uint8_t bytes[DER_MAX];
    size_t at;
};

static void put(struct der *d, const void *p, size_t n)
{
    if (n > d->at) n = d->at; /* cannot be: sizes were checked */
    d->at -= n;
    memcpy(d->bytes + d->at, p, n);
}

static void put_byte(struct der *d, uint8_t byte)
{
    put(d, &byte, 1);
}

static void put_head(struct der *d, uint8_t tag, size_t len)
{
    if (len < 128) {
        put_byte(d, (uint8_t)len);
    } else {
        put_byte(d, (uint8_t)len);
        if (len > 255) put_byte(d, (uint8_t)(len >> 8));
        put_byte(d, len > 255 ? 0x82 : 0x81);
    }
    put_byte(d, tag);
}

/* An integer that is not negative. */
static void put_integer(struct der *d, const uint8_t *p, size_t n)
{
    while (n > 1 && *p == 0) {
        p++;
        n--;
    }
    put(d, p, n);
    bool pad = n && *p & 0x80;
    if (pad) put_byte(d, 0);
    put_head(d, 0x02, n + pad);
}

static const uint8_t *key_to_der(const struct signature_key *k, struct der *d, size_t *len)
{
    static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0};
    static const uint8_t p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                   0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    d->at = DER_MAX;
    if (k->kind == SIGNATURE_RS256) {
        put_integer(d, k->b, k->nb);
        put_integer(d, k->a, k->na);
        put_head(d, 0x30, DER_MAX - d->at);
    } else {
        put(d, k->b, k->nb);
        put(d, k->a, k->na);
        put_byte(d, 4); /* a point as it is */
    }
    put_byte(d, 0); /* no bits are left over */
    put_head(d, 0x03, DER_MAX - d->at);
    if (k->kind == SIGNATURE_RS256)
        put(d, rsa, sizeof(rsa));
    else
        put(d, p256, sizeof(p256));
    put_head(d, 0x30, DER_MAX - d->at);
    *len = DER_MAX - d->at;
    return d->bytes + d->at;
}

static bool sizes_fit(const struct signature_key *k, size_t len)
{
    if (k->kind == SIGNATURE_ES256) return k->na == COORDINATE && k->nb == COORDINATE && len == 2 * (size_t)COORDINATE;
    return k->na >= RSA_MIN && k->na <= RSA_MAX && k->a[0] != 0 && k->nb >= 1 && k->nb <= 8 && len == k->na;
}

bool signature_check(const struct signature_key *key, const void *p, size_t n, const uint8_t *signature, size_t len)
{
    struct der der, form = {.at = DER_MAX};
    size_t nkey;
    bool good = false;
    if (!sizes_fit(key, len)) return false;
    if (key->kind == SIGNATURE_ES256) { /* r and s: to DER */
        put_integer(&form, signature + COORDINATE, COORDINATE);
        put_integer(&form, signature, COORDINATE);
        put_head(&form, 0x30, DER_MAX - form.at);
        signature = form.bytes + form.at;
        len = DER_MAX - form.at;
    }
    const unsigned char *bytes = key_to_der(key, &der, &nkey);
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &bytes, (long)nkey);
    EVP_MD_CTX *ctx = pkey ? EVP_MD_CTX_new() : NULL;
    if (ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1)
        good = EVP_DigestVerify(ctx, signature, len, p, n) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}
