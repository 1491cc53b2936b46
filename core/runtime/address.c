/* Two tables of blocks that are not public (IANA's special-purpose registries); IPv6 forms that carry an IPv4 address
 * are judged by that. */
#include "runtime/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block4 {
    uint32_t base;
    int bits;
};

static const struct block4 closed4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared by carriers */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, metadata services */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

struct block6 {
    uint8_t base[8];
    int bits;
    int carries; /* where an IPv4 address stands in it, or 0: closed as a whole */
};

static const struct block6 closed6[] = {
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, 0}, /* local NAT64 */
    {{0x01, 0x00}, 64, 0},                         /* discard */
    {{0x20, 0x01, 0x00, 0x00}, 23, 0},             /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, 0},             /* documentation */
    {{0x20, 0x02}, 16, 2},                         /* 6to4 */
    {{0x3f, 0xff, 0x00}, 20, 0},                   /* documentation */
    {{0x5f, 0x00}, 16, 0},                         /* segment routing */
    {{0xfc}, 7, 0},                                /* unique local */
    {{0xfe, 0x80}, 9, 0},                          /* link-local, site-local */
    {{0xff}, 8, 0},                                /* multicast */
};

static bool is_public4(uint32_t a)
{
    for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
        if ((a ^ closed4[i].base) >> (32 - closed4[i].bits) == 0) return false;
    return true;
}

static uint32_t read4(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_in(const struct block6 *b, const uint8_t *a)
{
    int whole = b->bits / 8, rest = b->bits % 8;
    if (memcmp(a, b->base, (size_t)whole) != 0) return false;
    return rest == 0 || (a[whole] ^ b->base[whole]) >> (8 - rest) == 0;
}

static bool is_public6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0) return is_public4(read4(a + 12));
    if (a[0] == 0 && a[1] == 0) return false; /* unspecified, loopback, old forms of IPv4 */
    for (size_t i = 0; i < sizeof(closed6) / sizeof(closed6[0]); i++) {
        if (!is_in(&closed6[i], a)) continue;
        return closed6[i].carries && is_public4(read4(a + closed6[i].carries));
    }
    return true;
}

bool address_is_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof(in));
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, a, sizeof(in6));
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
