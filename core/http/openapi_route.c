/* Routes of plugins in the document: a path each, with what they declare of path, query, body and answer. */
#include <string.h>

#include "file/file.h"
#include "http/openapi.h"
#include "route/route.h"

static void add_parameters(struct openapi *o, struct val *list, const struct field_list *fields, const char *in)
{
    bool is_path = strcmp(in, "path") == 0;
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        openapi_add(o, list, openapi_parameter(o, f->name, in, is_path || f->required, openapi_field(o, f)));
    }
}

/* As JSON, or as a form sends it. */
static struct val body_of(struct openapi *o, const struct route_def *def)
{
    struct val schema = def->has_input ? openapi_fields(o, &def->input) : val_map();
    struct val one = OPENAPI_MAP(o, {"schema", schema});
    struct val content = OPENAPI_MAP(o, {"application/json", one}, {"application/x-www-form-urlencoded", one});
    if (!def->has_input || file_fields_any(&def->input)) openapi_set(o, &content, "multipart/form-data", one);
    return OPENAPI_MAP(o, {"content", content});
}

static struct val shown_of(struct openapi *o, const struct val *declared)
{
    struct field_list fields = {0};
    struct err ignored;
    return field_parse_list(o->a, declared, &fields, &ignored) == 0 ? openapi_shown(o, &fields) : val_map();
}

/* What it answers: the schema, and its type in *type. */
static struct val answer_of(struct openapi *o, const struct val *output, const char **type)
{
    static const char *const words[][2] = {{"html", "text/html"}, {"svg", "image/svg+xml"}, {"text", "text/plain"}};
    *type = "application/json";
    for (size_t i = 0; val_is(output, VAL_STR) && i < sizeof(words) / sizeof(words[0]); i++) {
        if (!val_is_str(output, words[i][0])) continue;
        *type = words[i][1];
        return openapi_type(o, "string");
    }
    if (val_is_str(output, "json")) return val_map();
    if (val_is(output, VAL_MAP)) return shown_of(o, output);
    if (val_is(output, VAL_LIST) && output->as.list.n > 0) {
        struct val items = shown_of(o, &output->as.list.items[0]);
        return OPENAPI_MAP(o, {"type", val_str("array")}, {"items", items});
    }
    *type = "*/*";
    return val_map();
}

static struct val responses_of(struct openapi *o, const struct route_def *def)
{
    struct openapi_answer a = {.status = 2, .etag = def->reads, .writes = !def->reads};
    struct val schema = answer_of(o, def->output, &a.type), all = openapi_responses(o, &a, schema);
    openapi_set(o, &all, "3XX", OPENAPI_MAP(o, {"description", val_str("Elsewhere, or as before.")}));
    return all;
}

static struct val operation(struct openapi *o, const struct route_def *def)
{
    struct val list = val_list(), security = openapi_security(o, HTTP_LOGIN, def->reads);
    const struct val *title = val_is(def->title, VAL_MAP) ? val_get(def->title, o->lang) : def->title;
    add_parameters(o, &list, &def->params, "path");
    add_parameters(o, &list, &def->query, "query");
    if (!def->reads) openapi_add(o, &list, openapi_header(o, "Idempotency-Key"));
    if (def->is_public) openapi_add(o, &security, val_map());
    struct val op = OPENAPI_MAP(o, {"operationId", openapi_id(o, def->method, def->path)}, {"security", security},
                                {"responses", responses_of(o, def)});
    bool told = val_is(title, VAL_STR);
    openapi_set(o, &op, "summary", told ? *title : val_str(openapi_text(o, def->method, " ", def->path)));
    if (list.as.list.n) openapi_set(o, &op, "parameters", list);
    if (!def->reads && strcmp(def->method, "DELETE") != 0) openapi_set(o, &op, "requestBody", body_of(o, def));
    return op;
}

void openapi_routes(struct openapi *o, struct val *paths)
{
    size_t i = 0;
    for (const struct decl *d; o->registry && (d = registry_each(o->registry, "route", &i));) {
        const struct route_def *def = d->compiled;
        openapi_operation(o, paths, def->path, def->method, operation(o, def));
    }
}
