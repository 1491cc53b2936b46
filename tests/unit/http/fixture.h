/* A server on a thread of its own, and raw sockets against it. */
#ifndef TEST_HTTP_FIXTURE_H
#define TEST_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server.h"
#include "runtime/loop.h"

enum { PIECE = 10000, PIECES = 300, LONG_PIECES = 5000, HELD_MAX = 64 };

struct source;

struct fixture {
    struct loop *loop;
    struct loop_thread *thread;
    struct http_server *server;
    struct http_limits limits;
    const char *dir; /* of static files */
    int port;
    atomic_bool stopped;
    /* on the server's thread */
    struct http_request *held[HELD_MAX];
    int nheld;
    struct source *slow; /* of /lazy, once its client has left */
    _Atomic int handled, pieces;
};

static inline void reply_text(struct http_request *r, int status, const char *text)
{
    struct http_response res = {.status = status, .type = "text/plain", .body = text, .len = strlen(text)};
    http_reply(r, &res);
}

struct source {
    struct fixture *f;
    struct http_request *request;
    int left;
};

static inline void pump(void *ctx)
{
    static char piece[PIECE];
    struct source *s = ctx;
    enum http_stream state = HTTP_STREAM_GO;
    memset(piece, 'p', sizeof(piece));
    while (state == HTTP_STREAM_GO && s->left > 0) {
        s->left--;
        atomic_fetch_add(&s->f->pieces, 1);
        state = http_stream_write(s->request, piece, sizeof(piece));
    }
    if (state == HTTP_STREAM_WAIT) return;
    if (state == HTTP_STREAM_GONE && strcmp(s->request->path, "/lazy") == 0) {
        s->f->slow = s; /* it takes its time to end */
        atomic_fetch_add(&s->f->handled, 1);
        return;
    }
    http_stream_end(s->request, strcmp(s->request->path, "/cut") != 0);
    free(s);
}

static inline void start_source(struct fixture *f, struct http_request *r)
{
    struct source *s = malloc(sizeof(*s));
    bool known = strcmp(r->path, "/known") == 0;
    struct http_response head = {.status = 200, .type = "text/plain", .len = known ? (size_t)PIECE * PIECES : SIZE_MAX};
    *s = (struct source){f, r, PIECES};
    if (strcmp(r->path, "/cut") == 0) s->left = 2;
    if (strcmp(r->path, "/long") == 0 || strcmp(r->path, "/lazy") == 0) s->left = LONG_PIECES;
    http_defer(r);
    http_stream_start(r, &head, pump, s);
    pump(s);
}

void http_static(struct http_request *r, const char *dir);

/* By path: /echo gives the body, /head what was read of the request, /hold waits for /release, /big is 8 MB. */
static inline void handle(void *ctx, struct http_request *r)
{
    struct fixture *f = ctx;
    atomic_fetch_add(&f->handled, 1);
    if (strcmp(r->path, "/echo") == 0) {
        struct http_response res = {.status = 200, .type = "text/plain", .body = r->body, .len = r->body_len};
        http_reply(r, &res);
    } else if (strcmp(r->path, "/head") == 0) {
        char text[400];
        const char *x = http_header(r, "x-test"), *trailer = http_header(r, "x-trailer");
        snprintf(text, sizeof(text), "%s %s?%s x=%s trailer=%s peer=%s local=%d", r->method, r->path, r->query,
                 x ? x : "-", trailer ? trailer : "-", r->peer, r->local);
        reply_text(r, 200, text);
    } else if (strcmp(r->path, "/hold") == 0 && f->nheld < HELD_MAX) {
        http_defer(r);
        f->held[f->nheld++] = r;
    } else if (strcmp(r->path, "/release") == 0) {
        for (int i = 0; i < f->nheld; i++)
            reply_text(f->held[i], 200, "held");
        f->nheld = 0;
        reply_text(r, 200, "released");
    } else if (strcmp(r->path, "/stream") == 0 || strcmp(r->path, "/known") == 0 || strcmp(r->path, "/cut") == 0 ||
               strcmp(r->path, "/long") == 0 || strcmp(r->path, "/lazy") == 0) {
        start_source(f, r);
    } else if (strcmp(r->path, "/big") == 0) {
        static char big[8 << 20];
        struct http_response res = {.status = 200, .type = "text/plain", .body = big, .len = sizeof(big)};
        memset(big, 'b', sizeof(big));
        http_reply(r, &res);
    } else if (f->dir) {
        http_static(r, f->dir);
    } else {
        reply_text(r, 404, "none");
    }
}

static inline void open_server(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(loop_new(&f->loop, &err), 0);
    assert_int_equal(http_server_new(f->loop, &f->limits, handle, f, &f->server, &err), 0);
    assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &err), 0);
    f->port = http_server_port(f->server);
    assert_int_equal(loop_thread_start(f->loop, "http", NULL, NULL, NULL, &f->thread, &err), 0);
}

struct order {
    struct mail mail;
    struct fixture *f;
};

static inline void on_stopped(void *ctx)
{
    struct fixture *f = ctx;
    atomic_store(&f->stopped, true);
    loop_stop(f->loop);
}

static inline void on_stop(struct mail *m)
{
    struct fixture *f = ((struct order *)m)->f;
    http_server_stop(f->server, on_stopped, f);
}

static inline void close_server(struct fixture *f)
{
    struct order order = {.mail = {.deliver = on_stop}, .f = f};
    loop_post(f->loop, &order.mail);
    loop_thread_join(f->thread);
    loop_free(f->loop);
    http_server_free(f->server);
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    http_limits_default(&f->limits);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    free(*state);
    return 0;
}

/* --- the client --- */

static inline int dial(const struct fixture *f)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static inline void say_bytes(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return; /* refused meanwhile */
        p += sent;
        n -= (size_t)sent;
    }
}

static inline void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* Reads until `needle` is in the text, `max` bytes are there, or the end; false at the end or after five seconds. */
static inline bool hear(int fd, char *text, size_t max, const char *needle)
{
    size_t at = strlen(text);
    while (!strstr(text, needle)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (at + 1 >= max || poll(&p, 1, 5000) <= 0) return false;
        ssize_t n = recv(fd, text + at, max - 1 - at, 0);
        if (n <= 0) return false;
        at += (size_t)n;
        text[at] = '\0';
    }
    return true;
}

/* Everything until the server closes; false when it does not within the time. */
static inline bool hear_end(int fd, char *text, size_t max, int ms)
{
    size_t at = 0;
    text[0] = '\0';
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, ms) <= 0) return false;
        ssize_t n = recv(fd, text + at, max - 1 - at, 0);
        if (n <= 0) return true;
        at += (size_t)n;
        text[at] = '\0';
        if (at + 1 >= max) return false;
    }
}

/* One connection: sends the text, reads until the end. */
static inline bool ask_bytes(const struct fixture *f, const char *p, size_t n, char *out, size_t max)
{
    int fd = dial(f);
    say_bytes(fd, p, n);
    bool ended = hear_end(fd, out, max, 5000);
    close(fd);
    return ended;
}

static inline bool ask(const struct fixture *f, const char *text, char *out, size_t max)
{
    return ask_bytes(f, text, strlen(text), out, max);
}

/* "HTTP/1.1 404 …" → 404 */
static inline int status_of(const char *text)
{
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static inline int count_of(const char *text, const char *needle)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, needle)); p++)
        n++;
    return n;
}

#endif
