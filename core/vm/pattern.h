/* Patterns of Lua (reference manual 5.4, 6.4.1) over bytes, without Lua: compiled once a call, matched without
 * recursion, stoppable at any moment.
 *
 * A pattern is a row of items. Each item is visited at most once on the way to a match, so an item that can match in
 * several ways (a repetition) keeps its own place: there is no stack, and memory does not grow with the subject. What
 * is malformed becomes an item that fails when it is reached, as the reference implementation does.
 *
 * Owned by one thread; pattern and subject must stay in place while they are used.
 *
 *     struct pattern p;
 *     pattern_init(&p, stop);
 *     if (!pattern_compile(&p, text, len, true)) …    more room is needed: pattern_memory, pattern_give
 *     pattern_subject(&p, s, n);
 *     if (pattern_search(&p, s, NULL) == PATTERN_FOUND) … p.start, p.end, p.captures */
#ifndef KHUNG_VM_PATTERN_H
#define KHUNG_VM_PATTERN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_CAPTURES = 32, PATTERN_MAX = 65536 }; /* bytes of a pattern that is not plain */
enum { PATTERN_FEW = 48, PATTERN_SETS = 16 };        /* items that need no memory; sets in one table */

enum pattern_result { PATTERN_NONE, PATTERN_FOUND, PATTERN_FAILED, PATTERN_STOPPED };

/* Which bytes: those with one of the bits `mask` in their entry of the table. */
struct pattern_set {
    const uint16_t *table;
    uint16_t mask, flip; /* flip: all bits, for a set that is negated */
};

struct pattern_item {
    uint8_t op;
    uint8_t kind;     /* of a repetition: what is repeated */
    uint8_t c, close; /* a byte; for %b two */
    int16_t ahead;    /* the byte that must follow a repetition, or -1 */
    bool once;        /* a repetition: what follows cannot begin with what it repeats, or nothing follows */
    uint32_t len;     /* of a text; the number of a capture */
    int32_t back;     /* the nearest repetition before, or -1 */
    struct pattern_set set;
    const char *text;  /* in the pattern; of an error: the message */
    const char *at;    /* while matching: how far the repetition reaches … */
    const char *least; /* … and must reach at least */
};

struct pattern_capture {
    const char *start;
    ptrdiff_t len; /* or one of: */
};
enum { CAPTURE_POSITION = -1, CAPTURE_OPEN = -2 };

struct pattern {
    const volatile sig_atomic_t *stop; /* looked at every few thousand steps; may be NULL */
    int fuel;
    struct pattern_item *items;
    uint16_t *tables;
    size_t nitems, max_items, nsets, max_sets;
    bool anchored;
    struct pattern_item *first; /* what a match must begin with; NULL: anything */
    const char *subject, *subject_end;
    const char *start, *end; /* the match */
    int ncaptures;
    struct pattern_capture captures[PATTERN_CAPTURES];
    const char *error; /* why it failed: for a format with one number */
    int error_number;
    struct pattern_item few[PATTERN_FEW];
    uint16_t few_tables[256];
};

void pattern_init(struct pattern *p, const volatile sig_atomic_t *stop);
/* Before compiling what did not fit: so much memory, aligned as by malloc, which outlives the pattern's use. */
size_t pattern_memory(const char *text, size_t len);
void pattern_give(struct pattern *p, void *memory, const char *text, size_t len);
/* len ≤ PATTERN_MAX. False: it needs more room. `anchors`: a '^' at the start is an anchor. */
bool pattern_compile(struct pattern *p, const char *text, size_t len, bool anchors);
/* What is malformed in one that was compiled, for a format with one number (`error_number`); NULL: nothing. */
const char *pattern_fault(struct pattern *p);
bool pattern_is_plain(const char *text, size_t len);

void pattern_subject(struct pattern *p, const char *s, size_t len);
/* The first match that starts at `from` or later and does not end at `not_at` (may be NULL). */
enum pattern_result pattern_search(struct pattern *p, const char *from, const char *not_at);

/* Plain text in the subject, from `from` on: PATTERN_FOUND with start and end, NONE or STOPPED. */
enum pattern_result pattern_search_text(struct pattern *p, const char *from, const char *text, size_t len);

#endif
