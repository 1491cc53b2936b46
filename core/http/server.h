/* HTTP/1.1 on a loop: listeners, connections with limits and deadlines, requests in, responses out.
 *
 * All on the io thread. A request is handed to the handler whole (headers and body); the handler answers at once or
 * later with http_reply, from the io thread, exactly once. The connection may be gone by then: the reply is then
 * dropped. TLS and HTTP/2 are a proxy's.
 *
 *     http_server_new(loop, &limits, handle, ctx, &server, err);
 *     http_server_listen(server, "127.0.0.1", 8080, err); */
#ifndef KHUNG_HTTP_SERVER_H
#define KHUNG_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct loop;
struct http_server;
struct http_conn;

struct http_limits {
    int64_t header_ms; /* a request's head must be there by then, counted from its first byte; 10 s */
    int64_t idle_ms;   /* a connection without a request; 60 s */
    int64_t stall_ms;  /* a response of which nothing is taken; 30 s */
    int64_t body_rate; /* least bytes a second of a body, after five seconds; 500 */
    size_t header_bytes, header_count, url_bytes, body_bytes; /* 16 KiB, 100, 8 KiB, 4 MiB */
    int connections, per_address; /* 20000, 20000; IPv6 is counted by its /64; the local socket is not counted */
    size_t held_bytes;            /* of all requests and unsent responses together; 256 MiB */
};
void http_limits_default(struct http_limits *l);

struct http_header {
    const char *name, *value; /* the name in small letters */
};

struct http_request;
/* Where a body goes that is not kept, but taken as it comes. */
struct http_sink {
    size_t most;                                                               /* bytes of it; more: 413 */
    int (*add)(struct http_sink *k, const char *p, size_t n, struct err *err); /* negative: refused, with this */
    void (*drop)(struct http_sink *k); /* the request ended before the handler took the sink over */
    /* Answers what ends the request (its length, what add said); NULL: a problem document does. */
    void (*refuse)(struct http_sink *k, struct http_request *r, const struct err *why);
};

/* Valid until the reply. */
struct http_request {
    struct http_conn *conn;
    const char *method; /* "GET" */
    const char *path;   /* decoded, without the query; no "..", no NUL */
    const char *query;  /* as sent, without the "?"; "" if none */
    const struct http_header *headers;
    size_t nheaders;
    const char *body;
    size_t body_len;
    struct http_sink *sink; /* has the body, all of it; who takes it over sets NULL. NULL: `body` has it */
    const char *word;       /* against forgery, that the form in a sink sent; NULL: none */
    bool local;             /* over the socket in the data directory */
    const char *peer;       /* the address it comes from, "" if local */
    char id[40];            /* X-Request-Id: the client's, or made here */
    char rate[200];         /* lines of the answer on how much may still be asked (rate.h), or "" */
};
const char *http_header(const struct http_request *r, const char *name); /* NULL */

struct http_response {
    int status;
    const char *type;    /* Content-Type, or NULL without a body */
    const char *headers; /* more lines, each ended by \r\n, or NULL */
    const char *body;
    size_t len;
    bool no_body; /* answer to HEAD: the length of what GET would give, without it */
};
void http_reply(struct http_request *r, const struct http_response *res);
/* A response in pieces, for what is large or slow to make. The request must have been deferred. `len` of the head is
 * the whole body's, or SIZE_MAX if it is not known (then it is sent in chunks). Pieces are copied.
 *
 * After HTTP_STREAM_WAIT the next piece is due when more(ctx) has been called, once: the client has taken all, or is
 * gone. Ended by http_stream_end in each case; `whole` false breaks the connection, so that the client sees that it has
 * not got all. The request is not valid after it. */
enum http_stream { HTTP_STREAM_GO, HTTP_STREAM_WAIT, HTTP_STREAM_GONE };
void http_stream_start(struct http_request *r, const struct http_response *head, void (*more)(void *ctx), void *ctx);
enum http_stream http_stream_write(struct http_request *r, const void *piece, size_t n);
void http_stream_end(struct http_request *r, bool whole);
/* Keeps the request valid beyond the handler: it must be replied to later. */
void http_defer(struct http_request *r);

typedef void (*http_handler)(void *ctx, struct http_request *r);
int http_server_new(struct loop *loop, const struct http_limits *limits, http_handler handler, void *ctx,
                    struct http_server **out, struct err *err);
/* Is asked when a head is there, before its body: *out gets the sink, or stays NULL. Negative: refused, with the error.
 */
typedef int (*http_taker)(void *ctx, struct http_request *r, struct http_sink **out, struct err *err);
void http_server_set_taker(struct http_server *s, http_taker taker);
int http_server_listen(struct http_server *s, const char *address, int port, struct err *err); /* port 0: any */
/* The same in two steps: the address is taken while the process still may, and answers from the second on. The socket
 * goes over to the server. A local one has mode 0600, and its file is the caller's to remove at the end. */
int http_server_bind(const char *address, int port, int *fd, struct err *err);
int http_server_listen_on(struct http_server *s, int fd, struct err *err);
int http_server_bind_unix(const char *path, int *fd, struct err *err);
int http_server_listen_unix_on(struct http_server *s, int fd, struct err *err);
int http_server_port(struct http_server *s);
/* No new connections or requests; those that run are answered, then everything is closed. */
void http_server_stop(struct http_server *s, void (*stopped)(void *ctx), void *ctx);
void http_server_free(struct http_server *s); /* after the loop has ended */

/* Since the start; `answered` by the hundreds of the status; `open` and `held_bytes` are those of now. */
struct http_stats {
    int64_t connections, requests, refused, answered[6], open, held_bytes;
};
void http_server_stats(const struct http_server *s, struct http_stats *out);

#endif
