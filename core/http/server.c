/* Listeners and the list of connections; one tick for all their deadlines. */
#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "http/conn.h"
#include "runtime/loop.h"
#include "runtime/loop_uv.h"

enum { TICK_MS = 250, BACKLOG = 1024 };

void http_limits_default(struct http_limits *l)
{
    *l = (struct http_limits){.header_ms = 10000,
                              .idle_ms = 60000,
                              .stall_ms = 30000,
                              .body_rate = 500,
                              .header_bytes = 16 << 10,
                              .header_count = 100,
                              .url_bytes = 8 << 10,
                              .body_bytes = 4 << 20,
                              .connections = 20000,
                              .per_address = 20000,
                              .held_bytes = 256 << 20};
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

static void find_peer(struct http_conn *c)
{
    struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
    int len = sizeof(a);
    if (uv_tcp_getpeername(&c->io.tcp, (struct sockaddr *)&a, &len) != 0) return;
    if (a.ss_family == AF_INET) uv_ip4_name((struct sockaddr_in *)&a, c->address, sizeof(c->address));
    if (a.ss_family == AF_INET6) uv_ip6_name((struct sockaddr_in6 *)&a, c->address, sizeof(c->address));
    c->peer = peers_key((struct sockaddr *)&a);
}

/* The connection is counted, unless it is one too many. The local socket is never full: it is the way to mend things.
 */
static bool count_in(struct http_server *s, struct http_conn *c)
{
    if (c->is_local) return true;
    if (s->nconns >= s->limits.connections) return false;
    find_peer(c);
    if (peers_add(s->peers, c->peer) <= s->limits.per_address) return true;
    peers_remove(s->peers, c->peer);
    return false;
}

static void free_conn(uv_handle_t *h)
{
    mem_free(h->data);
}

static void accept_one(uv_stream_t *listener, bool local)
{
    struct http_server *s = listener->data;
    struct http_conn *c = mem_alloc(sizeof(*c));
    c->is_local = local;
    if (local)
        uv_pipe_init(s->loop, &c->io.pipe, 0);
    else
        uv_tcp_init(s->loop, &c->io.tcp);
    c->io.handle.data = c;
    bool is_in = uv_accept(listener, &c->io.stream) == 0 && !s->stopping;
    if (!is_in || !count_in(s, c)) {
        s->stats.refused++;
        if (is_in) reply_full(&c->io.stream);
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

/* Ids of one start never meet those of another. */
static void make_prefix(struct http_server *s)
{
    uint32_t random[2];
    digest_random(random, sizeof(random));
    snprintf(s->id_prefix, sizeof(s->id_prefix), "%08x%08x-", random[0], random[1]);
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
    s->peers = peers_new();
    make_prefix(s);
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

int http_server_bind(const char *address, int port, int *fd, struct err *err)
{
    struct sockaddr_storage a;
    bool is_6 = strchr(address, ':') != NULL;
    int yes = 1;
    int rc = is_6 ? uv_ip6_addr(address, port, (struct sockaddr_in6 *)&a)
                  : uv_ip4_addr(address, port, (struct sockaddr_in *)&a);
    if (rc) return fail(address, rc, err);
    *fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
        bind(*fd, (struct sockaddr *)&a, is_6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) == 0)
        return 0;
    fail(address, uv_translate_sys_error(errno), err);
    if (*fd >= 0) close(*fd);
    *fd = -1;
    return err->code;
}

void http_server_set_taker(struct http_server *s, http_taker taker)
{
    s->taker = taker;
}

int http_server_listen_on(struct http_server *s, int fd, struct err *err)
{
    struct sockaddr_storage a;
    int len = sizeof(a);
    uv_tcp_init(s->loop, &s->tcp);
    s->tcp.data = s;
    s->has_tcp = true;
    int rc = uv_tcp_open(&s->tcp, fd);
    if (rc) close(fd);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&s->tcp, BACKLOG, on_tcp);
    if (rc) return fail("TCP", rc, err);
    uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&a, &len);
    s->port = ntohs(((struct sockaddr_in *)&a)->sin_port);
    return 0;
}

int http_server_listen(struct http_server *s, const char *address, int port, struct err *err)
{
    int fd;
    int rc = http_server_bind(address, port, &fd, err);
    return rc ? rc : http_server_listen_on(s, fd, err);
}

int http_server_bind_unix(const char *path, int *fd, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    bool fits = snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) < (int)sizeof(a.sun_path);
    *fd = -1;
    if (!fits) return fail(path, UV_ENAMETOOLONG, err);
    unlink(path); /* of a process that died: the lock of the data directory says that there is no other */
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0177);
    int rc = *fd < 0 ? -1 : bind(*fd, (struct sockaddr *)&a, sizeof(a));
    umask(old);
    if (rc == 0) return 0;
    fail(path, uv_translate_sys_error(errno), err);
    if (*fd >= 0) close(*fd);
    *fd = -1;
    return err->code;
}

int http_server_listen_unix_on(struct http_server *s, int fd, struct err *err)
{
    uv_pipe_init(s->loop, &s->pipe, 0);
    s->pipe.data = s;
    s->has_pipe = true;
    int rc = uv_pipe_open(&s->pipe, fd);
    if (rc) close(fd);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_pipe);
    return rc ? fail("khung.sock", rc, err) : 0;
}

int http_server_port(struct http_server *s)
{
    return s->port;
}

void server_conn_gone(struct http_server *s)
{
    if (!s->stopping || s->nlive > 0 || !s->stopped) return;
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
        if (c->phase <= CONN_BODY || c->phase == CONN_LINGER) conn_close(c);
    }
    server_conn_gone(s);
}

void http_server_free(struct http_server *s)
{
    if (!s) return;
    exchange_free_spare(s);
    peers_free(s->peers);
    mem_free(s->chunk);
    mem_free(s);
}

void http_server_stats(const struct http_server *s, struct http_stats *out)
{
    *out = s->stats;
    out->open = s->nconns;
    out->held_bytes = (int64_t)s->held;
}
