/* The module of the schedule: what it is attached to, and what can be done to a job from outside.
 */
#include "schedule/schedule_internal.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/plugins.h"

struct schedule *schedule_new(struct host *host)
{
    struct schedule *sch = mem_alloc(sizeof(*sch));
    sch->host = host;
    sch->source.collect = schedule_collect;
    arena_init(&sch->arena, 8 << 20);
    return sch;
}

void schedule_free(struct schedule *sch)
{
    if (!sch) return;
    arena_close(&sch->arena);
    mem_free(sch);
}

void schedule_add_sink(struct schedule *sch, const struct schedule_sink *sink)
{
    assert(sch->nsinks < SINKS_MAX && sink->fire);
    sch->sinks[sch->nsinks++] = *sink;
}

static int raise_ids(struct schedule *sch, struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, "select max(id) from schedule", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) lane_raise_id(sch->host->lane, stmt_int(s, 0));
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int on_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct schedule *sch = ctx;
    int64_t moved;
    if (!sch->host->lane) return 0;
    int rc = raise_ids(sch, s->db, err);
    if (rc == 0) rc = schedule_sync(sch, s, r, err);
    return rc ? rc : schedule_rederive(sch, s, &moved, err);
}

void schedule_attach(struct schedule *sch)
{
    struct decl_kind kind = schedule_decl_kind(sch);
    plugins_add_kinds(sch->host->plugins, &kind, 1);
    plugins_add_activation(sch->host->plugins, on_activate, sch);
    api_add(sch->host->api, schedule_functions, sch);
    schedule_erase_attach(sch);
    if (sch->host->lane) lane_add_source(sch->host->lane, &sch->source);
}

static int load(struct session *s, int64_t id, struct schedule_row *r, struct err *err)
{
    struct err_num n;
    int rc = schedule_row_load(s->db, id, s->arena, r, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "schedule.unknown", "schedule", err_i64(&n, id), NULL);
    return rc < 0 ? rc : 0;
}

int schedule_cancel(struct schedule *sch, struct session *s, int64_t id, struct err *err)
{
    struct schedule_row r;
    (void)sch;
    int rc = load(s, id, &r, err);
    if (rc) return rc;
    if (r.state == SCHEDULE_DONE || r.state == SCHEDULE_CANCELLED)
        return err_set(err, ERR_CONFLICT, "schedule.over", "name", r.name, "state", schedule_state_name(r.state), NULL);
    r.state = SCHEDULE_CANCELLED;
    r.next_at = 0;
    r.waiting = r.manual = false;
    return schedule_row_save(s->db, &r, err);
}

int schedule_run_now(struct schedule *sch, struct session *s, int64_t id, struct err *err)
{
    struct schedule_row r;
    int rc = load(s, id, &r, err);
    if (rc) return rc;
    if (r.state != SCHEDULE_ACTIVE && r.state != SCHEDULE_FAILED)
        return err_set(err, ERR_CONFLICT, "schedule.over", "name", r.name, "state", schedule_state_name(r.state), NULL);
    r.manual = true;
    r.next_at = s->now;
    rc = schedule_row_save(s->db, &r, err);
    if (rc == 0) lane_wake_at(sch->host->lane, &sch->source, s->now);
    return rc;
}

int schedule_run_ended(struct schedule *sch, struct session *s, int64_t run, struct err *err)
{
    struct stmt *q = store_stmt(s->db, "update schedule set next_at = ?2 where last_run = ?1 and waiting = 1", err);
    if (!q) return err->code;
    stmt_bind_int(q, 1, run);
    stmt_bind_int(q, 2, s->now);
    int rc = stmt_run(q, err);
    if (rc == 0 && store_changes(s->db)) lane_wake_at(sch->host->lane, &sch->source, s->now);
    return rc;
}
