/* REST: authentication on the io thread, work on lane and readers, answers by mail. */
#include "http/api_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/mem.h"
#include "content/content.h"
#include "flow/flow.h"
#include "http/api_job.h"
#include "http/auth_web.h"
#include "http/conn.h"
#include "http/metrics.h"
#include "http/link_page.h"
#include "http/problem.h"
#include "http/file_web.h"
#include "http/rate.h"
#include "http/routes.h"
#include "http/sse.h"
#include "http/static.h"
#include "people/people.h"
#include "route/command.h"
#include "route/route.h"

static void reply_json(struct http_request *r, int status, const struct buf *b, const char *headers)
{
    struct http_response res = {
        .status = status, .type = "application/json", .headers = headers, .body = b->data, .len = b->len};
    http_reply(r, &res);
}

/* Is the caller of a stream still who it was? */
static int check_stream(void *ctx, struct http_request *r, struct people_login *login, struct err *err)
{
    return api_identify(ctx, r, login, err);
}

int http_api_new(const struct http_api_options *o, struct http_api **out, struct err *err)
{
    struct http_api *api = mem_alloc(sizeof(*api));
    struct store_options db = {.path = o->db_path, .role = STORE_READER};
    api->o = *o;
    api->auth = auth_web_new(o);
    buf_init(&api->json, 64 << 20);
    api->rate = rate_new();
    api->files = pool_new(FILE_THREADS, FILE_UPLOADS_MAX);
    int rc = store_open(&db, &api->db, err);
    if (rc) {
        http_api_free(api);
        return rc;
    }
    api->sse = sse_new(o->host, o->loop, api->db, check_stream, api);
    if (o->host->audit) audit_set_listener(o->host->audit, sse_told, api->sse);
    *out = api;
    return 0;
}

void http_api_stop(struct http_api *api)
{
    sse_stop(api->sse);
}

void http_api_free(struct http_api *api)
{
    if (!api) return;
    auth_web_free(api->auth);
    pool_free(api->files);
    if (api->db) store_close(api->db);
    sse_free(api->sse);
    buf_close(&api->json);
    rate_free(api->rate);
    mem_free(api);
}

/* "/api/content/article/17" or ".../ten-households": one published item, by key, without a hop to another thread. */
static bool is_item_path(const char *path, char type[64], const char **key)
{
    if (strncmp(path, "/api/content/", 13) != 0) return false;
    const char *slash = strchr(path + 13, '/');
    size_t n = slash ? (size_t)(slash - path - 13) : 0;
    if (n == 0 || n >= 64 || !slash[1] || strchr(slash + 1, '/')) return false;
    memcpy(type, path + 13, n);
    type[n] = '\0';
    *key = slash + 1;
    return true;
}

static void give_item(struct http_api *api, struct http_request *r, const char *type, const char *key)
{
    struct content_json head;
    struct err err;
    char *end, lines[400];
    err_clear(&err);
    int64_t id = strtoll(key, &end, 10);
    bool by_id = *key && !*end;
    buf_clear(&api->json);
    int rc = store_begin(api->db, &err);
    if (rc == 0) {
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

/* Without a token only lists of what is published. */
static int check_anonymous(const struct http_route *route, struct arena *a, struct val *args, struct err *err)
{
    if (strcmp(route->call, "content.find") != 0 || strcmp(route->method, "GET") != 0)
        return err_set(err, ERR_DENIED, "http.no_token", NULL);
    struct val *options = &args->as.list.items[2];
    if (options->type != VAL_MAP) *options = val_map();
    return val_set(a, options, "published", val_bool(true)) ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

static void handle_route(struct http_api *api, struct http_request *r, const struct http_route *route)
{
    struct api_job *job = api_job_new(api, r);
    struct err *err = &job->err;
    struct val body;
    int rc = api_admit(api, r, &job->login, job->rate, &job->err);
    if (rc == 0) rc = api_read_json(r, &job->arena, &body, err);
    if (rc == 0) rc = http_route_args(route, r, &body, &job->arena, &job->args, err);
    if (rc == 0 && job->login.actor.user == PEOPLE_ANONYMOUS) rc = check_anonymous(route, &job->arena, &job->args, err);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, route->call, err);
    if (rc) {
        api_refuse(job);
        return;
    }
    job->call = route->call;
    job->status = route->status;
    if (route->writes && api_take_key(job) != 0) {
        api_refuse(job);
        return;
    }
    if (route->if_match) {
        const char *match = http_header(r, "if-match");
        if (match) job->if_match = arena_strdup(&job->arena, match);
        if (!match && strcmp(r->method, "PATCH") == 0) {
            err_set(err, ERR_INVALID, "http.precondition_required", NULL);
            api_refuse(job);
            return;
        }
    }
    api_job_start(job, route->writes);
}

static void handle_events(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    int rc = api_admit(api, r, &job->login, job->rate, &job->err);
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
    int rc = api_admit(api, r, &job->login, job->rate, &job->err);
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
    struct people_account account;
    int rc = json_parse(r->body, r->body_len, &job->arena, &body, err);
    if (rc) return rc;
    const char *as = val_cstr(&job->arena, val_get(&body, "as"));
    const char *lang = val_cstr(&job->arena, val_get(&body, "lang"));
    const struct val *args = val_get(&body, "args");
    if (lang) snprintf(job->login.lang, sizeof(job->login.lang), "%s", locale_pick(lang));
    job->call = val_cstr(&job->arena, val_get(&body, "call"));
    job->args = args ? *args : val_list();
    if (!job->call) return err_set(err, ERR_INVALID, "http.parameter", "name", "call", NULL);
    if (!as) return 0;
    rc = store_begin(api->db, err);
    if (rc) return rc;
    rc = people_account_find(api->db, as, &account, err);
    store_rollback(api->db);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "people.no_account", "name", as, NULL);
    job->login.actor = (struct actor){.user = account.id, .person = account.person, .admin = account.admin};
    return rc < 0 ? rc : 0;
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
    /* It reads every file: however long that takes, it is the operator's wish. */
    if (strcmp(job->call, "system.verify") == 0) job->reader.seconds = 24 * 3600;
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
    int rc = api_identify(api, r, &job->login, &job->err);
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

void http_api_handle(void *ctx, struct http_request *r)
{
    struct http_api *api = ctx;
    char type[64], allow[64];
    const char *key;
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    if (reads && is_item_path(r->path, type, &key)) {
        give_item(api, r, type, key);
        return;
    }
    if (link_page_is(r->path)) {
        link_page_handle(api, r);
        return;
    }
    if (r->local && strcmp(r->path, "/rpc") == 0 && strcmp(r->method, "POST") == 0) {
        handle_rpc(api, r);
        return;
    }
    if (reads && strcmp(r->path, "/api/events") == 0) {
        handle_events(api, r);
        return;
    }
    if (reads && strcmp(r->path, "/health") == 0) {
        handle_health(api, r);
        return;
    }
    if (reads && strcmp(r->path, "/metrics") == 0) {
        handle_metrics(api, r);
        return;
    }
    if (auth_handle(api, r) || file_web_handle(api, r)) return;
    if (strncmp(r->path, ROUTE_PREFIX, strlen(ROUTE_PREFIX)) == 0) {
        api_route_handle(api, r);
        return;
    }
    const struct http_route *route = http_route_find(r->method, r->path, allow);
    if (http_links(api, r)) return;
    if (route)
        handle_route(api, r, route);
    else if (reads && (strcmp(r->path, "/api/reports") == 0 || strncmp(r->path, "/api/reports/", 13) == 0))
        handle_report(api, r);
    else if (!allow[0] && strncmp(r->path, "/api/", 5) != 0 && reads && api->o.static_dir)
        http_static(r, api->o.static_dir);
    else
        api_not_found(r, allow);
}
