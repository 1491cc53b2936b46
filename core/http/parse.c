/* Requests out of bytes: llhttp in its strict form, and what it leaves open.
 *
 * On top of the parser: exactly one sound Host, no line that starts with a blank, no bare CR or LF, no NUL in the head,
 * no second way to say how long a body is; caps on bytes, lines, URL, body, trailers and chunk extensions; the path is
 * decoded and may not climb. Trailers and extensions are read over. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "http/conn.h"
#include "http/problem.h"

enum { WIRE_FACTOR = 8, WIRE_SLACK = 64 << 10 }; /* a body of one-byte chunks takes six times its size */

static struct http_conn *of(llhttp_t *p)
{
    return p->data;
}

static int refuse(struct http_conn *c, int status)
{
    c->refuse = status;
    return HPE_USER;
}

/* A refusal that says more. */
static int refuse_why(struct http_conn *c, const struct err *why)
{
    c->x->why = mem_alloc(sizeof(*why));
    *c->x->why = *why;
    return refuse(c, http_status_of(why));
}

static size_t body_most(const struct http_conn *c)
{
    const struct http_sink *sink = c->x->request.sink;
    return sink ? sink->most : c->server->limits.body_bytes;
}

static int add(struct http_conn *c, const char *p, size_t n)
{
    if (!exchange_hold(c, n)) return refuse(c, 503);
    buf_add(&c->x->head, p, n);
    return buf_ok(&c->x->head) ? 0 : refuse(c, 431);
}

/* Bytes behind the head that mean nothing here. */
static int read_over(struct http_conn *c, size_t n)
{
    c->x->trailing += n;
    return c->x->trailing > c->server->limits.header_bytes ? refuse(c, 431) : 0;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    if (c->x->head.len + n > c->server->limits.url_bytes) return refuse(c, 414);
    return add(c, at, n);
}

static int on_url_end(llhttp_t *p)
{
    return add(of(p), "", 1);
}

/* The start of a name or value is noted when its first bytes come. */
static int begin_part(struct http_conn *c, bool value)
{
    struct exchange *x = c->x;
    bool is_value = x->nparts % 2 == 1;
    if (is_value != value) return 0;
    if (x->nparts / 2 >= c->server->limits.header_count || x->nparts / 2 >= HEADERS_MAX) return refuse(c, 431);
    x->header_at[x->nparts++] = (uint32_t)x->head.len;
    return 0;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    struct buf *b = &c->x->head;
    if (c->phase != CONN_HEAD) return read_over(c, n);
    int rc = begin_part(c, false);
    size_t from = b->len;
    if (rc == 0) rc = add(c, at, n);
    for (size_t i = from; rc == 0 && i < b->len; i++)
        if (b->data[i] >= 'A' && b->data[i] <= 'Z') b->data[i] += 32;
    return rc;
}

/* A name without a letter is none. */
static int on_name_end(llhttp_t *p)
{
    struct http_conn *c = of(p);
    struct exchange *x = c->x;
    if (c->phase != CONN_HEAD) return 0;
    if (x->nparts % 2 == 0 || x->head.len == x->header_at[x->nparts - 1]) return refuse(c, 400);
    return add(c, "", 1);
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    if (c->phase != CONN_HEAD) return read_over(c, n);
    int rc = begin_part(c, true);
    return rc ? rc : add(c, at, n);
}

static int on_value_end(llhttp_t *p)
{
    struct http_conn *c = of(p);
    if (c->phase != CONN_HEAD) return 0;
    int rc = begin_part(c, true); /* an empty value */
    return rc ? rc : add(c, "", 1);
}

static int on_extension(llhttp_t *p, const char *at, size_t n)
{
    (void)at;
    return read_over(of(p), n);
}

void parse_make_id(struct http_server *s, char id[40])
{
    snprintf(id, 40, "%s%llx", s->id_prefix, (unsigned long long)++s->last_id);
}

static void take_id(struct http_conn *c)
{
    struct http_request *r = &c->x->request;
    const char *given = http_header(r, "x-request-id");
    size_t n = given ? strlen(given) : 0;
    if (n > 0 && n < sizeof(r->id) &&
        strspn(given, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == n)
        memcpy(r->id, given, n + 1);
    else
        parse_make_id(c->server, r->id);
}

static bool is_sound_host(const char *host)
{
    return host[strcspn(host, " \t/\\?#@,<>\"")] == '\0';
}

/* One Host; at most one length; one coding. Status, or 0. */
static int check_headers(const struct http_conn *c)
{
    const struct http_request *r = &c->x->request;
    bool old = c->parser.http_minor == 0;
    int hosts = 0, lengths = 0, codings = 0;
    for (size_t i = 0; i < r->nheaders; i++) {
        const struct http_header *h = &r->headers[i];
        if (strcmp(h->name, "host") == 0) {
            hosts++;
            if (!is_sound_host(h->value)) return 400;
        } else if (strcmp(h->name, "content-length") == 0) {
            lengths++;
        } else if (strcmp(h->name, "transfer-encoding") == 0) {
            codings++;
            if (strcasecmp(h->value, "chunked") != 0) return 501;
        }
    }
    if (hosts > 1 || (hosts == 0 && !old)) return 400;
    if (lengths + codings > 1 || (codings && old)) return 400;
    return 0;
}

static int check_head(struct http_conn *c)
{
    llhttp_t *p = &c->parser;
    if (p->http_major != 1 || p->http_minor > 1) return 505;
    if (p->method == HTTP_CONNECT) return 501;
    if (!parse_url(c)) return 400;
    return check_headers(c);
}

/* Who takes the body, and whether it may be as long as is said. 0, or HPE_USER. */
static int take_body(struct http_conn *c)
{
    struct http_server *s = c->server;
    struct err why = {0};
    struct http_request *r = &c->x->request;
    if (s->taker && s->taker(s->ctx, r, &r->sink, &why) < 0) return refuse_why(c, &why);
    if (!(c->parser.flags & F_CONTENT_LENGTH) || c->parser.content_length <= body_most(c)) return 0;
    return refuse(c, 413);
}

static int answer_expect(struct http_conn *c)
{
    const char *expect = http_header(&c->x->request, "expect");
    if (!expect || c->parser.http_minor == 0) return 0;
    if (strcasecmp(expect, "100-continue") != 0) return 417;
    uv_buf_t go = uv_buf_init("HTTP/1.1 100 Continue\r\n\r\n", 25);
    bool has_body = (c->parser.flags & F_CHUNKED) || c->parser.content_length > 0;
    return has_body && uv_try_write(&c->io.stream, &go, 1) != (int)go.len ? 503 : 0;
}

static int on_head(llhttp_t *p)
{
    struct http_conn *c = of(p);
    struct exchange *x = c->x;
    struct http_request *r = &x->request;
    p->upgrade = 0; /* there is nothing to upgrade to: the request is answered as it is */
    r->method = llhttp_method_name((llhttp_method_t)p->method);
    r->local = c->is_local;
    r->peer = c->address;
    x->is_head = p->method == HTTP_HEAD;
    r->nheaders = x->nparts / 2;
    for (size_t i = 0; i < r->nheaders; i++)
        x->headers[i] =
            (struct http_header){x->head.data + x->header_at[2 * i], x->head.data + x->header_at[2 * i + 1]};
    r->headers = x->headers;
    take_id(c);
    int status = check_head(c);
    if (status == 0 && take_body(c) != 0) return HPE_USER;
    if (status == 0) status = answer_expect(c);
    if (status) return refuse(c, status);
    conn_set_phase(c, CONN_BODY);
    c->received = 0;
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    struct buf *b = &c->x->body;
    struct http_sink *sink = c->x->request.sink;
    struct err why = {0};
    if (n > body_most(c) - c->x->taken) return refuse(c, 413);
    c->x->taken += n;
    if (sink) return sink->add(sink, at, n, &why) < 0 ? refuse_why(c, &why) : 0;
    if (!exchange_hold(c, n)) return refuse(c, 503);
    buf_add(b, at, n);
    return buf_ok(b) ? 0 : refuse(c, 413);
}

/* A chunk says its length before it comes: what would be too much is not waited for. */
static int on_chunk(llhttp_t *p)
{
    struct http_conn *c = of(p);
    return p->content_length > body_most(c) - c->x->taken ? refuse(c, 413) : 0;
}

static int on_complete(llhttp_t *p)
{
    struct http_conn *c = of(p);
    struct http_request *r = &c->x->request;
    c->keep_alive = llhttp_should_keep_alive(p);
    r->body = c->x->body.data ? c->x->body.data : "";
    r->body_len = c->x->body.len;
    conn_set_phase(c, CONN_HANDLING);
    return HPE_PAUSED;
}

void parse_init(llhttp_settings_t *s)
{
    llhttp_settings_init(s);
    s->on_url = on_url;
    s->on_url_complete = on_url_end;
    s->on_header_field = on_name;
    s->on_header_field_complete = on_name_end;
    s->on_header_value = on_value;
    s->on_header_value_complete = on_value_end;
    s->on_headers_complete = on_head;
    s->on_chunk_extension_name = on_extension;
    s->on_chunk_extension_value = on_extension;
    s->on_chunk_header = on_chunk;
    s->on_body = on_body;
    s->on_message_complete = on_complete;
}

void parse_reset(struct http_conn *c)
{
    llhttp_init(&c->parser, HTTP_REQUEST, &c->server->settings);
    c->parser.data = c;
}

/* The request line is not yet at its end. */
static bool is_in_url(const struct http_conn *c, const char *p, size_t n)
{
    const struct buf *head = &c->x->head;
    return !memchr(p, '\n', n) && (!head->len || !memchr(head->data, '\0', head->len));
}

enum scan { SCAN_MORE, SCAN_END, SCAN_BAD };

/* The head's bytes, up to its end: no NUL, no bare CR or LF, no line that starts with a blank. */
static enum scan scan_head(struct http_conn *c, const char *p, size_t n)
{
    unsigned char before = c->last[1], last = c->last[0];
    size_t left = c->server->limits.header_bytes - c->head_bytes;
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)p[i];
        if (b <= ' ' || last == '\r') {
            if (b == '\0' || (last == '\r') != (b == '\n')) return SCAN_BAD;
            if (last == '\n' && (b == ' ' || b == '\t')) return SCAN_BAD;
            if (b == '\n' && before == '\n') return SCAN_END;
        }
        if (i >= left) {
            c->refuse = is_in_url(c, p, i) ? 414 : 431;
            return SCAN_BAD;
        }
        before = last;
        last = b;
    }
    c->head_bytes += n;
    c->last[1] = before;
    c->last[0] = last;
    return SCAN_MORE;
}

static int status_of(llhttp_errno_t code)
{
    if (code == HPE_INVALID_VERSION || code == HPE_PAUSED_H2_UPGRADE) return 505;
    return code == HPE_INVALID_METHOD ? 501 : 400;
}

/* Empty lines before a request are let through; the first other byte begins it. */
static size_t begin(struct http_conn *c, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n && (p[at] == '\r' || p[at] == '\n'))
        at++;
    if (at == n) return at;
    conn_set_phase(c, CONN_HEAD);
    c->head_bytes = 0;
    c->last[0] = c->last[1] = 0;
    if (!exchange_start(c)) c->refuse = 503;
    return at;
}

static bool is_flood(const struct http_conn *c)
{
    return c->received > body_most(c) * WIRE_FACTOR + WIRE_SLACK;
}

size_t parse_some(struct http_conn *c, const char *p, size_t n)
{
    enum scan scan = SCAN_MORE;
    if (c->phase == CONN_IDLE) {
        size_t at = begin(c, p, n);
        if (at) return at;
        if (c->refuse) return n;
    }
    if (c->phase == CONN_HEAD) {
        scan = scan_head(c, p, n);
        if (scan == SCAN_BAD) {
            if (!c->refuse) c->refuse = 400;
            return n;
        }
    } else {
        c->received += n;
        if (is_flood(c)) c->refuse = 413;
        if (c->refuse) return n;
    }
    llhttp_errno_t code = llhttp_execute(&c->parser, p, n);
    if (code == HPE_OK) {
        if (scan == SCAN_END && c->phase == CONN_HEAD) c->refuse = 400; /* two readings of where the head ends */
        return n;
    }
    if (code == HPE_PAUSED) {
        size_t used = (size_t)(llhttp_get_error_pos(&c->parser) - p);
        llhttp_resume(&c->parser);
        return used;
    }
    if (!c->refuse) c->refuse = status_of(code);
    return n;
}
