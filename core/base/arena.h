/* An arena: memory that lives as long as one request, slice or step, and is given back at once.
 *
 * Owned by one thread. Its maximum is given at init; past it arena_alloc returns NULL. Blocks are kept on
 * arena_reset, up to 1 MiB, so that a hot loop allocates nothing and a large request leaves nothing behind.
 *
 *     struct arena a; arena_init(&a, 1 << 20); ... arena_reset(&a); ... arena_close(&a); */
#ifndef KHUNG_ARENA_H
#define KHUNG_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *first, *current;
    size_t used, max, held;
};

void arena_init(struct arena *a, size_t max);
/* A first block at once, for the few bytes without which nothing works; aborts on failure. Right after arena_init. */
void arena_reserve(struct arena *a, size_t size);
void arena_close(struct arena *a);
void arena_reset(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, 16-byte aligned; NULL past the maximum */
/* What was allocated after the mark is given back by the rewind. */
struct arena_mark {
    struct arena_block *block;
    size_t block_used, used;
};
struct arena_mark arena_mark(struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
