/* The database: connections, statements, transactions, savepoints, error classes.
 *
 * Nothing above this folder knows which engine is behind; PostgreSQL is to be the second. A connection belongs to
 * one thread. Statements are cached by their text, so callers keep SQL as constants and ask for the statement each
 * time:
 *
 *     struct stmt *s = store_stmt(db, "select name from unit where id = ?1", err);
 *     if (!s) return err->code;
 *     stmt_bind_int(s, 1, id);
 *     int rc = stmt_step(s, err);            // 1 a row, 0 none, negative an error
 *     if (rc == 1) name = stmt_text(s, 0, &len);   // borrowed until the next step or stmt_done
 *     stmt_done(s);
 *
 * Errors: ERR_CONFLICT "store.unique" {columns}, ERR_REFUSED "store.reference", ERR_INVALID "store.constraint"; and
 * faults: ERR_BUSY, ERR_FULL, ERR_IO, ERR_CORRUPT, ERR_NOMEM, ERR_STOPPED (interrupted). */
#ifndef KHUNG_STORE_H
#define KHUNG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct store;
struct stmt;

enum store_role { STORE_WRITER, STORE_READER };

struct store_options {
    const char *path; /* the database file; its folder must exist */
    enum store_role role;
    bool no_sync;         /* khung test only: nothing is promised */
    bool is_alone;        /* khung test only: no other connection; spares the locks of each transaction */
    bool copies_beside;   /* writer: a thread copies a long log into the file (store_checkpoint.c) */
    int checkpoint_pages; /* 0: the default, 2000 */
    int cache_kib;        /* page cache at most; 0: 64 MiB for the writer, 4 MiB for a reader. Grows on use only */
};

int store_open(const struct store_options *o, struct store **out, struct err *err);
void store_close(struct store *db);
/* From now on statements end with ERR_STOPPED after `ms` of wall time (0: no limit). */
void store_limit_time(struct store *db, int64_t ms);
/* From now on no text or blob, intermediate ones included, is longer than this (0: the usual maximum): nothing ends a
 * function of SQL before its result is there. */
void store_limit_value(struct store *db, int bytes);

/* A cached statement, ready for binding; NULL with err set if the SQL is wrong. When the cached one is in use (a
 * nested call), a second one is made. Text from plugins goes through store_query_check first. */
struct stmt *store_stmt(struct store *db, const char *sql, struct err *err);
void stmt_bind_int(struct stmt *s, int at, int64_t v); /* at: from 1 */
void stmt_bind_num(struct stmt *s, int at, double v);
void stmt_bind_text(struct stmt *s, int at, const char *p, size_t len); /* borrowed until stmt_done; NULL: null */
void stmt_bind_str(struct stmt *s, int at, const char *z);              /* the same, NUL-ended */
void stmt_bind_blob(struct stmt *s, int at, const void *p, size_t len); /* borrowed until stmt_done */
void stmt_bind_null(struct stmt *s, int at);
int stmt_bind_index(struct stmt *s, const char *name); /* ":year" → at, or 0 */
int stmt_bind_count(struct stmt *s);
int stmt_step(struct stmt *s, struct err *err); /* 1, 0 or an error */
int stmt_run(struct stmt *s, struct err *err);  /* steps to the end, then stmt_done; 0 or an error */
/* The same of a text with a number ?1, and another ?2 where it has one. */
int store_run(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err);
/* Does such a text, a select, give a row? 1, 0 or an error. */
int store_has(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err);
void stmt_done(struct stmt *s); /* gives it back to the cache, bindings cleared; NULL is fine */
int stmt_columns(struct stmt *s);
const char *stmt_column_name(struct stmt *s, int col);
enum store_type { STORE_NULL, STORE_INT, STORE_NUM, STORE_TEXT, STORE_BLOB };
enum store_type stmt_type(struct stmt *s, int col); /* col: from 0 */
int64_t stmt_int(struct stmt *s, int col);
double stmt_num(struct stmt *s, int col);
const char *stmt_text(struct stmt *s, int col, size_t *len);    /* NULL for null */
void stmt_copy(struct stmt *s, int col, char *out, size_t cap); /* what there is room for; "" for null */
const void *stmt_blob(struct stmt *s, int col, size_t *len);
bool stmt_is_null(struct stmt *s, int col);

/* Reports each row as a finding of a check: `key` with the first column as {id}. 0 or an error. */
int store_report(struct store *db, const char *sql, const char *key, err_sink report, void *ctx, struct err *err);
int store_exec(struct store *db, const char *sql, struct err *err); /* several statements, no result */
int64_t store_changes(struct store *db);                            /* rows changed by the last statement */

int store_begin(struct store *db, struct err *err); /* writer: takes the write lock; reader: a snapshot */
int store_commit(struct store *db, struct err *err);
void store_rollback(struct store *db);
/* False after the engine rolled back by itself (full disk). Until store_rollback every statement then fails with the
 * same fault ("store.lost"), so that nothing is written outside the transaction by a caller that has not noticed. */
bool store_in_transaction(struct store *db);
/* Nested marks. Rolling back to a mark undoes what came after it and drops the mark. */
int store_mark(struct store *db, struct err *err);
int store_mark_release(struct store *db, struct err *err);
void store_mark_rollback(struct store *db);
/* Changes a number in memory as part of the transaction: what is rolled back, to a mark or as a whole, is taken off
 * again. The number outlives the transaction, is changed by this alone, and may be read by any thread. */
void store_count(struct store *db, _Atomic int64_t *n, int64_t delta);

/* Is this plugin text one read-only statement over allowed tables? `may_read(ctx, table)` is asked for each table.
 * ERR_DENIED "store.sql_table" {table}, ERR_INVALID "store.sql" {detail}, ERR_DENIED "store.sql_write". */
int store_query_check(struct store *db, const char *sql, bool (*may_read)(void *ctx, const char *table), void *ctx,
                      struct err *err);
/* Bytes of write-ahead log that are not recycled yet (writer); the size of its file (reader), which never shrinks. */
int64_t store_wal_bytes(struct store *db);
/* Outside a transaction: the log's content goes into the database file and its file is emptied, so that what was
 * deleted or replaced (which is overwritten in the database file at once) does not stay there. 1; 0: a reader still
 * needs it. */
int store_clear_log(struct store *db, struct err *err);
/* Memory of all connections of this process: mostly pages that are kept, up to the bounds of their caches. */
int64_t store_memory(void);
/* The engine's own integrity check; calls report(line) for each finding. */
int store_check(struct store *db, void (*report)(void *ctx, const char *line), void *ctx, struct err *err);

/* The data directory: made if missing (0700), locked by one process. ERR_CONFLICT "data.locked" {dir, pid}. */
struct store_lock;
int store_lock_dir(const char *dir, struct store_lock **out, struct err *err);
void store_unlock_dir(struct store_lock *l);

/* Migrations: ordered, hashed, each in one transaction. Every module exports its own list, closed by {NULL}.
 * An applied one whose hash differs, or one unknown to this program, is refused: "store.migration_changed" {name},
 * "store.newer" {name}. */
struct store_migration {
    const char *name; /* "content/001" */
    const char *sql;
};
int store_migrate(struct store *db, const struct store_migration *const *lists, size_t n, int64_t now_ms,
                  struct err *err);

#endif
