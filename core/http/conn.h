/* Inside http/: a connection. */
#ifndef KHUNG_HTTP_CONN_H
#define KHUNG_HTTP_CONN_H

#include <llhttp.h>
#include <uv.h>

#include "base/buf.h"
#include "http/server.h"

enum { HEADERS_MAX = 128 };

enum conn_phase { CONN_IDLE, CONN_HEAD, CONN_BODY, CONN_HANDLING, CONN_WRITING, CONN_CLOSING };

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
    enum conn_phase phase;
    bool local, keep_alive, reading, in_handler, replied;
    unsigned char last[3];     /* the head's bytes before this chunk, newest first: for the scan of lines */
    int refs;                  /* the handle, and a request that is being handled */
    int64_t since, progress;   /* loop time: of the phase, of the last write */
    size_t head_bytes, received;
    struct buf head;           /* url, then names and values, each ended by NUL */
    struct buf body, rest, out;
    size_t header_at[HEADERS_MAX * 2];
    size_t nparts;             /* names and values begun */
    size_t written;
    uv_write_t write;
    int refuse;                /* status of a request that is refused, or 0 */
    char address[48];
    struct http_request request;
    struct http_header headers[HEADERS_MAX];
};

struct http_server {
    uv_loop_t *loop;
    struct http_limits limits;
    http_handler handler;
    void *ctx;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
    bool has_tcp, has_pipe, stopping;
    uv_timer_t tick;
    struct http_conn *conns;
    int nconns;
    char *chunk;               /* what is read lands here first; shared by all */
    llhttp_settings_t settings;
    struct http_stats stats;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
    int port;
};

enum { HTTP_CHUNK = 64 << 10 };

/* conn.c */
void conn_open(struct http_server *s, struct http_conn *c);
void conn_close(struct http_conn *c);
void conn_tick(struct http_conn *c, int64_t now); /* deadlines */
void conn_feed(struct http_conn *c, const char *p, size_t n);
/* parse.c */
void parse_init(llhttp_settings_t *settings);
/* Feeds the parser; returns how much it took. Sets c->refuse, or c->phase to CONN_HANDLING with a whole request. */
size_t parse_some(struct http_conn *c, const char *p, size_t n);
void parse_reset(struct http_conn *c);
/* A short problem document for a request that cannot be read. */
void conn_refuse(struct http_conn *c, int status);
void conn_gone(struct http_server *s);

#endif
