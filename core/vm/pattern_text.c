/* Bytes and plain text in long subjects, in pieces, so that a stop is seen between two of them.
 *
 * Text is sought by its first byte as long as that is rare, else by memmem, whose worst case is linear. A text that is
 * so long that memmem's preparation would take long is sought by its beginning. */
#include <string.h>

#include "vm/pattern_internal.h"

enum { PIECE = 65536, NEEDLE = 2048, FUEL = 4096 };

bool pattern_is_stopped(struct pattern *p)
{
    bool stopped = p->stop && *p->stop;
    p->fuel = stopped ? -1 : FUEL; /* a stop stays: whoever looks next is out of fuel, too */
    return stopped;
}

const char *pattern_find_byte(struct pattern *p, const char *from, const char *end, int c)
{
    while (from < end) {
        size_t n = end - from < PIECE ? (size_t)(end - from) : PIECE;
        const char *at = memchr(from, c, n);
        p->fuel -= (int)((at ? (size_t)(at - from) : n) / 64);
        if (at) return at;
        from += n;
        if (p->fuel < 0 && pattern_is_stopped(p)) return NULL;
    }
    return NULL;
}

const char *pattern_find_last_byte(struct pattern *p, const char *from, const char *end, int c)
{
    while (from < end) {
        size_t n = end - from < PIECE ? (size_t)(end - from) : PIECE;
        const char *at = memrchr(end - n, c, n);
        p->fuel -= (int)((at ? (size_t)(end - at) : n) / 64);
        if (at) return at;
        end -= n;
        if (p->fuel < 0 && pattern_is_stopped(p)) return NULL;
    }
    return NULL;
}

bool pattern_same(struct pattern *p, const char *a, const char *b, size_t len)
{
    for (; len > PIECE; a += PIECE, b += PIECE, len -= PIECE)
        if (memcmp(a, b, PIECE) != 0 || pattern_is_stopped(p)) return false;
    p->fuel -= (int)(len / 64);
    return memcmp(a, b, len) == 0;
}

/* By the first byte; gives up, with *from at the place, when that is too frequent for it. */
static const char *find_rare(struct pattern *p, const char **from, const char *end, const char *text, size_t len)
{
    const char *last = end - len, *at = *from;
    int wrong = 0;
    while (at <= last && (at = pattern_find_byte(p, at, last + 1, text[0]))) {
        if (pattern_same(p, at + 1, text + 1, len - 1)) return at;
        at++;
        if (p->fuel < 0 && pattern_is_stopped(p)) break;
        if (++wrong > 8 + (at - *from) / 32) {
            *from = at;
            return NULL;
        }
    }
    *from = end;
    return NULL;
}

static const char *find_any(struct pattern *p, const char *from, const char *end, const char *text, size_t len)
{
    size_t head = len < NEEDLE ? len : NEEDLE;
    const char *last = end - len; /* the last place where it can begin */
    while (from <= last) {
        size_t n = last - from < PIECE ? (size_t)(last - from) + 1 : PIECE;
        const char *at = memmem(from, n + head - 1, text, head);
        p->fuel -= (int)head;
        if (at && pattern_same(p, at + head, text + head, len - head)) return at;
        from = at ? at + 1 : from + n;
        if ((p->fuel < 0 || !at) && pattern_is_stopped(p)) return NULL;
    }
    return NULL;
}

enum pattern_result pattern_search_text(struct pattern *p, const char *from, const char *text, size_t len)
{
    const char *end = p->subject_end, *at = NULL;
    if (len == 0) {
        at = from;
    } else if (len <= (size_t)(end - from)) {
        at = find_rare(p, &from, end, text, len);
        if (!at && len <= (size_t)(end - from)) at = find_any(p, from, end, text, len);
    }
    if (!at) return p->stop && *p->stop ? PATTERN_STOPPED : PATTERN_NONE;
    p->start = at;
    p->end = at + len;
    return PATTERN_FOUND;
}
