/* The simple form in HTML of a plain text: paragraphs, line breaks, links. */
#include "notify/notify_internal.h"

#include <string.h>

#include "plugin/text_fill.h"

static size_t link_at(const char *p, size_t left)
{
    size_t n = 0;
    bool is_link = (left > 8 && memcmp(p, "https://", 8) == 0) || (left > 7 && memcmp(p, "http://", 7) == 0);
    while (is_link && n < left && (unsigned char)p[n] > 32 && !strchr("<>\"'()", p[n]))
        n++;
    while (n > 0 && strchr(".,;:!?", p[n - 1]))
        n--;
    return n;
}

static void add_line(struct buf *b, const char *p, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = link_at(p + i, len - i);
        if (n) {
            buf_add_str(b, "<a href=\"");
            text_escape_html(b, p + i, n);
            buf_add_str(b, "\">");
            text_escape_html(b, p + i, n);
            buf_add_str(b, "</a>");
            continue;
        }
        n = 1;
        text_escape_html(b, p + i, n);
    }
}

int mail_html(struct arena *a, const char *lang, const char *text, size_t len, const char **out)
{
    struct buf b;
    bool is_open = false;
    buf_init(&b, 2 * NOTIFY_TEXT_MAX);
    buf_printf(&b, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"></head><body>\n", lang);
    for (const char *p = text, *end = text + len; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = stop ? (size_t)(stop - p) : (size_t)(end - p);
        if (n && p[n - 1] == '\r') n--;
        if (n) {
            buf_add_str(&b, is_open ? "<br>\n" : "<p>");
            add_line(&b, p, n);
            is_open = true;
        } else if (is_open) {
            buf_add_str(&b, "</p>\n");
            is_open = false;
        }
        p = stop ? stop + 1 : end;
    }
    if (is_open) buf_add_str(&b, "</p>\n");
    buf_add_str(&b, "</body></html>\n");
    *out = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return *out ? 0 : ERR_LIMIT;
}
