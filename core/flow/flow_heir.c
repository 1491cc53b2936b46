/* Open tasks of a unit that has ended: who takes them over, and the report of it.
 *
 *     merged into one, or renamed     they are asked in that unit
 *     split, or gone into several     one about an item that has been given to a successor: there; else in all of them:
 *                                     who decides first has decided, and who knows better reassigns
 *     abolished, without a successor  nobody can decide them: flow_doubt.c asks those above
 *
 * A unit that goes on under its name after a split keeps its tasks. The log of each task says where it went, and those
 * who are asked now are told. A successor that has ended, too, hands on in its turn. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "content/content.h"
#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/crash.h"

enum { LISTED_MAX = 1000, LOG_MAX = 64 << 10 };

static int is_alive(struct store *db, int64_t unit, int64_t day, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select 1 from unit where id = ?1 and valid_from <= ?2 and (valid_to is null or valid_to > ?2)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* Its successors by today, as a list of ids. *parted: it was not taken over as a whole. */
static int find_heirs(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *heirs, bool *parted,
                      struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select successor, max(how in ('split', 'abolish')) from unit_successor where unit = ?1"
                                " and day <= ?2 group by successor order by successor",
                                err);
    int rc;
    *heirs = val_list();
    *parted = false;
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    while ((rc = stmt_step(s, err)) == 1) {
        *parted |= stmt_int(s, 1) != 0;
        bool is_other = stmt_int(s, 0) > 0 && stmt_int(s, 0) != unit;
        if (is_other && val_add(a, heirs, val_int(stmt_int(s, 0)))) {
            rc = too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

/* The item that the task is about may have been given to one of them. */
static int narrow(struct session *s, const struct flow_task *t, struct val *heirs, struct err *err)
{
    struct content_version v;
    struct err ignored = {0};
    if (!t->about) return 0;
    int rc = content_item_version(s->db, t->about, &v, &ignored);
    if (rc) return rc == ERR_NOT_FOUND ? 0 : err_set(err, rc, ignored.key, NULL);
    for (size_t i = 0; val_at(heirs, i); i++)
        if (val_at(heirs, i)->as.i == v.unit) {
            *heirs = val_list();
            return val_add(s->arena, heirs, val_int(v.unit)) ? too_large(err) : 0;
        }
    return 0;
}

static int run_on(struct store *db, const char *sql, int64_t task, int64_t unit, int64_t heir, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    stmt_bind_int(s, 2, unit);
    stmt_bind_int(s, 3, heir);
    return stmt_run(s, err);
}

/* "1 > 2, 3" */
static int log_it(struct session *s, int64_t task, int64_t unit, const struct val *heirs, struct err *err)
{
    struct buf b;
    buf_init(&b, LOG_MAX);
    buf_printf(&b, "%lld >", (long long)unit);
    for (size_t i = 0; val_at(heirs, i); i++)
        buf_printf(&b, "%s %lld", i ? "," : "", (long long)val_at(heirs, i)->as.i);
    char *text = buf_ok(&b) ? arena_strndup(s->arena, b.data, b.len) : NULL;
    buf_close(&b);
    return text ? flow_task_log(s, task, heirs->as.list.n > 1 ? "split" : "moved", 0, text, err) : too_large(err);
}

static int hand_on(struct session *s, const struct flow_task *t, int64_t unit, const struct val *heirs, struct err *err)
{
    static const char also[] =
        "insert into flow_task_target(task, n, person, position, role, unit, for_person, why, due, body)"
        " select ?1, (select max(n) from flow_task_target where task = ?1) + row_number() over (), person, position,"
        " role, ?3, for_person, why, due, body from flow_task_target where task = ?1 and unit = ?2";
    static const char instead[] = "update flow_task_target set unit = ?3 where task = ?1 and unit = ?2";
    int rc = 0;
    for (size_t i = 1; rc == 0 && val_at(heirs, i); i++)
        rc = run_on(s->db, also, t->id, unit, val_at(heirs, i)->as.i, err);
    if (rc == 0) rc = run_on(s->db, instead, t->id, unit, val_at(heirs, 0)->as.i, err);
    crash_point("people.tasks_handed");
    return rc ? rc : log_it(s, t->id, unit, heirs, err);
}

/* One that has ended, too, is looked at in its turn. */
static int go_on(struct session *s, const struct val *heirs, int64_t day, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(heirs, i); i++) {
        rc = is_alive(s->db, val_at(heirs, i)->as.i, day, err);
        if (rc != 0) {
            rc = rc < 0 ? rc : 0;
            continue;
        }
        struct stmt *st =
            store_stmt(s->db, "insert or replace into flow_doubt(kind, name, unit) values(4, '', ?1)", err);
        if (!st) return err->code;
        stmt_bind_int(st, 1, val_at(heirs, i)->as.i);
        rc = stmt_run(st, err);
    }
    return rc;
}

int flow_task_inherit(struct session *s, int64_t task, int64_t unit, struct err *err)
{
    int64_t day = people_day(s->host, s->now);
    struct flow_task t;
    struct val heirs;
    bool parted;
    int rc = find_heirs(s->db, unit, day, s->arena, &heirs, &parted, err);
    if (rc || heirs.as.list.n == 0) return rc;
    rc = parted || heirs.as.list.n > 1 ? is_alive(s->db, unit, day, err) : 0;
    if (rc) return rc < 0 ? rc : 0;
    rc = flow_task_load(s->db, task, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN) return rc < 0 ? rc : 0;
    rc = narrow(s, &t, &heirs, err);
    if (rc == 0) rc = hand_on(s, &t, unit, &heirs, err);
    if (rc == 0) rc = go_on(s, &heirs, day, err);
    struct flow_task now; /* with those who are asked now */
    if (rc == 0) rc = flow_task_load(s->db, task, s->arena, &now, err);
    return rc == 1 ? flow_task_tell(s, &now, "task.reassigned", err) : rc;
}

int flow_task_inherit_all(struct session *s, int64_t task, struct err *err)
{
    struct flow_task t;
    int64_t day = people_day(s->host, s->now);
    int rc = flow_task_load(s->db, task, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN) return rc < 0 ? rc : 0;
    rc = 0;
    for (size_t i = 0; rc == 0 && val_at(&t.targets, i); i++) {
        int64_t unit = val_get_int(val_at(&t.targets, i), "unit", 0);
        int alive = unit ? is_alive(s->db, unit, day, err) : 1;
        if (alive <= 0) rc = alive < 0 ? alive : flow_task_inherit(s, task, unit, err);
    }
    return rc;
}

/* --- the report --- */

static int add_task(struct session *s, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct flow_task t;
    struct val one = val_map();
    int rc = flow_task_load(s->db, id, a, &t, err);
    if (rc <= 0) return rc;
    rc = flow_task_can_anybody(s, &t.targets, err);
    if (rc < 0) return rc;
    bool can = rc == 1;
    rc = val_set(a, &one, "id", val_int(id)) | val_set(a, &one, "run", val_int(t.run)) |
         val_set(a, &one, "title", val_str(t.title)) | val_set(a, &one, "open", val_bool(t.state == TASK_OPEN));
    if (t.due && t.due != INT64_MAX) rc |= val_set(a, &one, "due", val_int(t.due));
    if (t.about) rc |= val_set(a, &one, "about", val_int(t.about));
    if (t.state == TASK_OPEN) rc |= val_set(a, &one, "to", t.targets) | val_set(a, &one, "anybody", val_bool(can));
    return rc || val_add(a, out, one) ? too_large(err) : 0;
}

/* *more: there are more of them than are listed. */
static int add_tasks(struct session *s, const char *sql, int64_t unit, struct arena *a, struct val *out, bool *more,
                     struct err *err)
{
    char from[32], until[32];
    struct stmt *st = store_stmt(s->db, sql, err);
    int rc;
    *out = val_list();
    if (!st) return err->code;
    snprintf(from, sizeof(from), "%lld > ", (long long)unit);
    snprintf(until, sizeof(until), "%lld >!", (long long)unit);
    stmt_bind_int(st, 1, unit);
    if (stmt_bind_count(st) > 1) stmt_bind_str(st, 2, from);
    if (stmt_bind_count(st) > 2) stmt_bind_str(st, 3, until);
    while ((rc = stmt_step(st, err)) == 1) {
        if (out->as.list.n == LISTED_MAX) {
            *more = true;
            rc = 0;
            break;
        }
        rc = add_task(s, stmt_int(st, 0), a, out, err);
        if (rc) break;
    }
    stmt_done(st);
    return rc;
}

static int add_heirs(struct session *s, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct val list = val_list();
    struct val heirs;
    bool parted;
    int rc = find_heirs(s->db, unit, day, a, &heirs, &parted, err);
    for (size_t i = 0; rc == 0 && val_at(&heirs, i); i++) {
        struct val one;
        rc = people_unit_get(s->db, val_at(&heirs, i)->as.i, day, a, &one, err);
        if (rc >= 0) rc = rc == 1 && val_add(a, &list, one) ? too_large(err) : 0;
    }
    return rc ? rc : val_set(a, out, "successors", list) ? too_large(err) : 0;
}

int flow_unit_handover(struct session *s, int64_t unit, struct arena *a, struct val *out, struct err *err)
{
    static const char asked[] = "select distinct task from flow_task_target where unit = ?1 order by task limit 1001";
    static const char gone[] = "select distinct task from flow_task_log where kind in ('moved', 'split') and ?1 and"
                               " text >= ?2 and text < ?3 order by task limit 1001";
    int64_t day = people_day(s->host, s->now);
    struct val who, tasks, moved;
    bool more = false;
    int rc = people_unit_get(s->db, unit, day, a, &who, err);
    if (rc < 0) return rc;
    *out = val_map();
    if (val_set(a, out, "unit", rc == 1 ? who : val_int(unit))) return too_large(err);
    rc = is_alive(s->db, unit, day, err);
    if (rc < 0) return rc;
    if (val_set(a, out, "ended", val_bool(rc == 0))) return too_large(err);
    rc = add_heirs(s, unit, day, a, out, err);
    if (rc == 0) rc = add_tasks(s, asked, unit, a, &tasks, &more, err);
    if (rc == 0) rc = add_tasks(s, gone, unit, a, &moved, &more, err);
    if (rc) return rc;
    rc = val_set(a, out, "tasks", tasks) | val_set(a, out, "moved", moved);
    if (more) rc |= val_set(a, out, "more", val_bool(true));
    return rc ? too_large(err) : 0;
}
