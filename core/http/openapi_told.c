/* Lists, and routes that are no call of the API: what their descriptions tell (http/routes.h, store/list.h). */
#include "http/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "http/auth_web.h"
#include "http/routes.h"
#include "store/list.h"

/* --- lists --- */

static void add_parameter(struct openapi *o, struct val *to, const char *name, const char *doc, struct val schema)
{
    struct val p = openapi_parameter(o, name, "query", false, schema);
    if (doc) openapi_set(o, &p, "description", val_str(doc));
    openapi_add(o, to, p);
}

static struct val sort_schema(struct openapi *o, const struct list *l)
{
    struct val names = val_list(), s = openapi_type(o, "string");
    for (const struct list_column *c = l->columns; c->name; c++) {
        if (c->can & LIST_UP) openapi_add(o, &names, val_str(c->name));
        if (c->can & LIST_DOWN) openapi_add(o, &names, val_str(openapi_text(o, "-", c->name, "")));
    }
    if (!l->more) openapi_set(o, &s, "enum", names);
    openapi_set(o, &s, "default", val_str(l->order));
    return s;
}

static void add_filter(struct openapi *o, struct val *to, const struct list_column *c)
{
    static const char *const ranges[] = {"[gte]", "[gt]", "[lte]", "[lt]"};
    struct field f = {.name = c->name, .type = c->type};
    struct val s = openapi_field(o, &f), words = val_list();
    for (size_t i = 0; c->choices && c->choices[i]; i++)
        openapi_add(o, &words, val_str(c->choices[i]));
    if (c->choices) openapi_set(o, &s, "enum", words);
    if (c->can & LIST_FILTER) add_parameter(o, to, c->name, NULL, s);
    for (size_t i = 0; (c->can & LIST_RANGE) == LIST_RANGE && i < sizeof(ranges) / sizeof(ranges[0]); i++)
        add_parameter(o, to, openapi_text(o, c->name, ranges[i], ""), NULL, s);
}

void openapi_list_parameters(struct openapi *o, struct val *to, const struct list *l)
{
    struct val limit = openapi_type(o, "integer");
    openapi_set(o, &limit, "minimum", val_int(1));
    openapi_set(o, &limit, "default", val_int(100));
    add_parameter(o, to, "limit", "Rows of a page at most.", limit);
    add_parameter(o, to, "after", "The cursor of the page before: from its header Link, or `next`.",
                  openapi_type(o, "string"));
    add_parameter(o, to, "sort", "With - in front: downwards.", sort_schema(o, l));
    add_parameter(o, to, "fields", "These alone, divided by commas.", openapi_type(o, "string"));
    for (const struct list_option *p = l->options; p && p->name; p++)
        add_parameter(o, to, p->name, p->doc, openapi_type(o, strcmp(p->type, "boolean") == 0 ? "boolean" : "string"));
    for (const struct list_column *c = l->columns; c->name; c++)
        add_filter(o, to, c);
}

/* As answers have them: instants are milliseconds. */
static struct val shown_type(struct openapi *o, const struct list_column *c)
{
    if (c->gives) return openapi_word_type(o, c->gives);
    switch (c->type) {
    case FIELD_BOOLEAN:
        return openapi_type(o, "boolean");
    case FIELD_INTEGER:
    case FIELD_INSTANT:
        return openapi_type(o, "integer");
    case FIELD_TEXT:
    case FIELD_DATE:
        return openapi_type(o, "string");
    default:
        return val_map();
    }
}

struct val openapi_list_row(struct openapi *o, const struct list *l)
{
    struct val properties = val_map();
    for (const struct list_column *c = l->columns; c->name; c++)
        openapi_set(o, &properties, c->name, shown_type(o, c));
    return OPENAPI_MAP(o, {"type", val_str("object")}, {"properties", properties});
}

/* --- routes that are no call --- */

static void add_words(struct openapi *o, struct val *to, const char *words, const char *in)
{
    for (const char *at = words; at && *at;) {
        struct openapi_word w;
        at = openapi_next_word(o, at, &w);
        openapi_add(o, to, openapi_parameter(o, w.name, in, w.required, w.schema));
    }
}

static struct val result_of(struct openapi *o, const struct http_told *t)
{
    struct val one;
    size_t n = strlen(t->result);
    bool is_list = n > 2 && strcmp(t->result + n - 2, "[]") == 0 && t->result[n - 3] == ' ';
    if (t->list) return openapi_list_of(o, openapi_list_row(o, t->list));
    one = strchr(t->result, ':') || t->result[0] == '*' ? openapi_words(o, t->result) : openapi_ref(o, t->result);
    return is_list ? openapi_list_of(o, one) : one;
}

static void add_path_parameters(struct openapi *o, struct val *to, const char *pattern)
{
    for (const char *p = pattern; (p = strchr(p, ':')); p++) {
        const char *name = arena_strndup(o->a, p + 1, strcspn(p + 1, "/"));
        if (name) openapi_add(o, to, openapi_parameter(o, name, "path", true, openapi_type(o, "string")));
    }
}

static void add_body(struct openapi *o, struct val *op, const struct http_told *t)
{
    struct val schema, content = val_map();
    if (t->bytes) {
        struct val bytes = OPENAPI_MAP(o, {"type", val_str("string")}, {"format", val_str("binary")});
        struct val form = OPENAPI_MAP(o, {"type", val_str("object")}, {"properties", OPENAPI_MAP(o, {"file", bytes})});
        content = OPENAPI_MAP(o, {"*/*", OPENAPI_MAP(o, {"schema", bytes})},
                              {"multipart/form-data", OPENAPI_MAP(o, {"schema", form})});
    }
    if (t->body) schema = openapi_words(o, t->body);
    if (t->body) openapi_set(o, &content, "application/json", OPENAPI_MAP(o, {"schema", schema}));
    if (t->form) schema = openapi_type(o, "object");
    if (t->body || t->form)
        openapi_set(o, &content, "application/x-www-form-urlencoded", OPENAPI_MAP(o, {"schema", schema}));
    if (t->files) openapi_set(o, &content, "multipart/form-data", OPENAPI_MAP(o, {"schema", schema}));
    if (content.as.map.n) openapi_set(o, op, "requestBody", OPENAPI_MAP(o, {"content", content}));
}

/* A form may lead to a page that asks for more. */
static struct val next_page(struct openapi *o)
{
    struct val html = OPENAPI_MAP(o, {"schema", openapi_type(o, "string")});
    return OPENAPI_MAP(o, {"description", val_str("The page that comes next.")},
                       {"content", OPENAPI_MAP(o, {"text/html", html})});
}

static struct val operation(struct openapi *o, const char *method, const char *pattern, enum http_needs needs,
                            const struct http_told *t)
{
    struct val parameters = val_list(), schema = val_nil(), op = val_map();
    struct openapi_answer a = {.status = t->status              ? t->status
                                         : t->result || t->type ? 200
                                                                : 204,
                               .type = t->type ? t->type : "application/json",
                               .pages = t->list != NULL,
                               .etag = t->etag,
                               .writes = t->once};
    if (t->result) schema = result_of(o, t);
    if (t->type) schema = openapi_type(o, "string");
    add_path_parameters(o, &parameters, pattern);
    add_words(o, &parameters, t->query, "query");
    add_words(o, &parameters, t->header, "header");
    if (t->once) openapi_add(o, &parameters, openapi_header(o, "Idempotency-Key"));
    if (t->list) openapi_list_parameters(o, &parameters, t->list);
    if (parameters.as.list.n) openapi_set(o, &op, "parameters", parameters);
    openapi_set(o, &op, "operationId", openapi_id(o, method, pattern));
    openapi_set(o, &op, "summary", val_str(t->doc));
    openapi_set(o, &op, "security", openapi_security(o, needs, strcmp(method, "GET") == 0));
    add_body(o, &op, t);
    struct val responses = openapi_responses(o, &a, schema);
    /* Pages send whoever is not logged in to the login. */
    if (t->elsewhere || (needs == HTTP_SESSION && t->type && strcmp(t->type, "text/html") == 0))
        openapi_set(o, &responses, "303", OPENAPI_MAP(o, {"description", val_str("Elsewhere, as to the login.")}));
    if (t->form && t->status == 303) openapi_set(o, &responses, "200", next_page(o));
    openapi_set(o, &op, "responses", responses);
    return op;
}

void openapi_told(struct openapi *o, struct val *paths)
{
    for (const struct http_own_route *r = http_own_routes; r->method; r++)
        if (r->needs != HTTP_LOCAL)
            openapi_operation(o, paths, r->pattern, r->method, operation(o, r->method, r->pattern, r->needs, &r->told));
    for (const struct auth_route *r = auth_routes; r->method; r++)
        openapi_operation(o, paths, r->pattern, r->method, operation(o, r->method, r->pattern, r->needs, &r->told));
}
