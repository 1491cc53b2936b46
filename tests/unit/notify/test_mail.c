/* The texts of mail and calendars, and the hours at which mail may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "notify/ics.h"
#include "notify/webhook.h"
#include "runtime/smtp.h"

static int set_up(void **state)
{
    static struct arena a;
    arena_init(&a, 16 << 20);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    arena_close(*state);
    return 0;
}

/* Reads encoded words back; each must be whole UTF-8 and at most 75 bytes, each line at most 76. */
static void decode(const char *line, char *out)
{
    const char *p = strchr(line, ':') + 2;
    for (const char *l = line; *l;) {
        size_t n = strcspn(l, "\r");
        assert_true(n <= 76);
        l += n + (l[n] ? 2 : 0);
    }
    while (*p) {
        char word[80];
        size_t n = strcspn(p, "\r"), len;
        assert_true(n <= 75 && n > 12);
        assert_memory_equal(p, "=?utf-8?B?", 10);
        snprintf(word, sizeof(word), "%.*s", (int)n - 12, p + 10);
        assert_true(digest_from_base64(word, false, out, 80, &len));
        assert_true(text_is_utf8(out, len));
        out += len;
        p += n;
        if (!*p) break;
        assert_memory_equal(p, "\r\n ", 3);
        p += 3;
    }
    *out = '\0';
}

static void subjects_of_every_length_are_read_back_whole(void **state)
{
    static const char *const letters[] = {"a", "đ", "ế", "😀"};
    const char *line;
    srand(1);
    for (int n = 1; n < 400; n++) {
        char text[2000] = "é", back[2400];
        for (int i = 0; i < n; i++)
            strncat(text, letters[rand() % 4], 5);
        assert_int_equal(mail_header(*state, "Subject", text, &line), 0);
        decode(line, back);
        assert_string_equal(back, text);
    }
}

static void plain_text_is_folded_at_blanks_and_what_looks_encoded_is_encoded(void **state)
{
    const char *line;
    char text[400] = "";
    assert_int_equal(mail_header(*state, "Subject", "Hello", &line), 0);
    assert_string_equal(line, "Subject: Hello");
    for (int i = 0; i < 30; i++)
        strcat(text, "word and ");
    assert_int_equal(mail_header(*state, "Subject", text, &line), 0);
    for (const char *l = line; *l; l += strcspn(l, "\n") + (strchr(l, '\n') != NULL))
        assert_true(strcspn(l, "\r") <= 78);
    assert_int_equal(mail_header(*state, "Subject", "=?utf-8?Q?x?=", &line), 0);
    assert_null(strstr(line, "?Q?"));
    assert_int_equal(mail_header(*state, "Subject", "a\r\nBcc: b", &line), ERR_INVALID);
    assert_int_equal(mail_header_address(*state, "To", "a\nb", "a@b.c", &line), ERR_INVALID);
    assert_int_equal(mail_header_address(*state, "To", "Doe, \"J\"", "a@b.c", &line), 0);
    assert_string_equal(line, "To: \"Doe, \\\"J\\\"\"\r\n <a@b.c>");
}

static void only_plain_addresses_are_addresses(void **state)
{
    static const char *const good[] = {"a@b", "a.b+c@x-y.org", "khung@localhost"};
    static const char *const bad[] = {"",        "a",     "@b",   "a@",  "a@b@c", "a b@c",  "a@b>", "<a@b>",
                                      "a@b\r\n", "a\"@b", "-a@b", "ä@b", "a@-b",  "a..b@c", "a@b."};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(smtp_is_address(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(smtp_is_address(bad[i]));
}

static void lines_of_calendars_are_folded_between_characters(void **state)
{
    (void)state;
    srand(2);
    for (int n = 1; n < 300; n++) {
        struct buf b;
        char text[1600] = "", back[2000];
        size_t at = 0;
        for (int i = 0; i < n; i++)
            strncat(text, rand() % 2 ? "ế" : "x", 5);
        buf_init(&b, 64 << 10);
        ics_text(&b, "SUMMARY", text);
        for (const char *l = b.data; *l;) {
            size_t len = strcspn(l, "\r");
            assert_true(len <= 75 && text_is_utf8(l, len));
            size_t skip = l == b.data ? 8 : 1;
            memcpy(back + at, l + skip, len - skip);
            at += len - skip;
            l += len + 2;
        }
        back[at] = '\0';
        assert_string_equal(back, text);
        buf_close(&b);
    }
}

static void texts_of_calendars_are_escaped(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    ics_text(&b, "SUMMARY", "a,b;c\\d\ne\rf\x01");
    assert_string_equal(b.data, "SUMMARY:a\\,b\\;c\\\\d\\nef\r\n");
    buf_close(&b);
}

static int64_t local(const char *zone, const char *text)
{
    struct err err;
    int64_t ms;
    assert_int_equal(zone_parse(zone_get(zone), text, strlen(text), &ms, &err), 0);
    return ms;
}

static void quiet_hours_and_digests_keep_local_time(void **state)
{
    static const struct {
        enum notice_way way;
        int from, until, digest;
        const char *zone, *now, *then;
    } cases[] = {
        {NOTICE_MAIL, -1, -1, 420, "Asia/Ho_Chi_Minh", "2021-01-04 23:00", "2021-01-04 23:00"},
        {NOTICE_MAIL, 21 * 60, 6 * 60, 420, "Asia/Ho_Chi_Minh", "2021-01-04 20:59", "2021-01-04 20:59"},
        {NOTICE_MAIL, 21 * 60, 6 * 60, 420, "Asia/Ho_Chi_Minh", "2021-01-04 21:00", "2021-01-05 06:00"},
        {NOTICE_MAIL, 21 * 60, 6 * 60, 420, "Asia/Ho_Chi_Minh", "2021-01-05 05:59", "2021-01-05 06:00"},
        {NOTICE_MAIL, 21 * 60, 6 * 60, 420, "Asia/Ho_Chi_Minh", "2021-01-05 06:00", "2021-01-05 06:00"},
        {NOTICE_MAIL, 12 * 60, 13 * 60, 420, "Asia/Ho_Chi_Minh", "2021-01-05 12:30", "2021-01-05 13:00"},
        {NOTICE_MAIL, 60, 60, 420, "Asia/Ho_Chi_Minh", "2021-01-05 01:00", "2021-01-05 01:00"},
        {NOTICE_MAIL, 22 * 60, 7 * 60, 420, "Europe/Berlin", "2021-03-27 23:00", "2021-03-28 07:00"},
        {NOTICE_DIGEST, -1, -1, 420, "Asia/Ho_Chi_Minh", "2021-01-05 06:59", "2021-01-05 07:00"},
        {NOTICE_DIGEST, -1, -1, 420, "Asia/Ho_Chi_Minh", "2021-01-05 07:00", "2021-01-06 07:00"},
        {NOTICE_DIGEST, 21 * 60, 9 * 60, 420, "Europe/Berlin", "2021-10-30 12:00", "2021-10-31 07:00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notice_wish w = {cases[i].way, cases[i].from, cases[i].until, cases[i].digest};
        int64_t now = local(cases[i].zone, cases[i].now);
        if (notice_when(&w, cases[i].zone, now) != local(cases[i].zone, cases[i].then)) fail_msg("case %zu", i);
    }
}

static void patterns_of_events(void **state)
{
    (void)state;
    assert_true(webhook_wants("*", "a.b"));
    assert_true(webhook_wants("x.y content.*", "content.published"));
    assert_true(webhook_wants("task.asked,task.reminded", "task.reminded"));
    assert_false(webhook_wants("content.*", "contents.x"));
    assert_false(webhook_wants("content", "content.x"));
    assert_false(webhook_wants("task.ask", "task.asked"));
    assert_false(webhook_wants("", "a.b"));
}

static void html_holds_no_markup_of_its_text(void **state)
{
    const char *out, text[] = "a <b>\n\"c\" https://x.org/?a=1&b='<\n\nend.";
    assert_int_equal(mail_html(*state, "en", text, strlen(text), &out), 0);
    assert_non_null(strstr(out, "<p>a &lt;b&gt;<br>\n&quot;c&quot; <a href=\"https://x.org/?a=1&amp;b=\">"));
    assert_non_null(strstr(out, "<p>end.</p>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_of_every_length_are_read_back_whole),
        cmocka_unit_test(plain_text_is_folded_at_blanks_and_what_looks_encoded_is_encoded),
        cmocka_unit_test(only_plain_addresses_are_addresses),
        cmocka_unit_test(lines_of_calendars_are_folded_between_characters),
        cmocka_unit_test(texts_of_calendars_are_escaped),
        cmocka_unit_test(quiet_hours_and_digests_keep_local_time),
        cmocka_unit_test(patterns_of_events),
        cmocka_unit_test(html_holds_no_markup_of_its_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
