/* Four rounds an instruction pair; the message schedule runs four words ahead in the same loop. FIPS 180-4. */
#include "base/sha256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

enum { BLOCK = 64 };

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static bool ask(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Asked once, since the question itself costs microseconds in a virtual machine. Two threads that ask at the same
 * time get the same answer. */
bool sha256_is_here(void)
{
    static _Atomic int known;
    int is = atomic_load_explicit(&known, memory_order_relaxed);
    if (!is) atomic_store_explicit(&known, is = ask() ? 1 : 2, memory_order_relaxed);
    return is == 1;
}

__attribute__((target("sha,sse4.1,ssse3"))) static void blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(abcd, efgh, 8), cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);
    for (; n; n--, p += BLOCK) {
        __m128i m[4], was_abef = abef, was_cdgh = cdgh;
        for (int i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(K + 4 * i));
            __m128i w = _mm_add_epi32(m[i & 3], k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, w);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(w, 0x0e));
            w = _mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]);
            w = _mm_add_epi32(w, _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4));
            m[i & 3] = _mm_sha256msg2_epu32(w, m[(i + 3) & 3]);
        }
        abef = _mm_add_epi32(abef, was_abef);
        cdgh = _mm_add_epi32(cdgh, was_cdgh);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

void sha256_begin(struct sha256 *s)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, first, sizeof(first));
    s->len = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t have = s->len % BLOCK;
    s->len += n;
    if (have + n < BLOCK) {
        if (n) memcpy(s->block + have, p, n);
        return;
    }
    if (have) {
        memcpy(s->block + have, p, BLOCK - have);
        blocks(s->state, s->block, 1);
        p += BLOCK - have;
        n -= BLOCK - have;
    }
    blocks(s->state, p, n / BLOCK);
    if (n % BLOCK) memcpy(s->block, p + n / BLOCK * BLOCK, n % BLOCK);
}

void sha256_end(struct sha256 *s, uint8_t out[32])
{
    uint64_t bits = s->len * 8;
    size_t have = s->len % BLOCK;
    s->block[have++] = 0x80;
    if (have > BLOCK - 8) {
        memset(s->block + have, 0, BLOCK - have);
        blocks(s->state, s->block, 1);
        have = 0;
    }
    memset(s->block + have, 0, BLOCK - 8 - have);
    bits = __builtin_bswap64(bits);
    memcpy(s->block + BLOCK - 8, &bits, 8);
    blocks(s->state, s->block, 1);
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(s->state[i]);
        memcpy(out + 4 * i, &word, 4);
    }
}

#else

bool sha256_is_here(void)
{
    return false;
}

void sha256_begin(struct sha256 *s)
{
    memset(s, 0, sizeof(*s));
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
    (void)s;
    (void)p;
    (void)n;
}

void sha256_end(struct sha256 *s, uint8_t out[32])
{
    memcpy(out, s->state, 32);
}

#endif
