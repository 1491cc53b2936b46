/* Inside quotas: their entries. */
#ifndef KHUNG_QUOTA_INTERNAL_H
#define KHUNG_QUOTA_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "plugin/quota.h"

enum { QUOTA_SLOTS = 256, QUOTA_COUNTERS = 8 };

struct quota {
    struct quota *next, *newer, *next_dirty;
    char *name;
    _Atomic int64_t used[QUOTA_STORED], limit[QUOTA_COUNT], refused[QUOTA_COUNT];
    /* Of QUOTA_CALLS and QUOTA_LOG: the minute, and how many there were in it. */
    struct {
        _Atomic int64_t minute, n;
    } rate[QUOTA_COUNT - QUOTA_STORED];
    /* The lane's: what stands in the database, and what the commit under way puts there. */
    int64_t stored[QUOTA_STORED], written[QUOTA_STORED];
    bool is_dirty;
};

struct quotas {
    struct host *host;
    pthread_mutex_t lock; /* guards the list */
    struct quota *slots[QUOTA_SLOTS], *oldest, *newest;
    struct quota *dirty; /* the lane's */
    struct {
        quota_count_fn fn;
        void *ctx;
    } counters[QUOTA_COUNTERS];
    size_t ncounters;
    bool is_counted; /* the numbers are kept; else they are taken once, from what is there */
};

/* quota.c: the entry of a name; made where there is none. Any thread. */
struct quota *quota_entry(struct quotas *qs, const char *name, size_t len);
/* quota_count.c: takes the numbers from what is there. Just before a commit. */
int quota_count_first(struct quotas *qs, struct store *db, struct err *err);

#endif
