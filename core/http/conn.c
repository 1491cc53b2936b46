/* A connection: bytes in, one request at a time, its response out, deadlines on everything that can hang.
 *
 * While a request is handled nothing more is read; what came behind it waits in `rest`. An idle connection keeps no
 * buffers. */
#include "http/conn.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { KEEP_BUFFER = 8 << 10, BODY_GRACE_MS = 5000 };

static void go_on(struct http_conn *c);

static void set_phase(struct http_conn *c, enum conn_phase phase)
{
    c->phase = phase;
    c->since = (int64_t)uv_now(c->server->loop);
}

static void drop(struct http_conn *c)
{
    if (--c->refs > 0) return;
    buf_close(&c->head);
    buf_close(&c->body);
    buf_close(&c->rest);
    buf_close(&c->out);
    mem_free(c);
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
    drop(c);
    conn_gone(s);
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
    if (n < 0)
        conn_close(c);
    else if (n > 0)
        conn_feed(c, buf->base, (size_t)n);
}

static void read_on(struct http_conn *c, bool on)
{
    if (c->reading == on || c->phase == CONN_CLOSING) return;
    c->reading = on;
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
    buf_init(&c->head, s->limits.header_bytes + s->limits.url_bytes + 4096);
    buf_init(&c->body, s->limits.body_bytes + 1);
    buf_init(&c->rest, HTTP_CHUNK);
    buf_init(&c->out, 512 << 20);
    set_phase(c, CONN_IDLE);
    parse_reset(c);
    c->next = s->conns;
    if (s->conns) s->conns->prev = c;
    s->conns = c;
    s->nconns++;
    s->stats.connections++;
    read_on(c, true);
}

static void handle(struct http_conn *c)
{
    struct http_server *s = c->server;
    s->stats.requests++;
    c->replied = false;
    c->in_handler = true;
    c->refs++;
    s->handler(s->ctx, &c->request);
    c->in_handler = false;
    drop(c);
}

/* Takes bytes until a request is being handled, or they are used up. */
void conn_feed(struct http_conn *c, const char *p, size_t n)
{
    c->refs++;
    while (n > 0 && c->phase <= CONN_BODY) {
        size_t used = parse_some(c, p, n);
        p += used;
        n -= used;
        if (c->refuse) {
            c->server->stats.refused++;
            conn_refuse(c, c->refuse);
            n = 0;
        } else if (c->phase == CONN_HANDLING) {
            handle(c);
        }
    }
    if (n > 0 && c->phase != CONN_CLOSING) {
        buf_add(&c->rest, p, n);
        read_on(c, false);
        if (!buf_ok(&c->rest)) conn_close(c);
    } else if (c->phase == CONN_HANDLING || c->phase == CONN_WRITING) {
        read_on(c, false);
    }
    drop(c);
}

/* The response is out: the next request, or the end. */
static void finish(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (!c->keep_alive || c->refuse || s->stopping) {
        conn_close(c);
        return;
    }
    buf_clear(&c->out);
    if (c->out.cap > KEEP_BUFFER) buf_close(&c->out);
    if (c->body.cap > KEEP_BUFFER) buf_close(&c->body);
    c->written = 0;
    set_phase(c, CONN_IDLE);
    c->head_bytes = 0;
    memset(c->last, 0, sizeof(c->last));
    if (!c->in_handler) go_on(c);
}

/* What waited behind the answered request. */
static void go_on(struct http_conn *c)
{
    if (c->rest.len) {
        struct buf rest = c->rest;
        buf_init(&c->rest, HTTP_CHUNK);
        c->refs++;
        conn_feed(c, rest.data, rest.len);
        buf_close(&rest);
        bool idle = c->phase != CONN_CLOSING && c->phase <= CONN_BODY;
        if (idle) read_on(c, true);
        drop(c);
        return;
    }
    read_on(c, true);
}

static void on_written(uv_write_t *w, int status)
{
    struct http_conn *c = w->data;
    if (status < 0)
        conn_close(c);
    else if (c->phase == CONN_WRITING)
        finish(c);
    drop(c);
}

static void send_out(struct http_conn *c)
{
    uv_buf_t all = uv_buf_init(c->out.data, (unsigned)c->out.len);
    int n = uv_try_write(&c->io.stream, &all, 1);
    if (n == (int)c->out.len) {
        finish(c);
        return;
    }
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(c);
        return;
    }
    c->written = n > 0 ? (size_t)n : 0;
    all = uv_buf_init(c->out.data + c->written, (unsigned)(c->out.len - c->written));
    c->write.data = c;
    c->refs++;
    set_phase(c, CONN_WRITING);
    if (uv_write(&c->write, &c->io.stream, &all, 1, on_written) != 0) {
        drop(c);
        conn_close(c);
    }
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},           {201, "Created"},          {204, "No Content"},     {301, "Moved Permanently"},
                   {304, "Not Modified"}, {400, "Bad Request"},      {401, "Unauthorized"},   {403, "Forbidden"},
                   {404, "Not Found"},    {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
                   {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
                   {417, "Expectation Failed"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"},
                   {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
                   {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status) return reasons[i].text;
    return "Status";
}

void http_defer(struct http_request *r)
{
    r->conn->refs++;
    r->conn->in_handler = false;
}

static void write_head(struct http_conn *c, const struct http_response *res)
{
    buf_printf(&c->out, "HTTP/1.1 %d %s\r\n", res->status, reason(res->status));
    if (res->type) buf_printf(&c->out, "Content-Type: %s\r\n", res->type);
    if (res->status != 304 && res->status != 204) buf_printf(&c->out, "Content-Length: %zu\r\n", res->len);
    if (c->request.id[0]) buf_printf(&c->out, "X-Request-Id: %s\r\n", c->request.id);
    buf_add_str(&c->out, "X-Content-Type-Options: nosniff\r\n");
    if (!c->keep_alive || c->refuse || c->server->stopping) buf_add_str(&c->out, "Connection: close\r\n");
    if (res->headers) buf_add_str(&c->out, res->headers);
    buf_add(&c->out, "\r\n", 2);
}

void http_reply(struct http_request *r, const struct http_response *res)
{
    struct http_conn *c = r->conn;
    bool deferred = !c->in_handler;
    if (!c->replied && c->phase != CONN_CLOSING) {
        bool head = r->method && strcmp(r->method, "HEAD") == 0;
        c->replied = true;
        buf_clear(&c->out);
        write_head(c, res);
        if (!head && !res->no_body && res->status != 304) buf_add(&c->out, res->body, res->len);
        if (buf_ok(&c->out))
            send_out(c);
        else
            conn_close(c);
    }
    if (deferred && c->phase == CONN_IDLE) go_on(c);
    if (deferred) drop(c);
}

void conn_refuse(struct http_conn *c, int status)
{
    char body[200];
    int n = snprintf(body, sizeof(body), "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n", reason(status), status);
    struct http_response res = {.status = status, .type = "application/problem+json", .body = body, .len = (size_t)n};
    c->refuse = status;
    c->keep_alive = false;
    c->replied = false;
    c->request = (struct http_request){.conn = c, .method = "GET"};
    c->in_handler = true;
    http_reply(&c->request, &res);
    c->in_handler = false;
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
        if (age > l->header_ms) conn_refuse(c, 408);
        break;
    case CONN_BODY:
        if (age > BODY_GRACE_MS && (int64_t)c->received < l->body_rate * age / 1000) conn_refuse(c, 408);
        break;
    case CONN_WRITING: {
        size_t left = uv_stream_get_write_queue_size(&c->io.stream);
        if (left != c->written) {
            c->written = left;
            c->since = now;
        } else if (age > l->stall_ms) {
            conn_close(c);
        }
        break;
    }
    case CONN_HANDLING:
    case CONN_CLOSING: break;
    }
}
