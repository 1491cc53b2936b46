/* Statements: prepared once, cached by their text, given back when done.
 *
 * SQL stands as constants in the callers, so the pointer itself finds the statement most times. */
#include <string.h>

#include "base/mem.h"
#include "store/store_internal.h"

static uint32_t hash_text(const char *sql)
{
    uint32_t h = 2166136261u;
    for (; *sql; sql++)
        h = (h ^ (unsigned char)*sql) * 16777619u;
    return h;
}

/* Of the linker: constants lie between them. */
extern const char etext[], data_start[];

/* A constant is one text for ever; a short-lived one may stand where another one stood. */
static bool is_constant(const char *sql)
{
    return sql >= etext && sql < data_start;
}

static struct stmt **near_of(struct store *db, const char *sql)
{
    return &db->near[((uintptr_t)sql >> 3) % STMT_SLOTS];
}

static void finalize(struct stmt *s)
{
    sqlite3_finalize(s->raw);
    mem_free(s->sql);
    mem_free(s);
}

void stmt_close_all(struct store *db)
{
    memset(db->near, 0, sizeof(db->near));
    for (size_t i = 0; i < STMT_SLOTS; i++) {
        while (db->slots[i]) {
            struct stmt *s = db->slots[i];
            db->slots[i] = s->next;
            finalize(s);
        }
    }
    db->nstmts = 0;
}

static struct stmt *prepare(struct store *db, const char *sql, struct err *err)
{
    struct stmt *s = mem_alloc(sizeof(*s));
    const char *tail;
    s->db = db;
    int rc = sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->raw, &tail);
    if (rc || !s->raw) {
        if (rc)
            store_fail(db, rc, err);
        else
            err_set(err, ERR_INVALID, "store.sql", "detail", "empty statement", NULL);
        finalize(s);
        return NULL;
    }
    return s;
}

/* Drops the statement that was used longest ago: plugins' queries must not pile up. */
static void drop_oldest(struct store *db)
{
    struct stmt **oldest = NULL;
    for (size_t i = 0; i < STMT_SLOTS; i++)
        for (struct stmt **at = &db->slots[i]; *at; at = &(*at)->next)
            if (!(*at)->in_use && (!oldest || (*at)->used_at < (*oldest)->used_at)) oldest = at;
    if (!oldest) return;
    struct stmt *s = *oldest;
    *oldest = s->next;
    for (size_t i = 0; i < STMT_SLOTS; i++)
        if (db->near[i] == s) db->near[i] = NULL;
    finalize(s);
    db->nstmts--;
}

static bool is_text(const struct stmt *s, const char *sql)
{
    return s->constant == sql || strcmp(s->sql, sql) == 0;
}

/* One that nobody is using: nested calls of one text have a statement each, kept like any other. */
static struct stmt *find(struct store *db, const char *sql)
{
    struct stmt **near = near_of(db, sql);
    if (*near && !(*near)->in_use && is_text(*near, sql)) return *near;
    struct stmt *s = db->slots[hash_text(sql) % STMT_SLOTS];
    while (s && (s->in_use || strcmp(s->sql, sql) != 0))
        s = s->next;
    if (s) *near = s;
    return s;
}

static void keep(struct store *db, struct stmt *s, const char *sql)
{
    struct stmt **slot = &db->slots[hash_text(sql) % STMT_SLOTS];
    if (db->nstmts >= STMT_KEPT) drop_oldest(db);
    s->sql = mem_strdup(sql);
    s->constant = is_constant(sql) ? sql : NULL;
    s->next = *slot;
    *slot = s;
    *near_of(db, sql) = s;
    db->nstmts++;
}

struct stmt *store_stmt(struct store *db, const char *sql, struct err *err)
{
    struct stmt *s = find(db, sql);
    if (db->lost) {
        store_fail_lost(db, err);
        return NULL;
    }
    if (!s) {
        s = prepare(db, sql, err);
        if (!s) return NULL;
        keep(db, s, sql);
    }
    s->in_use = true;
    s->used_at = ++db->uses;
    return s;
}

void stmt_bind_int(struct stmt *s, int at, int64_t v)
{
    sqlite3_bind_int64(s->raw, at, v);
}

void stmt_bind_num(struct stmt *s, int at, double v)
{
    sqlite3_bind_double(s->raw, at, v);
}

void stmt_bind_text(struct stmt *s, int at, const char *p, size_t len)
{
    if (p)
        sqlite3_bind_text64(s->raw, at, p, len, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(s->raw, at);
}

void stmt_bind_str(struct stmt *s, int at, const char *z)
{
    stmt_bind_text(s, at, z, z ? strlen(z) : 0);
}

void stmt_bind_blob(struct stmt *s, int at, const void *p, size_t len)
{
    sqlite3_bind_blob64(s->raw, at, p ? p : "", len, SQLITE_STATIC);
}

void stmt_bind_null(struct stmt *s, int at)
{
    sqlite3_bind_null(s->raw, at);
}

int stmt_bind_index(struct stmt *s, const char *name)
{
    return sqlite3_bind_parameter_index(s->raw, name);
}

int stmt_bind_count(struct stmt *s)
{
    return sqlite3_bind_parameter_count(s->raw);
}

int stmt_step(struct stmt *s, struct err *err)
{
    if (s->db->lost) return store_fail_lost(s->db, err);
    int rc = sqlite3_step(s->raw);
    if (rc == SQLITE_ROW) return 1;
    if (rc == SQLITE_DONE) return 0;
    return store_fail(s->db, rc, err);
}

void stmt_done(struct stmt *s)
{
    if (!s) return;
    sqlite3_reset(s->raw);
    sqlite3_clear_bindings(s->raw);
    s->in_use = false;
}

int stmt_run(struct stmt *s, struct err *err)
{
    int rc;
    while ((rc = stmt_step(s, err)) == 1) {
    }
    stmt_done(s);
    return rc;
}

static struct stmt *bound(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (s) stmt_bind_int(s, 1, a);
    if (s && stmt_bind_count(s) > 1) stmt_bind_int(s, 2, b);
    return s;
}

int store_run(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
    struct stmt *s = bound(db, sql, a, b, err);
    return s ? stmt_run(s, err) : err->code;
}

int store_has(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
    struct stmt *s = bound(db, sql, a, b, err);
    int rc = s ? stmt_step(s, err) : err->code;
    stmt_done(s);
    return rc;
}

int stmt_columns(struct stmt *s)
{
    return sqlite3_column_count(s->raw);
}

const char *stmt_column_name(struct stmt *s, int col)
{
    return sqlite3_column_name(s->raw, col);
}

enum store_type stmt_type(struct stmt *s, int col)
{
    switch (sqlite3_column_type(s->raw, col)) {
    case SQLITE_INTEGER:
        return STORE_INT;
    case SQLITE_FLOAT:
        return STORE_NUM;
    case SQLITE_TEXT:
        return STORE_TEXT;
    case SQLITE_BLOB:
        return STORE_BLOB;
    default:
        return STORE_NULL;
    }
}

int64_t stmt_int(struct stmt *s, int col)
{
    return sqlite3_column_int64(s->raw, col);
}

double stmt_num(struct stmt *s, int col)
{
    return sqlite3_column_double(s->raw, col);
}

const char *stmt_text(struct stmt *s, int col, size_t *len)
{
    const char *p = (const char *)sqlite3_column_text(s->raw, col);
    *len = (size_t)sqlite3_column_bytes(s->raw, col);
    return p;
}

void stmt_copy(struct stmt *s, int col, char *out, size_t cap)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    if (!p) len = 0;
    if (len >= cap) len = cap - 1;
    if (len) memcpy(out, p, len);
    out[len] = '\0';
}

const void *stmt_blob(struct stmt *s, int col, size_t *len)
{
    const void *p = sqlite3_column_blob(s->raw, col);
    *len = (size_t)sqlite3_column_bytes(s->raw, col);
    return p;
}

bool stmt_is_null(struct stmt *s, int col)
{
    return sqlite3_column_type(s->raw, col) == SQLITE_NULL;
}

int store_report(struct store *db, const char *sql, const char *key, err_sink report, void *ctx, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    struct err finding;
    struct err_num id;
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        err_set(&finding, ERR_CORRUPT, key, "id", err_i64(&id, stmt_int(s, 0)), NULL);
        report(ctx, &finding);
    }
    stmt_done(s);
    return rc;
}
