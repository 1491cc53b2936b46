/* FIPS 180-4, word by word. */
#include "base/sha1.h"

#include <string.h>

static uint32_t turn(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

static void take_block(struct sha1 *s, const uint8_t *p)
{
    uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999u
                     : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1u
                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu
                              : (b ^ c ^ d) + 0xCA62C1D6u;
        uint32_t next = turn(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = turn(b, 30);
        b = a;
        a = next;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

void sha1_begin(struct sha1 *s)
{
    *s = (struct sha1){.h = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
}

void sha1_add(struct sha1 *s, const void *p, size_t n)
{
    const uint8_t *from = p;
    while (n) {
        size_t at = s->len % SHA1_BLOCK, some = SHA1_BLOCK - at < n ? SHA1_BLOCK - at : n;
        memcpy(s->block + at, from, some);
        s->len += some;
        from += some;
        n -= some;
        if (s->len % SHA1_BLOCK == 0) take_block(s, s->block);
    }
}

void sha1_end(struct sha1 *s, uint8_t out[SHA1_LEN])
{
    uint64_t bits = s->len * 8;
    uint8_t size[8];
    sha1_add(s, "\x80", 1);
    while (s->len % SHA1_BLOCK != SHA1_BLOCK - 8)
        sha1_add(s, "", 1);
    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha1_add(s, size, sizeof(size));
    for (int i = 0; i < SHA1_LEN; i++)
        out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha1_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[SHA1_LEN])
{
    uint8_t block[SHA1_BLOCK] = {0};
    struct sha1 s;
    if (nkey > SHA1_BLOCK) {
        sha1_begin(&s);
        sha1_add(&s, key, nkey);
        sha1_end(&s, block);
    } else {
        memcpy(block, key, nkey);
    }
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        block[i] ^= 0x36;
    sha1_begin(&s);
    sha1_add(&s, block, sizeof(block));
    sha1_add(&s, p, n);
    sha1_end(&s, out);
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        block[i] ^= 0x36 ^ 0x5c;
    sha1_begin(&s);
    sha1_add(&s, block, sizeof(block));
    sha1_add(&s, out, SHA1_LEN);
    sha1_end(&s, out);
}
