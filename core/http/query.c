/* Percent-encoding, both ways. */
#include "http/query.h"

#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* NULL: a NUL, or no room. */
static char *decode(struct arena *a, const char *s, size_t n)
{
    char *out = arena_alloc(a, n + 1), *to = out;
    for (size_t i = 0; out && i < n; i++) {
        int high = s[i] == '%' && i + 2 < n ? hex(s[i + 1]) : -1, low = high >= 0 ? hex(s[i + 2]) : -1;
        char c = s[i] == '+' ? ' ' : s[i];
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c) return NULL;
        *to++ = c;
    }
    return out;
}

const char *http_query_get(const char *text, size_t len, const char *name, struct arena *a)
{
    size_t want = strlen(name);
    for (const char *p = text, *end = text + len; p < end;) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        if (!stop) stop = end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        if (eq && (size_t)(eq - p) == want && memcmp(p, name, want) == 0)
            return decode(a, eq + 1, (size_t)(stop - eq - 1));
        p = stop + 1;
    }
    return NULL;
}

void http_query_encode(struct buf *b, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                     strchr("-._~", *p) != NULL;
        if (plain) {
            buf_add_char(b, (char)*p);
        } else {
            buf_add_char(b, '%');
            buf_add_char(b, digits[*p >> 4]);
            buf_add_char(b, digits[*p & 15]);
        }
    }
}

void http_query_add(struct buf *b, const char *name, const char *value)
{
    if (b->len && b->data[b->len - 1] != '?') buf_add_char(b, '&');
    buf_add_str(b, name);
    buf_add_char(b, '=');
    http_query_encode(b, value);
}
