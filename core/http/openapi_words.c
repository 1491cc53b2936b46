/* Schemas out of words: "id:integer! tasks:@Task[] ways:map:text rows:list{n:integer!,why:text}" (`gives` in
 * plugin/api.h). A word is a name, its type, and ! where it is always there; in braces words end with a comma. */
#include <string.h>

#include "http/openapi.h"

struct val openapi_list_of(struct openapi *o, struct val items)
{
    return OPENAPI_MAP(o, {"type", val_str("array")}, {"items", items});
}

static struct val any_members(struct openapi *o, struct val each)
{
    return OPENAPI_MAP(o, {"type", val_str("object")}, {"additionalProperties", each});
}

/* `ends`: what a word ends with, outside of braces of its own. */
static const char *next_word(struct openapi *o, const char *at, const char *ends, struct openapi_word *w)
{
    size_t len = 0, colon = strcspn(at, ":");
    for (int depth = 0; at[len] && (depth || !strchr(ends, at[len])); len++)
        depth += (at[len] == '{') - (at[len] == '}');
    w->required = at[len - 1] == '!';
    const char *name = arena_strndup(o->a, at, colon);
    const char *type = arena_strndup(o->a, at + colon + 1, len - colon - 1 - w->required);
    w->name = name ? name : "";
    w->schema = type ? openapi_word_type(o, type) : val_map();
    o->failed |= !name || !type;
    return at + len + strspn(at + len, (const char[]){ends[0], '\0'});
}

static struct val members(struct openapi *o, const char *at, const char *ends)
{
    struct val properties = val_map(), required = val_list(), s = openapi_type(o, "object");
    while (*at && *at != '}' && *at != '[') {
        struct openapi_word w;
        at = next_word(o, at, ends, &w);
        openapi_set(o, &properties, w.name, w.schema);
        if (w.required) openapi_add(o, &required, val_str(w.name));
    }
    openapi_set(o, &s, "properties", properties);
    if (required.as.list.n) openapi_set(o, &s, "required", required);
    return s;
}

struct val openapi_word_type(struct openapi *o, const char *type)
{
    struct field f = {.type = FIELD_JSON};
    struct err ignored;
    size_t n = strlen(type);
    if (strcmp(type, "map") == 0) return any_members(o, val_bool(true));
    if (strncmp(type, "map:", 4) == 0) return any_members(o, openapi_word_type(o, type + 4));
    if (strncmp(type, "map{", 4) == 0) return members(o, type + 4, ",}");
    if (strncmp(type, "list{", 5) == 0) return openapi_list_of(o, members(o, type + 5, ",}"));
    if (strncmp(type, "list:", 5) == 0) return openapi_list_of(o, openapi_word_type(o, type + 5));
    if (type[0] == '@' && n > 2 && strcmp(type + n - 2, "[]") == 0)
        return openapi_list_of(o, openapi_ref(o, arena_strndup(o->a, type + 1, n - 3)));
    if (type[0] == '@') return openapi_ref(o, type + 1);
    return field_parse(o->a, "x", type, &f, &ignored) == 0 ? openapi_field(o, &f) : val_map();
}

const char *openapi_next_word(struct openapi *o, const char *at, struct openapi_word *w)
{
    return next_word(o, at, " ", w);
}

struct val openapi_words(struct openapi *o, const char *words)
{
    if (strcmp(words, "*") == 0) return any_members(o, val_bool(true));
    return words[0] == '@' ? openapi_ref(o, words + 1) : members(o, words, " ");
}
