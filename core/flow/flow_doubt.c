/* Who can decide an open task may change: somebody leaves, an account is closed, units are merged, a calendar is
 * announced. Triggers on those tables note what is in doubt, whoever changes them; dates that begin or end something
 * are found by index when their day comes. So this costs nothing while nothing changes. Each doubt is looked at in
 * pieces, as a lane slice, within the second:
 *
 *     a unit that ended                    its tasks go to those that took over (flow_heir.c)
 *     a task nobody can decide             marked as an orphan with its reason, task.orphaned, asked of those above
 *     an orphan somebody can decide again  the mark goes, and with it whom it was asked of instead
 *     one taken on by who may not any more let go
 *     terms in working days                counted again */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "flow/flow_task.h"
#include "people/people.h"
#include "people/time.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum doubt_kind { DOUBT_POSITION = 1, DOUBT_ROLE, DOUBT_PERSON, DOUBT_UNIT, DOUBT_CALENDAR, DOUBT_TASK, DOUBT_BODY };
enum { PIECE = 100, DOUBTS_A_SLICE = 1000, RETRY_MS = 10000, DAY_MS = 86400000 };

struct doubt {
    enum doubt_kind kind;
    char name[96];
    int64_t unit, after;
};

struct doubt_work {
    struct lane_work work;
    struct flow *flow;
};

int flow_task_set_orphan(struct store *db, int64_t task, int64_t since, const char *why, struct err *err)
{
    struct stmt *s = store_stmt(db, "update flow_task set orphan = ?2, orphan_why = ?3 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    if (since) stmt_bind_int(s, 2, since);
    stmt_bind_str(s, 3, since ? why : NULL);
    return stmt_run(s, err);
}

static int run_sql(struct store *db, const char *sql, int64_t a, int64_t b, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, a);
    if (b) stmt_bind_int(s, 2, b);
    return stmt_run(s, err);
}

/* --- whom it is asked of instead --- */

static int add(struct session *s, const struct flow_task *t, const char *key, const char *name, int64_t unit,
               struct err *err)
{
    struct val target = val_map();
    if (val_set(s->arena, &target, key, val_str(name)) || val_set(s->arena, &target, "unit", val_int(unit)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = flow_task_add_target(s->db, t, &target, "orphan", err);
    return rc ? rc : 1;
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
                                    "select 1 from position_held where position = ?1 and unit = ?3 and person <> ?4 and"
                                    " valid_from <= ?2 and (valid_to is null or valid_to > ?2)",
                                    err);
    if (!other) return err->code;
    stmt_bind_str(other, 1, position);
    stmt_bind_int(other, 2, day);
    stmt_bind_int(other, 3, unit);
    stmt_bind_int(other, 4, person);
    rc = stmt_step(other, err);
    stmt_done(other);
    if (rc < 0) return rc;
    if (rc == 1) return add(s, t, "position", position, unit, err);
    rc = flow_target_above(s->db, position, unit, day, &above, err);
    return rc == 1 ? add(s, t, "position", position, above, err) : rc;
}

/* As the flow said it would escalate; else the same position in the unit above. 1 when somebody was found. */
static int add_those_above(struct session *s, const struct flow_task *t, struct err *err)
{
    int64_t day = people_day(s->host, s->now), above;
    int rc = t->escalate.type == VAL_LIST ? flow_task_can_anybody(s, &t->escalate, err) : 0;
    for (size_t i = 0; rc == 1 && val_at(&t->escalate, i); i++) {
        int added = flow_task_add_target(s->db, t, val_at(&t->escalate, i), "orphan", err);
        if (added) rc = added;
    }
    for (size_t i = 0; rc == 0 && val_at(&t->targets, i); i++) {
        const struct val *target = val_at(&t->targets, i);
        const char *position = val_cstr(s->arena, val_get(target, "position"));
        int64_t person = val_get_int(target, "person", 0);
        if (val_get_int(target, "for", 0)) continue;
        if (person) rc = add_successor(s, t, person, err);
        if (!position) continue;
        rc = flow_target_above(s->db, position, val_get_int(target, "unit", 0), day, &above, err);
        if (rc == 1) rc = add(s, t, "position", position, above, err);
    }
    return rc;
}

static const char *reason_of(const struct flow_task *t)
{
    const struct val *first = val_at(&t->targets, 0);
    if (!first) return "task.orphan_nobody";
    return val_get(first, "position") ? "task.orphan_position"
           : val_get(first, "role")   ? "task.orphan_role"
           : val_get(first, "body")   ? "task.orphan_body"
                                      : "task.orphan_person";
}

static int make_orphan(struct session *s, const struct flow_task *t, const char *why, struct err *err)
{
    /* A ballot is its voter's alone. */
    int rc = t->kind == TASK_BALLOT ? 0 : add_those_above(s, t, err);
    if (rc < 0) return rc;
    bool found = rc == 1;
    rc = flow_task_set_orphan(s->db, t->id, s->now, why, err);
    if (rc == 0) rc = flow_task_log(s, t->id, found ? "orphan_escalated" : "orphan", 0, why, err);
    struct flow_task now; /* with those above */
    if (rc == 0) rc = flow_task_load(s->db, t->id, s->arena, &now, err);
    if (rc == 1) rc = flow_task_tell(s, &now, "task.orphaned", err);
    crash_point("task.orphaned");
    return rc;
}

static int end_orphan(struct session *s, const struct flow_task *t, struct err *err)
{
    int rc = run_sql(s->db, "delete from flow_task_target where task = ?1 and why = 'orphan'", t->id, 0, err);
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
    rc = run_sql(s->db, "update flow_task set claimed_by = null, claimed_until = null where id = ?1", t->id, 0, err);
    return rc ? rc : flow_task_log(s, t->id, "went_back", t->claimed_by, NULL, err);
}

static int look(struct session *s, int64_t id, struct err *err)
{
    struct flow_task t;
    struct val own;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN) return rc < 0 ? rc : 0;
    rc = let_go(s, &t, err);
    if (rc == 0) rc = own_targets(s, &t, &own, err);
    if (rc == 0) rc = flow_task_can_anybody(s, &own, err);
    bool held = rc == 1;
    if (held) rc = flow_task_has_others(s, &t, &own, err);
    if (rc < 0) return rc;
    if (rc == 0 && t.orphan) {
        /* Those it was asked of instead may have gone too. */
        int some = t.kind == TASK_BALLOT ? 1 : flow_task_can_anybody(s, &t.targets, err);
        if (some == 0) some = add_those_above(s, &t, err);
        return some < 0 ? some : 0;
    }
    if (rc == 0) return make_orphan(s, &t, held ? "task.orphan_author" : reason_of(&t), err);
    return t.orphan ? end_orphan(s, &t, err) : 0;
}

/* --- terms in working days --- */

static int count_again(struct flow *f, struct session *s, int64_t id, struct err *err)
{
    struct flow_task t;
    int gap = 0;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN || !t.term) return rc < 0 ? rc : 0;
    struct people_term term = {.db = s->db, .zone = s->host->zone, .base = t.made};
    struct val when = val_str(t.term);
    int64_t was = t.due;
    rc = people_term(&term, &when, &t.due, &gap, err);
    if (rc) return rc;
    struct stmt *st =
        store_stmt(s->db,
                   "update flow_task set due = ?2, gap = ?3, next_at = case when next_at = ?4 then ?2 else"
                   " next_at end, remind = case when remind is null then null else remind + ?2 - ?4 end"
                   " where id = ?1",
                   err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    stmt_bind_int(st, 2, t.due);
    if (gap) stmt_bind_int(st, 3, gap);
    stmt_bind_int(st, 4, was);
    rc = stmt_run(st, err);
    if (rc == 0) rc = run_sql(s->db, "update flow_task_target set due = ?2 where task = ?1", id, t.due, err);
    if (rc == 0 && was != t.due) rc = flow_task_log(s, id, "due", 0, NULL, err);
    if (rc == 0) lane_wake_at(f->lane, &f->tasks_source, t.due);
    return rc;
}

/* --- what is in doubt --- */

/* Bound: ?1 the name, ?2 the unit or person, ?3 after which task, ?4 how many. */
static const char *const tasks_sql[] = {
    [DOUBT_POSITION] = "select distinct task from flow_task_target where position = ?1 and unit = ?2 and task > ?3"
                       " order by task limit ?4",
    [DOUBT_ROLE] = "select distinct task from flow_task_target indexed by flow_task_role_all where role = ?1"
                   " and task > ?3 order by task limit ?4",
    [DOUBT_PERSON] = "select task from flow_task_target where person = ?2 and task > ?3 union select id from flow_task"
                     " where claimed_by = ?2 and id > ?3 order by 1 limit ?4",
    [DOUBT_UNIT] = "select distinct task from flow_task_target where unit = ?2 and task > ?3 order by task limit ?4",
    [DOUBT_CALENDAR] = "select id from flow_task where term is not null and state = 0 and id > ?3 order by id limit"
                       " ?4",
    [DOUBT_TASK] = "select id from flow_task where id = ?2 and id > ?3 limit ?4",
    [DOUBT_BODY] = "select distinct task from flow_task_target where body = ?2 and task > ?3 order by task limit ?4"};

static int next_doubt(struct store *db, struct doubt *d, struct err *err)
{
    struct stmt *s = store_stmt(db, "select kind, name, unit, after from flow_doubt order by kind desc limit 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *name = stmt_text(s, 1, &len);
        *d = (struct doubt){.kind = (enum doubt_kind)stmt_int(s, 0), .unit = stmt_int(s, 2), .after = stmt_int(s, 3)};
        snprintf(d->name, sizeof(d->name), "%s", name);
    }
    stmt_done(s);
    return rc;
}

static int find_tasks(struct store *db, const struct doubt *d, int64_t *ids, size_t *n, struct err *err)
{
    struct stmt *s = store_stmt(db, tasks_sql[d->kind], err);
    int rc;
    *n = 0;
    if (!s) return err->code;
    if (d->kind <= DOUBT_ROLE) stmt_bind_str(s, 1, d->name);
    if (d->kind != DOUBT_ROLE && d->kind != DOUBT_CALENDAR) stmt_bind_int(s, 2, d->unit);
    stmt_bind_int(s, 3, d->after);
    stmt_bind_int(s, 4, PIECE);
    while ((rc = stmt_step(s, err)) == 1)
        ids[(*n)++] = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

static int settle(struct store *db, const struct doubt *d, bool over, int64_t last, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                over ? "delete from flow_doubt where kind = ?1 and name = ?2 and unit = ?3"
                                     : "update flow_doubt set after = ?4 where kind = ?1 and name = ?2 and unit = ?3",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, d->kind);
    stmt_bind_str(s, 2, d->name);
    stmt_bind_int(s, 3, d->unit);
    if (!over) stmt_bind_int(s, 4, last);
    return stmt_run(s, err);
}

static int look_one(struct flow *f, struct session *s, const struct doubt *d, int64_t task, struct err *err)
{
    int rc = 0;
    arena_reset(&f->arena);
    if (d->kind == DOUBT_CALENDAR) return count_again(f, s, task, err);
    if (d->kind == DOUBT_UNIT) rc = flow_task_inherit(s, task, d->unit, err);
    if (d->kind == DOUBT_TASK) rc = flow_task_inherit_all(s, task, err);
    return rc ? rc : look(s, task, err);
}

/* Doubts one after another, until so many tasks have been looked at. */
static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct flow *f = ((struct doubt_work *)w)->flow;
    struct session s;
    struct doubt d;
    int64_t ids[PIECE];
    size_t n, looked = 0;
    int rc;
    arena_reset(&f->arena);
    flow_session_init(f, &s, NULL, lane_now(lane));
    for (int turn = 0; turn < DOUBTS_A_SLICE && looked < PIECE; turn++) {
        rc = next_doubt(s.db, &d, err);
        if (rc <= 0) return rc;
        rc = find_tasks(s.db, &d, ids, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            rc = look_one(f, &s, &d, ids[i], err);
        if (rc == 0) rc = settle(s.db, &d, n < PIECE, n ? ids[n - 1] : 0, err);
        if (rc < 0) return rc;
        looked += n;
    }
    return 0;
}

static void done_piece(struct lane_work *w, const struct err *failed)
{
    struct flow *f = ((struct doubt_work *)w)->flow;
    int64_t now = clock_now(&f->host->clock);
    if (failed) log_err(LOG_ERROR, "task.doubt", failed);
    f->doubts_queued = false;
    f->doubts_after = failed ? now + RETRY_MS : now;
    lane_wake_at(f->lane, &f->doubts_source, f->doubts_after);
    mem_free(w);
}

int flow_task_doubt(struct store *db, int64_t task, struct err *err)
{
    return run_sql(db, "insert or replace into flow_doubt(kind, name, unit) values(6, '', ?1)", task, 0, err);
}

/* --- dates that have come --- */

/* Bound: ?1 the last day that was looked at, ?2 today. */
static const char *const came_sql[] = {
    "insert or replace into flow_doubt(kind, name, unit) select 1, position, unit from position_held"
    " where valid_to > ?1 and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 3, '', person from position_held"
    " where valid_to > ?1 and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 2, r.role, 0 from position_held h join position_role r"
    " on r.position = h.position where h.valid_to > ?1 and h.valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 1, position, unit from position_held"
    " where valid_from > ?1 and valid_from <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 2, r.role, 0 from position_held h join position_role r"
    " on r.position = h.position where h.valid_from > ?1 and h.valid_from <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 2, role, 0 from role_held where valid_to > ?1"
    " and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 3, '', coalesce(person, 0) from role_held"
    " where valid_to > ?1 and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 2, role, 0 from role_held where valid_from > ?1"
    " and valid_from <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 3, '', to_person from delegation where valid_to > ?1"
    " and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 4, '', unit from unit_successor where day > ?1"
    " and day <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 7, '', body from body_member where valid_to > ?1"
    " and valid_to <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 7, '', body from body_member where valid_from > ?1"
    " and valid_from <= ?2"};

/* The next day on which something begins or ends; 0: none is known. */
static const char next_day_sql[] =
    "select min(d) from (select (select min(valid_to) from position_held where valid_to > ?1) d"
    " union all select (select min(valid_from) from position_held where valid_from > ?1)"
    " union all select (select min(valid_to) from role_held where valid_to > ?1)"
    " union all select (select min(valid_from) from role_held where valid_from > ?1)"
    " union all select (select min(valid_to) from delegation where valid_to > ?1)"
    " union all select (select min(valid_to) from body_member where valid_to > ?1)"
    " union all select (select min(valid_from) from body_member where valid_from > ?1)"
    " union all select (select min(day) from unit_successor where day > ?1))";

static int64_t get_int(struct store *db, const char *sql, int64_t arg, int64_t otherwise, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return otherwise;
    if (arg) stmt_bind_int(s, 1, arg);
    int64_t v = stmt_step(s, err) == 1 && !stmt_is_null(s, 0) ? stmt_int(s, 0) : otherwise;
    stmt_done(s);
    return v;
}

/* The instant at which a local day begins: a day's own arithmetic would be off by the zone. */
static int64_t start_of(struct flow *f, int64_t day, int64_t now)
{
    int64_t at = now + (day - people_day(f->host, now)) * DAY_MS, low = at - DAY_MS, high = at;
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        if (people_day(f->host, mid) >= day)
            high = mid;
        else
            low = mid;
    }
    return high;
}

static int look_at_day(struct flow *f, struct store *db, int64_t now, int64_t *next, struct err *err)
{
    int64_t today = people_day(f->host, now);
    int64_t last = get_int(db, "select day from flow_doubt_day", 0, today - 1, err);
    int rc = err->code;
    for (size_t i = 0; rc == 0 && last < today && i < sizeof(came_sql) / sizeof(came_sql[0]); i++)
        rc = run_sql(db, came_sql[i], last, today, err);
    if (rc == 0 && last != today)
        rc = run_sql(db, "insert or replace into flow_doubt_day(one, day) values(1, ?1)", today, 0, err);
    int64_t day = rc ? 0 : get_int(db, next_day_sql, today, 0, err);
    *next = day ? start_of(f, day, now) : INT64_MAX;
    return rc ? rc : err->code;
}

int64_t flow_doubts_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, doubts_source));
    struct err err = {0};
    struct doubt d;
    int64_t next;
    (void)max;
    int rc = look_at_day(f, lane_db(lane), now, &next, &err);
    if (rc == 0) rc = next_doubt(lane_db(lane), &d, &err);
    if (rc < 0) {
        log_err(LOG_ERROR, "task.doubt", &err);
        return now + 10000;
    }
    if (rc == 0) return next;
    if (f->doubts_queued) return next; /* done_piece asks again */
    if (f->doubts_after > now) return f->doubts_after < next ? f->doubts_after : next;
    f->doubts_queued = true;
    struct doubt_work *w = mem_alloc(sizeof(*w));
    *w = (struct doubt_work){.work = {.run = run_piece, .done = done_piece}, .flow = f};
    lane_add(lane, &w->work);
    return next;
}

int flow_before_commit(struct flow *f, struct store *db, struct err *err)
{
    struct stmt *s = f->lane ? store_stmt(db, "select 1 from flow_doubt limit 1", err) : NULL;
    if (!s) return f->lane ? err->code : 0;
    int rc = stmt_step(s, err);
    stmt_done(s);
    if (rc == 1 && !f->doubts_queued && f->doubts_after <= lane_now(f->lane))
        lane_wake_at(f->lane, &f->doubts_source, lane_now(f->lane));
    return rc < 0 ? rc : 0;
}
