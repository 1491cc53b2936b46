/* An edit of a text that tasks are about. An approval binds to what was shown: a task about the whole text gets the
 * answer "voided", and the flow asks again. One that is about a part of it stays as it is when nothing of that part
 * changed, and who answered it has not written the text since; else it is asked again, answered or not. A vote stays on
 * likewise, as long as none of its members has written the text; else it is over, as void, and the flow holds it again.
 */
#include "flow/flow_vote.h"

#include <string.h>

#include "content/content.h"
#include "plugin/plugins.h"

enum { TASKS_MAX = 1000 };

static int difference(struct session *s, const struct flow_task *t, int64_t now, struct val *out, struct err *err)
{
    struct content_span span = {.item = t->about, .from = t->about_rev, .to = now};
    struct val borrowed;
    int rc = content_diff(s->db, &span, s->arena, &borrowed, err);
    if (rc == 0 && val_copy(s->arena, &borrowed, out)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

int flow_task_voided(struct session *s, const struct flow_task *t, int64_t now_rev, struct val *answer, struct err *err)
{
    struct val changed;
    int rc = difference(s, t, now_rev, &changed, err);
    if (rc) return rc;
    if (val_set(s->arena, answer, "voided", val_bool(true)) || val_set(s->arena, answer, "changed", changed) ||
        val_set(s->arena, answer, "revision_now", val_int(now_rev)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

/* Does one of the changed fields belong to the task's part? An empty part is all of the text. */
static bool touches(const struct flow_task *t, const struct val *changed)
{
    if (t->part.as.list.n == 0) return changed->as.list.n > 0;
    for (size_t i = 0; val_at(changed, i); i++)
        for (size_t k = 0; val_at(&t->part, k); k++)
            if (val_equal(val_get(val_at(changed, i), "field"), val_at(&t->part, k))) return true;
    return false;
}

static int set_text(struct store *db, const struct flow_task *t, const struct content_version *now, bool changed,
                    struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "update flow_task set about_rev = ?2, about_hash = ?3, since_rev = case when ?4 then"
                                " ?5 else since_rev end where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, t->id);
    stmt_bind_int(s, 2, now->rev);
    stmt_bind_str(s, 3, now->hash);
    stmt_bind_int(s, 4, changed);
    /* Who has not answered yet sees all that changed since they were first asked. */
    stmt_bind_int(s, 5, t->state == TASK_OPEN && t->since_rev ? t->since_rev : t->about_rev);
    return stmt_run(s, err);
}

/* What was answered is void: it is asked again, of the same. */
static int reopen(struct flow *f, struct session *s, const struct flow_task *t, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "update flow_task set state = 0, answer = null, decided_by = null, decided_as = null,"
                                 " decided_for = null, decided_at = null, was = null,"
                                 " next_at = case when due > ?2 then due end where id = ?1",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, t->id);
    stmt_bind_int(st, 2, s->now);
    int rc = stmt_run(st, err);
    if (rc == 0) rc = flow_task_set_targets(s->db, t, &t->was, err);
    if (rc == 0 && t->due > s->now) lane_wake_at(f->lane, &f->tasks_source, t->due);
    return rc ? rc : flow_task_count_off(f, s->db, t->run, -1, err);
}

static int edit_part(struct flow *f, struct session *s, struct flow_task *t, const struct content_version *now,
                     struct err *err)
{
    struct val changed;
    int rc = difference(s, t, now->rev, &changed, err);
    if (rc) return rc;
    bool mine = touches(t, &changed);
    if (!mine && t->state == TASK_DECIDED) {
        rc = flow_task_apart_from(s, t, t->decided_by, val_get_int(&t->answer, "on_behalf_of", 0), err);
        if (rc && rc != ERR_DENIED) return rc;
        mine = rc == ERR_DENIED;
        err_clear(err);
    }
    rc = set_text(s->db, t, now, mine, err);
    if (rc == 0 && mine && t->state == TASK_DECIDED) {
        rc = reopen(f, s, t, err);
        t->targets = t->was;
    }
    if (rc == 0) rc = flow_task_log(s, t->id, mine ? "asked_again" : "kept", 0, NULL, err);
    if (rc == 0) rc = flow_task_doubt(s->db, t->id, err); /* whoever wrote it now does not decide about it */
    return rc || !mine ? rc : flow_task_tell(s, t, "task.asked_again", err);
}

static bool is_one_of(const struct val *persons, const struct val *of)
{
    for (size_t i = 0; val_at(persons, i); i++)
        for (size_t k = 0; val_at(of, k); k++)
            if (val_equal(val_at(persons, i), val_at(of, k))) return true;
    return false;
}

/* Has one who has a ballot written the text? Then what they voted, or would, is a writer's vote. */
static int has_writer(struct session *s, const struct flow_task *t, bool *out, struct err *err)
{
    struct vote v;
    struct val authors;
    struct registry *r = plugins_registry(s->host->plugins);
    int rc = flow_vote_load(s, t->run, t->entry, &v, err);
    if (rc == 1) rc = content_authors(r, s->db, t->about, s->arena, &authors, err);
    registry_drop(r);
    *out = rc == 0 && is_one_of(&authors, &v.asked);
    return rc;
}

/* All ballots of the vote are of the new text, those that were cast too: their part is as it was. */
static int keep_vote(struct session *s, const struct flow_task *t, const struct content_version *now, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "update flow_task set about_rev = ?3, about_hash = ?4 where run = ?1 and entry = ?2", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, t->run);
    stmt_bind_int(st, 2, t->entry);
    stmt_bind_int(st, 3, now->rev);
    stmt_bind_str(st, 4, now->hash);
    int rc = stmt_run(st, err);
    return rc ? rc : flow_task_log(s, t->id, "kept", 0, NULL, err);
}

static int edit_vote(struct flow *f, struct session *s, const struct flow_task *t, const struct content_version *now,
                     struct err *err)
{
    struct val changed;
    bool is_void = false;
    int rc = strcmp(t->about_hash, now->hash) == 0 ? 1 : difference(s, t, now->rev, &changed, err);
    if (rc) return rc < 0 ? rc : 0; /* kept just now, with another ballot of the vote */
    is_void = touches(t, &changed);
    if (!is_void) rc = has_writer(s, t, &is_void, err);
    if (rc) return rc;
    return is_void ? flow_vote_void(f, s, t, now->rev, err) : keep_vote(s, t, now, err);
}

static int void_whole(struct flow *f, struct session *s, const struct flow_task *t, int64_t now_rev, struct err *err)
{
    struct val answer = val_map();
    if (t->kind == TASK_BALLOT) return flow_vote_void(f, s, t, now_rev, err);
    int rc = flow_task_voided(s, t, now_rev, &answer, err);
    if (rc == 0) rc = val_set(s->arena, &answer, "at", val_int(s->now)) ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
    return rc ? rc : flow_task_answer(f, s, t, &answer, err);
}

static int find(struct store *db, int64_t item, const char *hash, int64_t *ids, size_t *n, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select id from flow_task where about = ?1 and state = 0 and about_hash <> ?2"
                                " union select t.id from flow_task t join flow_task_group g on g.run = t.run and"
                                " g.entry = t.entry where t.about = ?1 and t.part is not null and t.state = 1"
                                " and t.about_hash <> ?2 limit 1000",
                                err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    stmt_bind_str(s, 2, hash);
    while ((rc = stmt_step(s, err)) == 1)
        ids[(*n)++] = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

int flow_task_void(struct flow *f, struct session *s, int64_t item, struct err *err)
{
    struct content_version now;
    int64_t *ids = arena_alloc(s->arena, TASKS_MAX * sizeof(*ids));
    size_t n = 0;
    if (!ids) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    int rc = content_item_version(s->db, item, &now, err);
    if (rc == 0) rc = find(s->db, item, now.hash, ids, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct flow_task t;
        rc = flow_task_load(s->db, ids[i], s->arena, &t, err);
        if (rc != 1) continue;
        rc = 0;
        if (t.kind == TASK_BALLOT && t.part.type == VAL_LIST)
            rc = t.state == TASK_OPEN ? edit_vote(f, s, &t, &now, err) : 0;
        else if (t.part.type == VAL_LIST)
            rc = edit_part(f, s, &t, &now, err);
        else if (t.state == TASK_OPEN) /* another of the same wait may have closed it just now */
            rc = void_whole(f, s, &t, now.rev, err);
    }
    return rc;
}
