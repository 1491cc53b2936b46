/* Responses in pieces. A piece goes to the socket at once; what the socket does not take is written by the loop, what
 * comes meanwhile waits framed behind it, and the source is asked for more when both are out. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "http/conn.h"

enum { BURST = 1 << 20 }; /* so much at one go; then others have their turn, however fast this client takes it */

static void flush(struct http_conn *c);

/* After the last piece: the next request, or the end. */
static void finish(struct http_conn *c)
{
    c->x->is_stream = false;
    conn_finish(c);
    if (!c->in_handler) conn_go_on(c);
}

/* All is out. */
static void drained(struct http_conn *c)
{
    struct exchange *x = c->x;
    if (x->is_ended) {
        finish(c);
        return;
    }
    void (*more)(void *) = x->more;
    void *ctx = x->more_ctx;
    x->more = NULL;
    x->burst = 0;
    if (more) more(ctx);
}

static void on_flushed(uv_write_t *w, int status)
{
    struct http_conn *c = w->data;
    struct exchange *x = c->x;
    x->is_writing = false;
    if (status < 0) {
        conn_close(c);
    } else if (c->phase == CONN_WRITING) {
        flush(c);
        if (!x->is_writing && c->phase == CONN_WRITING) drained(c);
    }
    conn_drop(c);
}

/* What waits goes out, as far as the socket takes it. */
static void flush(struct http_conn *c)
{
    struct exchange *x = c->x;
    if (x->is_writing || c->phase == CONN_CLOSING || !x->waiting.len) return;
    struct buf out = x->out;
    x->out = x->waiting;
    x->waiting = out;
    buf_clear(&x->waiting);
    uv_buf_t all = uv_buf_init(x->out.data, (unsigned)x->out.len);
    x->burst += x->out.len;
    int n = x->burst > BURST ? 0 : uv_try_write(&c->io.stream, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(c);
        return;
    }
    size_t sent = n > 0 ? (size_t)n : 0;
    if (sent == x->out.len) {
        buf_clear(&x->out);
        return;
    }
    c->received = sent;
    c->server->held -= x->held; /* only what is unsent counts: it is counted anew */
    x->held = 0;
    x->is_writing = reply_write(c, sent, on_flushed) == 0;
}

void http_stream_start(struct http_request *r, const struct http_response *head, void (*more)(void *ctx), void *ctx)
{
    struct http_conn *c = r->conn;
    struct exchange *x = c->x;
    assert(x && r == &x->request && x->is_deferred && !x->is_replied);
    x->is_replied = x->is_stream = true;
    x->is_chunked = head->len == SIZE_MAX && c->parser.http_minor > 0;
    x->more = NULL;
    x->more_ctx = ctx;
    x->source = more;
    if (c->phase == CONN_CLOSING) return;
    if (head->len == SIZE_MAX && !x->is_chunked) c->keep_alive = false; /* HTTP/1.0: the end is the end */
    conn_set_phase(c, CONN_WRITING);
    c->unwritten = 0;
    reply_head(c, head, head->len == SIZE_MAX);
    buf_clear(&x->waiting);
    buf_add(&x->waiting, x->out.data, x->out.len);
    flush(c);
}

enum http_stream http_stream_write(struct http_request *r, const void *piece, size_t n)
{
    struct http_conn *c = r->conn;
    struct exchange *x = c->x;
    char size[24];
    assert(x->is_stream && !x->is_ended && !x->more);
    if (c->phase == CONN_CLOSING) return HTTP_STREAM_GONE;
    if (n > 0 && !x->is_head) {
        if (x->is_chunked) buf_add(&x->waiting, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", n));
        buf_add(&x->waiting, piece, n);
        if (x->is_chunked) buf_add(&x->waiting, "\r\n", 2);
        if (!buf_ok(&x->waiting)) conn_close(c);
        flush(c);
    }
    if (c->phase == CONN_CLOSING) return HTTP_STREAM_GONE;
    if (!x->is_writing) return HTTP_STREAM_GO;
    x->more = x->source;
    return HTTP_STREAM_WAIT;
}

void http_stream_end(struct http_request *r, bool whole)
{
    struct http_conn *c = r->conn;
    struct exchange *x = c->x;
    assert(x->is_stream && !x->is_ended);
    x->is_ended = true;
    x->is_deferred = false;
    x->more = NULL;
    if (c->phase != CONN_CLOSING) {
        if (whole && x->is_chunked && !x->is_head) buf_add(&x->waiting, "0\r\n\r\n", 5);
        if (!whole)
            conn_close(c);
        else
            flush(c);
        if (c->phase == CONN_WRITING && !x->is_writing) finish(c);
    }
    conn_drop(c);
}

/* The connection was closed under the stream: whoever waits to write learns it by writing. */
void stream_gone(struct http_conn *c)
{
    struct exchange *x = c->x;
    void (*more)(void *) = x->more;
    x->more = NULL;
    if (more) more(x->more_ctx);
}
