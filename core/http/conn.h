/* Inside http/: a connection, and the exchange of one request and its response. */
#ifndef KHUNG_HTTP_CONN_H
#define KHUNG_HTTP_CONN_H

#include <llhttp.h>
#include <uv.h>

#include "base/buf.h"
#include "http/peers.h"
#include "http/server.h"

enum {
    HTTP_CHUNK = 64 << 10,
    HEADERS_MAX = 128,
    SPARE_MAX = 64,       /* exchanges kept for the next requests */
    KEEP_BUFFER = 8 << 10 /* buffers up to this are kept with them */
};

/* Up to CONN_BODY more is read; from CONN_HANDLING on what comes waits. */
enum conn_phase { CONN_IDLE, CONN_HEAD, CONN_BODY, CONN_HANDLING, CONN_WRITING, CONN_LINGER, CONN_CLOSING };

/* A request on its way in and its response on its way out. An idle connection has none. */
struct exchange {
    struct exchange *next; /* among the spare ones */
    struct http_request request;
    struct buf head; /* url, then names and values, each ended by NUL */
    struct buf body, out;
    size_t taken;    /* bytes of the body */
    struct err *why; /* of a refusal that is told by more than its status, or NULL */
    uint32_t header_at[HEADERS_MAX * 2];
    size_t nparts;   /* names and values begun */
    size_t trailing; /* bytes of trailers and chunk extensions: read over */
    size_t held;     /* bytes counted in the server's */
    struct http_header headers[HEADERS_MAX];
    uv_write_t write;
    bool is_head, is_deferred, is_replied;
    /* of a stream (stream.c) */
    bool is_stream, is_chunked, is_writing, is_ended;
    size_t burst;       /* sent since the loop had a turn */
    struct buf waiting; /* framed, behind what is being written */
    void (*source)(void *ctx);
    void (*more)(void *ctx); /* the source, while it waits */
    void *more_ctx;
};

struct http_conn {
    struct http_server *server;
    struct http_conn *next, *prev;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    llhttp_t parser;
    struct exchange *x;
    struct buf rest; /* bytes behind the request that is being handled */
    enum conn_phase phase;
    bool is_local, keep_alive, is_reading, in_handler;
    unsigned char last[2]; /* the head's bytes before this chunk, newest first: for the scan of lines */
    int refs;              /* the handle, a deferred request, a frame of the stack */
    int refuse;            /* status of a request that is refused, or 0 */
    int64_t since;         /* loop time: of the phase; of the last progress of a write */
    int64_t began;         /* of the write */
    size_t head_bytes, received, unwritten;
    struct peer_key peer;
    char address[48];
};

struct http_server {
    uv_loop_t *loop;
    struct http_limits limits;
    http_handler handler;
    http_taker taker; /* or NULL */
    void *ctx;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
    bool has_tcp, has_pipe, stopping;
    uv_timer_t tick;
    struct http_conn *conns;
    struct peers *peers;
    int nconns;  /* open */
    int nlive;   /* open, or gone while their request is being handled */
    size_t held; /* bytes of requests and responses on their way */
    struct exchange *spare;
    int nspare;
    char *chunk; /* what is read lands here first; shared by all */
    llhttp_settings_t settings;
    struct http_stats stats;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
    int port;
    char id_prefix[20]; /* of request ids: random once */
    uint64_t last_id;
    char date[96]; /* of this second */
    int64_t date_s;
};

/* conn.c */
void conn_open(struct http_server *s, struct http_conn *c);
void conn_close(struct http_conn *c);
void conn_tick(struct http_conn *c, int64_t now); /* deadlines */
void conn_set_phase(struct http_conn *c, enum conn_phase phase);
/* The response is out: the next request may be read, or the end. Not within conn_feed: call conn_go_on then. */
void conn_finish(struct http_conn *c);
void conn_go_on(struct http_conn *c);
void conn_drop(struct http_conn *c);

/* exchange.c */
bool exchange_start(struct http_conn *c); /* false: too much is on its way already */
void exchange_end(struct http_conn *c);
void exchange_free_spare(struct http_server *s);
/* Counts bytes; false when the server holds too many. */
bool exchange_hold(struct http_conn *c, size_t n);

/* parse.c */
void parse_init(llhttp_settings_t *settings);
/* Feeds the parser; returns how much it took. Sets c->refuse, or c->phase to CONN_HANDLING with a whole request. */
size_t parse_some(struct http_conn *c, const char *p, size_t n);
void parse_reset(struct http_conn *c);
void parse_make_id(struct http_server *s, char id[40]);
/* parse_url.c: path and query of the request whose url is in x->head. False: malformed. */
bool parse_url(struct http_conn *c);

/* reply.c */
void reply_head(struct http_conn *c, const struct http_response *res, bool is_chunked);
/* A problem document for a request that cannot be read; the connection is closed after it. */
void reply_refuse(struct http_conn *c, int status);
/* The answer to a connection that is one too many. */
void reply_full(uv_stream_t *stream);
/* Writes x->out from `at`; done(c) when it is out. 1: it is out already, 0: later, negative: closed. */
int reply_write(struct http_conn *c, size_t at, uv_write_cb done);

/* stream.c */
void stream_gone(struct http_conn *c);

/* server.c */
void server_conn_gone(struct http_server *s);

#endif
