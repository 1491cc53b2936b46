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

#include "content/content.h"
#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/crash.h"

enum { HEIRS_MAX = 64, LIST_MAX = 1000 };

struct heirs {
    int64_t of[HEIRS_MAX];
    size_t n;
};

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

/* Its successors by today. *parted: it was not taken over as a whole. */
static int find_heirs(struct store *db, int64_t unit, int64_t day, struct heirs *h, bool *parted, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select successor, max(how in ('split', 'abolish')) from unit_successor where unit = ?1"
                                " and day <= ?2 group by successor order by successor",
                                err);
    int rc;
    h->n = 0;
    *parted = false;
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    while ((rc = stmt_step(s, err)) == 1) {
        *parted |= stmt_int(s, 1) != 0;
        if (stmt_int(s, 0) > 0 && stmt_int(s, 0) != unit && h->n < HEIRS_MAX) h->of[h->n++] = stmt_int(s, 0);
    }
    stmt_done(s);
    return rc;
}

/* The item that the task is about may have been given to one of them. */
static int narrow(struct session *s, const struct flow_task *t, struct heirs *h, struct err *err)
{
    struct content_version v;
    struct err ignored = {0};
    if (!t->about) return 0;
    int rc = content_item_version(s->db, t->about, &v, &ignored);
    if (rc) return rc == ERR_NOT_FOUND ? 0 : err_set(err, rc, ignored.key, NULL);
    for (size_t i = 0; i < h->n; i++)
        if (h->of[i] == v.unit) {
            h->of[0] = v.unit;
            h->n = 1;
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

static int hand_on(struct session *s, const struct flow_task *t, int64_t unit, const struct heirs *h, struct err *err)
{
    static const char also[] =
        "insert into flow_task_target(task, n, person, position, role, unit, for_person, why, due, body)"
        " select ?1, (select max(n) from flow_task_target where task = ?1) + row_number() over (), person, position,"
        " role, ?3, for_person, why, due, body from flow_task_target where task = ?1 and unit = ?2";
    char text[400];
    int rc = 0, at = snprintf(text, sizeof(text), "%lld >", (long long)unit);
    for (size_t i = 1; rc == 0 && i < h->n; i++)
        rc = run_on(s->db, also, t->id, unit, h->of[i], err);
    if (rc == 0)
        rc = run_on(s->db, "update flow_task_target set unit = ?3 where task = ?1 and unit = ?2", t->id, unit, h->of[0],
                    err);
    for (size_t i = 0; i < h->n && at < (int)sizeof(text) - 24; i++)
        at += snprintf(text + at, sizeof(text) - (size_t)at, "%s %lld", i ? "," : "", (long long)h->of[i]);
    crash_point("people.tasks_handed");
    return rc ? rc : flow_task_log(s, t->id, h->n > 1 ? "split" : "moved", 0, text, err);
}

/* One that has ended, too, is looked at in its turn. */
static int go_on(struct session *s, const struct heirs *h, int64_t day, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < h->n; i++) {
        rc = is_alive(s->db, h->of[i], day, err);
        if (rc != 0) {
            rc = rc < 0 ? rc : 0;
            continue;
        }
        struct stmt *st =
            store_stmt(s->db, "insert or replace into flow_doubt(kind, name, unit) values(4, '', ?1)", err);
        if (!st) return err->code;
        stmt_bind_int(st, 1, h->of[i]);
        rc = stmt_run(st, err);
    }
    return rc;
}

int flow_task_inherit(struct session *s, int64_t task, int64_t unit, struct err *err)
{
    int64_t day = people_day(s->host, s->now);
    struct flow_task t;
    struct heirs h;
    bool parted;
    int rc = find_heirs(s->db, unit, day, &h, &parted, err);
    if (rc || h.n == 0) return rc;
    rc = parted || h.n > 1 ? is_alive(s->db, unit, day, err) : 0;
    if (rc) return rc < 0 ? rc : 0;
    rc = flow_task_load(s->db, task, s->arena, &t, err);
    if (rc <= 0 || t.state != TASK_OPEN) return rc < 0 ? rc : 0;
    rc = narrow(s, &t, &h, err);
    if (rc == 0) rc = hand_on(s, &t, unit, &h, err);
    if (rc == 0) rc = go_on(s, &h, day, err);
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

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

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

static int add_tasks(struct session *s, const char *sql, int64_t unit, struct arena *a, struct val *out,
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
        rc = add_task(s, stmt_int(st, 0), a, out, err);
        if (rc) break;
    }
    stmt_done(st);
    return rc;
}

static int add_heirs(struct session *s, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct val list = val_list();
    struct heirs h;
    bool parted;
    int rc = find_heirs(s->db, unit, day, &h, &parted, err);
    for (size_t i = 0; rc == 0 && i < h.n; i++) {
        struct val one;
        rc = people_unit_get(s->db, h.of[i], day, a, &one, err);
        if (rc >= 0) rc = rc == 1 && val_add(a, &list, one) ? too_large(err) : 0;
    }
    return rc ? rc : val_set(a, out, "successors", list) ? too_large(err) : 0;
}

int flow_unit_handover(struct session *s, int64_t unit, struct arena *a, struct val *out, struct err *err)
{
    static const char asked[] = "select distinct task from flow_task_target where unit = ?1 order by task limit 1000";
    static const char gone[] = "select distinct task from flow_task_log where kind in ('moved', 'split') and ?1 and"
                               " text >= ?2 and text < ?3 order by task limit 1000";
    int64_t day = people_day(s->host, s->now);
    struct val who, tasks, moved;
    int rc = people_unit_get(s->db, unit, day, a, &who, err);
    if (rc < 0) return rc;
    *out = val_map();
    if (val_set(a, out, "unit", rc == 1 ? who : val_int(unit))) return too_large(err);
    rc = is_alive(s->db, unit, day, err);
    if (rc < 0) return rc;
    if (val_set(a, out, "ended", val_bool(rc == 0))) return too_large(err);
    rc = add_heirs(s, unit, day, a, out, err);
    if (rc == 0) rc = add_tasks(s, asked, unit, a, &tasks, err);
    if (rc == 0) rc = add_tasks(s, gone, unit, a, &moved, err);
    return rc ? rc : val_set(a, out, "tasks", tasks) || val_set(a, out, "moved", moved) ? too_large(err) : 0;
}
