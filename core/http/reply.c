/* Responses out: the head is put together in the exchange's buffer, the body is written from where it is; only what the
 * socket does not take at once is copied. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/locale.h"
#include "http/conn.h"
#include "http/problem.h"

static const struct {
    int status;
    const char *line;
} lines[] = {{200, "200 OK"},
             {201, "201 Created"},
             {202, "202 Accepted"},
             {204, "204 No Content"},
             {206, "206 Partial Content"},
             {301, "301 Moved Permanently"},
             {302, "302 Found"},
             {303, "303 See Other"},
             {304, "304 Not Modified"},
             {400, "400 Bad Request"},
             {401, "401 Unauthorized"},
             {403, "403 Forbidden"},
             {404, "404 Not Found"},
             {405, "405 Method Not Allowed"},
             {408, "408 Request Timeout"},
             {409, "409 Conflict"},
             {412, "412 Precondition Failed"},
             {413, "413 Content Too Large"},
             {414, "414 URI Too Long"},
             {415, "415 Unsupported Media Type"},
             {417, "417 Expectation Failed"},
             {422, "422 Unprocessable Content"},
             {429, "429 Too Many Requests"},
             {431, "431 Request Header Fields Too Large"},
             {500, "500 Internal Server Error"},
             {501, "501 Not Implemented"},
             {503, "503 Service Unavailable"},
             {505, "505 HTTP Version Not Supported"},
             {507, "507 Insufficient Storage"}};

static void add_number(struct buf *b, size_t n)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    buf_add(b, digits + at, sizeof(digits) - at);
}

static void add_status(struct buf *b, int status)
{
    buf_add_str(b, "HTTP/1.1 ");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i].status != status) continue;
        buf_add_str(b, lines[i].line);
        return;
    }
    add_number(b, (size_t)status);
    buf_add_char(b, ' ');
}

/* The line with the date; made once a second. */
static const char *date_line(struct http_server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct clock wall;
    struct tm t;
    int64_t loop_s = (int64_t)uv_now(s->loop) / 1000;
    if (s->date[0] && loop_s == s->date_s) return s->date;
    clock_init_real(&wall);
    time_t now = (time_t)(clock_now(&wall) / 1000);
    gmtime_r(&now, &t);
    snprintf(s->date, sizeof(s->date), "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * t.tm_wday,
             t.tm_mday, months + 3 * t.tm_mon, 1900 + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec);
    s->date_s = loop_s;
    return s->date;
}

static bool is_old(const struct http_conn *c)
{
    return c->parser.http_major == 1 && c->parser.http_minor == 0;
}

void reply_head(struct http_conn *c, const struct http_response *res, bool is_chunked)
{
    struct buf *b = &c->x->out;
    bool is_bare = res->status == 304 || res->status == 204;
    if (res->status < 600) c->server->stats.answered[res->status / 100]++;
    buf_clear(b);
    add_status(b, res->status);
    buf_add_str(b, "\r\n");
    buf_add_str(b, date_line(c->server));
    if (res->type) {
        buf_add_str(b, "Content-Type: ");
        buf_add_str(b, res->type);
        buf_add_str(b, "\r\n");
    }
    if (is_chunked) {
        if (!is_old(c)) buf_add_str(b, "Transfer-Encoding: chunked\r\n");
    } else if (!is_bare) {
        buf_add_str(b, "Content-Length: ");
        add_number(b, res->len);
        buf_add_str(b, "\r\n");
    }
    buf_add_str(b, "X-Request-Id: ");
    buf_add_str(b, c->x->request.id);
    buf_add_str(b, "\r\nX-Content-Type-Options: nosniff\r\n");
    if (!c->keep_alive || c->refuse || c->server->stopping)
        buf_add_str(b, "Connection: close\r\n");
    else if (is_old(c))
        buf_add_str(b, "Connection: keep-alive\r\n");
    buf_add_str(b, c->x->request.rate);
    if (res->headers) buf_add_str(b, res->headers);
    buf_add_str(b, "\r\n");
}

static void start_write(struct http_conn *c, uv_buf_t bytes, uv_write_cb done)
{
    conn_set_phase(c, CONN_WRITING);
    c->began = c->since;
    c->x->write.data = c;
    c->refs++;
    if (uv_write(&c->x->write, &c->io.stream, &bytes, 1, done) == 0) {
        c->unwritten = uv_stream_get_write_queue_size(&c->io.stream);
        return;
    }
    conn_close(c);
    conn_drop(c);
}

int reply_write(struct http_conn *c, size_t at, uv_write_cb done)
{
    struct buf *b = &c->x->out;
    if (!buf_ok(b) || !exchange_hold(c, b->len - at)) {
        conn_close(c);
        return ERR_LIMIT;
    }
    start_write(c, uv_buf_init(b->data + at, (unsigned)(b->len - at)), done);
    return 0;
}

static void on_written(uv_write_t *w, int status)
{
    struct http_conn *c = w->data;
    if (status < 0) {
        conn_close(c);
    } else if (c->phase == CONN_WRITING) {
        conn_finish(c);
        conn_go_on(c);
    }
    conn_drop(c);
}

/* The head in x->out, then the body. */
static void send_out(struct http_conn *c, const char *body, size_t len)
{
    struct buf *b = &c->x->out;
    uv_buf_t parts[2] = {uv_buf_init(b->data, (unsigned)b->len), uv_buf_init((char *)(uintptr_t)body, (unsigned)len)};
    int n = uv_try_write(&c->io.stream, parts, len ? 2 : 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_close(c);
        return;
    }
    size_t sent = n > 0 ? (size_t)n : 0, head = b->len;
    if (sent == head + len) {
        conn_finish(c);
        return;
    }
    c->received = sent; /* for the least rate of writing */
    if (sent >= head) {
        buf_clear(b);
        buf_add(b, body + (sent - head), len - (sent - head));
        reply_write(c, 0, on_written);
    } else {
        buf_add(b, body, len);
        reply_write(c, sent, on_written);
    }
}

void http_defer(struct http_request *r)
{
    r->conn->x->is_deferred = true;
    r->conn->refs++;
}

void http_reply(struct http_request *r, const struct http_response *res)
{
    struct http_conn *c = r->conn;
    struct exchange *x = c->x;
    assert(x && r == &x->request && !x->is_replied);
    bool was_deferred = x->is_deferred;
    x->is_replied = true;
    x->is_deferred = false;
    if (c->phase != CONN_CLOSING) {
        bool has_body = !x->is_head && !res->no_body && res->status != 304 && res->status != 204;
        reply_head(c, res, false);
        if (buf_ok(&x->out))
            send_out(c, res->body, has_body ? res->len : 0);
        else
            conn_close(c);
    }
    if (!was_deferred) return;
    if (!c->in_handler) conn_go_on(c);
    conn_drop(c);
}

void reply_refuse(struct http_conn *c, int status)
{
    struct err err;
    char key[32];
    c->server->stats.refused++;
    c->refuse = status;
    c->keep_alive = false;
    if (!c->x) {
        reply_full(&c->io.stream);
        conn_finish(c);
        return;
    }
    struct http_request *r = &c->x->request;
    const char *lang = r->nheaders ? http_header(r, "accept-language") : NULL;
    snprintf(key, sizeof(key), "http.refused_%d", status);
    err_set(&err, ERR_PROTOCOL, key, NULL);
    if (c->x->why) err = *c->x->why;
    if (!r->id[0]) parse_make_id(c->server, r->id);
    conn_set_phase(c, CONN_HANDLING);
    if (r->sink && r->sink->refuse)
        r->sink->refuse(r->sink, r, &err);
    else
        http_problem(r, &err, locale_pick(lang));
}

void reply_full(uv_stream_t *stream)
{
    static char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: 82\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
        "{\"type\":\"urn:khung:http.refused_503\",\"status\":503,\"title\":\"Too many connections\"}\n";
    uv_buf_t all = uv_buf_init(text, sizeof(text) - 1);
    uv_try_write(stream, &all, 1); /* best effort: the connection is closed anyway */
}
