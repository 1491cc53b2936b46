/* What people do with a task short of deciding it. Each change leaves a line in the task's log. */
#include <string.h>

#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/crash.h"

enum {
    CLAIM_MS = 8 * 3600 * 1000,
    CLAIM_MAX_MS = 14 * 86400 * 1000,
    TEXT_MAX = 4000,
    SAID_MOST = 500,
    FILES_MOST = 200
};

static int open_task(struct session *s, int64_t id, struct flow_task *t, struct err *err)
{
    struct err_num n;
    int rc = flow_task_load(s->db, id, s->arena, t, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    if (t->state != TASK_OPEN) return err_set(err, ERR_CONFLICT, "flow.task_closed", "task", err_i64(&n, id), NULL);
    return 0;
}

/* The open task, which the session's person may decide. */
static int own_task(struct session *s, int64_t id, struct flow_task *t, struct people_capacity *cap, struct err *err)
{
    struct err_num n;
    int rc = open_task(s, id, t, err);
    if (rc == 0) rc = flow_task_may(s, t, s->actor.person, cap, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_DENIED, "denied.task", "task", err_i64(&n, id), NULL);
    rc = flow_task_apart(s, t, cap->on_behalf_of, err);
    if (rc == ERR_DENIED || err_is_fault(rc)) return rc;
    err_clear(err); /* what is not there any more is told when it is decided */
    return 0;
}

int flow_task_not_taken(struct session *s, const struct flow_task *t, struct err *err)
{
    struct err_num n;
    int rc = flow_task_is_taken(s, t, s->actor.person, err);
    if (rc <= 0) return rc;
    return err_set(err, ERR_CONFLICT, "task.claimed", "task", err_i64(&n, t->id), "name",
                   flow_task_name_of(s, t->claimed_by), NULL);
}

static int set_claim(struct session *s, int64_t task, int64_t person, int64_t until, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "update flow_task set claimed_by = ?2, claimed_until = ?3 where id = ?1 and state = 0", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    if (person) stmt_bind_int(st, 2, person);
    if (person) stmt_bind_int(st, 3, until);
    return stmt_run(st, err);
}

int flow_task_claim(struct flow *f, struct session *s, int64_t task, int64_t until, struct err *err)
{
    struct flow_task t;
    struct people_capacity cap;
    (void)f;
    int rc = own_task(s, task, &t, &cap, err);
    if (rc == 0) rc = flow_task_not_taken(s, &t, err);
    if (rc) return rc;
    if (!until) until = s->now + CLAIM_MS;
    if (until <= s->now || until > s->now + CLAIM_MAX_MS) return err_set(err, ERR_INVALID, "task.claim_until", NULL);
    rc = set_claim(s, task, s->actor.person, until, err);
    return rc ? rc : flow_task_log(s, task, "claimed", 0, NULL, err);
}

/* By who has it; or by who may hand tasks about. */
int flow_task_release(struct flow *f, struct session *s, int64_t task, struct err *err)
{
    struct flow_task t;
    (void)f;
    int rc = open_task(s, task, &t, err);
    if (rc || !t.claimed_by) return rc;
    if (t.claimed_by != s->actor.person) rc = people_check(s, "task.reassign", flow_task_unit(&t), err);
    if (rc == 0) rc = set_claim(s, task, 0, 0, err);
    return rc ? rc : flow_task_log(s, task, "released", t.claimed_by, NULL, err);
}

static int check_text(const char *text, bool needed, struct err *err)
{
    size_t n = text ? strlen(text) : 0;
    if (needed && strspn(text ? text : "", " \t\r\n") == n) return err_set(err, ERR_INVALID, "task.text", NULL);
    return n > TEXT_MAX ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int may_reassign(struct session *s, const struct flow_task *t, struct err *err)
{
    if (t->kind == TASK_BALLOT) return err_set(err, ERR_REFUSED, "task.why_ballot", NULL);
    return people_check(s, "task.reassign", flow_task_unit(t), err);
}

int flow_task_reassign(struct api_call *c, int64_t task, const struct val *to, const char *reason)
{
    struct flow_task t;
    struct session *s = c->s;
    struct val targets = val_list();
    int rc = check_text(reason, true, c->err);
    if (rc == 0) rc = open_task(s, task, &t, c->err);
    if (rc == 0) rc = may_reassign(s, &t, c->err);
    if (rc == 0) rc = flow_target_resolve(c, to, &targets);
    if (rc) return rc;
    rc = flow_task_can_anybody(s, &targets, c->err);
    if (rc == 1) rc = flow_task_has_others(s, &t, &targets, c->err); /* than who wrote it */
    if (rc <= 0) return rc ? rc : err_set(c->err, ERR_REFUSED, "task.nobody", NULL);
    /* The first reassignment keeps whom it was asked of: a second one still goes back to them. */
    rc = flow_task_keep_targets(s->db, &t, c->err);
    if (rc == 0) rc = set_claim(s, task, 0, 0, c->err);
    if (rc == 0) rc = flow_task_set_targets(s->db, &t, &targets, c->err);
    if (rc == 0) rc = flow_task_set_orphan(s->db, task, 0, NULL, c->err);
    if (rc == 0) rc = flow_task_log(s, task, "reassigned", 0, reason, c->err);
    t.targets = targets;
    return rc ? rc : flow_task_tell(s, &t, "task.reassigned", c->err);
}

/* Can this person do it in the session's person's place? */
static int check_delegate(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    struct people_capacity theirs;
    if (person == s->actor.person) return err_set(err, ERR_INVALID, "people.delegate_self", NULL);
    int rc = flow_task_may(s, t, person, &theirs, err);
    if (rc) return rc < 0 ? rc : err_set(err, ERR_CONFLICT, "task.has_it", NULL);
    rc = people_is_reachable(s->db, person, err);
    if (rc <= 0) return rc ? rc : err_set(err, ERR_REFUSED, "task.nobody", NULL);
    rc = flow_task_once(s, t, person, 0, err);
    if (rc == ERR_DENIED) return err_set(err, ERR_REFUSED, "task.delegate_once", NULL);
    if (rc == 0) rc = flow_task_apart_from(s, t, person, s->actor.person, err);
    if (rc == ERR_DENIED) return err_set(err, ERR_REFUSED, "task.delegate_author", NULL);
    if (err_is_fault(rc)) return rc;
    err_clear(err); /* what is not there any more is told when it is decided */
    return 0;
}

int flow_task_delegate(struct flow *f, struct session *s, int64_t task, int64_t person, const char *reason,
                       struct err *err)
{
    struct flow_task t;
    struct people_capacity cap;
    struct val target = val_map();
    (void)f;
    int rc = check_text(reason, false, err);
    if (rc == 0) rc = own_task(s, task, &t, &cap, err);
    if (rc == 0) rc = flow_task_not_taken(s, &t, err);
    if (rc) return rc;
    if (t.kind == TASK_BALLOT) return err_set(err, ERR_REFUSED, "task.why_ballot", NULL);
    if (cap.on_behalf_of) return err_set(err, ERR_REFUSED, "task.why_passed_on", NULL);
    rc = check_delegate(s, &t, person, err);
    if (rc) return rc;
    if (val_set(s->arena, &target, "person", val_int(person)) ||
        val_set(s->arena, &target, "for", val_int(s->actor.person)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = flow_task_add_target(s->db, &t, &target, "delegated", err);
    /* Who hands it on does not keep it from who is to do it. */
    if (rc == 0 && t.claimed_by == s->actor.person) rc = set_claim(s, task, 0, 0, err);
    if (rc == 0) rc = flow_task_log(s, task, "delegated", person, reason, err);
    t.targets = val_list();
    if (rc == 0 && val_add(s->arena, &t.targets, target) != 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    return rc ? rc : flow_task_tell(s, &t, "task.delegated", err);
}

/* Takes away what was handed to this person; 1 when there was something. */
static int drop_handed(struct session *s, int64_t task, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db, "delete from flow_task_target where task = ?1 and person = ?2 and for_person is not null", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, s->actor.person);
    int rc = stmt_run(st, err);
    return rc ? rc : store_changes(s->db) > 0;
}

static int give_back(struct session *s, const struct flow_task *t, struct err *err)
{
    struct people_capacity cap;
    struct err_num n;
    int rc = flow_task_may(s, t, s->actor.person, &cap, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_DENIED, "denied.task", "task", err_i64(&n, t->id), NULL);
    if (t->was.type != VAL_LIST) return err_set(err, ERR_REFUSED, "task.why_not_handed", NULL);
    rc = flow_task_set_targets(s->db, t, &t->was, err);
    if (rc) return rc;
    struct stmt *st = store_stmt(s->db, "update flow_task set was = null where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, t->id);
    return stmt_run(st, err);
}

int flow_task_hand_back(struct flow *f, struct session *s, int64_t task, const char *reason, struct err *err)
{
    struct flow_task t;
    (void)f;
    int rc = check_text(reason, false, err);
    if (rc == 0) rc = open_task(s, task, &t, err);
    if (rc == 0) rc = drop_handed(s, task, err);
    if (rc == 0) rc = give_back(s, &t, err);
    if (rc < 0) return rc;
    rc = t.claimed_by == s->actor.person ? set_claim(s, task, 0, 0, err) : 0;
    if (rc == 0) rc = flow_task_log(s, task, "handed_back", 0, reason, err);
    return rc ? rc : flow_task_tell(s, &t, "task.handed_back", err);
}

/* All of it is shown with the task, and goes into its answer. */
static int check_room(struct session *s, int64_t task, struct err *err)
{
    struct err_num most;
    struct stmt *st = store_stmt(s->db,
                                 "select 1 from flow_task_log where task = ?1 and kind in ('comment', 'attached',"
                                 " 'detached') limit 1 offset ?2",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, SAID_MOST - 1);
    int rc = stmt_step(st, err);
    stmt_done(st);
    return rc == 1 ? err_set(err, ERR_LIMIT, "task.said_most", "most", err_i64(&most, SAID_MOST), NULL) : rc;
}

/* Each is looked at whenever the task is shown. */
static int check_files(struct session *s, int64_t task, const struct val *more, struct err *err)
{
    struct err_num most;
    struct val lines, files;
    int rc = flow_task_file_lines(s->db, task, s->arena, &lines, err);
    if (rc) return rc;
    if (flow_task_files_at(s->arena, &lines, lines.as.list.n, &files))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (files.as.list.n + more->as.list.n <= FILES_MOST) return 0;
    return err_set(err, ERR_LIMIT, "task.files_most", "most", err_i64(&most, FILES_MOST), NULL);
}

int flow_task_comment(struct session *s, int64_t task, const char *text, const struct val *files, struct err *err)
{
    struct flow_task t;
    struct val taken = val_nil();
    bool has_files = val_is(files, VAL_LIST) && files->as.list.n > 0, has_text = text && text[strspn(text, " \t\r\n")];
    int rc = check_text(text, !has_files, err);
    if (rc == 0) rc = open_task(s, task, &t, err);
    if (rc == 0) rc = flow_task_readable(s, task, err);
    if (rc == 0) rc = check_room(s, task, err);
    if (rc == 0 && has_files) rc = check_files(s, task, files, err);
    if (rc == 0 && has_files) rc = flow_file_take_list(s, &t, files, &taken, err);
    return rc ? rc : flow_task_log_files(s, task, has_text ? "comment" : "attached", text, &taken, err);
}

/* The file as the person attached it, or NULL; *others: somebody else has attached the same one. */
static const struct val *attached_by(const struct val *lines, int64_t person, int64_t file, bool *others)
{
    const struct val *own = NULL;
    *others = false;
    for (size_t i = 0; val_at(lines, i); i++) {
        const struct val *files = val_get(val_at(lines, i), "files");
        for (size_t k = 0; files && val_at(files, k); k++) {
            if (val_get_int(val_at(files, k), "id", 0) != file) continue;
            if (val_get_int(val_at(lines, i), "by", 0) == person)
                own = val_at(files, k);
            else
                *others = true;
        }
    }
    return own;
}

int flow_task_detach(struct session *s, int64_t task, int64_t file, struct err *err)
{
    struct flow_task t;
    struct val lines, gone = val_list();
    struct err_num n;
    bool others;
    int rc = open_task(s, task, &t, err);
    if (rc == 0) rc = flow_task_readable(s, task, err);
    if (rc == 0) rc = flow_task_comments(s, task, s->arena, &lines, err);
    if (rc) return rc;
    const struct val *own = s->actor.person ? attached_by(&lines, s->actor.person, file, &others) : NULL;
    if (!own) return err_set(err, ERR_NOT_FOUND, "task.no_attachment", "file", err_i64(&n, file), NULL);
    if (val_add(s->arena, &gone, *own)) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (!others) rc = flow_file_let_go(s, task, file, err);
    crash_point("task.detached");
    return rc ? rc : flow_task_log_files(s, task, "detached", NULL, &gone, err);
}

static int was_asked(struct store *db, int64_t task, int64_t person, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select 1 from flow_task where id = ?1 and (decided_by = ?2 or decided_for = ?2)"
                                " union all select 1 from flow_task_log where task = ?1 and person = ?2 limit 1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    stmt_bind_int(s, 2, person);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int flow_task_readable(struct session *s, int64_t id, struct err *err)
{
    struct flow_task t;
    struct people_capacity cap;
    struct err_num n;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    if (rc == 1 && t.state != TASK_OPEN && t.was.type == VAL_LIST) t.targets = t.was;
    if (rc == 1) rc = flow_task_may(s, &t, s->actor.person, &cap, err);
    if (rc == 0 && s->actor.person > 0) rc = was_asked(s->db, id, s->actor.person, err);
    if (rc) return rc < 0 ? rc : 0;
    return people_check(s, "flow.read", PEOPLE_ANY_UNIT, err);
}
