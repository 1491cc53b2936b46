/* {name} in a text, filled from a map of values: what `t` and the templates of mail do. Any thread. */
#ifndef KHUNG_TEXT_FILL_H
#define KHUNG_TEXT_FILL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/val.h"

/* Appends. A name that has no value stays as it is. */
void text_fill(struct buf *out, const char *text, const struct val *values, struct arena *a);
/* The same into HTML: what is filled in is escaped, the text is not. */
void text_fill_html(struct buf *out, const char *text, const struct val *values, struct arena *a);
/* One value, as it stands in a text. */
void text_add_value(struct buf *out, const struct val *v, bool html);
void text_escape_html(struct buf *out, const char *s, size_t len);

#endif
