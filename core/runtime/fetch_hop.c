/* One request to one URL. Redirects are followed here, not by libcurl, because each hop must pass the same checks:
 * scheme, host list, address. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "runtime/address.h"
#include "runtime/fetch_internal.h"

enum { CONNECT_MS = 10000 };

static void hop_ended(struct transfer *transfer, CURLcode code);

/* --- which hosts --- */

static bool fits(const char *pattern, size_t n, const char *host)
{
    size_t len = strlen(host);
    if (n == 1 && pattern[0] == '*') return true;
    if (n > 2 && pattern[0] == '*' && pattern[1] == '.')
        return len > n - 1 && strncasecmp(host + len - (n - 1), pattern + 1, n - 1) == 0;
    return len == n && strncasecmp(host, pattern, n) == 0;
}

static bool is_listed(const struct fetch *t)
{
    for (size_t i = 0; i < t->request.nhosts; i++)
        if (fits(t->request.hosts[i], strlen(t->request.hosts[i]), t->host)) return true;
    return false;
}

/* Private addresses are granted host by host: no patterns. */
static bool is_granted(const char *list, const char *host)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, " \t,");
        if (n == strlen(host) && strncasecmp(p, host, n) == 0) return true;
        p += n + strspn(p + n, " \t,");
    }
    return false;
}

/* --- what libcurl calls --- */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct fetch *t = ctx;
    (void)purpose;
    if (!t->is_private_ok && !address_is_public(&a->addr)) {
        t->met_private = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct fetch *t = ctx;
    buf_add(&t->body, p, size * n);
    if (buf_ok(&t->body)) return size * n;
    t->is_too_large = true;
    return 0;
}

/* "Name: value\r\n", a status line, or the empty line at the end. */
static size_t take_line(char *p, size_t size, size_t n, void *ctx)
{
    struct fetch *t = ctx;
    size_t len = size * n, end = len;
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) buf_clear(&t->head); /* after a 100 */
    char *colon = memchr(p, ':', len);
    if (!colon || memchr(p, '\0', len)) return len;
    while (end > 0 && isspace((unsigned char)p[end - 1]))
        end--;
    size_t name = (size_t)(colon - p), at = name + 1;
    for (size_t i = 0; i < name; i++)
        buf_add_char(&t->head, (char)tolower((unsigned char)p[i]));
    buf_add(&t->head, "", 1);
    while (at < end && isspace((unsigned char)p[at]))
        at++;
    if (at < end) buf_add(&t->head, p + at, end - at);
    buf_add(&t->head, "", 1);
    if (buf_ok(&t->head)) return len;
    t->is_too_large = true;
    return 0;
}

/* --- one hop --- */

static int bad_url(const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID, "fetch.url", "detail", why, NULL);
}

static bool has_part(struct fetch *t, CURLUPart part)
{
    const struct fetch_curl *c = &t->fetcher->curl;
    char *text = NULL;
    bool has = c->url_get(t->url, part, &text, 0) == CURLUE_OK;
    if (text) c->free_text(text);
    return has;
}

/* Scheme, host and port are what a secret was meant for: another one does not get it. */
static void keep_origin(struct fetch *t, const char *scheme, const char *host, const char *port)
{
    char origin[sizeof(t->origin)];
    snprintf(origin, sizeof(origin), "%s://%s:%s", scheme, host, port);
    if (t->origin[0] && strcasecmp(origin, t->origin) != 0) t->drop_secrets = true;
    memcpy(t->origin, origin, sizeof(origin));
}

/* libcurl's own parser decides what the host is, so that nothing is read in two ways. */
int fetch_hop_check(struct fetch *t, const char *url, struct err *err)
{
    const struct fetch_curl *c = &t->fetcher->curl;
    char *scheme = NULL, *host = NULL, *port = NULL;
    int rc = 0;
    t->url = c->url();
    if (!t->url) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (c->url_set(t->url, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        c->url_get(t->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        c->url_get(t->url, CURLUPART_HOST, &host, 0) != CURLUE_OK || strlen(host) >= sizeof(t->host)) {
        rc = bad_url("syntax", err);
        goto out;
    }
    if (c->url_get(t->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK) port = NULL;
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        rc = err_set(err, ERR_DENIED, "fetch.scheme", "scheme", scheme, NULL);
        goto out;
    }
    keep_origin(t, scheme, host, port ? port : "");
    if (has_part(t, CURLUPART_USER) || has_part(t, CURLUPART_PASSWORD)) {
        rc = bad_url("user@", err);
        goto out;
    }
    size_t n = strlen(host);
    if (n > 1 && host[n - 1] == '.') n--; /* "example.org." is the same host */
    memcpy(t->host, host, n);
    t->host[n] = '\0';
    if (!is_listed(t)) rc = err_set(err, ERR_DENIED, "fetch.host", "host", t->host, NULL);
    t->is_private_ok = is_granted(t->fetcher->private_hosts, t->host);
out:
    if (scheme) c->free_text(scheme);
    if (host) c->free_text(host);
    if (port) c->free_text(port);
    return rc;
}

static bool is_secret(const char *name)
{
    return strcasecmp(name, "authorization") == 0 || strcasecmp(name, "cookie") == 0;
}

static bool is_about_body(const char *name)
{
    return strncasecmp(name, "content-", 8) == 0;
}

static int add_line(struct fetch *t, const char *line)
{
    struct curl_slist *more = t->fetcher->curl.slist_append(t->lines, line);
    if (!more) return ERR_NOMEM;
    t->lines = more;
    return 0;
}

static int set_headers(struct fetch *t)
{
    int rc = add_line(t, "Expect:"); /* no pause before bodies */
    for (size_t i = 0; rc == 0 && i < t->request.nheaders; i++) {
        const struct fetch_header *h = &t->request.headers[i];
        if ((t->drop_secrets && is_secret(h->name)) || (t->drop_body && is_about_body(h->name))) continue;
        char *line = arena_printf(&t->arena, h->value[0] ? "%s: %s" : "%s;", h->name, h->value);
        rc = line ? add_line(t, line) : ERR_NOMEM;
    }
    if (rc == 0) t->fetcher->curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines);
    return rc;
}

static void set_method(struct fetch *t)
{
    __typeof__(&curl_easy_setopt) set = t->fetcher->curl.easy_setopt;
    const char *method = t->request.method;
    bool is_head = method && strcmp(method, "HEAD") == 0;
    if (t->request.body && !t->drop_body) {
        set(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.body_len);
        set(t->easy, CURLOPT_POSTFIELDS, t->request.body);
    }
    if (is_head)
        set(t->easy, CURLOPT_NOBODY, 1L);
    else if (method && !t->drop_body)
        set(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

/* Certificates are checked, against those of the system unless the administrator names others. */
static void set_authorities(struct fetch *t)
{
    const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
    if (file) t->fetcher->curl.easy_setopt(t->easy, CURLOPT_CAINFO, file);
    if (dir) t->fetcher->curl.easy_setopt(t->easy, CURLOPT_CAPATH, dir);
}

static void set_options(struct fetch *t, long left_ms)
{
    __typeof__(&curl_easy_setopt) set = t->fetcher->curl.easy_setopt;
    set(t->easy, CURLOPT_CURLU, t->url);
    t->transfer.ended = hop_ended;
    set(t->easy, CURLOPT_PRIVATE, &t->transfer);
    set(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(t->easy, CURLOPT_NOSIGNAL, 1L);
    set(t->easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    set(t->easy, CURLOPT_TIMEOUT_MS, left_ms);
    set(t->easy, CURLOPT_CONNECTTIMEOUT_MS, left_ms < CONNECT_MS ? left_ms : (long)CONNECT_MS);
    set(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(t->easy, CURLOPT_OPENSOCKETDATA, t);
    set(t->easy, CURLOPT_WRITEFUNCTION, take_body);
    set(t->easy, CURLOPT_WRITEDATA, t);
    set(t->easy, CURLOPT_HEADERFUNCTION, take_line);
    set(t->easy, CURLOPT_HEADERDATA, t);
    set_authorities(t);
}

int fetch_hop_start(struct fetch *t, const char *url, struct err *err)
{
    struct fetcher *f = t->fetcher;
    int64_t left = t->deadline_ms - (int64_t)uv_now(f->uv);
    int rc = fetch_hop_check(t, url, err);
    if (rc) return rc;
    if (left <= 0) return err_set(err, ERR_TIMEOUT, "fetch.timeout", "host", t->host, NULL);
    t->met_private = false;
    buf_clear(&t->head);
    buf_clear(&t->body);
    t->easy = f->curl.easy_init();
    if (!t->easy) return err_set(err, ERR_NOMEM, "memory", NULL);
    set_options(t, (long)left);
    set_method(t);
    if (set_headers(t) != 0 || f->curl.multi_add_handle(f->multi, t->easy) != CURLM_OK)
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

void fetch_hop_close(struct fetch *t)
{
    const struct fetch_curl *c = &t->fetcher->curl;
    if (t->easy) {
        c->multi_remove_handle(t->fetcher->multi, t->easy);
        c->easy_cleanup(t->easy);
    }
    if (t->lines) c->slist_free_all(t->lines);
    if (t->url) c->url_cleanup(t->url);
    t->easy = NULL;
    t->lines = NULL;
    t->url = NULL;
}

/* --- its end --- */

static int explain(struct fetch *t, CURLcode code)
{
    if (t->met_private) return err_set(&t->err, ERR_DENIED, "fetch.private", "host", t->host, NULL);
    if (t->is_too_large) return err_set(&t->err, ERR_LIMIT, "fetch.too_large", "host", t->host, NULL);
    if (code == CURLE_OPERATION_TIMEDOUT) return err_set(&t->err, ERR_TIMEOUT, "fetch.timeout", "host", t->host, NULL);
    return err_set(&t->err, ERR_PROTOCOL, "fetch.failed", "host", t->host, "detail",
                   t->fetcher->curl.easy_strerror(code), NULL);
}

static int follow(struct fetch *t, const char *to)
{
    int status = t->result.status;
    bool is_post = t->request.method ? strcmp(t->request.method, "POST") == 0 : t->request.body != NULL;
    bool is_head = t->request.method && strcmp(t->request.method, "HEAD") == 0;
    if (!is_head && (status == 303 || ((status == 301 || status == 302) && is_post))) t->drop_body = true;
    char *url = arena_strdup(&t->arena, to); /* `to` goes with the handle */
    fetch_hop_close(t);
    return url ? fetch_hop_start(t, url, &t->err) : err_set(&t->err, ERR_NOMEM, "memory", NULL);
}

/* The transfer is over: goes on with a redirect, or finishes. */
static void hop_ended(struct transfer *transfer, CURLcode code)
{
    struct fetch *t = (struct fetch *)((char *)transfer - offsetof(struct fetch, transfer));
    const struct fetch_curl *c = &t->fetcher->curl;
    long status = 0;
    char *to = NULL;
    if (code != CURLE_OK) {
        fetch_finish(t, explain(t, code));
        return;
    }
    c->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    c->easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
    t->result.status = (int)status;
    bool moved = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!moved || !to || t->request.redirects == 0) {
        fetch_finish(t, 0);
        return;
    }
    if (t->hops++ >= t->request.redirects) {
        fetch_finish(t, err_set(&t->err, ERR_PROTOCOL, "fetch.redirects", "host", t->host, NULL));
        return;
    }
    int rc = follow(t, to);
    if (rc) fetch_finish(t, rc);
}
