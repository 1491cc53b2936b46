/* Wake-ups: which wait is answered next, and with what.
 *
 * Live, the next one is chosen here: first what was signalled, in the order in which it came, then what is due. It
 * becomes a journal entry before the code sees it; replay takes the same entries in the same order. */
#include "flow/flow_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Gives the branch its answer from the canonical bytes. Takes the wait away. */
static int deliver(struct flow_run *run, struct flow_wait *w, int code, const char *bytes, size_t len, struct err *err)
{
    struct flow_branch *b = w->branch;
    struct val borrowed, v;
    struct arena *a = &run->flow->arena;
    if (val_decode(bytes, len, a, flow_kind_of, &borrowed) != 0 || val_copy(a, &borrowed, &v) != 0)
        return err_set(err, ERR_CORRUPT, "flow.journal", NULL);
    if (code) {
        b->failed = mem_alloc(sizeof(struct err));
        flow_err_from_val(&v, b->failed);
    } else {
        b->in[0] = v;
        b->nin = 1;
    }
    flow_wait_remove(run, w);
    flow_run_ready(run, b);
    return 0;
}

static int wake(struct flow_run *run, struct flow_wait *w, int code, const char *bytes, size_t len, struct err *err)
{
    struct flow_entry e = {.type = ENTRY_WAKE,
                           .branch = w->branch->id,
                           .wait = w->entry,
                           .code = code,
                           .payload = bytes,
                           .payload_len = len};
    int rc = flow_journal_append(&run->journal, &e, err);
    if (rc) return rc;
    rc = deliver(run, w, code, bytes, len, err);
    return rc ? rc : 1;
}

/* The journal goes on with a step, or with a wake-up of another wait, where the code only waits. */
static int waits_instead(struct flow_run *run, const struct flow_entry *e, struct err *err)
{
    struct err_num n;
    int64_t entry = run->journal.entry - 1;
    char op[200] = "wake-up";
    if (e->type != ENTRY_WAKE)
        snprintf(op, sizeof(op), "%.*s (%.*s)", (int)e->op_len, e->op, (int)e->where_len, e->where);
    flow_probe_diverged(run, NULL, entry);
    return err_set(err, ERR_DIVERGED, "flow.diverged", "entry", err_i64(&n, entry), "journal", op, "code", "-", NULL);
}

int flow_wake_replay(struct flow_run *run, struct err *err)
{
    struct flow_entry e;
    int rc = flow_journal_next(&run->journal, &e, err);
    if (rc <= 0) return rc;
    struct flow_wait *w = e.type == ENTRY_WAKE ? flow_wait_find(run, e.wait) : NULL;
    if (!w || w->branch->id != e.branch) return waits_instead(run, &e, err);
    rc = deliver(run, w, e.code, e.payload, e.payload_len, err);
    return rc ? rc : 1;
}

struct answer {
    int64_t id;
    struct flow_wait *wait;
    bool keeps_row; /* its key must be remembered */
    int code;
    struct buf *bytes;
};

/* Does a named signal answer this wait? */
static bool named_fits(struct flow_run *run, const struct flow_wait *w, const char *name, const struct val *body)
{
    if (w->kind != WAIT_EVENT) return false;
    struct val data = flow_wait_data(run, w);
    return val_is_str(val_get(&data, "event"), name) && flow_match_fits(val_get(&data, "match"), body);
}

/* The oldest wait of that name: branches that wait for one signal get them in their order. */
static struct flow_wait *find_named(struct flow_run *run, const char *name, const struct val *body)
{
    struct flow_wait *found = NULL;
    for (struct flow_wait *w = run->waits; w; w = w->next)
        if (named_fits(run, w, name, body) && (!found || w->entry < found->entry)) found = w;
    return found;
}

static struct flow_wait *match_signal(struct flow_run *run, struct stmt *s)
{
    size_t len;
    if (!stmt_is_null(s, 1)) return flow_wait_find(run, stmt_int(s, 1));
    const char *name = stmt_text(s, 2, &len);
    const char *bytes = stmt_blob(s, 4, &len);
    struct val body;
    if (!name || val_decode(bytes, len, &run->flow->arena, flow_kind_of, &body) != 0) return NULL;
    return find_named(run, name, &body);
}

/* The first stored signal that answers a wait. 1 found, 0 none. */
static int find_signal(struct flow_run *run, struct answer *out, struct err *err)
{
    struct stmt *s = store_stmt(run->session->db,
                                "select id, entry, name, key, body, failed from flow_signal"
                                " where run = ?1 and used is null order by id",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    int rc;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        out->wait = match_signal(run, s);
        if (!out->wait) continue;
        out->id = stmt_int(s, 0);
        out->keeps_row = !stmt_is_null(s, 3);
        out->code = stmt_is_null(s, 5) ? 0 : ERR_REFUSED;
        const char *bytes = stmt_blob(s, out->code ? 5 : 4, &len);
        if (out->bytes) {
            buf_clear(out->bytes);
            buf_add(out->bytes, bytes, len);
        }
        break;
    }
    stmt_done(s);
    return rc;
}

static int use_signal(struct flow_run *run, const struct answer *a, struct err *err)
{
    struct stmt *s = store_stmt(run->session->db,
                                a->keeps_row ? "update flow_signal set used = 1, body = null where id = ?1"
                                             : "delete from flow_signal where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, a->id);
    return stmt_run(s, err);
}

static int remove_rows(struct flow_run *run, const struct flow_wait *w, struct err *err)
{
    if (w->kind != WAIT_EVENT && w->kind != WAIT_TIMER) return 0;
    if (w->kind == WAIT_TIMER) {
        struct val data = flow_wait_data(run, w);
        if (!val_get(&data, "item")) return 0; /* only times that hang on an item have a row */
    }
    struct stmt *s = store_stmt(run->session->db, "delete from flow_wait where run = ?1 and entry = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->id);
    stmt_bind_int(s, 2, w->entry);
    return stmt_run(s, err);
}

static struct flow_wait *find_due(struct flow_run *run, int64_t now)
{
    struct flow_wait *found = NULL;
    for (struct flow_wait *w = run->waits; w; w = w->next) {
        if (w->due > now) continue;
        if (!found || w->due < found->due || (w->due == found->due && w->entry < found->entry)) found = w;
    }
    return found;
}

/* Time is up: nothing for a sleep or an event; an error for what should have had an answer. */
static int wake_due(struct flow_run *run, struct flow_wait *w, struct err *err)
{
    struct buf *b = &run->flow->scratch;
    struct val v = val_nil();
    struct err late = {0};
    int code = 0;
    bool answers = w->kind == WAIT_CHILD || w->kind == WAIT_OUTBOX;
    if (answers) {
        code = err_set(&late, ERR_TIMEOUT, "flow.timeout", NULL);
        if (flow_err_to_val(&run->flow->arena, &late, &v) != 0) return err_set(err, ERR_NOMEM, "memory", NULL);
    }
    int rc = remove_rows(run, w, err);
    if (rc == 0 && w->kind == WAIT_CHILD) {
        struct val data = flow_wait_data(run, w);
        rc = flow_cancel(run->flow, run->session, val_get_int(&data, "child", 0), "timeout", err);
    }
    if (rc) return rc;
    buf_clear(b);
    if (val_encode(&v, b, true) != 0 || !buf_ok(b)) return err_set(err, ERR_NOMEM, "memory", NULL);
    return wake(run, w, code, b->data, b->len, err);
}

int flow_wake_live(struct flow_run *run, struct err *err)
{
    struct buf bytes;
    struct answer a = {.bytes = &bytes};
    buf_init(&bytes, 2 * FLOW_RESULT_MAX);
    int rc = find_signal(run, &a, err);
    if (rc == 1) {
        rc = use_signal(run, &a, err);
        if (rc == 0 && !buf_ok(&bytes)) rc = err_set(err, ERR_NOMEM, "memory", NULL);
        if (rc == 0) rc = remove_rows(run, a.wait, err);
        if (rc == 0) rc = wake(run, a.wait, a.code, bytes.data, bytes.len, err);
    } else if (rc == 0) {
        struct flow_wait *w = find_due(run, run->session->now);
        if (w) rc = wake_due(run, w, err);
    }
    buf_close(&bytes);
    return rc;
}

int flow_wake_has_more(struct flow_run *run, bool *more, struct err *err)
{
    struct answer a = {0};
    *more = find_due(run, run->session->now) != NULL;
    if (*more || !run->waits) return 0;
    int rc = find_signal(run, &a, err);
    *more = rc == 1;
    return rc < 0 ? rc : 0;
}
