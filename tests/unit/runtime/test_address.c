/* Which addresses are public. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>
#include <sys/un.h>

#include "runtime/address.h"

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) return address_is_public((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&in6);
}

static void test_addresses_of_the_net_are_public(void **state)
{
    static const char *const open[] = {"8.8.8.8",         "1.1.1.1",          "9.255.255.255", "11.0.0.0",
                                       "100.63.255.255",  "100.128.0.0",      "172.15.0.1",    "172.32.0.1",
                                       "192.167.1.1",     "192.169.0.1",      "198.17.0.1",    "198.20.0.1",
                                       "223.255.255.255", "2606:4700::1111",  "2a00:1450::1",  "64:ff9b::808:808",
                                       "::ffff:8.8.8.8",  "2002:0808:0808::1"};
    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (!is_public(open[i])) fail_msg("%s should be public", open[i]);
}

static void test_addresses_inside_reserved_or_in_disguise_are_not(void **state)
{
    static const char *const closed[] = {"0.0.0.0",
                                         "0.1.2.3",
                                         "10.0.0.1",
                                         "10.255.255.255",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "127.255.0.1",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.8",
                                         "192.0.2.1",
                                         "192.88.99.1",
                                         "192.168.0.1",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.7",
                                         "203.0.113.9",
                                         "224.0.0.1",
                                         "239.1.1.1",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::127.0.0.1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.1.2.3",
                                         "::ffff:169.254.169.254",
                                         "64:ff9b::7f00:1",
                                         "64:ff9b:1::1",
                                         "100::1",
                                         "2001::1",
                                         "2001:db8::1",
                                         "2002:7f00:1::1",
                                         "2002:c0a8:101::1",
                                         "fc00::1",
                                         "fdff::1",
                                         "fe80::1",
                                         "fec0::1",
                                         "ff02::1"};
    (void)state;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if (is_public(closed[i])) fail_msg("%s should not be public", closed[i]);
}

static void test_other_families_are_not_public(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)state;
    assert_false(address_is_public((struct sockaddr *)&un));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_of_the_net_are_public),
        cmocka_unit_test(test_addresses_inside_reserved_or_in_disguise_are_not),
        cmocka_unit_test(test_other_families_are_not_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
