/* A page: rows after the last one, each as lines or as a digest, until there is enough. */
#include "audit/audit_export.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit_line.h"
#include "audit/audit_seal.h"
#include "base/arena.h"

enum { PAGE_ROWS = 5000, PAGE_BYTES = 4 << 20, OMITTED_AT_ONCE = 400, ROW_ARENA = 256 << 20 };

bool audit_format_parse(const char *name, enum audit_format *out)
{
    *out = strcmp(name, "csv") == 0 ? AUDIT_CSV : AUDIT_JSONL;
    return *out == AUDIT_CSV || strcmp(name, "jsonl") == 0;
}

struct writing {
    const struct audit_export *e;
    struct buf *out;
    struct arena arena;
    uint8_t omitted[OMITTED_AT_ONCE * DIGEST_LEN];
    int64_t nomitted, first; /* the first of them */
};

static void flush(struct writing *w)
{
    if (w->nomitted == 0) return;
    audit_line_omitted(w->e->format, w->first, w->omitted, (size_t)w->nomitted, w->out);
    w->nomitted = 0;
}

static bool fits(struct writing *w, const struct audit_row *r)
{
    const struct audit_export *e = w->e;
    struct audit_reader entries;
    struct val v;
    if (!r->salt || (!e->person && !e->is_unit)) return true; /* without seals it cannot be left out */
    audit_reader_init(&entries, r);
    while (audit_next_entry(&entries, &w->arena, &v) == 1) {
        const struct val *f = v.as.list.items;
        bool who = !e->person || audit_entry_person(r, f) == e->person ||
                   (f[AUDIT_FOR].type == VAL_INT && f[AUDIT_FOR].as.i == e->person);
        bool where = !e->is_unit || (f[AUDIT_UNIT].type == VAL_INT && e->is_unit(e->ctx, f[AUDIT_UNIT].as.i));
        if (who && where) return true;
    }
    return false;
}

static int add_row(struct writing *w, const struct audit_row *r)
{
    arena_reset(&w->arena);
    if (fits(w, r)) {
        flush(w);
        return audit_line_row(w->e->format, r, &w->arena, w->out);
    }
    if (w->nomitted == 0) w->first = r->id;
    if (audit_row_digest(r, w->omitted + w->nomitted++ * DIGEST_LEN, NULL) != 0) return ERR_CORRUPT;
    if (w->nomitted == OMITTED_AT_ONCE) flush(w);
    return 0;
}

/* A row by its number: its hash. 1, 0. */
static int hash_at(struct store *db, int64_t row, uint8_t hash[DIGEST_LEN], struct err *err)
{
    size_t len;
    struct stmt *s = store_stmt(db, "select hash from audit where id = ?1", err);
    memset(hash, 0, DIGEST_LEN);
    if (!s) return err->code;
    stmt_bind_int(s, 1, row);
    int rc = stmt_step(s, err);
    const void *p = rc == 1 ? stmt_blob(s, 0, &len) : NULL;
    if (p && len == DIGEST_LEN) memcpy(hash, p, DIGEST_LEN);
    stmt_done(s);
    return rc;
}

static int chain_line(struct writing *w, struct store *db, const char *verb, int64_t row, struct err *err)
{
    struct audit_head head = {.row = row};
    int rc = hash_at(db, row, head.hash, err);
    if (rc < 0) return rc;
    audit_line_chain(w->e->format, verb, &head, w->out);
    return 0;
}

static int bound(struct store *db, const char *sql, int64_t at, int64_t otherwise, int64_t *row, struct err *err)
{
    *row = otherwise;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    if (stmt_bind_count(s)) stmt_bind_int(s, 1, at);
    int rc = stmt_step(s, err);
    if (rc == 1 && !stmt_is_null(s, 0)) *row = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* From behind which row to which. */
static int bounds(struct store *db, const struct audit_export *e, int64_t *after, int64_t *last, struct err *err)
{
    int rc = e->until ? bound(db, "select id from audit where at < ?1 order by id desc limit 1", e->until, 0, last, err)
                      : bound(db, "select max(id) from audit", 0, 0, last, err);
    *after = e->after;
    if (rc || e->after) return rc;
    if (!e->since) return 0;
    rc = bound(db, "select id - 1 from audit where at >= ?1 order by id limit 1", e->since, *last, after, err);
    if (*after > *last) *after = *last;
    return rc;
}

static int add_rows(struct writing *w, struct store *db, int64_t *after, int64_t last, struct err *err)
{
    int rc = 0;
    struct stmt *s =
        store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 and id <= ?2 order by id limit ?3", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, *after);
    stmt_bind_int(s, 2, last);
    stmt_bind_int(s, 3, PAGE_ROWS);
    while (rc == 0 && w->out->len < PAGE_BYTES && (rc = stmt_step(s, err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        *after = r.id;
        rc = add_row(w, &r);
        if (rc) err_set(err, rc, rc == ERR_CORRUPT ? "audit.row" : "limit.size", NULL);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int audit_export_page(struct store *db, const struct audit_export *e, struct buf *out, struct audit_page *page,
                      struct err *err)
{
    struct writing w = {.e = e, .out = out};
    int64_t after, last;
    int rc = bounds(db, e, &after, &last, err);
    if (rc) return rc;
    arena_init(&w.arena, ROW_ARENA);
    if (!e->after) audit_line_titles(e->format, out);
    if (!e->after) rc = chain_line(&w, db, "chain.begin", after, err);
    if (rc == 0) rc = add_rows(&w, db, &after, last, err);
    flush(&w);
    *page = (struct audit_page){.next = after < last ? after : 0, .last = last};
    if (rc == 0 && !page->next) rc = chain_line(&w, db, "chain.end", after, err);
    arena_close(&w.arena);
    return rc ? rc : buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
