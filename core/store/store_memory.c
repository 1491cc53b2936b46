/* Memory of SQLite: counted without the lock of its own statistics, and its large blocks kept by the thread. Each slice
 * is a savepoint, whose journal of old pages lies in memory in blocks of a kilobyte, dozens at a time; pages and long
 * rows come and go. For each block of a kilobyte or more glibc tidies up all its small ones. */
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "store/store_internal.h"

/* Of these sizes; a page with its head is a little over 4 KiB. */
static const int sizes[] = {1024, 2048, 4608, 8192, 16384, 32768};
enum { CLASSES = sizeof(sizes) / sizeof(sizes[0]), SMALL = 1024 - 64, ROUNDED = 16 };

/* A sanitizer is to see each block given back. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const int most[CLASSES] = {0};
#else
static const int most[CLASSES] = {128, 8, 16, 4, 2, 1};
#endif

struct block {
    struct block *next;
};
struct kept {
    struct block *first;
    int n;
};

static _Thread_local struct kept kept[CLASSES];
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
    int c = 0;
    while (n > SMALL && c < CLASSES && n > sizes[c])
        c++;
    if (n > SMALL && c < CLASSES) {
        struct block *b = kept[c].first;
        n = sizes[c];
        if (b) {
            kept[c].first = b->next;
            kept[c].n--;
            return b;
        }
    }
    void *p = mem_lend(NULL, (size_t)n);
    count(size_of(p));
    return p;
}

static void release(void *p)
{
    int size = size_of(p), c = 0;
    while (c < CLASSES && size >= sizes[c] + ROUNDED)
        c++;
    if (c < CLASSES && size >= sizes[c] && kept[c].n < most[c]) {
        struct block *b = p;
        b->next = kept[c].first;
        kept[c].first = b;
        kept[c].n++;
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
