/* Who can decide an open task may change: somebody leaves, an account is closed, units are merged, a calendar is
 * announced. Triggers on those tables note what is in doubt, whoever changes them; dates that begin or end something
 * are found by index when their day comes. So this costs nothing while nothing changes. Each doubt is looked at in
 * pieces, as a lane slice, within the second:
 *
 *     a unit that ended                    its tasks go to those that took over (flow_heir.c)
 *     a task nobody can decide             marked as an orphan with its reason, task.orphaned, asked of those above
 *     one above whom somebody comes in     asked of them, and told, as one that is new (flow_orphan_wait.c)
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
    if (rc == 0) rc = store_run(s->db, "update flow_task_target set due = ?2 where task = ?1", id, t.due, err);
    if (rc == 0 && was != t.due) rc = flow_task_log(s, id, "due", 0, NULL, err);
    if (rc == 0) lane_wake_at(f->lane, &f->tasks_source, t.due);
    return rc;
}

/* --- what is in doubt --- */

/* Bound: ?1 the name, ?2 the unit or person, ?3 after which task, ?4 how many. Orphans that wait for it come, too
 * (flow_orphan_wait.c). */
#define WAITS(kind, name, unit)                                                                                        \
    " select task from flow_orphan_wait where kind = " kind " and name = " name " and unit = " unit " and task > ?3"   \
    " order by 1 limit ?4"
static const char *const tasks_sql[] = {
    [DOUBT_POSITION] = "select distinct task from flow_task_target where position = ?1 and unit = ?2 and task > ?3"
                       " union" WAITS("1", "?1", "?2"),
    [DOUBT_ROLE] = "select distinct task from flow_task_target indexed by flow_task_role_all where role = ?1"
                   " and task > ?3 union" WAITS("2", "?1", "0"),
    [DOUBT_PERSON] = "select task from flow_task_target where person = ?2 and task > ?3 union select id from flow_task"
                     " where claimed_by = ?2 and id > ?3 union" WAITS("3", "''", "?2"),
    [DOUBT_UNIT] = "select distinct task from flow_task_target where unit = ?2 and task > ?3 order by task limit ?4",
    [DOUBT_CALENDAR] = "select id from flow_task where term is not null and state = 0 and id > ?3 order by id limit"
                       " ?4",
    [DOUBT_TASK] = "select id from flow_task where id = ?2 and id > ?3 limit ?4",
    [DOUBT_BODY] =
        "select distinct task from flow_task_target where body = ?2 and task > ?3 union" WAITS("7", "''", "?2"),
    [DOUBT_PLACE] = WAITS("9", "''", "?2")};

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

/* Whether a person can come in: in doubt is what is asked of them, and of what they hold or will hold. Bound: ?1 the
 * person, ?2 today. */
static const char *const entry_sql[] = {
    "insert or replace into flow_doubt(kind, name, unit) values(3, '', ?1)",
    "insert or replace into flow_doubt(kind, name, unit) select 1, position, unit from position_held where person = ?1"
    " and (valid_to is null or valid_to > ?2)",
    "insert or replace into flow_doubt(kind, name, unit) select 2, r.role, 0 from position_held h join position_role r"
    " on r.position = h.position where h.person = ?1 and (h.valid_to is null or h.valid_to > ?2)",
    "insert or replace into flow_doubt(kind, name, unit) select 2, role, 0 from role_held where person = ?1"
    " and (valid_to is null or valid_to > ?2)",
    "insert or replace into flow_doubt(kind, name, unit) select 7, '', body from body_member where person = ?1"
    " and (valid_to is null or valid_to > ?2)"};

static int spread(struct flow *f, struct session *s, const struct doubt *d, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(entry_sql) / sizeof(entry_sql[0]); i++)
        rc = store_run(s->db, entry_sql[i], d->unit, people_day(f->host, s->now), err);
    crash_point("task.entry_doubted");
    return rc ? rc : settle(s->db, d, true, 0, err);
}

/* A unit stands elsewhere: who has a role above it, and above those below it, has it there. Bound: ?1 the unit, ?2
 * today. */
static const char place_sql[] =
    "insert or replace into flow_doubt(kind, name, unit) with recursive down(id) as (select ?1 union select p.unit from"
    " down join unit_parent p on p.parent = down.id where p.valid_from <= ?2 and (p.valid_to is null or p.valid_to >"
    " ?2)) select 4, '', id from down where exists (select 1 from flow_task_target where unit = id and role is not"
    " null)";

static int look_one(struct flow *f, struct session *s, const struct doubt *d, int64_t task, struct err *err)
{
    int rc = 0;
    arena_reset(&f->arena);
    if (d->kind == DOUBT_CALENDAR) return count_again(f, s, task, err);
    if (d->kind == DOUBT_UNIT) rc = flow_task_inherit(s, task, d->unit, err);
    if (d->kind == DOUBT_TASK) rc = flow_task_inherit_all(s, task, err);
    return rc ? rc : flow_task_look(s, task, err);
}

/* Doubts one after another, until so many tasks have been looked at, or what hangs on so many persons or units. */
static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct flow *f = ((struct doubt_work *)w)->flow;
    struct session s;
    struct doubt d;
    int64_t ids[PIECE];
    size_t n = 0, looked = 0;
    int rc;
    arena_reset(&f->arena);
    flow_session_init(f, &s, NULL, lane_now(lane));
    for (int turn = 0; turn < DOUBTS_A_SLICE && looked < PIECE; turn++) {
        rc = next_doubt(s.db, &d, err);
        if (rc <= 0) return rc;
        if (d.kind == DOUBT_ENTRY) {
            rc = spread(f, &s, &d, err);
            if (rc) return rc;
            looked++;
            continue;
        }
        bool moved = d.kind == DOUBT_PLACE && !d.after;
        rc = moved ? store_run(s.db, place_sql, d.unit, people_day(f->host, s.now), err) : 0;
        if (rc == 0) rc = find_tasks(s.db, &d, ids, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            rc = look_one(f, &s, &d, ids[i], err);
        if (rc == 0) rc = settle(s.db, &d, n < PIECE, n ? ids[n - 1] : 0, err);
        if (rc < 0) return rc;
        looked += n + moved;
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
    return store_run(db, "insert or replace into flow_doubt(kind, name, unit) values(6, '', ?1)", task, 0, err);
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
    "insert or replace into flow_doubt(kind, name, unit) select 9, '', unit from unit_parent where valid_from > ?1"
    " and valid_from <= ?2",
    "insert or replace into flow_doubt(kind, name, unit) select 9, '', unit from unit_parent where valid_to > ?1"
    " and valid_to <= ?2",
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
    "insert or replace into flow_doubt(kind, name, unit) select 8, '', d.from_person from delegation d where d.valid_to"
    " > ?1 and d.valid_to <= ?2 and not " PEOPLE_CAN_ENTER("d.from_person"),
    "insert or replace into flow_doubt(kind, name, unit) select 8, '', d.from_person from delegation d where"
    " d.valid_from > ?1 and d.valid_from <= ?2 and not " PEOPLE_CAN_ENTER("d.from_person"),
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
    " union all select (select min(valid_from) from delegation where valid_from > ?1)"
    " union all select (select min(valid_to) from body_member where valid_to > ?1)"
    " union all select (select min(valid_from) from body_member where valid_from > ?1)"
    " union all select (select min(valid_to) from unit_parent where valid_to > ?1)"
    " union all select (select min(valid_from) from unit_parent where valid_from > ?1)"
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
        rc = store_run(db, came_sql[i], last, today, err);
    if (rc == 0 && last != today)
        rc = store_run(db, "insert or replace into flow_doubt_day(one, day) values(1, ?1)", today, 0, err);
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
