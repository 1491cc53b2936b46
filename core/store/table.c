/* Declared tables: built once, with the texts of their statements. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/table_internal.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

static char *take_text(struct arena *a, struct buf *b)
{
    char *text = buf_ok(b) ? arena_strndup(a, b->data, b->len) : NULL;
    buf_close(b);
    return text;
}

static void write_names(struct buf *b, const struct table *t, const char *before)
{
    for (size_t i = 0; i < t->n; i++)
        buf_printf(b, ", %s\"%s\"", before, t->fields[i].name);
}

static const char *make_columns(struct arena *a, const struct table *t)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_add_str(&b, t->plain ? "id" : "id, version");
    write_names(&b, t, "");
    return take_text(a, &b);
}

static const char *make_insert(struct arena *a, const struct table *t)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_printf(&b, "insert into \"%s\"(id%s", t->sql_name, t->plain ? "" : ", version");
    write_names(&b, t, "");
    buf_printf(&b, ") values(?1%s", t->plain ? "" : ", 1");
    for (size_t i = 0; i < t->n; i++)
        buf_printf(&b, ", ?%zu", i + 2);
    buf_add_str(&b, ")");
    return take_text(a, &b);
}

static bool begins_one(const struct val *lists, const char *field)
{
    char text[TABLE_NAME_MAX];
    for (size_t i = 0; val_at(lists, i); i++) {
        const char *first = table_name_of(val_at(val_at(lists, i), 0), text);
        if (strcmp(first + (first[0] == '-'), field) == 0) return true;
    }
    return false;
}

bool table_is_indexed(const struct table *t, const char *field)
{
    return begins_one(t->index, field) || begins_one(t->unique, field);
}

const char *table_name_of(const struct val *v, char out[TABLE_NAME_MAX])
{
    out[0] = '\0';
    if (!val_is(v, VAL_STR) || v->as.str.len >= TABLE_NAME_MAX) return out;
    memcpy(out, v->as.str.s, v->as.str.len);
    out[v->as.str.len] = '\0';
    return out;
}

/* The caller's lists need not outlive the build. */
static int copy_lists(struct arena *a, const struct val *lists, const struct val **out)
{
    struct val *copy = lists ? arena_alloc(a, sizeof(*copy)) : NULL;
    *out = copy;
    if (!lists) return 0;
    return copy && val_copy(a, lists, copy) == 0 ? 0 : ERR_NOMEM;
}

static int check_columns(const struct table *t, const struct val *lists, struct err *err)
{
    for (size_t i = 0; val_at(lists, i); i++) {
        const struct val *list = val_at(lists, i);
        for (size_t k = 0; val_at(list, k); k++) {
            char name[TABLE_NAME_MAX];
            const char *plain = table_name_of(val_at(list, k), name);
            plain += *plain == '-';
            const struct field *f = where_field(t, plain);
            if (f && field_is_scalar(f->type)) continue;
            return err_set(err, ERR_INVALID, "table.index", "table", t->shown_name, "field", plain, NULL);
        }
        if (!val_is(list, VAL_LIST) || list->as.list.n == 0)
            return err_set(err, ERR_INVALID, "table.index", "table", t->shown_name, "field", "", NULL);
    }
    return 0;
}

static int bad_step(const struct table *t, const char *field, const char *step, struct err *err)
{
    return err_set(err, ERR_INVALID, "table.step", "table", t->shown_name, "field", field, "step", step, NULL);
}

/* renamed = { declared = "not declared" }, dropped = { "not declared" }. */
static int check_steps(const struct table *t, struct err *err)
{
    char name[TABLE_NAME_MAX];
    for (size_t i = 0; val_is(t->renamed, VAL_MAP) && i < t->renamed->as.map.n; i++) {
        const char *new = t->renamed->as.map.pairs[i].key;
        const char *old = table_name_of(&t->renamed->as.map.pairs[i].v, name);
        if (!table_field(t, new)) return bad_step(t, new, "renamed", err);
        if (!*old || table_field(t, old) || strchr(old, '"')) return bad_step(t, old, "renamed", err);
    }
    for (size_t i = 0; val_at(t->dropped, i); i++) {
        const char *old = table_name_of(val_at(t->dropped, i), name);
        if (!*old || table_field(t, old)) return bad_step(t, old, "dropped", err);
    }
    return 0;
}

int table_build(struct arena *a, const struct table_spec *spec, struct table **out, struct err *err)
{
    struct table *t = arena_alloc(a, sizeof(*t));
    if (!t) goto memory;
    t->sql_name = arena_strdup(a, spec->sql_name);
    t->shown_name = arena_strdup(a, spec->shown_name);
    t->n = spec->fields.n + spec->nextra;
    t->plain = spec->plain;
    t->fields = arena_alloc(a, (t->n + 1) * sizeof(*t->fields));
    if (!t->sql_name || !t->shown_name || !t->fields) goto memory;
    if (copy_lists(a, spec->unique, &t->unique) || copy_lists(a, spec->index, &t->index) ||
        copy_lists(a, spec->renamed, &t->renamed) || copy_lists(a, spec->dropped, &t->dropped) ||
        copy_lists(a, spec->converted, &t->converted))
        goto memory;
    if (spec->fields.n) memcpy(t->fields, spec->fields.items, spec->fields.n * sizeof(*t->fields));
    if (spec->nextra) memcpy(t->fields + spec->fields.n, spec->extra, spec->nextra * sizeof(*t->fields));
    qsort(t->fields, t->n, sizeof(*t->fields), by_name);
    for (size_t i = 0; i < t->n; i++) {
        bool own = strcmp(t->fields[i].name, "id") == 0 || (!t->plain && strcmp(t->fields[i].name, "version") == 0);
        bool twice = i && strcmp(t->fields[i].name, t->fields[i - 1].name) == 0;
        if (own || twice)
            return err_set(err, ERR_INVALID, "table.reserved", "table", t->shown_name, "field", t->fields[i].name,
                           NULL);
    }
    int rc = check_columns(t, t->unique, err);
    if (rc == 0) rc = check_columns(t, t->index, err);
    if (rc == 0) rc = check_steps(t, err);
    if (rc) return rc;
    t->columns = make_columns(a, t);
    t->insert_sql = make_insert(a, t);
    t->get_sql = t->columns ? arena_printf(a, "select %s from \"%s\" where id = ?1", t->columns, t->sql_name) : NULL;
    t->delete_sql = arena_printf(a, "delete from \"%s\" where id = ?1", t->sql_name);
    t->size_sql = table_size_sql(a, t);
    if (!t->insert_sql || !t->get_sql || !t->delete_sql || !t->size_sql) goto memory;
    *out = t;
    return 0;
memory:
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

const struct field *table_field(const struct table *t, const char *name)
{
    struct field_list l = {t->fields, t->n};
    return field_find(&l, name);
}

const char *table_sql_name(const struct table *t)
{
    return t->sql_name;
}
