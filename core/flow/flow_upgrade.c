/* Moving open runs to the active version of their plugin.
 *
 * A run whose trial (flow_trial.c) agrees gets the new version in its row and is woken by it from then on; the others
 * stay pinned. */
#include "flow/flow_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "base/mem.h"
#include "plugin/plugins.h"
#include "runtime/crash.h"

enum { PAGE_MS = 20, PAGE_RUNS = 200, TRIED = -1 /* its id: that of no row */ };

struct upgrade {
    struct flow *flow;
    struct session *s;
    const struct flow_upgrade_args *args;
    struct registry *registry; /* whose flows are meant */
    const char *hash;          /* of the version that is only tried; NULL: the active ones */
    struct arena *arena;
    struct val *rows;
    struct err *err;
};

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

static int put_error(struct upgrade *u, struct val *row, const struct err *why)
{
    struct buf text;
    buf_init(&text, 8192);
    locale_err(&text, u->s->lang, why, true);
    int rc = put(u, row, "error", text.data ? text.data : why->key);
    if (rc == 0) rc = put(u, row, "error_code", why->key);
    buf_close(&text);
    return rc;
}

static int put_reason(struct upgrade *u, struct val *row, const struct flow_trial *t)
{
    static const char *const args[][2] = {{"step", "entry"}, {"journal", "journal"}, {"code", "code"}};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 3; i++)
        if (err_arg(&t->why, args[i][1])[0]) rc = put(u, row, args[i][0], err_arg(&t->why, args[i][1]));
    if (rc == 0 && t->why.where[0]) rc = put(u, row, "where", t->why.where);
    if (rc == 0 && strcmp(t->why.key, "flow.diverged") != 0) rc = put_error(u, row, &t->why);
    bool failed = t->journal_args.type == VAL_MAP && val_set(u->arena, row, "journal_args", t->journal_args) != 0;
    failed |= t->code_args.type == VAL_MAP && val_set(u->arena, row, "code_args", t->code_args) != 0;
    return failed ? err_set(u->err, ERR_NOMEM, "memory", NULL) : rc;
}

/* One row of the result, see flow.h. */
static int report(struct upgrade *u, int64_t id, const char *flow, const char *outcome, const struct flow_trial *t)
{
    struct val row = val_map();
    int rc = val_set(u->arena, &row, "run", val_int(id)) ? err_set(u->err, ERR_NOMEM, "memory", NULL) : 0;
    if (rc == 0) rc = put(u, &row, "flow", flow);
    if (rc == 0) rc = put(u, &row, "outcome", outcome);
    if (rc == 0 && t) rc = put_reason(u, &row, t);
    if (rc == 0 && val_add(u->arena, u->rows, row) != 0) rc = err_set(u->err, ERR_NOMEM, "memory", NULL);
    return rc;
}

static int one(struct upgrade *u, int64_t id, const char *plugin, const char *name)
{
    const struct decl *d = registry_find(u->registry, strchr(name, '#') ? "on" : "flow", plugin, name);
    const struct flow_def *def = d ? d->compiled : NULL;
    struct flow_trial t = {0};
    char full[200];
    snprintf(full, sizeof(full), "%s.%s", plugin, name);
    if (!def) {
        err_set(&t.why, ERR_NOT_FOUND, "flow.unknown", "plugin", plugin, "flow", name, NULL);
        return report(u, id, full, "stays", &t);
    }
    int rc = flow_trial(u->flow, u->s, id, u->hash ? TRIED : def->version_id, u->arena, &t, u->err);
    if (rc < 0) return rc;
    if (rc == 1) {
        bool limit = strcmp(t.why.key, "flow.replay_limit") == 0 || t.why.code == ERR_LIMIT;
        return report(u, id, full, limit ? "stays" : "diverges", &t);
    }
    if (!u->args->dry_run) rc = move(u, id, def->version_id);
    return rc ? rc : report(u, id, full, "moves", NULL);
}

struct found {
    int64_t id;
    char plugin[64], name[100];
};

/* Open runs of versions other than those that are meant, by id. */
static int collect(struct upgrade *u, int64_t after, struct found *out, size_t *n)
{
    /* The versions of a plugin are few; each has its open runs by an index. */
    struct stmt *s = store_stmt(
        u->s->db,
        "select r.id, n.plugin, n.name from plugin_version v join flow_run r on r.version = v.id and r.ended is null"
        " and r.id > ?1 join flow_name n on n.id = r.name where v.id not in (select value from json_each(?2))"
        " and (?3 is null or v.plugin = ?3) and (?4 is null or n.name = ?4) and (?5 = 0 or r.id = ?5)"
        " and r.state in (0, 2, 3) and (?7 is null or v.hash <> ?7) order by r.id limit ?6",
        u->err);
    const char *active = u->hash ? "[]" : flow_active_versions(u->flow, u->arena);
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
    if (u->hash) stmt_bind_str(s, 7, u->hash);
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

static int page(struct upgrade *u, struct val *out, bool *more)
{
    struct found *runs = mem_alloc(PAGE_RUNS * sizeof(*runs));
    size_t n = 0, i = 0;
    int64_t until = clock_mono_ns() + (int64_t)PAGE_MS * 1000000, last = u->args->after;
    int rc = collect(u, u->args->after, runs, &n);
    for (; rc == 0 && i < n && (i == 0 || clock_mono_ns() < until); i++) {
        rc = one(u, runs[i].id, runs[i].plugin, runs[i].name);
        last = runs[i].id;
    }
    mem_free(runs);
    *out = val_map();
    *more = n == PAGE_RUNS || i < n;
    if (rc == 0 && val_set(u->arena, out, "runs", *u->rows) != 0) rc = err_set(u->err, ERR_NOMEM, "memory", NULL);
    if (rc == 0 && *more && val_set(u->arena, out, "next", val_int(last)) != 0)
        rc = err_set(u->err, ERR_NOMEM, "memory", NULL);
    return rc;
}

int flow_upgrade(struct flow *f, struct session *s, const struct flow_upgrade_args *args, struct arena *a,
                 struct val *out, struct err *err)
{
    struct val rows = val_list();
    struct upgrade u = {f, s, args, plugins_current(f->host->plugins), NULL, a, &rows, err};
    bool more = false;
    int rc = page(&u, out, &more);
    if (rc == 0 && !more && !args->dry_run) rc = flow_sweep(f, s->db, err);
    return rc;
}

int flow_try(struct flow *f, struct session *s, struct registry *r, const char *plugin, int64_t after, struct arena *a,
             struct val *out, struct err *err)
{
    struct val rows = val_list();
    struct flow_upgrade_args args = {.plugin = plugin, .after = after, .dry_run = true};
    struct plugin_vm *pv = plugins_vm(f->host->plugins, plugin);
    struct flow_version **at = &f->versions;
    bool more;
    if (!pv) return err_set(err, ERR_NOT_FOUND, "plugin.not_active", "plugin", plugin, NULL);
    struct upgrade u = {f, s, &args, r, pv->plugin->hash, a, &rows, err};
    struct flow_version *tried = mem_alloc(sizeof(*tried));
    *tried = (struct flow_version){TRIED, pv, 1, f->versions}; /* in use: nobody drops it */
    f->versions = tried;
    int rc = page(&u, out, &more);
    while (*at != tried)
        at = &(*at)->next;
    *at = tried->next;
    mem_free(tried);
    return rc;
}
