/* What route.get and its like declare, checked once when the plugin is loaded; and finding it. */
#include <stdio.h>
#include <string.h>

#include "route/route_internal.h"

static int bad(struct err *err, const struct route_def *def, const char *option, const char *detail)
{
    return err_set(err, ERR_INVALID, "route.option", "route", def->name, "option", option, "detail", detail, NULL);
}

/* Each parameter of the path is there in any case, and is text unless `params` says otherwise. */
static int compile_params(struct route_def *def, const struct val *declared, struct arena *a, struct err *err)
{
    struct val all = val_map();
    struct route_segment seg;
    size_t at = 0;
    while (route_path_next(def->path, NULL, &at, &seg)) {
        const char *name = arena_strndup(a, seg.name, seg.name_len);
        const struct val *own = name ? val_get(declared, name) : NULL;
        if (!name || val_set(a, &all, name, own ? *own : val_str("text!")))
            return err_set(err, ERR_NOMEM, "memory", NULL);
    }
    for (size_t i = 0; val_is(declared, VAL_MAP) && i < declared->as.map.n; i++)
        if (!val_get(&all, declared->as.map.pairs[i].key))
            return bad(err, def, "params", declared->as.map.pairs[i].key);
    return field_parse_list(a, &all, &def->params, err);
}

static int compile_fields(const struct val *declared, struct arena *a, struct field_list *out, bool *has,
                          struct err *err)
{
    struct val none = val_map();
    *has = declared && declared->type != VAL_NIL;
    bool is_empty = *has && declared->type == VAL_LIST && declared->as.list.n == 0;
    return *has ? field_parse_list(a, is_empty ? &none : declared, out, err) : 0;
}

/* unit = "param:NAME" may name any value of the request. */
static int compile_access(struct route_def *def, const struct val *spec, struct arena *a, struct err *err)
{
    const struct field_list *lists[] = {&def->params, &def->query, &def->input};
    const char *wrong = "";
    if (!spec || spec->type == VAL_NIL) return 0;
    def->is_public = val_is_str(spec, "public");
    for (size_t i = 0; !def->is_public && i < 3; i++) {
        def->access = (struct people_access){0};
        if (people_access_parse(spec, lists[i], a, &def->access, &wrong) == 0) return 0;
    }
    return def->is_public ? 0 : bad(err, def, "access", wrong);
}

/* "html", "svg", "text"; { field = type }, { { field = type } } for a list of them. */
static int check_output(struct route_def *def, struct arena *a, struct err *err)
{
    static const char *const words[] = {"html", "svg", "text", "json"};
    struct field_list ignored;
    const struct val *v = def->output;
    for (size_t i = 0; v && i < sizeof(words) / sizeof(words[0]); i++)
        if (val_is_str(v, words[i])) return 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_LIST && v->as.list.n == 1) v = &v->as.list.items[0];
    if (v->type != VAL_MAP) return bad(err, def, "output", val_type_name(v->type));
    return field_parse_list(a, v, &ignored, err);
}

int route_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct route_def *def = arena_alloc(a, sizeof(*def));
    const struct val *o = val_get(&d->spec, "options");
    (void)self;
    (void)r;
    if (!def) return err_set(err, ERR_NOMEM, "memory", NULL);
    *def = (struct route_def){.name = d->name,
                              .method = val_cstr(a, val_get(&d->spec, "method")),
                              .plugin = d->plugin,
                              .path = val_cstr(a, val_get(&d->spec, "path")),
                              .title = val_get(o, "title"),
                              .output = val_get(o, "output")};
    def->reads = strcmp(def->method, "GET") == 0;
    int rc = compile_params(def, val_get(o, "params"), a, err);
    if (rc == 0) rc = compile_fields(val_get(o, "query"), a, &def->query, &def->has_query, err);
    if (rc == 0) rc = compile_fields(val_get(o, "input"), a, &def->input, &def->has_input, err);
    if (rc == 0 && def->reads && def->has_input) rc = bad(err, def, "input", def->method);
    if (rc == 0) rc = compile_access(def, val_get(o, "access"), a, err);
    if (rc == 0) rc = check_output(def, a, err);
    d->compiled = def;
    return rc;
}

const struct route_def *route_find(const struct registry *r, const char *method, const char *path, char allow[64])
{
    const struct route_def *best = NULL;
    unsigned how = 0;
    size_t i = 0;
    allow[0] = '\0';
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (const struct decl *d; r && (d = registry_each(r, "route", &i));) {
        const struct route_def *def = d->compiled;
        unsigned fits = route_path_fits(def->path, path);
        size_t at = strlen(allow);
        if (fits && !strstr(allow, def->method)) snprintf(allow + at, 64 - at, "%s%s", at ? ", " : "", def->method);
        if (fits <= how || strcmp(def->method, method) != 0) continue;
        best = def;
        how = fits;
    }
    return best;
}
