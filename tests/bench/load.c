/* A load client: connections in one epoll set, each with one request on its way. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

enum { BUFFER = 64 << 10, TIMES_MAX = 4000000 };

struct client {
    int fd;
    size_t got;
    double sent;
    char *data;
};

int bench_connect(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) bench_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

size_t bench_whole(const char *p, size_t n)
{
    const char *end = n > 4 ? strstr(p, "\r\n\r\n") : NULL;
    if (!end) return 0;
    const char *length = strstr(p, "Content-Length: ");
    size_t body = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
    size_t all = (size_t)(end + 4 - p) + body;
    return n >= all ? all : 0;
}

static void send_one(struct client *c, const struct load *l)
{
    size_t n = strlen(l->request);
    c->sent = bench_now();
    c->got = 0;
    if (send(c->fd, l->request, n, MSG_NOSIGNAL) != (ssize_t)n) bench_die("send");
}

static bool take(struct client *c, const struct load *l)
{
    ssize_t n = recv(c->fd, c->data + c->got, BUFFER - 1 - c->got, 0);
    if (n <= 0) bench_die("the service closed a connection");
    c->got += (size_t)n;
    c->data[c->got] = '\0';
    if (!bench_whole(c->data, c->got)) return false;
    if (strncmp(c->data, l->expect, strlen(l->expect)) != 0) bench_die(c->data);
    return true;
}

double bench_load(const struct load *l, double *p50)
{
    struct client *clients = calloc((size_t)l->connections, sizeof(*clients));
    double *times = malloc(TIMES_MAX * sizeof(*times));
    struct epoll_event events[256];
    int set = epoll_create1(0);
    size_t n = 0;
    for (int i = 0; i < l->connections; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &clients[i]};
        clients[i].fd = bench_connect(l->port);
        clients[i].data = malloc(BUFFER);
        epoll_ctl(set, EPOLL_CTL_ADD, clients[i].fd, &e);
        send_one(&clients[i], l);
    }
    double start = bench_now(), end = start + l->seconds;
    while (bench_now() < end) {
        int ready = epoll_wait(set, events, 256, 100);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if (!take(c, l)) continue;
            if (n < TIMES_MAX) times[n++] = bench_now() - c->sent;
            send_one(c, l);
        }
    }
    double took = bench_now() - start;
    for (int i = 0; i < l->connections; i++) {
        close(clients[i].fd);
        free(clients[i].data);
    }
    close(set);
    if (n == 0) bench_die("no answers");
    if (p50) *p50 = bench_median(times, n) * 1000;
    free(times);
    free(clients);
    return (double)n / took;
}

const char *bench_request(int port, const char *text)
{
    static char data[BUFFER];
    int fd = bench_connect(port);
    size_t got = 0, n = strlen(text);
    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n) bench_die("send");
    while (!bench_whole(data, got)) {
        ssize_t some = recv(fd, data + got, sizeof(data) - 1 - got, 0);
        if (some <= 0) break;
        got += (size_t)some;
        data[got] = '\0';
    }
    close(fd);
    return data;
}
