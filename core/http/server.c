/* Listeners and the list of connections; one tick for all their deadlines. */
#include "http/server.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/conn.h"
#include "runtime/loop.h"
#include "runtime/loop_uv.h"

enum { TICK_MS = 250, BACKLOG = 1024 };

void http_limits_default(struct http_limits *l)
{
    *l = (struct http_limits){.header_ms = 10000, .idle_ms = 60000, .stall_ms = 30000, .body_rate = 500,
                              .header_bytes = 16 << 10, .header_count = 100, .url_bytes = 8 << 10,
                              .body_bytes = 4 << 20, .connections = 20000, .per_address = 20000};
}

const char *http_header(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->nheaders; i++)
        if (strcmp(r->headers[i].name, name) == 0) return r->headers[i].value;
    return NULL;
}

static void on_tick(uv_timer_t *t)
{
    struct http_server *s = t->data;
    int64_t now = (int64_t)uv_now(s->loop);
    for (struct http_conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        conn_tick(c, now);
    }
    if (s->nconns == 0) uv_timer_stop(t); /* an idle service sleeps */
}

static int count_address(const struct http_server *s, const char *address)
{
    int n = 0;
    for (const struct http_conn *c = s->conns; c; c = c->next) n += strcmp(c->address, address) == 0;
    return n;
}

static void find_address(struct http_conn *c)
{
    struct sockaddr_storage a;
    int len = sizeof(a);
    if (uv_tcp_getpeername(&c->io.tcp, (struct sockaddr *)&a, &len) != 0) return;
    if (a.ss_family == AF_INET) uv_ip4_name((struct sockaddr_in *)&a, c->address, sizeof(c->address));
    if (a.ss_family == AF_INET6) uv_ip6_name((struct sockaddr_in6 *)&a, c->address, sizeof(c->address));
}

/* Counting one address is a walk: only where a smaller limit than the total was set. */
static bool is_too_many(struct http_server *s, struct http_conn *c)
{
    if (c->local) return false;
    if (s->nconns >= s->limits.connections) return true;
    if (s->limits.per_address >= s->limits.connections) return false;
    find_address(c);
    return count_address(s, c->address) >= s->limits.per_address;
}

static void free_conn(uv_handle_t *h)
{
    mem_free(h->data);
}

static void accept_one(uv_stream_t *listener, bool local)
{
    struct http_server *s = listener->data;
    struct http_conn *c = mem_alloc(sizeof(*c));
    c->local = local;
    if (local)
        uv_pipe_init(s->loop, &c->io.pipe, 0);
    else
        uv_tcp_init(s->loop, &c->io.tcp);
    c->io.handle.data = c;
    if (uv_accept(listener, &c->io.stream) != 0 || s->stopping || is_too_many(s, c)) {
        s->stats.refused++;
        uv_close(&c->io.handle, free_conn);
        return;
    }
    if (!local) uv_tcp_nodelay(&c->io.tcp, 1);
    if (s->nconns == 0) uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    conn_open(s, c);
}

static void on_tcp(uv_stream_t *listener, int status)
{
    if (status == 0) accept_one(listener, false);
}

static void on_pipe(uv_stream_t *listener, int status)
{
    if (status == 0) accept_one(listener, true);
}

int http_server_new(struct loop *loop, const struct http_limits *limits, http_handler handler, void *ctx,
                    struct http_server **out, struct err *err)
{
    struct http_server *s = mem_alloc(sizeof(*s));
    (void)err;
    s->loop = loop_uv(loop);
    s->limits = *limits;
    s->handler = handler;
    s->ctx = ctx;
    s->chunk = mem_alloc(HTTP_CHUNK);
    parse_init(&s->settings);
    uv_timer_init(s->loop, &s->tick);
    s->tick.data = s;
    *out = s;
    return 0;
}

static int fail(const char *what, int rc, struct err *err)
{
    return err_set(err, ERR_IO, "http.listen", "address", what, "detail", uv_strerror(rc), NULL);
}

int http_server_listen(struct http_server *s, const char *address, int port, struct err *err)
{
    struct sockaddr_storage a;
    struct sockaddr_in *bound = (struct sockaddr_in *)&a;
    int len = sizeof(a);
    int rc = strchr(address, ':') ? uv_ip6_addr(address, port, (struct sockaddr_in6 *)&a)
                                  : uv_ip4_addr(address, port, (struct sockaddr_in *)&a);
    if (rc) return fail(address, rc, err);
    uv_tcp_init(s->loop, &s->tcp);
    s->tcp.data = s;
    s->has_tcp = true;
    rc = uv_tcp_bind(&s->tcp, (struct sockaddr *)&a, 0);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&s->tcp, BACKLOG, on_tcp);
    if (rc) return fail(address, rc, err);
    uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&a, &len);
    s->port = ntohs(bound->sin_port);
    return 0;
}

int http_server_listen_unix(struct http_server *s, const char *path, struct err *err)
{
    unlink(path); /* of a process that died: the lock of the data directory says that there is no other */
    uv_pipe_init(s->loop, &s->pipe, 0);
    s->pipe.data = s;
    s->has_pipe = true;
    mode_t old = umask(0177);
    int rc = uv_pipe_bind(&s->pipe, path);
    umask(old);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_pipe);
    return rc ? fail(path, rc, err) : 0;
}

int http_server_port(struct http_server *s)
{
    return s->port;
}

void conn_gone(struct http_server *s)
{
    if (!s->stopping || s->nconns > 0 || !s->stopped) return;
    void (*stopped)(void *) = s->stopped;
    s->stopped = NULL;
    stopped(s->stopped_ctx);
}

void http_server_stop(struct http_server *s, void (*stopped)(void *ctx), void *ctx)
{
    s->stopping = true;
    s->stopped = stopped;
    s->stopped_ctx = ctx;
    if (s->has_tcp) uv_close((uv_handle_t *)&s->tcp, NULL);
    if (s->has_pipe) uv_close((uv_handle_t *)&s->pipe, NULL);
    for (struct http_conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        if (c->phase <= CONN_BODY) conn_close(c);
    }
    conn_gone(s);
}

void http_server_free(struct http_server *s)
{
    if (!s) return;
    mem_free(s->chunk);
    mem_free(s);
}

void http_server_stats(const struct http_server *s, struct http_stats *out)
{
    *out = s->stats;
}
