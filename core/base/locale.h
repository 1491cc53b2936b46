/* The message catalogue: every sentence for people, by key and language.
 *
 * core/locale/LANG.txt holds lines `key = text with {name}`; both languages are compiled into the binary. A missing
 * key shows as itself. Any thread (read only after start). */
#ifndef KHUNG_LOCALE_H
#define KHUNG_LOCALE_H

#include <stdbool.h>
#include "err.h"

struct buf;

/* "en" or "vi" from a tag like "vi-VN" or an Accept-Language header; "en" if neither. Static. */
const char *locale_pick(const char *accept);
/* Text of a key in a language, or NULL. */
const char *locale_text(const char *lang, const char *key);
/* Text with {name} filled from (name, value) pairs closed by NULL. Appends to `out`. */
void locale_format(struct buf *out, const char *lang, const char *key, ...) __attribute__((sentinel));
/* The sentence of an error: its ready text, or its key with its values; then the remedy ("key.hint") if `hint`. */
void locale_err(struct buf *out, const char *lang, const struct err *err, bool hint);

/* What is wrong with one field of an error. */
void locale_field(struct buf *out, const char *lang, const struct err_field *f);

#endif
