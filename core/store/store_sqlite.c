/* Connections on SQLite: settings, transactions, marks, error classes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store_internal.h"

enum {
    CHECKPOINT_PAGES = 2000,
    PROGRESS_OPS = 4000,
    BUSY_MS = 5000,
    VALUE_MAX = 64 << 20,
    SQL_MAX = 1 << 20,
    LIKE_MAX = 128
};
enum { WRITER_CACHE_KIB = 64 << 10, READER_CACHE_KIB = 4 << 10, WAL_FRAME = 4096 + 24 };

/* "nomination.round, nomination.nominee" from "UNIQUE constraint failed: …". */
static const char *after_colon(const char *message)
{
    const char *colon = strchr(message, ':');
    return colon ? colon + 2 : message;
}

static int fail_constraint(int code, const char *message, struct err *err)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
        return err_set(err, ERR_CONFLICT, "store.unique", "columns", after_colon(message), NULL);
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY) return err_set(err, ERR_REFUSED, "store.reference", NULL);
    return err_set(err, ERR_INVALID, "store.constraint", "detail", message, NULL);
}

static int fail_of(struct store *db, int code, struct err *err)
{
    char detail[200] = "";
    strncat(detail, db->raw ? sqlite3_errmsg(db->raw) : sqlite3_errstr(code), sizeof(detail) - 1);
    int extended = db->raw ? sqlite3_extended_errcode(db->raw) : code;
    if (extended == SQLITE_IOERR_NOMEM) code = SQLITE_NOMEM;
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return fail_constraint(extended, detail, err);
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
    case SQLITE_LOCKED:
        return err_set(err, ERR_BUSY, "store.busy", NULL);
    case SQLITE_FULL:
        return err_set(err, ERR_FULL, "store.full", "file", db->path, NULL);
    case SQLITE_NOMEM:
        return err_set(err, ERR_NOMEM, "memory", NULL);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_CORRUPT, "store.corrupt", "file", db->path, "detail", detail, NULL);
    case SQLITE_INTERRUPT:
        return err_set(err, ERR_STOPPED, "store.interrupted", NULL);
    case SQLITE_TOOBIG:
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set(err, ERR_IO, "store.io", "file", db->path, "detail", detail, NULL);
    case SQLITE_ABORT: /* the transaction was rolled back under a statement that reads */
    case SQLITE_INTERNAL:
    case SQLITE_MISUSE:
        return err_set(err, ERR_INTERNAL, "store.internal", "detail", detail, NULL);
    default:
        return err_set(err, ERR_INVALID, "store.sql", "detail", detail, NULL);
    }
}

int store_fail(struct store *db, int code, struct err *err)
{
    int rc = fail_of(db, code, err);
    if (db->open && !db->lost && db->raw && sqlite3_get_autocommit(db->raw)) db->lost = rc;
    return rc;
}

int store_fail_lost(struct store *db, struct err *err)
{
    return err_set(err, db->lost, "store.lost", "file", db->path, NULL);
}

static int on_progress(void *arg)
{
    struct store *db = arg;
    return db->deadline_ns && clock_mono_ns() > db->deadline_ns;
}

/* After each commit: instead of wal_autocheckpoint. */
static int on_wal(void *arg, sqlite3 *raw, const char *schema, int pages)
{
    (void)raw;
    (void)schema;
    return store_checkpoint(arg, pages);
}

static void set_limits(sqlite3 *raw)
{
    sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
    sqlite3_limit(raw, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LIKE_MAX);
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(raw, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static int configure(struct store *db, const struct store_options *o, struct err *err)
{
    char sql[512];
    bool writer = db->role == STORE_WRITER;
    int cache = o->cache_kib ? o->cache_kib : writer ? WRITER_CACHE_KIB : READER_CACHE_KIB;
    db->checkpoint_pages = o->checkpoint_pages ? o->checkpoint_pages : CHECKPOINT_PAGES;
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_extended_result_codes(db->raw, 1);
    sqlite3_busy_timeout(db->raw, BUSY_MS);
    sqlite3_progress_handler(db->raw, PROGRESS_OPS, on_progress, db);
    sqlite3_set_authorizer(db->raw, store_authorize, db);
    set_limits(db->raw);
    snprintf(sql, sizeof(sql),
             "%spragma page_size = 4096; pragma journal_mode = wal; pragma synchronous = %s;"
             "pragma wal_autocheckpoint = 0; pragma temp_store = memory; pragma cache_size = %d; pragma mmap_size = 0;"
             "pragma foreign_keys = off; pragma secure_delete = on;%s",
             o->is_alone ? "pragma locking_mode = exclusive;" : "", o->no_sync ? "off" : "full", -cache,
             writer ? "" : "pragma query_only = on;");
    int rc = store_exec(db, sql, err);
    if (writer) sqlite3_wal_hook(db->raw, on_wal, db);
    if (o->copies_beside) db->copier = store_copier_new(db->path);
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return rc;
}

int store_clear_log(struct store *db, struct err *err)
{
    int all = 0, done = 0;
    sqlite3_busy_timeout(db->raw, 0);
    int rc = sqlite3_wal_checkpoint_v2(db->raw, NULL, SQLITE_CHECKPOINT_TRUNCATE, &all, &done);
    sqlite3_busy_timeout(db->raw, BUSY_MS);
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED) return 0;
    if (rc != SQLITE_OK) return store_fail(db, rc, err);
    db->wal_pages = 0;
    return 1;
}

int store_open(const struct store_options *o, struct store **out, struct err *err)
{
    struct store *db = mem_alloc(sizeof(*db));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (o->role == STORE_WRITER) flags |= SQLITE_OPEN_CREATE;
    store_memory_init();
    db->role = o->role;
    strncat(db->path, o->path, sizeof(db->path) - 1);
    int rc = sqlite3_open_v2(o->path, &db->raw, flags, NULL);
    rc = rc ? store_fail(db, rc, err) : configure(db, o, err);
    if (rc) {
        store_close(db);
        return rc;
    }
    chmod(o->path, 0600);
    *out = db;
    return 0;
}

void store_close(struct store *db)
{
    if (!db) return;
    store_copier_free(db->copier);
    stmt_close_all(db);
    sqlite3_close_v2(db->raw);
    mem_free(db->counts);
    mem_free(db);
}

void store_limit_time(struct store *db, int64_t ms)
{
    db->deadline_ns = ms ? clock_mono_ns() + ms * 1000000 : 0;
}

void store_limit_value(struct store *db, int bytes)
{
    sqlite3_limit(db->raw, SQLITE_LIMIT_LENGTH, bytes ? bytes : VALUE_MAX);
}

int store_exec(struct store *db, const char *sql, struct err *err)
{
    if (db->lost) return store_fail_lost(db, err);
    int rc = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
    return rc ? store_fail(db, rc, err) : 0;
}

int64_t store_changes(struct store *db)
{
    return sqlite3_changes64(db->raw);
}

static int run_text(struct store *db, const char *sql, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    return s ? stmt_run(s, err) : err->code;
}

int store_begin(struct store *db, struct err *err)
{
    db->marks = db->lost = 0;
    int rc = run_text(db, db->role == STORE_WRITER ? "begin immediate" : "begin", err);
    if (rc == 0) db->open = true;
    if (rc || db->role == STORE_WRITER) return rc;
    /* A reader's snapshot starts with its first read. */
    rc = run_text(db, "select 1 from sqlite_master limit 1", err);
    if (rc) store_rollback(db);
    return rc;
}

int store_commit(struct store *db, struct err *err)
{
    int rc = run_text(db, "commit", err);
    if (rc) return rc;
    db->open = false;
    db->ncounts = 0;
    return 0;
}

void store_rollback(struct store *db)
{
    struct err ignored;
    db->lost = 0;
    if (store_in_transaction(db)) run_text(db, "rollback", &ignored);
    db->open = false;
    db->marks = 0;
    store_count_undo(db, -1);
}

bool store_in_transaction(struct store *db)
{
    return !sqlite3_get_autocommit(db->raw);
}

int store_mark(struct store *db, struct err *err)
{
    int rc = run_text(db, "savepoint m", err);
    if (rc == 0) db->marks++;
    return rc;
}

int store_mark_release(struct store *db, struct err *err)
{
    int rc = run_text(db, "release m", err);
    if (rc) return rc;
    db->marks--;
    store_count_released(db);
    return 0;
}

void store_mark_rollback(struct store *db)
{
    struct err ignored;
    if (!store_in_transaction(db)) return;
    run_text(db, "rollback to m", &ignored);
    if (run_text(db, "release m", &ignored) != 0) return;
    db->marks--;
    store_count_undo(db, db->marks);
}

bool store_mark_unwind(struct store *db, int depth)
{
    while (db->marks > depth) {
        int before = db->marks;
        store_mark_rollback(db);
        if (db->marks == before) return false;
    }
    return true;
}

int64_t store_wal_bytes(struct store *db)
{
    char path[600];
    struct stat st;
    if (db->role == STORE_WRITER) return (int64_t)db->wal_pages * WAL_FRAME;
    snprintf(path, sizeof(path), "%s-wal", db->path);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

int store_check(struct store *db, void (*report)(void *ctx, const char *line), void *ctx, struct err *err)
{
    struct stmt *s = store_stmt(db, "pragma integrity_check(100)", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *line = stmt_text(s, 0, &len);
        if (line && strcmp(line, "ok") != 0) report(ctx, line);
    }
    stmt_done(s);
    return rc;
}
