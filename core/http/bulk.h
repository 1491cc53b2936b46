/* Inside http/: several tasks of one form, decided together; the pages are bulk_page.c. Of one request, in its arena.
 */
#ifndef KHUNG_HTTP_BULK_H
#define KHUNG_HTTP_BULK_H

#include "http/task_page.h"

enum { BULK_MOST = 100 };

struct bulk_one {
    int64_t id;
    struct val task;   /* of task.show; nil: it is not to be seen */
    bool is_in;        /* decided with the others */
    const char *why;   /* not: a key, */
    struct val reason; /* a sentence, */
    struct err err;    /* or an error */
};

struct bulk {
    struct api_job *job;
    struct session *s;
    struct task_page *t;
    struct page *p;
    struct bulk_one *all;
    size_t n, nin;
    const struct val *first;  /* that can be decided: what it asks all of them ask, */
    const struct val *fields; /* by these */
};

/* The tasks that the form chose, each once. ERR_INVALID "page.bulk_none", "page.bulk_many". */
int bulk_load(struct bulk *b, struct api_job *job, struct session *s, struct err *err);
/* The hash of what was shown of it, as the form says; NULL: none. */
const struct val *bulk_hash(const struct bulk *b, const struct bulk_one *one);
/* Leaves out what would be refused. What is wrong with the answer itself is wrong for all: ERR_INVALID with its fields.
 */
int bulk_check(struct bulk *b, struct err *err);
/* On the lane: what task.decide_all says of each. */
int bulk_decide(struct bulk *b, struct val *out, struct err *err);

#endif
