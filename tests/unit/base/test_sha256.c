/* SHA-256 by the processor's instructions, beside libsodium's, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/sha256.h"

static void the_example_of_the_standard(void **state)
{
    uint8_t sum[DIGEST_LEN];
    char hex[DIGEST_HEX];
    (void)state;
    digest_sha256("abc", 3, sum);
    digest_hex(sum, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256("", 0, sum);
    digest_hex(sum, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void every_length_and_every_cut_is_as_libsodium_has_it(void **state)
{
    uint8_t text[400], want[DIGEST_LEN], got[DIGEST_LEN];
    (void)state;
    if (!sha256_is_here()) skip();
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 7 + i / 3);
    for (size_t n = 0; n <= sizeof(text); n++) {
        crypto_hash_sha256(want, text, n);
        for (size_t cut = 0; cut <= n; cut += 1 + cut / 8) {
            struct sha256 s;
            sha256_begin(&s);
            sha256_add(&s, text, cut);
            sha256_add(&s, text + cut, n - cut);
            sha256_end(&s, got);
            assert_memory_equal(want, got, DIGEST_LEN);
        }
    }
}

static void a_seed_gives_the_same_bytes_from_any_block_on(void **state)
{
    uint8_t seed[DIGEST_LEN] = {1, 2, 3}, all[256], some[64];
    (void)state;
    digest_stream(seed, 0, all, sizeof(all));
    digest_stream(seed, 2, some, sizeof(some));
    assert_memory_equal(all + 128, some, 64);
    seed[0] = 9;
    digest_stream(seed, 2, some, sizeof(some));
    assert_memory_not_equal(all + 128, some, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_standard),
        cmocka_unit_test(every_length_and_every_cut_is_as_libsodium_has_it),
        cmocka_unit_test(a_seed_gives_the_same_bytes_from_any_block_on),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
