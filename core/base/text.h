/* Text: UTF-8 checks, NFC, folding for search ("Đề án" → "de an"), slugs. Plain Vietnamese and ASCII take a fast
 * path without ICU; ICU is opened on first need. Any thread. */
#ifndef KHUNG_TEXT_H
#define KHUNG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

bool text_is_utf8(const char *s, size_t len);
/* NFC in the arena (or `s` itself when it is NFC already). ERR_INVALID "text.utf8" on broken UTF-8. */
int text_nfc(struct arena *a, const char *s, size_t len, const char **out, size_t *out_len, struct err *err);
/* Lower case, no marks, đ → d. */
int text_fold(struct arena *a, const char *s, size_t len, const char **out, size_t *out_len);
/* Capitals: "Phó Chủ tịch" → "PHÓ CHỦ TỊCH". Takes UTF-8 that ends in NUL. 0 or ERR_NOMEM. */
int text_upper(struct arena *a, const char *s, const char **out);
/* "Thanh Hóa: Đổi mới" → "thanh-hoa-doi-moi"; at most 80 bytes, cut at a word; "" if nothing is left. */
int text_slug(struct arena *a, const char *s, size_t len, const char **out);
/* "12.226" in vi → 12226. Plain ASCII digits; the locale's group and decimal signs; false if not a number. */
bool text_parse_number(const char *s, size_t len, const char *lang, double *out);
void text_format_number(double n, int decimals, const char *lang, char *out, size_t cap);

/* Edits that turn one name into the other, for "did you mean"; long ones are compared by their beginning. */
size_t text_distance(const char *a, const char *b);

#endif
