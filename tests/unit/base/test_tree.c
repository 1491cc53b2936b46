/* Trees of values: maps, order, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/val.h"

static const struct val_kind item = {"item", false}, table = {"table", true};

struct fixture {
    struct arena a;
};

static int set_up(void **state)
{
    static struct fixture f;
    arena_init(&f.a, 8 << 20);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->a);
    return 0;
}

static void setting_a_key_again_replaces_and_keeps_the_place(void **state)
{
    struct fixture *f = *state;
    struct val m = val_map();
    for (int i = 0; i < 100; i++)
        assert_int_equal(val_set(&f->a, &m, arena_printf(&f->a, "k%d", i), val_int(i)), 0);
    assert_int_equal(val_set(&f->a, &m, "k40", val_str("x")), 0);
    assert_int_equal(m.as.map.n, 100);
    assert_string_equal(m.as.map.pairs[40].key, "k40");
    assert_string_equal(val_get_str(&m, "k40"), "x");
    assert_int_equal(val_get_int(&m, "k41", -1), 41);
}

static void what_is_not_there_reads_as_the_default(void **state)
{
    (void)state;
    struct val list = val_list(), map = val_map(), empty = val_strn(NULL, 0);
    assert_null(val_get(&map, "a"));
    assert_null(val_get(&list, "a"));
    assert_null(val_get(NULL, "a"));
    assert_null(val_at(&list, 0));
    assert_null(val_get_str(&map, "a"));
    assert_int_equal(val_get_int(&map, "a", 7), 7);
    assert_true(val_get_bool(&map, "a", true));
    assert_false(val_is(NULL, VAL_NIL));
    assert_true(val_is_str(&empty, ""));
}

static void values_have_a_total_order(void **state)
{
    struct fixture *f = *state;
    struct val low = val_map(), high = val_map(), list = val_list();
    val_set(&f->a, &low, "b", val_int(1));
    val_set(&f->a, &high, "a", val_int(1));
    struct val rising[] = {val_nil(),
                           val_bool(false),
                           val_bool(true),
                           val_num(NAN),
                           val_num(-INFINITY),
                           val_int(-2),
                           val_num(-1.5),
                           val_int(0),
                           val_num(0.5),
                           val_int(9007199254740992),
                           val_int(9007199254740993),
                           val_num(9007199254740994.0),
                           val_int(INT64_MAX),
                           val_num(9223372036854775808.0),
                           val_strn(NULL, 0),
                           val_str("a"),
                           val_str("ab"),
                           val_str("b"),
                           list,
                           low,
                           high,
                           val_obj(&item, 1, 0, NULL),
                           val_obj(&item, 2, 0, NULL),
                           val_obj(&table, 1, 0, NULL)};
    int n = sizeof(rising) / sizeof(rising[0]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            int order = val_compare(&rising[i], &rising[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

static void objects_are_equal_by_kind_and_id(void **state)
{
    (void)state;
    struct val a = val_obj(&item, 1, 1, NULL), b = val_obj(&item, 1, 2, NULL), c = val_obj(&table, 1, 1, NULL);
    assert_true(val_equal(&a, &b));
    assert_false(val_equal(&a, &c));
}

static void a_copy_borrows_nothing_and_ends_strings_in_nul(void **state)
{
    struct fixture *f = *state;
    char text[] = "abcdef", key[] = "key";
    struct val m = val_map(), copy;
    val_set(&f->a, &m, key, val_strn(text, 3));
    assert_int_equal(val_copy(&f->a, &m, &copy), 0);
    memset(text, 'x', 6);
    key[0] = 'x';
    assert_string_equal(val_get_str(&copy, "key"), "abc");
}

static void a_string_with_a_nul_has_no_c_string(void **state)
{
    struct fixture *f = *state;
    struct val bad = val_strn("a\0b", 3), good = val_strn("abc", 2), other = val_int(1);
    assert_null(val_cstr(&f->a, &bad));
    assert_null(val_cstr(&f->a, &other));
    assert_null(val_cstr(&f->a, NULL));
    assert_string_equal(val_cstr(&f->a, &good), "ab");
}

static struct val nested(struct fixture *f, struct val v, int levels)
{
    for (; levels > 0; levels--) {
        struct val outer = val_list();
        val_add(&f->a, &outer, v);
        v = outer;
    }
    return v;
}

static void each_failed_allocation_of_a_copy_is_told(void **state)
{
    struct fixture *f = *state;
    struct val v = val_map(), copy;
    for (int i = 0; i < 200; i++)
        val_set(&f->a, &v, arena_printf(&f->a, "k%d", i), nested(f, val_str("some text of a length"), i % 9));
    for (long n = 1, failed = 1; failed; n++) {
        struct arena to;
        arena_init(&to, 4 << 20);
        mem_fail_nth(n);
        int rc = val_copy(&to, &v, &copy);
        mem_fail_nth(0);
        failed = rc != 0;
        assert_true(rc == 0 || rc == ERR_NOMEM);
        if (n == 1) assert_int_equal(rc, ERR_NOMEM);
        if (rc == 0) assert_true(val_equal(&v, &copy));
        arena_close(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_a_key_again_replaces_and_keeps_the_place),
        cmocka_unit_test(what_is_not_there_reads_as_the_default),
        cmocka_unit_test(values_have_a_total_order),
        cmocka_unit_test(objects_are_equal_by_kind_and_id),
        cmocka_unit_test(a_copy_borrows_nothing_and_ends_strings_in_nul),
        cmocka_unit_test(a_string_with_a_nul_has_no_c_string),
        cmocka_unit_test(each_failed_allocation_of_a_copy_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
