/* Paths, and what the plugins declare. */
#include "http/openapi.h"

#include <stdio.h>
#include <string.h>

#include "http/routes.h"
#include "people/auth.h"
#include "plugin/host.h"
#include "report/report.h"

/* "/api/runs/:id/cancel" → "/api/runs/{id}/cancel" */
static const char *path_of(struct openapi *o, const char *pattern)
{
    char out[200];
    size_t n = 0;
    for (const char *p = pattern; *p && n + 3 < sizeof(out);) {
        if (*p != ':') {
            out[n++] = *p++;
            continue;
        }
        out[n++] = '{';
        for (p++; *p && *p != '/' && n + 3 < sizeof(out);)
            out[n++] = *p++;
        out[n++] = '}';
    }
    return openapi_text(o, arena_strndup(o->a, out, n), "", "");
}

/* What the call's arguments are made of: each part of the route's `args` is one argument, in order. */
struct parts {
    const struct http_route *route;
    const struct api_fn *fn;
    const struct api_param *params;
    size_t nparams;
    struct val parameters, body, required; /* body: properties, or one whole schema */
    struct val whole;
    bool has_whole, needs_body;
};

static void take_query_map(struct openapi *o, struct parts *p, const struct api_param *map)
{
    for (size_t i = 0; i < map->nkeys; i++)
        openapi_add(
            o, &p->parameters,
            openapi_parameter(o, map->keys[i].name, "query", map->keys[i].required, openapi_param(o, &map->keys[i])));
}

/* Keys of the map are fields of the body. */
static void take_body_map(struct openapi *o, struct parts *p, const struct val *map)
{
    const struct val *properties = val_get(map, "properties"), *required = val_get(map, "required");
    for (size_t i = 0; properties && i < properties->as.map.n; i++)
        openapi_set(o, &p->body, properties->as.map.pairs[i].key, properties->as.map.pairs[i].v);
    for (size_t i = 0; val_at(required, i); i++)
        openapi_add(o, &p->required, *val_at(required, i));
}

static void take_part(struct openapi *o, struct parts *p, const char *spec, size_t len, const struct api_param *param)
{
    bool number = spec[len - 1] == '#', marked = number || spec[len - 1] == '$';
    const char *name = arena_strndup(o->a, spec, len - marked);
    struct val schema = param ? openapi_param(o, param) : val_map();
    if (!name) {
        o->failed = true;
    } else if (name[0] == ':') {
        schema = openapi_type(o, number ? "integer" : "string");
        openapi_add(o, &p->parameters, openapi_parameter(o, name + 1, "path", true, schema));
    } else if (strcmp(name, "?=") == 0) {
        openapi_list_parameters(o, &p->parameters, p->fn->list);
    } else if (strcmp(name, "?*") == 0) {
        if (param) take_query_map(o, p, param);
    } else if (name[0] == '?') {
        openapi_add(o, &p->parameters, openapi_parameter(o, name + 1, "query", param && param->required, schema));
    } else if (strcmp(name, "body*") == 0) {
        take_body_map(o, p, &schema);
    } else if (strcmp(name, "body") == 0) {
        p->whole = schema;
        p->has_whole = true;
        p->needs_body |= param && param->required;
    } else if (strncmp(name, "body.", 5) == 0) {
        openapi_set(o, &p->body, name + 5, schema);
        if (param && param->required) openapi_add(o, &p->required, val_str(name + 5));
    }
}

static void take_parts(struct openapi *o, struct parts *p)
{
    size_t n = 0;
    p->parameters = val_list();
    p->body = val_map();
    p->required = val_list();
    for (const char *at = p->route->args; *at; n++) {
        size_t len = strcspn(at, " ");
        take_part(o, p, at, len, n < p->nparams ? &p->params[n] : NULL);
        at += len + strspn(at + len, " ");
    }
}

/* What is sent is told by what plugins declare: schemas of the document. */
static void take_declared(struct openapi *o, struct parts *p)
{
    static const char *const wholes[][2] = {
        {"run.start", "StartRun"}, {"content.create", "AnyItem"}, {"task.decide", "TaskAnswer"}};
    for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
        if (strcmp(p->route->call, wholes[i][0]) != 0) continue;
        p->whole = openapi_ref(o, wholes[i][1]);
        p->has_whole = p->needs_body = true;
    }
    if (strcmp(p->route->call, "task.decide_all") == 0)
        openapi_set(o, &p->body, "answer", openapi_ref(o, "TaskAnswer"));
}

/* What stands in the path, and the call is not given: the type of an item. */
static void add_path(struct openapi *o, const struct http_route *route, struct val *parameters)
{
    for (const char *p = route->pattern; (p = strchr(p, ':')); p++) {
        const char *name = arena_strndup(o->a, p + 1, strcspn(p + 1, "/"));
        bool there = !name;
        for (size_t i = 0; !there && val_at(parameters, i); i++)
            there = val_is_str(val_get(val_at(parameters, i), "name"), name) &&
                    val_is_str(val_get(val_at(parameters, i), "in"), "path");
        if (!there) openapi_add(o, parameters, openapi_parameter(o, name, "path", true, openapi_type(o, "string")));
    }
}

static struct val content_of(struct openapi *o, const char *type, struct val schema)
{
    return OPENAPI_MAP(o, {type, OPENAPI_MAP(o, {"schema", schema})});
}

static struct val or_null(struct openapi *o, struct val schema)
{
    struct val any = val_list();
    openapi_add(o, &any, schema);
    openapi_add(o, &any, openapi_type(o, "null"));
    return OPENAPI_MAP(o, {"anyOf", any});
}

/* The schema that a function's result has, from its description: "Item?", "Run[]", "list", "map", "integer". */
static struct val result_of(struct openapi *o, const struct api_fn *fn)
{
    const char *returns = fn->returns;
    static const char *const names[] = {"Item", "Run", "Task", "Unit", "Person", "File"};
    size_t n = strcspn(returns, "?[,");
    bool list = strstr(returns, "[]") != NULL, page = list && strchr(returns, ',') != NULL;
    struct val one = val_map();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == n && strncmp(names[i], returns, n) == 0) one = openapi_ref(o, names[i]);
    if (strncmp(returns, "map", 3) == 0 || strncmp(returns, "table", 5) == 0) one = openapi_type(o, "object");
    if (strncmp(returns, "string", 6) == 0) one = openapi_type(o, "string");
    if (strncmp(returns, "integer", 7) == 0) one = openapi_type(o, "integer");
    if (strncmp(returns, "list", 4) == 0) list = true;
    if (fn->list && list && strncmp(returns, "Item", 4) != 0) one = openapi_list_row(o, fn->list);
    if (fn->gives) one = openapi_words(o, fn->gives);
    if (!list) return one;
    struct val items = OPENAPI_MAP(o, {"type", val_str("array")}, {"items", one});
    if (!page) return items;
    return OPENAPI_MAP(
        o, {"type", val_str("object")},
        {"properties", OPENAPI_MAP(o, {"items", items}, {"next", or_null(o, openapi_type(o, "string"))})});
}

static struct val responses_of(struct openapi *o, const struct http_route *route, const struct api_fn *fn)
{
    bool may_be_empty = route->shows && !fn->returns[0];
    if (route->shows) fn = api_find(o->host->api, route->shows, NULL);
    bool nothing = route->status == 204 || !fn->returns[0];
    bool gives_item = strncmp(fn->returns, "Item", 4) == 0 && !strchr(fn->returns, '[');
    struct openapi_answer a = {.status = nothing ? 204 : route->status,
                               .type = "application/json",
                               .pages = fn->list != NULL,
                               .etag = gives_item || fn->tagged,
                               .writes = route->writes,
                               .matches = route->match != HTTP_NO_MATCH};
    struct val all = openapi_responses(o, &a, nothing ? val_nil() : result_of(o, fn));
    if (may_be_empty) openapi_set(o, &all, "204", openapi_unshown(o));
    return all;
}

/* Fields of a type that have an index; which they are hangs on the type. */
static struct val type_filters(struct openapi *o)
{
    struct val any = OPENAPI_MAP(o, {"type", val_str("object")}, {"additionalProperties", openapi_type(o, "string")});
    struct val p = openapi_parameter(o, "filter", "query", false, any);
    openapi_set(o, &p, "style", val_str("form"));
    openapi_set(o, &p, "explode", val_bool(true));
    openapi_set(o, &p, "description", val_str("Indexed fields of the type: name=value, name[gte]=value …"));
    return p;
}

static void add_headers(struct openapi *o, const struct http_route *route, struct val *parameters)
{
    bool must = route->match == HTTP_MUST_MATCH;
    if (route->writes) openapi_add(o, parameters, openapi_header(o, "Idempotency-Key"));
    if (route->match) openapi_add(o, parameters, openapi_header(o, must ? "If-Match-Needed" : "If-Match"));
    if (route->shows) openapi_add(o, parameters, openapi_header(o, "Prefer"));
    if (strcmp(route->call, "content.list") == 0) openapi_add(o, parameters, type_filters(o));
}

static struct val operation(struct openapi *o, const struct http_route *route)
{
    struct val op = val_map();
    struct parts p = {.route = route};
    const struct api_fn *fn = api_find(o->host->api, route->call, NULL);
    if (!fn) return op;
    for (size_t i = 0; i < api_count(o->host->api); i++)
        if (api_at(o->host->api, i) == fn) p.nparams = api_params(o->host->api, i, &p.params);
    p.fn = fn;
    take_parts(o, &p);
    openapi_set(o, &op, "operationId", openapi_id(o, route->method, route->pattern));
    openapi_set(o, &op, "summary", val_str(fn->doc));
    add_path(o, route, &p.parameters);
    add_headers(o, route, &p.parameters);
    struct val security = openapi_security(o, HTTP_LOGIN, strcmp(route->method, "GET") == 0);
    /* Without either, what is public. */
    if (strcmp(route->call, "content.list") == 0) openapi_add(o, &security, val_map());
    openapi_set(o, &op, "security", security);
    if (p.parameters.as.list.n) openapi_set(o, &op, "parameters", p.parameters);
    take_declared(o, &p);
    bool whole = p.has_whole;
    struct val body = whole ? p.whole : OPENAPI_MAP(o, {"type", val_str("object")}, {"properties", p.body});
    if (!whole && p.required.as.list.n) openapi_set(o, &body, "required", p.required);
    bool needed = p.needs_body || p.required.as.list.n > 0;
    if (whole || p.body.as.map.n)
        openapi_set(
            o, &op, "requestBody",
            OPENAPI_MAP(o, {"required", val_bool(needed)}, {"content", content_of(o, "application/json", body)}));
    openapi_set(o, &op, "responses", responses_of(o, route, fn));
    return op;
}

void openapi_operation(struct openapi *o, struct val *paths, const char *pattern, const char *method, struct val op)
{
    const char *path = path_of(o, pattern);
    char lower[8];
    const struct val *have = val_get(paths, path);
    struct val item = have ? *have : val_map();
    size_t n = 0;
    for (; method[n] && n < sizeof(lower) - 1; n++)
        lower[n] = (char)(method[n] | 0x20);
    openapi_set(o, &op, "tags", openapi_tags(o, pattern));
    openapi_set(o, &item, openapi_text(o, arena_strndup(o->a, lower, n), "", ""), op);
    openapi_set(o, paths, path, item);
}

/* What it answers: rows and totals by the columns that it declares; a cell may be empty. */
static struct val report_answer(struct openapi *o, const struct report_def *def)
{
    struct val s = openapi_words(o, OPENAPI_REPORT), properties = *val_get(&s, "properties"), cells = val_map();
    for (size_t i = 0; i < def->ncolumns; i++) {
        struct field f = def->columns[i].field;
        f.required = false;
        struct val one = openapi_shown(o, &(struct field_list){.items = &f, .n = 1});
        openapi_set(o, &cells, f.name, or_null(o, *val_get(val_get(&one, "properties"), f.name)));
    }
    struct val row = OPENAPI_MAP(o, {"type", val_str("object")}, {"properties", cells});
    openapi_set(o, &properties, "rows", openapi_list_of(o, row));
    openapi_set(o, &properties, "totals", row);
    openapi_set(o, &properties, "params", openapi_shown(o, &def->params));
    openapi_set(o, &s, "properties", properties);
    return s;
}

/* A report is a path of its own, with its parameters. */
static void add_reports(struct openapi *o, struct val *paths)
{
    size_t i = 0;
    for (const struct decl *d; o->registry && (d = registry_each(o->registry, "report", &i));) {
        struct field_list params = {0};
        struct err ignored;
        struct openapi_answer answer = {.status = 200, .type = "application/json", .pages = true};
        struct val list = val_list(), formats = val_list();
        const struct val *declared = val_get(&d->spec, "params");
        if (declared && field_parse_list(o->a, declared, &params, &ignored) != 0) continue;
        for (size_t k = 0; k < params.n; k++)
            openapi_add(o, &list,
                        openapi_parameter(o, params.items[k].name, "query", params.items[k].required,
                                          openapi_field(o, &params.items[k])));
        for (size_t k = 0; k < 3; k++)
            openapi_add(o, &formats, val_str((const char *const[]){"json", "csv", "table"}[k]));
        openapi_add(o, &list, openapi_parameter(o, "format", "query", false, OPENAPI_MAP(o, {"enum", formats})));
        if (!field_find(&params, "limit"))
            openapi_add(o, &list, openapi_parameter(o, "limit", "query", false, openapi_type(o, "integer")));
        if (!field_find(&params, "after"))
            openapi_add(o, &list, openapi_parameter(o, "after", "query", false, openapi_type(o, "string")));
        const struct report_def *def = d->compiled;
        const char *title = report_title(def->title, o->lang, d->name, o->a);
        struct val op =
            OPENAPI_MAP(o, {"operationId", openapi_id(o, "GET", openapi_text(o, "/api/reports/", d->name, ""))},
                        {"summary", val_str(title ? title : d->name)}, {"parameters", list},
                        {"security", openapi_security(o, HTTP_LOGIN, true)},
                        {"responses", openapi_responses(o, &answer, report_answer(o, def))});
        openapi_operation(o, paths, openapi_text(o, "/api/reports/", d->name, ""), "GET", op);
    }
}

/* As others reach it; without a setting, where the document came from. */
static struct val servers(struct openapi *o)
{
    struct val list = val_list();
    const struct auth *auth = o->host->auth;
    openapi_add(o, &list, OPENAPI_MAP(o, {"url", val_str(auth && auth->o.url && *auth->o.url ? auth->o.url : "/")}));
    return list;
}

int openapi_write(struct session *s, const struct registry *r, struct arena *a, struct val *out, struct err *err)
{
    struct openapi o = {
        .host = s->host, .registry = r, .a = a, .lang = s->lang, .at = OPENAPI_COMPONENTS, .tags = val_list()};
    struct val paths = val_map(), security = val_list(), components;
    int rc = openapi_components(&o, s, &components, err);
    if (rc) return rc;
    for (const struct http_route *route = http_routes; route->method; route++)
        openapi_operation(&o, &paths, route->pattern, route->method, operation(&o, route));
    openapi_told(&o, &paths);
    add_reports(&o, &paths);
    openapi_routes(&o, &paths);
    openapi_add(&o, &security, OPENAPI_MAP(&o, {"bearer", val_list()}));
    struct val license = OPENAPI_MAP(&o, {"name", val_str("Apache-2.0")}, {"identifier", val_str("Apache-2.0")});
    *out = OPENAPI_MAP(
        &o, {"openapi", val_str("3.1.0")},
        {"info", OPENAPI_MAP(&o, {"title", val_str("Khung")}, {"version", val_str("1")}, {"license", license})},
        {"servers", servers(&o)}, {"jsonSchemaDialect", val_str(OPENAPI_DIALECT)}, {"security", security},
        {"tags", o.tags}, {"paths", paths}, {"components", components});
    return o.failed ? err_set(err, ERR_LIMIT, "limit.size", "what", "openapi", NULL) : 0;
}
