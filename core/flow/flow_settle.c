/* What the answers of one wait add up to: ask takes the one, ask_all counts them. */
#include "flow/flow_task.h"

#include <string.h>

/* What the tasks of one wait add up to. */
struct tally {
    int64_t asked, approve, other, abstained, voided;
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
        const struct val *decision = val_get(&answer, "decision");
        if (val_is_str(decision, "approve"))
            t->approve++;
        else if (val_is_str(decision, "abstain"))
            t->abstained++;
        else
            t->other++;
    }
    stmt_done(s);
    return rc;
}

/* The outcome of ask_all: NULL while it is open. Integers only: k of n is k >= need. Who abstains says neither; "all"
 * is then all the others, but never nobody. */
static const char *outcome(const struct tally *t, int64_t need, bool veto)
{
    int64_t open = t->asked - t->approve - t->other - t->abstained;
    if (need == t->asked) need -= t->abstained;
    if (need < 1) need = 1;
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

/* Asked about one text: the outcome is of this very text, as the single answers are. */
int flow_task_bind(struct session *s, int64_t run, int64_t entry, struct val *answer)
{
    struct err err = {0};
    struct stmt *st = store_stmt(s->db,
                                 "select min(about), max(about), min(about_hash), max(about_hash), min(about_rev),"
                                 " count(*) = count(about) from flow_task where run = ?1 and entry = ?2",
                                 &err);
    if (!st) return ERR_NOMEM;
    stmt_bind_int(st, 1, run);
    stmt_bind_int(st, 2, entry);
    size_t n, m;
    int rc = stmt_step(st, &err);
    const char *low = rc == 1 ? stmt_text(st, 2, &n) : NULL, *high = rc == 1 ? stmt_text(st, 3, &m) : NULL;
    bool one = low && high && stmt_int(st, 5) && stmt_int(st, 0) == stmt_int(st, 1) && n == m && !memcmp(low, high, n);
    rc = rc < 0 ? rc : 0;
    if (one) {
        char *hash = arena_strndup(s->arena, low, n);
        rc = !hash || val_set(s->arena, answer, "hash", val_str(hash)) ||
             val_set(s->arena, answer, "item", val_int(stmt_int(st, 0))) ||
             val_set(s->arena, answer, "revision", val_int(stmt_int(st, 4)));
    }
    stmt_done(st);
    return rc ? ERR_NOMEM : 0;
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
        if (rc == 0) rc = flow_task_bind(s, run, entry, &answer);
        rc |= val_set(s->arena, &answer, "asked", val_int(t.asked));
        if (t.abstained) rc |= val_set(s->arena, &answer, "abstained", val_int(t.abstained));
        if (t.voided) rc |= val_set(s->arena, &answer, "voided", val_bool(true));
        if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    rc = flow_task_close(f, s->db, run, entry, err);
    return rc ? rc : flow_signal_entry(f, s, run, entry, &answer, NULL, err);
}
