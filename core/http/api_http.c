/* REST: authentication on the io thread, work on lane and readers, answers by mail. */
#include "http/api_http.h"

#include <inttypes.h>
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
#include "http/told.h"
#include "people/people.h"
#include "route/command.h"
#include "route/route.h"

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
    api->told = told_new();
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
    told_free(api->told);
    mem_free(api);
}

/* Without a token only lists of what is published. */
static int check_anonymous(const struct http_route *route, struct arena *a, struct val *args, struct err *err)
{
    if (strcmp(route->call, "content.list") != 0) return err_set(err, ERR_DENIED, "http.no_token", NULL);
    struct val *options = &args->as.list.items[1];
    if (options->type != VAL_MAP) *options = val_map();
    return val_set(a, options, "published", val_bool(true)) ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

static void handle_route(struct http_api *api, struct http_request *r, const struct http_route *route)
{
    struct api_job *job = api_job_new(api, r);
    struct err *err = &job->err;
    struct val body;
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0) rc = api_read_json(r, &job->arena, &body, err);
    if (rc == 0) rc = http_route_args(route, r, &body, &job->arena, &job->args, err);
    if (rc == 0 && job->login.actor.user == PEOPLE_ANONYMOUS) rc = check_anonymous(route, &job->arena, &job->args, err);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, route->call, err);
    if (rc) {
        api_refuse(job);
        return;
    }
    job->call = route->call;
    job->shows = route->shows;
    job->status = route->status;
    if (route->writes && api_take_key(job) != 0) {
        api_refuse(job);
        return;
    }
    if (route->match) {
        const char *match = http_header(r, "if-match");
        if (match) job->if_match = arena_strdup(&job->arena, match);
        if (!match && route->match == HTTP_MUST_MATCH) {
            err_set(err, ERR_INVALID, "http.precondition_required", NULL);
            api_refuse(job);
            return;
        }
    }
    api_job_start(job, route->writes);
}

void http_api_handle(void *ctx, struct http_request *r)
{
    struct http_api *api = ctx;
    char allow[64];
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    const struct http_own_route *own = http_own_route_find(r);
    if (own) {
        own->handle(api, r);
        return;
    }
    if (auth_handle(api, r)) return;
    if (strncmp(r->path, ROUTE_PREFIX, strlen(ROUTE_PREFIX)) == 0) {
        api_route_handle(api, r);
        return;
    }
    const struct http_route *route = http_route_find(r->method, r->path, allow);
    if (!route) http_own_route_allow(r, allow);
    if (route)
        handle_route(api, r, route);
    else if (!allow[0] && strncmp(r->path, "/api/", 5) != 0 && reads && api->o.static_dir)
        http_static(r, api->o.static_dir);
    else
        api_not_found(r, allow);
}
