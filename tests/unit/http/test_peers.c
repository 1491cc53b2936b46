/* Connections by address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/peers.h"

static struct peer_key key4(uint32_t address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    return peers_key((struct sockaddr *)&in);
}

static struct peer_key key6(const char *text)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return peers_key((struct sockaddr *)&in6);
}

static void test_each_address_is_counted_by_itself(void **state)
{
    struct peers *p = peers_new();
    (void)state;
    for (int round = 1; round <= 3; round++)
        for (uint32_t i = 0; i < 5000; i++)
            assert_int_equal(peers_add(p, key4(0x0a000000 + i)), round);
    for (uint32_t i = 0; i < 5000; i += 2)
        peers_remove(p, key4(0x0a000000 + i));
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(peers_add(p, key4(0x0a000000 + i)), i % 2 ? 4 : 3);
    peers_free(p);
}

static void test_an_address_without_connections_is_forgotten(void **state)
{
    struct peers *p = peers_new();
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        assert_int_equal(peers_add(p, key4(i)), 1);
        peers_remove(p, key4(i));
    }
    peers_remove(p, key4(7)); /* one that is not there */
    assert_int_equal(peers_add(p, key4(7)), 1);
    peers_free(p);
}

static void test_ipv6_is_counted_by_its_network(void **state)
{
    struct peers *p = peers_new();
    (void)state;
    assert_int_equal(peers_add(p, key6("2001:db8:1:2::1")), 1);
    assert_int_equal(peers_add(p, key6("2001:db8:1:2:ffff::9")), 2);
    assert_int_equal(peers_add(p, key6("2001:db8:1:3::1")), 1);
    peers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_address_is_counted_by_itself),
        cmocka_unit_test(test_an_address_without_connections_is_forgotten),
        cmocka_unit_test(test_ipv6_is_counted_by_its_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
