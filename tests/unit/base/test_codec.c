/* The canonical bytes of values: there and back, damaged, too deep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/val.h"

static const struct val_kind item = {"item", false}, table = {"table", true};

static const struct val_kind *kind_of(const char *name, size_t len)
{
    if (len == 4 && memcmp(name, "item", 4) == 0) return &item;
    if (len == 5 && memcmp(name, "table", 5) == 0) return &table;
    return NULL;
}

struct fixture {
    struct arena a;
    struct buf b, c;
    uint64_t random;
};

static int set_up(void **state)
{
    static struct fixture f;
    arena_init(&f.a, 8 << 20);
    buf_init(&f.b, 1 << 20);
    buf_init(&f.c, 1 << 20);
    f.random = 88172645463325252u;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->a);
    buf_close(&f->b);
    buf_close(&f->c);
    return 0;
}

static uint64_t roll(struct fixture *f, uint64_t n)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random % n;
}

static struct val random_scalar(struct fixture *f)
{
    static const int64_t ints[] = {0, 1, -1, 63, 64, -64, 127, 128, 1 << 20, INT64_MAX, INT64_MIN};
    static const double nums[] = {0.0, -0.0, 1.0, -1.5, 1e300, 5e-324, INFINITY, -INFINITY};
    switch (roll(f, 5)) {
    case 0:
        return val_nil();
    case 1:
        return val_bool(roll(f, 2));
    case 2:
        return val_int(roll(f, 3) ? (int64_t)(f->random >> roll(f, 64)) : ints[roll(f, 11)]);
    case 3:
        return val_num(nums[roll(f, 8)]);
    default: {
        size_t n = roll(f, 8) ? roll(f, 20) : roll(f, 400);
        char *s = arena_alloc(&f->a, n + 1);
        for (size_t i = 0; i < n; i++)
            s[i] = (char)roll(f, 256);
        return val_strn(s, n);
    }
    }
}

static struct val random_tree(struct fixture *f, int depth)
{
    if (depth == 0 || roll(f, 3) == 0) return random_scalar(f);
    struct val v = roll(f, 2) ? val_list() : val_map();
    size_t n = roll(f, 6);
    if (roll(f, 20) == 0) n = 70; /* more keys than are sorted on the stack */
    for (size_t i = 0; i < n; i++) {
        struct val inner = random_tree(f, n == 70 ? 0 : depth - 1);
        if (v.type == VAL_LIST)
            val_add(&f->a, &v, inner);
        else
            val_set(&f->a, &v, arena_printf(&f->a, "k%u", (unsigned)roll(f, 1000)), inner);
    }
    if (v.type == VAL_LIST || roll(f, 4)) return v;
    struct val *fields = arena_alloc(&f->a, sizeof(*fields));
    *fields = v;
    return val_obj(roll(f, 2) ? &item : &table, (int64_t)roll(f, 1000), (int64_t)roll(f, 3), fields);
}

static void encode(struct buf *b, const struct val *v)
{
    buf_clear(b);
    assert_int_equal(val_encode(v, b, true), 0);
    assert_true(buf_ok(b));
}

static void one_and_one_point_zero_are_equal_but_have_other_bytes(void **state)
{
    struct fixture *f = *state;
    struct val one = val_int(1), real = val_num(1.0);
    assert_true(val_equal(&one, &real));
    encode(&f->b, &one);
    encode(&f->c, &real);
    assert_int_equal(f->b.len, 1);
    assert_int_equal(f->c.len, 9);
}

static void maps_are_equal_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct val a = val_map(), b = val_map();
    for (int i = 0; i < 80; i++) {
        val_set(&f->a, &a, arena_printf(&f->a, "k%d", i), val_int(i));
        val_set(&f->a, &b, arena_printf(&f->a, "k%d", 79 - i), val_int(79 - i));
    }
    assert_true(val_equal(&a, &b));
    encode(&f->b, &a);
    encode(&f->c, &b);
    assert_int_equal(f->b.len, f->c.len);
    assert_memory_equal(f->b.data, f->c.data, f->b.len);
}

static void random_trees_come_back_from_their_bytes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5000; i++) {
        struct val v = random_tree(f, 5), back;
        encode(&f->b, &v);
        assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, kind_of, &back), 0);
        assert_true(val_equal(&v, &back));
        encode(&f->c, &back);
        assert_int_equal(f->b.len, f->c.len);
        assert_memory_equal(f->b.data, f->c.data, f->b.len);
        arena_reset(&f->a);
    }
}

static void every_nan_has_the_same_bytes_and_stays_one(void **state)
{
    struct fixture *f = *state;
    struct val a = val_num(NAN), b = val_num(-NAN), back;
    encode(&f->b, &a);
    encode(&f->c, &b);
    assert_memory_equal(f->b.data, f->c.data, 9);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, NULL, &back), 0);
    assert_true(isnan(back.as.n));
}

static void fields_of_objects_are_left_out_unless_asked_for(void **state)
{
    struct fixture *f = *state;
    struct val fields = val_map(), back;
    val_set(&f->a, &fields, "name", val_str("x"));
    struct val plain = val_obj(&item, 5, 2, &fields), handle = val_obj(&table, 0, 0, &fields);
    buf_clear(&f->b);
    assert_int_equal(val_encode(&plain, &f->b, false), 0);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, kind_of, &back), 0);
    assert_null(back.as.obj.fields);
    assert_int_equal(back.as.obj.rev, 2);
    buf_clear(&f->b);
    assert_int_equal(val_encode(&handle, &f->b, false), 0);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, kind_of, &back), 0);
    assert_string_equal(val_get(back.as.obj.fields, "name")->as.str.s, "x");
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

static void values_too_deep_are_refused(void **state)
{
    struct fixture *f = *state;
    struct val deepest = nested(f, val_int(1), VAL_DEPTH_MAX), deeper = nested(f, val_int(1), VAL_DEPTH_MAX + 1), back;
    encode(&f->b, &deepest);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, NULL, &back), 0);
    buf_clear(&f->b);
    assert_int_equal(val_encode(&deeper, &f->b, false), ERR_LIMIT);
}

static void an_object_stands_as_deep_as_anything(void **state)
{
    struct fixture *f = *state;
    struct val v = nested(f, val_obj(&item, 5, 1, NULL), VAL_DEPTH_MAX), back;
    encode(&f->b, &v);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, kind_of, &back), 0);
    assert_true(val_equal(&v, &back));
}

static void bytes_that_are_none_are_corrupt(void **state)
{
    struct fixture *f = *state;
    struct val v, obj = val_obj(&item, 1, 0, NULL);
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"", 0},
               {"\x0a", 1},
               {"\x3f", 1},
               {"\x00\x00", 2},
               {"\x04 short", 7},
               {"\x83"
                "ab",
                3},
               {"\x06\x02\x01", 3},
               {"\x07\x01\x41\x42", 4},
               {"\x07\x01\x81\0\x41", 5},
               {"\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(val_decode(bad[i].bytes, bad[i].n, &f->a, kind_of, &v), ERR_CORRUPT);
    encode(&f->b, &obj);
    assert_int_equal(val_decode(f->b.data, f->b.len, &f->a, NULL, &v), ERR_CORRUPT);
}

static void a_number_of_more_than_64_bits_is_corrupt(void **state)
{
    struct fixture *f = *state;
    struct val v;
    assert_int_equal(val_decode("\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &f->a, NULL, &v), 0);
    assert_int_equal(v.as.i, INT64_MIN);
    assert_int_equal(val_decode("\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03", 11, &f->a, NULL, &v), ERR_CORRUPT);
}

/* Whatever is decoded can be encoded and is the same again; nothing is read outside (the sanitizer says so). */
static void damaged_bytes_are_corrupt_or_another_value(void **state)
{
    struct fixture *f = *state;
    int corrupt = 0, other = 0;
    for (int i = 0; i < 100000; i++) {
        struct val v = random_tree(f, 3), back, again;
        encode(&f->b, &v);
        size_t n = roll(f, 3) ? f->b.len : roll(f, f->b.len + 1);
        char *bytes = mem_alloc(n); /* of just this size, so that reading past the end is seen */
        memcpy(bytes, f->b.data, n);
        for (uint64_t flips = roll(f, 4); n && flips > 0; flips--)
            bytes[roll(f, n)] ^= (char)(1 << roll(f, 8));
        int rc = val_decode(bytes, n, &f->a, kind_of, &back);
        assert_true(rc == 0 || rc == ERR_CORRUPT);
        corrupt += rc != 0;
        if (rc == 0) {
            other++;
            encode(&f->c, &back);
            assert_int_equal(val_decode(f->c.data, f->c.len, &f->a, kind_of, &again), 0);
            assert_true(val_equal(&back, &again));
        }
        mem_free(bytes);
        arena_reset(&f->a);
    }
    assert_true(corrupt > 10000 && other > 10000);
}

static void walking_ends_where_decoding_does_and_never_beyond(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3000; i++) {
        arena_reset(&f->a);
        struct val v = random_tree(f, 4), back;
        encode(&f->b, &v);
        const char *end = f->b.data + f->b.len;
        assert_ptr_equal(val_skip(f->b.data, end), end);
        for (size_t cut = 0; cut < f->b.len && cut < 40; cut++)
            assert_null(val_skip(f->b.data, f->b.data + cut));
        /* Damaged: what decodes is walked to the same end, and what is not walked does not decode. */
        f->b.data[roll(f, f->b.len)] ^= (char)(1 << roll(f, 8));
        const char *to = val_skip(f->b.data, end);
        bool whole = val_decode(f->b.data, f->b.len, &f->a, kind_of, &back) == 0;
        if (whole) assert_ptr_equal(to, end);
        if (to) assert_true(to <= end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_one_point_zero_are_equal_but_have_other_bytes),
        cmocka_unit_test(maps_are_equal_in_any_order),
        cmocka_unit_test(random_trees_come_back_from_their_bytes),
        cmocka_unit_test(every_nan_has_the_same_bytes_and_stays_one),
        cmocka_unit_test(fields_of_objects_are_left_out_unless_asked_for),
        cmocka_unit_test(values_too_deep_are_refused),
        cmocka_unit_test(an_object_stands_as_deep_as_anything),
        cmocka_unit_test(bytes_that_are_none_are_corrupt),
        cmocka_unit_test(a_number_of_more_than_64_bits_is_corrupt),
        cmocka_unit_test(damaged_bytes_are_corrupt_or_another_value),
        cmocka_unit_test(walking_ends_where_decoding_does_and_never_beyond),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
