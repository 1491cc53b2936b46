/* Moving open runs to the active version of their plugin.
 *
 * A trial is a replay and nothing else: a run of its own beside the cache, whose calls are all answered from the
 * journal, so it ends where the journal ends or where the new source does something else. What it may have touched
 * (the tasks of a branch that lost, for one) is rolled back. A run whose trial agrees gets the new version in its row
 * and is woken by it from then on; the others stay pinned. */
#include "flow/flow_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/crash.h"

enum { PAGE_MS = 20, PAGE_RUNS = 200 };

struct upgrade {
    struct flow *flow;
    struct session *s;
    const struct flow_upgrade_args *args;
    struct arena *arena;
    struct val *rows;
    struct err *err;
};

/* Does the run's journal fit the active version? 0, or what it met in *why; a fault in *err. */
static int try_run(struct upgrade *u, int64_t id, int64_t version, struct err *why)
{
    struct flow_run *run = mem_alloc(sizeof(*run));
    struct session s;
    run->id = id;
    run->flow = u->flow;
    run->due = INT64_MAX;
    arena_init(&run->arena, 16 << 20);
    flow_journal_init(&run->journal);
    arena_reset(&u->flow->arena);
    int rc = flow_row_load(run, u->s->db, why);
    if (rc == 0) {
        run->version_id = version;
        flow_session_init(u->flow, &s, run, u->s->now);
        run->session = &s;
        rc = flow_run_enter(run, &s, why);
    }
    flow_run_cool(run);
    flow_journal_close(&run->journal);
    arena_close(&run->arena);
    mem_free(run);
    return rc;
}

static int trial(struct upgrade *u, int64_t id, int64_t version, struct err *why)
{
    int rc = store_mark(u->s->db, u->err);
    if (rc) return rc;
    int outcome = try_run(u, id, version, why);
    store_mark_rollback(u->s->db);
    if (outcome && err_is_fault(outcome)) {
        *u->err = *why;
        return outcome;
    }
    return outcome ? 1 : 0;
}

/* The row gets the new version; what is hot of the run goes. A blocked one is tried again. */
static int move(struct upgrade *u, int64_t id, int64_t version)
{
    struct flow_run *run = flow_cache_find(u->flow, id);
    int rc = 0;
    if (!run) run = flow_cache_add(u->flow, id);
    flow_touch(u->flow, run);
    flow_run_cool(run);
    rc = flow_row_load(run, u->s->db, u->err);
    if (rc) return rc;
    run->version_id = version;
    if (run->state == FLOW_BLOCKED) {
        run->state = FLOW_RUNNING;
        run->attempts = 0;
        run->due = u->s->now;
        rc = flow_row_clear_error(u->s->db, id, u->err);
    }
    crash_point("upgrade.before_move");
    if (rc == 0) rc = flow_row_save(run, u->s->db, u->s->now, u->err);
    crash_point("upgrade.after_move");
    if (rc == 0 && run->due != INT64_MAX) lane_wake_at(u->flow->lane, &u->flow->runs_source, run->due);
    return rc;
}

static int put(struct upgrade *u, struct val *row, const char *key, const char *text)
{
    const char *copy = arena_strdup(u->arena, text);
    return copy && val_set(u->arena, row, key, val_str(copy)) == 0 ? 0 : err_set(u->err, ERR_NOMEM, "memory", NULL);
}

/* { run, flow, outcome = "moves" | "stays" | "diverges", step, journal, code, where } */
static int report(struct upgrade *u, int64_t id, const char *flow, const char *outcome, const struct err *why)
{
    struct val row = val_map();
    int rc = val_set(u->arena, &row, "run", val_int(id)) ? err_set(u->err, ERR_NOMEM, "memory", NULL) : 0;
    if (rc == 0) rc = put(u, &row, "flow", flow);
    if (rc == 0) rc = put(u, &row, "outcome", outcome);
    if (why) {
        static const char *const args[][2] = {{"step", "entry"}, {"journal", "journal"}, {"code", "code"}};
        for (size_t i = 0; rc == 0 && i < 3; i++)
            if (err_arg(why, args[i][1])[0]) rc = put(u, &row, args[i][0], err_arg(why, args[i][1]));
        if (rc == 0 && why->where[0]) rc = put(u, &row, "where", why->where);
        if (rc == 0 && strcmp(why->key, "flow.diverged") != 0) rc = put(u, &row, "error", why->key);
    }
    if (rc == 0 && val_add(u->arena, u->rows, row) != 0) rc = err_set(u->err, ERR_NOMEM, "memory", NULL);
    return rc;
}

static int one(struct upgrade *u, int64_t id, const char *plugin, const char *name)
{
    const struct flow_def *def = flow_def_find(u->flow, plugin, name);
    char full[200];
    struct err why = {0};
    snprintf(full, sizeof(full), "%s.%s", plugin, name);
    if (!def) {
        err_set(&why, ERR_NOT_FOUND, "flow.unknown", NULL);
        return report(u, id, full, "stays", &why);
    }
    int rc = trial(u, id, def->version_id, &why);
    if (rc < 0) return rc;
    if (rc == 1) {
        bool limit = strcmp(why.key, "flow.replay_limit") == 0 || why.code == ERR_LIMIT;
        return report(u, id, full, limit ? "stays" : "diverges", &why);
    }
    if (!u->args->dry_run) rc = move(u, id, def->version_id);
    return rc ? rc : report(u, id, full, "moves", NULL);
}

struct found {
    int64_t id;
    char plugin[64], name[100];
};

/* Open runs of versions that are not active any more, by id. */
static int collect(struct upgrade *u, int64_t after, struct found *out, size_t *n)
{
    /* The versions of a plugin are few; each has its open runs by an index. */
    struct stmt *s = store_stmt(
        u->s->db,
        "select r.id, n.plugin, n.name from plugin_version v join flow_run r on r.version = v.id and r.ended is null"
        " and r.id > ?1 join flow_name n on n.id = r.name where v.id not in (select value from json_each(?2))"
        " and (?3 is null or v.plugin = ?3) and (?4 is null or n.name = ?4) and (?5 = 0 or r.id = ?5)"
        " and r.state in (0, 2, 3) order by r.id limit ?6",
        u->err);
    const char *active = flow_active_versions(u->flow, u->arena);
    if (!s || !active) {
        if (s) stmt_done(s);
        return u->err->code ? u->err->code : err_set(u->err, ERR_NOMEM, "memory", NULL);
    }
    stmt_bind_int(s, 1, after);
    stmt_bind_str(s, 2, active);
    if (u->args->plugin) stmt_bind_str(s, 3, u->args->plugin);
    if (u->args->name) stmt_bind_str(s, 4, u->args->name);
    stmt_bind_int(s, 5, u->args->run);
    stmt_bind_int(s, 6, PAGE_RUNS);
    int rc;
    for (*n = 0; (rc = stmt_step(s, u->err)) == 1; (*n)++) {
        size_t len;
        out[*n].id = stmt_int(s, 0);
        snprintf(out[*n].plugin, sizeof(out[*n].plugin), "%s", stmt_text(s, 1, &len));
        snprintf(out[*n].name, sizeof(out[*n].name), "%s", stmt_text(s, 2, &len));
    }
    stmt_done(s);
    return rc;
}

int flow_upgrade(struct flow *f, struct session *s, const struct flow_upgrade_args *args, struct arena *a,
                 struct val *out, struct err *err)
{
    struct val rows = val_list();
    struct upgrade u = {f, s, args, a, &rows, err};
    struct found *runs = mem_alloc(PAGE_RUNS * sizeof(*runs));
    size_t n = 0, i = 0;
    int64_t until = clock_mono_ns() + (int64_t)PAGE_MS * 1000000, last = args->after;
    int rc = collect(&u, args->after, runs, &n);
    for (; rc == 0 && i < n && (i == 0 || clock_mono_ns() < until); i++) {
        rc = one(&u, runs[i].id, runs[i].plugin, runs[i].name);
        last = runs[i].id;
    }
    mem_free(runs);
    *out = val_map();
    if (rc == 0 && val_set(a, out, "runs", rows) != 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    bool more = n == PAGE_RUNS || i < n;
    if (rc == 0 && more && val_set(a, out, "next", val_int(last)) != 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    if (rc == 0 && !more && !args->dry_run) rc = flow_sweep(f, s->db, err);
    return rc;
}
