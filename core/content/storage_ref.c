/* References between declared tables, and from tables to content: checked when a row comes, and
 * when one would go.
 *
 * "ref:NAME" is a table of the same plugin, else a content type; "ref:PLUGIN.NAME" is another
 * plugin's exported table. Every reference has an index (storage.c), so both questions are look-ups
 * by key. */
#include "content/storage_internal.h"

#include <stdio.h>
#include <string.h>

#include "content/content.h"

struct target {
    const struct storage_table *table; /* or */
    const char *type;                  /* a content type */
};

static bool find_target(const struct registry *r, const char *plugin, const char *name, struct target *out)
{
    const char *dot = strchr(name, '.');
    char other[STORAGE_NAME_MAX + 1];
    *out = (struct target){0};
    if (dot) {
        snprintf(other, sizeof(other), "%.*s", (int)(dot - name), name);
        out->table = storage_table_find(r, other, dot + 1);
        if (out->table && !out->table->exported && strcmp(other, plugin) != 0) out->table = NULL;
        return out->table != NULL;
    }
    out->table = storage_table_find(r, plugin, name);
    if (!out->table && registry_find(r, "type", NULL, name)) out->type = name;
    return out->table || out->type;
}

static int bad_ref(const char *field, const char *target, struct err *err)
{
    err_set(err, ERR_INVALID, "invalid.reference", "field", field, "detail", target, NULL);
    err_add_field(err, field, "invalid.reference", target);
    return ERR_INVALID;
}

static int exists(struct store *db, const struct target *to, int64_t id, struct err *err)
{
    char sql[160];
    if (to->table)
        snprintf(sql, sizeof(sql), "select 1 from %s where id=?1", table_sql_name(to->table->table));
    else
        snprintf(sql, sizeof(sql), "select 1 from item where id=?1 and type=?2");
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    if (to->type) stmt_bind_str(s, 2, to->type);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int check_one(struct store *db, const struct registry *r, const struct storage_table *t, const struct field *f,
                     const struct val *v, struct err *err)
{
    const char *name = f->type == FIELD_REF ? f->target : f->item_target;
    struct target to;
    if (!val_is(v, VAL_INT)) return 0;
    if (!find_target(r, t->plugin, name, &to)) return bad_ref(f->name, name, err);
    int rc = exists(db, &to, v->as.i, err);
    if (rc == 0) return bad_ref(f->name, name, err);
    return rc < 0 ? rc : 0;
}

int storage_refs_check(struct store *db, const struct registry *r, const struct storage_table *t, const struct val *row,
                       struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        const struct val *v = val_get(row, f->name);
        if (!v) continue;
        if (f->type == FIELD_REF) rc = check_one(db, r, t, f, v, err);
        if (f->type != FIELD_LIST || f->item != FIELD_REF || v->type != VAL_LIST) continue;
        for (size_t k = 0; rc == 0 && k < v->as.list.n; k++)
            rc = check_one(db, r, t, f, &v->as.list.items[k], err);
    }
    return rc;
}

/* 1: a row of `from` points to this one by field f. */
static int points(struct store *db, const struct storage_table *from, const struct field *f, int64_t id,
                  struct err *err)
{
    char sql[240];
    snprintf(sql, sizeof(sql), "select 1 from %s where %s=?1 limit 1", table_sql_name(from->table), f->name);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int storage_refs_hold(struct store *db, const struct registry *r, const struct storage_table *t, int64_t id,
                      struct err *err)
{
    size_t i = 0;
    for (const struct decl *d; (d = registry_each(r, "table", &i));) {
        const struct storage_table *from = d->compiled;
        for (size_t k = 0; from && k < from->fields.n; k++) {
            const struct field *f = &from->fields.items[k];
            struct target to;
            if (f->type != FIELD_REF || !find_target(r, from->plugin, f->target, &to) || to.table != t) continue;
            int rc = points(db, from, f, id, err);
            if (rc < 0) return rc;
            if (rc) return err_set(err, ERR_REFUSED, "store.reference", "table", from->name, "field", f->name, NULL);
        }
    }
    return 0;
}

int storage_refs_declared(const struct registry *r, const struct storage_table *t, struct err *err)
{
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        const char *name = f->type == FIELD_REF ? f->target : f->type == FIELD_LIST ? f->item_target : NULL;
        struct target to;
        if (!name || find_target(r, t->plugin, name, &to)) continue;
        return err_set(err, ERR_INVALID, "storage.ref_target", "table", t->name, "field", f->name, "target", name,
                       NULL);
    }
    return 0;
}
