/* Markdown becomes HTML that does nothing: whatever is tried, only known tags with known attributes come out, and
 * addresses that a browser opens without running anything. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/markdown.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LONGEST_MS = 2000 };
#else
enum { LONGEST_MS = 150 };
#endif

static const char *const attacks[] = {
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "a <img src=x onerror=alert(1)> b",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script></svg>",
    "<iframe src=\"javascript:alert(1)\">",
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<style>@import 'http://evil.example';</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<form action=//evil.example><input name=password></form>",
    "<!--><script>alert(1)</script>-->",
    "<!-- --!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "<!DOCTYPE html [<!ENTITY x \"y\">]>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea><script>alert(1)</script>",
    "<xss style=\"behavior:url(x.htc)\">",
    "<div\nonclick=alert(1)>x</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61;vascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    "[x](\\javascript:alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](DATA:image/svg+xml;base64,PHN2Zy8+)",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zy9vbmxvYWQ9YWxlcnQoMSk+)",
    "![x\" onerror=\"alert(1)](y)",
    "![x](y\"onerror=\"alert(1))",
    "![x](y \"t\\\" onerror=\\\"alert(1)\")",
    "[x](y 'a\" onmouseover=\"alert(1)')",
    "[x](\"onmouseover=alert(1)//)",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[x][r]\n\n[r]: <javascript:alert(1)> \"t\"",
    "[javascript:alert(1)]",
    "<javascript:alert(1)>",
    "<JAVASCRIPT:alert(1)>",
    "<data:text/html,x>",
    "<vbscript:x>",
    "```\"><script>alert(1)</script>\nx\n```",
    "``` x\" onclick=\"alert(1)\ny\n```",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "| a |\n|:-:\" onclick=\"x|\n| b |",
    "~~<script>alert(1)</script>~~",
    "# <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "\xef\xbb\xbf<script>alert(1)</script>",
    "<scr\0ipt>",
    "\xe0\x80\xbcscript\xe0\x80\xbe",
    "\xc0\xbcscript\xc0\xbe",
    "[x](https://ok.example/\"onclick=\"alert(1))",
    "<https://ok.example/\"onclick=\"alert(1)>",
    "<a@b.example\"onclick=\"alert(1)>",
    "[x](//evil.example)",
    "1<2 <3> <b onclick=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<a\x0bhref=javascript:alert(1)>",
};

static const char *const tags[] = {"p",          "em",    "strong", "a",     "code", "pre", "h1", "h2", "h3",
                                   "h4",         "h5",    "h6",     "ul",    "ol",   "li",  "hr", "br", "img",
                                   "blockquote", "table", "thead",  "tbody", "tr",   "th",  "td", "del"};
static const char *const attributes[] = {"href", "src", "alt", "title", "class", "start", "align"};

static int is_one_of(const char *const *list, size_t n, const char *s, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == len && strncmp(list[i], s, len) == 0) return 1;
    return 0;
}

/* Where a browser goes or what it loads: without a scheme, or with one that runs nothing. */
static int is_harmless(const char *s, size_t len, int is_image)
{
    static const char *const good[] = {"http:", "https:", "mailto:", "tel:"};
    size_t scheme = 0;
    while (scheme < len && !strchr(":/?#", s[scheme]))
        scheme++;
    if (scheme == len || s[scheme] != ':') return 1;
    for (size_t i = 0; i < 4; i++)
        if (strncasecmp(good[i], s, scheme + 1) == 0) return 1;
    return is_image && strncmp(s, "data:image/", 11) == 0 && strncmp(s + 11, "svg", 3) != 0;
}

static const char *take_attribute(const char *from, const char *p)
{
    size_t name = strcspn(p, "= />");
    if (!is_one_of(attributes, sizeof(attributes) / sizeof(attributes[0]), p, name))
        fail_msg("attribute %.*s of: %s", (int)name, p, from);
    if (strncmp(p + name, "=\"", 2) != 0) fail_msg("an open value of: %s", from);
    const char *value = p + name + 2;
    size_t len = strcspn(value, "\"");
    if (memchr(value, '<', len) || value[len] != '"') fail_msg("a value that does not end of: %s", from);
    int is_src = strncmp(p, "src", name) == 0;
    if ((is_src || strncmp(p, "href", name) == 0) && !is_harmless(value, len, is_src))
        fail_msg("%.*s of: %s", (int)len, value, from);
    return value + len + 1;
}

static void check_html(const char *from, const char *html)
{
    static const char omitted[] = "<!-- raw HTML omitted -->";
    for (const char *p = html; (p = strchr(p, '<'));) {
        if (strncmp(p, omitted, sizeof(omitted) - 1) == 0) {
            p += sizeof(omitted) - 1;
            continue;
        }
        p += 1 + (p[1] == '/');
        size_t name = strcspn(p, " />");
        if (!is_one_of(tags, sizeof(tags) / sizeof(tags[0]), p, name)) fail_msg("<%.*s> of: %s", (int)name, p, from);
        p += name;
        while (*p == ' ' && p[1] != '/')
            p = take_attribute(from, p + 1);
        if (strncmp(p, " />", 3) != 0 && *p != '>') fail_msg("a tag that does not end: %s of: %s", p, from);
    }
}

static void nothing_that_is_tried_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct buf out;
        struct err err = {0};
        buf_init(&out, 1 << 20);
        assert_int_equal(markdown_html(attacks[i], strlen(attacks[i]), &out, &err), 0);
        check_html(attacks[i], out.data ? out.data : "");
        buf_close(&out);
    }
}

/* Pieces of the attacks in any order. */
static void nothing_that_is_made_of_pieces_runs(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int k = 0; k < 20000; k++) {
        char text[2000] = "";
        struct buf out;
        struct err err = {0};
        for (int n = 0; n < 6; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *s = attacks[(seed >> 33) % (sizeof(attacks) / sizeof(attacks[0]))];
            size_t len = strlen(s), from = (seed >> 20) % (len + 1), piece = (seed >> 40) % (len - from + 1);
            if (strlen(text) + piece < sizeof(text)) strncat(text, s + from, piece);
        }
        buf_init(&out, 1 << 20);
        assert_int_equal(markdown_html(text, strlen(text), &out, &err), 0);
        check_html(text, out.data ? out.data : "");
        buf_close(&out);
    }
}

static void is(const char *text, const char *html)
{
    struct buf out;
    struct err err = {0};
    buf_init(&out, 1 << 20);
    assert_int_equal(markdown_html(text, strlen(text), &out, &err), 0);
    assert_string_equal(out.data ? out.data : "", html);
    buf_close(&out);
}

static void what_people_write_is_shown(void **state)
{
    (void)state;
    is("", "");
    is("# Đề án\n\nMột **hai** *ba* ~~bốn~~ `năm`",
       "<h1>Đề án</h1>\n<p>Một <strong>hai</strong> <em>ba</em> <del>bốn</del> <code>năm</code></p>\n");
    is("[tờ trình](/x/a?b=1&c)", "<p><a href=\"/x/a?b=1&amp;c\">tờ trình</a></p>\n");
    is("| a | b |\n|---|--:|\n| 1 | 2 |\n",
       "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n"
       "<td align=\"right\">2</td>\n</tr>\n</tbody>\n</table>\n");
    is("1. a\n2. b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n");
}

/* Each piece to the largest size, alone and as the second half after another: done or refused, but soon. */
static void nothing_takes_long(void **state)
{
    static const char *const units[] = {"![[]()",  "> ",       "*a _", "**__", "[a](b)",
                                        "![",      "<?",       "a@b.", "|a",   "|-|\n",
                                        "- ",      "[a]: b\n", "]( ",  "`",    "&",
                                        "# a\n",   "a\n=\n",   "\n\n", "~~a",  "\\",
                                        "[[[",     "a|\n",     "1.\n", "<!--", "a | b\n--|--\n",
                                        "  a\\\n", "-|-\n",    "1. ",  "1) "};
    enum { N = sizeof(units) / sizeof(units[0]) };
    char *text = malloc(MARKDOWN_MAX + 16);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N * N; i++) {
        size_t n = 0;
        struct buf out;
        struct err err = {0};
        struct timespec from, to;
        for (size_t half = 0; half < 2; half++)
            for (const char *u = units[half ? i / N : i % N]; n < (half + 1) * MARKDOWN_MAX / 2; n += strlen(u))
                memcpy(text + n, u, strlen(u) + 1);
        buf_init(&out, 16 * MARKDOWN_MAX);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        int rc = markdown_html(text, n > MARKDOWN_MAX ? MARKDOWN_MAX : n, &out, &err);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
        assert_true(rc == 0 || rc == ERR_LIMIT);
        if (ms > LONGEST_MS) fail_msg("%s and %s take %.0f ms", units[i % N], units[i / N], ms);
        buf_close(&out);
    }
    free(text);
}

/* A table has as many cells as lines times columns, whatever stands in it. */
static void a_table_cannot_fill_the_memory(void **state)
{
    static const char *const ends[] = {"\n", "\r", "\r\n"};
    (void)state;
    for (size_t e = 0; e < 3; e++) {
        struct buf text, out;
        struct err err = {0};
        buf_init(&text, 1 << 20);
        buf_init(&out, 64 << 20);
        for (int i = 0; i < 2000; i++)
            buf_printf(&text, "%s%s", i < 1000 ? "|a" : "|-", i % 1000 == 999 ? ends[e] : "");
        for (int i = 0; i < 20000; i++)
            buf_printf(&text, "|a%s", ends[e]);
        assert_int_equal(markdown_html(text.data, text.len, &out, &err), ERR_LIMIT);
        assert_string_equal(err.key, "markdown.tangled");
        buf_close(&text);
        buf_close(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_is_tried_runs), cmocka_unit_test(nothing_that_is_made_of_pieces_runs),
        cmocka_unit_test(what_people_write_is_shown), cmocka_unit_test(nothing_takes_long),
        cmocka_unit_test(a_table_cannot_fill_the_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
