/* Static files: opened below the folder by the kernel's own rule (RESOLVE_BENEATH). Small ones are read at once, others
 * go out piece by piece as the client takes them, so that many slow clients of a large file cost a piece each. */
#include "http/static.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/locale.h"
#include "base/mem.h"
#include "http/problem.h"

enum { PIECE = 64 << 10 };

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".jpg", "image/jpeg"},
                                           {".webp", "image/webp"},
                                           {".ico", "image/x-icon"},
                                           {".woff2", "font/woff2"},
                                           {".txt", "text/plain; charset=utf-8"},
                                           {".pdf", "application/pdf"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(dot, types[i][0]) == 0) return types[i][1];
    return "application/octet-stream";
}

static int open_below(const char *dir, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, /* a pipe does not stop us */
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    close(root);
    return fd;
}

static void not_found(struct http_request *r)
{
    struct err err;
    err_set(&err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    http_problem(r, &err, locale_pick(http_header(r, "accept-language")));
}

static bool is_hidden(const char *path)
{
    return path[0] == '.' || strstr(path, "/.") != NULL;
}

struct file_stream {
    struct http_request *request;
    int fd;
    int64_t at, size;
    char piece[PIECE];
};

static void end_stream(struct file_stream *f)
{
    close(f->fd);
    http_stream_end(f->request, f->at == f->size);
    mem_free(f);
}

/* A file that shrank meanwhile breaks the connection: the length was promised. */
static void pump(void *ctx)
{
    struct file_stream *f = ctx;
    enum http_stream state = HTTP_STREAM_GO;
    while (state == HTTP_STREAM_GO && f->at < f->size) {
        size_t want = f->size - f->at < PIECE ? (size_t)(f->size - f->at) : PIECE;
        ssize_t n = pread(f->fd, f->piece, want, f->at);
        if (n <= 0) break;
        f->at += n;
        state = http_stream_write(f->request, f->piece, (size_t)n);
    }
    if (state != HTTP_STREAM_WAIT) end_stream(f);
}

void http_send_file(struct http_request *r, int fd, int64_t from, const struct http_response *res)
{
    struct file_stream *f = mem_alloc(sizeof(*f));
    f->request = r;
    f->fd = fd;
    f->at = from;
    f->size = from + (int64_t)res->len;
    http_stream_start(r, res, pump, f);
    pump(f);
}

static void send_file(struct http_request *r, int fd, const struct stat *st, const char *path)
{
    char lines[200], etag[80], bytes[PIECE];
    const char *have = http_header(r, "if-none-match");
    snprintf(etag, sizeof(etag), "\"%llx.%lx-%llx\"", (unsigned long long)st->st_mtim.tv_sec,
             (unsigned long)st->st_mtim.tv_nsec, (unsigned long long)st->st_size);
    snprintf(lines, sizeof(lines), "ETag: %s\r\nCache-Control: no-cache\r\n", etag);
    struct http_response res = {.status = 200, .type = type_of(path), .headers = lines, .len = (size_t)st->st_size};
    bool is_head = strcmp(r->method, "HEAD") == 0;
    if (have && strstr(have, etag))
        res.status = 304;
    else if (!is_head && res.len > PIECE) {
        http_defer(r);
        http_send_file(r, dup(fd), 0, &res);
        return;
    } else if (!is_head) {
        ssize_t n = pread(fd, bytes, res.len, 0);
        res.len = n > 0 ? (size_t)n : 0;
        res.body = bytes;
    }
    http_reply(r, &res);
}

void http_static(struct http_request *r, const char *dir)
{
    char path[1024];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s", r->path + 1);
    if (n >= (int)sizeof(path) - 12 || is_hidden(path)) {
        not_found(r);
        return;
    }
    if (n == 0 || path[n - 1] == '/') strncat(path, "index.html", sizeof(path) - (size_t)n - 1);
    int fd = open_below(dir, path);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        send_file(r, fd, &st, path);
    else
        not_found(r);
    if (fd >= 0) close(fd);
}
