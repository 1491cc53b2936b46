/* What nobody looks after, and what somebody leaves behind. */
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"

enum { LIST_MAX = 1000 };

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

static int say_why(struct session *s, const struct flow_task *t, struct val *out)
{
    const char *text = t->orphan_why ? locale_text(s->lang, t->orphan_why) : NULL;
    return text ? val_set(s->arena, out, "reason", val_str(text)) : 0;
}

/* The unit above those it is asked in: who looks after it there. */
static int above_of(struct session *s, const struct flow_task *t, int64_t *above, struct err *err)
{
    *above = 0;
    for (size_t i = 0; val_at(&t->targets, i); i++) {
        int64_t unit = val_get_int(val_at(&t->targets, i), "unit", 0);
        if (unit) return people_parent(s->db, unit, people_day(s->host, s->now), above, err);
    }
    return 0;
}

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_FILTER, "t.id"},
                                             {"orphan", FIELD_INSTANT, LIST_RANGE | LIST_SORT, "t.orphan"},
                                             {"reason", FIELD_TEXT, LIST_SHOWN},
                                             {"above", FIELD_INTEGER, LIST_SHOWN},
                                             {"due", FIELD_INSTANT, LIST_SHOWN},
                                             {"about", FIELD_INTEGER, LIST_SHOWN},
                                             FLOW_TASK_COLUMNS,
                                             {0}};
const struct list flow_orphan_list = {.name = "orphans",
                                      .order = "orphan",
                                      .key = "id",
                                      .columns = columns,
                                      .from = "flow_task t",
                                      .where = "t.orphan is not null and t.state = 0",
                                      .select = "t.id"};

static int show_orphan(void *ctx, struct stmt *st, struct arena *a, struct val *row, struct err *err)
{
    struct session *s = ctx;
    struct flow_task t;
    int64_t above = 0;
    int rc = flow_task_load(s->db, stmt_int(st, 0), a, &t, err);
    if (rc == 1) rc = flow_task_show(s, s->db, &t, a, row, err);
    if (rc == 0) rc = above_of(s, &t, &above, err);
    if (rc < 0) return rc;
    rc = say_why(s, &t, row) | (above ? val_set(a, row, "above", val_int(above)) : 0);
    return rc ? too_large(err) : 0;
}

int flow_orphans(struct session *s, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                 struct err *err)
{
    struct list_rows how = {.read = show_orphan, .ctx = s};
    return list_find(s->db, q, &how, a, out, next, err);
}

/* Would anybody but this person be able to decide it? */
static int has_other(struct session *s, int64_t task, int64_t person, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db,
        "select 1 from flow_task_target g join position_held h on h.position = g.position and h.unit = g.unit"
        " where g.task = ?1 and h.person <> ?3 and h.valid_from <= ?2 and (h.valid_to is null or h.valid_to > ?2)"
        " and " PEOPLE_CAN_ENTER(
            "h.person") " union all select 1 from flow_task_target g where g.task = ?1 and g.person <> ?3 and "
                        "g.for_person is null"
                        " and " PEOPLE_CAN_ENTER(
                            "g.person") " union all select 1 from flow_task_target g join body_member h on h.body = "
                                        "g.body where g.task = ?1 and"
                                        " h.person <> ?3 and h.valid_from <= ?2 and (h.valid_to is null or h.valid_to "
                                        "> ?2)"
                                        " and " PEOPLE_CAN_ENTER(
                                            "h.person") " union all select 1 from flow_task_target g join role_held h "
                                                        "on h.role = g.role where g.task = ?1 and"
                                                        " h.person <> ?3 and (h.unit is null or h.unit = g.unit) and "
                                                        "h.valid_from <= ?2 and (h.valid_to is null or"
                                                        " h.valid_to > ?2) and " PEOPLE_CAN_ENTER(
                                                            "h.person") " limit 1",
        err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, people_day(s->host, s->now));
    stmt_bind_int(st, 3, person);
    int rc = stmt_step(st, err);
    stmt_done(st);
    return rc;
}

static int add_tasks(struct session *s, int64_t person, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct inbox_query q = {.person = person, .day = day, .limit = LIST_MAX};
    struct val page, tasks = val_list();
    int rc = flow_inbox(s, &q, a, &page, err);
    if (rc) return rc;
    const struct val *found = val_get(&page, "tasks");
    for (size_t i = 0; val_at(found, i); i++) {
        struct val one = *val_at(found, i);
        int other = has_other(s, val_get_int(&one, "id", 0), person, err);
        if (other < 0) return other;
        if (val_set(a, &one, "others", val_bool(other == 1)) || val_add(a, &tasks, one)) return too_large(err);
    }
    if (val_get(&page, "next") && val_set(a, out, "more", val_bool(true))) return too_large(err);
    return val_set(a, out, "tasks", tasks) ? too_large(err) : 0;
}

/* Rows of (name, value) columns as a list of maps. */
static int add_rows(struct session *s, const char *sql, const int64_t args[2], const char *name, struct arena *a,
                    struct val *out, struct err *err)
{
    struct stmt *st = store_stmt(s->db, sql, err);
    struct val list = val_list();
    int rc;
    if (!st) return err->code;
    stmt_bind_int(st, 1, args[0]);
    if (strstr(sql, "?2")) stmt_bind_int(st, 2, args[1]);
    while ((rc = stmt_step(st, err)) == 1) {
        struct val row = val_map();
        int failed = 0;
        for (int i = 0; i < stmt_columns(st); i++) {
            size_t len;
            if (stmt_is_null(st, i)) continue;
            const char *text = stmt_type(st, i) == STORE_TEXT ? stmt_text(st, i, &len) : NULL;
            const char *key = arena_strdup(a, stmt_column_name(st, i)), *copy = text ? arena_strndup(a, text, len) : "";
            failed |= !key || !copy || val_set(a, &row, key, text ? val_str(copy) : val_int(stmt_int(st, i)));
        }
        if (failed || val_add(a, &list, row)) rc = too_large(err);
        if (rc < 0) break;
    }
    stmt_done(st);
    if (rc == 0 && list.as.list.n > LIST_MAX) {
        list.as.list.n = LIST_MAX;
        rc = val_set(a, out, "more", val_bool(true)) ? too_large(err) : 0;
    }
    if (rc == 0 && val_set(a, out, name, list)) rc = too_large(err);
    return rc;
}

#define DAY(day) "date((" day ") * 86400, 'unixepoch')"

int flow_handover(struct session *s, int64_t person, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    static const char runs[] = "select r.id, n.plugin || '.' || n.name as flow, r.bid as business_id from flow_run r"
                               " join flow_name n on n.id = r.name where r.person = ?1 and r.ended is null"
                               " order by r.id limit 1001";
    static const char claims[] = "select id, title from flow_task where claimed_by = ?1 and state = 0 order by id"
                                 " limit 1001";
    static const char delegations[] =
        "select d.id, f.code as 'from', t.code as 'to', d.position, d.role, u.code as unit, " DAY(
            "d.valid_from") " as since, " DAY("d.valid_to - 1") " as until, d.act from delegation d join person f on "
                                                                "f.id = d.from_person"
                                                                " join person t on t.id = d.to_person left join unit u "
                                                                "on u.id = d.unit"
                                                                " where (d.from_person = ?1 or d.to_person = ?1) and "
                                                                "d.valid_to > ?2 order by d.id limit 1001";
    static const char positions[] = "select h.position, u.code as unit, " DAY("h.valid_from") " as since, " DAY(
        "h.valid_to - 1") " as until"
                          " from position_held h join unit u on u.id = h.unit where h.person = ?1 and h.valid_from <= "
                          "?2 and"
                          " (h.valid_to is null or h.valid_to > ?2)";
    struct val who;
    struct err_num n;
    int rc = people_person_get(s->db, person, a, &who, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "people.no_person", "code", err_i64(&n, person), NULL);
    const int64_t args[] = {person, day ? day : people_day(s->host, s->now)};
    *out = val_map();
    if (val_set(a, out, "person", who)) return too_large(err);
    rc = add_tasks(s, person, day, a, out, err);
    if (rc == 0) rc = add_rows(s, claims, args, "claimed", a, out, err);
    if (rc == 0) rc = add_rows(s, runs, args, "runs", a, out, err);
    if (rc == 0) rc = add_rows(s, positions, args, "positions", a, out, err);
    return rc ? rc : add_rows(s, delegations, args, "delegations", a, out, err);
}
