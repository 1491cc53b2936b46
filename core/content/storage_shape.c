/* Which version of a plugin declared which columns of its tables: a run that is pinned to an old version needs them
 * still. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "content/storage_internal.h"
#include "plugin/plugins.h"

int storage_shape_keep(struct store *db, const struct storage_table *t, const char *hash, struct err *err)
{
    struct buf columns;
    buf_init(&columns, 64 << 10);
    buf_add_char(&columns, '|');
    for (size_t i = 0; i < t->fields.n; i++)
        buf_printf(&columns, "%s|", t->fields.items[i].name);
    struct stmt *s = store_stmt(db,
                                "insert or ignore into storage_shape(plugin, name, hash, columns)"
                                " values(?1, ?2, ?3, ?4)",
                                err);
    int rc = !s ? err->code : buf_ok(&columns) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) {
        stmt_bind_str(s, 1, t->plugin);
        stmt_bind_str(s, 2, t->name);
        stmt_bind_str(s, 3, hash);
        stmt_bind_text(s, 4, columns.data, columns.len);
        rc = stmt_run(s, err);
    } else {
        stmt_done(s);
    }
    buf_close(&columns);
    return rc;
}

/* The next version after `hash` that declared the column. 1: there is one. */
static int next_version(struct store *db, const struct storage_table *t, const char *column, char hash[DIGEST_HEX],
                        struct err *err)
{
    char like[STORAGE_KEY_MAX];
    struct stmt *s = store_stmt(db,
                                "select hash from storage_shape where plugin = ?1 and name = ?2 and hash > ?3"
                                " and instr(columns, ?4) order by hash limit 1",
                                err);
    if (!s) return err->code;
    snprintf(like, sizeof(like), "|%s|", column);
    stmt_bind_str(s, 1, t->plugin);
    stmt_bind_str(s, 2, t->name);
    stmt_bind_str(s, 3, hash);
    stmt_bind_str(s, 4, like);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *found = stmt_text(s, 0, &len);
        snprintf(hash, DIGEST_HEX, "%s", found);
    }
    stmt_done(s);
    return rc;
}

/* Of a version that nobody holds any more. */
static int forget(struct store *db, const struct storage_table *t, const char *hash, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from storage_shape where plugin = ?1 and name = ?2 and hash = ?3", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, t->plugin);
    stmt_bind_str(s, 2, t->name);
    stmt_bind_str(s, 3, hash);
    return stmt_run(s, err);
}

/* Runs may still begin on the version that serves. */
static bool serves(struct storage *st, const struct storage_table *t, const char *hash)
{
    struct registry *r = plugins_registry(st->host->plugins);
    const struct plugin *p = r ? registry_plugin(r, t->plugin) : NULL;
    bool same = p && strcmp(p->hash, hash) == 0;
    registry_drop(r);
    return same;
}

int storage_shape_check(struct storage *st, struct store *db, const struct storage_table *t, const char *hash,
                        const char *column, struct err *err)
{
    char at[DIGEST_HEX] = "";
    int rc;
    if (!st->holds) return 0;
    while ((rc = next_version(db, t, column, at, err)) == 1) {
        if (strcmp(at, hash) == 0) continue;
        rc = st->holds(st->holds_ctx, db, t->plugin, at, err);
        if (rc < 0) return rc;
        if (rc == 0) {
            rc = serves(st, t, at) ? 0 : forget(db, t, at, err);
            if (rc) return rc;
            continue;
        }
        return err_set(err, ERR_REFUSED, "storage.open_runs", "table", t->name, "column", column, "hash", at, NULL);
    }
    return rc;
}
