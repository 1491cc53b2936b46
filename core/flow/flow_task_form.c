/* The form of a task: what is to be filled in, in the reader's language. */
#include "flow/flow_task.h"
#include "flow/task.h"

#include <stdlib.h>
#include <string.h>

/* Names that an answer has by itself: who fills in a form must not be able to write them. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"by",       "as",       "on_behalf_of", "at",        "task",
                                        "item",     "revision", "hash",         "timed_out", "voided",
                                        "comments", "changed",  "revision_now", "shown"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

int flow_task_form_check(struct arena *a, const struct val *form, struct err *err)
{
    struct field_list fields;
    int rc = field_parse_list(a, form, &fields, err);
    for (size_t i = 0; rc == 0 && i < fields.n; i++)
        if (is_reserved(fields.items[i].name))
            rc = err_set(err, ERR_INVALID, "task.form_name", "field", fields.items[i].name, NULL);
    return rc;
}

enum { FORMS_MAX = 100 };

int flow_task_forms_check(struct arena *a, const struct val *forms, struct err *err)
{
    int rc = 0;
    if (!forms || forms->type == VAL_NIL) return 0;
    if (forms->type != VAL_MAP || forms->as.map.n > FORMS_MAX) return err_set(err, ERR_INVALID, "flow.forms", NULL);
    for (size_t i = 0; rc == 0 && i < forms->as.map.n; i++)
        rc = flow_task_form_check(a, &forms->as.map.pairs[i].v, err);
    return rc;
}

int flow_task_usual_form(struct arena *a, struct val *form)
{
    *form = val_map();
    return val_set(a, form, "decision", val_str("choice:approve,return!")) ||
                   val_set(a, form, "comment", val_str("text"))
               ? ERR_NOMEM
               : 0;
}

int flow_task_form(struct arena *a, const struct flow_task *t, struct val *form, struct err *err)
{
    *form = t->form;
    if (t->form.type == VAL_MAP) return 0;
    return flow_task_usual_form(a, form) ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

int flow_task_form_of(struct session *s, int64_t id, struct arena *a, struct val *form, struct err *err)
{
    struct flow_task t;
    struct err_num n;
    int rc = flow_task_load(s->db, id, a, &t, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    return rc == 1 ? flow_task_form(a, &t, form, err) : rc;
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
