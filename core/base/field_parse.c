/* Field types: parsing the words in which plugins declare data. */
#include "base/field.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

static const struct {
    const char *name;
    enum field_type type;
    bool scalar;
} types[] = {
    {"text", FIELD_TEXT, true},         {"markdown", FIELD_MARKDOWN, false},
    {"integer", FIELD_INTEGER, true},   {"number", FIELD_NUMBER, true},
    {"money", FIELD_MONEY, true},       {"boolean", FIELD_BOOLEAN, true},
    {"date", FIELD_DATE, true},         {"instant", FIELD_INSTANT, true},
    {"duration", FIELD_DURATION, true}, {"choice", FIELD_CHOICE, true},
    {"file", FIELD_FILE, false},        {"unit", FIELD_UNIT, true},
    {"person", FIELD_PERSON, true},     {"ref", FIELD_REF, true},
    {"list", FIELD_LIST, false},        {"json", FIELD_JSON, false},
};
enum { NTYPES = sizeof(types) / sizeof(types[0]), NAME_MAX_LEN = 48, CHOICES_MAX = 256 };

const char *field_type_name(enum field_type type)
{
    return types[type].name;
}

bool field_is_scalar(enum field_type type)
{
    return types[type].scalar;
}

bool field_is_tree(enum field_type type)
{
    return type == FIELD_JSON || type == FIELD_LIST || type == FIELD_FILE;
}

static int find_type(const char *s, size_t n, enum field_type *out)
{
    for (size_t i = 0; i < NTYPES; i++) {
        if (strlen(types[i].name) != n || strncmp(types[i].name, s, n) != 0) continue;
        *out = types[i].type;
        return 0;
    }
    return ERR_INVALID;
}

static int parse_choices(struct arena *a, const char *list, struct field *out)
{
    size_t n = 1, at = 0;
    for (const char *p = list; *p; p++)
        n += *p == ',';
    if (n > CHOICES_MAX || !*list) return ERR_INVALID;
    out->choices = arena_alloc(a, (n + 1) * sizeof(*out->choices));
    if (!out->choices) return ERR_NOMEM;
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ",");
        if (len == 0) return ERR_INVALID;
        out->choices[at] = arena_strndup(a, p, len);
        if (!out->choices[at++]) return ERR_NOMEM;
        p += len;
        if (*p && !*++p) return ERR_INVALID; /* ends in a comma */
    }
    return 0;
}

static int parse_target(struct arena *a, const char *rest, struct field *out)
{
    enum field_type item;
    size_t n = strcspn(rest, ":");
    if (out->type == FIELD_REF) {
        out->target = arena_strdup(a, rest);
        return !*rest ? ERR_INVALID : out->target ? 0 : ERR_NOMEM;
    }
    if (find_type(rest, n, &item) != 0 || item == FIELD_LIST || item == FIELD_CHOICE) return ERR_INVALID;
    out->item = item;
    if (item != FIELD_REF) return rest[n] ? ERR_INVALID : 0;
    if (rest[n] != ':' || !rest[n + 1]) return ERR_INVALID;
    out->item_target = arena_strdup(a, rest + n + 1);
    return out->item_target ? 0 : ERR_NOMEM;
}

static int parse_type(struct arena *a, const char *decl, struct field *out)
{
    size_t n = strlen(decl);
    if (n && decl[n - 1] == '!') {
        out->required = true;
        n--;
    }
    char *text = arena_strndup(a, decl, n);
    if (!text) return ERR_NOMEM;
    size_t head = strcspn(text, ":");
    const char *rest = text[head] ? text + head + 1 : "";
    if (find_type(text, head, &out->type) != 0) return ERR_INVALID;
    if (out->type == FIELD_CHOICE) return parse_choices(a, rest, out);
    if (out->type == FIELD_REF || out->type == FIELD_LIST) return parse_target(a, rest, out);
    return text[head] ? ERR_INVALID : 0;
}

int field_parse(struct arena *a, const char *name, const char *decl, struct field *out, struct err *err)
{
    *out = (struct field){0};
    out->name = arena_strdup(a, name);
    int rc = out->name ? parse_type(a, decl, out) : ERR_NOMEM;
    if (rc == ERR_INVALID) return err_set(err, rc, "field.type", "field", name, "type", decl, NULL);
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static bool is_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > NAME_MAX_LEN || !islower((unsigned char)*s)) return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

/* "type" or { "type", default = … } (in which case the value is a list or a map with key "1"). */
static int parse_one(struct arena *a, const char *name, const struct val *decl, struct field *out, struct err *err)
{
    const struct val *type = decl, *options = NULL;
    if (val_is(decl, VAL_MAP)) {
        type = val_get(decl, "type") ? val_get(decl, "type") : val_get(decl, "1");
        options = decl;
    } else if (val_is(decl, VAL_LIST)) {
        type = val_at(decl, 0);
    }
    const char *text = val_cstr(a, type);
    if (!is_name(name)) return err_set(err, ERR_INVALID, "field.name", "field", name, NULL);
    if (!text && val_is(type, VAL_STR) && !memchr(type->as.str.s, '\0', type->as.str.len))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (!text)
        return err_set(err, ERR_INVALID, "field.type", "field", name, "type", decl ? val_type_name(decl->type) : "nil",
                       NULL);
    int rc = field_parse(a, name, text, out, err);
    out->options = options;
    return rc;
}

int field_parse_list(struct arena *a, const struct val *decl, struct field_list *out, struct err *err)
{
    size_t n = val_is(decl, VAL_MAP) ? decl->as.map.n : 0;
    *out = (struct field_list){0};
    if (!val_is(decl, VAL_MAP) && !(val_is(decl, VAL_LIST) && decl->as.list.n == 0))
        return err_set(err, ERR_INVALID, "field.list", NULL);
    struct field *items = arena_alloc(a, (n + 1) * sizeof(*items));
    if (!items) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; i < n; i++) {
        int rc = parse_one(a, decl->as.map.pairs[i].key, &decl->as.map.pairs[i].v, &items[i], err);
        if (rc) return rc;
    }
    qsort(items, n, sizeof(*items), by_name);
    out->items = items;
    out->n = n;
    return 0;
}

const struct field *field_find(const struct field_list *l, const char *name)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(name, l->items[mid].name);
        if (order == 0) return &l->items[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}
