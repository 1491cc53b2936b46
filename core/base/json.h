/* JSON: strict reading (RFC 8259, UTF-8 only, duplicate names refused, depth and size capped; by jansson) and
 * direct writing. Integers stay integers within ±2^63; larger ones are refused, not rounded. Instants and dates are
 * written as ISO 8601 strings by their object's "iso" field; other objects as a map of id and fields. */
#ifndef KHUNG_JSON_H
#define KHUNG_JSON_H

#include "val.h"

/* Parses into the arena. ERR_INVALID with key "json.syntax" {line, column, detail}. Borrows nothing of `text`. */
int json_parse(const char *text, size_t len, struct arena *a, struct val *out, struct err *err);
/* Appends. NaN and infinities become null. Text that is not UTF-8 is written with U+FFFD. */
void json_write(struct buf *b, const struct val *v);
void json_write_str(struct buf *b, const char *s, size_t len);
/* Indented by two spaces, for people. */
void json_write_pretty(struct buf *b, const struct val *v);

#endif
