/* What everything is made in: the failing allocation, arenas, buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

static void only_the_nth_allocation_fails(void **state)
{
    (void)state;
    mem_fail_nth(2);
    void *first = mem_try_alloc(8), *second = mem_try_alloc(8), *third = mem_try_alloc(8);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    mem_free(first);
    mem_free(third);
}

static void a_failed_realloc_leaves_the_block(void **state)
{
    (void)state;
    char *p = mem_try_alloc(4);
    memcpy(p, "abc", 4);
    mem_fail_nth(1);
    assert_null(mem_try_realloc(p, 4096));
    assert_string_equal(p, "abc");
    mem_free(p);
}

static void allocations_are_counted(void **state)
{
    (void)state;
    long before = mem_count();
    mem_free(mem_try_alloc(1));
    assert_int_equal(mem_count() - before, 1);
}

static void an_arena_gives_zeroed_aligned_memory_that_does_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *p[300];
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            size_t n = 1 + (size_t)i * 7 % 200;
            p[i] = arena_alloc(&a, n);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 16, 0);
            for (size_t k = 0; k < n; k++)
                assert_int_equal(p[i][k], 0);
            memset(p[i], i & 0xFF, n);
        }
        for (int i = 0; i < 300; i++)
            for (size_t k = 0, n = 1 + (size_t)i * 7 % 200; k < n; k++)
                assert_int_equal(p[i][k], i & 0xFF);
        arena_reset(&a);
    }
    arena_close(&a);
}

static void an_arena_ends_at_its_maximum(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000);
    assert_null(arena_alloc(&a, 1001));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, 900));
    assert_null(arena_alloc(&a, 200));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 900));
    arena_close(&a);
}

static void an_arena_used_again_allocates_nothing(void **state)
{
    (void)state;
    struct arena a;
    long before = 0;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 3; round++) {
        if (round == 1) before = mem_count();
        for (int i = 0; i < 500; i++)
            assert_non_null(arena_alloc(&a, 100));
        arena_reset(&a);
    }
    assert_int_equal(mem_count(), before);
    arena_close(&a);
}

static void a_rewind_gives_back_what_came_after_the_mark(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    struct arena_mark empty = arena_mark(&a);
    char *kept = arena_strdup(&a, "kept");
    struct arena_mark m = arena_mark(&a);
    char *gone = arena_alloc(&a, 16);
    assert_non_null(arena_alloc(&a, 100000));
    size_t used = a.used;
    arena_rewind(&a, m);
    assert_true(a.used < used);
    assert_ptr_equal(arena_alloc(&a, 16), gone);
    assert_string_equal(kept, "kept");
    arena_rewind(&a, empty);
    assert_int_equal(a.used, 0);
    arena_close(&a);
}

static void an_arena_without_memory_goes_on_afterwards(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    mem_fail_nth(1);
    assert_null(arena_alloc(&a, 10));
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    arena_close(&a);
}

static void a_buffer_grows_and_ends_in_nul(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i < 100; i++) {
        buf_add_char(&b, 'a');
        buf_add_str(&b, "bc");
        buf_printf(&b, "%d", i % 10);
        assert_int_equal(b.len, (i + 1) * 4);
        assert_int_equal(b.data[b.len], '\0');
    }
    assert_memory_equal(b.data + 396, "abc9", 5);
    assert_true(buf_ok(&b));
    buf_close(&b);
}

static void a_full_buffer_fails_once_and_for_all(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_add_str(&b, "12345");
    assert_true(buf_ok(&b));
    buf_printf(&b, "%s", "6");
    assert_false(buf_ok(&b));
    buf_add(&b, "", 0);
    assert_false(buf_ok(&b));
    assert_string_equal(b.data, "12345");
    buf_clear(&b);
    buf_add_str(&b, "1");
    assert_true(buf_ok(&b));
    assert_string_equal(b.data, "1");
    buf_close(&b);
}

static void a_buffer_without_memory_fails_beyond_its_first_bytes(void **state)
{
    (void)state;
    struct buf b;
    char part[1000];
    memset(part, 'x', sizeof(part));
    buf_init(&b, 100000);
    mem_fail_nth(1);
    for (int i = 0; i < 4; i++)
        buf_add(&b, part, sizeof(part));
    assert_true(buf_ok(&b));
    buf_add(&b, part, sizeof(part));
    assert_false(buf_ok(&b));
    assert_int_equal(mem_fail_nth(0), 0);
    buf_close(&b);
}

static void taken_bytes_belong_to_the_caller(void **state)
{
    (void)state;
    struct buf b;
    size_t n;
    buf_init(&b, 100);
    buf_add_str(&b, "one");
    char *one = buf_take(&b, &n);
    buf_add_str(&b, "two");
    assert_int_equal(n, 3);
    assert_string_equal(one, "one");
    assert_string_equal(b.data, "two");
    mem_free(one);
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_nth_allocation_fails),
        cmocka_unit_test(a_failed_realloc_leaves_the_block),
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_that_does_not_overlap),
        cmocka_unit_test(an_arena_ends_at_its_maximum),
        cmocka_unit_test(an_arena_used_again_allocates_nothing),
        cmocka_unit_test(a_rewind_gives_back_what_came_after_the_mark),
        cmocka_unit_test(an_arena_without_memory_goes_on_afterwards),
        cmocka_unit_test(a_buffer_grows_and_ends_in_nul),
        cmocka_unit_test(a_full_buffer_fails_once_and_for_all),
        cmocka_unit_test(a_buffer_without_memory_fails_beyond_its_first_bytes),
        cmocka_unit_test(taken_bytes_belong_to_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
