/* Files out: a reader says whether the caller may see it, then its bytes go out piece by piece. Never shown as a page:
 * always as an attachment, of a type of our own short list, and with nothing allowed to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/locale.h"
#include "file/file_bytes.h"
#include "http/disposition.h"
#include "http/file_web.h"
#include "http/problem.h"
#include "http/static.h"

static void lost(struct api_job *job)
{
    err_set(&job->err, ERR_CORRUPT, "file.lost", NULL);
    http_problem(job->request, &job->err, job->login.lang);
}

/* One range of bytes ("bytes=100-", "bytes=100-199", "bytes=-100"), of this very file. Others are not understood: then
 * all of it is given. */
static bool take_range(const struct http_request *r, const char *hash, int64_t size, int64_t *from, int64_t *to)
{
    const char *range = http_header(r, "range"), *only = http_header(r, "if-range");
    char *end;
    if (!range || strncmp(range, "bytes=", 6) != 0 || (only && !strstr(only, hash))) return false;
    const char *p = range + 6;
    *to = size - 1;
    if (*p == '-') {
        int64_t last = strtoll(p + 1, &end, 10);
        *from = last < size ? size - last : 0;
        return p[1] >= '0' && p[1] <= '9' && !*end && last > 0;
    }
    *from = strtoll(p, &end, 10);
    if (*p < '0' || *p > '9' || *end != '-' || *from >= size) return false;
    if (!end[1]) return true;
    int64_t last = strtoll(end + 1, &end, 10);
    if (*end || last < *from) return false;
    if (last < *to) *to = last;
    return true;
}

static void give(struct api_job *job, const char *hash, const char *type, struct buf *lines)
{
    struct http_request *r = job->request;
    int64_t size = val_get_int(&job->shown, "size", 0), from = 0, to = 0;
    const char *have = http_header(r, "if-none-match");
    struct http_response res = {.status = 200, .type = type, .no_body = strcmp(r->method, "HEAD") == 0};
    int fd = file_bytes_open(job->api->o.host->data_dir, hash);
    bool is_part = take_range(r, hash, size, &from, &to);
    if (!is_part) {
        from = 0;
        to = size - 1;
    }
    if (have && strstr(have, hash)) {
        res.status = 304;
    } else if (is_part) {
        res.status = 206;
        buf_printf(lines, "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)from, (long long)to, (long long)size);
    }
    res.len = res.status == 304 ? 0 : (size_t)(to - from + 1);
    res.headers = lines->data;
    if (fd < 0)
        lost(job);
    else if (res.status == 304 || res.no_body)
        http_reply(r, &res);
    else {
        http_send_file(r, fd, from, &res);
        return;
    }
    if (fd >= 0) close(fd);
}

void file_download_reply(struct api_job *job)
{
    const char *hash = val_cstr(&job->arena, val_get(&job->shown, "hash"));
    const char *type = val_cstr(&job->arena, val_get(&job->shown, "type"));
    const char *name = val_cstr(&job->arena, val_get(&job->shown, "name"));
    struct buf lines;
    buf_init(&lines, 8 << 10);
    if (!hash || !type || !name) {
        lost(job);
    } else {
        buf_printf(&lines,
                   "Cache-Control: private, no-cache\r\nAccept-Ranges: bytes\r\nETag: "
                   "\"%s\"\r\nContent-Security-Policy: sandbox;"
                   " default-src 'none'\r\nCross-Origin-Resource-Policy: same-origin\r\n",
                   hash);
        disposition_write(&lines, name);
        give(job, hash, type, &lines);
    }
    buf_close(&lines);
    api_job_free(job);
}

void file_download_handle(struct http_api *api, struct http_request *r)
{
    const char *id = strrchr(r->path, '/') + 1;
    struct api_job *job = api_job_new(api, r);
    char *end;
    long long n = strtoll(id, &end, 10);
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, "file.show", &job->err);
    if (rc == 0 && (*end || n <= 0)) rc = err_set(&job->err, ERR_NOT_FOUND, "not_found.file", "id", id, NULL);
    job->args = val_list();
    if (rc == 0 && val_add(&job->arena, &job->args, val_int(n))) rc = err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (rc) {
        http_problem(r, &job->err, job->login.lang);
        api_job_free(job);
        return;
    }
    job->call = "file.show";
    job->reply = file_download_reply;
    api_job_start(job, false);
}
