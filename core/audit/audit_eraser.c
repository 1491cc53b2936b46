/* Erasures that are not done go on, piece by piece. A piece is one slice: rows without their values, acts that tell of
 * them, and how far it got. When no row is left what the person was known by goes, too, and the log is cleared; until
 * that has worked, the erasure is not called done. */
#include "audit/audit_trace.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { PIECE_ROWS = 200, PAUSE_MS = 2, AGAIN_MS = 1000, ERASE_ARENA = 1 << 20 };

struct audit_eraser {
    struct audit *au;
    struct lane *lane;
    struct lane_source source;
    struct lane_work work;
    bool is_working, has_more, is_looked, is_cleared;
};

struct erasure {
    int64_t id, at, user, person, next, rows, values;
    const char *reason;
    struct audit_traces traces;
};

static int load(struct store *db, struct arena *a, struct erasure *e, struct err *err)
{
    struct val list;
    size_t len;
    struct stmt *s = store_stmt(db,
                                "select id, at, user, by_person, next, rows, vals, reason, traces from audit_erasure"
                                " where done_at is null and looked_at is null order by id limit 1",
                                err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *e = (struct erasure){.id = stmt_int(s, 0),
                              .at = stmt_int(s, 1),
                              .user = stmt_int(s, 2),
                              .person = stmt_int(s, 3),
                              .next = stmt_int(s, 4),
                              .rows = stmt_int(s, 5),
                              .values = stmt_int(s, 6)};
        const char *reason = stmt_text(s, 7, &len);
        e->reason = arena_strndup(a, reason ? reason : "", len);
        const char *p = stmt_blob(s, 8, &len), *copy = p ? arena_strndup(a, p, len) : NULL;
        bool ok = copy && e->reason && val_decode(copy, len, a, NULL, &list) == 0 && val_at(&list, 2);
        if (!ok) rc = err_set(err, ERR_CORRUPT, "audit.row", NULL);
        if (ok)
            e->traces = (struct audit_traces){list.as.list.items[0].as.i, list.as.list.items[1], list.as.list.items[2]};
    }
    stmt_done(s);
    return rc;
}

/* A name that is erased is not to be found by it either. */
struct piece {
    struct audit_trace trace;
    struct audit_erasing to;
    struct buf keys;
    struct session *s;
    struct erasure *e;
    struct err *err;
};

static bool note_key(struct audit_trace *t, const struct audit_sealed *v)
{
    struct piece *p = (struct piece *)((char *)t - offsetof(struct piece, trace));
    struct val name;
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
        struct stmt *s = store_stmt(p->s->db, "delete from audit_index where key = ?1 and audit = ?2", p->err);
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
    struct stmt *s = store_stmt(p->s->db,
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

static int tell(struct piece *p, int64_t row)
{
    struct val_pair pairs[] = {{"erasure", val_int(p->e->id)}, {"values", val_int(p->to.n)}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = 2;
    return audit_add(p->s,
                     &(struct audit_entry){.verb = AUDIT_ERASE_VERB,
                                           .kind = "audit",
                                           .id = row,
                                           .after = &after,
                                           .reason = p->e->reason,
                                           .is_plain = true},
                     p->err);
}

static int erase_in(struct piece *p, const struct audit_row *r)
{
    p->trace.row = r;
    buf_clear(&p->keys);
    if (!r->salt) return 0;
    int rc = audit_without(r, &p->to);
    if (rc == ERR_CORRUPT || (rc == 0 && p->to.n == 0)) return 0; /* damaged: the verification tells */
    if (rc == 0 && !buf_ok(&p->keys)) rc = ERR_NOMEM;
    if (rc) return err_set(p->err, rc, "memory", NULL);
    int64_t id = r->id;
    rc = put_row(p, r);
    crash_point("audit.erase_row");
    if (rc == 0) rc = drop_keys(p, id);
    if (rc == 0) rc = tell(p, id);
    p->e->rows++;
    p->e->values += p->to.n;
    return rc;
}

static int erase_some(struct piece *p, bool *more)
{
    struct store *db = p->s->db;
    int n = 0, rc = 0;
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 order by id limit ?2", p->err);
    if (!s) return p->err->code;
    stmt_bind_int(s, 1, p->e->next);
    stmt_bind_int(s, 2, PIECE_ROWS);
    while (rc == 0 && (rc = stmt_step(s, p->err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        p->e->next = r.id;
        n++;
        rc = erase_in(p, &r);
    }
    stmt_done(s);
    *more = n > 0;
    return rc;
}

static int put_state(struct store *db, const struct erasure *e, int64_t looked_at, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "update audit_erasure set next = ?2, rows = ?3, vals = ?4, looked_at = nullif(?5, 0),"
                                " traces = case when ?5 then null else traces end where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_int(s, 2, e->next);
    stmt_bind_int(s, 3, e->rows);
    stmt_bind_int(s, 4, e->values);
    stmt_bind_int(s, 5, looked_at);
    return stmt_run(s, err);
}

static int run_erasure(struct audit_eraser *er, struct session *s, struct erasure *e, struct err *err)
{
    struct piece p = {.s = s, .e = e, .err = err};
    int rc = audit_trace_init(&p.trace, &e->traces, err);
    p.trace.found = note_key;
    p.to.wants = audit_trace_wants;
    p.to.ctx = &p.trace;
    buf_init(&p.keys, 8 << 20);
    buf_init(&p.to.body, AUDIT_BATCH_MAX);
    buf_init(&p.to.salts, SEALS_MAX);
    if (rc == 0) rc = erase_some(&p, &er->has_more);
    if (rc == 0) rc = put_state(s->db, e, er->has_more ? 0 : s->now, err);
    crash_point("audit.erase_piece");
    er->is_looked = !er->has_more;
    buf_close(&p.keys);
    buf_close(&p.to.body);
    buf_close(&p.to.salts);
    audit_trace_close(&p.trace);
    return rc;
}

/* After the last piece, in a slice of its own: the log was cleared. */
static int finish(struct store *db, int64_t now, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "update audit_erasure set done_at = ?1 where done_at is null and looked_at is not null", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, now);
    crash_point("audit.erase_done");
    return stmt_run(s, err);
}

static int count_looked(struct store *db, int64_t *n, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select count(*) from audit_erasure where done_at is null and looked_at is not null", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    *n = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* --- on the lane --- */

static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)w - offsetof(struct audit_eraser, work));
    struct host *h = er->au->host;
    struct arena a;
    struct erasure e;
    char origin[48];
    int64_t looked = 0;
    struct session s = {.mode = SESSION_WRITE,
                        .host = h,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &a,
                        .now = lane_now(lane),
                        .origin = origin,
                        .lang = h->lang,
                        .zone = h->zone};
    er->has_more = er->is_looked = false;
    if (er->is_cleared) {
        er->is_cleared = false;
        er->has_more = true; /* another erasure, perhaps */
        return finish(s.db, s.now, err);
    }
    arena_init(&a, ERASE_ARENA);
    int rc = load(s.db, &a, &e, err);
    if (rc == 1 && e.at >= s.now) { /* its own transaction may hold rows that are not there yet */
        er->has_more = true;
        rc = 0;
    } else if (rc == 1) {
        snprintf(origin, sizeof(origin), "erasure %lld", (long long)e.id);
        s.actor = (struct actor){.user = e.user, .person = e.person};
        rc = run_erasure(er, &s, &e, err);
    } else if (rc == 0) {
        rc = count_looked(s.db, &looked, err);
        er->is_looked = looked > 0;
    }
    arena_close(&a);
    return rc;
}

/* After the commit. */
static void done_piece(struct lane_work *w, const struct err *failed)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)w - offsetof(struct audit_eraser, work));
    struct err err = {0};
    int64_t now = clock_now(&er->au->host->clock);
    er->is_working = false;
    if (failed) {
        log_err(LOG_ERROR, "audit.erase_failed", failed);
        lane_wake_at(er->lane, &er->source, now + 60 * AGAIN_MS);
        return;
    }
    if (er->is_looked) {
        crash_point("audit.erase_clear");
        int rc = store_clear_log(lane_db(er->lane), &err);
        if (rc < 0) log_err(LOG_ERROR, "audit.erase_failed", &err);
        er->is_cleared = rc == 1;
        lane_wake_at(er->lane, &er->source, now + (rc == 1 ? 0 : AGAIN_MS));
    } else if (er->has_more) {
        lane_wake_at(er->lane, &er->source, now + PAUSE_MS);
    }
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)src - offsetof(struct audit_eraser, source));
    (void)now;
    (void)max;
    if (!er->is_working) lane_add(lane, &er->work);
    er->is_working = true;
    return INT64_MAX;
}

void audit_eraser_start(struct audit *au, struct lane *lane)
{
    struct audit_eraser *er = mem_alloc(sizeof(*er));
    *er = (struct audit_eraser){.au = au, .lane = lane};
    er->work = (struct lane_work){.run = run_piece, .done = done_piece};
    er->source = (struct lane_source){.collect = collect, .due = INT64_MAX};
    au->eraser = er;
    lane_add_source(lane, &er->source);
    lane_wake_at(lane, &er->source, 0);
}

void audit_eraser_wake(struct audit *au, int64_t now)
{
    if (au->eraser) lane_wake_at(au->eraser->lane, &au->eraser->source, now + PAUSE_MS);
}

void audit_eraser_free(struct audit *au)
{
    mem_free(au->eraser);
}
