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

#define SESSION_RESULT "name:text admin:boolean session:integer csrf:text"

const struct auth_route auth_routes[] = {
    {"POST",
     "/auth/login",
     HTTP_ANYONE,
     false,
     auth_login,
     {"Opens a session: a cookie, and the word for X-CSRF-Token.", .body = "name:text! password:text! totp:text",
      .result = SESSION_RESULT}},
    {"POST", "/auth/logout", HTTP_SESSION, false, auth_logout, {"Ends the session."}},
    {"GET", "/auth/me", HTTP_SESSION, false, auth_me, {"Who it is.", .result = SESSION_RESULT " totp:boolean"}},
    {"GET",
     "/auth/sessions",
     HTTP_LOGIN,
     false,
     auth_sessions,
     {"One's sessions.", .result = "list", .list = &auth_session_rows}},
    {"DELETE", "/auth/sessions", HTTP_SESSION, false, auth_sessions_end_others, {"Ends one's other sessions."}},
    {"DELETE", "/auth/sessions/:id", HTTP_LOGIN, false, auth_sessions_end, {"Ends a session of one's own."}},
    {"POST",
     "/auth/password",
     HTTP_SESSION,
     false,
     auth_change_password,
     {"Changes the password; other sessions end.", .body = "present:text! password:text!"}},
    {"POST",
     "/auth/totp",
     HTTP_SESSION,
     false,
     auth_totp_start,
     {"A secret for a second factor, which is not in force yet.", .body = "present:text!",
      .result = "secret:text uri:text"}},
    {"POST",
     "/auth/totp/confirm",
     HTTP_SESSION,
     false,
     auth_totp_finish,
     {"Puts the second factor in force; recovery codes, this once.", .body = "code:text!",
      .result = "recovery:list:text"}},
    {"POST",
     "/auth/totp/remove",
     HTTP_SESSION,
     false,
     auth_totp_off,
     {"Takes the second factor off.", .body = "present:text! code:text"}},
    {"POST",
     "/auth/reset",
     HTTP_ANYONE,
     false,
     auth_reset_send,
     {"Sends a link for a new password, if there is such an account with an address.", .body = "name:text!",
      .result = "sent:text", .status = 202}},
    {"GET",
     "/auth/reset/:token",
     HTTP_ANYONE,
     true,
     auth_reset_page,
     {"The form for a new password; changes nothing.", .type = "text/html"}},
    {"POST",
     "/auth/reset/:token",
     HTTP_ANYONE,
     false,
     auth_reset_act,
     {"Sets a new password by a link, which is used up by that.", .body = "password:text!", .result = "name:text"}},
    {"GET",
     "/auth/setup/:token",
     HTTP_ANYONE,
     true,
     auth_setup_page,
     {"The form that makes an administrator; changes nothing.", .type = "text/html"}},
    {"POST",
     "/auth/setup/:token",
     HTTP_ANYONE,
     false,
     auth_setup_act,
     {"Makes an administrator by a link, which is used up by that.", .body = "name:text! password:text!",
      .result = "name:text"}},
    {"GET",
     "/auth/oidc/start",
     HTTP_ANYONE,
     true,
     auth_oidc_start,
     {"Off to the provider of identities.", .query = "return_to:text", .status = 302}},
    {"GET",
     "/auth/oidc/callback",
     HTTP_ANYONE,
     true,
     auth_oidc_callback,
     {"Back from the provider: opens a session.", .query = "code:text state:text error:text", .status = 303}},
    {"GET",
     "/login",
     HTTP_ANYONE,
     true,
     auth_login_page,
     {"The page for logging in.", .query = "next:text", .type = "text/html", .elsewhere = true}},
    {"POST",
     "/login",
     HTTP_ANYONE,
     true,
     auth_login_act,
     {"Logs in by the form, and goes on.", .form = "map", .status = 303}},
    {"GET",
     "/login/code",
     HTTP_ANYONE,
     true,
     auth_code_page,
     {"The page for the code of a second factor.", .type = "text/html", .elsewhere = true}},
    {"POST",
     "/login/code",
     HTTP_ANYONE,
     true,
     auth_code_act,
     {"The second factor by the form.", .form = "map", .status = 303}},
    {"GET",
     "/login/forgot",
     HTTP_ANYONE,
     true,
     auth_forgot_page,
     {"The page for whoever has forgotten the password.", .type = "text/html"}},
    {"POST",
     "/login/forgot",
     HTTP_ANYONE,
     true,
     auth_forgot_act,
     {"Sends a link for a new password.", .form = "map", .type = "text/html", .status = 202}},
    {"POST",
     "/logout",
     HTTP_SESSION,
     true,
     auth_logout,
     {"Ends the session by the form.", .form = "map", .status = 303}},
    {"GET",
     "/account",
     HTTP_SESSION,
     true,
     auth_account_page,
     {"One's account: password, sessions.", .type = "text/html"}},
    {"POST",
     "/account/password",
     HTTP_SESSION,
     true,
     auth_change_password,
     {"Changes the password by the form.", .form = "map", .status = 303}},
    {"GET",
     "/account/totp",
     HTTP_SESSION,
     true,
     auth_totp_page,
     {"The page of one's second factor.", .type = "text/html"}},
    {"POST",
     "/account/totp",
     HTTP_SESSION,
     true,
     auth_totp_start,
     {"A key for a second factor by the form, as a QR code and a text; it is not in force yet.", .form = "map",
      .type = "text/html"}},
    {"POST",
     "/account/totp/confirm",
     HTTP_SESSION,
     true,
     auth_totp_finish,
     {"Puts the second factor in force by the form; shows recovery codes, this once.", .form = "map",
      .type = "text/html"}},
    {"POST",
     "/account/totp/remove",
     HTTP_SESSION,
     true,
     auth_totp_off,
     {"Takes the second factor off by the form.", .form = "map", .status = 303}},
    {"POST",
     "/account/sessions",
     HTTP_SESSION,
     true,
     auth_sessions_end_others,
     {"Ends one's other sessions by the form.", .form = "map", .status = 303}},
    {"POST",
     "/account/sessions/:id",
     HTTP_SESSION,
     true,
     auth_sessions_end,
     {"Ends a session by the form.", .form = "map", .status = 303}},
    {"GET",
     "/language/:lang",
     HTTP_ANYONE,
     true,
     auth_language,
     {"Pages in this language from now on.", .query = "next:text", .status = 303}},
    {0}};

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

/* Where to go from the login: from the form, else from the address. */
static void take_next(struct auth_job *job, bool is_form)
{
    const struct http_request *r = job->request;
    const char *next = is_form ? http_query_get(r->body, r->body_len, "next", &job->arena)
                               : http_query_get(r->query, strlen(r->query), "next", &job->arena);
    if (page_is_path_here(next)) job->return_to = next;
}

static int take_body(struct auth_job *job)
{
    static const char *const names[] = {"name", "password", "present", "code"};
    const char **const to[] = {&job->name, &job->password, &job->present, &job->code};
    const struct http_request *r = job->request;
    const char *type = http_header(r, "content-type");
    bool is_form = type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0;
    struct val body = val_map();
    take_next(job, is_form && r->body_len > 0);
    if (r->body_len == 0) return 0;
    if (!is_form && type && strncmp(type, "application/json", 16) != 0)
        return err_set(&job->err, ERR_INVALID, "http.content_type", "type", type, NULL);
    int rc = is_form ? 0 : json_parse(r->body, r->body_len, &job->arena, &body, &job->err);
    if (rc) return rc;
    for (size_t i = 0; i < 4; i++)
        *to[i] = is_form ? http_query_get(r->body, r->body_len, names[i], &job->arena)
                         : val_cstr(&job->arena, val_get(&body, names[i]));
    if (!job->code && !is_form) job->code = val_cstr(&job->arena, val_get(&body, "totp"));
    if (is_form) job->is_page = true;
    return 0;
}

static int identify(struct auth_job *job, enum http_needs needs)
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
    auth_page_lang(api, r, job->login.lang);
    if (needs == HTTP_ANYONE) return safe ? 0 : auth_same_origin(api, r, &job->err);
    int rc = auth_who(api, r, &job->login, &job->err);
    auth_page_lang(api, r, job->login.lang);
    if (rc) return rc;
    bool fits = needs == HTTP_SESSION ? job->login.session != 0 : job->login.actor.user != PEOPLE_ANONYMOUS;
    return fits
               ? 0
               : err_set(&job->err, ERR_DENIED, needs == HTTP_SESSION ? "auth.no_session_here" : "http.no_token", NULL);
}

/* Who fails to show who it is asks as its address. */
static int admit(struct auth_job *job, enum http_needs needs)
{
    struct err limit;
    int rc = identify(job, needs);
    int64_t user = rc ? PEOPLE_ANONYMOUS : job->login.actor.user;
    if (http_take_rate(job->api, job->request, user, &limit) == 0) return rc;
    job->err = limit;
    return limit.code;
}

static void run_route(struct http_api *api, struct http_request *r, const struct auth_route *route)
{
    struct auth_job *job = auth_job_new(api, r);
    job->segment = strchr(route->pattern, ':') ? strrchr(r->path, '/') + 1 : "";
    job->is_page = route->is_page;
    int rc = store_begin(api->db, &job->err);
    if (rc == 0) rc = admit(job, route->needs);
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
    for (const struct auth_route *route = auth_routes; route->method; route++) {
        if (!http_path_fits(route->pattern, r->path)) continue;
        if (strcmp(route->method, method) == 0) {
            run_route(api, r, route);
            return true;
        }
        size_t at = strlen(allow);
        snprintf(allow + at, sizeof(allow) - at, "%s%s", at ? ", " : "", route->method);
    }
    if (!allow[0] && strncmp(r->path, "/auth/", 6) != 0) return false;
    struct err err;
    if (allow[0])
        err_set(&err, ERR_INVALID, "http.method", "method", r->method, "allow", allow, NULL);
    else
        err_set(&err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    http_problem(r, &err, locale_pick(http_header(r, "accept-language")));
    return true;
}
