/* Queries and forms: names and values, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/query.h"

static void values_are_decoded_and_the_first_of_a_name_counts(void **state)
{
    static const char *const cases[][3] = {{"a=1&b=2", "b", "2"},     {"a=1&a=2", "a", "1"},
                                           {"ab=1&a=2", "a", "2"},    {"a=x+y%2Bz%20%E1%BA%BF", "a", "x y+z ế"},
                                           {"a=", "a", ""},           {"a", "a", NULL},
                                           {"", "a", NULL},           {"&&=&a=b=c&", "a", "b=c"},
                                           {"a=%", "a", "%"},         {"a=%4", "a", "%4"},
                                           {"a=%zz%41", "a", "%zzA"}, {"a=x%00y", "a", NULL},
                                           {"a=1", "", NULL}};
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = http_query_get(cases[i][0], strlen(cases[i][0]), cases[i][1], &a);
        if (!cases[i][2])
            assert_null(got);
        else
            assert_string_equal(got, cases[i][2]);
    }
    arena_close(&a);
}

static void what_is_encoded_comes_back(void **state)
{
    static const char value[] = "a b&c=d?e#f/g+h%i\"<ế>\x7f~";
    struct arena a;
    struct buf b;
    (void)state;
    arena_init(&a, 1 << 16);
    buf_init(&b, 1000);
    buf_add_str(&b, "https://op/auth?");
    http_query_add(&b, "x", "1");
    http_query_add(&b, "y", value);
    const char *query = strchr(b.data, '?') + 1;
    assert_string_equal(http_query_get(query, strlen(query), "x", &a), "1");
    assert_string_equal(http_query_get(query, strlen(query), "y", &a), value);
    assert_null(strpbrk(query, " \"<>#/+"));
    buf_close(&b);
    arena_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded_and_the_first_of_a_name_counts),
        cmocka_unit_test(what_is_encoded_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
