/* Runs of a plugin that is switched off, or does not serve (its folder is gone, or has a fault; or a command knows
 * other plugins): held by a mark in the row, so that nothing is done for them until it is on again. What comes for them
 * meanwhile is kept as for any run that sleeps. */
#include "flow/flow_internal.h"

#include "plugin/plugins.h"
#include "runtime/log.h"

enum { AT_ONCE = 1000 };

int flow_off_hold(struct flow_run *run, struct session *s, enum flow_off why, struct err *err)
{
    err_clear(err);
    run->off = why;
    run->due = INT64_MAX;
    return flow_row_save(run, s->db, s->now, err);
}

static int wake_one(struct flow *f, struct session *s, int64_t id, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, id);
    struct stmt *st = store_stmt(s->db,
                                 "update flow_run set off = null, due = case when paused is null then ?2 end"
                                 " where id = ?1",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    stmt_bind_int(st, 2, s->now);
    int rc = stmt_run(st, err);
    if (rc) return rc;
    store_count(s->db, &f->counts[FLOW_COUNT_HELD], -1);
    if (!run) return 0;
    flow_touch(f, run);
    run->off = run->was_off = OFF_NOT;
    run->due = s->now;
    return 0;
}

static int wake(void *ctx, struct session *s, const char *plugin, bool all, struct err *err)
{
    struct flow *f = ctx;
    int64_t ids[AT_ONCE];
    size_t n = 0;
    int rc;
    if (!plugins_vm(f->host->plugins, plugin)) return 0; /* flow_off_look, when it does */
    struct stmt *st = store_stmt(s->db,
                                 "select r.id from flow_name n join flow_run r on r.name = n.id and r.off is not null"
                                 " where n.plugin = ?1 order by r.paused, r.attempts, r.id limit ?2",
                                 err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, plugin);
    stmt_bind_int(st, 2, all ? AT_ONCE : 1);
    while ((rc = stmt_step(st, err)) == 1)
        ids[n++] = stmt_int(st, 0);
    stmt_done(st);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = wake_one(f, s, ids[i], err);
    if (rc == 0 && n) lane_wake_at(f->lane, &f->runs_source, s->now);
    if (rc == 0 && n == AT_ONCE) breaker_tell(f->host->breakers, plugin);
    return rc;
}

/* Those that a process left which ended between switching on and waking, too. */
void flow_off_look(struct flow *f)
{
    struct err err = {0};
    struct stmt *s = store_stmt(lane_db(f->lane),
                                "select distinct n.plugin from flow_name n where exists"
                                " (select 1 from flow_run r where r.name = n.id and r.off is not null)",
                                &err);
    while (s && stmt_step(s, &err) == 1)
        breaker_tell(f->host->breakers, stmt_text(s, 0, &(size_t){0}));
    stmt_done(s);
    if (err.code) log_err(LOG_ERROR, "flow.held", &err);
}

void flow_off_attach(struct flow *f)
{
    breakers_add_listener(f->host->breakers, wake, f);
}
