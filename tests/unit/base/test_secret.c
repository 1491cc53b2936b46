/* Secrets: their texts, seals, passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static void base32_as_rfc_4648_has_it(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "MY"},
                                           {"fo", "MZXQ"},
                                           {"foo", "MZXW6"},
                                           {"foob", "MZXW6YQ"},
                                           {"fooba", "MZXW6YTB"},
                                           {"foobar", "MZXW6YTBOI"}};
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[40], back[40];
        size_t n;
        secret_base32(pairs[i][0], strlen(pairs[i][0]), text, sizeof(text));
        assert_string_equal(text, pairs[i][1]);
        assert_true(secret_unbase32(text, strlen(text), back, sizeof(back), &n));
        assert_int_equal(n, strlen(pairs[i][0]));
        assert_memory_equal(back, pairs[i][0], n);
    }
}

static void base32_is_read_as_people_write_it_and_nothing_else(void **state)
{
    char out[8];
    size_t n;
    (void)state;
    assert_true(secret_unbase32("mzxw-6ytb", 9, out, sizeof(out), &n));
    assert_int_equal(n, 5);
    static const char *const bad[] = {"M", "MZX", "MZXW1YTB", "MZXW6YT\xff", "MZ", "MZXW6YTBMZXW6YTB"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(secret_unbase32(bad[i], strlen(bad[i]), out, sizeof(out), &n));
}

static void only_a_whole_secret_has_a_hash(void **state)
{
    char text[SECRET_TEXT];
    uint8_t hash[32];
    (void)state;
    secret_new(text);
    assert_int_equal(strlen(text), 43);
    assert_true(secret_hash(text, 43, hash));
    assert_false(secret_hash(text, 42, hash));
    assert_false(secret_hash("", 0, hash));
    text[5] = '=';
    assert_false(secret_hash(text, 43, hash));
}

static void a_seal_opens_with_its_key_and_subject_alone(void **state)
{
    uint8_t key[32] = {1}, other[32], sealed[5 + SECRET_SEAL_MORE], out[5];
    (void)state;
    secret_derive(key, "other", other);
    assert_memory_not_equal(key, other, 32);
    secret_seal(key, "hello", 5, "a", sealed);
    assert_true(secret_open(key, sealed, sizeof(sealed), "a", out));
    assert_memory_equal(out, "hello", 5);
    assert_false(secret_open(key, sealed, sizeof(sealed), "b", out));
    assert_false(secret_open(other, sealed, sizeof(sealed), "a", out));
    assert_false(secret_open(key, sealed, 12, "a", out));
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_false(secret_open(key, sealed, sizeof(sealed), "a", out));
        sealed[i] ^= 1;
    }
}

static void a_password_is_its_own_and_no_other(void **state)
{
    char hash[SECRET_HASH_TEXT];
    (void)state;
    assert_true(secret_password_hash("correct horse", 13, hash));
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    assert_true(secret_password_is(hash, "correct horse", 13));
    assert_false(secret_password_is(hash, "correct horsf", 13));
    assert_false(secret_password_is("", "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base32_as_rfc_4648_has_it),
        cmocka_unit_test(base32_is_read_as_people_write_it_and_nothing_else),
        cmocka_unit_test(only_a_whole_secret_has_a_hash),
        cmocka_unit_test(a_seal_opens_with_its_key_and_subject_alone),
        cmocka_unit_test(a_password_is_its_own_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
