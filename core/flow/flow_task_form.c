/* The form of a task: what is to be filled in, in the reader's language. */
#include "flow/flow_task.h"

#include <stdlib.h>
#include <string.h>

int flow_task_form(struct arena *a, const struct flow_task *t, struct val *form, struct err *err)
{
    *form = t->form;
    if (t->form.type == VAL_MAP) return 0;
    *form = val_map();
    if (val_set(a, form, "decision", val_str("choice:approve,return!")) || val_set(a, form, "comment", val_str("text")))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

/* A text, or { vi =, en = }: that of the language, else any. NULL: there is none. */
static const struct val *in_language(const struct val *v, const char *lang)
{
    if (!v || v->type == VAL_STR) return v;
    if (v->type != VAL_MAP) return NULL;
    const struct val *own = lang ? val_get(v, lang) : NULL;
    for (size_t i = 0; !val_is(own, VAL_STR) && i < v->as.map.n; i++)
        own = &v->as.map.pairs[i].v;
    return val_is(own, VAL_STR) ? own : NULL;
}

static int show_choices(struct arena *a, const struct field *f, const char *lang, struct val *out)
{
    struct val choices = val_list(), titles = val_map();
    const struct val *given = f->options ? val_get(f->options, "titles") : NULL;
    int rc = 0;
    for (size_t i = 0; f->choices && f->choices[i]; i++) {
        const struct val *title = in_language(val_get(given, f->choices[i]), lang);
        rc |= val_add(a, &choices, val_str(f->choices[i]));
        if (title) rc |= val_set(a, &titles, f->choices[i], *title);
    }
    if (f->choices) rc |= val_set(a, out, "choices", choices);
    return titles.as.map.n ? rc | val_set(a, out, "titles", titles) : rc;
}

static int show_field(struct arena *a, const struct field *f, const char *lang, struct val *out)
{
    static const char *const texts[] = {"title", "help"}, *const values[] = {"default", "min", "max"};
    *out = val_map();
    int rc = val_set(a, out, "name", val_str(f->name)) | val_set(a, out, "type", val_str(field_type_name(f->type))) |
             val_set(a, out, "required", val_bool(f->required)) | show_choices(a, f, lang, out);
    if (f->type == FIELD_LIST) rc |= val_set(a, out, "item", val_str(field_type_name(f->item)));
    for (size_t i = 0; i < 2 && f->options; i++) {
        const struct val *v = in_language(val_get(f->options, texts[i]), lang);
        if (v) rc |= val_set(a, out, texts[i], *v);
    }
    for (size_t i = 0; i < 3 && f->options; i++) {
        const struct val *v = val_get(f->options, values[i]);
        if (v) rc |= val_set(a, out, values[i], *v);
    }
    return rc;
}

static int64_t order_of(const struct field *f)
{
    return f->options ? val_get_int(f->options, "order", INT64_MAX) : INT64_MAX;
}

/* Fields come by name; `order` goes before that. */
static int by_order(const void *a, const void *b)
{
    const struct field *x = *(const struct field *const *)a, *y = *(const struct field *const *)b;
    int64_t m = order_of(x), n = order_of(y);
    return m != n ? (m > n) - (m < n) : strcmp(x->name, y->name);
}

int flow_task_fields(struct arena *a, const struct val *form, const char *lang, struct val *out, struct err *err)
{
    struct field_list fields;
    int rc = field_parse_list(a, form, &fields, err);
    *out = val_list();
    if (rc) return rc;
    const struct field **sorted = arena_alloc(a, (fields.n + 1) * sizeof(struct field *));
    if (!sorted) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; i < fields.n; i++)
        sorted[i] = &fields.items[i];
    qsort(sorted, fields.n, sizeof(struct field *), by_order);
    for (size_t i = 0; i < fields.n; i++) {
        struct val one;
        if (show_field(a, sorted[i], lang, &one) || val_add(a, out, one))
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return 0;
}
