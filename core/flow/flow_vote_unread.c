/* Secret votes whose key cannot be read now. The vote is marked, its open ballots are orphans for that reason, and
 * operators are told; each minute the key is tried again, until it can be read, is lost, or the run is cancelled. */
#include "flow/flow_vote.h"

#include <string.h>

#include "flow/flow_internal.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { AT_ONCE = 100, NEXT_MS = 1000, TRY_MS = 60000 };

bool vote_key_is_unread(const struct err *err)
{
    return err->code == ERR_IO && strcmp(err->key, "vote.key_unread") == 0;
}

int flow_vote_is_unread(struct store *db, const struct flow_task *t, struct err *err)
{
    return store_has(db, "select 1 from flow_vote where run = ?1 and entry = ?2 and unread is not null", t->run,
                     t->entry, err);
}

/* The mark: since when, or 0 to take it away. */
static int mark(struct session *s, const struct vote *v, int64_t since, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "update flow_vote set unread = nullif(?3, 0) where run = ?1 and entry = ?2 and (unread"
                                 " is null) = (?3 > 0)",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, v->run);
    stmt_bind_int(st, 2, v->entry);
    stmt_bind_int(st, 3, since);
    return stmt_run(st, err);
}

/* By one of its ballots, as there is no page of a vote. */
static int tell_operators(struct session *s, const struct vote *v, struct err *err)
{
    struct flow_task t;
    struct val target = val_map(), targets = val_list();
    struct stmt *st = store_stmt(
        s->db, "select id from flow_task where run = ?1 and entry = ?2 and state = 0 order by id limit 1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, v->run);
    stmt_bind_int(st, 2, v->entry);
    int rc = stmt_step(st, err);
    int64_t id = rc == 1 ? stmt_int(st, 0) : 0;
    stmt_done(st);
    if (rc == 1) rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc <= 0) return rc;
    if (val_set(s->arena, &target, "role", val_str("operator")) || val_add(s->arena, &targets, target))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    t.targets = targets;
    return flow_task_tell(s, &t, "task.vote_unread", err);
}

int flow_vote_set_unread(struct flow *f, struct session *s, const struct vote *v, const struct err *unread,
                         struct err *err)
{
    static const char doubt[] = "insert or replace into flow_doubt(kind, name, unit) select 6, '', id from flow_task"
                                " where run = ?1 and entry = ?2 and state = 0";
    static const char late[] = "update flow_task set next_at = due where run = ?1 and entry = ?2 and state = 0"
                               " and next_at is null and due is not null";
    int rc = mark(s, v, unread ? s->now : 0, err);
    if (rc || store_changes(s->db) == 0) return rc;
    if (unread) log_err(LOG_WARN, "vote.unread", unread);
    store_count(s->db, &f->counts[FLOW_COUNT_UNREAD], unread ? 1 : -1);
    rc = store_run(s->db, doubt, v->run, v->entry, err);
    if (rc == 0) rc = unread ? tell_operators(s, v, err) : store_run(s->db, late, v->run, v->entry, err);
    lane_wake_at(f->lane, unread ? &f->votes_source : &f->tasks_source, unread ? s->now + TRY_MS : s->now);
    crash_point("vote.unread");
    return rc;
}

int flow_vote_forget_unread(struct flow *f, struct store *db, int64_t run, int64_t entry, struct err *err)
{
    if (f->counts[FLOW_COUNT_UNREAD] == 0) return 0;
    int rc = store_run(db,
                       "update flow_vote set unread = null where run = ?1 and (?2 < 0 or entry = ?2) and unread is not"
                       " null",
                       run, entry, err);
    if (rc == 0) store_count(db, &f->counts[FLOW_COUNT_UNREAD], -store_changes(db));
    return rc;
}

int flow_vote_put_off(struct flow *f, struct session *s, const struct vote *v, struct err *err)
{
    static const char sql[] = "update flow_task set next_at = null where run = ?1 and entry = ?2 and state = 0";
    const struct err unread = *err;
    err_clear(err);
    int rc = store_run(s->db, sql, v->run, v->entry, err);
    return rc ? rc : flow_vote_set_unread(f, s, v, &unread, err);
}

/* Some of them each second, behind those of before; a minute after the last one begins with the first. */
int64_t flow_votes_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    static const char sql[] = "select run, entry from flow_vote indexed by flow_vote_unread where unread is not null"
                              " and (run, entry) > (?1, ?2) order by run, entry limit ?3";
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, votes_source));
    struct err err = {0};
    bool is_first = f->votes_run == 0;
    int n = 0;
    (void)max;
    if (now < f->votes_after) return f->votes_after;
    struct stmt *s = store_stmt(lane_db(lane), sql, &err);
    if (s) stmt_bind_int(s, 1, f->votes_run);
    if (s) stmt_bind_int(s, 2, f->votes_entry);
    if (s) stmt_bind_int(s, 3, AT_ONCE);
    for (; s && stmt_step(s, &err) == 1; n++) {
        f->votes_run = stmt_int(s, 0);
        f->votes_entry = stmt_int(s, 1);
        flow_vote_look_later(f, f->votes_run, f->votes_entry);
    }
    stmt_done(s);
    if (err.code) log_err(LOG_ERROR, "vote.key_unread", &err);
    if (n < AT_ONCE) f->votes_run = f->votes_entry = 0;
    if (n == 0 && is_first && !err.code) return INT64_MAX;
    f->votes_after = now + (n == AT_ONCE ? NEXT_MS : TRY_MS);
    return f->votes_after;
}
