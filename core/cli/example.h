/* The examples of the reference (core/assets/api): one for each function of the API, and each is run by a test. */
#ifndef KHUNG_EXAMPLE_H
#define KHUNG_EXAMPLE_H

#include <stdbool.h>
#include <stddef.h>

enum example_place { EXAMPLE_IN_FLOW, EXAMPLE_AT_LOAD, EXAMPLE_IN_JOB, EXAMPLE_IN_REPORT };

struct example {
    char name[64]; /* of the function: "content.create" */
    enum example_place place;
    const char *text; /* borrowed from the program's own data; not closed by a NUL */
    size_t len;
};

struct example_cursor {
    size_t asset;
    const char *at;
};

/* The examples one after the other, from a cursor of zeros; false at the end. */
bool example_next(struct example_cursor *cursor, struct example *out);
bool example_find(const char *name, struct example *out);

#endif
