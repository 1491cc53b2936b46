/* A task that nobody can decide is an orphan: it is marked with its reason, told, and asked of those above; when
 * somebody can decide it again, the mark goes, and with it whom it was asked of instead (flow_doubt.c says when to
 * look). */
#include <stdio.h>
#include <string.h>

#include "flow/flow_task.h"
#include "people/people.h"
#include "runtime/crash.h"

int flow_task_set_orphan(struct store *db, int64_t task, int64_t since, const char *why, struct err *err)
{
    struct stmt *s = store_stmt(db, "update flow_task set orphan = ?2, orphan_why = ?3 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    if (since) stmt_bind_int(s, 2, since);
    stmt_bind_str(s, 3, since ? why : NULL);
    return stmt_run(s, err);
}

/* Is it somebody's among them who may answer it: no author of its text, and nobody who has answered beside it? */
static int can_take(struct session *s, const struct flow_task *t, const struct val *targets, struct err *err)
{
    int rc = flow_task_can_anybody(s, targets, err);
    return rc == 1 ? flow_task_has_others(s, t, targets, err) : rc;
}

static int holder_can_take(struct session *s, const struct flow_task *t, const char *position, int64_t unit,
                           struct err *err)
{
    struct val target = val_map(), targets = val_list();
    if (val_set(s->arena, &target, "position", val_str(position)) ||
        val_set(s->arena, &target, "unit", val_int(unit)) || val_add(s->arena, &targets, target))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return can_take(s, t, &targets, err);
}

static int add(struct session *s, const struct flow_task *t, const char *key, const char *name, int64_t unit,
               struct err *err)
{
    struct val target = val_map();
    if (val_set(s->arena, &target, key, val_str(name)) || val_set(s->arena, &target, "unit", val_int(unit)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = flow_task_add_target(s->db, t, &target, "orphan", err);
    return rc ? rc : 1;
}

/* The next unit above with a holder of the position who can take it; where there is none, it is waited for. */
static int find_above(struct session *s, const struct flow_task *t, const char *position, int64_t unit, int64_t *above,
                      struct err *err)
{
    int64_t day = people_day(s->host, s->now), from = unit;
    for (int level = 0; level < 32; level++) {
        int rc = flow_target_above(s->db, position, unit, day, above, err);
        if (rc < 0) return rc;
        if (rc == 0) break;
        rc = holder_can_take(s, t, position, *above, err);
        if (rc) return rc;
        unit = *above;
    }
    return flow_orphan_wait_above(s, t->id, position, from, err);
}

/* The position that a person held last, where somebody holds it now; else in the unit above. */
static int add_successor(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    int64_t day = people_day(s->host, s->now), unit = 0, above;
    char position[96] = "";
    struct stmt *st = store_stmt(s->db,
                                 "select position, unit from position_held where person = ?1 and valid_from <= ?2"
                                 " order by coalesce(valid_to, 9999999) desc, valid_from desc limit 1",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, person);
    stmt_bind_int(st, 2, day);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        size_t len;
        const char *text = stmt_text(st, 0, &len);
        snprintf(position, sizeof(position), "%s", text);
        unit = stmt_int(st, 1);
    }
    stmt_done(st);
    if (rc != 1) return rc;
    struct stmt *other = store_stmt(s->db,
                                    "select 1 from position_held h where position = ?1 and unit = ?3 and person <> ?4"
                                    " and valid_from <= ?2 and (valid_to is null or valid_to > ?2)"
                                    " and " PEOPLE_CAN_ENTER("h.person"),
                                    err);
    if (!other) return err->code;
    stmt_bind_str(other, 1, position);
    stmt_bind_int(other, 2, day);
    stmt_bind_int(other, 3, unit);
    stmt_bind_int(other, 4, person);
    rc = stmt_step(other, err);
    stmt_done(other);
    if (rc == 1) rc = holder_can_take(s, t, position, unit, err);
    if (rc < 0) return rc;
    if (rc == 1) return add(s, t, "position", position, unit, err);
    rc = find_above(s, t, position, unit, &above, err);
    return rc == 1 ? add(s, t, "position", position, above, err) : rc;
}

/* Whom the flow said it would escalate to. 1: somebody can be asked; 0: nobody, and they are waited for. */
static int add_named(struct session *s, const struct flow_task *t, struct err *err)
{
    int rc = t->escalate.type == VAL_LIST ? can_take(s, t, &t->escalate, err) : 0;
    for (size_t i = 0; rc == 0 && val_at(&t->escalate, i); i++)
        rc = flow_orphan_wait_for(s, t->id, val_at(&t->escalate, i), err);
    for (size_t i = 0; rc == 1 && val_at(&t->escalate, i); i++) {
        int added = flow_task_add_target(s->db, t, val_at(&t->escalate, i), "orphan", err);
        if (added) rc = added;
    }
    return rc;
}

/* As the flow said it would escalate; else the same position in the unit above. 1 when somebody was found; 0: nobody,
 * and what would change that is waited for. A ballot is its voter's alone. */
static int add_those_above(struct session *s, const struct flow_task *t, struct err *err)
{
    int64_t above;
    int rc = flow_orphan_wait_end(s->db, t->id, err);
    if (rc || t->kind == TASK_BALLOT) return rc;
    rc = add_named(s, t, err);
    for (size_t i = 0; rc == 0 && val_at(&t->targets, i); i++) {
        const struct val *target = val_at(&t->targets, i);
        const char *position = val_cstr(s->arena, val_get(target, "position"));
        int64_t person = val_get_int(target, "person", 0);
        if (val_get_int(target, "for", 0)) continue;
        if (person) rc = add_successor(s, t, person, err);
        if (!position) continue;
        rc = find_above(s, t, position, val_get_int(target, "unit", 0), &above, err);
        if (rc == 1) rc = add(s, t, "position", position, above, err);
    }
    if (rc == 1) {
        int ended = flow_orphan_wait_end(s->db, t->id, err);
        if (ended) rc = ended;
    }
    crash_point("task.orphan_waits");
    return rc;
}

/* Why nobody can decide it; NULL: see err. */
static const char *reason_of(struct session *s, const struct flow_task *t, struct err *err)
{
    const struct val *first = val_at(&t->targets, 0);
    struct people_crowd holders = {.most = 1, .ids_only = true};
    if (!first) return "task.orphan_nobody";
    int unread = t->kind == TASK_BALLOT ? flow_vote_is_unread(s->db, t, err) : 0;
    if (unread) return unread < 0 ? NULL : "task.orphan_key"; /* flow_vote_unread.c tells */
    if (val_get(first, "person")) return "task.orphan_person";
    int rc = people_reach(s, first, s->arena, &holders, err);
    if (rc && rc != ERR_LIMIT) return NULL;
    err_clear(err);
    return holders.n                ? "task.orphan_locked_out"
           : val_get(first, "role") ? "task.orphan_role"
           : val_get(first, "body") ? "task.orphan_body"
                                    : "task.orphan_position";
}

static int tell_orphan(struct session *s, const struct flow_task *t, bool found, const char *why, struct err *err)
{
    int rc = flow_task_log(s, t->id, found ? "orphan_escalated" : "orphan", 0, why, err);
    if (strcmp(why, "task.orphan_key") == 0) return rc;
    struct flow_task now; /* with those above */
    if (rc == 0) rc = flow_task_load(s->db, t->id, s->arena, &now, err);
    if (rc == 1) rc = flow_task_tell(s, &now, "task.orphaned", err);
    crash_point("task.orphaned");
    return rc;
}

static int make_orphan(struct session *s, const struct flow_task *t, const char *why, struct err *err)
{
    if (!why) return err->code;
    int found = add_those_above(s, t, err);
    if (found < 0) return found;
    int rc = flow_task_set_orphan(s->db, t->id, s->now, why, err);
    return rc ? rc : tell_orphan(s, t, found == 1, why, err);
}

/* Those it was asked of instead may have gone, others may have come in above, and there may be another reason. */
static int look_again(struct session *s, const struct flow_task *t, const char *why, struct err *err)
{
    if (!why) return err->code;
    bool other = !t->orphan_why || strcmp(why, t->orphan_why) != 0;
    int rc = other ? flow_task_set_orphan(s->db, t->id, t->orphan, why, err) : 0;
    if (rc) return rc;
    rc = t->kind == TASK_BALLOT ? 1 : can_take(s, t, &t->targets, err);
    int found = rc == 0 ? add_those_above(s, t, err) : 0;
    if (rc < 0 || found < 0) return rc < 0 ? rc : found;
    if (found || (other && t->kind == TASK_BALLOT)) return tell_orphan(s, t, found == 1, why, err);
    return other ? flow_task_log(s, t->id, "orphan", 0, why, err) : 0;
}

static int end_orphan(struct session *s, const struct flow_task *t, struct err *err)
{
    int rc = store_run(s->db, "delete from flow_task_target where task = ?1 and why = 'orphan'", t->id, 0, err);
    if (rc == 0) rc = flow_task_set_orphan(s->db, t->id, 0, NULL, err);
    if (rc == 0) rc = flow_task_log(s, t->id, "orphan_over", 0, NULL, err);
    return rc ? rc : flow_task_tell(s, t, "task.orphan_over", err);
}

/* Those that it was asked of before it was asked of others instead. */
static int own_targets(struct session *s, const struct flow_task *t, struct val *out, struct err *err)
{
    *out = val_list();
    for (size_t i = 0; val_at(&t->targets, i); i++)
        if (!val_is_str(val_get(val_at(&t->targets, i), "why"), "orphan") &&
            val_add(s->arena, out, *val_at(&t->targets, i)))
            return err_set(err, ERR_NOMEM, "memory", NULL);
    return 0;
}

static int let_go(struct session *s, const struct flow_task *t, struct err *err)
{
    struct people_capacity cap;
    if (!t->claimed_by) return 0;
    int rc = flow_task_may(s, t, t->claimed_by, &cap, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = store_run(s->db, "update flow_task set claimed_by = null, claimed_until = null where id = ?1", t->id, 0, err);
    return rc ? rc : flow_task_log(s, t->id, "went_back", t->claimed_by, NULL, err);
}

int flow_task_look(struct session *s, int64_t id, struct err *err)
{
    struct flow_task t;
    struct val own;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN) return rc < 0 ? rc : 0;
    rc = let_go(s, &t, err);
    if (rc == 0) rc = own_targets(s, &t, &own, err);
    if (rc == 0) rc = t.kind == TASK_BALLOT ? flow_task_can_vote(s, &t, err) : flow_task_can_anybody(s, &own, err);
    bool held = rc == 1;
    if (held) rc = flow_task_has_others(s, &t, &own, err);
    if (rc < 0) return rc;
    if (rc == 1) return t.orphan ? end_orphan(s, &t, err) : 0;
    int once = held ? flow_task_is_once(s->db, &t, err) : 0;
    if (once < 0) return once;
    const char *why = once ? "task.orphan_once" : held ? "task.orphan_author" : reason_of(s, &t, err);
    return t.orphan ? look_again(s, &t, why, err) : make_orphan(s, &t, why, err);
}
