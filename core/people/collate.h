/* The order of text in a language (ICU collation), opened on first use: a ă â b …, tones none huyền
 * hỏi ngã sắc nặng.
 *
 * One collator a language is kept for the process; once made it is only read. Any thread. */
#ifndef KHUNG_PEOPLE_COLLATE_H
#define KHUNG_PEOPLE_COLLATE_H

#include <stddef.h>

/* -1, 0, 1. Falls back to the order of bytes when ICU has no data. */
int collate_compare(const char *lang, const char *a, size_t a_len, const char *b, size_t b_len);

#endif
