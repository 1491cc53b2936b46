/* A connection: bytes in, one request at a time, its response out, deadlines on everything that can hang.
 *
 * While a request is handled nothing more is read; what came behind it waits in `rest`. A refused request lingers: the
 * sending side is closed and what still comes is read over for a moment, since a reset would take the refusal away
 * from the client. */
#include "http/conn.h"

#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

enum { BODY_GRACE_MS = 5000, LINGER_MS = 2000, LINGER_BYTES = 16 << 20 };

static void feed(struct http_conn *c, const char *p, size_t n);

void conn_set_phase(struct http_conn *c, enum conn_phase phase)
{
    c->phase = phase;
    c->since = (int64_t)uv_now(c->server->loop);
}

void conn_drop(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (--c->refs > 0) return;
    exchange_end(c);
    buf_close(&c->rest);
    mem_free(c);
    s->nlive--;
    server_conn_gone(s);
}

static void on_closed(uv_handle_t *h)
{
    struct http_conn *c = h->data;
    struct http_server *s = c->server;
    if (c->prev)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next) c->next->prev = c->prev;
    s->nconns--;
    if (!c->is_local) peers_remove(s->peers, c->peer);
    if (c->x && c->x->is_stream) stream_gone(c);
    conn_drop(c);
}

void conn_close(struct http_conn *c)
{
    if (c->phase == CONN_CLOSING) return;
    c->phase = CONN_CLOSING;
    uv_close(&c->io.handle, on_closed);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct http_conn *c = h->data;
    (void)suggested;
    *buf = uv_buf_init(c->server->chunk, HTTP_CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct http_conn *c = stream->data;
    if (n < 0) {
        conn_close(c);
    } else if (c->phase == CONN_LINGER) {
        c->received += (size_t)n;
        if (c->received > LINGER_BYTES) conn_close(c);
    } else if (n > 0) {
        feed(c, buf->base, (size_t)n);
    }
}

static void read_on(struct http_conn *c, bool on)
{
    if (c->is_reading == on || c->phase == CONN_CLOSING) return;
    c->is_reading = on;
    if (on)
        uv_read_start(&c->io.stream, on_alloc, on_read);
    else
        uv_read_stop(&c->io.stream);
}

void conn_open(struct http_server *s, struct http_conn *c)
{
    c->server = s;
    c->refs = 1;
    c->io.handle.data = c;
    buf_init(&c->rest, HTTP_CHUNK);
    conn_set_phase(c, CONN_IDLE);
    parse_reset(c);
    c->next = s->conns;
    if (s->conns) s->conns->prev = c;
    s->conns = c;
    s->nconns++;
    s->nlive++;
    s->stats.connections++;
    read_on(c, true);
}

static void handle(struct http_conn *c)
{
    struct http_server *s = c->server;
    s->stats.requests++;
    c->in_handler = true;
    s->handler(s->ctx, &c->x->request);
    c->in_handler = false;
}

/* What came behind a request waits for its response. */
static void keep_rest(struct http_conn *c, const char *p, size_t n)
{
    read_on(c, false);
    buf_add(&c->rest, p, n);
    if (!buf_ok(&c->rest) || !c->x || !exchange_hold(c, n)) conn_close(c);
}

/* Takes bytes until a request is being handled, or they are used up. */
static void feed(struct http_conn *c, const char *p, size_t n)
{
    c->refs++;
    while (n > 0 && c->phase <= CONN_BODY) {
        size_t used = parse_some(c, p, n);
        p += used;
        n -= used;
        if (c->refuse) {
            reply_refuse(c, c->refuse);
            n = 0;
        } else if (c->phase == CONN_HANDLING) {
            handle(c);
        }
    }
    if (c->phase <= CONN_BODY)
        read_on(c, true);
    else if (c->phase == CONN_HANDLING || c->phase == CONN_WRITING) {
        if (n > 0)
            keep_rest(c, p, n);
        else
            read_on(c, false);
    }
    conn_drop(c);
}

static void linger(struct http_conn *c)
{
    uv_os_fd_t fd;
    conn_set_phase(c, CONN_LINGER);
    c->received = 0;
    exchange_end(c);
    if (uv_fileno(&c->io.handle, &fd) == 0) shutdown(fd, SHUT_WR);
    read_on(c, true);
}

void conn_finish(struct http_conn *c)
{
    if (c->refuse && !c->server->stopping) {
        linger(c);
        return;
    }
    if (!c->keep_alive || c->refuse || c->server->stopping) {
        conn_close(c);
        return;
    }
    exchange_end(c);
    conn_set_phase(c, CONN_IDLE);
}

/* What waited behind the answered request. */
void conn_go_on(struct http_conn *c)
{
    if (c->phase != CONN_IDLE) return;
    if (!c->rest.len) {
        read_on(c, true);
        return;
    }
    struct buf rest = c->rest;
    buf_init(&c->rest, HTTP_CHUNK);
    feed(c, rest.data, rest.len);
    buf_close(&rest);
}

/* A response of which nothing is taken, or too little for too long. */
static bool is_stalled(struct http_conn *c, int64_t now)
{
    const struct http_limits *l = &c->server->limits;
    size_t left = uv_stream_get_write_queue_size(&c->io.stream);
    if (left == 0) return false; /* a stream whose source is slow */
    if (left < c->unwritten) {
        c->received += c->unwritten - left;
        c->since = now;
    }
    c->unwritten = left;
    if (now - c->since > l->stall_ms) return true;
    int64_t age = now - c->began;
    return age > l->stall_ms && (int64_t)c->received < l->body_rate * age / 1000;
}

void conn_tick(struct http_conn *c, int64_t now)
{
    const struct http_limits *l = &c->server->limits;
    int64_t age = now - c->since;
    switch (c->phase) {
    case CONN_IDLE:
        if (age > l->idle_ms) conn_close(c);
        break;
    case CONN_HEAD:
        if (age > l->header_ms) reply_refuse(c, 408);
        break;
    case CONN_BODY:
        if (age > BODY_GRACE_MS && (int64_t)c->received < l->body_rate * age / 1000) reply_refuse(c, 408);
        break;
    case CONN_WRITING:
        if (is_stalled(c, now)) conn_close(c);
        break;
    case CONN_LINGER:
        if (age > LINGER_MS) conn_close(c);
        break;
    case CONN_HANDLING:
    case CONN_CLOSING:
        break;
    }
}
