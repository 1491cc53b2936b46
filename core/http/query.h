/* Names and values as queries and forms carry them (application/x-www-form-urlencoded): all is text. */
#ifndef KHUNG_HTTP_QUERY_H
#define KHUNG_HTTP_QUERY_H

#include "base/arena.h"
#include "base/buf.h"

/* The first value of a name, decoded; NULL: not there, or it holds a NUL. */
const char *http_query_get(const char *text, size_t len, const char *name, struct arena *a);
/* Appends name=value, behind & when `b` does not end in ? or is not empty. */
void http_query_add(struct buf *b, const char *name, const char *value);
/* One value, encoded. */
void http_query_encode(struct buf *b, const char *value);

/* What the header Link says of the next page, in the arena: the same query with another `after`. NULL: no memory. */
const char *http_query_next(const char *path, const char *query, const char *after, struct arena *a);

#endif
