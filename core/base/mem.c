/* Heap memory in one place, so that tests can make the n-th allocation fail. */
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long fail_in; /* 0: off */
static _Thread_local long counted;

long mem_fail_nth(long n)
{
    long left = fail_in;
    fail_in = n;
    return left;
}

long mem_count(void)
{
    return counted;
}

static int must_fail(void)
{
    counted++;
    return fail_in > 0 && --fail_in == 0;
}

static void *must_be(void *p)
{
    if (p) return p;
    fputs("khung: out of memory\n", stderr);
    abort();
}

void *mem_alloc(size_t size)
{
    return must_be(calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
    return must_be(realloc(p, size ? size : 1));
}

void *mem_try_alloc(size_t size)
{
    return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_try_realloc(void *p, size_t size)
{
    return must_fail() ? NULL : realloc(p, size ? size : 1);
}

void *mem_lend(void *p, size_t size)
{
    return realloc(p, size);
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy = mem_alloc(n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

void mem_free(void *p)
{
    free(p);
}

/* Left alone, glibc raises both bounds as it sees large blocks freed, and keeps what an attack once took. */
void mem_return_freed(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 512 << 10);
    mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

void mem_return_now(void)
{
    malloc_trim(0);
}

/* A sanitizer brings an allocator of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
size_t __sanitizer_get_current_allocated_bytes(void);
size_t mem_used(void)
{
    return __sanitizer_get_current_allocated_bytes();
}
#else
size_t mem_used(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
#endif
