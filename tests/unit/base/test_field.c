/* Field types: their words, and values brought into stored form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"
#include "base/json.h"
#include "base/kinds.h"
#include "base/mem.h"

struct fixture {
    struct arena a;
    struct err err;
};

static int set_up(void **state)
{
    static struct fixture f;
    arena_init(&f.a, 4 << 20);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    arena_close(&((struct fixture *)*state)->a);
    return 0;
}

static struct val json(struct fixture *f, const char *text)
{
    struct val v;
    assert_int_equal(json_parse(text, strlen(text), &f->a, &v, &f->err), 0);
    return v;
}

static struct field_list list_of(struct fixture *f, const char *decl)
{
    struct field_list l;
    struct val v = json(f, decl);
    assert_int_equal(field_parse_list(&f->a, &v, &l, &f->err), 0);
    return l;
}

/* Checks JSON text against a type; the result in *out. */
static int check(struct fixture *f, const char *type, const char *text, struct val *out)
{
    struct field field;
    struct val v = json(f, text);
    assert_int_equal(field_parse(&f->a, "x", type, &field, &f->err), 0);
    return field_check(&field, &v, NULL, &f->a, out, &f->err);
}

static void assert_int(struct fixture *f, const char *type, const char *text, int64_t expected)
{
    struct val v;
    assert_int_equal(check(f, type, text, &v), 0);
    assert_int_equal(v.type, VAL_INT);
    assert_int_equal(v.as.i, expected);
}

static void assert_refused(struct fixture *f, const char *type, const char *text, const char *key)
{
    struct val v;
    assert_int_equal(check(f, type, text, &v), ERR_INVALID);
    assert_string_equal(f->err.key, key);
    assert_string_equal(err_arg(&f->err, "field"), "x");
}

static void every_type_has_its_word(void **state)
{
    static const char *const words[] = {"text",   "markdown",    "integer",   "number",   "money", "boolean",
                                        "date",   "instant",     "duration",  "choice:a", "file",  "unit",
                                        "person", "ref:article", "list:date", "json"};
    struct fixture *f = *state;
    struct field field;
    for (int i = 0; i <= FIELD_JSON; i++) {
        assert_int_equal(field_parse(&f->a, "x", words[i], &field, &f->err), 0);
        assert_int_equal(field.type, i);
        assert_false(field.required);
        assert_memory_equal(field_type_name(field.type), words[i], strcspn(words[i], ":"));
    }
}

static void parts_of_a_type_are_kept(void **state)
{
    struct fixture *f = *state;
    struct field field;
    assert_int_equal(field_parse(&f->a, "x", "choice:approve,return!", &field, &f->err), 0);
    assert_true(field.required);
    assert_string_equal(field.choices[0], "approve");
    assert_string_equal(field.choices[1], "return");
    assert_null(field.choices[2]);
    assert_int_equal(field_parse(&f->a, "x", "list:ref:awards.round", &field, &f->err), 0);
    assert_int_equal(field.item, FIELD_REF);
    assert_string_equal(field.item_target, "awards.round");
}

static void a_word_that_is_no_type_is_refused(void **state)
{
    static const char *const words[] = {
        "",        "!",           "txt",  "Text",   "text:x",         "ref",           "ref:",    "choice",
        "choice:", "choice:a,,b", "list", "list:x", "list:list:text", "list:choice:a", "list:ref"};
    struct fixture *f = *state;
    struct field field;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(field_parse(&f->a, "x", words[i], &field, &f->err), ERR_INVALID);
        assert_string_equal(f->err.key, "field.type");
        assert_string_equal(err_arg(&f->err, "type"), words[i]);
    }
}

static void nothing_may_follow_a_type(void **state)
{
    struct fixture *f = *state;
    struct field field;
    assert_int_equal(field_parse(&f->a, "x", "list:integer:more", &field, &f->err), ERR_INVALID);
    assert_int_equal(field_parse(&f->a, "x", "choice:a,", &field, &f->err), ERR_INVALID);
}

static void a_list_of_fields_is_found_by_name(void **state)
{
    struct fixture *f = *state;
    struct field_list l =
        list_of(f, "{\"z\":\"text\",\"a\":\"integer!\",\"m\":{\"1\":\"integer\",\"default\":2},\"n\":[\"date\"]}");
    assert_int_equal(l.n, 4);
    assert_true(field_find(&l, "a")->required);
    assert_int_equal(val_get_int(field_find(&l, "m")->options, "default", 0), 2);
    assert_int_equal(field_find(&l, "n")->type, FIELD_DATE);
    assert_int_equal(field_find(&l, "z")->type, FIELD_TEXT);
    assert_null(field_find(&l, "b"));
}

static void names_of_fields_are_plain(void **state)
{
    static const char *const bad[] = {
        "{\"\":\"text\"}",    "{\"A\":\"text\"}", "{\"1a\":\"text\"}",
        "{\"a-b\":\"text\"}", "{\"đ\":\"text\"}", "{\"a123456789012345678901234567890123456789012345678\":\"text\"}"};
    struct fixture *f = *state;
    struct field_list l;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct val v = json(f, bad[i]);
        assert_int_equal(field_parse_list(&f->a, &v, &l, &f->err), ERR_INVALID);
        assert_string_equal(f->err.key, "field.name");
    }
}

static void text_is_kept_in_nfc(void **state)
{
    struct fixture *f = *state;
    struct val v;
    assert_int_equal(check(f, "text", "\"\u0110e\u0302\u0300 a\u0301n\"", &v), 0);
    assert_true(val_is_str(&v, "Đề án"));
    assert_refused(f, "text", "5", "invalid.field");
    assert_refused(f, "text", "[]", "invalid.field");
}

static void numbers_are_strict(void **state)
{
    struct fixture *f = *state;
    struct val v;
    assert_int(f, "integer", "12", 12);
    assert_int(f, "integer", "12.0", 12);
    assert_int(f, "money", "1500000", 1500000);
    assert_refused(f, "integer", "12.5", "invalid.field");
    assert_refused(f, "integer", "1e16", "invalid.field");
    assert_refused(f, "integer", "\"12\"", "invalid.field");
    assert_refused(f, "money", "0.5", "invalid.field");
    assert_refused(f, "boolean", "1", "invalid.field");
    assert_int_equal(check(f, "number", "3", &v), 0);
    assert_int_equal(v.type, VAL_NUM);
    struct field number = {.name = "x", .type = FIELD_NUMBER};
    struct val nan = val_num(NAN);
    assert_int_equal(field_check(&number, &nan, NULL, &f->a, &v, &f->err), ERR_INVALID);
}

static void dates_are_days_however_written(void **state)
{
    struct fixture *f = *state;
    struct val v, day;
    struct field date = {.name = "x", .type = FIELD_DATE};
    assert_int(f, "date", "\"2021-01-04\"", 18631);
    assert_int(f, "date", "\"04/01/2021\"", 18631);
    assert_int(f, "date", "18631", 18631);
    assert_int_equal(kind_date(&f->a, 18631, &day), 0);
    assert_int_equal(field_check(&date, &day, NULL, &f->a, &v, &f->err), 0);
    assert_int_equal(v.as.i, 18631);
    assert_refused(f, "date", "\"29/02/2021\"", "invalid.field");
    assert_refused(f, "date", "\"2021-01-04 08:00\"", "invalid.field");
}

static int read_local(void *ctx, const char *s, size_t len, int64_t *ms, struct err *err)
{
    (void)s, (void)len, (void)err;
    *ms = *(int64_t *)ctx;
    return 0;
}

static void instants_as_text_need_a_zone(void **state)
{
    struct fixture *f = *state;
    int64_t local = 42;
    struct field_time time = {read_local, &local};
    struct field instant = {.name = "x", .type = FIELD_INSTANT};
    struct val text = val_str("2021-01-04 08:00"), v, now;
    assert_int(f, "instant", "\"2021-01-04T01:00:00Z\"", 1609722000000);
    assert_int(f, "instant", "\"2021-01-04 08:00+07:00\"", 1609722000000);
    assert_refused(f, "instant", "\"2021-01-04 08:00\"", "invalid.field");
    assert_int_equal(field_check(&instant, &text, &time, &f->a, &v, &f->err), 0);
    assert_int_equal(v.as.i, 42);
    assert_int_equal(kind_instant(&f->a, 77, NULL, &now), 0);
    assert_int_equal(field_check(&instant, &now, NULL, &f->a, &v, &f->err), 0);
    assert_int_equal(v.as.i, 77);
}

static void dates_lie_in_four_digit_years(void **state)
{
    assert_refused(*state, "date", "9223372036854775807", "invalid.range");
    assert_refused(*state, "date", "-719163", "invalid.range");
    assert_refused(*state, "instant", "9223372036854775807", "invalid.range");
    assert_int(*state, "date", "-719162", -719162);
    assert_int(*state, "date", "2932896", 2932896);
}

static void durations_and_choices_are_known_words(void **state)
{
    struct fixture *f = *state;
    struct val v;
    assert_int_equal(check(f, "duration", "\"2 working days\"", &v), 0);
    assert_true(val_is_str(&v, "2 working days"));
    assert_refused(f, "duration", "\"soon\"", "invalid.field");
    assert_int_equal(check(f, "choice:a,b", "\"b\"", &v), 0);
    assert_refused(f, "choice:a,b", "\"c\"", "invalid.choice");
    assert_string_equal(err_arg(&f->err, "choices"), "a, b");
    assert_refused(f, "choice:a,b", "1", "invalid.choice");
}

static void references_are_ids_of_the_right_kind(void **state)
{
    static const struct val_kind unit = {"unit", false}, person = {"person", false};
    struct fixture *f = *state;
    struct val u = val_obj(&unit, 7, 0, NULL), p = val_obj(&person, 8, 0, NULL), v;
    struct field field = {.name = "x", .type = FIELD_UNIT};
    assert_int(f, "unit", "5", 5);
    assert_refused(f, "unit", "0", "invalid.field");
    assert_refused(f, "person", "-1", "invalid.field");
    assert_int_equal(field_check(&field, &u, NULL, &f->a, &v, &f->err), 0);
    assert_int_equal(v.as.i, 7);
    assert_int_equal(field_check(&field, &p, NULL, &f->a, &v, &f->err), ERR_INVALID);
    assert_string_equal(err_arg(&f->err, "got"), "person");
}

static void a_file_is_an_id_and_nothing_else_of_it_is_believed(void **state)
{
    struct fixture *f = *state;
    assert_int(f, "file", "17", 17);
    assert_int(f, "file", "\"17\"", 17);
    assert_int(f, "file", "{\"id\": 17, \"hash\": \"abc\", \"size\": -1}", 17);
    static const char *const bad[] = {"0",
                                      "-1",
                                      "1.5",
                                      "true",
                                      "\"\"",
                                      "\"1a\"",
                                      "\"-1\"",
                                      "\"12345678901234567\"",
                                      "{}",
                                      "[]",
                                      "[1]",
                                      "{\"id\": \"17\"}",
                                      "{\"id\": {\"id\": 1}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused(f, "file", bad[i], "invalid.field");
}

static void each_member_of_a_list_is_checked(void **state)
{
    struct val v;
    assert_int_equal(check(*state, "list:date", "[\"2021-01-04\",\"05/01/2021\"]", &v), 0);
    assert_int_equal(val_at(&v, 1)->as.i, 18632);
    assert_int_equal(check(*state, "list:date", "{}", &v), 0);
    assert_int_equal(v.type, VAL_LIST);
    assert_refused(*state, "list:integer", "[1,\"2\"]", "invalid.field");
    assert_refused(*state, "list:integer", "1", "invalid.field");
}

static void a_range_holds(void **state)
{
    struct fixture *f = *state;
    struct field_list l = list_of(f, "{\"days\":{\"1\":\"integer\",\"default\":2,\"min\":1,\"max\":9}}");
    struct val in = json(f, "{\"days\":9}"), low = json(f, "{\"days\":0}"), none = val_map(), out;
    assert_int_equal(field_check_map(&l, &in, false, NULL, &f->a, &out, &f->err), 0);
    assert_int_equal(field_check_map(&l, &low, false, NULL, &f->a, &out, &f->err), ERR_INVALID);
    assert_string_equal(f->err.key, "invalid.range");
    assert_int_equal(field_check_map(&l, &none, false, NULL, &f->a, &out, &f->err), 0);
    assert_int_equal(val_get_int(&out, "days", 0), 2);
}

static void all_bad_fields_are_named(void **state)
{
    struct fixture *f = *state;
    struct field_list l = list_of(f, "{\"title\":\"text!\",\"year\":\"integer\",\"kind\":\"choice:a,b\"}");
    struct val in = json(f, "{\"titel\":\"x\",\"year\":\"no\",\"kind\":\"c\"}"), out;
    assert_int_equal(field_check_map(&l, &in, false, NULL, &f->a, &out, &f->err), ERR_INVALID);
    assert_string_equal(f->err.key, "invalid.unknown_field");
    assert_string_equal(err_arg(&f->err, "detail"), "title");
    assert_int_equal(f->err.nfields, 4);
    assert_string_equal(f->err.fields[0].name, "titel");
    assert_string_equal(f->err.fields[1].key, "invalid.choice");
    assert_string_equal(f->err.fields[2].key, "invalid.required");
    assert_string_equal(f->err.fields[3].detail, "integer");
}

static void nobody_needs_to_hear_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct field_list l = list_of(f, "{\"year\":\"integer!\"}");
    struct val in = json(f, "{\"year\":\"no\"}"), none = val_map(), out;
    assert_int_equal(field_check_map(&l, &in, false, NULL, &f->a, &out, NULL), ERR_INVALID);
    assert_int_equal(field_check_map(&l, &none, false, NULL, &f->a, &out, NULL), ERR_INVALID);
}

static void a_change_needs_only_what_it_changes(void **state)
{
    struct fixture *f = *state;
    struct field_list l = list_of(f, "{\"title\":\"text!\",\"year\":{\"1\":\"integer\",\"default\":1}}");
    struct val none = json(f, "{}"), cleared = json(f, "{\"year\":null}"), bad = json(f, "{\"title\":null}"), out;
    assert_int_equal(field_check_map(&l, &none, true, NULL, &f->a, &out, &f->err), 0);
    assert_int_equal(out.as.map.n, 0);
    assert_int_equal(field_check_map(&l, &cleared, true, NULL, &f->a, &out, &f->err), 0);
    assert_true(val_is(val_get(&out, "year"), VAL_NIL));
    assert_int_equal(field_check_map(&l, &bad, true, NULL, &f->a, &out, &f->err), ERR_INVALID);
}

static void each_failed_allocation_of_a_check_is_a_limit(void **state)
{
    struct fixture *f = *state;
    struct val decl = val_map(), in = val_map(), out;
    struct field_list l;
    for (int i = 0; i < 60; i++) {
        char *name = arena_printf(&f->a, "field_%d", i);
        val_set(&f->a, &decl, name, val_str(i % 2 ? "text" : "list:text"));
        struct val one = val_str("e\xCC\x82 as it was typed"), list = val_list();
        val_add(&f->a, &list, one);
        val_set(&f->a, &in, name, i % 2 ? one : list);
    }
    for (long n = 1, failed = 1; failed; n++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        mem_fail_nth(n);
        int rc = field_parse_list(&a, &decl, &l, &f->err);
        if (rc == 0) rc = field_check_map(&l, &in, false, NULL, &a, &out, &f->err);
        mem_fail_nth(0);
        failed = rc != 0;
        assert_true(rc == 0 || rc == ERR_LIMIT);
        if (n == 1) assert_int_equal(rc, ERR_LIMIT);
        if (rc == 0) assert_int_equal(out.as.map.n, 60);
        arena_close(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_word),
        cmocka_unit_test(parts_of_a_type_are_kept),
        cmocka_unit_test(a_word_that_is_no_type_is_refused),
        cmocka_unit_test(nothing_may_follow_a_type),
        cmocka_unit_test(a_list_of_fields_is_found_by_name),
        cmocka_unit_test(names_of_fields_are_plain),
        cmocka_unit_test(text_is_kept_in_nfc),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(dates_are_days_however_written),
        cmocka_unit_test(instants_as_text_need_a_zone),
        cmocka_unit_test(dates_lie_in_four_digit_years),
        cmocka_unit_test(durations_and_choices_are_known_words),
        cmocka_unit_test(references_are_ids_of_the_right_kind),
        cmocka_unit_test(a_file_is_an_id_and_nothing_else_of_it_is_believed),
        cmocka_unit_test(each_member_of_a_list_is_checked),
        cmocka_unit_test(a_range_holds),
        cmocka_unit_test(all_bad_fields_are_named),
        cmocka_unit_test(nobody_needs_to_hear_what_is_wrong),
        cmocka_unit_test(a_change_needs_only_what_it_changes),
        cmocka_unit_test(each_failed_allocation_of_a_check_is_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
