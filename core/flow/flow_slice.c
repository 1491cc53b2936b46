/* One slice: a wake-up, what the code does until all branches wait, and the rows that keep it.
 *
 * The lane runs it in a mark. A fault or an uncaught error rolls it back as a whole; the error is then recorded by a
 * slice of its own. */
#include "flow/flow_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/plugins.h"
#include "runtime/crash.h"
#include "runtime/log.h"

struct slice_work {
    struct lane_work work;
    struct flow *flow;
    int64_t run, attempts; /* that had failed before this one */
    struct err why;        /* only where a failure is recorded: which */
};

/* As whom a run acts stands in its row: known once that has been read. */
static void act_as(struct session *s, const struct flow_run *run)
{
    s->actor = (struct actor){.user = run->user, .person = run->person, .run = run->id, .plugin = run->plugin};
}

void flow_session_init(struct flow *f, struct session *s, struct flow_run *run, int64_t now)
{
    *s = (struct session){.mode = SESSION_RUN,
                          .host = f->host,
                          .db = lane_db(f->lane),
                          .lane = f->lane,
                          .now = now,
                          .arena = &f->arena,
                          .lang = f->host->lang,
                          .zone = f->host->zone};
    if (!run) {
        s->mode = SESSION_WRITE;
        return;
    }
    act_as(s, run);
    s->journal = &run->steps;
    s->run = run;
}

static int save_journal(struct flow_run *run, struct store *db, struct err *err)
{
    if (run->journal.out.len == 0) return 0;
    struct stmt *s = store_stmt(db, "insert into flow_journal(run, slice, body) values(?1, ?2, ?3)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    stmt_bind_int(s, 2, run->slice);
    stmt_bind_blob(s, 3, run->journal.out.data, run->journal.out.len);
    int rc = stmt_run(s, err);
    if (rc) return rc;
    run->slice++;
    buf_clear(&run->journal.out);
    return 0;
}

static int save(struct flow_run *run, struct session *s, struct err *err)
{
    bool more = false, fresh = run->is_new;
    crash_point("flow.before_save");
    int rc = save_journal(run, s->db, err);
    if (rc == 0 && !run->finished && !fresh) rc = flow_wake_has_more(run, &more, err);
    if (rc) return rc;
    run->entry = run->journal.entry;
    run->due = run->finished ? INT64_MAX : more ? s->now : flow_wait_next_due(run);
    if (run->attempts) {
        run->attempts = 0;
        rc = flow_row_clear_error(s->db, run->id, err);
        if (rc) return rc;
    }
    rc = run->finished ? flow_finish(run, s, FLOW_COMPLETED, err) : flow_row_save(run, s->db, s->now, err);
    if (rc == 0 && !run->finished && run->due != INT64_MAX)
        lane_wake_at(run->flow->lane, &run->flow->runs_source, run->due);
    crash_point("flow.after_save");
    return rc;
}

static int enter(struct flow_run *run, struct session *s, struct err *err)
{
    int64_t entries = run->entry;
    int rc = flow_run_enter(run, s, err);
    if (rc == 0 && run->version) return 0;
    if (rc == ERR_LIMIT && entries > 0) {
        /* Replay never makes a run fail: it is kept aside with a reason. */
        err_set(err, ERR_DIVERGED, "flow.replay_limit", NULL);
        return ERR_DIVERGED;
    }
    return rc;
}

int flow_slice_step(struct flow_run *run, struct session *s, struct err *err)
{
    struct flow *f = run->flow;
    struct err_num n;
    int rc = 0;
    flow_touch(f, run);
    if (!run->is_loaded && !run->is_new) {
        rc = flow_row_load(run, s->db, err);
        /* Its start was lost with a transaction, and has another id now that it was done again. */
        if (rc == ERR_NOT_FOUND) run->finished = true;
        if (rc) return rc == ERR_NOT_FOUND ? 0 : rc;
        act_as(s, run); /* until now it was not known */
    }
    if (run->state != FLOW_RUNNING || run->paused || run->turn == TURN_WAITS) return 0;
    if (run->due > s->now && !run->is_new) return 0;
    struct breaker_pass pass;
    /* Its source is kept, but not what that declared: without its tables it could only fail. */
    if (!plugins_vm(f->host->plugins, run->plugin)) return flow_off_hold(run, s, OFF_ABSENT, err);
    if (breaker_enter(f->host, run->plugin, &pass, err) != 0) return flow_off_hold(run, s, OFF_BREAKER, err);
    run->session = s;
    if (!run->is_hot) rc = enter(run, s, err);
    if (rc) goto out;
    rc = flow_timer_rederive(run, err);
    if (rc) goto out;
    if (!run->ready_first) rc = flow_wake_live(run, err);
    if (rc < 0) goto out;
    struct plugin_vm *pv = run->version->pv;
    vm_limit_begin(pv->vm, pv->plugin->limits.slice_ms);
    rc = flow_run_pump(run, err);
    vm_limit_end(pv->vm);
    if (rc == 0) rc = save(run, s, err);
out:
    /* How far it came is forgotten with the slice. */
    if (rc < 0) err_add_arg(err, "step", err_i64(&n, run->journal.entry));
    run->session = NULL;
    (run->attempts ? breaker_leave_again : breaker_leave)(f->host, &pass, rc, err);
    return rc;
}

static int run_slice(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct slice_work *sw = (struct slice_work *)w;
    struct flow *f = sw->flow;
    struct flow_run *run = flow_cache_find(f, sw->run);
    struct session s;
    if (!run) run = flow_cache_add(f, sw->run);
    run->queued = false;
    flow_cache_use(f, run);
    arena_reset(&f->arena);
    flow_session_init(f, &s, run, lane_now(lane));
    int rc = flow_slice_step(run, &s, err);
    sw->attempts = run->attempts;
    if (rc < 0) flow_undone(f);
    if (rc == 0 && !run->finished && run->state == FLOW_RUNNING && run->due <= s.now) flow_slice_queue(f, run);
    return rc;
}

static int run_fail(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct slice_work *sw = (struct slice_work *)w;
    struct flow *f = sw->flow;
    struct flow_run *run = flow_cache_find(f, sw->run);
    struct session s;
    if (!run) run = flow_cache_add(f, sw->run);
    arena_reset(&f->arena);
    flow_touch(f, run);
    int rc = flow_row_load(run, lane_db(lane), err);
    if (rc) return rc;
    /* A lost transaction may have queued a slice twice; the other one has failed too, and has recorded it. */
    if (run->attempts != sw->attempts) return 0;
    flow_session_init(f, &s, NULL, lane_now(lane));
    return flow_fail(run, &s, &sw->why, err);
}

static void done_fail(struct lane_work *w, const struct err *failed)
{
    if (failed) log_err(LOG_ERROR, "flow.failure_not_recorded", failed);
    mem_free(w);
}

/* A slice that was rolled back: its coroutines are past what is stored, so they go. */
static void done_slice(struct lane_work *w, const struct err *failed)
{
    struct slice_work *sw = (struct slice_work *)w;
    struct flow *f = sw->flow;
    struct flow_run *run = failed ? flow_cache_find(f, sw->run) : NULL;
    if (run) {
        flow_run_cool(run);
        run->is_loaded = false;
        if (err_is_fault(failed->code) && failed->code != ERR_NOMEM) {
            /* The host's own trouble: the row still says when; look again in a while. */
            log_err(LOG_ERROR, "flow.slice_lost", failed);
            lane_wake_at(f->lane, &f->runs_source, clock_now(&f->host->clock) + 1000);
        } else {
            struct slice_work *fail = mem_alloc(sizeof(*fail));
            *fail = (struct slice_work){.work = {.run = run_fail, .done = done_fail, .share = w->share},
                                        .flow = f,
                                        .run = sw->run,
                                        .why = *failed,
                                        .attempts = sw->attempts};
            lane_add(f->lane, &fail->work);
        }
    }
    mem_free(sw);
}

void flow_slice_queue(struct flow *f, struct flow_run *run)
{
    if (run->queued) return;
    struct slice_work *sw = mem_alloc(offsetof(struct slice_work, why));
    sw->work.run = run_slice;
    sw->work.done = done_slice;
    sw->work.share = run->version ? run->version->pv->plugin->share : FLOW_COLD_SHARE;
    sw->flow = f;
    sw->run = run->id;
    run->queued = true;
    lane_add(f->lane, &sw->work);
}

int64_t flow_runs_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, runs_source));
    struct err err = {0};
    struct stmt *s =
        store_stmt(lane_db(lane), "select id, due from flow_run where due is not null order by due limit ?1", &err);
    int64_t next = INT64_MAX;
    int n = 0, rc;
    if (!s) goto failed;
    stmt_bind_int(s, 1, max + 1);
    while ((rc = stmt_step(s, &err)) == 1) {
        next = stmt_int(s, 1);
        if (next > now || n == max) break;
        struct flow_run *run = flow_cache_find(f, stmt_int(s, 0));
        if (!run) run = flow_cache_add(f, stmt_int(s, 0));
        if (run->is_loaded && run->due > next) run->due = next;
        flow_slice_queue(f, run);
        n++;
        next = INT64_MAX;
    }
    stmt_done(s);
    if (rc >= 0) return next;
failed:
    log_err(LOG_ERROR, "flow.collect", &err);
    return now + 1000;
}
