/* A growing byte buffer with a hard maximum.
 *
 * Appending past the maximum or without memory sets `failed` and drops the data; callers write freely and check
 * once at the end (buf_ok). Memory for the first 4 KiB never lacks (the program ends instead). The bytes are always
 * followed by a NUL that is not counted. */
#ifndef KHUNG_BUF_H
#define KHUNG_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data;
    size_t len, cap, max;
    bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_close(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, clears `failed` */
void buf_cut(struct buf *b,
             size_t len); /* the same, and keeps the first bytes: what was there before something failed */
void buf_add_slowly(struct buf *b, const void *p, size_t n);
static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0) return;
    if (b->failed || n >= b->cap - b->len || n > b->max - b->len) {
        buf_add_slowly(b, p, n);
        return;
    }
    memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}
static inline void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_ok(const struct buf *b);
/* Hands the memory to the caller (mem_free) and empties the buffer. */
char *buf_take(struct buf *b, size_t *len);

#endif
