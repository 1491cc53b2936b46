/* Requests out of bytes: llhttp in its strict form, and what it leaves open.
 *
 * On top of the parser: one Host, no line that starts with a blank, no bare CR, no NUL in the head; caps on bytes,
 * lines, URL and body; the path is decoded and may not climb. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "http/conn.h"

static struct http_conn *of(llhttp_t *p)
{
    return p->data;
}

static int refuse(struct http_conn *c, int status)
{
    c->refuse = status;
    return HPE_USER;
}

static int add(struct http_conn *c, const char *p, size_t n)
{
    buf_add(&c->head, p, n);
    return buf_ok(&c->head) ? 0 : refuse(c, 431);
}

static int on_begin(llhttp_t *p)
{
    struct http_conn *c = of(p);
    c->nparts = 0;
    buf_clear(&c->head);
    buf_clear(&c->body);
    return 0;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    if (c->head.len + n > c->server->limits.url_bytes) return refuse(c, 414);
    return add(c, at, n);
}

static int on_end_part(llhttp_t *p)
{
    return add(of(p), "", 1);
}

/* The start of a name or value is noted when its first bytes come. */
static int begin_part(struct http_conn *c, bool value)
{
    bool is_value = c->nparts % 2 == 1;
    if (is_value == value) {
        if (c->nparts / 2 >= c->server->limits.header_count || c->nparts / 2 >= HEADERS_MAX) return refuse(c, 431);
        c->header_at[c->nparts++] = c->head.len;
    }
    return 0;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    int rc = begin_part(c, false);
    size_t from = c->head.len;
    if (rc == 0) rc = add(c, at, n);
    for (size_t i = from; rc == 0 && i < c->head.len; i++)
        if (c->head.data[i] >= 'A' && c->head.data[i] <= 'Z') c->head.data[i] += 32;
    return rc;
}

/* A name without a letter is none. */
static int on_name_end(llhttp_t *p)
{
    struct http_conn *c = of(p);
    if (c->nparts % 2 == 0 || c->head.len == c->header_at[c->nparts - 1]) return refuse(c, 400);
    return add(c, "", 1);
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    int rc = begin_part(c, true);
    return rc ? rc : add(c, at, n);
}

static int on_value_end(llhttp_t *p)
{
    struct http_conn *c = of(p);
    int rc = begin_part(c, true); /* an empty value */
    return rc ? rc : add(c, "", 1);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes %XX in place; false on a bad escape, NUL, broken UTF-8 or a climbing path. */
static bool decode_path(char *path)
{
    char *to = path;
    for (const char *p = path; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);
        if (low < 0 || (high == 0 && low == 0)) return false;
        *to++ = (char)(high << 4 | low);
        p += 2;
    }
    *to = '\0';
    if (path[0] != '/' || !text_is_utf8(path, (size_t)(to - path))) return false;
    for (const char *p = path; (p = strstr(p, "/..")); p++)
        if (p[3] == '/' || p[3] == '\0') return false;
    return strchr(path, '\\') == NULL;
}

static void take_id(struct http_conn *c)
{
    struct http_request *r = &c->request;
    const char *given = http_header(r, "x-request-id");
    uint8_t random[12];
    size_t n = given ? strlen(given) : 0;
    if (n > 0 && n < sizeof(r->id) &&
        strspn(given, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == n) {
        memcpy(r->id, given, n + 1);
        return;
    }
    digest_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) snprintf(r->id + 2 * i, 3, "%02x", random[i]);
}

static int check_hosts(struct http_conn *c)
{
    int hosts = 0;
    for (size_t i = 0; i < c->request.nheaders; i++) hosts += strcmp(c->headers[i].name, "host") == 0;
    bool old = c->parser.http_major == 1 && c->parser.http_minor == 0;
    if (hosts > 1 || (hosts == 0 && !old)) return refuse(c, 400);
    return 0;
}

static int on_head(llhttp_t *p)
{
    struct http_conn *c = of(p);
    struct http_request *r = &c->request;
    const struct http_limits *l = &c->server->limits;
    *r = (struct http_request){.conn = c, .method = llhttp_method_name((llhttp_method_t)p->method), .local = c->local};
    r->nheaders = c->nparts / 2;
    for (size_t i = 0; i < r->nheaders; i++)
        c->headers[i] = (struct http_header){c->head.data + c->header_at[2 * i], c->head.data + c->header_at[2 * i + 1]};
    r->headers = c->headers;
    char *url = c->head.data, *query = strpbrk(url, "?#");
    r->query = "";
    if (query && *query == '?') r->query = query + 1;
    if (query) *query = '\0';
    r->path = url;
    if (p->http_major != 1 || p->http_minor > 1) return refuse(c, 505);
    if (!decode_path(url)) return refuse(c, 400);
    if (check_hosts(c)) return HPE_USER;
    if (http_header(r, "transfer-encoding") && http_header(r, "content-length")) return refuse(c, 400);
    if ((p->flags & F_CONTENT_LENGTH) && p->content_length > l->body_bytes) return refuse(c, 413);
    take_id(c);
    const char *expect = http_header(r, "expect");
    if (expect && strcmp(expect, "100-continue") != 0) return refuse(c, 417);
    if (expect) {
        uv_buf_t go = uv_buf_init("HTTP/1.1 100 Continue\r\n\r\n", 25);
        uv_try_write(&c->io.stream, &go, 1);
    }
    c->phase = CONN_BODY;
    c->since = (int64_t)uv_now(c->server->loop);
    c->received = 0;
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_conn *c = of(p);
    if (c->body.len + n > c->server->limits.body_bytes) return refuse(c, 413);
    buf_add(&c->body, at, n);
    return buf_ok(&c->body) ? 0 : refuse(c, 413);
}

/* A chunk says its length before it comes: what would be too much is not waited for. */
static int on_chunk(llhttp_t *p)
{
    struct http_conn *c = of(p);
    size_t most = c->server->limits.body_bytes;
    return c->body.len > most || p->content_length > most - c->body.len ? refuse(c, 413) : 0;
}

static int on_complete(llhttp_t *p)
{
    struct http_conn *c = of(p);
    c->keep_alive = llhttp_should_keep_alive(p);
    c->request.body = c->body.data ? c->body.data : "";
    c->request.body_len = c->body.len;
    c->phase = CONN_HANDLING;
    return HPE_PAUSED;
}

void parse_init(llhttp_settings_t *s)
{
    llhttp_settings_init(s);
    s->on_message_begin = on_begin;
    s->on_url = on_url;
    s->on_url_complete = on_end_part;
    s->on_header_field = on_name;
    s->on_header_field_complete = on_name_end;
    s->on_header_value = on_value;
    s->on_header_value_complete = on_value_end;
    s->on_headers_complete = on_head;
    s->on_body = on_body;
    s->on_chunk_header = on_chunk;
    s->on_message_complete = on_complete;
}

void parse_reset(struct http_conn *c)
{
    llhttp_init(&c->parser, HTTP_REQUEST, &c->server->settings);
    c->parser.data = c;
    c->head_bytes = 0;
    memset(c->last, 0, sizeof(c->last));
}

/* The head's bytes, up to its end: no NUL, no bare CR or LF, no line that starts with a blank. False: refuse. */
static bool scan_head(struct http_conn *c, const char *p, size_t n)
{
    unsigned char *last = c->last;
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)p[i];
        c->head_bytes++;
        if (b == '\0' || (last[0] == '\r' && b != '\n') || (b == '\n' && last[0] != '\r')) return false;
        if ((b == ' ' || b == '\t') && last[0] == '\n') return false;
        /* An empty line: the end. Two of them before the head would be taken for it, and the head not be looked at. */
        if (b == '\n' && last[1] == '\n') return c->head_bytes > 4;
        if (c->head_bytes > c->server->limits.header_bytes) {
            c->refuse = 431;
            return false;
        }
        last[2] = last[1];
        last[1] = last[0];
        last[0] = b;
    }
    return true;
}

static int status_of(llhttp_errno_t code)
{
    return code == HPE_INVALID_VERSION ? 505 : code == HPE_INVALID_METHOD ? 501 : 400;
}

size_t parse_some(struct http_conn *c, const char *p, size_t n)
{
    if (c->phase == CONN_IDLE || c->phase == CONN_HEAD) {
        if (c->phase == CONN_IDLE) {
            c->phase = CONN_HEAD;
            c->since = (int64_t)uv_now(c->server->loop);
        }
        if (!scan_head(c, p, n)) {
            if (!c->refuse) c->refuse = 400;
            return n;
        }
    } else {
        c->received += n;
    }
    llhttp_errno_t code = llhttp_execute(&c->parser, p, n);
    if (code == HPE_OK) return n;
    if (code == HPE_PAUSED) {
        size_t used = (size_t)(llhttp_get_error_pos(&c->parser) - p);
        llhttp_resume(&c->parser);
        return used;
    }
    if (!c->refuse) c->refuse = status_of(code);
    return n;
}
