/* What a task wants done at a time: a reminder, an escalation, the end of its term. The run sleeps on. */
#include "flow/flow_task.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/events.h"
#include "runtime/log.h"

struct due_work {
    struct lane_work work;
    struct flow *flow;
    int64_t task;
};

int flow_task_set_next(struct flow *f, struct store *db, int64_t task, int64_t next, bool escalated, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "update flow_task set next_at = ?2, escalate = case when ?3 then null else escalate end"
                                " where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    if (next == INT64_MAX || next == 0)
        stmt_bind_null(s, 2);
    else
        stmt_bind_int(s, 2, next);
    stmt_bind_int(s, 3, escalated);
    int rc = stmt_run(s, err);
    if (rc == 0 && next && next != INT64_MAX) lane_wake_at(f->lane, &f->tasks_source, next);
    return rc;
}

int flow_task_emit(struct session *s, const struct flow_task *t, const char *event, struct err *err)
{
    struct val data = val_map();
    int rc = val_set_new(s->arena, &data, "task", val_int(t->id));
    if (rc == 0) rc = val_set_new(s->arena, &data, "run", val_int(t->run));
    if (rc == 0) rc = val_set_new(s->arena, &data, "title", val_str(t->title));
    if (rc == 0 && t->due && t->due != INT64_MAX) rc = val_set_new(s->arena, &data, "due", val_int(t->due));
    if (rc == 0 && t->about) rc = val_set_new(s->arena, &data, "about", val_int(t->about));
    if (rc == 0) rc = val_set_new(s->arena, &data, "to", t->targets);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return events_emit(s->host->events, s, event, &data, err);
}

int flow_task_tell(struct session *s, const struct flow_task *t, const char *event, struct err *err)
{
    int rc = flow_note(s->db, t->run, s->now, event, t->title, err);
    return rc ? rc : flow_task_emit(s, t, event, err);
}

/* The term is over: first those it escalates to are added; then, or at once with on_timeout = "return", the flow gets
 * an answer that says so. */
static int end_term(struct flow *f, struct session *s, struct flow_task *t, struct err *err)
{
    struct val answer = val_map();
    if (t->kind == TASK_BALLOT) return flow_vote_settle(f, s, t->run, t->entry, true, err);
    bool returns = t->on_timeout && strcmp(t->on_timeout, "return") == 0;
    if (t->escalate.type == VAL_LIST && !returns) {
        int rc = 0;
        for (size_t i = 0; rc == 0 && val_at(&t->escalate, i); i++)
            rc = flow_task_add_target(s->db, t, val_at(&t->escalate, i), "escalated", err);
        for (size_t i = 0; rc == 0 && val_at(&t->escalate, i); i++)
            if (val_add(s->arena, &t->targets, *val_at(&t->escalate, i)) != 0)
                rc = err_set(err, ERR_NOMEM, "memory", NULL);
        if (rc == 0) rc = flow_task_set_next(f, s->db, t->id, INT64_MAX, true, err);
        if (rc == 0) rc = flow_task_log(s, t->id, "escalated", 0, NULL, err);
        return rc ? rc : flow_task_tell(s, t, "task.escalated", err);
    }
    if (t->on_timeout && strcmp(t->on_timeout, "escalate") == 0)
        return flow_task_set_next(f, s->db, t->id, INT64_MAX, true, err);
    int rc = val_set(s->arena, &answer, "timed_out", val_bool(true));
    if (rc == 0) rc = val_set(s->arena, &answer, "at", val_int(s->now));
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return flow_task_answer(f, s, t, &answer, err);
}

static int run_due(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct due_work *dw = (struct due_work *)w;
    struct session s;
    struct flow_task t;
    arena_reset(&dw->flow->arena);
    flow_session_init(dw->flow, &s, NULL, lane_now(lane));
    int rc = flow_task_load(s.db, dw->task, s.arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN || !t.next_at || t.next_at > s.now) return rc < 0 ? rc : 0;
    if (t.due && t.due <= s.now) return end_term(dw->flow, &s, &t, err);
    rc = flow_task_set_next(dw->flow, s.db, t.id, t.due ? t.due : INT64_MAX, false, err);
    if (rc == 0) rc = flow_task_log(&s, t.id, "reminded", 0, NULL, err);
    return rc ? rc : flow_task_tell(&s, &t, "task.reminded", err);
}

static void done_due(struct lane_work *w, const struct err *failed)
{
    struct due_work *dw = (struct due_work *)w;
    if (failed) {
        log_err(LOG_ERROR, "task.due_failed", failed);
        lane_wake_at(dw->flow->lane, &dw->flow->tasks_source, clock_now(&dw->flow->host->clock) + 60000);
    }
    mem_free(dw);
}

int64_t flow_tasks_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, tasks_source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    int n = 0, rc;
    struct stmt *s = store_stmt(
        lane_db(lane), "select id, next_at from flow_task where next_at is not null order by next_at limit ?1", &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, max + 1);
    while ((rc = stmt_step(s, &err)) == 1) {
        next = stmt_int(s, 1);
        if (next > now || n == max) break;
        struct due_work *dw = mem_alloc(sizeof(*dw));
        *dw = (struct due_work){.work = {.run = run_due, .done = done_due}, .flow = f, .task = stmt_int(s, 0)};
        lane_add(lane, &dw->work);
        n++;
        next = INT64_MAX;
    }
    stmt_done(s);
    /* What was just queued is still due in its row: look again when it has run. */
    if (rc >= 0) return n == 0 ? next : next == INT64_MAX ? now + 50 : next;
failed:
    log_err(LOG_ERROR, "task.collect", &err);
    return now + 1000;
}
