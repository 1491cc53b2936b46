/* Deciding: who may, whether the form is right, whether it is still the text that was shown; then the wait's outcome
 * (flow_settle.c). */
#include "flow/flow_task.h"

#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "content/content.h"
#include "flow/task.h"
#include "people/people.h"

int flow_task_check_person(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct err_num id, who;
    struct people_capacity cap;
    int rc = flow_task_may(s, t, s->actor.person, &cap, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_DENIED, "denied.task", "task", err_i64(&id, t->id), NULL);
    if (flow_task_is_taken(t, s->actor.person, s->now))
        return err_set(err, ERR_CONFLICT, "task.claimed", "task", err_i64(&id, t->id), "person",
                       err_i64(&who, t->claimed_by), NULL);
    char *as = arena_strdup(s->arena, cap.as);
    if (!as || val_set(s->arena, answer, "by", val_int(s->actor.person)) ||
        val_set(s->arena, answer, "as", val_str(as)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    if (cap.on_behalf_of && val_set(s->arena, answer, "on_behalf_of", val_int(cap.on_behalf_of)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

/* "decision" is one of the form's fields where it has it, else approve or return. */
static int check_fields(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                        struct field_list *fields, struct val *checked, struct err *err)
{
    struct val form, named;
    int rc = flow_task_form(s->arena, t, &form, err);
    if (rc == 0) rc = field_parse_list(s->arena, &form, fields, err);
    if (rc == 0) rc = people_codes(s->db, fields, given, s->arena, &named, err);
    return rc ? rc : field_check_map(fields, &named, false, &f->host->time, s->arena, checked, err);
}

int flow_task_check_form(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                         struct val *answer, struct err *err)
{
    struct field_list fields;
    struct val checked;
    int rc = check_fields(f, s, t, given, &fields, &checked, err);
    if (rc == 0) rc = flow_file_take_answer(s, t, &fields, &checked, err);
    for (size_t i = 0; rc == 0 && i < checked.as.map.n; i++)
        rc = val_set(s->arena, answer, checked.as.map.pairs[i].key, checked.as.map.pairs[i].v)
                 ? err_set(err, ERR_NOMEM, "memory", NULL)
                 : 0;
    return rc;
}

/* Was the text changed since the task was made? Then the answer says so and how, and the flow asks again. */
static int check_about(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct content_version now;
    if (!t->about) return 0;
    int rc = content_item_version(s->db, t->about, &now, err);
    if (rc) return rc;
    if (t->about_hash && strcmp(now.hash, t->about_hash) != 0) rc = flow_task_voided(s, t, now.rev, answer, err);
    if (rc == 0) rc = val_set(s->arena, answer, "item", val_int(t->about));
    if (rc == 0) rc = val_set(s->arena, answer, "revision", val_int(t->about_rev));
    if (rc == 0 && t->about_hash) rc = val_set(s->arena, answer, "hash", val_str(t->about_hash));
    return rc;
}

static int add_comments(struct session *s, int64_t task, struct val *answer, struct err *err)
{
    struct val comments;
    int rc = flow_task_comments(s, task, s->arena, &comments, err);
    if (rc == 0 && comments.as.list.n) rc = val_set(s->arena, answer, "comments", comments);
    return rc == ERR_NOMEM ? err_set(err, ERR_NOMEM, "memory", NULL) : rc;
}

/* The same request again, by who decided it: no harm. Anything else: somebody was first. */
static int decided(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                   struct err *err)
{
    struct err_num n, by;
    struct val again = val_map();
    struct err ignored = {0};
    bool same = t->state == TASK_DECIDED && t->decided_by == s->actor.person && s->actor.person &&
                flow_task_check_form(f, s, t, given, &again, &ignored) == 0;
    for (size_t i = 0; same && i < again.as.map.n; i++) {
        const struct val *was = val_get(&t->answer, again.as.map.pairs[i].key);
        same = was && val_equal(was, &again.as.map.pairs[i].v);
    }
    if (same) return 0;
    if (t->state == TASK_DECIDED && t->decided_by)
        return err_set(err, ERR_CONFLICT, "task.decided", "task", err_i64(&n, t->id), "person",
                       err_i64(&by, t->decided_by), NULL);
    return err_set(err, ERR_CONFLICT, "flow.task_closed", "task", err_i64(&n, t->id), NULL);
}

/* Says which text was looked at: an approval of another one would be none. What is left is the form. */
static int check_shown(struct session *s, const struct flow_task *t, const struct val *given, struct val *form,
                       struct err *err)
{
    const struct val *hash = val_get(given, "hash");
    struct err_num n;
    int rc = 0;
    *form = *given;
    if (!hash) return 0;
    if (!t->about_hash || !val_is_str(hash, t->about_hash))
        return err_set(err, ERR_CONFLICT, "task.changed", "task", err_i64(&n, t->id), NULL);
    *form = val_map();
    for (size_t i = 0; rc == 0 && i < given->as.map.n; i++)
        if (strcmp(given->as.map.pairs[i].key, "hash") != 0)
            rc = val_set(s->arena, form, given->as.map.pairs[i].key, given->as.map.pairs[i].v);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

struct decision {
    struct flow_task task;
    struct val form, answer; /* what was given; who gives it */
    bool done;               /* by the same person just so, before */
};

/* What is asked of every decision before its form is: the text that was shown, and who decides. A ballot is looked at
 * by flow_vote_cast. */
static int check(struct flow *f, struct session *s, int64_t id, const struct val *shown, struct decision *d,
                 struct err *err)
{
    struct flow_task *t = &d->task;
    struct err_num num;
    *d = (struct decision){.answer = val_map()};
    int rc = flow_task_load(s->db, id, s->arena, t, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&num, id), NULL);
    rc = check_shown(s, t, shown, &d->form, err);
    if (rc || t->kind == TASK_BALLOT) return rc;
    d->done = t->state != TASK_OPEN;
    if (d->done) return decided(f, s, t, &d->form, err);
    rc = flow_task_check_person(s, t, &d->answer, err);
    return rc ? rc : flow_task_apart(s, t, val_get_int(&d->answer, "on_behalf_of", 0), err);
}

int flow_decide(struct flow *f, struct session *s, int64_t id, const struct val *shown, struct err *err)
{
    struct decision d;
    int rc = check(f, s, id, shown, &d, err);
    if (rc || d.done) return rc;
    if (d.task.kind == TASK_BALLOT) return flow_vote_cast(f, s, &d.task, &d.form, err);
    rc = flow_task_check_form(f, s, &d.task, &d.form, &d.answer, err);
    if (rc == 0) rc = val_set(s->arena, &d.answer, "at", val_int(s->now));
    if (rc == 0) rc = val_set(s->arena, &d.answer, "task", val_int(id));
    if (rc == 0) rc = add_comments(s, id, &d.answer, err);
    if (rc == 0) rc = check_about(s, &d.task, &d.answer, err);
    return rc ? rc : flow_task_answer(f, s, &d.task, &d.answer, err);
}

int flow_decide_check(struct flow *f, struct session *s, int64_t id, const struct val *shown, struct err *err)
{
    struct decision d;
    struct field_list fields;
    struct val checked;
    int rc = check(f, s, id, shown, &d, err);
    if (rc || d.done) return rc;
    if (d.task.kind == TASK_BALLOT) return err_set(err, ERR_REFUSED, "vote.alone", NULL);
    return check_fields(f, s, &d.task, &d.form, &fields, &checked, err);
}

static int add_result(struct session *s, int64_t task, const struct err *failed, struct val *out)
{
    struct val one = val_map();
    struct buf text;
    int rc = val_set(s->arena, &one, "task", val_int(task));
    if (!failed) return rc || val_set(s->arena, &one, "done", val_bool(true)) || val_add(s->arena, out, one);
    buf_init(&text, 2000);
    locale_err(&text, s->lang, failed, false);
    char *key = arena_strdup(s->arena, failed->key), *message = arena_strndup(s->arena, text.data, text.len);
    buf_close(&text);
    return rc || !key || !message || val_set(s->arena, &one, "code", val_str(key)) ||
           val_set(s->arena, &one, "message", val_str(message)) || val_add(s->arena, out, one);
}

static int is_ballot(struct store *db, int64_t task, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from flow_task where id = ?1 and kind = 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

/* Each in a mark of its own: what one refuses does not touch the others. */
static int decide_one(struct flow *f, struct session *s, int64_t task, const struct val *answer, struct val *out,
                      struct err *err)
{
    struct err failed = {0};
    int rc = store_mark(s->db, err);
    if (rc) return rc;
    rc = is_ballot(s->db, task, &failed);
    if (rc == 1) rc = err_set(&failed, ERR_REFUSED, "vote.alone", NULL);
    if (rc == 0) rc = flow_decide(f, s, task, answer, &failed);
    if (rc && (err_is_fault(rc) || !store_in_transaction(s->db))) {
        *err = failed;
        return rc;
    }
    if (rc) {
        store_mark_rollback(s->db);
        flow_undone(f);
    } else {
        rc = store_mark_release(s->db, err);
        if (rc) return rc;
    }
    return add_result(s, task, failed.code ? &failed : NULL, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* A task by its number, or { task =, hash = }: the text that was shown of this one. */
static int take_entry(struct session *s, const struct val *entry, const struct val *answer, struct val *own)
{
    const struct val *hash = val_is(entry, VAL_MAP) ? val_get(entry, "hash") : NULL;
    int rc = 0;
    *own = *answer;
    if (!hash) return 0;
    *own = val_map();
    for (size_t i = 0; rc == 0 && i < answer->as.map.n; i++)
        rc = val_set(s->arena, own, answer->as.map.pairs[i].key, answer->as.map.pairs[i].v);
    return rc ? rc : val_set(s->arena, own, "hash", *hash);
}

int flow_decide_all(struct flow *f, struct session *s, const struct val *tasks, const struct val *answer,
                    struct val *out, struct err *err)
{
    int rc = 0;
    *out = val_list();
    if (tasks->type != VAL_LIST || tasks->as.list.n == 0 || tasks->as.list.n > 500)
        return err_set(err, ERR_INVALID, "task.bulk", NULL);
    for (size_t i = 0; rc == 0 && i < tasks->as.list.n; i++) {
        const struct val *entry = &tasks->as.list.items[i];
        int64_t id = entry->type == VAL_INT ? entry->as.i : val_is(entry, VAL_MAP) ? val_get_int(entry, "task", 0) : 0;
        struct val own;
        if (!id) return err_set(err, ERR_INVALID, "task.bulk", NULL);
        if (take_entry(s, entry, answer, &own)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        rc = decide_one(f, s, id, &own, out, err);
    }
    return rc;
}
