/* The row of a run: one reader, one writer. Parked runs are only this (and their journal): it is kept small. */
#include "flow/flow_internal.h"

#include <string.h>

#include "audit/audit_erase.h"

const char *const flow_state_names[] = {"running", "completed", "failed", "blocked", "cancelled", "undoing", NULL};

const char *flow_state_name(enum flow_state s)
{
    return flow_state_names[s];
}

int flow_state_parse(const char *name)
{
    for (int s = FLOW_RUNNING; s <= FLOW_UNDOING; s++)
        if (strcmp(name, flow_state_name((enum flow_state)s)) == 0) return s;
    return -1;
}

static const char load_sql[] =
    "select r.name, r.version, r.state, r.due, r.entry, r.slice, r.bid, r.parent, r.parent_entry, r.attempts,"
    " r.user, r.paused, r.input, r.checkpoint, n.plugin, n.name, r.person,"
    " r.off, r.turn"
    " from flow_run r join flow_name n on n.id = r.name where r.id = ?1";

static int decode(struct stmt *s, int col, struct arena *a, struct val *out, struct err *err)
{
    struct val borrowed;
    size_t len;
    const char *bytes = stmt_blob(s, col, &len);
    *out = val_nil();
    if (!bytes || len == 0) return 0;
    int rc = val_decode(bytes, len, a, flow_kind_of, &borrowed);
    if (rc == 0) rc = val_copy(a, &borrowed, out);
    if (rc == ERR_NOMEM) return err_set(err, ERR_NOMEM, "memory", NULL);
    return rc ? err_set(err, ERR_CORRUPT, "flow.row", NULL) : 0;
}

static const char *text(struct stmt *s, int col, struct arena *a)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    return p ? arena_strndup(a, p, len) : NULL;
}

int flow_row_load(struct flow_run *run, struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, load_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    int rc = stmt_step(s, err);
    if (rc == 0) {
        struct err_num id;
        rc = err_set(err, ERR_NOT_FOUND, "flow.no_run", "run", err_i64(&id, run->id), NULL);
        goto out;
    }
    if (rc < 0) goto out;
    struct arena *a = &run->arena;
    arena_reset(a);
    run->name_id = stmt_int(s, 0);
    run->version_id = stmt_int(s, 1);
    run->state = (enum flow_state)stmt_int(s, 2);
    run->due = stmt_is_null(s, 3) ? INT64_MAX : stmt_int(s, 3);
    run->entry = stmt_int(s, 4);
    run->slice = stmt_int(s, 5);
    run->bid = text(s, 6, a);
    run->parent = stmt_int(s, 7);
    run->parent_entry = stmt_int(s, 8);
    run->attempts = stmt_int(s, 9);
    run->user = stmt_int(s, 10);
    run->paused = stmt_int(s, 11) != 0;
    run->plugin = text(s, 14, a);
    run->name = text(s, 15, a);
    run->person = stmt_int(s, 16);
    run->off = (enum flow_off)stmt_int(s, 17);
    run->turn = stmt_is_null(s, 18) ? TURN_NONE : (enum flow_turn)stmt_int(s, 18);
    bool is_whole = run->plugin && run->name && (run->bid || stmt_is_null(s, 6));
    rc = is_whole ? decode(s, 12, a, &run->input, err) : err_set(err, ERR_NOMEM, "memory", NULL);
    if (rc == 0) rc = decode(s, 13, a, &run->checkpoint, err);
    run->is_loaded = rc == 0;
    run->finished = false;
    run->was_state = run->state;
    run->was_off = run->off;
    run->result = val_nil(); /* of a slice that was lost, in memory that is gone */
out:
    stmt_done(s);
    return rc;
}

static const char insert_sql[] =
    "insert into flow_run(id, name, version, state, due, entry, slice, bid, parent, parent_entry, attempts, user,"
    " paused, input, checkpoint, result, ended, person, off, turn)"
    " values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";
static const char update_sql[] =
    "update flow_run set version = ?3, state = ?4, due = ?5, entry = ?6, slice = ?7, attempts = ?11, paused = ?13,"
    " checkpoint = ?15, result = ?16, ended = ?17, off = ?19, turn = ?20 where id = ?1";

static void bind_or_null(struct stmt *s, int at, int64_t v, bool is_null)
{
    if (is_null)
        stmt_bind_null(s, at);
    else
        stmt_bind_int(s, at, v);
}

/* Appends the value's bytes to `b`; false and nothing for nil. */
static bool encode(struct buf *b, const struct val *v, size_t *from, size_t *len)
{
    *from = b->len;
    if (v->type == VAL_NIL) return false;
    val_encode(v, b, true);
    *len = b->len - *from;
    return true;
}

int flow_row_save(struct flow_run *run, struct store *db, int64_t now, struct err *err)
{
    struct buf *b = &run->flow->scratch;
    size_t at[3] = {0}, len[3] = {0};
    bool has[3];
    if (run->state != FLOW_RUNNING) run->off = OFF_NOT;
    struct stmt *s = store_stmt(db, run->is_new ? insert_sql : update_sql, err);
    if (!s) return err->code;
    buf_clear(b);
    has[0] = run->is_new && encode(b, &run->input, &at[0], &len[0]);
    has[1] = encode(b, &run->checkpoint, &at[1], &len[1]);
    has[2] = encode(b, &run->result, &at[2], &len[2]);
    if (!buf_ok(b)) {
        stmt_done(s);
        return err_set(err, ERR_LIMIT, "limit.size", "what", run->name, NULL);
    }
    stmt_bind_int(s, 1, run->id);
    stmt_bind_int(s, 3, run->version_id);
    stmt_bind_int(s, 4, run->state);
    bool has_ended = run->state != FLOW_RUNNING;
    bind_or_null(s, 5, run->due,
                 run->due == INT64_MAX || run->paused || run->off || run->turn == TURN_WAITS || has_ended);
    stmt_bind_int(s, 6, run->entry);
    stmt_bind_int(s, 7, run->slice);
    stmt_bind_int(s, 11, run->attempts);
    bind_or_null(s, 13, 1, !run->paused);
    for (int i = 1; i < 3; i++) {
        if (has[i])
            stmt_bind_blob(s, 14 + i, b->data + at[i], len[i]);
        else
            stmt_bind_null(s, 14 + i);
    }
    bind_or_null(s, 19, run->off, !run->off);
    bind_or_null(s, 20, run->turn, run->turn == TURN_NONE || has_ended);
    bind_or_null(s, 17, now, run->state == FLOW_RUNNING);
    if (run->is_new) {
        stmt_bind_int(s, 2, run->name_id);
        stmt_bind_str(s, 8, run->bid);
        bind_or_null(s, 9, run->parent, run->parent == 0);
        bind_or_null(s, 10, run->parent_entry, run->parent == 0);
        bind_or_null(s, 12, run->user, run->user == 0);
        bind_or_null(s, 18, run->person, run->person == 0);
        if (has[0])
            stmt_bind_blob(s, 14, b->data + at[0], len[0]);
        else
            stmt_bind_null(s, 14);
    }
    int rc = stmt_run(s, err);
    if (rc) return rc;
    flow_count_row(run, db);
    run->is_new = false;
    bool is_over = run->state == FLOW_COMPLETED || run->state == FLOW_CANCELLED;
    if (is_over) audit_erase_ended(run->flow->host->audit);
    return has_ended && run->turn != TURN_NONE ? flow_turn_leave(run, db, now, err) : 0;
}

int flow_row_set_due(struct flow *f, struct store *db, int64_t id, int64_t due, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, id);
    struct stmt *s = store_stmt(db,
                                "update flow_run set due = ?2 where id = ?1 and state = 0 and paused is null"
                                " and off is null and turn is not 1"
                                " and (due is null or due > ?2)",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, due);
    int rc = stmt_run(s, err);
    if (rc) return rc;
    /* A run whose slice is on the stack saves its own due time at the end: it looks again before. */
    if (run && run->is_loaded && !run->off && run->turn != TURN_WAITS && run->due > due) {
        run->due = due;
        flow_touch(f, run);
    }
    lane_wake_at(f->lane, &f->runs_source, due);
    return 0;
}

int flow_row_set_error(struct store *db, int64_t run, const struct err *why, int64_t now, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into flow_error(run, key, args, text, location, traceback, at)"
                                " values(?1,?2,?3,?4,?5,?6,?7) on conflict(run) do update set key = ?2, args = ?3,"
                                " text = ?4, location = ?5, traceback = ?6, at = ?7",
                                err);
    if (!s) return err->code;
    size_t n = 0;
    while (n + 1 < sizeof(why->args) && (why->args[n] || why->args[n + 1]))
        n++;
    stmt_bind_int(s, 1, run);
    stmt_bind_str(s, 2, why->key);
    stmt_bind_blob(s, 3, why->args, n + 1);
    stmt_bind_str(s, 4, why->text);
    stmt_bind_str(s, 5, why->where);
    stmt_bind_str(s, 6, why->traceback);
    stmt_bind_int(s, 7, now);
    return stmt_run(s, err);
}

int flow_row_clear_error(struct store *db, int64_t run, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from flow_error where run = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    return stmt_run(s, err);
}
