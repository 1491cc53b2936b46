/* flow.patched("id"): how changed source tells a run that began before the change from one that began after it.
 *
 * The mark is a step. On replay the next entry either is this very step (the run came by with the mark: true) or
 * something else (it came by without: false, and nothing is taken from the journal). An answer of false holds for the
 * rest of the run, so that a loop does not change its mind in the middle; as no mark is written then, a later replay
 * says the same. */
#include "flow/flow_internal.h"

#include <string.h>

static const char op[] = "flow.patched";

static bool is_mark(const struct api_call *c)
{
    return strcmp(c->fn->name, op) == 0;
}

static bool is_off(const struct flow_run *run, uint64_t digest)
{
    for (int i = 0; i < run->nunpatched; i++)
        if (run->unpatched[i] == digest) return true;
    return false;
}

bool flow_patch_is_off(const struct flow_run *run, struct api_call *c, uint64_t digest)
{
    if (!run->nunpatched || !is_mark(c) || !is_off(run, digest)) return false;
    c->result = val_bool(false);
    return true;
}

int flow_patch_passed(struct flow_run *run, struct api_call *c, uint64_t digest)
{
    struct flow_entry e;
    size_t pos = run->journal.pos;
    if (!is_mark(c)) return 0;
    if (flow_patch_is_off(run, c, digest)) return 1;
    int rc = flow_entry_read(run->journal.old, run->journal.old_len, &pos, &e, c->err);
    if (rc < 0) return rc;
    bool same = rc == 1 && e.type == ENTRY_STEP && e.branch == run->current->id && e.digest == digest &&
                e.op_len == sizeof(op) - 1 && memcmp(e.op, op, e.op_len) == 0;
    if (same) return 0;
    if (run->nunpatched == FLOW_PATCHES_MAX) return err_set(c->err, ERR_LIMIT, "flow.patches", NULL);
    run->unpatched[run->nunpatched++] = digest;
    c->result = val_bool(false);
    return 1;
}
