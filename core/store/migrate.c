/* Migrations: applied in order, each in a transaction with its record; hashes tell when history was changed. */
#include <string.h>

#include "base/digest.h"
#include "runtime/crash.h"
#include "runtime/log.h"
#include "store/store.h"

static void hash_sql(const char *sql, char hex[DIGEST_HEX])
{
    uint8_t digest[DIGEST_LEN];
    digest_sha256(sql, strlen(sql), digest);
    digest_hex(digest, hex);
}

/* 1: applied already; 0: not yet. */
static int is_applied(struct store *db, const struct store_migration *m, struct err *err)
{
    char hex[DIGEST_HEX];
    bool same = false;
    struct stmt *s = store_stmt(db, "select hash from migration where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, m->name);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *hash = stmt_text(s, 0, &len);
        hash_sql(m->sql, hex);
        same = hash && strcmp(hash, hex) == 0;
    }
    stmt_done(s);
    if (rc == 1 && !same) return err_set(err, ERR_REFUSED, "store.migration_changed", "name", m->name, NULL);
    return rc;
}

static int apply(struct store *db, const struct store_migration *m, int64_t now_ms, struct err *err)
{
    char hex[DIGEST_HEX];
    int rc = store_begin(db, err);
    if (rc) return rc;
    crash_point("store.migrate_before");
    rc = store_exec(db, m->sql, err);
    struct stmt *s = rc ? NULL : store_stmt(db, "insert into migration(name, hash, at) values(?1, ?2, ?3)", err);
    if (!s) goto failed;
    hash_sql(m->sql, hex);
    stmt_bind_str(s, 1, m->name);
    stmt_bind_str(s, 2, hex);
    stmt_bind_int(s, 3, now_ms);
    rc = stmt_run(s, err);
    if (rc == 0) rc = store_commit(db, err);
    if (rc) goto failed;
    crash_point("store.migrate_after");
    return 0;
failed:
    store_rollback(db);
    err_add_arg(err, "migration", m->name);
    return err->code;
}

static bool is_known(const struct store_migration *const *lists, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        for (const struct store_migration *m = lists[i]; m->name; m++)
            if (strcmp(m->name, name) == 0) return true;
    return false;
}

static int refuse_newer(struct store *db, const struct store_migration *const *lists, size_t n, struct err *err)
{
    struct stmt *s = store_stmt(db, "select name from migration", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *name = stmt_text(s, 0, &len);
        if (is_known(lists, n, name)) continue;
        rc = err_set(err, ERR_REFUSED, "store.newer", "name", name, NULL);
        break;
    }
    stmt_done(s);
    return rc;
}

int store_migrate(struct store *db, const struct store_migration *const *lists, size_t n, int64_t now_ms,
                  struct err *err)
{
    int rc = store_exec(db,
                        "create table if not exists migration(name text primary key, hash text not null,"
                        " at integer not null) without rowid",
                        err);
    if (rc == 0) rc = refuse_newer(db, lists, n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        for (const struct store_migration *m = lists[i]; rc == 0 && m->name; m++) {
            rc = is_applied(db, m, err);
            if (rc == 0)
                rc = apply(db, m, now_ms, err);
            else if (rc == 1)
                rc = 0;
        }
    }
    return rc;
}
