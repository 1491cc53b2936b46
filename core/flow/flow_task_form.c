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
        if (field_show(a, sorted[i], lang, &one) || val_add(a, out, one))
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return 0;
}
