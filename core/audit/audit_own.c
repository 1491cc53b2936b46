/* The audit itself, the last place that an erasure looks at: rows without their values, acts that tell of them. */
#include "audit/audit_place.h"
#include "audit/audit_trace.h"

#include <stdio.h>
#include <string.h>

#include "runtime/crash.h"

enum { PIECE_ROWS = 200 };

/* A name that is erased is not to be found by it either. */
struct piece {
    struct audit_erasing to;
    struct buf keys;
    int failed;
    bool has_fields; /* places have told of fields */
    struct erasing *e;
    struct err *err;
};

/* A field that a place has told of. What cannot be asked is not erased, and the slice fails. */
static bool is_field(struct piece *p, const struct audit_sealed *v)
{
    if (!p->has_fields || !v->key || !v->id || v->is_erased || v->kind.type != VAL_STR || p->failed) return false;
    struct stmt *s = store_stmt(p->e->s->db,
                                "select 1 from audit_erasure_field where erasure = ?1 and kind = ?2 and thing = ?3 and"
                                " field = ?4",
                                p->err);
    if (!s) p->failed = p->err->code;
    if (!s) return false;
    stmt_bind_int(s, 1, p->e->id);
    stmt_bind_text(s, 2, v->kind.as.str.s, v->kind.as.str.len);
    stmt_bind_int(s, 3, v->id);
    stmt_bind_text(s, 4, v->key, v->key_len);
    int rc = stmt_step(s, p->err);
    if (rc < 0) p->failed = rc;
    stmt_done(s);
    return rc == 1;
}

/* What the person answered and said about tasks. */
static bool is_own_word(const struct piece *p, const struct audit_sealed *v)
{
    return v->key && !v->is_erased && v->person == p->e->traces->person && val_is_str(&v->kind, "task") &&
           !erasing_is_act(v->key, v->key_len);
}

static bool may_be_sealed(const struct val *v)
{
    struct buf b;
    buf_init(&b, AUDIT_BATCH_MAX);
    bool may = val_encode(v, &b, false) != 0 || !b.len || val_may_hold_text(b.data, b.data + b.len);
    buf_close(&b);
    return may;
}

/* Fields of theirs whose values are public: numbers that were told before such values were told as texts. */
static int64_t count_public(struct piece *p, const struct audit_row *r)
{
    struct arena_mark mark = arena_mark(p->e->a);
    struct audit_reader entries;
    struct val entry;
    int64_t n = 0;
    audit_reader_init(&entries, r);
    while (p->has_fields && audit_next_entry(&entries, p->e->a, &entry) == 1) {
        const struct val *f = entry.as.list.items;
        for (int k = AUDIT_BEFORE; k <= AUDIT_AFTER; k++)
            for (size_t i = 0; f[k].type == VAL_MAP && i < f[k].as.map.n; i++) {
                const struct val_pair *pair = &f[k].as.map.pairs[i];
                const struct audit_sealed v = {
                    .key = pair->key, .key_len = strlen(pair->key), .kind = f[AUDIT_KIND], .id = f[AUDIT_ID].as.i};
                n += !may_be_sealed(&pair->v) && is_field(p, &v);
            }
    }
    arena_rewind(p->e->a, mark);
    return n;
}

static bool wants(void *ctx, const struct audit_sealed *v)
{
    struct piece *p = ctx;
    struct val name;
    if (!audit_trace_wants(p->e->trace, v)) return is_own_word(p, v) || is_field(p, v);
    if (v->field != AUDIT_NAME || v->entry < 0 || v->kind.type != VAL_STR) return true;
    if (val_decode(v->p, v->len, NULL, NULL, &name) != 0 || name.type != VAL_STR) return true;
    int64_t key = audit_thing_key(v->kind.as.str.s, v->kind.as.str.len, v->id, name.as.str.s, name.as.str.len);
    buf_add(&p->keys, &key, sizeof(key));
    return true;
}

static int drop_keys(struct piece *p, int64_t row)
{
    for (size_t i = 0; i + sizeof(int64_t) <= p->keys.len; i += sizeof(int64_t)) {
        int64_t key;
        memcpy(&key, p->keys.data + i, sizeof(key));
        struct stmt *s = store_stmt(p->e->s->db, "delete from audit_index where key = ?1 and audit = ?2", p->err);
        if (!s) return p->err->code;
        stmt_bind_int(s, 1, key);
        stmt_bind_int(s, 2, row);
        int rc = stmt_run(s, p->err);
        if (rc) return rc;
    }
    return 0;
}

static int put_row(struct piece *p, const struct audit_row *r)
{
    struct stmt *s = store_stmt(p->e->s->db,
                                "update audit set body = ?2, salt = ?3, origin = case when ?4 then null else origin end"
                                " where id = ?1",
                                p->err);
    if (!s) return p->err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_blob(s, 2, p->to.body.data, p->to.body.len);
    stmt_bind_blob(s, 3, p->to.salts.data, p->to.salts.len);
    stmt_bind_int(s, 4, p->to.is_address);
    return stmt_run(s, p->err);
}

/* Nobody can tell what is in it; it may be what the person's name stands in. */
static int leave_damaged(struct piece *p, int64_t row)
{
    char what[40];
    snprintf(what, sizeof(what), "row %lld", (long long)row);
    return erasing_leave(p->e, what, 0, "audit.left_damaged", p->err);
}

static int erase_in(struct piece *p, const struct audit_row *r)
{
    struct erasing_mark one;
    p->e->trace->row = r;
    buf_clear(&p->keys);
    if (!r->salt) {
        int64_t n = audit_count_values(p->e->trace, r);
        return n ? erasing_leave(p->e, "unsealed", n, "audit.left_unsealed", p->err) : 0;
    }
    int64_t n = count_public(p, r);
    int rc = p->failed || n == 0 ? 0 : erasing_leave(p->e, "numbers", n, "audit.left_numbers", p->err);
    if (rc == 0) rc = audit_without(r, &p->to);
    if (p->failed) return p->failed;
    if (rc == ERR_CORRUPT) return leave_damaged(p, r->id);
    if (rc == 0 && p->to.n == 0) return 0;
    if (rc == 0 && !buf_ok(&p->keys)) rc = ERR_NOMEM;
    if (rc) return err_set(p->err, rc, "memory", NULL);
    int64_t id = r->id;
    rc = erasing_begin(p->e, &one, p->err);
    if (rc) return rc;
    rc = put_row(p, r);
    crash_point("audit.erase_row");
    if (rc == 0) rc = drop_keys(p, id);
    if (rc == 0) rc = erasing_tell(p->e, "audit", id, p->to.n, p->err);
    return erasing_end(p->e, &one, "audit", id, rc, p->err);
}

static int erase_some(struct piece *p, bool *more)
{
    struct store *db = p->e->s->db;
    int n = 0, rc = 0;
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 order by id limit ?2", p->err);
    if (!s) return p->err->code;
    stmt_bind_int(s, 1, p->e->at);
    stmt_bind_int(s, 2, PIECE_ROWS);
    while (rc == 0 && (rc = stmt_step(s, p->err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        p->e->at = r.id;
        n++;
        rc = erase_in(p, &r);
    }
    stmt_done(s);
    *more = n > 0;
    return rc;
}

int audit_own_look(struct erasing *e, bool *more, struct err *err)
{
    struct piece p = {.e = e, .err = err};
    int64_t fields = 0;
    int rc =
        audit_run(e->s->db, "select exists(select 1 from audit_erasure_field where erasure = ?1)", e->id, &fields, err);
    if (rc) return rc;
    p.has_fields = fields != 0;
    p.to.wants = wants;
    p.to.ctx = &p;
    buf_init(&p.keys, 8 << 20);
    buf_init(&p.to.body, AUDIT_BATCH_MAX);
    buf_init(&p.to.salts, SEALS_MAX);
    rc = erase_some(&p, more);
    buf_close(&p.keys);
    buf_close(&p.to.body);
    buf_close(&p.to.salts);
    return rc;
}
