/* SHA-1 (FIPS 180-4) and its HMAC (RFC 2202). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha1.h"

static void is_hex(const uint8_t sum[SHA1_LEN], const char *want)
{
    char hex[2 * SHA1_LEN + 1];
    for (int i = 0; i < SHA1_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    assert_string_equal(hex, want);
}

static void sum_of(const char *text, const char *want)
{
    uint8_t sum[SHA1_LEN];
    sha1_sum(text, strlen(text), sum);
    is_hex(sum, want);
}

static void the_examples_of_the_standard(void **state)
{
    (void)state;
    sum_of("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    sum_of("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    sum_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void the_examples_of_rfc_2202(void **state)
{
    uint8_t key[80], sum[SHA1_LEN];
    (void)state;
    memset(key, 0x0b, 20);
    sha1_hmac(key, 20, "Hi There", 8, sum);
    is_hex(sum, "b617318655057264e28bc0b6fb378c8ef146be00");
    sha1_hmac("Jefe", 4, "what do ya want for nothing?", 28, sum);
    is_hex(sum, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    memset(key, 0xaa, 80);
    sha1_hmac(key, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 54, sum);
    is_hex(sum, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard),
        cmocka_unit_test(the_examples_of_rfc_2202),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
