/* GET /api/events: what happens, as it happens (server-sent events, WHATWG HTML 9.2), to whoever may see it.
 *
 * The audit is the log that is followed: its rows are durable, numbered and in order of their commits, so a client that
 * comes back with Last-Event-ID misses nothing and gets nothing twice. An event names what was done to which thing;
 * what the thing is now, the client reads by its own right.
 *
 *     id: 4711.0
 *     event: content.publish
 *     data: {"at":1609725600000,"verb":"content.publish","kind":"item","id":17,…}
 *
 * All on the io thread, but sse_told. */
#ifndef KHUNG_HTTP_SSE_H
#define KHUNG_HTTP_SSE_H

#include "http/api_job.h"
#include "http/server.h"

enum { SSE_STREAMS_MAX = 1000, SSE_PER_ACCOUNT = 20, SSE_GATHER_MS = 50, SSE_PING_MS = 15000 };

struct sse;
/* `check` says again who asks, when a stream has been open for a while: 0, or its end. */
typedef int (*sse_check)(void *ctx, struct http_request *r, struct people_login *login, struct err *err);
struct sse *sse_new(struct host *host, struct loop *loop, struct store *db, sse_check check, void *ctx);
void sse_free(struct sse *hub);
/* ERR_LIMIT "http.streams"; else the request belongs to the stream. */
int sse_open(struct sse *hub, struct http_request *r, const struct people_login *login, struct err *err);
/* Ends all streams, and takes no more: their clients come back with Last-Event-ID. */
void sse_stop(struct sse *hub);
/* Any thread: there are new rows. */
void sse_told(void *hub);

#endif
