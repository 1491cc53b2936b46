/* Error records, and the sentences that are made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/locale.h"
#include "base/text.h"

static char *sentence(struct buf *b, const char *lang, const struct err *err, bool hint)
{
    buf_clear(b);
    locale_err(b, lang, err, hint);
    return b->data;
}

static int set_up(void **state)
{
    static struct buf b;
    buf_init(&b, 4096);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    buf_close(*state);
    return 0;
}

static void an_error_keeps_its_code_key_and_values(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(err_set(&e, ERR_CONFLICT, "conflict.x", "a", "1", "none", NULL, "b", "hai", NULL), ERR_CONFLICT);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_string_equal(e.key, "conflict.x");
    assert_string_equal(err_arg(&e, "a"), "1");
    assert_string_equal(err_arg(&e, "none"), "");
    assert_string_equal(err_arg(&e, "b"), "hai");
    assert_string_equal(err_arg(&e, "c"), "");
    err_set(&e, ERR_INVALID, "x", NULL);
    assert_string_equal(err_arg(&e, "a"), "");
}

static void an_error_may_be_null(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_IO, "x", "a", "1", NULL), ERR_IO);
    assert_int_equal(err_set_text(NULL, ERR_IO, "x", "text"), ERR_IO);
    err_add_arg(NULL, "a", "1");
    err_add_field(NULL, "f", "k", "d");
    err_set_where(NULL, "f", 1);
    err_clear(NULL);
}

static void values_of_any_length_stay_inside_and_whole(void **state)
{
    (void)state;
    char text[700];
    struct err e;
    for (size_t n = 0; n + 1 < sizeof(text) / 2; n++) {
        for (size_t i = 0; i < n; i++)
            memcpy(text + 2 * i, "\xC3\xAA", 2); /* ê: two bytes, so that a cut may fall inside */
        text[2 * n] = '\0';
        err_set(&e, ERR_INVALID, "k", "first", "odd", "long", text, "then", text, NULL);
        assert_string_equal(err_arg(&e, "first"), "odd");
        assert_true(text_is_utf8(err_arg(&e, "long"), strlen(err_arg(&e, "long"))));
        assert_true(text_is_utf8(err_arg(&e, "then"), strlen(err_arg(&e, "then"))));
        if (n < 100) assert_string_equal(err_arg(&e, "then"), text);
    }
}

static void bad_fields_are_cut_at_their_maximum(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_INVALID, "k", NULL);
    for (int i = 0; i < ERR_FIELDS_MAX + 3; i++)
        err_add_field(&e, "a_name_that_is_longer_than_the_place_that_there_is_for_it", "key", "detail");
    assert_int_equal(e.nfields, ERR_FIELDS_MAX);
    assert_int_equal(strlen(e.fields[0].name), sizeof(e.fields[0].name) - 1);
    assert_string_equal(e.fields[7].detail, "detail");
}

static void faults_of_the_host_are_told_from_answers(void **state)
{
    (void)state;
    const int answers[] = {ERR_INVALID, ERR_REFUSED, ERR_LIMIT, ERR_DIVERGED, ERR_TIMEOUT};
    const int faults[] = {ERR_BUSY, ERR_FULL, ERR_IO, ERR_CORRUPT, ERR_NOMEM, ERR_STOPPED, ERR_INTERNAL};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        assert_false(err_is_fault(answers[i]));
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        assert_true(err_is_fault(faults[i]));
}

static void a_place_is_a_file_and_a_line(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_PLUGIN, "k", NULL);
    err_set_where(&e, "awards/init.lua", 12);
    assert_string_equal(e.where, "awards/init.lua:12");
}

static void a_sentence_is_in_the_readers_language(void **state)
{
    struct err e;
    err_set(&e, ERR_INVALID, "invalid.required", "field", "title", NULL);
    assert_string_equal(sentence(*state, "en", &e, true), "title is missing.");
    assert_string_equal(sentence(*state, "vi", &e, true), "Thiếu title.");
}

static void a_remedy_follows_where_it_is_asked_for(void **state)
{
    struct err e;
    err_set(&e, ERR_INVALID, "invalid.unknown_field", "field", "titel", "detail", "title", NULL);
    assert_string_equal(sentence(*state, "en", &e, false), "There is no field titel.");
    assert_string_equal(sentence(*state, "en", &e, true), "There is no field titel. Did you mean title?");
}

static void a_remedy_without_its_value_is_left_out(void **state)
{
    struct err e;
    err_set(&e, ERR_INVALID, "invalid.unknown_field", "field", "zzz", "detail", "", NULL);
    assert_string_equal(sentence(*state, "en", &e, true), "There is no field zzz.");
}

static void braces_that_hold_no_name_are_text(void **state)
{
    struct err e;
    err_set(&e, ERR_INVALID, "field.list", NULL);
    assert_string_equal(sentence(*state, "en", &e, false), "Fields are given as a table: { name = \"type\" }.");
}

static void a_field_has_a_sentence_of_its_own(void **state)
{
    struct err e;
    struct buf *b = *state;
    err_set(&e, ERR_INVALID, "k", NULL);
    err_add_field(&e, "year", "invalid.field", "integer");
    buf_clear(b);
    locale_field(b, "en", &e.fields[0]);
    assert_string_equal(b->data, "year must be of the type integer.");
}

static void a_ready_text_wins_and_an_unknown_key_shows_as_itself(void **state)
{
    struct err e;
    err_set_text(&e, ERR_PLUGIN, "mine.x", "nói {không} được");
    assert_string_equal(sentence(*state, "vi", &e, true), "nói {không} được");
    err_set(&e, ERR_INVALID, "no.such_key", NULL);
    assert_string_equal(sentence(*state, "vi", &e, true), "no.such_key");
}

static void the_language_is_the_first_that_is_known(void **state)
{
    (void)state;
    assert_string_equal(locale_pick(NULL), "en");
    assert_string_equal(locale_pick(""), "en");
    assert_string_equal(locale_pick("vi-VN"), "vi");
    assert_string_equal(locale_pick("fr-FR,fr;q=0.9, vi;q=0.8, en;q=0.7"), "vi");
    assert_string_equal(locale_pick("de,en-GB;q=0.8,vi;q=0.2"), "en");
    assert_string_equal(locale_pick("de, fr"), "en");
}

static void a_language_tag_is_whole_and_of_any_case(void **state)
{
    (void)state;
    assert_string_equal(locale_pick("VI-vn"), "vi");
    assert_string_equal(locale_pick("enm, vi"), "vi");
    assert_string_equal(locale_pick("v"), "en");
}

static void every_key_is_found_in_both_languages(void **state)
{
    (void)state;
    const char *keys[] = {"memory",     "limit.size",    "json.syntax", "text.utf8",
                          "field.type", "invalid.field", "field.list"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_non_null(locale_text("en", keys[i]));
        assert_non_null(locale_text("vi", keys[i]));
        assert_string_not_equal(locale_text("en", keys[i]), locale_text("vi", keys[i]));
    }
    assert_null(locale_text("en", ""));
    assert_null(locale_text("en", "zzzz"));
}

static void named_values_fill_a_text(void **state)
{
    struct buf *b = *state;
    buf_clear(b);
    locale_format(b, "en", "json.syntax", "line", "3", "column", "7", "detail", "{line}", NULL);
    assert_string_equal(b->data, "This is not valid JSON: line 3, column 7: {line}.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_keeps_its_code_key_and_values),
        cmocka_unit_test(an_error_may_be_null),
        cmocka_unit_test(values_of_any_length_stay_inside_and_whole),
        cmocka_unit_test(bad_fields_are_cut_at_their_maximum),
        cmocka_unit_test(faults_of_the_host_are_told_from_answers),
        cmocka_unit_test(a_place_is_a_file_and_a_line),
        cmocka_unit_test(a_sentence_is_in_the_readers_language),
        cmocka_unit_test(a_remedy_follows_where_it_is_asked_for),
        cmocka_unit_test(a_remedy_without_its_value_is_left_out),
        cmocka_unit_test(braces_that_hold_no_name_are_text),
        cmocka_unit_test(a_field_has_a_sentence_of_its_own),
        cmocka_unit_test(a_ready_text_wins_and_an_unknown_key_shows_as_itself),
        cmocka_unit_test(the_language_is_the_first_that_is_known),
        cmocka_unit_test(a_language_tag_is_whole_and_of_any_case),
        cmocka_unit_test(every_key_is_found_in_both_languages),
        cmocka_unit_test(named_values_fill_a_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
