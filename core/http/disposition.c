/* Content-Disposition, read leniently and written strictly. */
#include "http/disposition.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

void percent_decode(char *s)
{
    char *to = s;
    for (; *s; s++) {
        int high = *s == '%' ? hex(s[1]) : -1, low = high < 0 ? -1 : hex(s[2]);
        *to++ = low < 0 ? *s : (char)(high << 4 | low);
        if (low >= 0) s += 2;
    }
    *to = '\0';
}

/* One value, quoted or a token; returns what is behind it. `out` NULL: it is read over. */
static const char *read_value(const char *p, char *out, size_t cap)
{
    size_t n = 0;
    bool quoted = *p == '"';
    if (quoted) p++;
    for (; *p && (quoted ? *p != '"' : !strchr("; \t", *p)); p++) {
        /* Browsers escape the quote alone; a path of Windows has backslashes of its own. */
        if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\')) p++;
        if (out && n + 1 < cap) out[n++] = *p;
    }
    if (out) out[n] = '\0';
    return quoted && *p ? p + 1 : p;
}

static bool find(const char *value, const char *name, char *out, size_t cap)
{
    size_t len = strlen(name);
    for (const char *p = value + strcspn(value, ";"); *p == ';'; p += strcspn(p, ";")) {
        p += 1 + strspn(p + 1, " \t");
        size_t n = strcspn(p, "=; \t");
        const char *is = p + n + strspn(p + n, " \t");
        if (*is != '=') continue;
        is += 1 + strspn(is + 1, " \t");
        bool found = n == len && strncasecmp(p, name, n) == 0;
        p = read_value(is, found ? out : NULL, cap);
        if (found) return true;
    }
    return false;
}

bool disposition_get(const char *value, const char *name, char *out, size_t cap)
{
    char extended[32];
    snprintf(extended, sizeof(extended), "%s*", name);
    if (find(value, extended, out, cap) && strncasecmp(out, "utf-8'", 6) == 0) {
        const char *text = strchr(out + 6, '\'');
        if (text) {
            memmove(out, text + 1, strlen(text + 1) + 1);
            percent_decode(out);
            return true;
        }
    }
    return find(value, name, out, cap);
}

void disposition_write(struct buf *b, const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~";
    buf_add_str(b, "Content-Disposition: attachment; filename=\"");
    for (const char *p = name; *p; p++)
        if ((*p & 0xc0) != 0x80) buf_add_char(b, *p > ' ' && *p < 0x7f && !strchr("\"\\%", *p) ? *p : '_');
    buf_add_str(b, "\"; filename*=UTF-8''");
    for (const char *p = name; *p; p++)
        if (strchr(plain, *p))
            buf_add_char(b, *p);
        else
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*p);
    buf_add_str(b, "\r\n");
}
