/* Sets of bytes.
 *
 * Each byte is of one sort, and a class (%a) is some of the sorts: a bit mask. A set in brackets is one bit in a table
 * of its own pattern. So one look at a table tells of both. */
#include <string.h>

#include "vm/pattern_internal.h"

enum {
    NUL = 1 << 0,  /* \0 */
    CTL = 1 << 1,  /* control characters that are no space */
    TAB = 1 << 2,  /* control characters that are space: \t \n \v \f \r */
    SPA = 1 << 3,  /* the blank */
    PUN = 1 << 4,  /* punctuation */
    DIG = 1 << 5,  /* digits */
    UHX = 1 << 6,  /* A to F */
    UPP = 1 << 7,  /* the other capital letters */
    LHX = 1 << 8,  /* a to f */
    LOW = 1 << 9,  /* the other small letters */
    HIG = 1 << 10, /* 128 and more */
    ALL = (1 << 11) - 1,
    LETTER = UHX | UPP | LHX | LOW
};

#define ROW_CTL CTL, CTL, CTL, CTL, CTL, CTL, CTL, CTL
#define ROW_HIG HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG, HIG

static const uint16_t sorts[256] = {
    /* 00 */ NUL,     CTL,     CTL,     CTL,     CTL, CTL, CTL, CTL, CTL, TAB, TAB, TAB, TAB, TAB, CTL, CTL,
    /* 10 */ ROW_CTL, ROW_CTL,
    /* 20 */ SPA,     PUN,     PUN,     PUN,     PUN, PUN, PUN, PUN, PUN, PUN, PUN, PUN, PUN, PUN, PUN, PUN,
    /* 30 */ DIG,     DIG,     DIG,     DIG,     DIG, DIG, DIG, DIG, DIG, DIG, PUN, PUN, PUN, PUN, PUN, PUN,
    /* 40 */ PUN,     UHX,     UHX,     UHX,     UHX, UHX, UHX, UPP, UPP, UPP, UPP, UPP, UPP, UPP, UPP, UPP,
    /* 50 */ UPP,     UPP,     UPP,     UPP,     UPP, UPP, UPP, UPP, UPP, UPP, UPP, PUN, PUN, PUN, PUN, PUN,
    /* 60 */ PUN,     LHX,     LHX,     LHX,     LHX, LHX, LHX, LOW, LOW, LOW, LOW, LOW, LOW, LOW, LOW, LOW,
    /* 70 */ LOW,     LOW,     LOW,     LOW,     LOW, LOW, LOW, LOW, LOW, LOW, LOW, PUN, PUN, PUN, PUN, CTL,
    /* 80 */ ROW_HIG, ROW_HIG, ROW_HIG, ROW_HIG,
    /* c0 */ ROW_HIG, ROW_HIG, ROW_HIG, ROW_HIG};

/* The sorts of a class letter; 0: it is no class, the character stands for itself. */
static uint16_t class_mask(unsigned char c)
{
    static const uint16_t classes[32] = {['a' & 31] = LETTER,       ['c' & 31] = NUL | CTL | TAB,
                                         ['d' & 31] = DIG,          ['g' & 31] = PUN | DIG | LETTER,
                                         ['l' & 31] = LHX | LOW,    ['p' & 31] = PUN,
                                         ['s' & 31] = TAB | SPA,    ['u' & 31] = UHX | UPP,
                                         ['w' & 31] = DIG | LETTER, ['x' & 31] = DIG | UHX | LHX,
                                         ['z' & 31] = NUL};
    uint16_t mask = sorts[c] & LETTER ? classes[c & 31] : 0;
    return mask && !(c & 0x20) ? ALL & (uint16_t)~mask : mask; /* a capital letter: all others */
}

struct pattern_set pattern_set_any(void)
{
    return (struct pattern_set){sorts, ALL, 0};
}

bool pattern_set_class(struct pattern_set *set, unsigned char letter)
{
    uint16_t mask = class_mask(letter);
    if (mask) *set = (struct pattern_set){sorts, mask, 0};
    return mask != 0;
}

bool pattern_set_is_apart(const struct pattern_set *a, const struct pattern_set *b)
{
    return a->table == sorts && b->table == sorts && !(a->mask & b->mask);
}

const char *pattern_set_end(const char *at, const char *end)
{
    at++;
    if (at < end && *at == '^') at++;
    for (const char *first = at; at < end; at++) {
        if (*at == ']' && at > first) return at;
        if (*at == '%') at++;
    }
    return NULL;
}

static void put_class(uint16_t *table, uint16_t bit, unsigned char letter)
{
    uint16_t mask = class_mask(letter);
    if (!mask) {
        table[letter] |= bit;
        return;
    }
    for (int i = 0; i < 256; i++)
        table[i] |= sorts[i] & mask ? bit : 0;
}

void pattern_set_read(struct pattern_set *set, uint16_t *table, const char *at, const char *last)
{
    if (*++at == '^') {
        set->flip = 0xffff;
        at++;
    }
    for (; at < last; at++) {
        unsigned char first = (unsigned char)*at;
        if (first == '%') {
            put_class(table, set->mask, (unsigned char)*++at);
        } else if (at[1] == '-' && at + 2 < last) {
            at += 2;
            for (int i = first; i <= (unsigned char)*at; i++)
                table[i] |= set->mask;
        } else {
            table[first] |= set->mask;
        }
    }
}

bool pattern_is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((sorts[(unsigned char)text[i]] & PUN) && strchr("^$*+?.([%-", text[i])) return false;
    return true;
}
