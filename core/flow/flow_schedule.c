/* Runs that the schedule starts: one for each firing, by the firing's own key. */
#include "flow/flow_internal.h"

#include <string.h>

#include "schedule/schedule.h"

static int fire(void *ctx, struct session *s, const struct schedule_job *job, int64_t *run, struct err *err)
{
    struct val empty = val_map();
    struct flow_start_args args = {.plugin = job->plugin,
                                   .name = job->flow,
                                   .input = job->input && job->input->type == VAL_MAP ? job->input : &empty,
                                   .bid = job->key};
    bool existed;
    return flow_start(ctx, s, &args, run, &existed, err);
}

static int is_running(void *ctx, struct session *s, int64_t run, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select 1 from flow_run where id = ?1 and state in (0, 5)", err);
    (void)ctx;
    if (!st) return err->code;
    stmt_bind_int(st, 1, run);
    int rc = stmt_step(st, err);
    stmt_done(st);
    return rc;
}

void flow_schedule_attach(struct flow *f)
{
    const struct schedule_sink sink = {"flow", fire, is_running, f};
    schedule_add_sink(f->host->schedule, &sink);
}
