/* Functions for jobs: loop.spawn, loop.sleep, loop.fetch and job:wait. What they begin goes on in loop_job.c. */
#include "plugin/host.h"
#include "plugin/loop_internal.h"

static void on_started(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_job *j = loop_table_find(&lp->jobs, id);
    (void)value;
    if (j) loop_job_start(j);
}

static void on_not_started(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_job *j = loop_table_find(&lp->jobs, id);
    (void)value;
    if (j) loop_job_free(j);
}

static int spawn(struct api_call *c)
{
    bool quiet, owned = false;
    int ref = (int)c->args[0].as.i;
    struct loop_plugin *lp = loop_plugin_of(c, &quiet);
    c->result = val_obj(&loop_job_kind, 0, 0, NULL);
    int rc = lp || quiet ? loop_keep_fn(c, ref, &owned) : c->err->code;
    if (rc || quiet) goto out;
    struct loop_job *j = loop_job_new(lp, ref, owned, c->err);
    if (!j) {
        rc = c->err->code;
        goto out;
    }
    c->result = val_obj(&loop_job_kind, j->item.id, 0, NULL);
    if (lp->started) loop_after_commit(lp, j->item.id, NULL, on_started, on_not_started);
out:
    if (rc && c->s->vm && c->s->mode != SESSION_LOAD) vm_unref(c->s->vm->vm, ref);
    return rc;
}

static int wait(struct api_call *c)
{
    struct loop_job *j = loop_job_waits(c, WAIT_JOB, c->args[0].as.obj.id);
    if (!j) return c->err->code;
    if (j->item.id == c->args[0].as.obj.id) return err_set(c->err, ERR_REFUSED, "loop.itself", NULL);
    return API_WAITING;
}

static int sleep_for(struct api_call *c)
{
    int64_t ms;
    int rc = loop_duration(c, &c->args[0], 1, &ms);
    struct loop_job *j = rc ? NULL : loop_job_waits(c, WAIT_SLEEP, 0);
    if (!j) return c->err->code;
    j->wait_until = c->s->now + ms;
    return API_WAITING;
}

const struct api_fn loop_job_functions[] = {
    {"loop.spawn", spawn, "job:fn!", "Job", API_PURE, NULL, 1,
     "Runs a function beside this one, from the commit on; it may wait; in memory only."},
    {"loop.sleep", sleep_for, "delay:duration!", "", API_WAIT, NULL, 1, "Waits, in a callback or a job."},
    {"loop.fetch", loop_fetch_call,
     "request:map{url:text!,method:text,json:any,body:text,headers:map,timeout:duration,max_bytes:integer,redirects:"
     "integer}!",
     "map", API_WAIT, NULL, 1,
     "Asks a server: { url, method, headers, body, json, timeout, max_bytes, redirects } gives { status, headers, body "
     "}."},
    {"job:wait", wait, "job:object:job!", "any", API_WAIT, NULL, 1,
     "Waits for a job: what its function returned; raises what it raised."},
    {0},
};
