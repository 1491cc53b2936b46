/* JSON Schema (2020-12, as OpenAPI 3.1 has it) of field lists and of arguments as the API describes them. */
#include "http/openapi.h"

#include <math.h>
#include <string.h>

struct val openapi_map(struct openapi *o, size_t n, const struct openapi_pair *pairs)
{
    struct val map = val_map();
    for (size_t i = 0; i < n; i++)
        openapi_set(o, &map, pairs[i].key, pairs[i].v);
    return map;
}

void openapi_set(struct openapi *o, struct val *map, const char *key, struct val v)
{
    if (val_set(o->a, map, key, v) != 0) o->failed = true;
}

void openapi_add(struct openapi *o, struct val *list, struct val v)
{
    if (val_add(o->a, list, v) != 0) o->failed = true;
}

const char *openapi_text(struct openapi *o, const char *a, const char *b, const char *c)
{
    const char *s = arena_printf(o->a, "%s%s%s", a, b, c);
    if (!s) o->failed = true;
    return s ? s : "";
}

struct val openapi_ref(struct openapi *o, const char *name)
{
    return OPENAPI_MAP(o, {"$ref", val_str(openapi_text(o, o->at, name, ""))});
}

struct val openapi_type(struct openapi *o, const char *type)
{
    return OPENAPI_MAP(o, {"type", val_str(type)});
}

/* Every kind of field, as JSON carries it in. */
static const struct {
    const char *type, *format, *ref;
} kinds[] = {
    [FIELD_TEXT] = {"string"},
    [FIELD_MARKDOWN] = {"string", .format = "markdown"},
    [FIELD_INTEGER] = {"integer"},
    [FIELD_NUMBER] = {"number"},
    [FIELD_MONEY] = {"integer", .format = "money"},
    [FIELD_BOOLEAN] = {"boolean"},
    [FIELD_DATE] = {"string", .format = "date"},
    [FIELD_INSTANT] = {"string", .format = "local-or-date-time"},
    [FIELD_DURATION] = {"string", .format = "khung-duration"},
    [FIELD_CHOICE] = {"string"},
    [FIELD_FILE] = {.ref = "file-key"},
    [FIELD_UNIT] = {.ref = "unit-key"},
    [FIELD_PERSON] = {.ref = "person-key"},
    [FIELD_REF] = {"integer"},
    [FIELD_LIST] = {"array"},
    [FIELD_JSON] = {0},
};

static struct val of_kind(struct openapi *o, enum field_type t)
{
    struct val s = val_map();
    if (kinds[t].ref) return openapi_ref(o, kinds[t].ref);
    if (kinds[t].type) openapi_set(o, &s, "type", val_str(kinds[t].type));
    if (kinds[t].format) openapi_set(o, &s, "format", val_str(kinds[t].format));
    return s;
}

/* A text, or a map of texts by language. */
static const struct val *in_language(struct openapi *o, const struct val *text)
{
    const struct val *own = val_is(text, VAL_MAP) ? val_get(text, o->lang) : text;
    if (!own && val_is(text, VAL_MAP) && text->as.map.n) own = &text->as.map.pairs[0].v;
    return val_is(own, VAL_STR) ? own : NULL;
}

static void add_options(struct openapi *o, const struct field *f, struct val *s)
{
    static const char *const names[][2] = {{"min", "minimum"}, {"max", "maximum"}, {"default", "default"}};
    const struct val *title = in_language(o, val_get(f->options, "title"));
    const struct val *help = in_language(o, val_get(f->options, "help"));
    const struct val *doc = help ? help : in_language(o, val_get(f->options, "doc"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct val *v = val_get(f->options, names[i][0]);
        bool is_number = v && (v->type == VAL_INT || (v->type == VAL_NUM && isfinite(v->as.n)));
        bool is_plain = is_number || val_is(v, VAL_STR) || val_is(v, VAL_BOOL);
        if (strcmp(names[i][0], "default") == 0 ? is_plain : is_number) openapi_set(o, s, names[i][1], *v);
    }
    if (title) openapi_set(o, s, "title", *title);
    if (doc) openapi_set(o, s, "description", *doc);
}

struct val openapi_field(struct openapi *o, const struct field *f)
{
    struct val s = of_kind(o, f->type);
    if (f->type == FIELD_CHOICE && f->choices) {
        struct val choices = val_list();
        for (size_t i = 0; f->choices[i]; i++)
            openapi_add(o, &choices, val_str(f->choices[i]));
        openapi_set(o, &s, "enum", choices);
    }
    if (f->type == FIELD_LIST) openapi_set(o, &s, "items", of_kind(o, f->item));
    if (f->type == FIELD_REF && f->target)
        openapi_set(o, &s, "description", val_str(openapi_text(o, "id: ", f->target, "")));
    add_options(o, f, &s);
    return s;
}

static struct val shown_kind(struct openapi *o, enum field_type t)
{
    if (t == FIELD_UNIT) return openapi_ref(o, "Unit");
    if (t == FIELD_PERSON) return openapi_ref(o, "Person");
    if (t != FIELD_INSTANT) return of_kind(o, t);
    return OPENAPI_MAP(o, {"type", val_str("string")}, {"format", val_str("date-time")});
}

struct val openapi_shown(struct openapi *o, const struct field_list *l)
{
    struct val s = openapi_type(o, "object"), properties = val_map(), required = val_list();
    for (size_t i = 0; i < l->n; i++) {
        const struct field *f = &l->items[i];
        struct val one = f->type == FIELD_LIST
                             ? OPENAPI_MAP(o, {"type", val_str("array")}, {"items", shown_kind(o, f->item)})
                             : shown_kind(o, f->type);
        openapi_set(o, &properties, f->name, one);
        if (f->required) openapi_add(o, &required, val_str(f->name));
    }
    openapi_set(o, &s, "properties", properties);
    if (required.as.list.n) openapi_set(o, &s, "required", required);
    return s;
}

struct val openapi_fields(struct openapi *o, const struct field_list *l)
{
    struct val s = openapi_type(o, "object"), properties = val_map(), required = val_list();
    for (size_t i = 0; i < l->n; i++) {
        openapi_set(o, &properties, l->items[i].name, openapi_field(o, &l->items[i]));
        if (l->items[i].required) openapi_add(o, &required, val_str(l->items[i].name));
    }
    openapi_set(o, &s, "properties", properties);
    if (required.as.list.n) openapi_set(o, &s, "required", required);
    openapi_set(o, &s, "additionalProperties", val_bool(false));
    return s;
}

struct val openapi_declared(struct openapi *o, const struct val *declared)
{
    struct field_list fields = {0};
    struct err ignored;
    if (!val_is(declared, VAL_MAP) || field_parse_list(o->a, declared, &fields, &ignored) != 0) fields.n = 0;
    return openapi_fields(o, &fields);
}

/* "until_" is written so in Lua alone. */
static const char *outer_name(struct openapi *o, const char *name)
{
    size_t n = strlen(name);
    return n && name[n - 1] == '_' ? arena_strndup(o->a, name, n - 1) : name;
}

/* "map" with the keys that it may have, "list", "object:unit", or a type of field. */
struct val openapi_param(struct openapi *o, const struct api_param *p)
{
    struct field f;
    struct err ignored;
    if (strcmp(p->type, "any") == 0 || strcmp(p->type, "fn") == 0) return val_map();
    if (strncmp(p->type, "object", 6) == 0) return openapi_type(o, "integer");
    if (strcmp(p->type, "list") == 0) return openapi_type(o, "array");
    if (strcmp(p->type, "map") != 0)
        return field_parse(o->a, p->name, p->type, &f, &ignored) == 0 ? openapi_field(o, &f) : val_map();
    struct val s = openapi_type(o, "object"), properties = val_map(), required = val_list();
    for (size_t i = 0; i < p->nkeys; i++) {
        const char *name = outer_name(o, p->keys[i].name);
        openapi_set(o, &properties, name, openapi_param(o, &p->keys[i]));
        if (p->keys[i].required) openapi_add(o, &required, val_str(name));
    }
    if (p->nkeys) openapi_set(o, &s, "properties", properties);
    if (required.as.list.n) openapi_set(o, &s, "required", required);
    return s;
}
