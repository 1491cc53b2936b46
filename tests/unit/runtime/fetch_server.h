/* A small server of our own on the loopback, and what a test keeps of its answers. */
#ifndef KHUNG_TEST_FETCH_SERVER_H
#define KHUNG_TEST_FETCH_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/fetch.h"
#include "runtime/loop.h"

struct fixture {
    int listener, port;
    pthread_t server;
    char seen[8192]; /* the last request; read after its answer */
    struct loop *loop;
    struct fetcher *fetcher;
    /* the answer */
    int answers, status;
    char key[48], body[256], header[64];
    size_t body_len;
};

/* --- the server: one request a connection, the answer by path --- */

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) return;
}

static void say_many(int fd)
{
    char block[4096];
    memset(block, 'x', sizeof(block));
    say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 1000; i++)
        if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0) return;
}

/* PORT in a URL becomes the server's. */
static void fill_port(char *out, size_t len, const char *url, int port)
{
    const char *at = strstr(url, "PORT");
    if (at)
        snprintf(out, len, "%.*s%d%s", (int)(at - url), url, port, at + 4);
    else
        snprintf(out, len, "%s", url);
}

static void redirect(struct fixture *f, int fd, const char *status, const char *to)
{
    char text[400], url[200];
    fill_port(url, sizeof(url), to, f->port);
    snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nLocation: %s", status, url);
    say(fd, text);
    say(fd, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void serve(struct fixture *f, int fd)
{
    const char *path = strchr(f->seen, ' ') + 1;
    if (strncmp(path, "/ok", 3) == 0)
        say(fd, "HTTP/1.1 200 OK\r\nX-Kind:  good \r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    else if (strncmp(path, "/big", 4) == 0)
        say_many(fd);
    else if (strncmp(path, "/silent", 7) == 0)
        recv(fd, (char[1]){0}, 1, 0); /* until the client gives up */
    else if (strncmp(path, "/found", 6) == 0)
        redirect(f, fd, "302 Found", "/ok");
    else if (strncmp(path, "/keep", 5) == 0)
        redirect(f, fd, "307 Temporary Redirect", "/ok");
    else if (strncmp(path, "/round", 6) == 0)
        redirect(f, fd, "302 Found", "/round");
    else if (strncmp(path, "/elsewhere", 10) == 0)
        redirect(f, fd, "302 Found", "http://localhost:PORT/ok");
    else if (strncmp(path, "/file", 5) == 0)
        redirect(f, fd, "302 Found", "file:///etc/passwd");
    else if (strncmp(path, "/broken", 7) == 0)
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhal");
    else
        say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
}

static void read_request(struct fixture *f, int fd)
{
    size_t at = 0;
    size_t want = 0;
    for (;;) {
        ssize_t n = recv(fd, f->seen + at, sizeof(f->seen) - 1 - at, 0);
        if (n <= 0) return;
        at += (size_t)n;
        f->seen[at] = '\0';
        const char *end = strstr(f->seen, "\r\n\r\n"), *length = strstr(f->seen, "Content-Length: ");
        if (!end) continue;
        want = (size_t)(end - f->seen) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0);
        if (at >= want) return;
    }
}

static void *run_server(void *arg)
{
    struct fixture *f = arg;
    for (;;) {
        int fd = accept(f->listener, NULL, NULL);
        if (fd < 0) return NULL;
        f->seen[0] = '\0';
        read_request(f, fd);
        if (f->seen[0]) serve(f, fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

#endif
