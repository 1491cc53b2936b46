/* Requests travel: copied by the asker, run on the io thread, answered on the asker's loop.
 *
 * A request is one allocation with its arena. It is first the mail to the io thread, and in the end the mail back; only
 * the count of running requests is shared. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "runtime/fetch_internal.h"
#include "runtime/loop_uv.h"

enum {
    TIMEOUT_MS = 30000,
    BODY_BYTES = 1 << 20,
    REQUESTS = 1000,
    ARENA_BYTES = 18 << 20,
    BODY_OUT_MAX = 16 << 20,
    METHOD_LEN = 16
};

int fetcher_new(const struct fetcher_options *o, struct fetcher **out, struct err *err)
{
    struct fetcher *f = mem_alloc(sizeof(*f));
    (void)err;
    if (o->smtp) smtp_server_set(f, o->smtp);
    f->loop = o->loop;
    f->uv = loop_uv(o->loop);
    f->private_hosts = mem_strdup(o->private_hosts ? o->private_hosts : "");
    f->max = o->requests ? o->requests : REQUESTS;
    *out = f;
    return 0;
}

void fetch_free(struct fetch *t)
{
    buf_close(&t->head);
    buf_close(&t->body);
    arena_close(&t->arena);
    mem_free(t);
}

/* On the asker's loop. The fetcher may be gone by now. */
static void answer(struct mail *m)
{
    struct fetch *t = (struct fetch *)m;
    t->request.done(t->request.ctx, &t->result);
    fetch_free(t);
}

static void remove_running(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    if (t->prev) t->prev->next = t->next;
    if (t->next) t->next->prev = t->prev;
    if (f->first == t) f->first = t->next;
    t->next = t->prev = NULL;
    atomic_fetch_sub(&f->running, 1);
}

/* Header lines were kept as name, NUL, value, NUL. */
static void list_headers(struct fetch *t)
{
    size_t n = 0;
    for (const char *p = t->head.data, *end = p + t->head.len; p && p < end && n < FETCH_HEADERS_MAX; n++) {
        t->headers[n].name = p;
        p += strlen(p) + 1;
        t->headers[n].value = p;
        p += strlen(p) + 1;
    }
    t->result.headers = t->headers;
    t->result.nheaders = n;
}

void fetch_finish(struct fetch *t, int rc)
{
    fetch_hop_close(t);
    remove_running(t);
    if (rc) {
        t->result = (struct fetch_result){.failed = &t->err, .body = ""};
    } else {
        list_headers(t);
        t->result.body = t->body.data ? t->body.data : "";
        t->result.body_len = t->body.len;
    }
    t->mail.deliver = answer;
    struct loop *reply = t->request.reply ? t->request.reply : t->fetcher->loop;
    if (!loop_post(reply, &t->mail)) fetch_free(t); /* the asker is gone */
}

int fetcher_open_library(struct fetcher *f, struct err *err)
{
    if (f->is_open) return 0;
    int rc = f->curl.free_text ? 0 : fetch_curl_open(&f->curl, err);
    if (rc == 0) rc = fetch_loop_open(f, err);
    f->is_open = rc == 0;
    return rc;
}

static void begin(struct mail *m)
{
    struct fetch *t = (struct fetch *)m;
    struct fetcher *f = t->fetcher;
    t->next = f->first;
    if (f->first) f->first->prev = t;
    f->first = t;
    t->deadline_ms = (int64_t)uv_now(f->uv) + t->request.timeout_ms;
    int rc = f->is_stopping ? err_set(&t->err, ERR_STOPPED, "fetch.stopped", NULL) : fetcher_open_library(f, &t->err);
    if (rc == 0) rc = fetch_hop_start(t, t->request.url, &t->err);
    if (rc) fetch_finish(t, rc);
}

static bool is_token(const char *s)
{
    size_t n = strlen(s);
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p)) return false;
    return n > 0;
}

/* Headers of the connection: where a request ends and for whom it is, is not the asker's to say. The next request on
 * the same connection may be another plugin's. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {"host",    "content-length", "transfer-encoding", "te",
                                        "trailer", "connection",     "keep-alive",        "upgrade",
                                        "expect",  "http2-settings"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return strncasecmp(name, "proxy-", 6) == 0;
}

static bool is_method(const char *s)
{
    return is_token(s) && strlen(s) <= METHOD_LEN && strcasecmp(s, "CONNECT") != 0 && strncasecmp(s, "TRAC", 4) != 0;
}

/* A line break in a header would be a request of its own. */
static int check(const struct fetch_request *r, struct err *err)
{
    if (!r->url || strlen(r->url) > FETCH_URL_MAX)
        return err_set(err, ERR_INVALID, "fetch.url", "detail", "length", NULL);
    if (r->method && !is_method(r->method)) return err_set(err, ERR_INVALID, "fetch.method", "method", r->method, NULL);
    if (r->nheaders > FETCH_HEADERS_MAX) return err_set(err, ERR_LIMIT, "fetch.header", "name", "", NULL);
    size_t bytes = 0;
    for (size_t i = 0; i < r->nheaders; i++) {
        const struct fetch_header *h = &r->headers[i];
        bytes += strlen(h->name) + strlen(h->value);
        if (!is_token(h->name) || strpbrk(h->value, "\r\n") || is_ours(h->name) || bytes > FETCH_HEAD_MAX)
            return err_set(err, ERR_INVALID, "fetch.header", "name", bytes > FETCH_HEAD_MAX ? "" : h->name, NULL);
    }
    return r->body_len > BODY_OUT_MAX ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static char *copy(struct fetch *t, const char *s, size_t n, bool *ok)
{
    char *out = arena_strndup(&t->arena, s, n);
    if (!out) *ok = false;
    return out;
}

/* False when the arena is used up. */
static bool copy_request(struct fetch *t, const struct fetch_request *r)
{
    bool ok = true;
    struct fetch_header *headers = arena_alloc(&t->arena, r->nheaders * sizeof(*headers) + 1);
    const char **hosts = arena_alloc(&t->arena, r->nhosts * sizeof(*hosts) + 1);
    if (!headers || !hosts) return false;
    t->request = *r;
    t->request.url = copy(t, r->url, strlen(r->url), &ok);
    if (r->method) t->request.method = copy(t, r->method, strlen(r->method), &ok);
    for (size_t i = 0; i < r->nheaders; i++)
        headers[i] = (struct fetch_header){copy(t, r->headers[i].name, strlen(r->headers[i].name), &ok),
                                           copy(t, r->headers[i].value, strlen(r->headers[i].value), &ok)};
    for (size_t i = 0; i < r->nhosts; i++)
        hosts[i] = copy(t, r->hosts[i], strlen(r->hosts[i]), &ok);
    t->request.headers = headers;
    t->request.hosts = hosts;
    if (r->body) {
        char *body = arena_alloc(&t->arena, r->body_len + 1);
        if (!body) return false;
        memcpy(body, r->body, r->body_len);
        t->request.body = body;
    }
    return ok;
}

int fetch_start(struct fetcher *f, const struct fetch_request *r, struct err *err)
{
    int rc = check(r, err);
    if (rc) return rc;
    if (atomic_fetch_add(&f->running, 1) >= f->max) {
        atomic_fetch_sub(&f->running, 1);
        return err_set(err, ERR_LIMIT, "fetch.busy", NULL);
    }
    struct fetch *t = mem_alloc(sizeof(*t));
    t->fetcher = f;
    arena_init(&t->arena, ARENA_BYTES);
    if (!copy_request(t, r)) {
        rc = err_set(err, ERR_NOMEM, "memory", NULL);
        goto failed;
    }
    if (t->request.timeout_ms <= 0) t->request.timeout_ms = TIMEOUT_MS;
    if (!t->request.max_bytes) t->request.max_bytes = BODY_BYTES;
    buf_init(&t->head, FETCH_HEAD_MAX);
    buf_init(&t->body, t->request.max_bytes);
    t->mail.deliver = begin;
    if (f->is_fake) {
        fetch_fake_add(t);
        return 0;
    }
    if (loop_post(f->loop, &t->mail)) return 0;
    rc = err_set(err, ERR_STOPPED, "fetch.stopped", NULL);
failed:
    atomic_fetch_sub(&f->running, 1);
    fetch_free(t);
    return rc;
}

void fetcher_free(struct fetcher *f)
{
    if (!f) return;
    if (f->is_fake) {
        fetch_fake_close(f);
        return;
    }
    f->is_stopping = true;
    while (f->first)
        fetch_finish(f->first, err_set(&f->first->err, ERR_STOPPED, "fetch.stopped", NULL));
    smtp_stop(f);
    fetch_loop_close(f);
    smtp_server_clear(f);
    mem_free(f->private_hosts);
    mem_free(f);
}
