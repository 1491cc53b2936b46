/* An arena: a list of blocks that is filled from the front and kept on reset. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_FIRST = 2048, BLOCK_MOST = 256 << 10, KEPT = 1 << 20, ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(16) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_reserve(struct arena *a, size_t size)
{
    struct arena_block *b = mem_alloc(sizeof(*b) + size);
    b->size = size;
    a->first = a->current = b;
    a->held = size;
}

static void free_blocks(struct arena *a, struct arena_block **from)
{
    for (struct arena_block *b = *from, *next; b; b = next) {
        next = b->next;
        a->held -= b->size;
        mem_free(b);
    }
    *from = NULL;
}

void arena_close(struct arena *a)
{
    free_blocks(a, &a->first);
    a->current = NULL;
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    if (a->held > KEPT) {
        struct arena_block **at = &a->first;
        for (size_t kept = 0; *at && kept + (*at)->size <= KEPT; at = &(*at)->next)
            kept += (*at)->size;
        free_blocks(a, at);
    }
    if (a->first) a->first->used = 0;
    a->current = a->first;
    a->used = 0;
}

struct arena_mark arena_mark(struct arena *a)
{
    return (struct arena_mark){a->current, a->current ? a->current->used : 0, a->used};
}

void arena_rewind(struct arena *a, struct arena_mark m)
{
    if (!m.block) {
        arena_reset(a);
        return;
    }
    a->current = m.block;
    a->current->used = m.block_used;
    a->used = m.used;
}

/* The next block that is large enough: a kept one, or a new one behind the current. */
static struct arena_block *next_block(struct arena *a, size_t size)
{
    struct arena_block *next = a->current ? a->current->next : a->first;
    if (next && next->size >= size) {
        next->used = 0;
        return next;
    }
    size_t want = a->current ? 2 * a->current->size : BLOCK_FIRST;
    if (want > BLOCK_MOST) want = BLOCK_MOST;
    if (want < size) want = size;
    struct arena_block *b = mem_try_alloc(sizeof(*b) + want);
    if (!b) return NULL;
    b->size = want;
    a->held += want;
    b->next = next;
    if (a->current)
        a->current->next = b;
    else
        a->first = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->max) return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (a->used + size > a->max) return NULL;
    struct arena_block *b = a->current;
    if (!b || b->size - b->used < size) {
        b = next_block(a, size);
        if (!b) return NULL;
        a->current = b;
    }
    void *p = b->bytes + b->used;
    b->used += size;
    a->used += size;
    return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = n < a->max ? arena_alloc(a, n + 1) : NULL;
    if (copy && n) memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    char *out = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (out) vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return out;
}
