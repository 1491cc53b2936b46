/* Declared tables from JSON declarations. */
#ifndef KHUNG_TEST_STORE_TABLE_FIXTURE_H
#define KHUNG_TEST_STORE_TABLE_FIXTURE_H

#include "fixture.h"

#include "base/field.h"
#include "store/table.h"

static inline void table_fixture_init(struct fixture *f)
{
    static const struct store_migration *const lists[] = {table_migrations};
    fixture_init(f);
    if (store_migrate(f->db, lists, 1, 1, &f->err)) fail_msg("migrate: %s", f->err.key);
}

/* {"fields": {…}, "unique": [[…]], "index": [[…]]} → a table named "nom". */
static inline int try_build(struct fixture *f, const char *json, struct table **out)
{
    struct val *spec = arena_alloc(&f->a, sizeof(*spec));
    *spec = json_of(f, json);
    struct table_spec ts = {.sql_name = "p_awards__nom",
                            .shown_name = "nom",
                            .unique = val_get(spec, "unique"),
                            .index = val_get(spec, "index"),
                            .renamed = val_get(spec, "renamed"),
                            .dropped = val_get(spec, "dropped"),
                            .converted = val_get(spec, "converted"),
                            .plain = val_get_bool(spec, "plain", false)};
    err_clear(&f->err);
    int rc = field_parse_list(&f->a, val_get(spec, "fields"), &ts.fields, &f->err);
    return rc ? rc : table_build(&f->a, &ts, out, &f->err);
}

static inline struct table *build(struct fixture *f, const char *json)
{
    struct table *t;
    if (try_build(f, json, &t)) fail_msg("%s: %s %s", json, f->err.key, err_arg(&f->err, "field"));
    return t;
}

static inline int try_migrate(struct fixture *f, const char *json)
{
    err_clear(&f->err);
    store_begin(f->db, &f->err);
    int rc = table_migrate(f->db, build(f, json), NULL, &f->err);
    if (rc)
        store_rollback(f->db);
    else
        store_commit(f->db, &f->err);
    return rc;
}

static inline struct table *make(struct fixture *f, const char *json)
{
    if (try_migrate(f, json)) fail_msg("%s: %s %s", json, f->err.key, err_arg(&f->err, "detail"));
    return build(f, json);
}

static inline int try_insert(struct fixture *f, struct table *t, int64_t id, const char *json)
{
    struct val row = json_of(f, json);
    err_clear(&f->err);
    return table_insert(f->db, t, id, &row, &f->err);
}

static inline void insert(struct fixture *f, struct table *t, int64_t id, const char *json)
{
    if (try_insert(f, t, id, json)) fail_msg("%s: %s %s", json, f->err.key, err_arg(&f->err, "detail"));
}

static inline const char *row_of(struct fixture *f, struct table *t, int64_t id)
{
    struct val row;
    int rc = table_get(f->db, t, id, &f->a, &row, &f->err);
    if (rc < 0) fail_msg("get: %s", f->err.key);
    return rc ? text_of(f, &row) : "none";
}

/* "1 2 3": the ids of what is found, or the key of the error. */
static inline const char *ids_of(struct fixture *f, struct table *t, const char *where)
{
    struct val cond = json_of(f, where), rows;
    struct table_query q = {.where = &cond};
    const char *cursor, *text = "";
    err_clear(&f->err);
    if (table_find(f->db, t, &q, &f->a, &rows, &cursor, &f->err)) return arena_strdup(&f->a, f->err.key);
    for (size_t i = 0; val_at(&rows, i); i++)
        text = arena_printf(&f->a, "%s%s%d", text, i ? " " : "", (int)val_get_int(val_at(&rows, i), "id", 0));
    return text;
}

#endif
