/* Memory of SQLite: counted without the lock of its own statistics, and blocks of its most common large size kept by
 * the thread. Each slice is a savepoint, whose journal of old pages lies in memory in blocks of a kilobyte, dozens at a
 * time: more than glibc keeps at hand. */
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "store/store_internal.h"

enum { BLOCK = 1024, NEARLY = BLOCK - 64, ROUNDED = BLOCK + 16 };

/* A sanitizer is to see each block given back. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KEPT = 0 };
#else
enum { KEPT = 256 };
#endif

struct block {
    struct block *next;
};

static _Thread_local struct block *kept;
static _Thread_local int nkept;
static _Atomic int64_t used;

static void count(int64_t bytes)
{
    atomic_fetch_add_explicit(&used, bytes, memory_order_relaxed);
}

static int size_of(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}

static void *allocate(int n)
{
    struct block *b = kept;
    if (n > NEARLY && n <= BLOCK) {
        n = BLOCK;
        if (b) {
            kept = b->next;
            nkept--;
            return b;
        }
    }
    b = mem_lend(NULL, (size_t)n);
    count(size_of(b));
    return b;
}

static void release(void *p)
{
    struct block *b = p;
    int size = size_of(p);
    if (size >= BLOCK && size < ROUNDED && nkept < KEPT) {
        b->next = kept;
        kept = b;
        nkept++;
        return;
    }
    count(-size);
    mem_free(p);
}

static void *resize(void *p, int n)
{
    int was = size_of(p);
    void *to = mem_lend(p, (size_t)n);
    if (to) count(size_of(to) - was);
    return to;
}

static int round_up(int n)
{
    return (n + 7) & ~7;
}

static int begin(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void end(void *arg)
{
    (void)arg;
}

static void configure(void)
{
    static const sqlite3_mem_methods methods = {allocate, release, resize, size_of, round_up, begin, end, NULL};
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void store_memory_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
}

int64_t store_memory(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}
