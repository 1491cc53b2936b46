/* Text: what needs no tables is done here; the rest by ICU, which is opened when first needed. */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/arena.h"
#include "base/err.h"

enum { TEXT_MAX = 16 << 20, SLUG_MAX = 80 };

/* Decodes one character; 0 on broken UTF-8 (overlong, surrogate, too large). */
static size_t decode(const unsigned char *s, size_t left, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : (s[0] & 0xF0) == 0xE0       ? 3
               : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                             : 0;
    if (n == 0 || n > left) return 0;
    *c = n == 1 ? s[0] : s[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        *c = *c << 6 | (s[i] & 0x3F);
    }
    if (*c < least[n] || (*c >= 0xD800 && *c < 0xE000) || *c > 0x10FFFF) return 0;
    return n;
}

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    static const unsigned char heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(heads[n] | c);
    return n;
}

bool text_is_utf8(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = decode(p + i, len - i, &c);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

/* NFC without a table: no combining marks, and nothing that composes or decomposes. */
static bool is_plainly_nfc(uint32_t c)
{
    return c < 0x300 || (c >= 0x1EA0 && c <= 0x1EF9) || (c >= 0x2010 && c <= 0x2027) || c == 0x2026;
}

/* 1 plainly NFC, 0 ask ICU, negative: broken. */
static int scan(const char *s, size_t len)
{
    int plain = 1;
    for (size_t i = 0; i < len;) {
        uint32_t c = (unsigned char)s[i];
        size_t n = c < 0x80 ? 1 : decode((const unsigned char *)s + i, len - i, &c);
        if (n == 0) return ERR_INVALID;
        if (!is_plainly_nfc(c)) plain = 0;
        i += n;
    }
    return plain;
}

/* UTF-8 through one of ICU's normalisers, into the arena. */
static int normalise(const UNormalizer2 *how, struct arena *a, const char *s, size_t len, const char **out,
                     size_t *out_len)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t n16 = 0, cap = (int32_t)len + 1, m16, n8 = 0;
    UChar *from = arena_alloc(a, (size_t)cap * sizeof(UChar));
    UChar *to = arena_alloc(a, (size_t)cap * 4 * sizeof(UChar));
    if (!from || !to) return ERR_LIMIT;
    u_strFromUTF8(from, cap, &n16, s, (int32_t)len, &status);
    m16 = unorm2_normalize(how, from, n16, to, cap * 4, &status);
    char *bytes = arena_alloc(a, (size_t)m16 * 3 + 1);
    if (!bytes) return ERR_LIMIT;
    u_strToUTF8(bytes, m16 * 3 + 1, &n8, to, m16, &status);
    if (U_FAILURE(status)) return ERR_INVALID;
    *out = bytes;
    *out_len = (size_t)n8;
    return 0;
}

int text_nfc(struct arena *a, const char *s, size_t len, const char **out, size_t *out_len, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    int plain = len > TEXT_MAX ? ERR_LIMIT : scan(s, len);
    *out = s;
    *out_len = len;
    if (plain == ERR_LIMIT) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (plain < 0) return err_set(err, ERR_INVALID, "text.utf8", NULL);
    if (plain) return 0;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    if (U_FAILURE(status) || normalise(nfc, a, s, len, out, out_len) != 0)
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return 0;
}

int text_fold(struct arena *a, const char *s, size_t len, const char **out, size_t *out_len)
{
    UErrorCode status = U_ZERO_ERROR;
    const char *apart = s;
    size_t n = len;
    bool ascii = true;
    for (size_t i = 0; i < len; i++)
        ascii &= (unsigned char)s[i] < 0x80;
    if (!ascii) {
        const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);
        if (len > TEXT_MAX) return ERR_LIMIT;
        if (!text_is_utf8(s, len) || U_FAILURE(status)) return ERR_INVALID;
        int rc = normalise(nfd, a, s, len, &apart, &n);
        if (rc) return rc;
    }
    char *to = arena_alloc(a, 2 * n + 1);
    size_t at = 0;
    if (!to) return ERR_LIMIT;
    for (size_t i = 0; i < n;) {
        uint32_t c = (unsigned char)apart[i];
        size_t step = c < 0x80 ? 1 : decode((const unsigned char *)apart + i, n - i, &c);
        if (step == 0) return ERR_INVALID;
        i += step;
        if (c >= 0x300 && c < 0x370) continue; /* marks */
        if (c == 0x110 || c == 0x111) c = 'd'; /* đ is a letter, not a mark */
        c = c < 0x80 ? (uint32_t)(c >= 'A' && c <= 'Z' ? c + 32 : c) : (uint32_t)u_tolower((UChar32)c);
        at += encode(c, to + at);
    }
    *out = to;
    *out_len = at;
    return 0;
}

int text_upper(struct arena *a, const char *s, const char **out)
{
    size_t n = strlen(s), at = 0;
    char *to = arena_alloc(a, 2 * n + 1);
    if (!to) return ERR_NOMEM;
    for (size_t i = 0; i < n;) {
        uint32_t c = (unsigned char)s[i];
        size_t step = c < 0x80 ? 1 : decode((const unsigned char *)s + i, n - i, &c);
        if (step == 0) break;
        i += step;
        at += encode((uint32_t)u_toupper((UChar32)c), to + at);
    }
    to[at] = '\0';
    *out = to;
    return 0;
}

int text_slug(struct arena *a, const char *s, size_t len, const char **out)
{
    const char *folded;
    size_t n, at = 0, word = 0;
    int rc = text_fold(a, s, len, &folded, &n);
    if (rc) return rc;
    char *slug = arena_alloc(a, n + 2);
    if (!slug) return ERR_LIMIT;
    for (size_t i = 0; i < n; i++) {
        char c = folded[i];
        bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (keep) {
            slug[at++] = c;
        } else if (at && slug[at - 1] != '-') {
            if (at <= SLUG_MAX) word = at;
            slug[at++] = '-';
        }
    }
    if (at && slug[at - 1] == '-') at--;
    if (at > SLUG_MAX) at = word ? word : SLUG_MAX;
    slug[at] = '\0';
    *out = slug;
    return 0;
}

static void signs(const char *lang, char *group, char *decimal)
{
    bool dots = lang && strcmp(lang, "vi") == 0;
    *group = dots ? '.' : ',';
    *decimal = dots ? ',' : '.';
}

bool text_parse_number(const char *s, size_t len, const char *lang, double *out)
{
    char group, decimal, plain[48];
    size_t at = 0, since_group = 0;
    bool grouped = false, fraction = false;
    signs(lang, &group, &decimal);
    if (len == 0 || len > 40) return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == '-' && i == 0) {
            plain[at++] = c;
        } else if (c >= '0' && c <= '9') {
            plain[at++] = c;
            since_group++;
        } else if (c == group && !fraction) {
            if (since_group == 0 || since_group > 3 || (grouped && since_group != 3)) return false;
            grouped = true;
            since_group = 0;
        } else if (c == decimal && !fraction) {
            if (since_group == 0 || (grouped && since_group != 3)) return false;
            fraction = true;
            plain[at++] = '.';
            since_group = 0;
        } else {
            return false;
        }
    }
    if (since_group == 0 || (grouped && !fraction && since_group != 3)) return false;
    plain[at] = '\0';
    *out = strtod(plain, NULL);
    return true;
}

void text_format_number(double n, int decimals, const char *lang, char *out, size_t cap)
{
    char plain[64], group, decimal, result[96];
    size_t at = 0;
    signs(lang, &group, &decimal);
    if (decimals < 0 || decimals > 9) decimals = 0;
    if (!(n < 1e18 && n > -1e18)) {
        snprintf(out, cap, "%g", n); /* no figure that is counted: 1e+20, inf, nan */
        return;
    }
    snprintf(plain, sizeof(plain), "%.*f", decimals, n);
    const char *p = plain;
    if (*p == '-') result[at++] = *p++;
    size_t whole = strcspn(p, ".");
    for (size_t i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0) result[at++] = group;
        result[at++] = p[i];
    }
    if (decimals) {
        result[at++] = decimal;
        for (int i = 0; i < decimals; i++)
            result[at++] = p[whole + 1 + (size_t)i];
    }
    result[at] = '\0';
    snprintf(out, cap, "%s", result);
}

size_t text_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    size_t row[LONGEST + 1], na = strnlen(a, LONGEST), nb = strnlen(b, LONGEST);
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t swap = corner + (a[i - 1] != b[j - 1]);
            size_t less = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            corner = row[j];
            row[j] = swap < less ? swap : less;
        }
    }
    return row[nb];
}
