/* Tasks: rows that ask something of people. Made by a wait, answered once, taken back when the wait ends.
 *
 * What a task wants done at a time (a reminder, an escalation, the end of its term) is its own next_at: the run
 * sleeps through all of it and is woken by the answer alone. */
#include "flow/flow_vote.h"

#include <string.h>

#include "plugin/quota.h"

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

static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v == 0 || v == INT64_MAX)
        stmt_bind_null(s, at);
    else
        stmt_bind_int(s, at, v);
}

int flow_task_add_target(struct store *db, const struct flow_task *t, const struct val *target, const char *why,
                         struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into flow_task_target(task, n, person, position, role, unit, for_person, why,"
                                " due, body) values(?1, (select coalesce(max(n), -1) + 1 from flow_task_target"
                                " where task = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, t->id);
    bind_val(s, 2, val_get(target, "person"));
    bind_val(s, 3, val_get(target, "position"));
    bind_val(s, 4, val_get(target, "role"));
    bind_val(s, 5, val_get(target, "unit"));
    bind_val(s, 6, val_get(target, "for"));
    if (why)
        stmt_bind_str(s, 7, why);
    else
        bind_val(s, 7, val_get(target, "why"));
    bind_or_null(s, 8, t->due);
    bind_val(s, 9, val_get(target, "body"));
    return stmt_run(s, err);
}

int flow_task_set_targets(struct store *db, const struct flow_task *t, const struct val *targets, struct err *err)
{
    int rc = run_for_task(db, "delete from flow_task_target where task = ?1", t->id, err);
    for (size_t i = 0; rc == 0 && val_at(targets, i); i++)
        rc = flow_task_add_target(db, t, val_at(targets, i), NULL, err);
    return rc;
}

static const char insert_sql[] =
    "insert into flow_task(id, run, entry, n, state, title, about, about_rev, about_hash, form, help, due, next_at,"
    " remind, escalate, on_timeout, kind, part, since_rev, term, made, gap, see)"
    " values(?1,?2,?3,?4,0,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)";

static void bind_blob(struct stmt *s, int at, struct buf *b, const struct val *v)
{
    if (v->type == VAL_NIL)
        stmt_bind_null(s, at);
    else
        stmt_bind_blob(s, at, b->data, b->len);
}

int flow_task_insert(struct flow *f, struct session *s, const struct flow_task *t, struct err *err)
{
    struct buf form, escalate, part;
    int room = quota_add(s, s->actor.plugin, QUOTA_TASKS, 1, err);
    struct stmt *st = room ? NULL : store_stmt(s->db, insert_sql, err);
    if (!st) return err->code;
    buf_init(&form, 64 << 10);
    buf_init(&escalate, 16 << 10);
    val_encode(&t->form, &form, false);
    buf_init(&part, 16 << 10);
    val_encode(&t->escalate, &escalate, false);
    val_encode(&t->part, &part, false);
    int64_t next = t->remind && t->remind < t->due ? t->remind : t->due;
    stmt_bind_int(st, 1, t->id);
    stmt_bind_int(st, 2, t->run);
    stmt_bind_int(st, 3, t->entry);
    stmt_bind_int(st, 4, t->n);
    stmt_bind_str(st, 5, t->title);
    bind_or_null(st, 6, t->about);
    bind_or_null(st, 7, t->about_rev);
    stmt_bind_str(st, 8, t->about ? t->about_hash : NULL);
    bind_blob(st, 9, &form, &t->form);
    stmt_bind_str(st, 10, t->help);
    bind_or_null(st, 11, t->due);
    bind_or_null(st, 12, next);
    bind_or_null(st, 13, t->remind);
    bind_blob(st, 14, &escalate, &t->escalate);
    stmt_bind_str(st, 15, t->on_timeout);
    stmt_bind_int(st, 16, t->kind);
    bind_blob(st, 17, &part, &t->part);
    bind_or_null(st, 18, t->since_rev);
    stmt_bind_str(st, 19, t->term);
    stmt_bind_int(st, 20, s->now);
    bind_or_null(st, 21, t->gap);
    stmt_bind_str(st, 22, t->see);
    bool fits = buf_ok(&form) && buf_ok(&escalate) && buf_ok(&part);
    int rc = fits ? stmt_run(st, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; rc == 0 && val_at(&t->targets, i); i++)
        rc = flow_task_add_target(s->db, t, val_at(&t->targets, i), NULL, err);
    if (rc == 0 && next && next != INT64_MAX) lane_wake_at(f->lane, &f->tasks_source, next);
    buf_close(&form);
    buf_close(&escalate);
    buf_close(&part);
    return rc;
}

int flow_task_count_off(struct flow *f, struct store *db, int64_t run, int64_t n, struct err *err)
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
    enum { VOTES = 2 };
    static const char *const sql[] = {
        "delete from flow_task_group where run = ?1 and (?2 < 0 or entry = ?2)",
        "delete from flow_vote_count where run = ?1 and (?2 < 0 or entry = ?2)",
        [VOTES] = "delete from flow_vote where run = ?1 and (?2 < 0 or entry = ?2)",
        "delete from flow_task_target where task in (select id from flow_task where run = ?1 and (?2 < 0 or entry = ?2)"
        " and state = 0)",
        "update flow_task set state = 2, next_at = null, claimed_by = null, orphan = null where run = ?1 and (?2 < 0 "
        "or entry = ?2) and state = 0"};
    if (flow_vote_forget_unread(f, db, run, entry, err)) return err->code;
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        struct stmt *s = store_stmt(db, sql[i], err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, run);
        stmt_bind_int(s, 2, entry);
        int rc = stmt_run(s, err);
        if (rc) return rc;
        if (i == VOTES && store_changes(db)) f->keys_left = true;
    }
    return flow_task_count_off(f, db, run, store_changes(db), err);
}

int flow_task_keep_targets(struct store *db, const struct flow_task *t, struct err *err)
{
    struct buf b;
    if (t->was.type == VAL_LIST) return 0;
    struct stmt *s = store_stmt(db, "update flow_task set was = ?2 where id = ?1", err);
    if (!s) return err->code;
    buf_init(&b, 64 << 10);
    val_encode(&t->targets, &b, false);
    stmt_bind_int(s, 1, t->id);
    stmt_bind_blob(s, 2, b.data, b.len);
    int rc = buf_ok(&b) ? stmt_run(s, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (!buf_ok(&b)) stmt_done(s);
    buf_close(&b);
    return rc;
}

int flow_task_answer(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                     struct err *err)
{
    struct buf b;
    struct stmt *st = store_stmt(s->db,
                                 "update flow_task set state = 1, next_at = null, answer = ?2, decided_by = ?3,"
                                 " decided_as = ?4, decided_for = ?5, decided_at = ?6, claimed_by = null,"
                                 " claimed_until = null, orphan = null where id = ?1 and state = 0",
                                 err);
    if (!st) return err->code;
    buf_init(&b, FLOW_RESULT_MAX);
    val_encode(answer, &b, true);
    stmt_bind_int(st, 1, t->id);
    stmt_bind_blob(st, 2, b.data, b.len);
    bind_or_null(st, 3, val_get_int(answer, "by", 0));
    bind_val(st, 4, val_get(answer, "as"));
    bind_or_null(st, 5, val_get_int(answer, "on_behalf_of", 0));
    /* Of a secret ballot not even when it was cast. */
    if (!val_get(answer, "voted")) stmt_bind_int(st, 6, s->now);
    int rc = buf_ok(&b) ? stmt_run(st, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    if (rc == 0) rc = flow_task_count_off(f, s->db, t->run, store_changes(s->db), err);
    /* One whose part of the text may change while others are still asked is asked again; and whoever was asked in vain
     * may still see why. */
    if (rc == 0 && (t->part.type == VAL_LIST || !val_get(answer, "by"))) rc = flow_task_keep_targets(s->db, t, err);
    if (rc == 0) rc = flow_tell_answer(s, t, answer, err);
    if (rc == 0) rc = run_for_task(s->db, "delete from flow_task_target where task = ?1", t->id, err);
    if (rc) return rc;
    if (t->kind == TASK_BALLOT) return flow_vote_settle(f, s, t->run, t->entry, false, err);
    rc = flow_task_settle(f, s, t->run, t->entry, err);
    int64_t by = val_get_int(answer, "by", 0);
    return rc || !by ? rc : flow_task_once_doubt(s->db, t, by, val_get_int(answer, "on_behalf_of", 0), err);
}
