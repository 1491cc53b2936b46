/* A limit that is new, or goes by another field: the runs that are open are counted for it, a piece in each slice, in
 * the order of their starts, so that a child finds the turn of the run above it. flow_limit.counted says how far that
 * is; null: done. More than the limit may be inside then: nobody comes in before as many have ended. */
#include "flow/flow_internal.h"

#include "runtime/crash.h"

enum { PIECE = 200 };

struct counted {
    int64_t id, parent;
    const char *key;
};

struct counting {
    int64_t name, after;
    const char *field; /* of the input; "": one limit for all */
    struct counted runs[PIECE];
    size_t n;
};

/* 1: there is something to count; 0 */
static int next_limit(struct store *db, struct arena *a, struct counting *c, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select name, field, counted from flow_limit where counted is not null order by name limit 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *field = stmt_text(s, 1, &len);
        c->name = stmt_int(s, 0);
        c->after = stmt_int(s, 2);
        c->field = arena_strndup(a, field ? field : "", field ? len : 0);
    }
    stmt_done(s);
    return rc == 1 && !c->field ? err_set(err, ERR_NOMEM, "memory", NULL) : rc;
}

/* One whose input cannot be read counts, too. */
static const char *key_of(struct stmt *s, int col, const char *field, struct arena *a, struct err *err)
{
    struct arena once;
    struct val input = val_nil();
    size_t len;
    const char *bytes = stmt_blob(s, col, &len);
    arena_init(&once, 16 << 20);
    if (bytes && *field && val_decode(bytes, len, &once, flow_kind_of, &input) != 0) input = val_nil();
    const char *key = flow_value_key(input.type == VAL_MAP ? val_get(&input, field) : NULL, a, err);
    arena_close(&once);
    return key;
}

static int read_runs(struct store *db, struct arena *a, struct counting *c, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select id, parent, input from flow_run where name = ?1 and state = 0 and id > ?2"
                                " order by id limit ?3",
                                err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, c->name);
    stmt_bind_int(s, 2, c->after);
    stmt_bind_int(s, 3, PIECE);
    while ((rc = stmt_step(s, err)) == 1) {
        c->runs[c->n] = (struct counted){stmt_int(s, 0), stmt_int(s, 1), key_of(s, 2, c->field, a, err)};
        if (!c->runs[c->n++].key) rc = err->code;
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

static int has(struct flow *f, struct store *db, int64_t name, const struct counted *r, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, r->id);
    struct stmt *s = store_stmt(db, "insert into flow_turn(name, key, waits, run) values(?1, ?2, 0, ?3)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_str(s, 2, r->key);
    stmt_bind_int(s, 3, r->id);
    int rc = stmt_run(s, err);
    if (rc == 0) rc = store_run(db, "update flow_run set turn = 0 where id = ?1", r->id, 0, err);
    if (rc || !run) return rc;
    flow_touch(f, run);
    run->turn = TURN_HAS;
    return 0;
}

/* What it had of its own, or waited for, by another field. */
static int comes_along(struct flow *f, struct store *db, int64_t id, int64_t now, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, id);
    int rc = store_run(db, "delete from flow_turn where run = ?1", id, 0, err);
    if (rc || store_changes(db) == 0) return rc;
    rc = store_run(db,
                   "update flow_run set due = case when turn = 1 and paused is null and off is null then ?2 else due"
                   " end, turn = null where id = ?1",
                   id, now, err);
    lane_wake_at(f->lane, &f->runs_source, now);
    if (rc || !run) return rc;
    flow_touch(f, run);
    if (run->turn == TURN_WAITS) run->due = now;
    run->turn = TURN_NONE;
    return 0;
}

static int place(struct flow *f, struct store *db, int64_t name, const struct counted *r, int64_t now, struct err *err)
{
    int rc = r->parent ? flow_turn_is_below(db, r->parent, name, r->key, err) : 0;
    if (rc) return rc < 0 ? rc : comes_along(f, db, r->id, now, err);
    struct stmt *s = store_stmt(db, "update flow_turn set key = ?2 where run = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_str(s, 2, r->key);
    rc = stmt_run(s, err);
    return rc || store_changes(db) > 0 ? rc : has(f, db, name, r, err);
}

static int keep(struct store *db, const struct counting *c, struct err *err)
{
    if (c->n < PIECE) return store_run(db, "update flow_limit set counted = null where name = ?1", c->name, 0, err);
    return store_run(db, "update flow_limit set counted = ?2 where name = ?1", c->name, c->runs[c->n - 1].id, err);
}

int flow_turn_count(struct flow *f, struct store *db, int64_t now, struct err *err)
{
    struct counting c = {0};
    struct arena a;
    arena_init(&a, 1 << 20);
    int found = next_limit(db, &a, &c, err), rc = found;
    if (found == 1) rc = read_runs(db, &a, &c, err);
    for (size_t i = 0; rc == 0 && i < c.n; i++)
        rc = place(f, db, c.name, &c.runs[i], now, err);
    if (rc == 0 && found == 1) rc = keep(db, &c, err);
    if (c.n) crash_point("turn.counted");
    arena_close(&a);
    return rc ? rc : found;
}
