/* Inside breakers: the entries, and what is written of them. */
#ifndef KHUNG_BREAKER_INTERNAL_H
#define KHUNG_BREAKER_INTERNAL_H

#include <pthread.h>

#include "plugin/breaker.h"

enum { BREAKER_LISTENERS = 4, BREAKER_SLOTS = 256 };

struct breaker {
    struct breaker *next, *newer;
    char *name;
    struct breaker_status status;
    pthread_t trial_thread;
    bool in_trial, is_untold;   /* untold: its change could not be written */
    int64_t in_row;             /* failures since the last success */
    int64_t minute, calls, bad; /* in this minute */
};

struct breakers {
    struct host *host;
    struct lane *lane;
    struct lane_source source; /* when a pause ends */
    pthread_mutex_t lock;      /* guards all entries */
    struct breaker *slots[BREAKER_SLOTS], *oldest, *newest;
    struct {
        breaker_listener fn;
        void *ctx;
    } listeners[BREAKER_LISTENERS];
    size_t nlisteners;
};

/* breaker.c; under the lock */
struct breaker *breaker_entry(struct breakers *bs, const char *name);
/* breaker_row.c: writes what is so now, and tells the listeners; by a slice of its own. Any thread. */
void breaker_post(struct breakers *bs, const char *plugin);
int breaker_load(struct breakers *bs, struct store *db, struct err *err);

#endif
