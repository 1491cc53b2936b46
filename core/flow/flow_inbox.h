/* Inside the inbox: where its tasks come from, and what a page is made of. */
#ifndef KHUNG_FLOW_INBOX_H
#define KHUNG_FLOW_INBOX_H

#include "flow/flow_task.h"
#include "flow/task.h"

enum source_kind {
    BY_PERSON,
    BY_BODY,
    BY_POSITION,
    BY_ROLE,
    BY_ROLE_ALONE,
    BY_ROLE_ANYWHERE,
    BY_ABOUT,
    BY_CLAIM,
    ALL_OPEN,
    NKINDS
};

struct source {
    enum source_kind kind;
    const char *name;
    int64_t id; /* person, body or unit */
};

/* What a page is sorted by, ascending: the newest first is (-task, 0), by the term (due, task). */
struct place {
    int64_t first, second;
};

struct inbox {
    struct session *s;
    const struct inbox_query *q;
    struct arena *a;
    int64_t day;
    struct source *sources;
    size_t n, cap;
    struct place *found; /* the least ones after the cursor, sorted */
    size_t nfound, want;
    struct err *err;
};

/* What the query draws on. */
int inbox_find_sources(struct inbox *b);

#endif
