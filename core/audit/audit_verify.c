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

/* Acts of erasure in a row take off what they tell of. */
static int take_acts(struct balance *b, const struct audit_row *r, int64_t *erased, struct err *err)
{
    struct audit_reader entries;
    struct arena a;
    struct val e;
    int rc = 0;
    if (!memmem(r->body, r->len, AUDIT_ERASE_VERB, sizeof(AUDIT_ERASE_VERB) - 1)) return 0;
    arena_init(&a, AUDIT_BATCH_MAX);
    audit_reader_init(&entries, r);
    while (rc == 0 && audit_next_entry(&entries, &a, &e) == 1) {
        const struct val *f = e.as.list.items;
        int64_t n = val_get_int(&f[AUDIT_AFTER], "values", 0);
        if (!val_is_str(&f[AUDIT_VERB], AUDIT_ERASE_VERB) || !val_is_str(&f[AUDIT_KIND], "audit")) continue;
        *erased += n;
        rc = balance_add(b, f[AUDIT_ID].as.i, -n, err);
    }
    arena_close(&a);
    return rc;
}

/* 1 when the row breaks the chain. */
static int check_row(struct stmt *s, const struct audit_head *printed, struct anchors *kept, struct balance *balance,
                     struct audit_break *b, struct err *err)
{
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
    if (erased) rc = balance_add(balance, r.id, erased, err);
    if (rc == 0) rc = take_acts(balance, &r, &b->erased, err);
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
    struct anchors kept = {.s = store_stmt(db, "select audit, hash from audit_anchor order by audit", err)};
    struct balance balance = {0};
    struct stmt *s = kept.s ? store_stmt(db, "select " AUDIT_COLUMNS " from audit order by id", err) : NULL;
    *b = (struct audit_break){0};
    int rc = s ? next_anchor(&kept, err) : err->code;
    while (rc == 0 && (rc = stmt_step(s, err)) == 1)
        rc = check_row(s, anchor, &kept, &balance, b, err);
    /* What an anchor tells of must be there: rows cut off at the end break no chain. */
    if (rc == 0 && ((kept.has && kept.next.row > b->head.row) || (anchor && anchor->row > b->head.row))) {
        b->row = b->head.row + 1;
        b->how = "missing";
        rc = 1;
    }
    for (size_t i = 0; rc == 0 && i < balance.n; i++) {
        if (!balance.of[i].n) continue;
        b->row = balance.of[i].row;
        b->how = "erased";
        rc = 1;
    }
    mem_free(balance.of);
    stmt_done(s);
    stmt_done(kept.s);
    return rc;
}
