/* Ballots cast, members who take no part, and the close: when all have voted, or when the time is over. */
#include "flow/flow_vote.h"

#include <string.h>

#include "base/mem.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/crash.h"
#include "runtime/log.h"

static int conflict(const struct flow_task *t, const char *key, struct err *err)
{
    struct err_num n;
    return err_set(err, ERR_CONFLICT, key, "task", err_i64(&n, t->id), NULL);
}

/* The index of what was chosen; VOTE_OPTIONS_MAX: an abstention. */
static int option_of(const struct vote *v, const struct val *decision)
{
    for (size_t i = 0; i < v->noptions; i++)
        if (val_is_str(decision, v->options[i])) return (int)i;
    return VOTE_OPTIONS_MAX;
}

/* Where those against send it: of vote.returns, or -1. Of who is for it nothing goes back. */
static int returns_of(const struct vote *v, const struct val *answer)
{
    const struct val *to = val_get(answer, "return_to");
    if (option_of(v, val_get(answer, "decision")) != 1) return -1;
    for (size_t i = 0; to && i < v->nreturns; i++)
        if (val_is_str(to, v->returns[i])) return (int)i;
    return -1;
}

/* An open vote may be changed while it is on, where the vote says so. */
static int change(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                  struct err *err)
{
    struct val answer = val_map();
    struct buf b;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->answer.as.map.n; i++)
        rc = val_set(s->arena, &answer, t->answer.as.map.pairs[i].key, t->answer.as.map.pairs[i].v);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = flow_task_apart(s, t, 0, err);
    if (rc == 0) rc = flow_task_check_form(f, s, t, given, &answer, err);
    if (rc) return rc;
    struct stmt *st = store_stmt(s->db, "update flow_task set answer = ?2, decided_at = ?3 where id = ?1", err);
    if (!st) return err->code;
    buf_init(&b, FLOW_RESULT_MAX);
    val_encode(&answer, &b, true);
    stmt_bind_int(st, 1, t->id);
    stmt_bind_blob(st, 2, b.data, b.len);
    stmt_bind_int(st, 3, s->now);
    rc = stmt_run(st, err);
    if (!buf_ok(&b)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    return rc ? rc : flow_task_log(s, t->id, "changed_vote", 0, NULL, err);
}

static int again(struct flow *f, struct session *s, const struct vote *v, const struct flow_task *t,
                 const struct val *given, struct err *err)
{
    if (t->state != TASK_DECIDED) return conflict(t, "flow.task_closed", err);
    bool mine = t->decided_by && t->decided_by == s->actor.person && !val_get(&t->answer, "recused");
    if (mine && v->can_change && !v->secret) return change(f, s, t, given, err);
    return conflict(t, "vote.twice", err);
}

/* Whose ballot it is votes: nobody for them. */
static int check_voter(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    int rc = flow_task_check_person(s, t, answer, err);
    if (rc == 0 && val_get(answer, "on_behalf_of")) rc = err_set(err, ERR_REFUSED, "task.why_ballot", NULL);
    return rc;
}

/* Whether it can be counted or not: it is over, and its boxes and their key are gone. */
static int close_vote(struct flow *f, struct session *s, const struct vote *v, const struct val *result,
                      const struct err *failed, struct err *err)
{
    crash_point("vote.before_close");
    int rc = flow_task_close(f, s->db, v->run, v->entry, err);
    return rc ? rc : flow_signal_entry(f, s, v->run, v->entry, failed ? NULL : result, failed, err);
}

/* Authors have no ballot; who became one since may still take no part, and say so. */
static int may_cast(struct session *s, const struct flow_task *t, struct val *answer, struct err *err)
{
    int rc = check_voter(s, t, answer, err);
    return rc ? rc : flow_task_apart(s, t, 0, err);
}

int flow_vote_check(struct session *s, const struct flow_task *t, struct err *err)
{
    struct vote v;
    struct val answer = val_map();
    int rc = flow_vote_load(s, t->run, t->entry, &v, err);
    if (rc < 0) return rc;
    if (rc == 0 || t->state != TASK_OPEN)
        return conflict(t, t->state == TASK_DECIDED ? "vote.twice" : "flow.task_closed", err);
    return may_cast(s, t, &answer, err);
}

/* It cannot be counted, as a ballot has found out, which is refused for that. */
static void look_later(struct flow *f, const struct vote *v, const struct err *why)
{
    if (why->code == ERR_REFUSED || vote_key_is_unread(why)) flow_vote_look_later(f, v->run, v->entry);
}

int flow_vote_cast(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                   struct err *err)
{
    struct vote v;
    struct val answer = val_map(), form = val_map();
    int rc = flow_vote_load(s, t->run, t->entry, &v, err);
    if (rc == 0) return conflict(t, t->state == TASK_DECIDED ? "vote.twice" : "flow.task_closed", err);
    if (rc < 0) return rc;
    if (t->state != TASK_OPEN) return again(f, s, &v, t, given, err);
    rc = may_cast(s, t, &answer, err);
    if (rc == 0) rc = flow_task_check_form(f, s, t, given, v.secret ? &form : &answer, err);
    if (rc) return rc;
    if (v.secret) {
        /* That this member has voted, and no more. */
        s->is_secret = true;
        rc = vote_count_add(f, s->db, &v, option_of(&v, val_get(&form, "decision")), returns_of(&v, &form), err);
        if (rc) look_later(f, &v, err);
        if (rc == 0) rc = val_set(s->arena, &answer, "voted", val_bool(true)) ? ERR_NOMEM : 0;
    } else {
        rc = val_set(s->arena, &answer, "at", val_int(s->now)) | val_set(s->arena, &answer, "task", val_int(t->id));
    }
    if (rc) return rc == ERR_NOMEM || rc > 0 ? err_set(err, ERR_NOMEM, "memory", NULL) : rc;
    crash_point("vote.cast");
    return flow_task_answer(f, s, t, &answer, err);
}

int flow_task_recuse(struct flow *f, struct session *s, int64_t id, const char *reason, struct err *err)
{
    struct flow_task t;
    struct err_num n;
    struct val answer = val_map();
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    if (t.kind != TASK_BALLOT) return err_set(err, ERR_REFUSED, "vote.no_ballot", NULL);
    if (t.state != TASK_OPEN) return conflict(&t, t.state == TASK_DECIDED ? "vote.twice" : "flow.task_closed", err);
    size_t len = reason ? strlen(reason) : 0;
    if (strspn(reason ? reason : "", " \t\r\n") == len || len > 1000)
        return err_set(err, ERR_INVALID, "task.text", NULL);
    rc = check_voter(s, &t, &answer, err);
    if (rc) return rc;
    if (val_set(s->arena, &answer, "recused", val_str(reason)) || val_set(s->arena, &answer, "at", val_int(s->now)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return flow_task_answer(f, s, &t, &answer, err);
}

/* --- the count --- */

static int add_person(struct session *s, struct val *list, int64_t person, const char *key, const struct val *v)
{
    struct val one = val_map();
    if (!key) return val_add(s->arena, list, val_int(person));
    return val_set(s->arena, &one, "person", val_int(person)) || val_set(s->arena, &one, key, *v) ||
           val_add(s->arena, list, one);
}

static int count_one(struct session *s, const struct vote *v, int64_t person, const struct val *answer,
                     struct vote_tally *t)
{
    const struct val *reason = val_get(answer, "recused"), *decision = val_get(answer, "decision");
    if (reason) {
        t->recused++;
        return add_person(s, &t->recusals, person, "reason", reason);
    }
    if (answer->type != VAL_MAP) {
        t->absent++;
        return add_person(s, &t->absentees, person, NULL, NULL);
    }
    t->voted++;
    int rc = add_person(s, &t->voters, person, NULL, NULL);
    if (rc || v->secret) return rc;
    int option = option_of(v, decision);
    if (option == VOTE_OPTIONS_MAX)
        t->abstained++;
    else
        t->counts[option]++;
    int returns = returns_of(v, answer);
    if (returns >= 0) t->returns[returns]++;
    return add_person(s, &t->votes, person, "decision", decision);
}

static bool is_asked(const struct vote *v, int64_t person)
{
    for (size_t i = 0; val_at(&v->asked, i); i++)
        if (val_at(&v->asked, i)->as.i == person) return true;
    return false;
}

/* By member: those who were not there and were not asked are absent, too. */
static int count_ballots(struct session *s, const struct vote *v, struct vote_tally *t, int64_t *open, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "select n, state, answer from flow_task where run = ?1 and entry = ?2 order by n", err);
    int rc;
    if (!st) return err->code;
    stmt_bind_int(st, 1, v->run);
    stmt_bind_int(st, 2, v->entry);
    *open = 0;
    while ((rc = stmt_step(st, err)) == 1) {
        struct val borrowed, answer = val_nil();
        size_t len;
        const char *bytes = stmt_blob(st, 2, &len);
        const struct val *person = val_at(&v->asked, (size_t)stmt_int(st, 0));
        if (stmt_int(st, 1) == TASK_OPEN) ++*open;
        if (bytes && len &&
            (val_decode(bytes, len, s->arena, flow_kind_of, &borrowed) || val_copy(s->arena, &borrowed, &answer)))
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc == 1 && person && count_one(s, v, person->as.i, &answer, t))
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc < 0) break;
    }
    stmt_done(st);
    for (size_t i = 0; rc == 0 && val_at(&v->members, i); i++) {
        struct val nothing = val_nil();
        int64_t person = val_at(&v->members, i)->as.i;
        if (!is_asked(v, person) && count_one(s, v, person, &nothing, t))
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    t->members = (int64_t)v->members.as.list.n - t->recused;
    return rc;
}

static int count_secret(struct flow *f, struct session *s, const struct vote *v, struct vote_tally *t, struct err *err)
{
    struct vote_count count;
    struct err_num run;
    int64_t all = 0;
    int rc = vote_count_open(f, s->db, v, &count, err);
    if (rc) return rc;
    for (int i = 0; i <= VOTE_OPTIONS_MAX; i++)
        all += count.options[i];
    if (all != t->voted) return err_set(err, ERR_REFUSED, "vote.sealed", "run", err_i64(&run, v->run), NULL);
    for (int i = 0; i < VOTE_OPTIONS_MAX; i++)
        t->counts[i] = count.options[i];
    for (int i = 0; i < VOTE_RETURNS_MAX; i++)
        t->returns[i] = count.returns[i];
    t->abstained = count.options[VOTE_OPTIONS_MAX];
    return 0;
}

/* Where it is to go back to, and how many of those against said so. */
static int show_returns(struct arena *a, const struct vote *v, const struct vote_tally *t, const struct vote_outcome *o,
                        struct val *out)
{
    struct val counts = val_map();
    int rc = 0;
    if (v->nreturns == 0 || t->is_sealed) return 0;
    for (size_t i = 0; i < v->nreturns; i++)
        rc |= val_set(a, &counts, v->returns[i], val_int(t->returns[i]));
    if (o->returns_to >= 0) rc |= val_set(a, out, "return_to", val_str(v->returns[o->returns_to]));
    return rc | val_set(a, out, "returns", counts);
}

static int show(struct session *s, const struct vote *v, const struct vote_tally *t, const struct vote_outcome *o,
                struct val *out)
{
    struct arena *a = s->arena;
    struct val counts = val_map();
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; i < v->noptions; i++)
        rc |= val_set(a, &counts, v->options[i], val_int(t->counts[i]));
    if (v->can_abstain) rc |= val_set(a, &counts, "abstain", val_int(t->abstained));
    rc |= val_set(a, out, "passed", val_bool(o->passed));
    rc |= val_set(a, out, "quorum", val_bool(o->quorum));
    if (o->winner >= 0) rc |= val_set(a, out, "choice", val_str(v->options[o->winner]));
    if (!t->is_sealed) rc |= val_set(a, out, "counts", counts);
    rc |= show_returns(a, v, t, o, out);
    rc |= val_set(a, out, "of", val_int(o->base));
    rc |= val_set(a, out, "members", val_int(t->members));
    rc |= val_set(a, out, "voted", val_int(t->voted));
    rc |= val_set(a, out, "voters", t->voters);
    rc |= val_set(a, out, "absent", t->absentees);
    rc |= val_set(a, out, "recused", t->recusals);
    if (!v->secret) rc |= val_set(a, out, "votes", t->votes);
    rc |= val_set(a, out, "secret", val_bool(v->secret));
    return rc | val_set(a, out, "at", val_int(s->now));
}

/* A vote that cannot be counted is over for that reason, and says so to its flow. */
static int fail(struct flow *f, struct session *s, const struct vote *v, struct err *err)
{
    struct err failed = *err;
    err_clear(err);
    return close_vote(f, s, v, NULL, &failed, err);
}

struct look_work {
    struct lane_work work;
    struct flow *flow;
    int64_t run, entry;
};

static int run_look(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct look_work *ew = (struct look_work *)w;
    struct session s;
    struct vote v;
    struct vote_tally t = {.absentees = val_list(), .recusals = val_list(), .votes = val_list()};
    int64_t open;
    arena_reset(&ew->flow->arena);
    flow_session_init(ew->flow, &s, NULL, lane_now(lane));
    int rc = flow_vote_load(&s, ew->run, ew->entry, &v, err);
    if (rc <= 0) return rc;
    rc = count_ballots(&s, &v, &t, &open, err);
    if (rc == 0) rc = count_secret(ew->flow, &s, &v, &t, err);
    if (rc == ERR_REFUSED) return fail(ew->flow, &s, &v, err);
    if (rc && !vote_key_is_unread(err)) return rc;
    const struct err unread = *err;
    if (rc) err_clear(err);
    return flow_vote_set_unread(ew->flow, &s, &v, rc ? &unread : NULL, err);
}

static void done_look(struct lane_work *w, const struct err *failed)
{
    if (failed)
        log_err(LOG_ERROR, "vote.not_ended", failed); /* the next ballot finds it out again, or the end of its term */
    mem_free(w);
}

void flow_vote_look_later(struct flow *f, int64_t run, int64_t entry)
{
    struct look_work *ew = mem_alloc(sizeof(*ew));
    *ew = (struct look_work){{.run = run_look, .done = done_look}, f, run, entry};
    lane_add(f->lane, &ew->work);
}

int flow_vote_settle(struct flow *f, struct session *s, int64_t run, int64_t entry, bool late, struct err *err)
{
    struct vote v;
    struct vote_tally t = {.absentees = val_list(), .recusals = val_list(), .voters = val_list(), .votes = val_list()};
    struct vote_outcome o;
    struct val result;
    const char *minutes;
    int64_t open = 0;
    int rc = flow_vote_load(s, run, entry, &v, err);
    if (rc <= 0) return rc;
    rc = count_ballots(s, &v, &t, &open, err);
    if (rc || (open && !late)) return rc;
    /* Of a few who came the count would tell how each of them voted, and nothing hangs on it. */
    t.is_sealed = v.secret && !vote_share_reached(&v.quorum, t.voted, t.members);
    if (v.secret && !t.is_sealed) rc = count_secret(f, s, &v, &t, err);
    if (rc == ERR_REFUSED && late) return fail(f, s, &v, err);
    if (rc && late && vote_key_is_unread(err)) return flow_vote_put_off(f, s, &v, err);
    if (rc) look_later(f, &v, err);
    if (rc) return rc;
    vote_decide(&v, &t, &o);
    rc = vote_minutes(s, &v, &t, &o, &minutes, err);
    if (rc) return rc;
    if (show(s, &v, &t, &o, &result) || flow_task_bind(s, run, entry, &result) ||
        val_set(s->arena, &result, "minutes", val_str(minutes)) ||
        (late && val_set(s->arena, &result, "timed_out", val_bool(true))))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return close_vote(f, s, &v, &result, NULL, err);
}

int flow_vote_void(struct flow *f, struct session *s, const struct flow_task *t, int64_t now_rev, struct err *err)
{
    struct vote v;
    struct val result = val_map();
    int rc = flow_vote_load(s, t->run, t->entry, &v, err);
    if (rc <= 0) return rc;
    rc = flow_task_voided(s, t, now_rev, &result, err);
    if (rc) return rc;
    if (val_set(s->arena, &result, "passed", val_bool(false))) return err_set(err, ERR_NOMEM, "memory", NULL);
    return close_vote(f, s, &v, &result, NULL, err);
}
