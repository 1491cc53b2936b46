/* route.get, post, put, patch, delete; and route.call, by which `khung test` asks. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "people/people.h"
#include "plugin/declare.h"
#include "route/route_internal.h"

enum { DECLARED_MAX = 200 };

static size_t declared_by(const struct plugin_vm *pv)
{
    size_t n = 0;
    for (size_t i = 0; i < pv->nfns; i++)
        n += strcmp(pv->fns[i].kind, "route") == 0;
    return n;
}

static int define(struct api_call *c)
{
    char method[8] = "";
    const char *verb = strchr(c->fn->name, '.') + 1, *whole, *bare;
    struct val spec = val_map();
    struct err_num most;
    if (!c->s->vm) return err_set(c->err, ERR_REFUSED, "api.only_loading", "function", c->fn->name, NULL);
    for (size_t i = 0; verb[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)(verb[i] - 'a' + 'A');
    int rc = route_path_name(c->s->vm->plugin->name, api_str(&c->args[0]), c->arena, &whole, &bare, c->err);
    if (rc) return rc;
    if (declared_by(c->s->vm) == DECLARED_MAX)
        return err_set(c->err, ERR_LIMIT, "route.too_many", "most", err_i64(&most, DECLARED_MAX), NULL);
    const char *name = arena_printf(c->arena, "%s %s", method, bare);
    if (!name || val_set(c->arena, &spec, "method", val_str(method)) ||
        val_set(c->arena, &spec, "path", val_str(whole)) || val_set(c->arena, &spec, "options", c->args[1]))
        return err_set(c->err, ERR_NOMEM, "memory", NULL);
    return registry_declare_fn(c->s, "route", name, &spec, c->args[2].as.i, c->err);
}

/* "Cache-Control: no-store\r\n…" by small letters. */
static int headers_of(const char *lines, struct arena *a, struct val *out)
{
    int rc = 0;
    *out = val_map();
    for (const char *p = lines; rc == 0 && *p; p += strcspn(p, "\n") + 1) {
        size_t n = strcspn(p, ":");
        char *name = arena_strndup(a, p, n), *value = arena_strndup(a, p + n + 2, strcspn(p, "\r") - n - 2);
        for (char *c = name; c && *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
        rc = !name || !value ? ERR_NOMEM : val_set(a, out, name, val_str(value));
    }
    return rc;
}

/* As a client would see it: { status, type, headers, body, json }. */
static int show(struct api_call *c, const struct route_answer *answer)
{
    struct arena *a = c->arena;
    char *body = arena_strndup(a, answer->body.data ? answer->body.data : "", answer->body.len);
    bool is_json = answer->type && strncmp(answer->type, "application/json", 16) == 0;
    struct val json, headers;
    int rc = body && is_json ? json_parse(body, answer->body.len, a, &json, c->err) : 0;
    if (rc) return rc;
    c->result = val_map();
    if (!body || val_set(a, &c->result, "status", val_int(answer->status)) ||
        (answer->type && val_set(a, &c->result, "type", val_str(answer->type))) ||
        headers_of(answer->headers, a, &headers) || val_set(a, &c->result, "headers", headers) ||
        val_set(a, &c->result, "body", val_strn(body, answer->body.len)) ||
        (is_json && val_set(a, &c->result, "json", json)))
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return 0;
}

/* Nobody in particular is somebody who has not logged in. */
static int call(struct api_call *c)
{
    const struct val *o = &c->args[2], *query = val_get(o, "query"), *json = val_get(o, "json"),
                     *form = val_get(o, "form");
    struct session s = *c->s;
    struct route_request q = {.method = api_str(&c->args[0]),
                              .path = api_str(&c->args[1]),
                              .query = query ? *query : val_map(),
                              .json = json ? *json : val_nil(),
                              .form = form ? *form : val_nil(),
                              .actor = s.actor};
    struct route_answer answer;
    if (!q.actor.user && !q.actor.person) q.actor.user = PEOPLE_ANONYMOUS;
    if (strcmp(q.method, "GET") == 0) {
        s.mode = SESSION_READ;
        s.lane = NULL;
    }
    buf_init(&answer.body, ROUTE_BODY_MAX);
    int rc = route_run(&s, NULL, &q, &answer, c->err);
    if (rc == 0) rc = show(c, &answer);
    buf_close(&answer.body);
    return rc;
}

#define ARGS "path:text! options:map{title:any,access:any,params:map,query:map,input:map,output:any} run:fn!"
const struct api_fn route_functions[] = {
    {"route.get", define, "path:text! options:map{title:any,access:any,params:map,query:map,output:any} run:fn!", "",
     API_DECLARE, "route", 1,
     "Answers GET at /x/PLUGIN/path by fn(req), which can only read: { status, json | html | svg | text, type, headers "
     "}."},
    {"route.post", define, ARGS, "", API_DECLARE, "route", 1,
     "Answers POST at /x/PLUGIN/path by fn(req), in one transaction: what it raises rolls back."},
    {"route.put", define, ARGS, "", API_DECLARE, "route", 1, "The same for PUT."},
    {"route.patch", define, ARGS, "", API_DECLARE, "route", 1, "The same for PATCH."},
    {"route.delete", define, ARGS, "", API_DECLARE, "route", 1, "The same for DELETE."},
    {"route.call", call, "method:text! path:text! request:map{query:map,json:any,form:map}", "map", API_WRITE, API_HOST,
     1, "Asks a route of a plugin.", true, .tells = true},
    {0},
};

void route_attach(struct host *host)
{
    static const struct decl_kind kind = {.name = "route", .compile = route_compile};
    plugins_add_kinds(host->plugins, &kind, 1);
    api_add(host->api, route_functions, host);
    api_add(host->api, page_functions, host);
}
