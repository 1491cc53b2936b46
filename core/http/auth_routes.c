/* The routes below /auth/: who may ask, and what of the body is taken. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"
#include "base/mem.h"
#include "http/auth_web.h"
#include "http/oidc.h"
#include "http/problem.h"
#include "http/query.h"
#include "plugin/host.h"

enum { POOL_THREADS = 2, POOL_WAITING = 200 };

/* ANYONE: what changes something must come from a page of ours, or from no browser. LOGIN: a session or a token.
 * SESSION: a session, since tokens are not to change how their owner logs in. */
enum needs { ANYONE, LOGIN, SESSION };

static const struct route {
    const char *method, *pattern; /* ":" at the end: the rest of the path */
    enum needs needs;
    bool is_page; /* a browser's own requests: errors are pages, too */
    void (*handle)(struct auth_job *job);
} routes[] = {{"POST", "/auth/login", ANYONE, false, auth_login},
              {"POST", "/auth/logout", SESSION, false, auth_logout},
              {"GET", "/auth/me", SESSION, false, auth_me},
              {"GET", "/auth/sessions", LOGIN, false, auth_sessions},
              {"DELETE", "/auth/sessions", SESSION, false, auth_sessions_end_others},
              {"DELETE", "/auth/sessions/:", LOGIN, false, auth_sessions_end},
              {"POST", "/auth/password", SESSION, false, auth_change_password},
              {"POST", "/auth/totp", SESSION, false, auth_totp_start},
              {"POST", "/auth/totp/confirm", SESSION, false, auth_totp_finish},
              {"POST", "/auth/totp/remove", SESSION, false, auth_totp_off},
              {"POST", "/auth/reset", ANYONE, false, auth_reset_send},
              {"GET", "/auth/reset/:", ANYONE, true, auth_reset_page},
              {"POST", "/auth/reset/:", ANYONE, false, auth_reset_act},
              {"GET", "/auth/setup/:", ANYONE, true, auth_setup_page},
              {"POST", "/auth/setup/:", ANYONE, false, auth_setup_act},
              {"GET", "/auth/oidc/start", ANYONE, true, auth_oidc_start},
              {"GET", "/auth/oidc/callback", ANYONE, true, auth_oidc_callback}};
enum { NROUTES = sizeof(routes) / sizeof(routes[0]) };

struct auth_web *auth_web_new(const struct http_api_options *o)
{
    struct auth_web *w = mem_alloc(sizeof(*w));
    w->pool = pool_new(POOL_THREADS, POOL_WAITING);
    w->oidc = oidc_new(o->oidc, o->host);
    return w;
}

void auth_web_free(struct auth_web *w)
{
    if (!w) return;
    pool_free(w->pool);
    oidc_free(w->oidc);
    mem_free(w);
}

/* A pattern that ends in ":" takes one more segment. NULL: it does not fit. */
static const char *segment_of(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] != ':') return strcmp(pattern, path) == 0 ? path + n : NULL;
    if (strncmp(pattern, path, n - 1) != 0 || !path[n - 1] || strchr(path + n - 1, '/')) return NULL;
    return path + n - 1;
}

static int take_body(struct auth_job *job)
{
    static const char *const names[] = {"name", "password", "present", "code"};
    const char **const to[] = {&job->name, &job->password, &job->present, &job->code};
    const struct http_request *r = job->request;
    const char *type = http_header(r, "content-type");
    bool is_form = type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0;
    struct val body = val_map();
    if (r->body_len == 0) return 0;
    if (!is_form && type && strncmp(type, "application/json", 16) != 0)
        return err_set(&job->err, ERR_INVALID, "http.content_type", "type", type, NULL);
    int rc = is_form ? 0 : json_parse(r->body, r->body_len, &job->arena, &body, &job->err);
    if (rc) return rc;
    for (size_t i = 0; i < 4; i++)
        *to[i] = is_form ? http_query_get(r->body, r->body_len, names[i], &job->arena)
                         : val_cstr(&job->arena, val_get(&body, names[i]));
    if (!job->code && !is_form) job->code = val_cstr(&job->arena, val_get(&body, "totp"));
    job->is_page = is_form;
    return 0;
}

static int identify(struct auth_job *job, enum needs needs)
{
    struct http_api *api = job->api;
    struct http_request *r = job->request;
    bool safe = strcmp(r->method, "GET") == 0;
    size_t len;
    const char *cookie = auth_cookie(api, r, "session", &len);
    if (cookie) job->old = arena_strndup(&job->arena, cookie, len);
    job->login.actor.user = PEOPLE_ANONYMOUS;
    snprintf(job->login.lang, sizeof(job->login.lang), "%s",
             http_header(r, "accept-language") ? locale_pick(http_header(r, "accept-language")) : api->o.host->lang);
    if (needs == ANYONE) return safe ? 0 : auth_same_origin(api, r, &job->err);
    int rc = auth_who(api, r, &job->login, &job->err);
    if (rc) return rc;
    bool fits = needs == SESSION ? job->login.session != 0 : job->login.actor.user != PEOPLE_ANONYMOUS;
    return fits ? 0 : err_set(&job->err, ERR_DENIED, needs == SESSION ? "auth.no_session_here" : "http.no_token", NULL);
}

static void run_route(struct http_api *api, struct http_request *r, const struct route *route, const char *segment)
{
    struct auth_job *job = auth_job_new(api, r);
    job->segment = segment;
    job->is_page = route->is_page;
    int rc = store_begin(api->db, &job->err);
    if (rc == 0) rc = identify(job, route->needs);
    if (rc == 0) rc = take_body(job);
    if (rc)
        auth_job_refuse(job);
    else
        route->handle(job); /* may read; takes the job over */
    if (store_in_transaction(api->db)) store_rollback(api->db);
}

bool auth_handle(struct http_api *api, struct http_request *r)
{
    char allow[64] = "";
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    if (strncmp(r->path, "/auth/", 6) != 0) return false;
    if (strcmp(r->path, "/auth/style.css") == 0 && strcmp(method, "GET") == 0) {
        auth_page_style(r);
        return true;
    }
    for (size_t i = 0; i < NROUTES; i++) {
        const char *segment = segment_of(routes[i].pattern, r->path);
        if (!segment) continue;
        if (strcmp(routes[i].method, method) == 0) {
            run_route(api, r, &routes[i], segment);
            return true;
        }
        size_t at = strlen(allow);
        snprintf(allow + at, sizeof(allow) - at, "%s%s", at ? ", " : "", routes[i].method);
    }
    struct err err;
    if (allow[0])
        err_set(&err, ERR_INVALID, "http.method", "method", r->method, "allow", allow, NULL);
    else
        err_set(&err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    http_problem(r, &err, locale_pick(http_header(r, "accept-language")));
    return true;
}
