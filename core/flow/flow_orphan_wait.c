/* What an orphan waits for of which nobody could be asked instead: a doubt (flow_doubt.c) about the position in a unit
 * above, about where such a unit stands, or about those whom the flow named. A row has the key of that doubt, so that
 * who comes in there makes it be looked at, and an orphan that waits costs nothing. Its rows go with the mark, by a
 * trigger. */
#include "flow/flow_task.h"
#include "people/people.h"
#include "runtime/crash.h"

/* Bound: ?1 the task, ?2 a unit, ?3 a position or NULL, ?4 today. */
static const char way_up_sql[] =
    "insert or ignore into flow_orphan_wait(kind, name, unit, task) with recursive up(id, n) as (select ?2, 0 union all"
    " select p.parent, up.n + 1 from up join unit_parent p on p.unit = up.id where p.valid_from <= ?4 and (p.valid_to"
    " is null or p.valid_to > ?4) and up.n < 32) select 1, ?3, id, ?1 from up where ?3 is not null union all"
    " select 9, '', id, ?1 from up";

/* Bound: ?1 the task, ?2 the kind of the doubt, ?3 its name, ?4 its unit. */
static const char one_sql[] = "insert or ignore into flow_orphan_wait(kind, name, unit, task) values(?2, ?3, ?4, ?1)";

int flow_orphan_wait_above(struct session *s, int64_t task, const char *position, int64_t unit, struct err *err)
{
    struct stmt *st = unit ? store_stmt(s->db, way_up_sql, err) : NULL;
    if (!st) return unit ? err->code : 0;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, unit);
    if (position) stmt_bind_str(st, 3, position);
    stmt_bind_int(st, 4, people_day(s->host, s->now));
    return stmt_run(st, err);
}

static int add(struct session *s, int64_t task, enum doubt_kind kind, const char *name, int64_t unit, struct err *err)
{
    struct stmt *st = store_stmt(s->db, one_sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, kind);
    stmt_bind_str(st, 3, name);
    stmt_bind_int(st, 4, unit);
    return stmt_run(st, err);
}

int flow_orphan_wait_for(struct session *s, int64_t task, const struct val *target, struct err *err)
{
    const char *position = val_cstr(s->arena, val_get(target, "position"));
    const char *role = val_cstr(s->arena, val_get(target, "role"));
    int64_t person = val_get_int(target, "person", 0), body = val_get_int(target, "body", 0);
    int64_t unit = val_get_int(target, "unit", 0);
    if (person) return add(s, task, DOUBT_PERSON, "", person, err);
    if (body) return add(s, task, DOUBT_BODY, "", body, err);
    if (position) return add(s, task, DOUBT_POSITION, position, unit, err);
    int rc = role ? add(s, task, DOUBT_ROLE, role, 0, err) : 0;
    return rc ? rc : flow_orphan_wait_above(s, task, NULL, unit, err);
}

int flow_orphan_wait_end(struct store *db, int64_t task, struct err *err)
{
    return store_run(db, "delete from flow_orphan_wait where task = ?1", task, 0, err);
}
