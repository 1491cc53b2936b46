/* Texts, numbers, and objects that say how they are shown; other values leave their place empty. */
#include "plugin/text_fill.h"

#include <string.h>

void text_escape_html(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (s[i]) {
        case '&':
            buf_add_str(out, "&amp;");
            break;
        case '<':
            buf_add_str(out, "&lt;");
            break;
        case '>':
            buf_add_str(out, "&gt;");
            break;
        case '"':
            buf_add_str(out, "&quot;");
            break;
        case '\'':
            buf_add_str(out, "&#39;");
            break;
        default:
            buf_add_char(out, s[i]);
        }
    }
}

static void add_text(struct buf *out, const char *s, size_t len, bool html)
{
    if (html)
        text_escape_html(out, s, len);
    else
        buf_add(out, s, len);
}

void text_add_value(struct buf *out, const struct val *v, bool html)
{
    const struct val *text;
    if (v->type == VAL_STR)
        add_text(out, v->as.str.s, v->as.str.len, html);
    else if (v->type == VAL_INT)
        buf_printf(out, "%lld", (long long)v->as.i);
    else if (v->type == VAL_NUM)
        buf_printf(out, "%.14g", v->as.n);
    else if (v->type == VAL_OBJ && val_is(text = val_get(v->as.obj.fields, "text"), VAL_STR))
        add_text(out, text->as.str.s, text->as.str.len, html);
}

static void fill(struct buf *out, const char *text, const struct val *values, struct arena *a, bool html)
{
    while (*text) {
        const char *open = strchr(text, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        if (!close) break;
        buf_add(out, text, (size_t)(open - text));
        char *name = arena_strndup(a, open + 1, (size_t)(close - open - 1));
        const struct val *v = name ? val_get(values, name) : NULL;
        if (v)
            text_add_value(out, v, html);
        else
            buf_add(out, open, (size_t)(close - open + 1));
        text = close + 1;
    }
    buf_add_str(out, text);
}

void text_fill(struct buf *out, const char *text, const struct val *values, struct arena *a)
{
    fill(out, text, values, a, false);
}

void text_fill_html(struct buf *out, const char *text, const struct val *values, struct arena *a)
{
    fill(out, text, values, a, true);
}
