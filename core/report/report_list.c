/* Finding reports in the registry, and describing them: titles in the reader's language, parameters, columns. */
#include "report/report_internal.h"

#include <string.h>

const struct report_def *report_find(const struct registry *r, const char *name)
{
    const struct decl *d = r ? registry_find(r, "report", NULL, name) : NULL;
    return d ? d->compiled : NULL;
}

const char *report_title(const struct val *title, const char *lang, const char *otherwise, struct arena *a)
{
    const struct val *v = title;
    if (val_is(title, VAL_MAP)) {
        v = val_get(title, lang);
        if (!v && title->as.map.n) v = &title->as.map.pairs[0].v;
    }
    const char *text = val_is(v, VAL_STR) ? val_cstr(a, v) : NULL;
    return text ? text : otherwise;
}

static int set_str(struct arena *a, struct val *map, const char *key, const char *s)
{
    return val_set(a, map, key, val_str(s));
}

static const char *type_name(const struct field *f, struct arena *a)
{
    const char *name = field_type_name(f->type);
    struct buf all;
    if (f->type != FIELD_CHOICE || !f->choices) return name;
    buf_init(&all, 4 << 10);
    buf_add_str(&all, name);
    for (size_t i = 0; f->choices[i]; i++) {
        buf_add_char(&all, i ? ',' : ':');
        buf_add_str(&all, f->choices[i]);
    }
    char *text = buf_ok(&all) ? arena_strndup(a, all.data, all.len) : NULL;
    buf_close(&all);
    return text ? text : name;
}

static int list_params(const struct report_def *def, const char *lang, struct arena *a, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < def->params.n; i++) {
        const struct field *f = &def->params.items[i];
        struct val one = val_map();
        const struct val *otherwise = val_get(f->options, "default");
        rc = set_str(a, &one, "name", f->name);
        if (rc == 0) rc = set_str(a, &one, "type", type_name(f, a));
        if (rc == 0) rc = val_set(a, &one, "required", val_bool(f->required));
        if (rc == 0) rc = set_str(a, &one, "title", report_title(val_get(f->options, "title"), lang, f->name, a));
        if (rc == 0 && otherwise) rc = val_set(a, &one, "default", *otherwise);
        if (rc == 0) rc = val_add(a, out, one);
    }
    return rc;
}

static int list_columns(const struct report_def *def, const char *lang, struct arena *a, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < def->ncolumns; i++) {
        const struct report_column *c = &def->columns[i];
        struct val one = val_map();
        rc = set_str(a, &one, "name", c->field.name);
        if (rc == 0) rc = set_str(a, &one, "type", type_name(&c->field, a));
        if (rc == 0) rc = set_str(a, &one, "title", report_title(c->title, lang, c->field.name, a));
        if (rc == 0 && c->total == REPORT_SUM) rc = set_str(a, &one, "total", "sum");
        if (rc == 0) rc = val_add(a, out, one);
    }
    return rc;
}

static int describe(const struct report_def *def, const char *lang, struct arena *a, struct val *out)
{
    struct val params, columns;
    *out = val_map();
    int rc = set_str(a, out, "name", def->name);
    if (rc == 0) rc = set_str(a, out, "plugin", def->plugin);
    if (rc == 0) rc = set_str(a, out, "title", report_title(def->title, lang, def->name, a));
    if (rc == 0) rc = list_params(def, lang, a, &params);
    if (rc == 0) rc = val_set(a, out, "params", params);
    if (rc == 0) rc = list_columns(def, lang, a, &columns);
    if (rc == 0) rc = val_set(a, out, "columns", columns);
    if (rc == 0 && def->chart) rc = val_set(a, out, "chart", *def->chart);
    if (rc == 0 && def->group) rc = val_set(a, out, "group", *def->group);
    return rc;
}

int report_list(const struct registry *r, const char *lang, struct arena *a, struct val *out, struct err *err)
{
    size_t i = 0;
    *out = val_list();
    for (const struct decl *d; r && (d = registry_each(r, "report", &i));) {
        struct val one;
        if (describe(d->compiled, lang, a, &one) != 0 || val_add(a, out, one) != 0)
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return 0;
}
