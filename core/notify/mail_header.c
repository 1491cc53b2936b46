/* Header lines: RFC 5322, with encoded words (RFC 2047) where a value is not plain ASCII. */
#include "notify/notify_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/digest.h"

enum {
    WORD_BYTES = 45, /* of text in an encoded word: 60 in base64, of 75 with its frame */
    LINE_MOST = 76,
};

bool mail_is_line(const char *s)
{
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127) return false;
    return true;
}

static bool is_plain(const char *s)
{
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p > 126) return false;
    return !strstr(s, "=?");
}

/* At most `most` bytes that do not end within a character. */
static size_t take_whole(const char *s, size_t most)
{
    size_t n = strlen(s);
    if (n <= most) return n;
    for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--) {
    }
    return n ? n : most;
}

static void add_encoded(struct buf *out, const char *s, size_t at)
{
    char word[DIGEST_BASE64(WORD_BYTES)];
    /* The first word shares its line with the header's name. */
    size_t room = at < 40 ? WORD_BYTES - (at + 2) / 4 * 3 : 12;
    for (bool first = true; *s; first = false) {
        size_t n = take_whole(s, first ? room : WORD_BYTES);
        digest_base64(s, n, false, word, sizeof(word));
        if (!first) buf_add_str(out, "\r\n ");
        buf_printf(out, "=?utf-8?B?%s?=", word);
        s += n;
    }
}

/* Plain text is folded at blanks. */
static void add_plain(struct buf *out, const char *s, size_t at)
{
    while (*s) {
        size_t word = 1 + strcspn(s + 1, " ");
        if (at > 1 && at + word > LINE_MOST && *s == ' ') {
            buf_add_str(out, "\r\n");
            at = 0;
        }
        buf_add(out, s, word);
        at += word;
        s += word;
    }
}

static int take(struct arena *a, struct buf *b, const char **out)
{
    *out = buf_ok(b) ? arena_strndup(a, b->data, b->len) : NULL;
    buf_close(b);
    return *out ? 0 : ERR_LIMIT;
}

int mail_header(struct arena *a, const char *name, const char *value, const char **out)
{
    struct buf b;
    if (!mail_is_line(value)) return ERR_INVALID;
    buf_init(&b, 8 << 10);
    buf_printf(&b, "%s: ", name);
    if (is_plain(value))
        add_plain(&b, value, b.len);
    else
        add_encoded(&b, value, b.len);
    return take(a, &b, out);
}

/* In quotes when it holds what has a meaning in a list of addresses. */
static void add_name(struct buf *b, const char *name)
{
    if (!is_plain(name)) {
        add_encoded(b, name, b->len);
        return;
    }
    bool quoted = strpbrk(name, "()<>[]:;@\\,.\"") != NULL;
    if (quoted) buf_add_char(b, '"');
    for (const char *p = name; *p; p++) {
        if (quoted && (*p == '"' || *p == '\\')) buf_add_char(b, '\\');
        buf_add_char(b, *p);
    }
    if (quoted) buf_add_char(b, '"');
}

int mail_header_address(struct arena *a, const char *header, const char *name, const char *address, const char **out)
{
    struct buf b;
    if ((name && !mail_is_line(name)) || !mail_is_line(address)) return ERR_INVALID;
    buf_init(&b, 8 << 10);
    buf_printf(&b, "%s: ", header);
    if (name && *name) {
        add_name(&b, name);
        buf_printf(&b, "\r\n <%s>", address);
    } else {
        buf_add_str(&b, address);
    }
    return take(a, &b, out);
}

int mail_header_date(struct arena *a, int64_t ms, const char **out)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct date d;
    date_from_ms(ms, &d);
    int weekday = date_weekday(date_days(d.year, d.month, d.day));
    *out = arena_printf(a, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000", days + 3 * weekday, d.day,
                        months + 3 * (d.month - 1), d.year, d.hour, d.minute, d.second);
    return *out ? 0 : ERR_LIMIT;
}
