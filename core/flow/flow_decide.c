/* Deciding: who may, whether the form is right, whether it is still the text that was shown; then the wait's outcome
 * (flow_settle.c). */
#include "flow/flow_task.h"

#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "content/content.h"
#include "flow/flow_vote.h"
#include "flow/task.h"
#include "people/people.h"

int flow_task_check_person(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct err_num id;
    struct people_capacity cap;
    int rc = flow_task_may(s, t, s->actor.person, &cap, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_DENIED, "denied.task", "task", err_i64(&id, t->id), NULL);
    rc = flow_task_not_taken(s, t, err);
    if (rc) return rc;
    char *as = arena_strdup(s->arena, cap.as);
    if (!as || val_set(s->arena, answer, "by", val_int(s->actor.person)) ||
        val_set(s->arena, answer, "as", val_str(as)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    if (cap.on_behalf_of && val_set(s->arena, answer, "on_behalf_of", val_int(cap.on_behalf_of)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

/* What is said to be none is none: no default takes its place. */
static int drop_defaults(struct session *s, const struct val *given, struct field_list *fields, struct err *err)
{
    struct field *items = arena_alloc(s->arena, (fields->n + 1) * sizeof(*items));
    if (!items) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; i < fields->n; i++) {
        items[i] = fields->items[i];
        if (val_is(val_get(given, items[i].name), VAL_NIL)) items[i].options = NULL;
    }
    fields->items = items;
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
    if (rc == 0) rc = flow_task_check_ids(s, fields, &named, err);
    if (rc == 0) rc = drop_defaults(s, &named, fields, err);
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

static bool has_files(const struct val *comments)
{
    for (size_t i = 0; val_at(comments, i); i++)
        if (val_get(val_at(comments, i), "files")) return true;
    return false;
}

/* What was said and attached; with files, the hash over them and the text. */
static int add_comments(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct val comments;
    char shown[DIGEST_HEX];
    int rc = flow_task_comments(s, t->id, s->arena, &comments, err);
    if (rc || !comments.as.list.n) return rc;
    if (val_set(s->arena, answer, "comments", comments)) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (!has_files(&comments)) return 0;
    rc = flow_task_shown(s->db, t, s->arena, shown, err);
    char *copy = rc ? NULL : arena_strdup(s->arena, shown);
    if (rc) return rc;
    return !copy || val_set(s->arena, answer, "shown", val_str(copy)) ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

/* The same request again, by who decided it: no harm. Anything else: somebody was first. */
static int decided(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                   struct err *err)
{
    struct err_num n;
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
        return err_set(err, ERR_CONFLICT, "task.decided", "task", err_i64(&n, t->id), "name",
                       flow_task_name_of(s, t->decided_by), NULL);
    return err_set(err, ERR_CONFLICT, "flow.task_closed", "task", err_i64(&n, t->id), NULL);
}

/* Says what was looked at: an approval of something else would be none. What is left is the form. */
static int check_shown(struct session *s, const struct flow_task *t, const struct val *given, struct val *form,
                       struct err *err)
{
    const struct val *hash = val_get(given, "hash");
    *form = *given;
    if (!hash) return 0;
    const char *shown = hash->type == VAL_NIL ? NULL : val_cstr(s->arena, hash);
    int rc = hash->type == VAL_NIL ? 0 : flow_task_check_shown(s, t, shown ? shown : "", err);
    if (rc) return rc;
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
    if (rc == 0) rc = add_comments(s, &d.task, &d.answer, err);
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
    if (d.task.kind == TASK_BALLOT) rc = flow_vote_check(s, &d.task, err);
    return rc ? rc : check_fields(f, s, &d.task, &d.form, &fields, &checked, err);
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

/* Ballots are cast with others of their kind: who casts a secret one must not take it for an open one. */
enum bulk_kind { BULK_UNKNOWN, BULK_ASK, BULK_OPEN, BULK_SECRET };

static int kind_of(struct session *s, int64_t task, enum bulk_kind *kind, struct err *err)
{
    struct vote v;
    struct stmt *st = store_stmt(s->db, "select kind, run, entry from flow_task where id = ?1", err);
    *kind = BULK_UNKNOWN;
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    int rc = stmt_step(st, err);
    bool is_ballot = rc == 1 && stmt_int(st, 0) == TASK_BALLOT;
    int64_t run = rc == 1 ? stmt_int(st, 1) : 0, entry = rc == 1 ? stmt_int(st, 2) : 0;
    stmt_done(st);
    if (rc == 1) *kind = BULK_ASK;
    if (!is_ballot) return rc < 0 ? rc : 0;
    rc = flow_vote_load(s, run, entry, &v, err);
    *kind = rc != 1 ? BULK_UNKNOWN : v.secret ? BULK_SECRET : BULK_OPEN; /* of one that is over it is said by itself */
    return rc < 0 ? rc : 0;
}

struct bulk {
    enum bulk_kind kind; /* of the first */
    struct val *out;
};

static int check_kind(struct session *s, int64_t task, struct bulk *b, struct err *err)
{
    enum bulk_kind kind;
    int rc = kind_of(s, task, &kind, err);
    if (rc || kind == BULK_UNKNOWN) return rc;
    if (b->kind == BULK_UNKNOWN) b->kind = kind;
    return kind == b->kind ? 0 : err_set(err, ERR_REFUSED, "vote.alone", NULL);
}

/* Each in a mark of its own: what one refuses does not touch the others. */
static int decide_one(struct flow *f, struct session *s, int64_t task, const struct val *answer, struct bulk *b,
                      struct err *err)
{
    struct err failed = {0};
    int rc = store_mark(s->db, err);
    if (rc) return rc;
    rc = check_kind(s, task, b, &failed);
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
    return add_result(s, task, failed.code ? &failed : NULL, b->out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
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
    struct bulk b = {.out = out};
    *out = val_list();
    if (tasks->type != VAL_LIST || tasks->as.list.n == 0 || tasks->as.list.n > 500)
        return err_set(err, ERR_INVALID, "task.bulk", NULL);
    for (size_t i = 0; rc == 0 && i < tasks->as.list.n; i++) {
        const struct val *entry = &tasks->as.list.items[i];
        int64_t id = entry->type == VAL_INT ? entry->as.i : val_is(entry, VAL_MAP) ? val_get_int(entry, "task", 0) : 0;
        struct val own;
        if (!id) return err_set(err, ERR_INVALID, "task.bulk", NULL);
        if (take_entry(s, entry, answer, &own)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        rc = decide_one(f, s, id, &own, &b, err);
    }
    return rc;
}
