/* What report.define declares, checked once when the plugin is loaded: mistakes are found before anybody runs it. */
#include "report/report_internal.h"

#include <string.h>

static int bad(struct err *err, const char *report, const char *what, const char *detail)
{
    return err_set(err, ERR_INVALID, "report.option", "report", report, "option", what, "detail", detail, NULL);
}

static bool is_title(const struct val *v)
{
    if (!v || v->type == VAL_STR) return true;
    if (v->type != VAL_MAP) return false;
    for (size_t i = 0; i < v->as.map.n; i++)
        if (v->as.map.pairs[i].v.type != VAL_STR) return false;
    return true;
}

/* { "unit", "unit" } or { name = "unit", type = "unit", title =, total = }. */
static const struct val *part(const struct val *column, const char *key, size_t at)
{
    const struct val *v = val_get(column, key);
    if (!v) v = val_get(column, at ? "2" : "1");
    return v ? v : val_at(column, at);
}

static struct report_column *find_column(struct report_def *def, const char *name)
{
    for (size_t i = 0; i < def->ncolumns; i++)
        if (strcmp(def->columns[i].field.name, name) == 0) return &def->columns[i];
    return NULL;
}

static int compile_column(struct report_def *def, const struct val *spec, struct arena *a, struct err *err)
{
    struct report_column *c = &def->columns[def->ncolumns];
    const char *name = val_cstr(a, part(spec, "name", 0)), *type = val_cstr(a, part(spec, "type", 1));
    const struct val *total = val_get(spec, "total");
    if (!name || !*name || !type || find_column(def, name)) return bad(err, def->name, "columns", name ? name : "");
    int rc = field_parse(a, name, type, &c->field, err);
    if (rc) return rc;
    c->title = val_get(spec, "title");
    if (!is_title(c->title)) return bad(err, def->name, "title", name);
    if (total && total->type != VAL_NIL) {
        if (!val_is_str(total, "sum") || !report_cell_is_number(c->field.type))
            return bad(err, def->name, "total", name);
        c->total = REPORT_SUM;
    }
    def->ncolumns++;
    return 0;
}

static int compile_columns(struct report_def *def, const struct val *list, struct arena *a, struct err *err)
{
    if (!val_is(list, VAL_LIST) || list->as.list.n == 0 || list->as.list.n > REPORT_COLUMNS_MAX)
        return bad(err, def->name, "columns", "1 – 64");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->as.list.n; i++)
        rc = compile_column(def, &list->as.list.items[i], a, err);
    return rc;
}

/* Do the columns that a chart or a grouping names exist? */
static int check_names(struct report_def *def, const struct val *spec, const char *option, struct arena *a,
                       struct err *err)
{
    static const char *const axes[] = {"x", "y"};
    if (spec->type == VAL_STR) {
        const char *name = val_cstr(a, spec);
        return name && find_column(def, name) ? 0 : bad(err, def->name, option, name);
    }
    if (spec->type != VAL_MAP) return bad(err, def->name, option, val_type_name(spec->type));
    for (size_t i = 0; i < 2; i++) {
        const char *name = val_cstr(a, val_get(spec, axes[i]));
        if (!name || !find_column(def, name)) return bad(err, def->name, option, name ? name : axes[i]);
    }
    return 0;
}

static int compile_chart(struct report_def *def, const struct val *spec, struct arena *a, struct err *err)
{
    const struct val *kind = val_get(spec, "kind");
    def->chart = spec;
    if (spec->type != VAL_MAP || !(val_is_str(kind, "bar") || val_is_str(kind, "line") || val_is_str(kind, "pie")))
        return bad(err, def->name, "chart", "bar line pie");
    return check_names(def, spec, "chart", a, err);
}

static int compile_group(struct report_def *def, const struct val *spec, struct arena *a, struct err *err)
{
    def->group = spec;
    if (spec->type != VAL_STR) return bad(err, def->name, "group", val_type_name(spec->type));
    return check_names(def, spec, "group", a, err);
}

static int compile_access(struct report_def *def, const struct val *spec, struct arena *a, struct err *err)
{
    const char *wrong;
    int rc = people_access_parse(spec, &def->params, a, &def->access, &wrong);
    return rc ? bad(err, def->name, "access", wrong) : 0;
}

int report_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct report_def *def = arena_alloc(a, sizeof(*def));
    struct val none = val_map();
    const struct val *params = val_get(&d->spec, "params"), *access = val_get(&d->spec, "access");
    const struct val *chart = val_get(&d->spec, "chart"), *group = val_get(&d->spec, "group");
    (void)self;
    (void)r;
    if (!def) return err_set(err, ERR_NOMEM, "memory", NULL);
    *def = (struct report_def){.name = d->name, .plugin = d->plugin, .access.verb = "report.run"};
    def->title = val_get(&d->spec, "title");
    int rc = is_title(def->title) ? 0 : bad(err, def->name, "title", "");
    if (rc == 0) rc = field_parse_list(a, params ? params : &none, &def->params, err);
    if (rc == 0) rc = compile_columns(def, val_get(&d->spec, "columns"), a, err);
    if (rc == 0 && access) rc = compile_access(def, access, a, err);
    if (rc == 0 && chart) rc = compile_chart(def, chart, a, err);
    if (rc == 0 && group) rc = compile_group(def, group, a, err);
    d->compiled = def;
    return rc;
}
