/* Jobs: coroutines that the lane resumes slice by slice.
 *
 * run() resumes; what it waits for is taken up in done(), after the commit, so that a slice that is rolled back has
 * begun nothing. A coroutine cannot be resumed twice from one place: when a whole batch is lost, a job that has just
 * begun begins anew, any other fails. */
#include "plugin/loop_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/host.h"

static struct loop_job *of_work(struct lane_work *w)
{
    return (struct loop_job *)((char *)w - offsetof(struct loop_job, work));
}

static int run(struct lane_work *w, struct lane *lane, struct err *err);
static void done(struct lane_work *w, const struct err *failed);

bool loop_job_evict(struct loop_plugin *lp)
{
    struct loop_job *j = lp->finished_first;
    if (!j) return false;
    lp->finished_first = j->next_finished;
    if (!lp->finished_first) lp->finished_last = NULL;
    loop_job_free(j);
    return true;
}

struct loop_job *loop_job_new(struct loop_plugin *lp, int ref, bool owns_ref, struct err *err)
{
    struct loop_job *j = mem_alloc(sizeof(*j));
    if (lp->jobs.n == LOOP_ITEMS_MAX) loop_job_evict(lp);
    if (!loop_table_add(&lp->jobs, ++lp->loops->serial, &j->item)) {
        mem_free(j);
        loop_limit(err, "jobs", lp);
        return NULL;
    }
    j->work.run = run;
    j->work.done = done;
    j->work.share = lp->pv->plugin->share;
    j->lp = lp;
    j->ref = ref;
    j->owns_ref = owns_ref;
    return j;
}

static void close_co(struct loop_job *j)
{
    if (j->co) vm_co_free(j->co);
    if (j->owns_ref) vm_unref(j->lp->pv->vm, j->ref);
    j->co = NULL;
    j->owns_ref = false;
}

static void free_values(struct loop_job *j)
{
    loop_value_free(j->lp, j->in);
    loop_value_free(j->lp, j->wait_value);
    loop_value_free(j->lp, j->result);
    mem_free(j->failed);
    j->in = j->wait_value = j->result = NULL;
    j->failed = NULL;
}

void loop_job_free(struct loop_job *j)
{
    close_co(j);
    free_values(j);
    loop_due_clear(j->lp->loops, &j->due);
    loop_table_remove(&j->lp->jobs, &j->item);
    mem_free(j);
}

void loop_job_end(struct loop_job *j)
{
    if (j->timer) j->timer->job = NULL;
    if (j->state != JOB_QUEUED) {
        loop_job_free(j);
        return;
    }
    close_co(j);
    free_values(j);
    loop_due_clear(j->lp->loops, &j->due);
    loop_table_remove(&j->lp->jobs, &j->item);
    j->lp = NULL;
}

static void queue(struct loop_job *j)
{
    j->state = JOB_QUEUED;
    lane_add(j->lp->loops->host->lane, &j->work);
}

void loop_job_start(struct loop_job *j)
{
    if (j->state == JOB_NEW) queue(j);
}

static void keep_error(struct loop_job *j, const struct err *failed)
{
    mem_free(j->failed);
    j->failed = failed ? mem_alloc(sizeof(*failed)) : NULL;
    if (failed) *j->failed = *failed;
}

void loop_job_resume(struct loop_job *j, struct loop_value *v, const struct err *failed)
{
    loop_due_clear(j->lp->loops, &j->due);
    loop_value_free(j->lp, j->in);
    j->in = v;
    keep_error(j, failed);
    queue(j);
}

/* The whole batch was lost and this slice is asked for again. */
static int run_again(struct loop_job *j, struct err *err)
{
    loop_value_free(j->lp, j->wait_value);
    loop_value_free(j->lp, j->result);
    j->wait_value = j->result = NULL;
    if (!j->is_fresh) return err_set(err, ERR_REFUSED, "loop.lost", "plugin", j->lp->pv->plugin->name, NULL);
    if (j->co) vm_co_free(j->co);
    j->co = NULL;
    return 0;
}

static int resume(struct loop_job *j, struct lane *lane, struct err *err)
{
    struct loop_plugin *lp = j->lp;
    struct loops *loops = lp->loops;
    struct plugin_vm *pv = lp->pv;
    struct val out = val_nil();
    struct session s = {.mode = SESSION_LOOP,
                        .host = loops->host,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &loops->arena,
                        .now = lane_now(lane),
                        .actor = {.plugin = pv->plugin->name},
                        .lang = loops->host->lang,
                        .zone = loops->host->zone};
    arena_reset(&loops->arena);
    loops->current = j;
    struct session *outer = plugin_vm_enter(pv, &s);
    vm_limit_begin(pv->vm, pv->plugin->limits.slice_ms);
    /* A wait has a result, nil too; a function is called with what there is for it. */
    struct val nothing = val_nil();
    const struct val *in = j->in ? &j->in->v : &nothing;
    int rc = vm_co_resume(j->co, in, j->in || !j->is_fresh, j->failed, &loops->arena, &out, err);
    vm_limit_end(pv->vm);
    plugin_vm_leave(pv, outer);
    loops->current = NULL;
    loops->stats.slices++;
    if (rc == VM_WAITING)
        return j->wait != WAIT_NOTHING ? 0 : err_set(err, ERR_REFUSED, "wait.impossible", "function", "yield", NULL);
    if (rc) return rc;
    j->wait = WAIT_NOTHING;
    if (j->timer || out.type == VAL_NIL) return 0;
    j->result = loop_value_new(lp, &out, err);
    return j->result ? 0 : err->code;
}

/* Nothing to call any more: the plugin or the timer has been stopped since it was queued. */
static bool is_idle(const struct loop_job *j)
{
    return !j->lp || j->lp->loops->stopped || (j->timer && j->timer->stopping && (!j->co || j->is_fresh));
}

static int run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct loop_job *j = of_work(w);
    struct breaker_pass pass;
    j->wait = WAIT_NOTHING;
    j->is_held = false;
    if (is_idle(j)) return 0;
    int rc = j->is_running ? run_again(j, err) : 0;
    if (rc) return rc;
    struct host *host = j->lp->loops->host;
    j->is_held = breaker_enter(host, j->lp->pv->plugin->name, &pass, err) != 0;
    if (j->is_held) return 0;
    if (!j->is_running) j->is_fresh = !j->co;
    j->is_running = true;
    if (!j->co) rc = vm_co_new(j->lp->pv->vm, j->ref, &j->co, err);
    if (rc == 0) rc = resume(j, lane, err);
    breaker_leave(host, &pass, rc, err);
    return rc;
}

static void tell_waiters(struct loop_job *j)
{
    struct err err;
    while (j->waiters) {
        struct loop_job *w = j->waiters;
        struct loop_value *copy = NULL;
        const struct err *failed = j->failed;
        j->waiters = w->next_waiter;
        w->next_waiter = NULL;
        if (!failed && j->result && !(copy = loop_value_new(j->lp, &j->result->v, &err))) failed = &err;
        loop_job_resume(w, copy, failed);
    }
}

static void keep_finished(struct loop_job *j)
{
    struct loop_plugin *lp = j->lp;
    if (lp->finished_last)
        lp->finished_last->next_finished = j;
    else
        lp->finished_first = j;
    lp->finished_last = j;
}

static void log_failure(struct loop_job *j, const struct err *failed)
{
    j->lp->loops->stats.failed++;
    loop_log(j->lp, "loop.failed", failed);
}

static void finish(struct loop_job *j, const struct err *failed)
{
    struct loop_timer_item *timer = j->timer;
    if (failed && failed->code != ERR_STOPPED) log_failure(j, failed);
    if (timer) {
        loop_job_free(j);
        loop_timer_job_ended(timer);
        return;
    }
    close_co(j);
    j->state = JOB_DONE;
    keep_error(j, failed);
    tell_waiters(j);
    keep_finished(j);
}

static void wait_for_job(struct loop_job *j)
{
    struct loop_job *target = loop_table_find(&j->lp->jobs, j->wait_id), **at;
    struct err err;
    struct loop_value *copy = NULL;
    const struct err *failed = NULL;
    if (!target) {
        err_set(&err, ERR_NOT_FOUND, "loop.gone", NULL);
        failed = &err;
    } else if (target->state != JOB_DONE) {
        for (at = &target->waiters; *at;)
            at = &(*at)->next_waiter;
        *at = j;
        return;
    } else {
        failed = target->failed;
        if (!failed && target->result && !(copy = loop_value_new(j->lp, &target->result->v, &err))) failed = &err;
    }
    loop_job_resume(j, copy, failed);
}

/* What the slice waits for, now that it is committed. */
static void begin_wait(struct loop_job *j)
{
    j->state = JOB_WAITING;
    switch (j->wait) {
    case WAIT_SLEEP:
        loop_due_set(j->lp->loops, &j->due, j->wait_until);
        break;
    case WAIT_JOB:
        wait_for_job(j);
        break;
    case WAIT_TAKE:
        loop_channel_wait_take(j);
        break;
    case WAIT_PUT:
        loop_channel_wait_put(j);
        break;
    case WAIT_FETCH:
        loop_fetch_start(j);
        break;
    case WAIT_NOTHING:
        finish(j, NULL);
        break;
    }
}

static void done(struct lane_work *w, const struct err *failed)
{
    struct loop_job *j = of_work(w);
    if (!j->lp) {
        mem_free(j);
        return;
    }
    if (j->is_held && !failed) {
        j->is_running = j->is_fresh = false;
        j->state = JOB_HELD; /* with what it is to be resumed with */
        return;
    }
    struct err copy;
    if (failed) copy = *failed;
    j->is_running = j->is_fresh = false;
    loop_value_free(j->lp, j->in);
    j->in = NULL;
    mem_free(j->failed);
    j->failed = NULL;
    if (failed)
        finish(j, &copy);
    else
        begin_wait(j);
}

struct loop_job *loop_job_waits(struct api_call *c, enum loop_wait_kind kind, int64_t id)
{
    bool quiet;
    struct loop_plugin *lp = loop_plugin_of(c, &quiet);
    struct loop_job *j = lp ? lp->loops->current : NULL;
    if (!lp && !quiet) return NULL;
    if (!j || j->lp != lp || c->s->mode != SESSION_LOOP || vm_co_running(lp->pv->vm) != j->co ||
        !vm_can_wait(lp->pv->vm)) {
        err_set(c->err, ERR_REFUSED, "wait.impossible", "function", c->fn->name, "mode", session_mode_name(c->s->mode),
                NULL);
        return NULL;
    }
    j->wait = kind;
    j->wait_id = id;
    j->wait_until = INT64_MAX;
    return j;
}

int loop_jobs_go_on(void *ctx, struct session *s, const char *plugin, bool all, struct err *err)
{
    struct loops *loops = ctx;
    (void)s;
    (void)err;
    for (struct loop_plugin *lp = loops->plugins; lp; lp = lp->next) {
        size_t at = 0;
        if (strcmp(lp->pv->plugin->name, plugin) != 0) continue;
        for (struct loop_job *j; (j = loop_table_next(&lp->jobs, &at));) {
            if (j->state != JOB_HELD) continue;
            queue(j);
            if (!all) return 0;
        }
    }
    return 0;
}
