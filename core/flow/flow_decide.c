/* Deciding: who may, whether the form is right, whether it is still the text that was shown; then the wait's outcome.
 */
#include "flow/flow_task.h"

#include <string.h>

#include "content/content.h"
#include "people/people.h"
#include "plugin/plugins.h"
#include "runtime/log.h"

/* As what the session's person may decide this, or a refusal. */
static int check_person(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct err_num id;
    for (size_t i = 0; val_at(&t->targets, i); i++) {
        struct people_capacity cap;
        int rc = people_may_decide(s, val_at(&t->targets, i), s->actor.person, s->now, &cap, err);
        if (rc < 0) return rc;
        if (rc == 0) continue;
        struct arena *a = s->arena;
        char *as = arena_strdup(a, cap.as);
        if (!as || val_set(a, answer, "by", val_int(s->actor.person)) || val_set(a, answer, "as", val_str(as)))
            return err_set(err, ERR_NOMEM, "memory", NULL);
        if (cap.on_behalf_of && val_set(a, answer, "on_behalf_of", val_int(cap.on_behalf_of)))
            return err_set(err, ERR_NOMEM, "memory", NULL);
        return 0;
    }
    return err_set(err, ERR_DENIED, "denied.task", "task", err_i64(&id, t->id), NULL);
}

/* The form's fields, checked; "decision" is one of them where the form has it, else approve or return. */
static int check_form(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                      struct val *answer, struct err *err)
{
    struct field_list fields;
    struct val decl = val_map(), checked;
    const struct val *form = &t->form;
    if (form->type != VAL_MAP) {
        if (val_set(s->arena, &decl, "decision", val_str("choice:approve,return!")) ||
            val_set(s->arena, &decl, "comment", val_str("text")))
            return err_set(err, ERR_NOMEM, "memory", NULL);
        form = &decl;
    }
    int rc = field_parse_list(s->arena, form, &fields, err);
    if (rc == 0) rc = field_check_map(&fields, given, false, &f->host->time, s->arena, &checked, err);
    for (size_t i = 0; rc == 0 && i < checked.as.map.n; i++)
        rc = val_set(s->arena, answer, checked.as.map.pairs[i].key, checked.as.map.pairs[i].v);
    return rc;
}

/* Neither who decides nor for whom it is decided may have written the text. */
static int check_separation(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                            struct err *err)
{
    const int64_t persons[] = {s->actor.person, val_get_int(answer, "on_behalf_of", 0)};
    struct registry *r = plugins_registry(f->host->plugins);
    int rc = 0;
    for (int i = 0; rc == 0 && r && i < 2; i++)
        if (persons[i]) rc = content_separated(r, s->db, t->about, persons[i], err);
    registry_drop(r);
    return rc;
}

/* Was the text changed since the task was made? Then the answer says so, and the flow asks again. */
static int check_about(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    struct content_version now;
    if (!t->about) return 0;
    int rc = content_item_version(s->db, t->about, &now, err);
    if (rc) return rc;
    if (t->about_hash && strcmp(now.hash, t->about_hash) != 0) rc = val_set(s->arena, answer, "voided", val_bool(true));
    if (rc == 0) rc = val_set(s->arena, answer, "item", val_int(t->about));
    if (rc == 0) rc = val_set(s->arena, answer, "revision", val_int(t->about_rev));
    if (rc == 0 && t->about_hash) rc = val_set(s->arena, answer, "hash", val_str(t->about_hash));
    return rc;
}

int flow_decide(struct flow *f, struct session *s, int64_t id, const struct val *given, struct err *err)
{
    struct flow_task t;
    struct val answer = val_map();
    struct err_num num;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&num, id), NULL);
    if (t.state != TASK_OPEN) return err_set(err, ERR_CONFLICT, "flow.task_closed", "task", err_i64(&num, id), NULL);
    rc = check_person(s, &t, &answer, err);
    if (rc == 0 && t.about) rc = check_separation(f, s, &t, &answer, err);
    if (rc == 0) rc = check_form(f, s, &t, given, &answer, err);
    if (rc == 0) rc = val_set(s->arena, &answer, "at", val_int(s->now));
    if (rc == 0) rc = val_set(s->arena, &answer, "task", val_int(id));
    if (rc == 0) rc = check_about(s, &t, &answer, err);
    return rc ? rc : flow_task_answer(f, s, &t, &answer, err);
}

/* What the tasks of one wait add up to. */
struct tally {
    int64_t asked, approve, other, voided, timed_out;
    const char *last_decision;
    struct val answers;
    struct val last;
};

static int count(struct store *db, int64_t run, int64_t entry, struct arena *a, struct tally *t, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select state, answer from flow_task where run = ?1 and entry = ?2 order by n", err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_int(s, 2, entry);
    *t = (struct tally){.answers = val_list(), .last = val_nil()};
    while ((rc = stmt_step(s, err)) == 1) {
        struct val borrowed, answer;
        size_t len;
        const char *bytes = stmt_blob(s, 1, &len);
        t->asked++;
        if (stmt_int(s, 0) != TASK_DECIDED || !bytes) continue;
        if (val_decode(bytes, len, a, flow_kind_of, &borrowed) || val_copy(a, &borrowed, &answer) ||
            val_add(a, &t->answers, answer)) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
        t->last = answer;
        if (val_get_bool(&answer, "voided", false)) t->voided++;
        if (val_get_bool(&answer, "timed_out", false)) t->timed_out++;
        if (val_is_str(val_get(&answer, "decision"), "approve"))
            t->approve++;
        else
            t->other++;
    }
    stmt_done(s);
    return rc;
}

/* The outcome of ask_all: NULL while it is open. Integers only: k of n is k >= need. */
static const char *outcome(const struct tally *t, int64_t need, bool veto)
{
    int64_t open = t->asked - t->approve - t->other;
    if (t->voided) return "voided";
    if (veto && t->other > 0) return "return";
    if (t->approve >= need) return "approve";
    if (t->approve + open < need) return "return";
    return NULL;
}

static int wait_options(struct store *db, int64_t run, int64_t entry, int64_t *need, bool *veto, bool *one,
                        struct err *err)
{
    struct stmt *s = store_stmt(db, "select need, veto from flow_task_group where run = ?1 and entry = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_int(s, 2, entry);
    int rc = stmt_step(s, err);
    *one = rc == 0;
    if (rc == 1) {
        *need = stmt_int(s, 0);
        *veto = stmt_int(s, 1) != 0;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int flow_task_settle(struct flow *f, struct session *s, int64_t run, int64_t entry, struct err *err)
{
    struct tally t;
    int64_t need = 1;
    bool veto = false, one = true;
    struct val answer;
    int rc = wait_options(s->db, run, entry, &need, &veto, &one, err);
    if (rc == 0) rc = count(s->db, run, entry, s->arena, &t, err);
    if (rc) return rc;
    if (one) {
        answer = t.last;
        if (answer.type == VAL_NIL) return 0;
    } else {
        const char *decision = outcome(&t, need, veto);
        if (!decision) return 0;
        answer = val_map();
        rc |= val_set(s->arena, &answer, "decision", val_str(decision));
        rc |= val_set(s->arena, &answer, "answers", t.answers);
        rc |= val_set(s->arena, &answer, "approved", val_int(t.approve));
        rc |= val_set(s->arena, &answer, "asked", val_int(t.asked));
        if (t.voided) rc |= val_set(s->arena, &answer, "voided", val_bool(true));
        if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    rc = flow_task_close(f, s->db, run, entry, err);
    return rc ? rc : flow_signal_entry(f, s, run, entry, &answer, NULL, err);
}
