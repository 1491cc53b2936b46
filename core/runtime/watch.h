/* Watching files and folders for changes, on a thread of its own.
 *
 * Changes of one name within 50 ms are told once; when very many names change at once, one event with an empty name
 * says so. */
#ifndef KHUNG_WATCH_H
#define KHUNG_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct watches;

struct watch_event {
    void *ctx;        /* of watches_new */
    int64_t key[2];   /* of watch_add */
    const char *name; /* of the file inside a watched folder, or of the file itself; borrowed */
    bool is_rename;   /* it came, went or was renamed */
};

/* `changed` is called on the watching thread. */
int watches_new(void (*changed)(const struct watch_event *e), void *ctx, struct watches **out, struct err *err);
/* Ends the thread; no call comes afterwards. NULL is fine. */
void watches_free(struct watches *ws);
/* Any thread. A path that cannot be watched is logged. */
int64_t watch_add(struct watches *ws, const char *path, const int64_t key[2]);
void watch_remove(struct watches *ws, int64_t id);

#endif
