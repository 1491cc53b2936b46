/* The difference of two texts, line by line, in the unified form that people know from patches. */
#ifndef KHUNG_DIFF_H
#define KHUNG_DIFF_H

#include "base/buf.h"

struct diff_text {
    const char *name; /* after --- and +++ */
    const char *text; /* NULL: there is none */
    size_t len;
};

/* Appends nothing when they are equal. Very different large texts are shown as replaced in one piece. */
void diff_unified(struct buf *out, const struct diff_text *old, const struct diff_text *new);

#endif
