/* Text and figures as people in Vietnam write them. */
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
#include "base/text.h"

static int set_up(void **state)
{
    static struct arena a;
    arena_init(&a, 4 << 20);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    arena_close(*state);
    return 0;
}

static const char *fold(struct arena *a, const char *s)
{
    const char *out;
    size_t n;
    assert_int_equal(text_fold(a, s, strlen(s), &out, &n), 0);
    return arena_strndup(a, out, n);
}

static const char *slug(struct arena *a, const char *s)
{
    const char *out;
    assert_int_equal(text_slug(a, s, strlen(s), &out), 0);
    return out;
}

static double number(const char *s, const char *lang)
{
    double n;
    return text_parse_number(s, strlen(s), lang, &n) ? n : NAN;
}

static const char *written(double n, int decimals, const char *lang)
{
    static char out[64];
    text_format_number(n, decimals, lang, out, sizeof(out));
    return out;
}

static void utf8_is_checked_strictly(void **state)
{
    static const char *const good[] = {"", "abc", "Đề án", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xE0\x80\xAF",
                                      "\xED\xA0\x80",
                                      "\xF0\x80\x80\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xE1\xBA",
                                      "a\xFF"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    assert_true(text_is_utf8("a\0b", 3));
}

static void vietnamese_in_nfc_is_given_back_as_it_is(void **state)
{
    static const char text[] = "Hội Liên hiệp Phụ nữ tỉnh Thanh Hóa – “Đề án” …";
    const char *out;
    size_t n;
    long before = mem_count();
    assert_int_equal(text_nfc(*state, text, strlen(text), &out, &n, NULL), 0);
    assert_ptr_equal(out, text);
    assert_int_equal(mem_count(), before);
}

static void typed_marks_are_composed(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {{"e\xCC\x82\xCC\xA3", "ệ"},
                 {"o\xCC\x9B\xCC\x81", "ớ"},
                 {"\xE2\x84\xAB", "Å"},
                 {"\xE2\x80\x80", "\xE2\x80\x82"},
                 {"\xE1\x84\x92\xE1\x85\xA1", "\xED\x95\x98"},
                 {"日本 😀", "日本 😀"}};
    const char *out;
    size_t n;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(text_nfc(*state, cases[i].from, strlen(cases[i].from), &out, &n, NULL), 0);
        assert_int_equal(n, strlen(cases[i].to));
        assert_memory_equal(out, cases[i].to, n);
    }
}

static void broken_text_is_named(void **state)
{
    struct err err;
    const char *out;
    size_t n;
    assert_int_equal(text_nfc(*state, "a\xFF", 2, &out, &n, &err), ERR_INVALID);
    assert_string_equal(err.key, "text.utf8");
    assert_int_equal(text_fold(*state, "a\xFF", 2, &out, &n), ERR_INVALID);
}

static void folding_drops_marks_and_case(void **state)
{
    assert_string_equal(fold(*state, "Đề án"), "de an");
    assert_string_equal(fold(*state, "ĐƯỜNG"), "duong");
    assert_string_equal(fold(*state, "Hội Liên hiệp Phụ nữ"), "hoi lien hiep phu nu");
    assert_string_equal(fold(*state, "e\xCC\x82\xCC\xA3"), "e");
    assert_string_equal(fold(*state, "COVID - 19"), "covid - 19");
    assert_string_equal(fold(*state, ""), "");
}

static void slugs_are_short_plain_words(void **state)
{
    assert_string_equal(slug(*state, "Thanh Hóa: Đổi mới"), "thanh-hoa-doi-moi");
    assert_string_equal(slug(*state, "  –– Ở đâu?! "), "o-dau");
    assert_string_equal(slug(*state, "日本"), "");
    assert_string_equal(slug(*state, "COVID - 19"), "covid-19");
}

static void a_long_slug_is_cut_at_a_word(void **state)
{
    char text[301], long_word[101];
    for (int i = 0; i < 300; i++)
        text[i] = i % 7 == 6 ? ' ' : 'a';
    text[300] = '\0';
    const char *s = slug(*state, text);
    assert_int_equal(strlen(s), 76);
    assert_int_equal(s[75], 'a');
    memset(long_word, 'b', 100);
    long_word[100] = '\0';
    assert_int_equal(strlen(slug(*state, long_word)), 80);
}

static void figures_are_read_by_the_readers_signs(void **state)
{
    (void)state;
    assert_true(number("12.226", "vi") == 12226);
    assert_true(number("7.797", "vi") == 7797);
    assert_true(number("223", "vi") == 223);
    assert_true(number("37", "vi") == 37);
    assert_true(number("395,26", "vi") == 395.26);
    assert_true(number("55.337", "vi") / number("14.000", "vi") > 3.95);
    assert_true(number("4.640", "vi") - number("1.477", "vi") == number("3.163", "vi"));
    assert_true(number("-1.234.567,5", "vi") == -1234567.5);
    assert_true(number("12,226", "en") == 12226);
    assert_true(number("12.226", "en") == 12.226);
}

static void what_is_no_figure_is_not_read_as_one(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "hàng chục tỷ đồng",
                                      "1.2",
                                      "12.22",
                                      "1234.567",
                                      "1.234.56",
                                      ".5",
                                      "5,",
                                      ",5",
                                      "1,2,3",
                                      "1..2",
                                      "1 000",
                                      "+5",
                                      "--5",
                                      "1e5",
                                      "0x10",
                                      "nan",
                                      "12345678901234567890123456789012345678901234567890"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(isnan(number(bad[i], "vi")));
}

static void figures_are_written_by_the_readers_signs(void **state)
{
    (void)state;
    assert_string_equal(written(12226, 0, "vi"), "12.226");
    assert_string_equal(written(12226, 0, "en"), "12,226");
    assert_string_equal(written(395.264285, 2, "vi"), "395,26");
    assert_string_equal(written(-1234567.5, 1, "vi"), "-1.234.567,5");
    assert_string_equal(written(999, 0, "vi"), "999");
    assert_string_equal(written(0, 2, "en"), "0.00");
}

static void a_figure_too_large_to_count_is_not_nothing(void **state)
{
    (void)state;
    assert_string_equal(written(2e18, 0, "vi"), "2e+18");
    assert_string_equal(written(INFINITY, 0, "vi"), "inf");
}

static void each_failed_allocation_of_text_is_told(void **state)
{
    static const char text[] = "Đe\xCC\x82\xCC\x80 án của Hội";
    (void)state;
    for (long n = 1, failed = 1; failed; n++) {
        struct arena a;
        const char *out;
        size_t len;
        arena_init(&a, 2048);
        mem_fail_nth(n);
        int rc = text_slug(&a, text, strlen(text), &out);
        if (rc == 0) rc = text_nfc(&a, text, strlen(text), &out, &len, NULL);
        mem_fail_nth(0);
        failed = rc != 0;
        assert_true(rc == 0 || rc == ERR_LIMIT);
        if (n == 1) assert_int_equal(rc, ERR_LIMIT);
        arena_close(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(vietnamese_in_nfc_is_given_back_as_it_is),
        cmocka_unit_test(typed_marks_are_composed),
        cmocka_unit_test(broken_text_is_named),
        cmocka_unit_test(folding_drops_marks_and_case),
        cmocka_unit_test(slugs_are_short_plain_words),
        cmocka_unit_test(a_long_slug_is_cut_at_a_word),
        cmocka_unit_test(figures_are_read_by_the_readers_signs),
        cmocka_unit_test(what_is_no_figure_is_not_read_as_one),
        cmocka_unit_test(figures_are_written_by_the_readers_signs),
        cmocka_unit_test(a_figure_too_large_to_count_is_not_nothing),
        cmocka_unit_test(each_failed_allocation_of_text_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
