/* What storage holds for each plugin: counted from the rows themselves, and counted anew where a migration has changed
 * them. */
#include "content/storage_internal.h"

#include <string.h>

static int tell_pairs(struct store *db, const char *sql, struct quota_count *to, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *plugin = stmt_text(s, 0, &len);
        quota_tell(to, plugin, len, QUOTA_ROWS, stmt_int(s, 1));
        quota_tell(to, plugin, len, QUOTA_BYTES, stmt_int(s, 2));
    }
    stmt_done(s);
    return rc;
}

/* p_PLUGIN__TABLE */
static int tell_tables(struct store *db, struct quota_count *to, struct err *err)
{
    struct stmt *s = store_stmt(db, "select name from host_table where name like 'p\\_%' escape '\\'", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        int64_t rows, bytes;
        const char *name = stmt_text(s, 0, &len), *end = strstr(name + 2, "__");
        if (!end) continue;
        rc = table_total(db, name, &rows, &bytes, err);
        if (rc) break;
        quota_tell(to, name + 2, (size_t)(end - name - 2), QUOTA_ROWS, rows);
        quota_tell(to, name + 2, (size_t)(end - name - 2), QUOTA_BYTES, bytes);
    }
    stmt_done(s);
    return rc;
}

int storage_count(void *ctx, struct store *db, struct quota_count *to, struct err *err)
{
    (void)ctx;
    int rc = tell_pairs(db, "select plugin, count(*), sum(" STORAGE_KV_BYTES ") from kv group by plugin", to, err);
    if (rc == 0)
        rc = tell_pairs(db, "select plugin, count(*), 64 * count(*) from number_issued group by plugin", to, err);
    return rc ? rc : tell_tables(db, to, err);
}

_Static_assert(STORAGE_NUMBER_BYTES == 64, "the statement above says so");

struct looking {
    const struct table_change *change; /* whose questions go on */
    bool changes_rows;
};

/* Tables and indexes that are made, and names of columns, leave the rows as they are. */
static void look(void *ctx, const char *line)
{
    struct looking *l = ctx;
    if (strncmp(line, "create ", 7) == 0 || strncmp(line, "drop index", 10) == 0 || strstr(line, " rename column "))
        return;
    l->changes_rows = true;
}

static int look_contract(void *ctx, const char *column, struct err *err)
{
    const struct looking *l = ctx;
    return l->change->contract ? l->change->contract(l->change->ctx, column, err) : 0;
}

int storage_migrate_counted(struct host *host, struct store *db, const struct storage_table *t,
                            const struct table_change *change, struct err *err)
{
    struct looking l = {.change = change};
    struct table_change dry = {.dry = true, .note = look, .contract = look_contract, .ctx = &l};
    const char *name = table_sql_name(t->table);
    int64_t rows, bytes, rows_now, bytes_now;
    if (!host->quotas || change->dry) return table_migrate(db, t->table, change, err);
    int rc = table_migrate(db, t->table, &dry, err);
    if (rc || !l.changes_rows) return rc ? rc : table_migrate(db, t->table, change, err);
    rc = table_total(db, name, &rows, &bytes, err);
    if (rc == 0) rc = table_migrate(db, t->table, change, err);
    if (rc == 0) rc = table_total(db, name, &rows_now, &bytes_now, err);
    if (rc) return rc;
    /* It was agreed to by whoever loads it: over the limit, only what comes after is refused. */
    quota_add_owed(host, db, t->plugin, QUOTA_ROWS, rows_now - rows);
    quota_add_owed(host, db, t->plugin, QUOTA_BYTES, bytes_now - bytes);
    return 0;
}
