/* Trials: does the journal of an open run fit another source?
 *
 * A trial is a replay and nothing else: a run of its own beside the cache, whose calls are all answered from the
 * journal, so it ends where the journal ends or where the source does something else. What it may have touched (the
 * tasks of a branch that lost, for one) is rolled back. The journal keeps digests of arguments only; where a source
 * differs, the run's own source is replayed up to the same entry, so that both calls can be shown whole. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/mem.h"

enum { ARGS_BYTES_MAX = 4 << 10 };

/* { name = value } without the object that a method belongs to. */
static int arguments(struct arena *a, struct api *api, const struct api_call *c, struct val *out)
{
    size_t i = 0, first = strchr(c->fn->name, ':') ? 1 : 0;
    const struct api_param *params;
    *out = val_map();
    while (i < api_count(api) && api_at(api, i) != c->fn)
        i++;
    size_t n = i < api_count(api) ? api_params(api, i, &params) : 0;
    for (size_t k = first; k < n && k < c->nargs; k++) {
        struct val copy;
        if (c->args[k].type == VAL_NIL) continue;
        const char *name = arena_strdup(a, params[k].name); /* the result outlives the API */
        if (!name || val_copy(a, &c->args[k], &copy) != 0 || val_set(a, out, name, copy) != 0) return ERR_LIMIT;
    }
    return 0;
}

/* What is too large to be read by a person is left out. */
static void take_call(struct flow_probe *p, struct flow_run *run, const struct api_call *c)
{
    struct buf size;
    buf_init(&size, ARGS_BYTES_MAX);
    if (arguments(p->arena, run->flow->host->api, c, &p->args) != 0 || val_encode(&p->args, &size, false) != 0 ||
        !buf_ok(&size))
        p->args = val_nil();
    buf_close(&size);
}

void flow_probe_call(struct flow_run *run, const struct api_call *c, int64_t entry)
{
    if (run->probe && run->probe->entry == entry) take_call(run->probe, run, c);
}

void flow_probe_diverged(struct flow_run *run, const struct api_call *c, int64_t entry)
{
    if (!run->probe || run->probe->entry >= 0) return;
    run->probe->entry = entry;
    if (c) take_call(run->probe, run, c);
}

/* 0, or what it met in *why. `version` 0: its own. */
static int replay(struct flow *f, struct session *outer, int64_t id, int64_t version, struct flow_probe *probe,
                  struct err *why)
{
    struct flow_run *run = mem_alloc(sizeof(*run));
    struct session s;
    run->id = id;
    run->flow = f;
    run->due = INT64_MAX;
    run->probe = probe;
    arena_init(&run->arena, 16 << 20);
    flow_journal_init(&run->journal);
    arena_reset(&f->arena);
    int rc = flow_row_load(run, outer->db, why);
    if (rc == 0) {
        if (version) run->version_id = version;
        flow_session_init(f, &s, run, outer->now);
        run->session = &s;
        rc = flow_run_enter(run, &s, why);
    }
    flow_run_cool(run);
    flow_journal_close(&run->journal);
    arena_close(&run->arena);
    mem_free(run);
    return rc;
}

static int replay_apart(struct flow *f, struct session *s, int64_t id, int64_t version, struct flow_probe *probe,
                        struct err *why, struct err *err)
{
    int rc = store_mark(s->db, err);
    if (rc) return rc;
    rc = replay(f, s, id, version, probe, why);
    store_mark_rollback(s->db);
    if (!rc || !err_is_fault(rc)) return rc ? 1 : 0;
    *err = *why;
    return rc;
}

int flow_trial(struct flow *f, struct session *s, int64_t id, int64_t version, struct arena *a, struct flow_trial *out,
               struct err *err)
{
    struct flow_probe then = {.arena = a}, now = {.entry = -1, .arena = a};
    struct err ignored = {0};
    *out = (struct flow_trial){0};
    int rc = replay_apart(f, s, id, version, &now, &out->why, err);
    if (rc != 1 || now.entry < 0) return rc;
    out->code_args = now.args;
    /* The pinned source is asked for what it called; where it cannot be, the digest has to do. */
    then.entry = now.entry;
    rc = replay_apart(f, s, id, 0, &then, &ignored, err);
    out->journal_args = then.args;
    return rc < 0 ? rc : 1;
}
