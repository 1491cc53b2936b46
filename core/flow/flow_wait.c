/* Waits: registered by a call of the flow, found by the number of their journal entry, ended once.
 *
 * What a wait needs to go on after a restart is in its journal entry (data); what finds it from outside is a row:
 * flow_run.due for times, flow_wait for events, flow_task, outbox and child runs for the rest. */
#include "flow/flow_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct flow_wait *add_wait(struct flow_run *run, enum flow_wait_kind kind, int64_t entry)
{
    struct flow_wait *w = mem_alloc(sizeof(*w));
    w->kind = kind;
    w->entry = entry;
    w->branch = run->current;
    w->due = INT64_MAX;
    w->next = run->waits;
    run->waits = w;
    run->current->wait = w;
    return w;
}

static void keep_data(struct flow_wait *w, const char *bytes, size_t len)
{
    w->data = mem_alloc(len + 1);
    memcpy(w->data, bytes, len);
    w->data_len = len;
}

struct val flow_wait_data(struct flow_run *run, const struct flow_wait *w)
{
    struct val v;
    if (!w->data || val_decode(w->data, w->data_len, &run->flow->arena, flow_kind_of, &v) != 0) return val_nil();
    return v;
}

static int replay_refusal(struct api_call *c, const struct flow_entry *e)
{
    struct val v;
    if (val_decode(e->payload, e->payload_len, c->arena, flow_kind_of, &v) != 0)
        return err_set(c->err, ERR_CORRUPT, "flow.journal", NULL);
    flow_err_from_val(&v, c->err);
    return e->code;
}

int flow_wait_begin(struct api_call *c, enum flow_wait_kind kind, struct flow_wait **out, bool *replayed)
{
    struct flow_run *run = flow_current(c);
    struct flow_entry e;
    uint64_t digest;
    char where[96];
    if (!run) return c->err->code;
    if (flow_call_digest(run, c, &digest) != 0) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    vm_where(run->version->pv->vm, where, sizeof(where));
    *replayed = run->replaying;
    if (run->replaying) {
        int rc = flow_journal_match(run, c, ENTRY_WAIT, digest, where, &e);
        if (rc == 0 && e.code) rc = replay_refusal(c, &e);
        if (rc) return rc;
        *out = add_wait(run, kind, run->journal.entry - 1);
        keep_data(*out, e.payload, e.payload_len);
        struct val data = flow_wait_data(run, *out);
        (*out)->due = val_get_int(&data, "due", INT64_MAX);
        return 0;
    }
    run->call_digest = digest;
    memcpy(run->call_where, where, sizeof(where));
    *out = add_wait(run, kind, run->journal.entry);
    return 0;
}

static int append(struct api_call *c, int code, const char *payload, size_t len)
{
    struct flow_run *run = c->s->run;
    struct flow_entry e = {.type = ENTRY_WAIT,
                           .branch = run->current->id,
                           .op = c->fn->name,
                           .op_len = strlen(c->fn->name),
                           .where = run->call_where,
                           .where_len = strlen(run->call_where),
                           .digest = run->call_digest,
                           .code = code,
                           .payload = payload,
                           .payload_len = len};
    return flow_journal_append(&run->journal, &e, c->err);
}

int flow_wait_commit(struct api_call *c, struct flow_wait *w, const struct val *data)
{
    struct flow_run *run = c->s->run;
    struct buf *b = &run->flow->scratch;
    buf_clear(b);
    if (val_encode(data, b, false) != 0 || !buf_ok(b) || b->len > FLOW_RESULT_MAX) {
        flow_wait_remove(run, w);
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    keep_data(w, b->data, b->len);
    w->due = val_get_int(data, "due", w->due);
    int rc = append(c, 0, w->data, w->data_len);
    if (rc) flow_wait_remove(run, w);
    return rc;
}

int flow_wait_refuse(struct api_call *c, struct flow_wait *w, int rc)
{
    struct flow_run *run = c->s->run;
    struct buf *b = &run->flow->scratch;
    struct val v;
    flow_wait_remove(run, w);
    if (err_is_fault(rc) || rc == ERR_DIVERGED) return rc;
    buf_clear(b);
    if (flow_err_to_val(c->arena, c->err, &v) != 0 || val_encode(&v, b, true) != 0 || !buf_ok(b))
        return err_set(c->err, ERR_NOMEM, "memory", NULL);
    int kept = append(c, rc, b->data, b->len);
    return kept ? kept : rc;
}

struct flow_wait *flow_wait_find(struct flow_run *run, int64_t entry)
{
    struct flow_wait *w = run->waits;
    while (w && w->entry != entry)
        w = w->next;
    return w;
}

static void free_wait(struct flow_wait *w)
{
    mem_free(w->data);
    mem_free(w);
}

void flow_wait_free(struct flow_run *run)
{
    while (run->waits) {
        struct flow_wait *w = run->waits;
        run->waits = w->next;
        free_wait(w);
    }
}

void flow_wait_remove(struct flow_run *run, struct flow_wait *w)
{
    struct flow_wait **at = &run->waits;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (w->branch->wait == w) w->branch->wait = NULL;
    free_wait(w);
}

int64_t flow_wait_next_due(struct flow_run *run)
{
    int64_t due = INT64_MAX;
    for (struct flow_wait *w = run->waits; w; w = w->next)
        if (w->due < due) due = w->due;
    return due;
}

static int delete_event_row(struct flow_run *run, const struct flow_wait *w, struct err *err)
{
    struct stmt *s = store_stmt(run->session->db, "delete from flow_wait where run = ?1 and entry = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    stmt_bind_int(s, 2, w->entry);
    return stmt_run(s, err);
}

static int cancel_child(struct flow_run *run, const struct flow_wait *w, struct err *err)
{
    struct val data = flow_wait_data(run, w);
    int64_t child = val_get_int(&data, "child", 0);
    return child ? flow_cancel(run->flow, run->session, child, "parent", err) : 0;
}

static int delete_outbox(struct flow_run *run, const struct flow_wait *w, struct err *err)
{
    struct stmt *s = store_stmt(run->session->db, "delete from outbox where run = ?1 and entry = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    stmt_bind_int(s, 2, w->entry);
    return stmt_run(s, err);
}

/* Ends a wait that will not be answered: of a loser of any{}, or when its time is up. On replay the rows are gone
 * already. */
int flow_wait_cancel(struct flow_run *run, struct flow_wait *w, struct err *err)
{
    int rc = 0;
    if (!run->replaying) {
        switch (w->kind) {
        case WAIT_EVENT:
        case WAIT_TIMER:
            rc = delete_event_row(run, w, err);
            break;
        case WAIT_TASK:
            rc = flow_task_close(run->flow, run->session->db, run->id, w->entry, err);
            break;
        case WAIT_CHILD:
            rc = cancel_child(run, w, err);
            break;
        case WAIT_OUTBOX:
            rc = delete_outbox(run, w, err);
            break;
        case WAIT_GROUP:
        case WAIT_CHECKPOINT:
            break;
        }
    }
    flow_wait_remove(run, w);
    return rc;
}
