/* Pages: what is filled in is escaped, whatever it is; where a redirect may lead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/kinds.h"
#include "http/page.h"

static struct buf out;
static struct page page;

static int begin(void **state)
{
    (void)state;
    buf_init(&out, PAGE_MAX);
    page = (struct page){.out = &out, .lang = "en"};
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_close(&out);
    return 0;
}

static void a_text_is_escaped_and_the_html_around_it_is_not(void **state)
{
    (void)state;
    page_add(&page, "<p title=\"%s\">%s</p>%i%%", "\"><b>", "a&b'c", (int64_t)-3);
    assert_string_equal(out.data, "<p title=\"&quot;&gt;&lt;b&gt;\">a&amp;b&#39;c</p>-3%");
    buf_clear(&out);
    page_add(&page, "[%s]", NULL);
    assert_string_equal(out.data, "[]");
}

static void a_key_is_a_sentence_of_the_page_s_language(void **state)
{
    (void)state;
    page_add(&page, "%k", "page.yes");
    page.lang = "vi";
    page_add(&page, " %k %k", "page.yes", "there.is.no<such>");
    assert_string_equal(out.data, "Yes Có there.is.no&lt;such&gt;");
}

static void how_much_is_unread_stands_in_the_menu_of_who_is_logged_in(void **state)
{
    (void)state;
    static const struct {
        int unread;
        const char *shown;
    } cases[] = {{0, "\"/notices\">Notices</a>"},
                 {1, "Notices <span class=\"count\">1 <span class=\"hidden\">unread</span></span></a>"},
                 {99, "\"count\">99 <"},
                 {100, "\"count\">99+ <"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_clear(&out);
        page.user = page.csrf = "lan";
        page.unread = cases[i].unread;
        page_begin(&page, "T");
        if (!strstr(out.data, cases[i].shown)) fail_msg("%s", out.data);
    }
    buf_clear(&out);
    page.user = NULL;
    page_begin(&page, "T");
    assert_null(strstr(out.data, "notices"));
}

static void a_qr_code_is_a_square_and_of_a_text_that_is_too_long_there_is_none(void **state)
{
    (void)state;
    char text[4000];
    page_qr(&page, "otpauth://totp/x", "auth.totp_qr");
    /* Version 2 by level M: 25 modules, and four of white on each side. */
    assert_non_null(strstr(out.data, "viewBox=\"0 0 33 33\""));
    buf_clear(&out);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    page_qr(&page, text, "auth.totp_qr");
    assert_int_equal(out.len, 0);
}

static void what_is_filled_into_a_sentence_is_escaped_too(void **state)
{
    (void)state;
    page_say(&page, "auth.page_done_text", NULL, NULL);
    buf_clear(&out);
    page_say(&page, "auth.page_reset", "name", "<lan>");
    assert_string_equal(out.data, "A new password for &lt;lan&gt;");
}

static void every_kind_of_value_is_escaped_and_nul_is_left_out(void **state)
{
    struct arena a;
    struct val list = val_list(), map = val_map(), day;
    (void)state;
    arena_init(&a, 1 << 16);
    val_add(&a, &list, val_strn("<\0>", 3));
    val_add(&a, &list, val_bool(true));
    val_add(&a, &list, val_num(0.5));
    val_set(&a, &map, "<k>", val_str("<v>"));
    val_add(&a, &list, map);
    kind_date(&a, 18631, &day);
    val_add(&a, &list, day);
    page_val(&page, &list);
    assert_string_equal(out.data, "&lt;&gt;, Yes, 0.5, &lt;k&gt;: &lt;v&gt;, "
                                  "<time datetime=\"2021-01-04\">04/01/2021</time>");
    buf_clear(&out);
    page_instant(&page, INT64_C(1609722000000), "Asia/Ho_Chi_Minh");
    assert_string_equal(out.data, "<time datetime=\"2021-01-04T08:00\">04/01/2021 08:00</time>");
    buf_clear(&out);
    page_val(&page, NULL);
    assert_int_equal(out.len, 0);
    arena_close(&a);
}

static void a_path_here_is_no_address_elsewhere(void **state)
{
    static const char *const good[] = {"/", "/tasks", "/tasks/17?x=%0d%0a", "/a//b"};
    static const char *const bad[] = {"",     "tasks", "//evil.example", "/\\evil.example", "https://evil.example",
                                      "/a b", "/a\tb", "/a\r\nb",        "/\x7f",           "/\xc3\xa9",
                                      "/a\\b"};
    char lengthy[PAGE_PATH_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(page_is_path_here(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(page_is_path_here(bad[i]));
    assert_false(page_is_path_here(NULL));
    memset(lengthy, '/', PAGE_PATH_MAX);
    lengthy[1] = 'a';
    lengthy[PAGE_PATH_MAX] = '\0';
    assert_false(page_is_path_here(lengthy));
    lengthy[PAGE_PATH_MAX - 1] = '\0';
    assert_true(page_is_path_here(lengthy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_text_is_escaped_and_the_html_around_it_is_not, begin, end),
        cmocka_unit_test_setup_teardown(a_key_is_a_sentence_of_the_page_s_language, begin, end),
        cmocka_unit_test_setup_teardown(what_is_filled_into_a_sentence_is_escaped_too, begin, end),
        cmocka_unit_test_setup_teardown(how_much_is_unread_stands_in_the_menu_of_who_is_logged_in, begin, end),
        cmocka_unit_test_setup_teardown(a_qr_code_is_a_square_and_of_a_text_that_is_too_long_there_is_none, begin, end),
        cmocka_unit_test_setup_teardown(every_kind_of_value_is_escaped_and_nul_is_left_out, begin, end),
        cmocka_unit_test_setup_teardown(a_path_here_is_no_address_elsewhere, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
