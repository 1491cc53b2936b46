/* Signatures by the examples of RFC 7515: A.2 (RS256), A.3 (ES256). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people/auth.h"
#include "base/arena.h"
#include "base/json.h"

static const char claims[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
static const char rs_head[] = "eyJhbGciOiJSUzI1NiJ9", es_head[] = "eyJhbGciOiJFUzI1NiJ9";
static const char rs_signature[] =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1"
    "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzD"
    "wusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe7"
    "7Rw";
static const char es_signature[] =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char key_set[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":"
    "\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-p"
    "CgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6"
    "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWy"
    "uXpoQ\"}]}";

static struct arena arena;
static struct err err;

static int verify(const char *head, const char *body, const char *signature, const char *set)
{
    char text[4000];
    struct auth_jwt t;
    struct val jwks;
    err_clear(&err);
    snprintf(text, sizeof(text), "%s.%s.%s", head, body, signature);
    assert_int_equal(json_parse(set, strlen(set), &arena, &jwks, &err), 0);
    int rc = auth_jwt_parse(arena_strdup(&arena, text), strlen(text), &arena, &t, &err);
    return rc ? rc : auth_jwt_verify(&t, &jwks, &arena, &err);
}

static void the_examples_are_good(void **state)
{
    (void)state;
    assert_int_equal(verify(rs_head, claims, rs_signature, key_set), 1);
    assert_int_equal(verify(es_head, claims, es_signature, key_set), 1);
}

static void a_changed_one_is_not(void **state)
{
    char other[sizeof(claims)], signature[sizeof(rs_signature)];
    (void)state;
    memcpy(other, claims, sizeof(claims));
    other[4] ^= 3;
    assert_true(verify(rs_head, other, rs_signature, key_set) < 0);
    assert_true(verify(es_head, other, es_signature, key_set) < 0);
    memcpy(signature, rs_signature, sizeof(signature));
    signature[20] = signature[20] == 'A' ? 'B' : 'A';
    assert_int_equal(verify(rs_head, claims, signature, key_set), ERR_DENIED);
    assert_string_equal(err_arg(&err, "detail"), "signature");
    assert_int_equal(verify(es_head, claims, rs_signature, key_set), ERR_DENIED);
    assert_int_equal(verify(rs_head, claims, "", key_set), ERR_DENIED);
}

/* {"alg":"none"}, {"alg":"HS256"}, {"alg":"RS256","crit":["exp"]}, {"alg":["RS256"]} */
static void other_algorithms_are_refused(void **state)
{
    (void)state;
    assert_int_equal(verify("eyJhbGciOiJub25lIn0", claims, "", key_set), ERR_DENIED);
    assert_string_equal(err_arg(&err, "detail"), "alg");
    assert_int_equal(verify("eyJhbGciOiJIUzI1NiJ9", claims, es_signature, key_set), ERR_DENIED);
    assert_string_equal(err_arg(&err, "detail"), "alg");
    assert_int_equal(verify("eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiZXhwIl19", claims, rs_signature, key_set), ERR_DENIED);
    assert_string_equal(err_arg(&err, "detail"), "crit");
    assert_int_equal(verify("eyJhbGciOlsiUlMyNTYiXX0", claims, rs_signature, key_set), ERR_DENIED);
}

static void a_key_that_is_none_is_refused_and_one_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_int_equal(verify(es_head, claims, es_signature, "{\"keys\":[]}"), 0);
    assert_int_equal(verify(es_head, claims, es_signature, "{\"keys\":7}"), 0);
    assert_int_equal(verify(es_head, claims, es_signature, "{}"), 0);
    /* not on the curve, too short, of another use */
    static const char *const bad[] = {
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7}]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(verify(es_head, claims, es_signature, bad[i]), ERR_DENIED);
    assert_int_equal(
        verify(rs_head, claims, rs_signature, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}"),
        ERR_DENIED);
}

/* Pieces and bytes of good tokens put together by chance: nothing but an answer comes of it. */
static void random_tokens_do_no_harm(void **state)
{
    static const char *const pieces[] = {claims, rs_head, es_head, es_signature, ".",    "..",
                                         "e30",  "W10",   "",      "=",          "\xff", "AAAA"};
    unsigned seed = 20210104;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[1200] = "";
        struct auth_jwt t;
        struct arena_mark m = arena_mark(&arena);
        for (int k = rand_r(&seed) % 7; k >= 0; k--) {
            const char *piece = pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(pieces[0]))];
            strncat(text, piece, sizeof(text) - strlen(text) - 1);
            if (rand_r(&seed) % 2) strncat(text, ".", sizeof(text) - strlen(text) - 1);
        }
        size_t n = strlen(text);
        if (n) text[(size_t)rand_r(&seed) % n] ^= (char)(1 << rand_r(&seed) % 8);
        char *exact = malloc(n + 1); /* a reader that goes too far is found by the sanitizer */
        memcpy(exact, text, n);
        if (auth_jwt_parse(exact, n, &arena, &t, &err) == 0) {
            struct auth_jwt_wanted w = {.issuer = "joe", .client_id = "c", .nonce = "n", .now = 1};
            assert_int_equal(auth_jwt_check(&t, &w, &err), ERR_DENIED);
        }
        free(exact);
        arena_rewind(&arena, m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_are_good),
        cmocka_unit_test(a_changed_one_is_not),
        cmocka_unit_test(other_algorithms_are_refused),
        cmocka_unit_test(a_key_that_is_none_is_refused_and_one_that_is_not_there_is_told),
        cmocka_unit_test(random_tokens_do_no_harm),
    };
    arena_init(&arena, 64 << 20);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
