/* A table of keys by their place; emptied when the day ends or three quarters are taken. */
#include "http/told.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

enum { SLOTS = 1 << 15, FULL = SLOTS / 4 * 3 };

struct told {
    pthread_mutex_t lock;
    int64_t day;
    int n;
    uint64_t keys[SLOTS]; /* 0: free */
};

struct told *told_new(void)
{
    struct told *t = mem_alloc(sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void told_free(struct told *t)
{
    if (!t) return;
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

static uint64_t *place_of(struct told *t, uint64_t key)
{
    uint64_t at = key;
    while (t->keys[at % SLOTS] && t->keys[at % SLOTS] != key)
        at++;
    return &t->keys[at % SLOTS];
}

bool told_has(struct told *t, uint64_t key, int64_t day)
{
    key += !key;
    pthread_mutex_lock(&t->lock);
    bool has = t->day == day && *place_of(t, key) == key;
    pthread_mutex_unlock(&t->lock);
    return has;
}

void told_add(struct told *t, uint64_t key, int64_t day)
{
    key += !key;
    pthread_mutex_lock(&t->lock);
    if (t->day != day || t->n >= FULL) {
        memset(t->keys, 0, sizeof(t->keys));
        t->day = day;
        t->n = 0;
    }
    uint64_t *place = place_of(t, key);
    t->n += *place != key;
    *place = key;
    pthread_mutex_unlock(&t->lock);
}
