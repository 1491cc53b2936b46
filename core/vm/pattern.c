/* Matching: one loop that goes forward item by item, and back to the nearest repetition that has another way. */
#include <string.h>

#include "vm/pattern_internal.h"

enum { PIECE = 4096 };

void pattern_subject(struct pattern *p, const char *s, size_t len)
{
    p->subject = s;
    p->subject_end = s + len;
}

static bool takes(const struct pattern_item *i, char c)
{
    if (i->kind == REPEAT_BYTE) return (uint8_t)c == i->c;
    return i->kind == REPEAT_ANY || pattern_has(&i->set, (unsigned char)c);
}

/* How far what the item repeats goes from s on; not past `end`. */
static const char *go_along(const struct pattern_item *i, const char *s, const char *end)
{
    if (i->kind == REPEAT_ANY) return end;
    if (i->kind == REPEAT_BYTE)
        while (s < end && (uint8_t)*s == i->c)
            s++;
    else
        while (s < end && pattern_has(&i->set, (unsigned char)*s))
            s++;
    return s;
}

static const char *go_far(struct pattern *p, const struct pattern_item *i, const char *s)
{
    const char *end = p->subject_end;
    if (i->kind == REPEAT_ANY) return end;
    for (;;) {
        const char *piece = end - s > PIECE ? s + PIECE : end, *to = go_along(i, s, piece);
        p->fuel -= (int)(to - s) / 4;
        if (to < piece || to == end) return to;
        s = to;
        if (p->fuel < 0 && pattern_is_stopped(p)) return s;
    }
}

/* %bxy: the place after the text that starts with x, ends with y and has as many of both; or NULL. */
static const char *go_balanced(struct pattern *p, const struct pattern_item *i, const char *s)
{
    const char *end = p->subject_end;
    size_t depth = 1;
    if (s == end || (uint8_t)*s != i->c) return NULL;
    while (++s < end) {
        if ((uint8_t)*s == i->close) {
            if (--depth == 0) return s + 1;
        } else if ((uint8_t)*s == i->c) {
            depth++;
        }
        if (--p->fuel < 0 && pattern_is_stopped(p)) return NULL;
    }
    return NULL;
}

static bool is_frontier(const struct pattern *p, const struct pattern_item *i, const char *s)
{
    unsigned char before = s > p->subject ? (unsigned char)s[-1] : 0;
    unsigned char after = s < p->subject_end ? (unsigned char)*s : 0;
    return !pattern_has(&i->set, before) && pattern_has(&i->set, after);
}

static const char *go_text(struct pattern *p, const char *text, size_t len, const char *s)
{
    if ((size_t)(p->subject_end - s) < len) return NULL;
    return pattern_same(p, s, text, len) ? s + len : NULL;
}

/* Items that are there once: the place after them, or NULL. */
static const char *go_once(struct pattern *p, const struct pattern_item *i, const char *s)
{
    const struct pattern_capture *capture;
    switch (i->op) {
    case ITEM_TEXT:
        if (s == p->subject_end || (uint8_t)*s != i->c) return NULL;
        return i->len == 1 ? s + 1 : go_text(p, i->text, i->len, s);
    case ITEM_SET:
        return s < p->subject_end && pattern_has(&i->set, (unsigned char)*s) ? s + 1 : NULL;
    case ITEM_OPEN:
    case ITEM_POSITION:
        p->captures[i->len].start = s;
        return s;
    case ITEM_CLOSE:
        p->captures[i->len].len = s - p->captures[i->len].start;
        return s;
    case ITEM_SUBJECT_END:
        return s == p->subject_end ? s : NULL;
    case ITEM_FRONTIER:
        return is_frontier(p, i, s) ? s : NULL;
    case ITEM_BALANCE:
        return go_balanced(p, i, s);
    case ITEM_REFERENCE:
        capture = &p->captures[i->len];
        return go_text(p, capture->start, (size_t)capture->len, s);
    default:
        return NULL;
    }
}

/* The first way of a repetition; what is left to try stays in at and least. */
static const char *go_first(struct pattern *p, struct pattern_item *i, const char *s)
{
    if (i->op == ITEM_LEAST) return i->at = s;
    if (i->op == ITEM_OPTION)
        i->at = s < p->subject_end && takes(i, *s) ? s + 1 : s;
    else
        i->at = go_far(p, i, s);
    i->least = s + i->len;
    if (i->at < i->least) return NULL;
    s = i->at;
    if (i->once) i->least = s;
    return s;
}

/* One more for a repetition that takes as few as possible; NULL: there is none. */
static const char *go_more(struct pattern *p, struct pattern_item *i)
{
    const char *s = i->at, *end = p->subject_end;
    if (s == end || !takes(i, *s)) return NULL;
    s++;
    if (i->ahead >= 0 && i->kind == REPEAT_ANY) {
        s = pattern_find_byte(p, s, end, i->ahead);
    } else if (i->ahead >= 0) {
        while (s < end && (uint8_t)*s != (uint8_t)i->ahead && takes(i, *s) && --p->fuel > 0)
            s++;
    }
    return i->at = s;
}

/* The next way of a repetition, or NULL. */
static const char *go_next(struct pattern *p, struct pattern_item *i)
{
    if (i->op == ITEM_LEAST) return i->at ? go_more(p, i) : NULL;
    if (i->at <= i->least) return NULL;
    i->at--;
    if (i->ahead >= 0 && i->at > i->least) {
        const char *at = pattern_find_last_byte(p, i->least, i->at + 1, i->ahead);
        i->at = at ? at : i->least;
    }
    return i->at;
}

/* Goes back to the nearest repetition before item i that has another way; *s is the place after it. */
static struct pattern_item *go_back(struct pattern *p, const struct pattern_item *i, const char **s)
{
    for (int32_t back = i->back; back >= 0;) {
        struct pattern_item *r = &p->items[back];
        *s = go_next(p, r);
        if (*s) return r + 1;
        back = r->back;
    }
    return NULL;
}

static enum pattern_result fail(struct pattern *p, const struct pattern_item *i)
{
    p->error = i->text;
    p->error_number = (int)i->len;
    return PATTERN_FAILED;
}

/* Does it match at s? */
static enum pattern_result match(struct pattern *p, const char *s)
{
    struct pattern_item *i = p->items;
    p->start = s;
    while (i) {
        if (--p->fuel < 0 && pattern_is_stopped(p)) return PATTERN_STOPPED;
        if (i->op == ITEM_END) {
            p->end = s;
            return PATTERN_FOUND;
        }
        if (i->op == ITEM_ERROR) return fail(p, i);
        bool repeats = i->op == ITEM_MOST || i->op == ITEM_LEAST || i->op == ITEM_OPTION;
        const char *to = repeats ? go_first(p, i, s) : go_once(p, i, s);
        if (to) {
            s = to;
            i++;
        } else {
            i = go_back(p, i, &s);
        }
    }
    return PATTERN_NONE;
}

/* Where a match can begin at the earliest; NULL: nowhere. */
static const char *skip(struct pattern *p, const char *s)
{
    const struct pattern_item *first = p->first;
    const char *end = p->subject_end;
    if (!first) return s;
    if (first->op == ITEM_TEXT || first->op == ITEM_BALANCE || (first->op == ITEM_MOST && first->kind == REPEAT_BYTE))
        return pattern_find_byte(p, s, end, first->c);
    for (;;) {
        const char *from = s, *to = end - s > PIECE ? s + PIECE : end;
        while (s < to && !pattern_has(&first->set, (unsigned char)*s))
            s++;
        p->fuel -= (int)(s - from) / 4;
        if (s < to) return s;
        if (s == end || (p->fuel < 0 && pattern_is_stopped(p))) return NULL;
    }
}

enum pattern_result pattern_search(struct pattern *p, const char *from, const char *not_at)
{
    enum pattern_result rc = PATTERN_NONE;
    for (const char *s = from; s; s++) {
        if (!p->anchored) s = skip(p, s);
        if (!s) break;
        rc = match(p, s);
        if (rc == PATTERN_FOUND && p->end == not_at) rc = PATTERN_NONE;
        if (rc != PATTERN_NONE || p->anchored || s == p->subject_end) break;
    }
    /* A stop in the midst of an item looks like an item that did not match. */
    return rc == PATTERN_FOUND || rc == PATTERN_FAILED || !p->stop || !*p->stop ? rc : PATTERN_STOPPED;
}
