/* Cursors of pages: values in a text that clients do not look into. Any thread. */
#ifndef KHUNG_CURSOR_H
#define KHUNG_CURSOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"

/* A list of plain values as text, in the arena; NULL: no memory. */
const char *cursor_write(const struct val *at, struct arena *a);
/* ERR_INVALID "find.cursor" for what is none, or holds another number of values than `n`. */
int cursor_read(const char *text, size_t n, struct arena *a, struct val *at, struct err *err);

#endif
