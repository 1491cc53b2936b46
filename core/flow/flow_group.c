/* run:all and run:any: branches that belong to one wait of their parent.
 *
 * The order in which branches end follows from the journal's wake-ups, so a group needs no entry for its end. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/mem.h"

static bool is_within(const struct flow_branch *b, const struct flow_wait *group)
{
    for (; b; b = b->parent)
        if (b->group == group) return true;
    return false;
}

/* Stops every branch of the group, and what they wait for, at any depth. */
static int stop_group(struct flow_run *run, struct flow_wait *group, struct err *err)
{
    for (struct flow_wait *w = run->waits; w;) {
        struct flow_wait *next = w->next;
        if (w != group && is_within(w->branch, group)) {
            int rc = flow_wait_cancel(run, w, err);
            if (rc) return rc;
        }
        w = next;
    }
    for (struct flow_branch *b = run->branches; b; b = b->next)
        if (!b->done && is_within(b, group)) flow_branch_stop(run, b);
    return 0;
}

static bool is_any(struct flow_run *run, const struct flow_wait *group)
{
    struct val data = flow_wait_data(run, group);
    return val_get_bool(&data, "any", false);
}

/* { name = result } of all branches. */
static int gather(struct flow_run *run, struct flow_wait *group, struct val *out)
{
    struct arena *a = &run->flow->arena;
    *out = val_map();
    for (struct flow_branch *b = run->branches; b; b = b->next) {
        struct val v, copy;
        if (b->group != group || !b->result) continue;
        if (val_decode(b->result, b->result_len, a, flow_kind_of, &v) != 0 || val_copy(a, &v, &copy) != 0)
            return ERR_NOMEM;
        if (copy.type != VAL_NIL && val_set(a, out, b->name, copy) != 0) return ERR_NOMEM;
    }
    return 0;
}

static int finish_group(struct flow_run *run, struct flow_wait *group, const struct err *failed, struct err *err)
{
    struct flow_branch *parent = group->branch;
    int rc = stop_group(run, group, err);
    if (rc) return rc;
    if (failed) {
        parent->nin = 0;
        parent->failed = mem_alloc(sizeof(*failed));
        *parent->failed = *failed;
    }
    flow_wait_remove(run, group);
    flow_run_ready(run, parent);
    return 0;
}

int flow_group_done(struct flow_run *run, struct flow_branch *b, const struct val *result, const struct err *failed,
                    struct err *err)
{
    struct flow_wait *group = b->group;
    struct flow_branch *parent = group->branch;
    struct arena *a = &run->flow->arena;
    if (b->ref) {
        vm_unref(run->version->pv->vm, b->ref);
        b->ref = 0;
    }
    if (failed) return finish_group(run, group, failed, err);
    if (is_any(run, group)) {
        char *name = arena_strdup(a, b->name);
        if (!name || val_copy(a, result, &parent->in[1]) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        parent->in[0] = val_str(name);
        parent->nin = 2;
        return finish_group(run, group, NULL, err);
    }
    struct buf bytes;
    buf_init(&bytes, FLOW_RESULT_MAX);
    if (val_encode(result, &bytes, true) != 0 || !buf_ok(&bytes)) {
        buf_close(&bytes);
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    b->result = buf_take(&bytes, &b->result_len);
    if (--group->open > 0) return 0;
    if (gather(run, group, &parent->in[0]) != 0) return err_set(err, ERR_NOMEM, "memory", NULL);
    parent->nin = 1;
    return finish_group(run, group, NULL, err);
}
