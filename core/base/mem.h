/* Memory. All heap memory of the core comes from here, so that tests can make the n-th allocation fail.
 *
 * mem_alloc and friends abort when small fixed objects cannot be had; the try_ forms return NULL and are used
 * for everything whose size an outsider decides. Freed with mem_free. Any thread. */
#ifndef KHUNG_MEM_H
#define KHUNG_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                /* zeroed; aborts on failure */
void *mem_realloc(void *p, size_t size);     /* aborts on failure */
void *mem_try_alloc(size_t size);            /* zeroed, or NULL */
void *mem_try_realloc(void *p, size_t size); /* NULL leaves p as it was */
char *mem_strdup(const char *s);             /* aborts on failure */
char *mem_strndup(const char *s, size_t n);
void mem_free(void *p); /* NULL is fine */
/* For the allocator of a library: not zeroed, or NULL and p as it was; tests do not make it fail. */
void *mem_lend(void *p, size_t size);
/* Once, at the start of a service: what is freed goes back to the system, large blocks at once. */
void mem_return_freed(void);
/* After much was freed: pages between what is still used go back too. Takes milliseconds. */
void mem_return_now(void);

/* Bytes that were allocated, by whomever in this process, and not freed. Any thread. */
size_t mem_used(void);

/* Tests: the n-th try_ allocation from now (1 = the next) fails once; 0 switches it off. Gives how many were still to
 * come before the failure that was set before: 0 when it has happened. Per thread. */
long mem_fail_nth(long n);
/* Tests: how many try_ allocations this thread has made. */
long mem_count(void);

#endif
