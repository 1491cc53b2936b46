/* Tasks: rows that ask something of people. Made by a wait, answered once, taken back when the wait ends.
 *
 * What a task wants done at a time (a reminder, an escalation, the end of its term) is its own next_at: the run
 * sleeps through all of it and is woken by the answer alone. */
#include "flow/flow_task.h"

#include <string.h>

#include "content/content.h"
#include "plugin/events.h"
#include "runtime/log.h"

static int run_for_task(struct store *db, const char *sql, int64_t task, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    return stmt_run(s, err);
}

static void bind_val(struct stmt *s, int at, const struct val *v)
{
    if (val_is(v, VAL_INT))
        stmt_bind_int(s, at, v->as.i);
    else if (val_is(v, VAL_STR))
        stmt_bind_text(s, at, v->as.str.s, v->as.str.len);
    else
        stmt_bind_null(s, at);
}

int flow_task_add_target(struct store *db, int64_t task, int64_t n, const struct val *target, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into flow_task_target(task, n, person, position, role, unit)"
                                " values(?1, ?2, ?3, ?4, ?5, ?6)",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    stmt_bind_int(s, 2, n);
    bind_val(s, 3, val_get(target, "person"));
    bind_val(s, 4, val_get(target, "position"));
    bind_val(s, 5, val_get(target, "role"));
    bind_val(s, 6, val_get(target, "unit"));
    return stmt_run(s, err);
}

static const char insert_sql[] =
    "insert into flow_task(id, run, entry, n, state, title, about, about_rev, about_hash, form, help, due, next_at,"
    " remind, escalate, on_timeout) values(?1,?2,?3,?4,0,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)";

static void bind_blob(struct stmt *s, int at, struct buf *b, size_t from, const struct val *v)
{
    if (v->type == VAL_NIL) {
        stmt_bind_null(s, at);
        return;
    }
    stmt_bind_blob(s, at, b->data + from, b->len - from);
}

static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v == 0 || v == INT64_MAX)
        stmt_bind_null(s, at);
    else
        stmt_bind_int(s, at, v);
}

int flow_task_insert(struct flow *f, struct session *s, const struct flow_task *t, struct err *err)
{
    struct buf form, escalate;
    int room = quota_add(s, s->actor.plugin, QUOTA_TASKS, 1, err);
    struct stmt *st = room ? NULL : store_stmt(s->db, insert_sql, err);
    if (!st) return err->code;
    buf_init(&form, 64 << 10);
    buf_init(&escalate, 16 << 10);
    val_encode(&t->form, &form, false);
    val_encode(&t->escalate, &escalate, false);
    int64_t next = t->remind && t->remind < t->due ? t->remind : t->due;
    stmt_bind_int(st, 1, t->id);
    stmt_bind_int(st, 2, t->run);
    stmt_bind_int(st, 3, t->entry);
    stmt_bind_int(st, 4, t->n);
    stmt_bind_str(st, 5, t->title);
    bind_or_null(st, 6, t->about);
    bind_or_null(st, 7, t->about_rev);
    stmt_bind_str(st, 8, t->about ? t->about_hash : NULL);
    bind_blob(st, 9, &form, 0, &t->form);
    stmt_bind_str(st, 10, t->help);
    bind_or_null(st, 11, t->due);
    bind_or_null(st, 12, next);
    bind_or_null(st, 13, t->remind);
    bind_blob(st, 14, &escalate, 0, &t->escalate);
    stmt_bind_str(st, 15, t->on_timeout);
    int rc = buf_ok(&form) && buf_ok(&escalate) ? stmt_run(st, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; rc == 0 && val_at(&t->targets, i); i++)
        rc = flow_task_add_target(s->db, t->id, (int64_t)i, val_at(&t->targets, i), err);
    if (rc == 0 && next && next != INT64_MAX) lane_wake_at(f->lane, &f->tasks_source, next);
    buf_close(&form);
    buf_close(&escalate);
    return rc;
}

/* So many tasks of a run are not open any more. */
static int give_back(struct flow *f, struct store *db, int64_t run, int64_t n, struct err *err)
{
    const struct flow_run *known = flow_cache_find(f, run);
    if (known && (known->is_loaded || known->is_new)) {
        quota_add_owed(f->host, db, known->plugin, QUOTA_TASKS, -n);
        return 0;
    }
    struct stmt *s =
        n ? store_stmt(db, "select n.plugin from flow_run r join flow_name n on n.id = r.name where r.id = ?1", err)
          : NULL;
    if (!s) return n ? err->code : 0;
    stmt_bind_int(s, 1, run);
    int rc = stmt_step(s, err);
    if (rc == 1) quota_add_owed(f->host, db, stmt_text(s, 0, &(size_t){0}), QUOTA_TASKS, -n);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Closes the open tasks of a wait, or of the whole run with entry -1. */
int flow_task_close(struct flow *f, struct store *db, int64_t run, int64_t entry, struct err *err)
{
    static const char *const sql[] = {
        "delete from flow_task_target where task in (select id from flow_task where run = ?1 and (?2 < 0 or entry = ?2)"
        " and state = 0)",
        "update flow_task set state = 2, next_at = null where run = ?1 and (?2 < 0 or entry = ?2) and state = 0"};
    for (int i = 0; i < 2; i++) {
        struct stmt *s = store_stmt(db, sql[i], err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, run);
        stmt_bind_int(s, 2, entry);
        int rc = stmt_run(s, err);
        if (rc) return rc;
    }
    return give_back(f, db, run, store_changes(db), err);
}

int flow_task_answer(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                     struct err *err)
{
    struct buf b;
    struct stmt *st = store_stmt(s->db,
                                 "update flow_task set state = 1, next_at = null, answer = ?2, decided_by = ?3,"
                                 " decided_as = ?4, decided_for = ?5, decided_at = ?6 where id = ?1 and state = 0",
                                 err);
    if (!st) return err->code;
    buf_init(&b, FLOW_RESULT_MAX);
    val_encode(answer, &b, true);
    stmt_bind_int(st, 1, t->id);
    stmt_bind_blob(st, 2, b.data, b.len);
    bind_or_null(st, 3, val_get_int(answer, "by", 0));
    bind_val(st, 4, val_get(answer, "as"));
    bind_or_null(st, 5, val_get_int(answer, "on_behalf_of", 0));
    stmt_bind_int(st, 6, s->now);
    int rc = buf_ok(&b) ? stmt_run(st, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    if (rc == 0) rc = give_back(f, s->db, t->run, store_changes(s->db), err);
    if (rc == 0) rc = flow_tell_answer(s, t, answer, err);
    if (rc == 0) rc = run_for_task(s->db, "delete from flow_task_target where task = ?1", t->id, err);
    return rc ? rc : flow_task_settle(f, s, t->run, t->entry, err);
}

/* The text was changed while it was being read: every open task about it gets the answer "voided". */
int flow_task_void(struct flow *f, struct session *s, int64_t item, struct err *err)
{
    struct content_version now;
    int64_t tasks[64];
    size_t n = 0;
    int rc = content_item_version(s->db, item, &now, err);
    if (rc) return rc;
    struct stmt *st = store_stmt(s->db,
                                 "select id from flow_task where about = ?1 and state = 0 and about_hash <> ?2"
                                 " limit 64",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, item);
    stmt_bind_str(st, 2, now.hash);
    while ((rc = stmt_step(st, err)) == 1)
        tasks[n++] = stmt_int(st, 0);
    stmt_done(st);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct flow_task t;
        struct val answer = val_map();
        rc = flow_task_load(s->db, tasks[i], &f->arena, &t, err);
        if (rc == 1) {
            rc = val_set(&f->arena, &answer, "voided", val_bool(true));
            if (rc == 0) rc = val_set(&f->arena, &answer, "at", val_int(s->now));
            if (rc == 0) rc = flow_task_answer(f, s, &t, &answer, err);
        }
    }
    return rc;
}
