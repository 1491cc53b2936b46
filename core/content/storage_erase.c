/* Personal columns of plugins' tables (personal.h), when their person is erased. Tables in the order of their names.
 * What is personal in a table that no active plugin declares is not known: while it has rows it is waited for. */
#include <stdio.h>
#include <string.h>

#include "content/content_internal.h"
#include "content/personal.h"
#include "content/storage_internal.h"
#include "file/file.h"
#include "runtime/crash.h"

enum { ROWS_AT_ONCE = 100, KIND_LEN = 120, TABLE_LEN = 120 };

/* The first table behind this name (or this one, if `same`) that has personal columns. */
static const struct storage_table *table_at(const struct registry *r, const char *name, bool same)
{
    const struct storage_table *best = NULL;
    size_t i = 0;
    for (const struct decl *d; (d = registry_each(r, "table", &i));) {
        const struct storage_table *t = d->compiled;
        int order = t ? strcmp(table_sql_name(t->table), name) : -1;
        if (order < 0 || (order == 0 && !same) || !personal_any(&t->fields)) continue;
        if (!best || strcmp(table_sql_name(t->table), table_sql_name(best->table)) < 0) best = t;
    }
    return best;
}

static int marks(struct erasing *e, const struct storage_table *t, const bool *goes, int64_t unique, struct val *out)
{
    char *name = unique ? arena_printf(e->a, "erased-%lld", (long long)unique) : NULL;
    int rc = unique && !name ? ERR_NOMEM : 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++) {
        struct val mark = personal_mark(&t->fields.items[i]);
        if (name && mark.type == VAL_STR) mark = val_str(name);
        if (goes[i]) rc = val_set(e->a, out, t->fields.items[i].name, mark);
    }
    return rc;
}

/* Where texts must be unique the mark has the row's number. */
static int update(struct erasing *e, const struct storage_table *t, int64_t id, const bool *goes, struct err *err)
{
    struct val changes;
    if (marks(e, t, goes, 0, &changes)) return content_too_large(err);
    int rc = table_update(e->s->db, t->table, id, &changes, 0, err);
    if (rc != ERR_CONFLICT) return rc;
    err_clear(err);
    if (marks(e, t, goes, id, &changes)) return content_too_large(err);
    return table_update(e->s->db, t->table, id, &changes, 0, err);
}

static int files_again(struct erasing *e, const struct storage_table *t, int64_t id, const char *kind, struct err *err)
{
    struct file_thing on = {.kind = kind, .id = id, .plugin = t->plugin, .counts = true};
    struct val row;
    if (!t->has_files) return 0;
    int rc = file_let_go(e->s, &on, err);
    if (rc == 0) rc = table_get(e->s->db, t->table, id, e->a, &row, err);
    return rc == 1 ? file_fields_hang(e->s, &t->fields, &row, &on, err) : rc;
}

static int erase(struct erasing *e, const struct storage_table *t, int64_t id, const bool *goes, const char *kind,
                 struct err *err)
{
    int64_t was = 0, now = 0;
    int rc = table_size(e->s->db, t->table, id, &was, err);
    if (rc == 1) rc = update(e, t, id, goes, err);
    crash_point("audit.table_half");
    if (rc == 0) rc = table_size(e->s->db, t->table, id, &now, err);
    for (size_t i = 0; rc >= 0 && i < t->fields.n; i++)
        if (goes[i]) rc = erasing_field(e, kind, id, t->fields.items[i].name, err);
    if (rc < 0) return rc;
    quota_add_owed(e->s->host, e->s->db, t->plugin, QUOTA_BYTES, now - was);
    return files_again(e, t, id, kind, err);
}

static int look_at_row(struct erasing *e, const struct storage_table *t, int64_t id, const char *kind, struct err *err)
{
    struct val row;
    bool *goes = arena_alloc(e->a, t->fields.n * sizeof(*goes));
    if (!goes) return content_too_large(err);
    int rc = table_get(e->s->db, t->table, id, e->a, &row, err);
    int64_t n = rc == 1 ? personal_choose(e, &t->fields, &row, goes) : 0;
    if (rc < 0 || n == 0) return rc < 0 ? rc : 0;
    rc = e->is_dry ? 0 : erase(e, t, id, goes, kind, err);
    return rc ? rc : erasing_tell(e, kind, id, n, err);
}

static int look_at_table(struct erasing *e, const struct storage_table *t, bool *more, struct err *err)
{
    const char *sql = arena_printf(e->a, "select id from \"%s\" where id > ?1 order by id limit %d",
                                   table_sql_name(t->table), ROWS_AT_ONCE);
    struct stmt *s = sql ? store_stmt(e->s->db, sql, err) : NULL;
    char kind[KIND_LEN];
    int n = 0, rc;
    snprintf(kind, sizeof(kind), "table:%s.%s", t->plugin, t->name);
    if (!s) return sql ? err->code : content_too_large(err);
    stmt_bind_int(s, 1, e->at);
    while ((rc = stmt_step(s, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        struct erasing_mark one;
        e->at = stmt_int(s, 0);
        n++;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = look_at_row(e, t, e->at, kind, err);
        rc = erasing_end(e, &one, kind, e->at, rc, err);
        arena_rewind(e->a, mark);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == ROWS_AT_ONCE;
    return rc;
}

/* --- tables that no active plugin declares --- */

static bool is_declared(const struct registry *r, const char *name)
{
    size_t i = 0;
    for (const struct decl *d; (d = registry_each(r, "table", &i));) {
        const struct storage_table *t = d->compiled;
        if (t && strcmp(table_sql_name(t->table), name) == 0) return true;
    }
    return false;
}

static int has_rows(struct store *db, const char *name, struct err *err)
{
    char sql[TABLE_LEN + 40];
    snprintf(sql, sizeof(sql), "select 1 from \"%s\" limit 1", name);
    struct stmt *s = store_stmt(db, sql, err);
    int rc = s ? stmt_step(s, err) : err->code;
    if (s) stmt_done(s);
    return rc;
}

/* The next one with rows behind this name: 1, 0. */
static int next_undeclared(struct store *db, const struct registry *r, char name[TABLE_LEN], struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select name from sqlite_master where type = 'table' and name > ?1"
                                " and name glob 'p_*__*' order by name",
                                err);
    int rc, found = 0;
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    while (found == 0 && (rc = stmt_step(s, err)) == 1) {
        stmt_copy(s, 0, name, TABLE_LEN);
        found = r && is_declared(r, name) ? 0 : has_rows(db, name, err);
    }
    stmt_done(s);
    return found ? found : rc;
}

/* p_awards__nomination: the table nomination of the plugin awards. */
static int wait_for_tables(struct erasing *e, const struct registry *r, struct err *err)
{
    char name[TABLE_LEN] = "", kind[TABLE_LEN + 8];
    int rc;
    while ((rc = next_undeclared(e->s->db, r, name, err)) == 1) {
        const char *table = strstr(name, "__");
        snprintf(kind, sizeof(kind), "table:%.*s.%s", (int)(table - name - 2), name + 2, table + 2);
        rc = erasing_wait(e, kind, erasing_number(name), err);
        if (rc) break;
    }
    return rc;
}

static int is_over(void *ctx, struct store *db, int64_t table, struct err *err)
{
    const struct storage *st = ctx;
    struct session s = {.host = st->host, .db = db};
    struct registry *r = content_registry(&s);
    char name[TABLE_LEN] = "";
    int rc, found = 0;
    while (!found && (rc = next_undeclared(db, r, name, err)) == 1)
        found = erasing_number(name) == table;
    registry_drop(r);
    return !found && rc < 0 ? rc : !found;
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct registry *r = content_registry(e->s);
    const struct storage_table *t = r ? table_at(r, e->part, true) : NULL;
    int rc = e->part[0] ? 0 : wait_for_tables(e, r, err);
    (void)ctx;
    *more = false;
    if (t && strcmp(table_sql_name(t->table), e->part) != 0) e->at = 0;
    if (rc == 0 && t) rc = look_at_table(e, t, more, err);
    const struct storage_table *next = t && !*more ? table_at(r, table_sql_name(t->table), false) : t;
    if (next) snprintf(e->part, sizeof(e->part), "%s", table_sql_name(next->table));
    if (next != t) e->at = 0;
    *more = next != NULL;
    registry_drop(r);
    return rc;
}

static bool holds(void *ctx, struct session *s, const char *table, const char *column)
{
    struct registry *r = content_registry(s);
    const struct storage_table *t = r ? table_at(r, table, true) : NULL;
    (void)ctx;
    const struct field *f = t && strcmp(table_sql_name(t->table), table) == 0 ? field_find(&t->fields, column) : NULL;
    bool is = f && personal_is(f);
    registry_drop(r);
    return is;
}

void storage_erase_attach(struct storage *st)
{
    audit_add_place(
        st->host->audit,
        &(struct audit_place){.name = "tables", .look = look, .is_over = is_over, .ctx = st, .holds = holds});
}
