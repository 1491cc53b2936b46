/* JSON: what is refused, what stays as it was, and how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/kinds.h"
#include "base/mem.h"

struct fixture {
    struct arena a;
    struct buf b;
    struct err err;
};

static int set_up(void **state)
{
    static struct fixture f;
    arena_init(&f.a, 32 << 20);
    buf_init(&f.b, 4 << 20);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->a);
    buf_close(&f->b);
    return 0;
}

static int parse(struct fixture *f, const char *text, struct val *v)
{
    return json_parse(text, strlen(text), &f->a, v, &f->err);
}

static const char *text_of(struct fixture *f, struct val v)
{
    buf_clear(&f->b);
    json_write(&f->b, &v);
    return f->b.data;
}

static void what_is_written_is_what_was_read(void **state)
{
    static const char *const texts[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "1.0",
                                        "0.1",
                                        "1e+300",
                                        "-0.0",
                                        "\"\"",
                                        "[]",
                                        "{}",
                                        "[1,[2,[]],{\"a\":null}]",
                                        "{\"z\":1,\"a\":{\"b\":[true]}}",
                                        "\"Đề án \\\\ \\\" \\n\"",
                                        "\"a\\u0000b\\u001f\"",
                                        "0.30000000000000004"};
    struct val v;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(*state, texts[i], &v), 0);
        assert_string_equal(text_of(*state, v), texts[i]);
    }
}

static void integers_and_floats_stay_apart(void **state)
{
    struct val v;
    assert_int_equal(parse(*state, "[1, 1.0, 1e0]", &v), 0);
    assert_int_equal(val_at(&v, 0)->type, VAL_INT);
    assert_int_equal(val_at(&v, 1)->type, VAL_NUM);
    assert_int_equal(val_at(&v, 2)->type, VAL_NUM);
}

static void what_is_no_strict_json_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "'a'",
                                        "[1 2]",
                                        "01",
                                        "+1",
                                        ".5",
                                        "1.",
                                        "0x10",
                                        "NaN",
                                        "Infinity",
                                        "-",
                                        "\"\t\"",
                                        "\"\\x\"",
                                        "\"\\ud800\"",
                                        "\"\xff\"",
                                        "\"\xc0\xaf\"",
                                        "\"\xed\xa0\x80\"",
                                        "[1] x",
                                        "// a\n1",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\\u0000b\":1}",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "1e999",
                                        "[",
                                        "{\"a\"",
                                        "tru"};
    struct fixture *f = *state;
    struct val v;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(f, texts[i], &v), ERR_INVALID);
        assert_string_equal(f->err.key, "json.syntax");
        assert_string_not_equal(err_arg(&f->err, "detail"), "");
    }
}

static void an_error_names_its_line(void **state)
{
    struct fixture *f = *state;
    struct val v;
    assert_int_equal(parse(f, "{\n\"a\": 1,\n\"b\": oops\n}", &v), ERR_INVALID);
    assert_string_equal(err_arg(&f->err, "line"), "3");
}

static int parse_nested(struct fixture *f, size_t levels)
{
    struct val v;
    buf_clear(&f->b);
    for (size_t i = 0; i < levels; i++)
        buf_add_char(&f->b, '[');
    buf_add_char(&f->b, '1');
    for (size_t i = 0; i < levels; i++)
        buf_add_char(&f->b, ']');
    return json_parse(f->b.data, f->b.len, &f->a, &v, &f->err);
}

static void depth_is_capped(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse_nested(f, VAL_DEPTH_MAX), 0);
    assert_int_equal(parse_nested(f, VAL_DEPTH_MAX + 1), ERR_INVALID);
    assert_string_equal(f->err.key, "json.depth");
    assert_int_equal(parse_nested(f, 1000000), ERR_INVALID);
    assert_string_equal(f->err.key, "json.syntax");
}

static void what_does_not_fit_the_arena_is_a_limit(void **state)
{
    struct arena small;
    struct err err;
    struct val v;
    (void)state;
    arena_init(&small, 256);
    const char *text = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]";
    assert_int_equal(json_parse(text, strlen(text), &small, &v, &err), ERR_LIMIT);
    arena_close(&small);
}

static void many_keys_take_linear_time(void **state)
{
    struct fixture *f = *state;
    struct val v;
    enum { KEYS = 50000 };
    buf_clear(&f->b);
    for (int i = 0; i < KEYS; i++)
        buf_printf(&f->b, "%s\"k%d\":%d", i ? "," : "{", i, i);
    buf_add_char(&f->b, '}');
    int64_t start = clock_thread_cpu_ns();
    assert_int_equal(json_parse(f->b.data, f->b.len, &f->a, &v, &f->err), 0);
    int64_t ms = (clock_thread_cpu_ns() - start) / 1000000;
    assert_int_equal(v.as.map.n, KEYS);
    assert_true(ms < 1000); /* about 30; a search for each key takes seconds */
    arena_reset(&f->a);
}

static void strings_are_ended_and_borrow_nothing(void **state)
{
    struct fixture *f = *state;
    struct val v;
    char text[] = "{\"key\":\"value\"}";
    assert_int_equal(json_parse(text, strlen(text), &f->a, &v, &f->err), 0);
    memset(text, 'x', strlen(text));
    assert_string_equal(val_get_str(&v, "key"), "value");
}

static void what_json_cannot_say_is_null(void **state)
{
    assert_string_equal(text_of(*state, val_num(NAN)), "null");
    assert_string_equal(text_of(*state, val_num(-INFINITY)), "null");
}

static void broken_utf8_is_replaced(void **state)
{
    assert_string_equal(text_of(*state, val_str("a\xff"
                                                "b\xe1\xba")),
                        "\"a\xEF\xBF\xBD"
                        "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void floats_are_written_as_short_as_they_can_be_read_back(void **state)
{
    assert_string_equal(text_of(*state, val_num(0.1)), "0.1");
    assert_string_equal(text_of(*state, val_num(395.26)), "395.26");
    assert_string_equal(text_of(*state, val_num(1e20)), "1e+20");
}

static void dates_and_instants_are_their_iso_text(void **state)
{
    struct fixture *f = *state;
    struct val day, now;
    assert_int_equal(kind_date(&f->a, 18631, &day), 0);
    assert_int_equal(kind_instant(&f->a, 1609722000000, "Asia/Ho_Chi_Minh", &now), 0);
    assert_string_equal(text_of(f, day), "\"2021-01-04\"");
    assert_string_equal(text_of(f, now), "\"2021-01-04T01:00:00Z\"");
    assert_string_equal(val_get_str(now.as.obj.fields, "text"), "2021-01-04 08:00");
    assert_int_equal(val_get_int(day.as.obj.fields, "weekday", 0), 1);
}

static void other_objects_are_id_and_fields(void **state)
{
    static const struct val_kind item = {"item", false};
    struct fixture *f = *state;
    struct val fields = val_map(), bare = val_map();
    val_set(&f->a, &fields, "title", val_str("x"));
    assert_string_equal(text_of(f, val_obj(&item, 17, 1, &fields)), "{\"id\":17,\"title\":\"x\"}");
    val_set(&f->a, &fields, "id", val_int(17));
    assert_string_equal(text_of(f, val_obj(&item, 17, 1, &fields)), "{\"title\":\"x\",\"id\":17}");
    assert_string_equal(text_of(f, val_obj(&item, 17, 1, &bare)), "{\"id\":17}");
    assert_string_equal(text_of(f, val_obj(&item, 17, 1, NULL)), "17");
}

static void people_get_it_indented(void **state)
{
    struct fixture *f = *state;
    struct val v;
    parse(f, "{\"a\":[1,{}],\"b\":[]}", &v);
    buf_clear(&f->b);
    json_write_pretty(&f->b, &v);
    assert_string_equal(f->b.data, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

static void the_id_of_an_object_is_indented_too(void **state)
{
    static const struct val_kind item = {"item", false};
    struct fixture *f = *state;
    struct val fields = val_map();
    val_set(&f->a, &fields, "a", val_int(1));
    struct val v = val_obj(&item, 2, 0, &fields);
    buf_clear(&f->b);
    json_write_pretty(&f->b, &v);
    assert_string_equal(f->b.data, "{\n  \"id\": 2,\n  \"a\": 1\n}");
}

static void each_failed_allocation_of_a_parse_is_a_limit(void **state)
{
    struct fixture *f = *state;
    struct val v;
    buf_clear(&f->b);
    for (int i = 0; i < 300; i++)
        buf_printf(&f->b, "%s{\"name\":\"some text\",\"list\":[1,2,3,4,5]}", i ? "," : "[");
    buf_add_char(&f->b, ']');
    for (long n = 1, failed = 1; failed; n++) {
        struct arena a;
        arena_init(&a, 4 << 20);
        mem_fail_nth(n);
        int rc = json_parse(f->b.data, f->b.len, &a, &v, &f->err);
        mem_fail_nth(0);
        failed = rc != 0;
        assert_true(rc == 0 || rc == ERR_LIMIT);
        if (n == 1) assert_int_equal(rc, ERR_LIMIT);
        if (rc == 0) assert_int_equal(v.as.list.n, 300);
        arena_close(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_was_read),
        cmocka_unit_test(integers_and_floats_stay_apart),
        cmocka_unit_test(what_is_no_strict_json_is_refused),
        cmocka_unit_test(an_error_names_its_line),
        cmocka_unit_test(depth_is_capped),
        cmocka_unit_test(what_does_not_fit_the_arena_is_a_limit),
        cmocka_unit_test(many_keys_take_linear_time),
        cmocka_unit_test(strings_are_ended_and_borrow_nothing),
        cmocka_unit_test(what_json_cannot_say_is_null),
        cmocka_unit_test(broken_utf8_is_replaced),
        cmocka_unit_test(floats_are_written_as_short_as_they_can_be_read_back),
        cmocka_unit_test(dates_and_instants_are_their_iso_text),
        cmocka_unit_test(other_objects_are_id_and_fields),
        cmocka_unit_test(people_get_it_indented),
        cmocka_unit_test(the_id_of_an_object_is_indented_too),
        cmocka_unit_test(each_failed_allocation_of_a_parse_is_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
