/* Between the files of the matcher. */
#ifndef KHUNG_VM_PATTERN_INTERNAL_H
#define KHUNG_VM_PATTERN_INTERNAL_H

#include "vm/pattern.h"

/* pattern_text.c: these look at the stop as often as their way through the bytes needs. */
bool pattern_is_stopped(struct pattern *p);
/* The first, the last such byte in a range, or NULL; NULL also when stopped. */
const char *pattern_find_byte(struct pattern *p, const char *from, const char *end, int c);
const char *pattern_find_last_byte(struct pattern *p, const char *from, const char *end, int c);
bool pattern_same(struct pattern *p, const char *a, const char *b, size_t len);

enum pattern_op {
    ITEM_END, /* the match is whole */
    ITEM_SUBJECT_END,
    ITEM_TEXT, /* bytes as they are */
    ITEM_SET,
    ITEM_MOST,   /* as many as possible, then less: * and + */
    ITEM_LEAST,  /* as few as possible, then more: - */
    ITEM_OPTION, /* one, then none: ? */
    ITEM_OPEN,
    ITEM_CLOSE,
    ITEM_POSITION,
    ITEM_BALANCE,  /* %b */
    ITEM_FRONTIER, /* %f */
    ITEM_REFERENCE,
    ITEM_NEVER,
    ITEM_ERROR
};
enum pattern_kind { REPEAT_BYTE, REPEAT_SET, REPEAT_ANY };

static inline bool pattern_has(const struct pattern_set *set, unsigned char c)
{
    return ((set->table[c] ^ set->flip) & set->mask) != 0;
}

/* pattern_set.c */
struct pattern_set pattern_set_any(void);
/* The class of a letter (%a); false: it is none, the character stands for itself. */
bool pattern_set_class(struct pattern_set *set, unsigned char letter);
/* The ']' of the set that starts at `at`, or NULL. The first character after "[" or "[^" is never the end. */
const char *pattern_set_end(const char *at, const char *end);
/* Reads what stands from the '[' to the ']' (at `last`) into a bit of a table that is free. */
void pattern_set_read(struct pattern_set *set, uint16_t *table, const char *at, const char *last);
/* Is it known at once that no byte is in both? */
bool pattern_set_is_apart(const struct pattern_set *a, const struct pattern_set *b);

#endif
