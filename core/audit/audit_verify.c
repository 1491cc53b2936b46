/* Verification: every row against the one before it, anchors against the chain, and erased values against the acts
 * that erased them. */
#include "audit/audit_erase.h"
#include "audit/audit_internal.h"
#include "audit/audit_seal.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

/* Anchors that stand in the database are held against the chain as well; NULL at the end. */
struct anchors {
    struct stmt *s;
    struct audit_head next;
    bool has;
};

static int next_anchor(struct anchors *a, struct err *err)
{
    size_t len;
    int rc = stmt_step(a->s, err);
    a->has = rc == 1;
    if (rc != 1) return rc;
    const void *hash = stmt_blob(a->s, 1, &len);
    a->next = (struct audit_head){.row = stmt_int(a->s, 0)};
    if (len == DIGEST_LEN) memcpy(a->next.hash, hash, DIGEST_LEN);
    return 0;
}

static bool holds(const struct audit_head *anchor, const struct audit_head *row)
{
    return anchor->row != row->row || memcmp(anchor->hash, row->hash, DIGEST_LEN) == 0;
}

/* Values that are erased in rows, less those that acts of erasure tell of: in the end nothing of any row. By row. */
struct balance {
    struct {
        int64_t row, n;
    } * of;
    size_t n, cap;
};

struct verifying {
    struct store *db;
    struct anchors kept;
    struct balance balance;
    int64_t indexed; /* the search finds rows up to this one by the index */
};

static int balance_add(struct balance *b, int64_t row, int64_t n, struct err *err)
{
    size_t at = b->n;
    while (at > 0 && b->of[at - 1].row > row) /* mostly the last: rows come in order, acts soon after */
        at--;
    if (at > 0 && b->of[at - 1].row == row) {
        b->of[at - 1].n += n;
        return 0;
    }
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 64;
        void *more = mem_try_realloc(b->of, cap * sizeof(*b->of));
        if (!more) return err_set(err, ERR_NOMEM, "memory", NULL);
        b->of = more;
        b->cap = cap;
    }
    memmove(b->of + at + 1, b->of + at, (b->n - at) * sizeof(*b->of));
    b->of[at].row = row;
    b->of[at].n = n;
    b->n++;
    return 0;
}

static int take_act(struct balance *b, const struct val *f, int64_t *erased, struct err *err)
{
    int64_t n = val_get_int(&f[AUDIT_AFTER], "values", 0);
    if (!val_is_str(&f[AUDIT_VERB], AUDIT_ERASE_VERB) || !val_is_str(&f[AUDIT_KIND], "audit")) return 0;
    *erased += n;
    return balance_add(b, f[AUDIT_ID].as.i, -n, err);
}

static int has_row(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, a);
    stmt_bind_int(s, 2, b);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

/* An anchor that the entry tells of stands there still; whether it fits is held against the chain. 1, 0. */
static int is_anchored(struct store *db, const struct val *f, struct err *err)
{
    if (!val_is_str(&f[AUDIT_VERB], AUDIT_ANCHOR_VERB) || !val_is_str(&f[AUDIT_KIND], "audit")) return 1;
    return has_row(db, "select 1 from audit_anchor where audit = ?1 and audit <= ?2", f[AUDIT_ID].as.i, INT64_MAX, err);
}

static int is_in_index(struct store *db, int64_t key, int64_t row, struct err *err)
{
    return has_row(db, "select 1 from audit_index where key = ?1 and audit = ?2", key, row, err);
}

/* By its thing, by whom it was for and by the run that did it; a name that was erased is not to be found. */
static int is_indexed(struct store *db, const struct audit_row *r, const struct val *f, struct err *err)
{
    int64_t row = r->id, run = audit_entry_run(r, f);
    const struct val *kind = &f[AUDIT_KIND], *name = &f[AUDIT_NAME], *by = &f[AUDIT_FOR];
    int rc = 1;
    if (kind->type != VAL_STR || f[AUDIT_ID].type != VAL_INT) return 1;
    const char *k = kind->as.str.s;
    size_t n = kind->as.str.len;
    int64_t id = f[AUDIT_ID].as.i;
    bool named = name->type == VAL_STR && name->as.str.len > 0;
    if (named) rc = is_in_index(db, audit_thing_key(k, n, id, name->as.str.s, name->as.str.len), row, err);
    if (rc == 1 && (id || name->type == VAL_NIL)) rc = is_in_index(db, audit_thing_key(k, n, id, NULL, 0), row, err);
    if (rc == 1 && run) rc = is_in_index(db, audit_run_key(run), row, err);
    if (rc == 1 && by->type == VAL_INT && by->as.i) rc = is_in_index(db, audit_person_key(by->as.i), row, err);
    return rc;
}

/* What the entries of a row tell of, and whether they are found. 1: not all of it is so, and *b says what. */
static int check_entries(struct verifying *v, const struct audit_row *r, struct audit_break *b, struct err *err)
{
    struct audit_reader entries;
    struct arena a;
    struct val e;
    int rc = 1;
    bool has_index = r->id <= v->indexed;
    bool tells = memmem(r->body, r->len, AUDIT_ERASE_VERB, sizeof(AUDIT_ERASE_VERB) - 1) ||
                 memmem(r->body, r->len, AUDIT_ANCHOR_VERB, sizeof(AUDIT_ANCHOR_VERB) - 1);
    if (!tells && !has_index) return 0;
    b->how = "index";
    if (has_index && r->c.person) rc = is_in_index(v->db, audit_person_key(r->c.person), r->id, err);
    arena_init(&a, AUDIT_BATCH_MAX);
    audit_reader_init(&entries, r);
    while (rc == 1 && audit_next_entry(&entries, &a, &e) == 1) {
        const struct val *f = e.as.list.items;
        if (has_index) rc = is_indexed(v->db, r, f, err);
        if (rc != 1 || !tells) continue;
        rc = take_act(&v->balance, f, &b->erased, err);
        rc = rc ? rc : is_anchored(v->db, f, err);
        if (rc == 0) b->row = f[AUDIT_ID].as.i;
        if (rc == 0) b->how = "unanchored";
    }
    arena_close(&a);
    return rc < 0 ? rc : !rc;
}

/* 1 when the row breaks the chain. */
static int check_row(struct verifying *v, struct stmt *s, const struct audit_head *printed, struct audit_break *b,
                     struct err *err)
{
    struct anchors *kept = &v->kept;
    struct audit_row r;
    const uint8_t *hash;
    uint8_t want[DIGEST_LEN];
    int64_t erased;
    int rc = 0;
    audit_read_row(s, &r, &hash);
    b->row = b->head.row + 1;
    b->how = "missing";
    if (r.id != b->row) return 1;
    b->how = "changed";
    if (audit_hash(b->head.hash, &r, want, &erased) != 0) return 1;
    if (!hash || memcmp(want, hash, DIGEST_LEN) != 0) return 1;
    if (erased) rc = balance_add(&v->balance, r.id, erased, err);
    if (rc == 0) rc = check_entries(v, &r, b, err);
    if (rc) return rc;
    b->head.row = r.id;
    b->head.at = r.c.at;
    memcpy(b->head.hash, want, DIGEST_LEN);
    b->rows++;
    b->how = "anchor";
    if (printed && !holds(printed, &b->head)) return 1;
    while (rc == 0 && kept->has && kept->next.row <= r.id) {
        if (!holds(&kept->next, &b->head)) return 1;
        rc = next_anchor(kept, err);
    }
    return rc;
}

void audit_break_tell(const struct audit_break *b, struct err *out)
{
    struct err_num row, good;
    char key[48];
    snprintf(key, sizeof(key), "audit.broken_%s", b->how);
    err_set(out, ERR_CORRUPT, key, "row", err_i64(&row, b->row), "good", err_i64(&good, b->rows), NULL);
}

int audit_verify(struct store *db, const struct audit_head *anchor, struct audit_break *b, struct err *err)
{
    struct verifying v = {.db = db};
    struct stmt *s = NULL;
    *b = (struct audit_break){0};
    v.kept.s = store_stmt(db, "select audit, hash from audit_anchor order by audit", err);
    int rc = v.kept.s ? next_anchor(&v.kept, err) : err->code;
    if (rc == 0) rc = audit_indexed(db, &v.indexed, err);
    if (rc == 0) s = store_stmt(db, "select " AUDIT_COLUMNS " from audit order by id", err);
    if (rc == 0 && !s) rc = err->code;
    while (rc == 0 && (rc = stmt_step(s, err)) == 1)
        rc = check_row(&v, s, anchor, b, err);
    /* What an anchor or the index tells of must be there: rows cut off at the end break no chain. */
    bool is_known = (v.kept.has && v.kept.next.row > b->head.row) || (anchor && anchor->row > b->head.row);
    if (rc == 0 && (is_known || v.indexed > b->head.row)) {
        b->row = b->head.row + 1;
        b->how = "missing";
        rc = 1;
    }
    for (size_t i = 0; rc == 0 && i < v.balance.n; i++) {
        if (!v.balance.of[i].n) continue;
        b->row = v.balance.of[i].row;
        b->how = "erased";
        rc = 1;
    }
    mem_free(v.balance.of);
    stmt_done(s);
    stmt_done(v.kept.s);
    return rc;
}
