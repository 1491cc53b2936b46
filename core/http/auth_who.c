/* Who asks: a bearer token, or a session's cookie.
 *
 * A browser sends cookies along with whatever page makes it ask, so what changes something needs more with them: the
 * page must be ours (Origin, Sec-Fetch-Site), and it must know a word that only our pages can read, which is the HMAC
 * of the session. A bearer token is sent by nobody unasked. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "base/mem.h"
#include "http/auth_web.h"
#include "http/query.h"
#include "plugin/plugin.h"
#include "route/route.h"

static const struct auth *auth_of(const struct http_api *api)
{
    return api->o.host->auth;
}

static bool is_secure(const struct http_api *api)
{
    return strncmp(auth_of(api)->o.url, "https://", 8) == 0;
}

static void cookie_name(const struct http_api *api, const char *which, char out[32])
{
    bool main = strcmp(which, "session") == 0;
    snprintf(out, 32, "%skhung%s%s", is_secure(api) ? "__Host-" : "", main ? "" : "-", main ? "" : which);
}

const char *auth_cookie(struct http_api *api, const struct http_request *r, const char *which, size_t *len)
{
    char name[32];
    cookie_name(api, which, name);
    size_t want = strlen(name);
    for (const char *p = http_header(r, "cookie"); p && *p;) {
        p += strspn(p, " \t;");
        size_t n = strcspn(p, ";");
        if (n > want && strncmp(p, name, want) == 0 && p[want] == '=') {
            *len = n - want - 1;
            return p + want + 1;
        }
        p += n;
    }
    return NULL;
}

void auth_cookie_line(struct http_api *api, struct buf *b, const char *which, const char *value, int64_t max_age_s)
{
    char name[32];
    cookie_name(api, which, name);
    buf_printf(b, "Set-Cookie: %s=%s; Path=/; SameSite=Lax; Max-Age=%lld%s%s\r\n", name, value, (long long)max_age_s,
               strcmp(which, "csrf") == 0 ? "" : "; HttpOnly", is_secure(api) ? "; Secure" : "");
}

void auth_csrf(struct http_api *api, const char *session, char out[SECRET_TEXT])
{
    secret_sign(auth_of(api)->csrf_key, session, strlen(session), out);
}

void auth_csrf_plugin(struct http_api *api, const char *session, const char *plugin, char out[SECRET_TEXT])
{
    char text[SECRET_TEXT + 80];
    snprintf(text, sizeof(text), "%s" ROUTE_PREFIX "%s", session, plugin);
    secret_sign(auth_of(api)->csrf_key, text, strlen(text), out);
}

/* "https://host:port" of an address. */
static size_t origin_len(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
}

int auth_same_origin(struct http_api *api, const struct http_request *r, struct err *err)
{
    const char *site = http_header(r, "sec-fetch-site"), *origin = http_header(r, "origin"), *url = auth_of(api)->o.url;
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return err_set(err, ERR_DENIED, "auth.origin", "origin", origin ? origin : site, NULL);
    if (!origin) return 0;
    size_t n = origin_len(url);
    if (strlen(origin) == n && strncmp(origin, url, n) == 0) return 0;
    /* Where no address was told, it is the one that was asked. */
    const char *host = http_header(r, "host");
    bool same =
        !auth_of(api)->o.is_public && host && strncmp(origin, "http://", 7) == 0 && strcmp(origin + 7, host) == 0;
    return same ? 0 : err_set(err, ERR_DENIED, "auth.origin", "origin", origin, NULL);
}

void auth_page_lang(struct http_api *api, const struct http_request *r, char lang[8])
{
    size_t len;
    const char *cookie = auth_cookie(api, r, "lang", &len);
    if (cookie && len == 2 && (memcmp(cookie, "vi", 2) == 0 || memcmp(cookie, "en", 2) == 0))
        snprintf(lang, 8, "%.2s", cookie);
}

/* The word comes in a header from scripts, in a field from plain forms. */
static bool has_word(const struct http_request *r, const char *good)
{
    struct arena a;
    const char *given = http_header(r, "x-csrf-token"), *type = http_header(r, "content-type");
    if (!given) given = r->word;
    bool is_form = type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0;
    arena_init(&a, 4096);
    if (!given && is_form) given = http_query_get(r->body ? r->body : "", r->body_len, "_csrf", &a);
    bool is = given && secret_equal(given, good);
    arena_close(&a);
    return is;
}

static bool is_safe(const struct http_request *r)
{
    return strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 || strcmp(r->method, "OPTIONS") == 0;
}

static int check_csrf(struct http_api *api, const struct http_request *r, const char *cookie, size_t len,
                      struct err *err)
{
    char session[SECRET_TEXT], good[SECRET_TEXT];
    int rc = auth_same_origin(api, r, err);
    if (rc) return rc;
    snprintf(session, sizeof(session), "%.*s", (int)len, cookie);
    auth_csrf(api, session, good);
    if (has_word(r, good)) return 0;
    if (strncmp(r->path, ROUTE_PREFIX, sizeof(ROUTE_PREFIX) - 1) == 0) {
        char plugin[PLUGIN_NAME_MAX + 1];
        const char *name = r->path + sizeof(ROUTE_PREFIX) - 1;
        snprintf(plugin, sizeof(plugin), "%.*s", (int)strcspn(name, "/"), name);
        auth_csrf_plugin(api, session, plugin, good);
        if (has_word(r, good)) return 0;
    }
    return err_set(err, ERR_DENIED, "auth.csrf", NULL);
}

/* --- the use of a session, written now and then --- */

struct touch {
    struct lane_work work;
    struct host *host;
    int64_t id;
};

static int run_touch(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct touch *t = (struct touch *)w;
    struct session s = {
        .mode = SESSION_WRITE, .host = t->host, .db = lane_db(lane), .lane = lane, .now = lane_now(lane)};
    return auth_session_touch(&s, t->id, err);
}

static void done_touch(struct lane_work *w, const struct err *failed)
{
    (void)failed;
    mem_free(w);
}

static void touch(struct http_api *api, int64_t id, int64_t now)
{
    size_t at = (size_t)id % (sizeof(api->auth->touched) / sizeof(api->auth->touched[0]));
    if (api->auth->touched[at].session == id && now - api->auth->touched[at].at < auth_session_touch_ms(auth_of(api)))
        return;
    struct touch *t = mem_alloc(sizeof(*t));
    *t = (struct touch){.work = {.run = run_touch, .done = done_touch}, .host = api->o.host, .id = id};
    api->auth->touched[at].session = id;
    api->auth->touched[at].at = now;
    lane_post(api->o.host->lane, &t->work);
}

/* 1, 0 (no cookie, or not a good one: as if none was sent), or an error. */
static int by_cookie(struct http_api *api, struct http_request *r, struct people_login *found, struct err *err)
{
    size_t len;
    int64_t seen, now = clock_now(&api->o.host->clock);
    const char *cookie = auth_cookie(api, r, "session", &len);
    if (!cookie) return 0;
    int rc = auth_session_check(auth_of(api), api->db, cookie, len, now, found, &seen, err);
    if (rc <= 0) return rc;
    rc = is_safe(r) ? 0 : check_csrf(api, r, cookie, len, err);
    if (rc) return rc;
    if (now - seen >= auth_session_touch_ms(auth_of(api))) touch(api, found->session, now);
    return 1;
}

int auth_browser(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err)
{
    size_t len;
    int64_t seen, now = clock_now(&api->o.host->clock);
    const char *cookie = auth_cookie(api, r, "session", &len);
    int rc = store_begin(api->db, err);
    if (rc) return rc;
    rc = cookie ? auth_session_check(auth_of(api), api->db, cookie, len, now, login, &seen, err) : 0;
    store_rollback(api->db);
    if (rc < 0) return rc;
    return rc ? auth_same_origin(api, r, err) : err_set(err, ERR_DENIED, "http.no_token", NULL);
}

static int by_token(struct http_api *api, const char *header, struct people_login *found, struct err *err)
{
    if (strncmp(header, "Bearer ", 7) != 0) return err_set(err, ERR_DENIED, "http.no_token", NULL);
    const char *token = header + 7;
    int rc = people_token_check(api->db, token, strlen(token), clock_now(&api->o.host->clock), found, err);
    return rc == 0 ? err_set(err, ERR_DENIED, "http.no_token", NULL) : rc;
}

int auth_who(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err)
{
    const char *header = http_header(r, "authorization"), *accept = http_header(r, "accept-language");
    struct people_login found;
    char lang[8];
    snprintf(lang, sizeof(lang), "%s", locale_pick(accept));
    *login = (struct people_login){.actor = {.user = PEOPLE_ANONYMOUS}};
    memcpy(login->lang, lang, sizeof(lang));
    int rc = header ? by_token(api, header, &found, err) : by_cookie(api, r, &found, err);
    if (rc <= 0) return rc;
    *login = found;
    if (accept) memcpy(login->lang, lang, sizeof(lang));
    return 0;
}

/* --- where it comes from --- */

static bool is_proxy(const struct http_api *api, const char *peer)
{
    size_t want = strlen(peer);
    for (const char *p = api->o.proxies ? api->o.proxies : ""; *p;) {
        p += strspn(p, " ,");
        size_t n = strcspn(p, " ,");
        if (n && n == want && strncmp(p, peer, n) == 0) return true;
        p += n;
    }
    return false;
}

/* The last address of X-Forwarded-For is the one that our own proxy has seen. */
void auth_address(struct http_api *api, const struct http_request *r, char out[64])
{
    const char *through = http_header(r, "x-forwarded-for");
    struct in6_addr any;
    snprintf(out, 64, "%s", r->peer ? r->peer : "");
    if (!through || !is_proxy(api, out)) return;
    const char *last = strrchr(through, ',');
    char text[64];
    last = last ? last + 1 : through;
    last += strspn(last, " ");
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(last, " "), last);
    if (inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1) memcpy(out, text, sizeof(text));
}
