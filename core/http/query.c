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

/* What ends an address in the header is written as %XX. */
static void add_plain(struct buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool odd = text[i] == '<' || text[i] == '>' || text[i] == '"' || text[i] == '\\' || (unsigned char)text[i] < 33;
        if (odd)
            buf_printf(b, "%%%02X", (unsigned char)text[i]);
        else
            buf_add_char(b, text[i]);
    }
}

const char *http_query_next(const char *path, const char *query, const char *after, struct arena *a)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_add_char(&b, '<');
    add_plain(&b, path, strlen(path));
    buf_add_char(&b, '?');
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        if (len && strncmp(p, "after=", 6) != 0) {
            add_plain(&b, p, len);
            buf_add_char(&b, '&');
        }
        p += len + (p[len] == '&');
    }
    buf_add_str(&b, "after=");
    http_query_encode(&b, after);
    buf_add_str(&b, ">; rel=\"next\"");
    char *copy = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}
