/* What runs, their tasks and journals hold of a person who is erased.
 *
 * A run that has ended is not replayed any more: its input and result, its tasks' titles and answers, what was said and
 * attached lose the texts that tell of the person, and those that the person wrote, and its journal all; what was
 * decided, by which number, and when stays. An open run needs its journal as it is: the erasure waits until it has
 * ended, and lists it. One that failed is open, too: it may be tried again, or cancelled. */
#include "audit/audit_place.h"
#include "file/file.h"
#include "flow/flow_internal.h"

enum { RUNS_AT_ONCE = 50 };
#define CLOSED "(1, 4)" /* completed, cancelled */

/* Entries with payloads that tell of nobody. Digests of arguments go, too: they could be tried. */
static int64_t journal(struct erasing *e, bool own, const char *p, size_t len, struct buf *out)
{
    struct flow_entry entry;
    struct err ignored = {0};
    struct buf payload;
    size_t pos = 0;
    int64_t n = 0, found = 0;
    int rc = 0;
    buf_init(&payload, 8 << 20);
    while (found >= 0 && (rc = flow_entry_read(p, len, &pos, &entry, &ignored)) == 1) {
        buf_clear(&payload);
        found = entry.payload_len ? erasing_value(e, own, entry.payload, entry.payload_len, &payload) : 0;
        if (found > 0) {
            entry.payload = payload.data;
            entry.payload_len = payload.len;
            n += found;
        }
        entry.digest = 0;
        flow_entry_write(out, &entry);
    }
    buf_close(&payload);
    return found < 0 ? found : rc < 0 ? 0 : n;
}

/* A journal is there to be replayed: when that is over and it tells of the person, all of its texts go. */
#define PUT_JOURNAL "update flow_journal set body = ?3 where run = ?1 and slice = ?2"
static const struct erasing_rows journal_named = {
    "select slice, 0, body from flow_journal where run = ?1", PUT_JOURNAL, {journal}, NULL};
static const struct erasing_rows journal_whole = {
    "select slice, 1, body from flow_journal where run = ?1", PUT_JOURNAL, {journal}, NULL};

/* ?1 is the run. */
static const struct erasing_rows parts[] = {
    {"select id, 0, result, bid from flow_run where id = ?1",
     "update flow_run set result = ?3, bid = ?4 where id = ?1 and ?2",
     {erasing_value, erasing_unique},
     NULL},
    {"select run, 0, args, text, traceback from flow_error where run = ?1",
     "update flow_error set args = ?3, text = ?4, traceback = ?5 where run = ?1 and ?2",
     {erasing_text, erasing_text, erasing_text},
     NULL},
    {"select rowid, 0, text from flow_note where run = ?1",
     "update flow_note set text = ?3 where run = ?1 and rowid = ?2",
     {erasing_text},
     NULL},
    {"select rowid, 0, body, failed, key from flow_signal where run = ?1",
     "update flow_signal set body = ?3, failed = ?4, key = ?5 where run = ?1 and rowid = ?2",
     {erasing_value, erasing_value, erasing_unique},
     NULL},
    {"select n, 0, input from flow_undo where run = ?1",
     "update flow_undo set input = ?3 where run = ?1 and n = ?2",
     {erasing_value},
     NULL},
    {"select id, 0, title, help, orphan_why, form, escalate from flow_task where run = ?1",
     "update flow_task set title = ?3, help = ?4, orphan_why = ?5, form = ?6, escalate = ?7 where run = ?1 and id = ?2",
     {erasing_text, erasing_text, erasing_text, erasing_value, erasing_value},
     NULL},
    {"select id, decided_by is ?2, answer, was from flow_task where run = ?1",
     "update flow_task set answer = ?3, was = ?4 where run = ?1 and id = ?2",
     {erasing_value, erasing_value},
     NULL},
    {"select l.id, l.person is ?2, l.text, l.files from flow_task t join flow_task_log l on l.task = t.id"
     " where t.run = ?1",
     "update flow_task_log set text = ?3, files = ?4 where ?1 and id = ?2",
     {erasing_text, erasing_json},
     NULL},
};

/* What the person handed in there hangs there no more, and is swept. */
static int let_go(struct erasing *e, int64_t run, struct erasing_seen *seen, struct err *err)
{
    struct file_thing on = {.kind = "run", .id = run};
    int rc = file_let_go_of(e->s, &on, e->traces->person, e->is_dry, &seen->values, err);
    struct stmt *s = rc ? NULL : store_stmt(e->s->db, "select id from flow_task where run = ?1", err);
    if (!s) return rc ? rc : err->code;
    stmt_bind_int(s, 1, run);
    on.kind = "task";
    while (rc == 0 && (rc = stmt_step(s, err)) == 1) {
        on.id = stmt_int(s, 0);
        rc = file_let_go_of(e->s, &on, e->traces->person, e->is_dry, &seen->values, err);
    }
    stmt_done(s);
    return rc;
}

static int look_at_run(struct flow *f, struct erasing *e, int64_t run, bool is_open, struct err *err)
{
    struct erasing_seen seen = {0}, named = {0};
    bool was_dry = e->is_dry;
    int rc = 0;
    e->is_dry |= is_open;
    rc = flow_erase_input(f, e, run, &seen, err); /* while the name that it may go by is still there */
    for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        rc = erasing_rows(e, &parts[i], run, &seen, err);
    if (rc == 0) rc = let_go(e, run, &seen, err);
    e->is_dry = true;
    if (rc == 0) rc = erasing_rows(e, &journal_named, run, &named, err);
    e->is_dry = was_dry || is_open;
    if (rc == 0 && (seen.values || named.values)) rc = erasing_rows(e, &journal_whole, run, &seen, err);
    e->is_dry = was_dry;
    if (rc || seen.values == 0) return rc;
    return is_open ? erasing_wait(e, "run", run, err) : erasing_tell(e, "run", run, seen.values, err);
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct stmt *s =
        store_stmt(e->s->db, "select id, state in " CLOSED " from flow_run where id > ?1 order by id limit ?2", err);
    int n = 0, rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at);
    stmt_bind_int(s, 2, RUNS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        e->at = stmt_int(s, 0);
        n++;
        struct arena_mark mark = arena_mark(e->a);
        struct erasing_mark one;
        bool was_dry = e->is_dry;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = look_at_run(ctx, e, e->at, stmt_int(s, 1) == 0, err);
        e->is_dry = was_dry;
        rc = erasing_end(e, &one, "run", e->at, rc, err);
        arena_rewind(e->a, mark);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == RUNS_AT_ONCE;
    return rc;
}

void flow_erase_attach(struct flow *f)
{
    static const char open[] = "select 1 from flow_run where id = ?1 and state not in " CLOSED;
    audit_add_place(f->host->audit,
                    &(struct audit_place){.name = "runs", .look = look, .open = open, .ctx = f, .tables = {"flow_*"}});
}
