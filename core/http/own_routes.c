/* Routes that are no call of the API, in one table: who handles each, and what the OpenAPI document tells of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"
#include "content/content.h"
#include "http/api_job.h"
#include "http/auth_web.h"
#include "http/conn.h"
#include "http/file_web.h"
#include "http/form_body.h"
#include "http/link_page.h"
#include "http/metrics.h"
#include "http/own_page.h"
#include "http/problem.h"
#include "http/routes.h"
#include "http/sse.h"
#include "http/static.h"
#include "http/task_page.h"
#include "http/text_page.h"
#include "plugin/host.h"
#include "report/report.h"
#include "route/command.h"
#include "route/route.h"

static void reply_json(struct http_request *r, int status, const struct buf *b, const char *headers)
{
    struct http_response res = {
        .status = status, .type = "application/json", .headers = headers, .body = b->data, .len = b->len};
    http_reply(r, &res);
}

/* What is for those who have logged in is asked for elsewhere: as a draft, and in lists. */
static bool is_public(struct http_api *api, const char *type)
{
    struct registry *registry = plugins_registry(api->o.host->plugins);
    bool yes = content_is_public(registry, type);
    registry_drop(registry);
    return yes;
}

/* One published item, by key, without a hop to another thread. */
static void handle_item(struct http_api *api, struct http_request *r)
{
    const char *rest = r->path + sizeof("/api/content/") - 1, *key = strchr(rest, '/') + 1;
    struct content_json head;
    struct err err;
    char *end, type[64], lines[400];
    err_clear(&err);
    snprintf(type, sizeof(type), "%.*s", (int)(key - 1 - rest), rest);
    int64_t id = strtoll(key, &end, 10);
    bool by_id = *key && !*end;
    buf_clear(&api->json);
    bool asks = is_public(api, type);
    int rc = asks ? store_begin(api->db, &err) : 0;
    if (asks && rc == 0) {
        rc = content_json_get(api->db, type, by_id ? id : 0, by_id ? NULL : key, &head, &api->json, &err);
        store_rollback(api->db);
    }
    if (rc <= 0) {
        if (rc == 0) err_set(&err, ERR_NOT_FOUND, "not_found.item", "type", type, "id", key, NULL);
        http_problem(r, &err, locale_pick(http_header(r, "accept-language")));
        return;
    }
    struct http_response res = {.headers = lines};
    if (rc == 2) {
        snprintf(lines, sizeof(lines), "Location: /api/content/%s/%s\r\n", type, head.slug);
        res.status = 301;
        http_reply(r, &res);
        return;
    }
    const char *have = http_header(r, "if-none-match");
    snprintf(lines, sizeof(lines), "ETag: \"%s\"\r\nCache-Control: no-cache\r\n", head.etag);
    if (have && strstr(have, head.etag)) {
        res.status = 304;
        http_reply(r, &res);
        return;
    }
    reply_json(r, 200, &api->json, lines);
}

static void handle_events(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0 && job->login.actor.user == PEOPLE_ANONYMOUS)
        rc = err_set(&job->err, ERR_DENIED, "http.no_token", NULL);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, "events.read", &job->err);
    if (rc == 0) rc = sse_open(api->sse, r, &job->login, &job->err);
    if (rc)
        api_refuse(job);
    else
        api_job_free(job);
}

static void handle_report(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0 && job->login.actor.user == PEOPLE_ANONYMOUS)
        rc = err_set(&job->err, ERR_DENIED, "http.no_token", NULL);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, "report.run", &job->err);
    if (rc == 0) rc = api_report_args(r, &job->arena, &job->args, &job->err);
    if (rc) {
        api_refuse(job);
        return;
    }
    job->call = "report.run";
    job->work = api_report_run;
    job->status = 200;
    api_job_start(job, false);
}

/* What the command asks for: the call, its arguments, in which language, as whom. */
static int read_rpc(struct http_api *api, struct http_request *r, struct api_job *job)
{
    struct err *err = &job->err;
    struct val body;
    int rc = json_parse(r->body, r->body_len, &job->arena, &body, err);
    if (rc) return rc;
    const char *as = val_cstr(&job->arena, val_get(&body, "as"));
    const char *lang = val_cstr(&job->arena, val_get(&body, "lang"));
    const struct val *args = val_get(&body, "args");
    if (lang) snprintf(job->login.lang, sizeof(job->login.lang), "%s", locale_pick(lang));
    job->call = val_cstr(&job->arena, val_get(&body, "call"));
    job->args = args ? *args : val_list();
    job->if_match = val_cstr(&job->arena, val_get(&body, "seen"));
    if (!job->call) return err_set(err, ERR_INVALID, "http.parameter", "name", "call", NULL);
    if (!as) return 0;
    rc = store_begin(api->db, err);
    if (rc) return rc;
    rc = people_account_actor(api->db, as, &job->login.actor, err);
    store_rollback(api->db);
    return rc;
}

static int run_command(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct val out;
    int rc =
        command_run(s, &reader->states, val_cstr(&job->arena, val_at(&job->args, 0)), val_at(&job->args, 1), &out, err);
    if (rc == 0) json_write(&job->out, &out);
    return rc;
}

/* A command of a plugin that only reads is a reader's. */
static void take_command(struct api_job *job)
{
    if (strcmp(job->call, "command.run") != 0) return;
    struct registry *r = plugins_registry(job->api->o.host->plugins);
    const struct command_def *def = command_find(r, val_cstr(&job->arena, val_at(&job->args, 0)));
    if (def && !def->writes) job->work = run_command;
    if (def) job->plugin = arena_strdup(&job->arena, def->plugin);
    registry_drop(r);
}

/* A command of this machine: any function, as the operator or as a user. */
static void handle_rpc(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    memcpy(job->login.lang, "en", 3);
    if (read_rpc(api, r, job) != 0) {
        api_refuse(job);
        return;
    }
    job->status = 200;
    bool is_report = strcmp(job->call, "report.run") == 0 || strcmp(job->call, "report.list") == 0;
    if (is_report) job->work = api_report_run;
    job->wrap = strcmp(job->call, "report.run") == 0;
    take_command(job);
    const struct api_fn *fn = api_find(api->o.host->api, job->call, NULL);
    api_job_start(job, !job->work && (!fn || fn->effect != API_READ));
}

static void handle_health(struct http_api *api, struct http_request *r)
{
    struct buf b;
    (void)api;
    buf_init(&b, 256);
    buf_add_str(&b, "{\"status\":\"ok\"}\n");
    reply_json(r, 200, &b, "Cache-Control: no-store\r\n");
    buf_close(&b);
}

/* The operator, or an admin by a token. */
static int may_see_metrics(struct http_api *api, const struct api_job *job, struct err *err)
{
    static const char verb[] = "system.metrics";
    const struct people_login *login = &job->login;
    if (job->request->local) return 0;
    if (login->actor.user == PEOPLE_ANONYMOUS) return err_set(err, ERR_DENIED, "http.no_token", NULL);
    int rc = people_token_allows(login, verb, err);
    return rc ? rc : people_policy(api->db, &login->actor, verb, PEOPLE_ANY_UNIT, 0, err);
}

static void handle_metrics(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0) rc = may_see_metrics(api, job, &job->err);
    if (rc) {
        api_refuse(job);
        return;
    }
    http_metrics_write(api, r->conn->server, &job->out);
    struct http_response res = {.status = 200,
                                .type = "text/plain; version=0.0.4; charset=utf-8",
                                .headers = "Cache-Control: no-store\r\n",
                                .body = job->out.data,
                                .len = job->out.len};
    http_reply(r, &res);
    api_job_free(job);
}

static void handle_style(struct http_api *api, struct http_request *r)
{
    (void)api;
    page_style(r);
}

/* Whoever comes without a path: to a static site, where there is one, else to the inbox. */
static void handle_top(struct http_api *api, struct http_request *r)
{
    if (api->o.static_dir)
        http_static(r, api->o.static_dir);
    else
        page_redirect(r, "/tasks", NULL);
}

const struct http_own_route http_own_routes[] = {
    {"GET",
     "/api/content/:type/:id",
     HTTP_ANYONE,
     handle_item,
     {"One published item, by its id or its address.", .result = "Item", .etag = true}},
    {"GET",
     "/api/events",
     HTTP_LOGIN,
     handle_events,
     {"What happens, as it happens, of what the caller may see (server-sent events): each has the data of schema "
      "Event. "
      "422 for a number that was never given, as after a backup: begin anew without it.",
      .header = "Last-Event-ID:text", .type = "text/event-stream"}},
    {"GET",
     "/api/reports",
     HTTP_LOGIN,
     handle_report,
     {"Reports that there are.", .result = "name:text title:text plugin:text params:list columns:list []",
      .list = &report_types}},
    {"GET",
     "/api/reports/:name",
     HTTP_LOGIN,
     handle_report,
     {"Runs a report; its parameters are in the query, as the paths of each report say.",
      .query = "format:choice:json,csv,table", .result = OPENAPI_REPORT}},
    {"POST",
     "/api/files",
     HTTP_LOGIN,
     file_upload_handle,
     {"Hands in a file; its id goes into fields of type file.", .query = "name:text", .bytes = true, .result = "File",
      .status = 201, .once = true},
     file_upload_take},
    {"GET",
     "/api/files/:id",
     HTTP_ANYONE,
     file_download_handle,
     {"The bytes of a file that the caller may see, as an attachment; with Range a part of them (206).", .type = "*/*",
      .header = "range:text", .etag = true}},
    {"GET",
     "/api/audit/export",
     HTTP_LOGIN,
     audit_download_handle,
     {"The audit as one file that proves itself, streamed; for who may search it.",
      .query = "format:choice:jsonl,csv since:text until:text unit:text person:text", .type = "*/*"}},
    {"GET", "/health", HTTP_ANYONE, handle_health, {"Does the service answer?", .result = "status:text"}},
    {"GET",
     "/metrics",
     HTTP_LOGIN,
     handle_metrics,
     {"What is counted, in the text format of Prometheus; for administrators.", .type = "text/plain"}},
    {"POST", "/rpc", HTTP_LOCAL, handle_rpc, {"Any function, for the command line."}},
    {"GET",
     "/t/:token",
     HTTP_ANYONE,
     link_page_handle,
     {"The page behind a signed link: what is asked; changes nothing.", .type = "text/html"}},
    {"POST",
     "/t/:token",
     HTTP_ANYONE,
     link_page_handle,
     {"Decides by a signed link, which is used up by that; with files as multipart/form-data.", .form = "map",
      .type = "text/html", .files = true},
     form_body_take_link},
    {"GET",
     "/t/:token/files/:id",
     HTTP_ANYONE,
     link_file_handle,
     {"The bytes of a file that the page behind a signed link shows, as an attachment.", .type = "*/*",
      .header = "range:text", .etag = true}},
    {"GET",
     "/calendar/:file",
     HTTP_ANYONE,
     http_link_calendar,
     {"One's deadlines and publications as a calendar (TOKEN.ics).", .type = "text/calendar"}},
    {"GET",
     "/unsubscribe/:token",
     HTTP_ANYONE,
     http_link_unsubscribe,
     {"Asks whether notices by mail are to end; changes nothing.", .type = "text/html"}},
    {"POST",
     "/unsubscribe/:token",
     HTTP_ANYONE,
     http_link_unsubscribe,
     {"Ends notices by mail (RFC 8058).", .type = "text/html"}},
    {"GET", "/", HTTP_ANYONE, handle_top, {"To the inbox.", .status = 303}},
    {"GET", "/page.css", HTTP_ANYONE, handle_style, {"The style of pages.", .type = "text/css"}},
    {"GET",
     "/tasks",
     HTTP_SESSION,
     task_page_handle,
     {"The page of the inbox.", .query = "after:text undated:text", .type = "text/html"}},
    {"GET",
     "/tasks/decide",
     HTTP_SESSION,
     bulk_page_handle,
     {"The page on which several tasks are decided together.", .query = "task:integer", .type = "text/html"}},
    {"POST",
     "/tasks/decide",
     HTTP_SESSION,
     bulk_page_handle,
     {"Shows what will happen to each of several tasks, then decides them; with files as multipart/form-data.",
      .form = "map", .type = "text/html", .files = true},
     form_body_take},
    {"GET",
     "/notices",
     HTTP_SESSION,
     own_page_handle,
     {"The page of one's notices.", .query = "after:text", .type = "text/html"}},
    {"POST", "/notices", HTTP_SESSION, own_page_handle, {"Marks notices as read.", .form = "map", .status = 303}},
    {"GET",
     "/account/notices",
     HTTP_SESSION,
     own_page_handle,
     {"The page on which one says how one wants to be told.", .type = "text/html"}},
    {"POST",
     "/account/notices",
     HTTP_SESSION,
     own_page_handle,
     {"Changes that by the form, or ends one's links to calendars (303); or makes such a link, and shows it this once.",
      .form = "map", .type = "text/html"}},
    {"GET",
     "/account/tokens",
     HTTP_SESSION,
     own_page_handle,
     {"The page of one's tokens.", .query = "after:text", .type = "text/html"}},
    {"POST", "/account/tokens", HTTP_SESSION, own_page_handle, {"Ends a token.", .form = "map", .status = 303}},
    {"GET", "/tasks/:id", HTTP_SESSION, task_page_handle, {"The page of a task.", .type = "text/html"}},
    {"POST",
     "/tasks/:id",
     HTTP_SESSION,
     task_page_handle,
     {"What is done with a task, by its form; with files as multipart/form-data.", .form = "map", .status = 303,
      .files = true},
     form_body_take},
    {"GET",
     "/texts/:id",
     HTTP_SESSION,
     text_page_handle,
     {"The page of a text.", .query = "after:text from:integer to:integer", .type = "text/html"}},
    {"POST",
     "/texts/:id",
     HTTP_SESSION,
     text_page_handle,
     {"Moves a text on, by a button of its page: _act is the move, _revision what was looked at.", .form = "map",
      .status = 303}},
    {0}};

static bool is_here(const struct http_own_route *own, const struct http_request *r)
{
    return (own->needs != HTTP_LOCAL || r->local) && http_path_fits(own->pattern, r->path);
}

const struct http_own_route *http_own_route_find(const struct http_request *r)
{
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    for (const struct http_own_route *own = http_own_routes; own->method; own++)
        if (strcmp(own->method, method) == 0 && is_here(own, r)) return own;
    return NULL;
}

int http_api_take(void *ctx, struct http_request *r, struct http_sink **out, struct err *err)
{
    if (strncmp(r->path, ROUTE_PREFIX, sizeof(ROUTE_PREFIX) - 1) == 0) return api_route_take(ctx, r, out, err);
    const struct http_own_route *own = strcmp(r->method, "POST") == 0 ? http_own_route_find(r) : NULL;
    return own && own->take ? own->take(ctx, r, out, err) : 0;
}

void http_own_route_allow(const struct http_request *r, char allow[64])
{
    for (const struct http_own_route *own = http_own_routes; own->method; own++) {
        size_t at = strlen(allow);
        if (is_here(own, r)) snprintf(allow + at, 64 - at, "%s%s", at ? ", " : "", own->method);
    }
}
