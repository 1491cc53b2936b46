/* Steps of a run: each host call is compared with the journal's next entry on replay, and becomes an entry when it is
 * live. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/digest.h"
#include "runtime/crash.h"

/* Digest of the call: its name and arguments, objects by kind, id and revision. */
int flow_call_digest(struct flow_run *run, const struct api_call *c, uint64_t *digest)
{
    struct buf *b = &run->flow->scratch;
    buf_clear(b);
    for (size_t i = 0; i < c->nargs; i++)
        if (val_encode(&c->args[i], b, false) != 0) return ERR_LIMIT;
    if (!buf_ok(b)) return ERR_LIMIT;
    *digest = digest_short(b->data ? b->data : "", b->len);
    return 0;
}

static void describe(struct buf *out, const char *op, size_t op_len, const char *where, size_t where_len)
{
    buf_add(out, op, op_len);
    buf_add_str(out, " (");
    buf_add(out, where, where_len);
    buf_add_char(out, ')');
}

/* Both calls, for the person who decides what becomes of the run. */
static int diverged(struct flow_run *run, const struct flow_entry *was, const struct api_call *c, const char *where,
                    struct err *err)
{
    struct buf then, now;
    struct err_num n;
    int64_t entry = run->journal.entry - (was != NULL);
    buf_init(&then, 400);
    buf_init(&now, 400);
    if (!was)
        buf_add_str(&then, "-");
    else if (was->type == ENTRY_WAKE)
        buf_printf(&then, "wake-up of wait %lld", (long long)was->wait);
    else
        describe(&then, was->op, was->op_len, was->where, was->where_len);
    describe(&now, c->fn->name, strlen(c->fn->name), where, strlen(where));
    err_set(err, ERR_DIVERGED, "flow.diverged", "entry", err_i64(&n, entry), "journal", then.data, "code", now.data,
            NULL);
    if (where[0]) err_set_where(err, where, 0);
    flow_probe_diverged(run, c, entry);
    buf_close(&then);
    buf_close(&now);
    return ERR_DIVERGED;
}

/* The journal's next entry, if it is this call. */
int flow_journal_match(struct flow_run *run, struct api_call *c, enum flow_entry_type type, uint64_t digest,
                       const char *where, struct flow_entry *e)
{
    flow_probe_call(run, c, run->journal.entry);
    int rc = flow_journal_next(&run->journal, e, c->err);
    if (rc < 0) return rc;
    bool same = rc == 1 && e->type == type && e->branch == run->current->id && e->digest == digest &&
                e->op_len == strlen(c->fn->name) && memcmp(e->op, c->fn->name, e->op_len) == 0;
    if (!same) return diverged(run, rc == 1 ? e : NULL, c, where, c->err);
    return 0;
}

static int journal_before(struct api_journal *j, struct api_call *c, const char *where, int *recorded)
{
    struct flow_run *run = c->s->run;
    struct flow_entry e;
    uint64_t digest;
    (void)j;
    if (!run->current) return 0; /* a hook inside a step: part of it */
    *recorded = 0;
    crash_point("flow.before_step");
    if (flow_call_digest(run, c, &digest) != 0) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    if (!run->replaying) {
        if (flow_patch_is_off(run, c, digest)) return 1;
        run->call_digest = digest;
        strncpy(run->call_where, where, sizeof(run->call_where) - 1);
        return 0;
    }
    int rc = flow_patch_passed(run, c, digest);
    if (rc) return rc;
    rc = flow_journal_match(run, c, ENTRY_STEP, digest, where, &e);
    if (rc) return rc;
    struct val v;
    rc = val_decode(e.payload, e.payload_len, c->arena, flow_kind_of, &v);
    if (rc) return err_set(c->err, ERR_CORRUPT, "flow.journal", NULL);
    *recorded = e.code;
    if (e.code) {
        flow_err_from_val(&v, c->err);
        return 1;
    }
    /* Two results are stored as a list of two. */
    if (v.type == VAL_LIST && v.as.list.n == 3 && val_is_str(&v.as.list.items[0], "\x01two")) {
        c->result = v.as.list.items[1];
        c->result2 = v.as.list.items[2];
        c->nresults = 2;
    } else {
        c->result = v;
    }
    return 1;
}

static int encode_result(struct api_call *c, int rc, struct buf *b)
{
    struct val v = c->result;
    buf_clear(b);
    if (rc) {
        if (flow_err_to_val(c->arena, c->err, &v) != 0) return ERR_LIMIT;
    } else if (c->nresults == 2) {
        v = val_list();
        if (val_add(c->arena, &v, val_str("\x01two")) || val_add(c->arena, &v, c->result) ||
            val_add(c->arena, &v, c->result2))
            return ERR_LIMIT;
    }
    if (val_encode(&v, b, true) != 0 || !buf_ok(b) || b->len > FLOW_RESULT_MAX) return ERR_LIMIT;
    return 0;
}

static int journal_after(struct api_journal *j, struct api_call *c, int rc)
{
    struct flow_run *run = c->s->run;
    struct buf *b = &run->flow->scratch;
    (void)j;
    if (!run->current) return 0;
    if (encode_result(c, rc, b) != 0)
        return err_set(c->err, ERR_INTERNAL, "flow.result_too_large", "function", c->fn->name, NULL);
    struct flow_entry e = {.type = ENTRY_STEP,
                           .branch = run->current->id,
                           .op = c->fn->name,
                           .op_len = strlen(c->fn->name),
                           .where = run->call_where,
                           .where_len = strlen(run->call_where),
                           .digest = run->call_digest,
                           .code = rc,
                           .payload = b->data,
                           .payload_len = b->len};
    int kept = flow_journal_append(&run->journal, &e, c->err);
    crash_point("flow.after_step");
    if (kept || rc || c->result.type == VAL_NIL || c->result.type == VAL_INT || c->result.type == VAL_BOOL) return kept;
    /* The live code gets what a replay would get. Object bodies are the same by being immutable. */
    struct val v, copy;
    if (c->nresults == 1 && val_decode(b->data, b->len, c->arena, flow_kind_of, &v) == 0 &&
        val_copy(c->arena, &v, &copy) == 0)
        c->result = copy;
    return 0;
}

void flow_step_attach(struct flow_run *run)
{
    run->steps.before = journal_before;
    run->steps.after = journal_after;
}
