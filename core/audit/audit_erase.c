/* Counting, beginning and listing. An erasure is one row: by what the person was known, the next row of the audit, what
 * was erased so far. audit_eraser.c does it. */
#include "audit/audit_trace.h"

#include <string.h>

#include "base/id.h"
#include "runtime/crash.h"

enum { TRACES_MAX = 256 << 10 };

const char audit_erasure_schema[] =
    "create table audit_erasure(id integer primary key, person integer not null, at integer not null, user integer,"
    " by_person integer, reason text not null, traces blob, next integer not null, rows integer not null default 0,"
    " vals integer not null default 0, looked_at integer, done_at integer);"
    "create index audit_erasure_open on audit_erasure(id) where done_at is null;";

/* place: which is looked at, null: the first; or "waiting". part, thing: how far it got there. Of the audit that is
 * `next`: rows that come while an erasure waits are looked at when it goes on. */
const char audit_places_schema[] =
    "alter table audit_erasure add column place text;"
    "alter table audit_erasure add column part text not null default '';"
    "alter table audit_erasure add column thing integer not null default 0;"
    "alter table audit_erasure add column published integer not null default 0;"
    "update audit_erasure set place = 'audit' where done_at is null;"
    "create table audit_erasure_place(erasure integer not null, place text not null, things integer not null,"
    " vals integer not null, kept integer not null, primary key(erasure, place)) without rowid;"
    "create table audit_erasure_wait(erasure integer not null, place text not null, thing integer not null,"
    " kind text not null, primary key(erasure, place, thing)) without rowid;"
    /* Fields of things that were the person's: entries about those things lose them, too. */
    "create table audit_erasure_field(erasure integer not null, kind text not null, thing integer not null,"
    " field text not null, primary key(erasure, kind, thing, field)) without rowid;";

/* The key is in every backup that was made since. */
const char audit_digest_schema[] =
    "create table audit_erasure_key(id integer primary key check(id = 1), key blob not null);"
    "insert into audit_erasure_key values(1, randomblob(32));"
    "alter table audit_erasure add column digest text;";

/* --- counting --- */

struct counting {
    struct audit_trace *trace;
    int64_t values;
};

static int skip_entry(void *ctx, uint32_t bits)
{
    (void)ctx;
    (void)bits;
    return 0;
}

static int skip_open(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return 0;
}

static int count_sealed(void *ctx, const struct audit_sealed *v)
{
    struct counting *c = ctx;
    if (v->n > 0 && audit_trace_wants(c->trace, v)) c->values++;
    return 0;
}

int64_t audit_count_values(struct audit_trace *t, const struct audit_row *r)
{
    struct counting c = {.trace = t};
    const struct audit_visitor visitor = {skip_entry, skip_open, count_sealed, &c};
    t->row = r;
    (void)audit_visit(r, &visitor); /* a damaged row is told by the verification */
    return c.values;
}

int audit_erase_count(struct store *db, const struct audit_traces *t, struct audit_found *out, struct err *err)
{
    struct audit_trace trace;
    int rc = audit_trace_init(&trace, t, err);
    *out = (struct audit_found){0};
    struct stmt *s = rc ? NULL : store_stmt(db, "select " AUDIT_COLUMNS " from audit order by id", err);
    if (!rc && !s) rc = err->code;
    while (rc == 0 && (rc = stmt_step(s, err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        int64_t n = audit_count_values(&trace, &r);
        rc = 0;
        if (!n) continue;
        if (r.salt) out->rows++;
        if (r.salt) out->values += n;
        if (!r.salt) out->old++;
    }
    stmt_done(s);
    audit_trace_close(&trace);
    return rc;
}

/* --- beginning --- */

static int pack(const struct audit_traces *t, struct buf *out)
{
    struct val items[3] = {val_int(t->person), t->accounts, t->texts};
    struct val list = val_list();
    list.as.list.items = items;
    list.as.list.n = 3;
    return val_encode(&list, out, false) == 0 && buf_ok(out) ? 0 : ERR_LIMIT;
}

int audit_traces_read(const char *p, size_t len, struct arena *a, struct audit_traces *out, struct err *err)
{
    struct val list;
    const char *copy = p ? arena_strndup(a, p, len) : NULL;
    if (!copy || val_decode(copy, len, a, NULL, &list) != 0 || !val_at(&list, 2) ||
        list.as.list.items[0].type != VAL_INT)
        return err_set(err, ERR_CORRUPT, "audit.row", NULL);
    *out = (struct audit_traces){list.as.list.items[0].as.i, list.as.list.items[1], list.as.list.items[2], NULL};
    return 0;
}

int audit_check_reason(const struct audit_traces *t, const char *reason, struct err *err)
{
    size_t n = reason ? strspn(reason, " \t\r\n") : 0;
    if (!reason || !reason[n] || strlen(reason) > AUDIT_REASON_MAX)
        return err_set(err, ERR_INVALID, "audit.reason", NULL);
    return t && audit_is_named(t, reason) ? err_set(err, ERR_INVALID, "audit.reason_named", NULL) : 0;
}

int audit_erase_digest(struct store *db, const char *code, char hex[DIGEST_HEX], struct err *err)
{
    uint8_t d[DIGEST_LEN];
    size_t n = 0;
    struct stmt *s = store_stmt(db, "select key from audit_erasure_key where id = 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    const void *key = rc == 1 ? stmt_blob(s, 0, &n) : NULL;
    if (key) digest_hmac(key, n, code, strlen(code), d);
    stmt_done(s);
    if (!key) return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "audit.row", NULL);
    digest_hex(d, hex);
    return 0;
}

int audit_erase_begin(struct session *s, const struct audit_traces *t, const struct audit_wish *wish, int64_t *id,
                      struct err *err)
{
    struct audit *au = s->host->audit;
    struct buf traces;
    char digest[DIGEST_HEX] = "";
    int rc = audit_check_reason(t, wish->reason, err);
    if (rc == 0 && t->code) rc = audit_erase_digest(s->db, t->code, digest, err);
    if (rc) return rc;
    struct stmt *st =
        store_stmt(s->db,
                   "insert into audit_erasure(id, person, at, user, by_person, reason, traces, next, published,"
                   " digest) values(?1, ?2, ?3, nullif(?4, 0), nullif(?5, 0), ?6, ?7, 0, ?8, nullif(?9, ''))",
                   err);
    if (!st) return err->code;
    *id = id_next(lane_ids(s->lane), s->now);
    buf_init(&traces, TRACES_MAX);
    rc = pack(t, &traces);
    stmt_bind_int(st, 1, *id);
    stmt_bind_int(st, 2, t->person);
    stmt_bind_int(st, 3, s->now);
    stmt_bind_int(st, 4, s->actor.user > 0 ? s->actor.user : 0);
    stmt_bind_int(st, 5, s->actor.person);
    stmt_bind_str(st, 6, wish->reason);
    stmt_bind_blob(st, 7, traces.data, traces.len);
    stmt_bind_int(st, 8, wish->published);
    stmt_bind_str(st, 9, digest);
    if (rc == 0)
        rc = stmt_run(st, err);
    else
        stmt_done(st);
    buf_close(&traces);
    crash_point("audit.erase_begun");
    if (rc == 0)
        rc = audit_add(
            s,
            &(struct audit_entry){.verb = AUDIT_ERASE_VERB, .kind = "person", .id = t->person, .reason = wish->reason},
            err);
    if (rc == 0 && au) audit_eraser_wake(au, s->now);
    return rc;
}

/* --- what was erased --- */

static int add_pairs(struct stmt *s, const char *const names[], struct arena *a, struct val *row)
{
    size_t len;
    int rc = 0;
    for (int i = 0; rc == 0 && names[i]; i++) {
        if (stmt_is_null(s, i)) continue;
        bool is_text = stmt_type(s, i) == STORE_TEXT;
        const char *p = is_text ? stmt_text(s, i, &len) : NULL;
        char *copy = p ? arena_strndup(a, p, len) : NULL;
        if (is_text && !copy) return ERR_NOMEM;
        rc = val_set(a, row, names[i], is_text ? val_strn(copy, len) : val_int(stmt_int(s, i)));
    }
    return rc;
}

/* Its places, or what it waits for: a list in the row. */
static int add_list(struct store *db, const char *sql, const char *const names[], struct arena *a, const char *as,
                    struct val *row, struct err *err)
{
    struct val list = val_list();
    struct stmt *s = store_stmt(db, sql, err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, val_get_int(row, "id", 0));
    while ((rc = stmt_step(s, err)) == 1) {
        struct val one = val_map();
        if (add_pairs(s, names, a, &one) || val_add(a, &list, one)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc < 0) break;
    }
    stmt_done(s);
    if (rc == 0 && list.as.list.n && val_set(a, row, as, list)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

static int show(struct store *db, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    static const char *const names[] = {"id",      "person",    "at",     "user",  "by",     "rows", "values",
                                        "done_at", "published", "reason", "state", "digest", NULL};
    static const char *const places[] = {"place", "things", "values", "kept", NULL};
    static const char *const waits[] = {"place", "kind", "id", "why", NULL};
    static const char *const left[] = {"place", "what", "values", "why", "reason", NULL};
    *row = val_map();
    if (add_pairs(s, names, a, row)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    int rc = val_set(a, row, "published", val_bool(val_get_int(row, "published", 0)));
    if (rc == 0)
        rc = add_list(db, "select place, things, vals, kept from audit_erasure_place where erasure = ?1 order by place",
                      places, a, "places", row, err);
    if (rc == 0)
        rc = add_list(db,
                      "select place, kind, thing, why from audit_erasure_wait where erasure = ?1 order by place, thing"
                      " limit 100",
                      waits, a, "waits", row, err);
    return rc ? rc : add_list(db, audit_left_sql, left, a, "left", row, err);
}

static const struct list_column columns[] = {
    {"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "id"},
    {"person", FIELD_INTEGER, LIST_SHOWN},
    {"at", FIELD_INSTANT, LIST_SHOWN},
    {"user", FIELD_INTEGER, LIST_SHOWN},
    {"by", FIELD_INTEGER, LIST_SHOWN},
    {"rows", FIELD_INTEGER, LIST_SHOWN},
    {"values", FIELD_INTEGER, LIST_SHOWN},
    {"done_at", FIELD_INSTANT, LIST_SHOWN},
    {"published", FIELD_BOOLEAN, LIST_SHOWN},
    {"reason", FIELD_TEXT, LIST_SHOWN},
    {"state", FIELD_TEXT, LIST_SHOWN},
    {"places", FIELD_JSON, LIST_SHOWN, .gives = "list{place:text!,things:integer!,values:integer!,kept:integer}"},
    {"waits", FIELD_JSON, LIST_SHOWN, .gives = "list{place:text!,kind:text!,id:integer!,why:text,says:text}"},
    {"left", FIELD_JSON, LIST_SHOWN,
     .gives = "list{place:text!,what:text!,values:integer,why:text!,reason:text,says:text}"},
    {"digest", FIELD_TEXT, LIST_SHOWN},
    {0}};
const struct list audit_erasure_list = {.name = "erasures",
                                        .order = "-id",
                                        .key = "id",
                                        .columns = columns,
                                        .from = "audit_erasure",
                                        .select =
                                            "id, person, at, user, by_person, rows, vals, done_at, published, reason,"
                                            " case when done_at is not null then 'done'"
                                            " when place = 'waiting' then 'waiting' else 'running' end, digest"};

static int list_row(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    return show(ctx, s, a, row, err);
}

int audit_erasures(struct store *db, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                   struct err *err)
{
    struct list_rows how = {.read = list_row, .ctx = db};
    return list_find(db, q, &how, a, out, next, err);
}
