/* Static files: opened below the folder by the kernel's own rule (RESOLVE_BENEATH), read at once. */
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

enum { FILE_MAX = 32 << 20 };

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"}, {".json", "application/json"}, {".svg", "image/svg+xml"},
        {".png", "image/png"}, {".jpg", "image/jpeg"}, {".webp", "image/webp"}, {".ico", "image/x-icon"},
        {".woff2", "font/woff2"}, {".txt", "text/plain; charset=utf-8"}, {".pdf", "application/pdf"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(dot, types[i][0]) == 0) return types[i][1];
    return "application/octet-stream";
}

static int open_below(const char *dir, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
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

static void send_file(struct http_request *r, int fd, const struct stat *st, const char *path)
{
    char lines[200], etag[64];
    const char *have = http_header(r, "if-none-match");
    snprintf(etag, sizeof(etag), "\"%llx-%llx\"", (unsigned long long)st->st_mtime, (unsigned long long)st->st_size);
    snprintf(lines, sizeof(lines), "ETag: %s\r\nCache-Control: no-cache\r\n", etag);
    struct http_response res = {.status = 200, .type = type_of(path), .headers = lines, .len = (size_t)st->st_size};
    if (have && strstr(have, etag)) {
        res.status = 304;
        http_reply(r, &res);
        return;
    }
    char *bytes = mem_try_alloc((size_t)st->st_size + 1);
    if (bytes && pread(fd, bytes, (size_t)st->st_size, 0) == st->st_size) {
        res.body = bytes;
        http_reply(r, &res);
    } else {
        not_found(r);
    }
    mem_free(bytes);
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
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
        send_file(r, fd, &st, path);
    else
        not_found(r);
    if (fd >= 0) close(fd);
}
