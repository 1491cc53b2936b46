/* A mail is one allocation with its arena, as a fetch is: the mail to the io thread, the transfer, the mail back.
 * libcurl makes the body (multipart, quoted-printable); header lines come encoded. */
#include "runtime/smtp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/fetch_internal.h"
#include "runtime/loop_uv.h"

enum { TIMEOUT_MS = 60000, CONNECT_MS = 15000, ARENA_BYTES = 2 << 20, REPLY_LEN = 200, ADDRESS_LEN = 254 };

struct smtp {
    struct mail mail;
    struct transfer transfer;
    struct smtp *next, *prev;
    struct fetcher *fetcher;
    struct arena arena;
    struct smtp_mail request; /* its texts are in the arena */
    CURL *easy;
    curl_mime *mime;
    struct curl_slist *headers, *to;
    char reply[REPLY_LEN]; /* the server's last refusal */
    bool failed;
    struct err err;
};

bool smtp_is_address(const char *s)
{
    const char *at = strchr(s, '@');
    size_t n = strlen(s);
    if (!at || at == s || !at[1] || strchr(at + 1, '@') || n > ADDRESS_LEN) return false;
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(p < at ? "!#$%&'*+-/=?^_`{|}~.@" : "-.@", *p)) return false;
    return s[0] != '.' && s[0] != '-' && at[1] != '.' && at[1] != '-' && s[n - 1] != '.' && !strstr(s, "..");
}

static char *keep(const char *s)
{
    return s && *s ? mem_strdup(s) : NULL;
}

int smtp_server_set(struct fetcher *f, const struct smtp_server *server)
{
    f->smtp = (struct smtp_server){.url = keep(server->url),
                                   .user = keep(server->user),
                                   .password = keep(server->password),
                                   .ca = keep(server->ca),
                                   .tls = server->tls};
    return 0;
}

void smtp_server_clear(struct fetcher *f)
{
    mem_free((char *)f->smtp.url);
    mem_free((char *)f->smtp.user);
    mem_free((char *)f->smtp.password);
    mem_free((char *)f->smtp.ca);
    f->smtp = (struct smtp_server){0};
}

static void free_smtp(struct smtp *t)
{
    arena_close(&t->arena);
    mem_free(t);
}

static void answer(struct mail *m)
{
    struct smtp *t = (struct smtp *)m;
    t->request.done(t->request.ctx, t->failed ? &t->err : NULL);
    free_smtp(t);
}

static void finish(struct smtp *t, int rc)
{
    struct fetcher *f = t->fetcher;
    if (t->easy) {
        f->curl.multi_remove_handle(f->multi, t->easy);
        f->curl.easy_cleanup(t->easy);
    }
    if (t->mime) f->curl.mime_free(t->mime);
    if (t->headers) f->curl.slist_free_all(t->headers);
    if (t->to) f->curl.slist_free_all(t->to);
    if (t->prev) t->prev->next = t->next;
    if (t->next) t->next->prev = t->prev;
    if (f->first_smtp == t) f->first_smtp = t->next;
    t->failed = rc != 0;
    t->mail.deliver = answer;
    struct loop *reply = t->request.reply ? t->request.reply : f->loop;
    if (!loop_post(reply, &t->mail)) free_smtp(t); /* the asker is gone */
}

/* The server's lines; the last refusal says why. */
static size_t take_line(char *p, size_t size, size_t n, void *ctx)
{
    struct smtp *t = ctx;
    size_t len = size * n, end = len < REPLY_LEN ? len : REPLY_LEN - 1;
    if (len == 0 || (*p != '4' && *p != '5')) return len;
    while (end > 0 && isspace((unsigned char)p[end - 1]))
        end--;
    memcpy(t->reply, p, end);
    t->reply[end] = '\0';
    for (char *c = t->reply; *c; c++)
        if ((unsigned char)*c < 32) *c = ' ';
    return len;
}

/* What is refused for good is not tried again. A login that fails is the administrator's mistake, not the mail's. */
static int explain(struct smtp *t, CURLcode code)
{
    long status = 0;
    t->fetcher->curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_LOGIN_DENIED) return err_set(&t->err, ERR_PROTOCOL, "smtp.login", "detail", t->reply, NULL);
    if (status >= 500 && status < 600) return err_set(&t->err, ERR_INVALID, "smtp.refused", "detail", t->reply, NULL);
    if (status >= 400) return err_set(&t->err, ERR_PROTOCOL, "smtp.later", "detail", t->reply, NULL);
    if (code == CURLE_OPERATION_TIMEDOUT) return err_set(&t->err, ERR_TIMEOUT, "smtp.timeout", NULL);
    return err_set(&t->err, ERR_PROTOCOL, "smtp.failed", "detail", t->fetcher->curl.easy_strerror(code), NULL);
}

static void ended(struct transfer *transfer, CURLcode code)
{
    struct smtp *t = (struct smtp *)((char *)transfer - offsetof(struct smtp, transfer));
    finish(t, code == CURLE_OK ? 0 : explain(t, code));
}

static int add_part(struct smtp *t, const char *type, const char *data, size_t len)
{
    const struct fetch_curl *c = &t->fetcher->curl;
    curl_mimepart *part = c->mime_addpart(t->mime);
    return !part || c->mime_data(part, data, len) != CURLE_OK || c->mime_type(part, type) != CURLE_OK ||
                   c->mime_encoder(part, "quoted-printable") != CURLE_OK
               ? ERR_NOMEM
               : 0;
}

static int add_line(struct smtp *t, struct curl_slist **list, const char *line)
{
    struct curl_slist *more = t->fetcher->curl.slist_append(*list, line);
    if (!more) return ERR_NOMEM;
    *list = more;
    return 0;
}

static void set_server(struct smtp *t)
{
    __typeof__(&curl_easy_setopt) set = t->fetcher->curl.easy_setopt;
    const struct smtp_server *s = &t->fetcher->smtp;
    static const long tls[] = {CURLUSESSL_ALL, CURLUSESSL_TRY, CURLUSESSL_NONE};
    set(t->easy, CURLOPT_URL, s->url);
    set(t->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(t->easy, CURLOPT_USE_SSL, tls[s->tls]);
    if (s->user) set(t->easy, CURLOPT_USERNAME, s->user);
    if (s->password) set(t->easy, CURLOPT_PASSWORD, s->password);
    if (s->ca) {
        struct curl_blob blob = {(void *)s->ca, strlen(s->ca), CURL_BLOB_COPY};
        set(t->easy, CURLOPT_CAINFO_BLOB, &blob);
    }
}

static int set_message(struct smtp *t)
{
    const struct fetch_curl *c = &t->fetcher->curl;
    int rc = add_line(t, &t->to, t->request.to);
    for (size_t i = 0; rc == 0 && i < t->request.nheaders; i++)
        rc = add_line(t, &t->headers, t->request.headers[i]);
    /* The plain one first: readers show the last that they understand. */
    if (rc == 0 && t->request.html) rc = add_line(t, &t->headers, "Content-Type: multipart/alternative");
    t->mime = c->mime_init(t->easy);
    if (rc || !t->mime) return ERR_NOMEM;
    rc = add_part(t, "text/plain; charset=utf-8", t->request.text, t->request.text_len);
    if (rc == 0 && t->request.html) rc = add_part(t, "text/html; charset=utf-8", t->request.html, t->request.html_len);
    c->easy_setopt(t->easy, CURLOPT_MAIL_FROM, t->request.from);
    c->easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->to);
    c->easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    c->easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime);
    return rc;
}

static int start(struct smtp *t)
{
    struct fetcher *f = t->fetcher;
    __typeof__(&curl_easy_setopt) set = f->curl.easy_setopt;
    t->easy = f->curl.easy_init();
    if (!t->easy) return err_set(&t->err, ERR_NOMEM, "memory", NULL);
    t->transfer.ended = ended;
    set(t->easy, CURLOPT_PRIVATE, &t->transfer);
    set(t->easy, CURLOPT_NOSIGNAL, 1L);
    set(t->easy, CURLOPT_PROXY, "");
    set(t->easy, CURLOPT_TIMEOUT_MS, (long)t->request.timeout_ms);
    set(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    set(t->easy, CURLOPT_HEADERFUNCTION, take_line);
    set(t->easy, CURLOPT_HEADERDATA, t);
    set_server(t);
    if (set_message(t) != 0 || f->curl.multi_add_handle(f->multi, t->easy) != CURLM_OK)
        return err_set(&t->err, ERR_NOMEM, "memory", NULL);
    return 0;
}

static void begin(struct mail *m)
{
    struct smtp *t = (struct smtp *)m;
    struct fetcher *f = t->fetcher;
    t->next = f->first_smtp;
    if (f->first_smtp) f->first_smtp->prev = t;
    f->first_smtp = t;
    int rc = f->is_stopping ? err_set(&t->err, ERR_STOPPED, "fetch.stopped", NULL) : fetcher_open_library(f, &t->err);
    if (rc == 0) rc = start(t);
    if (rc) finish(t, rc);
}

/* A line break that does not fold would be a header, or a command, of its own. */
static bool is_line(const char *s)
{
    for (const char *p = s; *p; p++) {
        if (*p != '\r' && *p != '\n') continue;
        if (p[0] != '\r' || p[1] != '\n' || p[2] != ' ') return false;
        p += 2;
    }
    return true;
}

static int check(const struct fetcher *f, const struct smtp_mail *m, struct err *err)
{
    if (!f->smtp.url) return err_set(err, ERR_REFUSED, "smtp.off", NULL);
    if (!smtp_is_address(m->from)) return err_set(err, ERR_INVALID, "smtp.address", "address", m->from, NULL);
    if (!smtp_is_address(m->to)) return err_set(err, ERR_INVALID, "smtp.address", "address", m->to, NULL);
    for (size_t i = 0; i < m->nheaders; i++)
        if (!is_line(m->headers[i])) return err_set(err, ERR_INVALID, "smtp.header", "line", m->headers[i], NULL);
    return 0;
}

static int copy_mail(struct smtp *t, const struct smtp_mail *m)
{
    const char **headers = arena_alloc(&t->arena, m->nheaders * sizeof(*headers) + 1);
    bool ok = headers != NULL;
    t->request = *m;
    for (size_t i = 0; ok && i < m->nheaders; i++)
        ok = (headers[i] = arena_strdup(&t->arena, m->headers[i])) != NULL;
    t->request.headers = headers;
    t->request.from = arena_strdup(&t->arena, m->from);
    t->request.to = arena_strdup(&t->arena, m->to);
    t->request.text = arena_strndup(&t->arena, m->text, m->text_len);
    if (m->html) t->request.html = arena_strndup(&t->arena, m->html, m->html_len);
    return ok && t->request.from && t->request.to && t->request.text && (!m->html || t->request.html) ? 0 : ERR_NOMEM;
}

int smtp_start(struct fetcher *f, const struct smtp_mail *m, struct err *err)
{
    int rc = check(f, m, err);
    if (rc) return rc;
    struct smtp *t = mem_alloc(sizeof(*t));
    t->fetcher = f;
    arena_init(&t->arena, ARENA_BYTES);
    t->mail.deliver = begin;
    if (copy_mail(t, m) != 0)
        rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    else if (t->request.timeout_ms <= 0)
        t->request.timeout_ms = TIMEOUT_MS;
    if (rc == 0 && !loop_post(f->loop, &t->mail)) rc = err_set(err, ERR_STOPPED, "fetch.stopped", NULL);
    if (rc) free_smtp(t);
    return rc;
}

void smtp_stop(struct fetcher *f)
{
    while (f->first_smtp)
        finish(f->first_smtp, err_set(&f->first_smtp->err, ERR_STOPPED, "fetch.stopped", NULL));
}
