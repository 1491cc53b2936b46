/* The end of a run, and its troubles: completed, failed, blocked, cancelled; and what is undone then. */
#include "flow/flow_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/plugins.h"
#include "plugin/incident.h"
#include "runtime/log.h"
#include "schedule/schedule.h"

/* What waits in the world for this run is taken back. */
static int drop_waits(struct flow *f, struct store *db, int64_t run, struct err *err)
{
    int rc = store_run(db, "delete from flow_wait where run = ?1", run, 0, err);
    if (rc == 0) rc = store_run(db, "delete from flow_signal where run = ?1 and used is null", run, 0, err);
    if (rc == 0) rc = store_run(db, "delete from outbox where run = ?1 and entry is not null", run, 0, err);
    if (rc == 0) rc = flow_task_close(f, db, run, -1, err);
    return rc;
}

int flow_child_ended(struct flow *f, struct session *s, struct flow_run *child, struct err *err)
{
    struct err why = {0};
    struct err_num id;
    if (!child->parent) return 0;
    if (child->parent_entry < 0) return flow_undo_next(f, s, child->parent, err);
    if (child->state == FLOW_COMPLETED)
        return flow_signal_entry(f, s, child->parent, child->parent_entry, &child->result, NULL, err);
    err_set(&why, ERR_REFUSED, "flow.child_ended", "run", err_i64(&id, child->id), "state",
            flow_state_name(child->state), NULL);
    return flow_signal_entry(f, s, child->parent, child->parent_entry, NULL, &why, err);
}

int flow_finish(struct flow_run *run, struct session *s, enum flow_state state, struct err *err)
{
    /* A run that was born in this slice and waited for nothing has no rows elsewhere. */
    bool simple = state == FLOW_COMPLETED && run->slice <= 1;
    enum flow_state was = run->state;
    run->state = state;
    run->due = INT64_MAX;
    int rc = flow_tell_state(s, run, was, NULL, err);
    if (rc == 0 && !simple) rc = drop_waits(run->flow, s->db, run->id, err);
    if (rc == 0) rc = flow_row_save(run, s->db, s->now, err);
    if (rc == 0) rc = flow_child_ended(run->flow, s, run, err);
    if (rc == 0 && run->bid) rc = schedule_run_ended(s->host->schedule, s, run->id, err);
    run->finished = true;
    return rc;
}

/* What does not fit the source that the run is pinned to; not what a flow looked for and did not find. */
static bool is_of_source(const char *key)
{
    static const char *const keys[] = {"flow.unknown", "flow.no_version", "flow.version_hash", "flow.journal",
                                       "flow.row"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

/* An uncaught error: a later try, or failed; a divergence: blocked. */
/* A run that was cooled has let go of its version: the active one is the best guess. */
static void keep_incident(struct flow_run *run, struct err *why)
{
    const char *step = err_arg(why, "step");
    struct incident i = {.kind = "run", .name = run->name, .run = run->id, .entry = run->entry};
    if (step[0]) i.entry = strtoll(step, NULL, 10);
    struct registry *r = plugins_registry(run->flow->host->plugins);
    i.plugin = run->version ? run->version->pv->plugin : r && run->plugin ? registry_plugin(r, run->plugin) : NULL;
    if (i.plugin) incident_keep(run->flow->host, &i, why);
    registry_drop(r);
}

int flow_fail(struct flow_run *run, struct session *s, struct err *why, struct err *err)
{
    const struct flow_def *def = flow_def_find(run->flow, run->plugin, run->name);
    int64_t times = def ? def->retry_times : FLOW_RETRY_TIMES;
    int64_t pause = def ? def->retry_pause_ms : FLOW_RETRY_PAUSE_MS;
    struct err_num id, n;
    if (run->state != FLOW_RUNNING) return 0;
    run->attempts++;
    keep_incident(run, why);
    bool lasting = why->code == ERR_DIVERGED || why->code == ERR_NOT_FOUND || why->code == ERR_CORRUPT;
    if (lasting && (why->code == ERR_DIVERGED || is_of_source(why->key))) {
        run->state = FLOW_BLOCKED;
        run->due = INT64_MAX;
    } else if (run->attempts > times) {
        run->state = FLOW_FAILED;
        run->due = INT64_MAX;
    } else {
        run->due = s->now + (pause << (run->attempts - 1 < 16 ? run->attempts - 1 : 16));
    }
    log_write(LOG_WARN, "flow.error", "run", err_i64(&id, run->id), "flow", run->name, "attempt",
              err_i64(&n, run->attempts), "error", why->key, "text", why->text, "where", why->where, NULL);
    int rc = flow_row_set_error(s->db, run->id, why, s->now, err);
    if (rc == 0 && run->state != FLOW_RUNNING) rc = flow_tell_state(s, run, FLOW_RUNNING, why->key, err);
    if (rc == 0) rc = flow_row_save(run, s->db, s->now, err);
    if (rc == 0 && run->due != INT64_MAX) lane_wake_at(run->flow->lane, &run->flow->runs_source, run->due);
    return rc;
}

static int load(struct flow *f, struct session *s, int64_t id, struct flow_run **out, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, id);
    if (!run) run = flow_cache_add(f, id);
    *out = run;
    flow_touch(f, run);
    return run->is_loaded || run->is_new ? 0 : flow_row_load(run, s->db, err);
}

static int cancel_children(struct flow *f, struct session *s, int64_t run, struct err *err)
{
    int64_t children[256];
    size_t n = 0;
    struct stmt *st = store_stmt(
        s->db, "select id from flow_run where parent = ?1 and parent_entry >= 0 and state in (0, 2, 3)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, run);
    int rc;
    while ((rc = stmt_step(st, err)) == 1 && n < 256)
        children[n++] = stmt_int(st, 0);
    stmt_done(st);
    for (size_t i = 0; rc >= 0 && i < n; i++)
        rc = flow_cancel(f, s, children[i], "parent", err);
    return rc < 0 ? rc : 0;
}

/* Starts the last compensation that has not run; with none left the run is cancelled for good. */
int flow_undo_next(struct flow *f, struct session *s, int64_t id, struct err *err)
{
    struct flow_run *run;
    struct val input = val_nil();
    char plugin[64] = "", name[64] = "";
    int64_t n = 0, child;
    bool existed;
    int rc = load(f, s, id, &run, err);
    if (rc || run->state != FLOW_UNDOING) return rc;
    struct stmt *st = store_stmt(s->db,
                                 "select n, plugin, name, input from flow_undo where run = ?1 and child is null"
                                 " order by n desc limit 1",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    rc = stmt_step(st, err);
    if (rc == 1) {
        size_t len;
        struct val v;
        n = stmt_int(st, 0);
        strncat(plugin, stmt_text(st, 1, &len), sizeof(plugin) - 1);
        strncat(name, stmt_text(st, 2, &len), sizeof(name) - 1);
        const char *bytes = stmt_blob(st, 3, &len);
        if (bytes && (val_decode(bytes, len, &f->arena, flow_kind_of, &v) != 0 || val_copy(&f->arena, &v, &input) != 0))
            rc = err_set(err, ERR_CORRUPT, "flow.row", NULL);
    }
    stmt_done(st);
    if (rc < 0) return rc;
    if (rc == 0) {
        run->state = FLOW_CANCELLED;
        rc = flow_row_save(run, s->db, s->now, err);
        if (rc == 0) rc = flow_tell_state(s, run, FLOW_UNDOING, NULL, err);
        return rc ? rc : flow_child_ended(f, s, run, err);
    }
    struct flow_start_args args = {
        .plugin = plugin, .name = name, .input = &input, .parent = id, .parent_entry = -n, .is_owed = true};
    rc = flow_start(f, s, &args, &child, &existed, err);
    if (rc) return rc;
    st = store_stmt(s->db, "update flow_undo set child = ?3 where run = ?1 and n = ?2", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    stmt_bind_int(st, 2, n);
    stmt_bind_int(st, 3, child);
    return stmt_run(st, err);
}

int flow_cancel(struct flow *f, struct session *s, int64_t id, const char *reason, struct err *err)
{
    struct flow_run *run;
    struct err_num num;
    int rc = load(f, s, id, &run, err);
    if (rc) return rc;
    if (run->session) return err_set(err, ERR_REFUSED, "flow.cancel_self", NULL);
    if (run->state == FLOW_CANCELLED || run->state == FLOW_UNDOING) return 0;
    if (run->state == FLOW_COMPLETED)
        return err_set(err, ERR_REFUSED, "flow.ended", "run", err_i64(&num, id), "state", "completed", NULL);
    flow_run_cool(run);
    enum flow_state was = run->state;
    run->state = FLOW_UNDOING;
    run->due = INT64_MAX;
    rc = flow_tell_state(s, run, was, reason, err);
    if (rc == 0) rc = cancel_children(f, s, id, err);
    if (rc == 0) rc = drop_waits(f, s->db, id, err);
    if (rc == 0) rc = flow_note(s->db, id, s->now, "cancelled", reason, err);
    if (rc == 0) rc = flow_row_save(run, s->db, s->now, err);
    return rc ? rc : flow_undo_next(f, s, id, err);
}

int flow_pause(struct flow *f, struct session *s, int64_t id, bool paused, struct err *err)
{
    struct flow_run *run;
    struct err_num num;
    int rc = load(f, s, id, &run, err);
    if (rc) return rc;
    if (run->state == FLOW_COMPLETED || run->state == FLOW_CANCELLED)
        return err_set(err, ERR_REFUSED, "flow.ended", "run", err_i64(&num, id), "state", flow_state_name(run->state),
                       NULL);
    run->paused = paused;
    if (!paused && run->state == FLOW_RUNNING) {
        run->due = s->now;
        lane_wake_at(f->lane, &f->runs_source, run->due);
    }
    rc = flow_row_save(run, s->db, s->now, err);
    return rc ? rc : flow_turn_pause(run, s->db, s->now, err);
}

int flow_retry(struct flow *f, struct session *s, int64_t id, bool upgrade, struct err *err)
{
    struct flow_run *run;
    struct err_num num;
    int rc = load(f, s, id, &run, err);
    if (rc) return rc;
    if (run->state != FLOW_FAILED && run->state != FLOW_BLOCKED &&
        !(run->state == FLOW_RUNNING && (run->attempts || upgrade)))
        return err_set(err, ERR_REFUSED, "flow.not_failed", "run", err_i64(&num, id), "state",
                       flow_state_name(run->state), NULL);
    const struct flow_def *def = flow_def_find(f, run->plugin, run->name);
    if (upgrade) {
        if (!def) return err_set(err, ERR_NOT_FOUND, "flow.unknown", "flow", run->name, "plugin", run->plugin, NULL);
        run->version_id = def->version_id;
    }
    flow_run_cool(run);
    run->state = FLOW_RUNNING;
    run->attempts = 0;
    run->due = s->now;
    rc = flow_row_clear_error(s->db, id, err);
    if (rc == 0 && def) rc = flow_turn_take(f, s, run, def, err);
    if (rc == 0 && def) rc = flow_search_renew(s, run, def, err);
    if (rc == 0) rc = flow_row_save(run, s->db, s->now, err);
    if (rc == 0) lane_wake_at(f->lane, &f->runs_source, run->due);
    return rc;
}

int flow_note(struct store *db, int64_t run, int64_t now, const char *kind, const char *text, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into flow_note(run, at, kind, text) values(?1, ?2, ?3, ?4)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_int(s, 2, now);
    stmt_bind_str(s, 3, kind);
    stmt_bind_str(s, 4, text ? text : "");
    return stmt_run(s, err);
}
