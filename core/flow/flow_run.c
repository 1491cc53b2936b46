/* A hot run: its branches, and how they are resumed until all of them wait.
 *
 * Branches that can go on stand in one queue; flow_run_pump resumes them one after the other. The same code serves
 * live runs and replay: only where results and wake-ups come from differs. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/mem.h"

void flow_run_ready(struct flow_run *run, struct flow_branch *b)
{
    b->next_ready = NULL;
    if (run->ready_last)
        run->ready_last->next_ready = b;
    else
        run->ready_first = b;
    run->ready_last = b;
}

struct flow_branch *flow_branch_new(struct flow_run *run, int ref, const char *name, struct flow_branch *parent,
                                    struct flow_wait *group, struct err *err)
{
    if (run->next_branch >= FLOW_BRANCHES_MAX) {
        err_set(err, ERR_LIMIT, "flow.branches", NULL);
        return NULL;
    }
    struct flow_branch *b = mem_alloc(sizeof(*b));
    if (vm_co_new(run->version->pv->vm, ref, &b->co, err) != 0) {
        mem_free(b);
        return NULL;
    }
    b->id = run->next_branch++;
    b->ref = parent ? ref : 0;
    b->name = name;
    b->parent = parent;
    b->group = group;
    b->next = run->branches;
    run->branches = b;
    return b;
}

static void free_branch(struct flow_run *run, struct flow_branch *b)
{
    if (b->co) vm_co_free(b->co);
    if (b->ref) vm_unref(run->version->pv->vm, b->ref);
    mem_free(b->failed);
    mem_free(b->result);
    mem_free(b);
}

/* Ends a branch for good: it may stand in the queue, so it is only marked; its coroutine goes at once. */
void flow_branch_stop(struct flow_run *run, struct flow_branch *b)
{
    b->done = true;
    if (b->co) vm_co_free(b->co);
    b->co = NULL;
    if (b->ref) vm_unref(run->version->pv->vm, b->ref);
    b->ref = 0;
}

void flow_run_cool(struct flow_run *run)
{
    while (run->branches) {
        struct flow_branch *b = run->branches;
        run->branches = b->next;
        free_branch(run, b);
    }
    run->ready_first = run->ready_last = run->current = NULL;
    flow_wait_free(run);
    run->next_branch = 0;
    run->nunpatched = 0;
    run->is_hot = run->replaying = run->restart = false;
    mem_free(run->journal.old);
    run->journal.old = NULL;
    run->journal.old_len = run->journal.pos = 0;
    buf_clear(&run->journal.out);
    flow_version_release(run->flow, run->version);
    run->version = NULL;
}

static int load_journal(struct flow_run *run, struct store *db, struct err *err)
{
    struct buf all;
    struct stmt *s = store_stmt(db, "select slice, body from flow_journal where run = ?1 order by slice", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    buf_init(&all, 256 << 20);
    int rc;
    for (bool first = true; (rc = stmt_step(s, err)) == 1; first = false) {
        size_t len;
        const void *bytes = stmt_blob(s, 1, &len);
        if (first) run->first_slice = stmt_int(s, 0);
        buf_add(&all, bytes, len);
    }
    stmt_done(s);
    if (rc == 0 && !buf_ok(&all)) rc = err_set(err, ERR_LIMIT, "flow.journal_too_large", NULL);
    if (rc == 0) run->journal.old = buf_take(&all, &run->journal.old_len);
    buf_close(&all);
    return rc;
}

struct val flow_run_object(struct arena *a, int64_t id)
{
    (void)a;
    return val_obj(&flow_run_kind, id, 0, NULL);
}

/* The arguments of the flow's function: the run with what it may read, and the input. */
static int make_arguments(struct flow_run *run, struct flow_branch *b, struct err *err)
{
    struct arena *a = &run->arena;
    struct val *fields = arena_alloc(a, sizeof(*fields));
    bool handler = strchr(run->name, '#') != NULL;
    if (!fields) return err_set(err, ERR_NOMEM, "memory", NULL);
    *fields = val_map();
    int rc = val_set(a, fields, "id", val_int(run->id));
    if (!rc && run->input.type != VAL_NIL) rc = val_set(a, fields, "input", run->input);
    if (!rc && run->checkpoint.type != VAL_NIL) rc = val_set(a, fields, "state", run->checkpoint);
    if (!rc && run->person) rc = val_set(a, fields, "started_by", val_int(run->person));
    if (!rc && run->parent) rc = val_set(a, fields, "parent", val_int(run->parent));
    if (!rc && run->bid) rc = val_set(a, fields, "business_id", val_str(run->bid));
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    b->in[0] = handler ? run->input : val_obj(&flow_run_kind, run->id, 0, fields);
    b->in[1] = run->input;
    b->nin = handler ? 1 : 2;
    return 0;
}

static int enter_main(struct flow_run *run, struct err *err)
{
    const char *kind = strchr(run->name, '#') ? "on" : "flow";
    int ref = plugin_vm_fn(run->version->pv, kind, run->name);
    if (!ref) return err_set(err, ERR_NOT_FOUND, "flow.unknown", "flow", run->name, "plugin", run->plugin, NULL);
    struct flow_branch *b = flow_branch_new(run, ref, "", NULL, NULL, err);
    if (!b) return err->code;
    int rc = make_arguments(run, b, err);
    if (rc) return rc;
    flow_run_ready(run, b);
    return 0;
}

/* Wake-ups come from the journal, in the order in which they happened. */
static int replay(struct flow_run *run, struct session *s, struct err *err)
{
    struct vm *vm = run->version->pv->vm;
    int rc;
    s->replaying = true;
    vm_limit_begin(vm, FLOW_REPLAY_CPU_MS);
    do {
        rc = flow_run_pump(run, err);
        if (rc == 0) rc = flow_wake_replay(run, err);
    } while (rc == 1);
    vm_limit_end(vm);
    run->replaying = false;
    s->replaying = false;
    return rc;
}

int flow_run_enter(struct flow_run *run, struct session *s, struct err *err)
{
    int rc = flow_version_get(run->flow, s->db, run->version_id, &run->version, err);
    if (rc) return rc;
    flow_step_attach(run);
    run->is_hot = true;
    run->journal.entry = 0;
    run->first_slice = run->slice;
    if (!run->is_new) rc = load_journal(run, s->db, err);
    if (rc) return rc;
    run->replaying = run->journal.old_len > 0;
    rc = enter_main(run, err);
    if (rc || !run->replaying) return rc;
    rc = replay(run, s, err);
    mem_free(run->journal.old);
    run->journal.old = NULL;
    run->journal.old_len = run->journal.pos = 0;
    return rc;
}

/* A checkpoint: the function is entered anew with its state; the journal starts afresh. */
static int restart(struct flow_run *run, struct err *err)
{
    struct flow_version *v = run->version;
    v->users++; /* kept over the cooling */
    struct stmt *s = store_stmt(run->session->db, "delete from flow_journal where run = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    int rc = run->is_new ? (stmt_done(s), 0) : stmt_run(s, err);
    if (rc) return rc;
    flow_run_cool(run);
    run->version = v;
    run->is_hot = true;
    run->journal.entry = 0;
    run->entry = 0;
    run->first_slice = ++run->slice; /* never used before: a series of random numbers of its own hangs on it */
    return enter_main(run, err);
}

static int ended(struct flow_run *run, struct flow_branch *b, const struct val *out, const struct err *failed,
                 struct err *err)
{
    if (b->parent) return flow_group_done(run, b, out, failed, err);
    if (failed) {
        if (failed != err) *err = *failed;
        return failed->code;
    }
    run->finished = true;
    if (val_copy(&run->arena, out, &run->result) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return 0;
}

/* The same on replay: by the run, by what it does since its last checkpoint, and by how far its journal has come. */
static uint64_t seed_of(const struct flow_run *run, const struct flow_branch *b)
{
    uint64_t since = (uint64_t)run->id * 0x9E3779B97F4A7C15u ^ (uint64_t)run->first_slice * 0xD1B54A32D192ED03u;
    return since ^ (uint64_t)run->journal.entry << 20 ^ (uint64_t)b->id;
}

static int resume(struct flow_run *run, struct flow_branch *b, struct err *err)
{
    struct val out = val_nil();
    struct vm_stable was;
    struct plugin_vm *pv = run->version->pv;
    struct session *outer = plugin_vm_enter(pv, run->session);
    run->current = b;
    b->wait = NULL;
    vm_stable_begin(pv->vm, seed_of(run, b), &was);
    int rc = vm_co_resume(b->co, b->in, b->nin, b->failed, &run->flow->arena, &out, err);
    vm_stable_end(pv->vm, &was);
    plugin_vm_leave(pv, outer);
    mem_free(b->failed);
    b->failed = NULL;
    b->nin = 0;
    run->current = NULL;
    if (rc == VM_WAITING) return 0;
    /* A branch that was stopped ends the slice: what stopped it is not the same on replay, and pcall must not keep it.
     */
    if (err_is_fault(rc) || rc == ERR_DIVERGED || (rc && vm_is_stop(err))) return rc;
    vm_co_free(b->co);
    b->co = NULL;
    b->done = true;
    struct err failed;
    if (rc == 0) return ended(run, b, &out, NULL, err);
    failed = *err;
    return ended(run, b, NULL, &failed, err);
}

int flow_run_pump(struct flow_run *run, struct err *err)
{
    while (run->ready_first) {
        struct flow_branch *b = run->ready_first;
        run->ready_first = b->next_ready;
        if (!run->ready_first) run->ready_last = NULL;
        if (b->done) continue;
        int rc = resume(run, b, err);
        if (rc) return rc;
        if (run->restart) {
            rc = restart(run, err);
            if (rc) return rc;
        }
        if (run->finished) break;
    }
    if (run->replaying && run->finished) {
        struct err_num n;
        flow_probe_diverged(run, NULL, run->journal.entry);
        return err_set(err, ERR_DIVERGED, "flow.ended_early", "entry", err_i64(&n, run->journal.entry), NULL);
    }
    return 0;
}
