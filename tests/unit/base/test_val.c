/* Values: canonical bytes, copies, JSON, fields; with broken bytes and without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/field.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/val.h"

static struct val parse(struct arena *a, const char *text)
{
    struct val v;
    struct err err = {0};
    assert_int_equal(json_parse(text, strlen(text), a, &v, &err), 0);
    return v;
}

static struct val random_val(struct arena *a, int depth)
{
    struct val v = val_nil(), inner;
    switch (rand() % (depth > 4 ? 5 : 7)) {
    case 0:
        return val_bool(rand() % 2);
    case 1:
        return val_int((int64_t)rand() * rand() - rand());
    case 2:
        return val_num(rand() / 7.0);
    case 3:
        return val_str("chữ");
    case 4:
        return v;
    case 5:
        v = val_list();
        for (int i = rand() % 5; i > 0; i--)
            assert_int_equal(val_add(a, &v, random_val(a, depth + 1)), 0);
        return v;
    default:
        v = val_map();
        for (int i = rand() % 5; i > 0; i--) {
            inner = random_val(a, depth + 1);
            assert_int_equal(val_set(a, &v, arena_printf(a, "k%d", rand() % 100), inner), 0);
        }
        return v;
    }
}

static void random_trees_come_back_from_their_bytes(void **state)
{
    struct arena a;
    (void)state;
    srand(1);
    arena_init(&a, 16 << 20);
    for (int i = 0; i < 2000; i++) {
        struct buf b, again;
        struct val out, v = random_val(&a, 0);
        buf_init(&b, 1 << 20);
        buf_init(&again, 1 << 20);
        assert_int_equal(val_encode(&v, &b, true), 0);
        assert_int_equal(val_decode(b.data, b.len, &a, NULL, &out), 0);
        assert_true(val_equal(&v, &out));
        assert_int_equal(val_encode(&out, &again, true), 0);
        assert_int_equal(b.len, again.len);
        assert_memory_equal(b.data, again.data, b.len);
        buf_close(&b);
        buf_close(&again);
        arena_reset(&a);
    }
    arena_close(&a);
}

static void bytes_keep_integers_and_floats_apart(void **state)
{
    struct arena a;
    struct buf b;
    struct val list = val_list(), out;
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    val_add(&a, &list, val_int(1));
    val_add(&a, &list, val_num(1.0));
    val_add(&a, &list, val_num(__builtin_nan("")));
    assert_int_equal(val_encode(&list, &b, true), 0);
    assert_int_equal(val_decode(b.data, b.len, &a, NULL, &out), 0);
    assert_int_equal(out.as.list.items[0].type, VAL_INT);
    assert_int_equal(out.as.list.items[1].type, VAL_NUM);
    assert_true(out.as.list.items[2].as.n != out.as.list.items[2].as.n);
    buf_close(&b);
    arena_close(&a);
}

static void broken_bytes_are_refused_and_never_crash(void **state)
{
    struct arena a;
    struct buf b;
    int refused = 0;
    (void)state;
    srand(2);
    arena_init(&a, 16 << 20);
    buf_init(&b, 1 << 20);
    struct val v = parse(
        &a, "{\"a\":[1,2.5,\"x\",{\"b\":null}],\"c\":true,\"d\":\"a longer text than sixty-four bytes, so that it has "
            "its length before it, as long ones do, with a hundred and more\"}");
    assert_int_equal(val_encode(&v, &b, true), 0);
    char *bytes = malloc(b.len);
    for (int i = 0; i < 100000; i++) {
        struct val out;
        struct arena_mark mark = arena_mark(&a);
        memcpy(bytes, b.data, b.len);
        size_t len = (size_t)rand() % (b.len + 1);
        for (int k = rand() % 3; k > 0; k--)
            bytes[(size_t)rand() % b.len] = (char)rand();
        refused += val_decode(bytes, len, &a, NULL, &out) != 0;
        arena_rewind(&a, mark);
    }
    assert_true(refused > 90000);
    free(bytes);
    buf_close(&b);
    arena_close(&a);
}

static void json_is_strict(void **state)
{
    static const char *const bad[] = {"{\"a\":1,\"a\":2}",    "[1,]",  "{a:1}", "\"\xff\"", "1e999",
                                      "99999999999999999999", "[1] 2", ""};
    struct arena a;
    struct val out;
    struct err err = {0};
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(json_parse(bad[i], strlen(bad[i]), &a, &out, &err), ERR_INVALID);
    arena_close(&a);
}

static void json_goes_there_and_back(void **state)
{
    static const char text[] = "{\"a\":[1,2.0,-3.25,\"Đề án\\n\",null,true],\"b\":{\"c\":\"\\\"\"}}";
    struct arena a;
    struct buf b;
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    struct val v = parse(&a, text);
    json_write(&b, &v);
    assert_string_equal(b.data, text);
    buf_close(&b);
    arena_close(&a);
}

/* Each allocation fails once: an error comes back, and nothing is left over (the sanitizers look). */
static void without_memory_there_is_an_error(void **state)
{
    (void)state;
    for (long n = 1; n < 40; n++) {
        struct arena a;
        struct val v, copy;
        struct err err = {0};
        struct field_list fields;
        static const char text[] = "{\"title\":\"text!\",\"kind\":{\"type\":\"choice:a,b\",\"default\":\"a\"}}";
        arena_init(&a, 1 << 20);
        mem_fail_nth(n);
        int rc = json_parse(text, sizeof(text) - 1, &a, &v, &err);
        if (rc == 0) rc = val_copy(&a, &v, &copy);
        if (rc == 0) rc = field_parse_list(&a, &copy, &fields, &err);
        mem_fail_nth(0);
        assert_true(rc == 0 || rc == ERR_NOMEM || rc == ERR_LIMIT);
        arena_close(&a);
    }
}

static void all_bad_fields_are_named_at_once(void **state)
{
    struct arena a;
    struct val out;
    struct err err = {0};
    struct field_list fields;
    (void)state;
    arena_init(&a, 1 << 20);
    struct val decl = parse(&a, "{\"title\":\"text!\",\"day\":\"date\",\"kind\":\"choice:a,b\"}");
    assert_int_equal(field_parse_list(&a, &decl, &fields, &err), 0);
    struct val row = parse(&a, "{\"titel\":\"x\",\"day\":\"31/02/2021\",\"kind\":\"c\"}");
    assert_int_equal(field_check_map(&fields, &row, false, NULL, &a, &out, &err), ERR_INVALID);
    assert_int_equal(err.nfields, 4);
    row = parse(&a, "{\"title\":\"x\",\"day\":\"04/01/2021\",\"kind\":\"b\"}");
    assert_int_equal(field_check_map(&fields, &row, false, NULL, &a, &out, &err), 0);
    assert_int_equal(val_get_int(&out, "day", 0), 18631);
    arena_close(&a);
}

static void vietnamese_text_is_folded_and_numbers_are_read(void **state)
{
    struct arena a;
    const char *out;
    size_t n;
    double number;
    char shown[32];
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(text_fold(&a, "Đề án ĐƯỜNG", strlen("Đề án ĐƯỜNG"), &out, &n), 0);
    assert_int_equal(n, strlen("de an duong"));
    assert_memory_equal(out, "de an duong", n);
    assert_int_equal(text_slug(&a, "Thanh Hóa: Đổi mới", strlen("Thanh Hóa: Đổi mới"), &out), 0);
    assert_string_equal(out, "thanh-hoa-doi-moi");
    assert_true(text_parse_number("12.226", 6, "vi", &number) && number == 12226);
    assert_true(text_parse_number("12.226", 6, "en", &number) && number == 12.226);
    assert_false(text_parse_number("12.26", 5, "vi", &number));
    text_format_number(12226, 0, "vi", shown, sizeof(shown));
    assert_string_equal(shown, "12.226");
    arena_close(&a);
}

static void only_names_in_braces_are_filled(void **state)
{
    struct buf b;
    struct err err;
    (void)state;
    buf_init(&b, 4096);
    err_set(&err, ERR_INVALID, "flow.target", NULL);
    locale_err(&b, "en", &err, true);
    assert_non_null(strstr(b.data, "{ position =, unit = }"));
    buf_clear(&b);
    err_set(&err, ERR_NOT_FOUND, "flow.no_run", "run", "17", NULL);
    locale_err(&b, "vi", &err, false);
    assert_string_equal(b.data, "Không có lượt chạy 17.");
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_come_back_from_their_bytes),
        cmocka_unit_test(bytes_keep_integers_and_floats_apart),
        cmocka_unit_test(broken_bytes_are_refused_and_never_crash),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(json_goes_there_and_back),
        cmocka_unit_test(without_memory_there_is_an_error),
        cmocka_unit_test(all_bad_fields_are_named_at_once),
        cmocka_unit_test(vietnamese_text_is_folded_and_numbers_are_read),
        cmocka_unit_test(only_names_in_braces_are_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
