/* Each human counts once where k of n are needed, or any: who has answered one of the tasks of such a wait, for
 * themself or for another, answers no other of them, and nobody does in the place of one who has. Two persons of one
 * e-mail address may be one human, and count as one (people_alike.c). Where all are needed each place speaks for
 * itself. */
#include "flow/flow_task.h"
#include "people/people.h"

/* Bound: ?1 the run, ?2 its wait. */
#define BESIDE                                                                                                         \
    " from flow_task_group g join flow_task d on d.run = g.run and d.entry = g.entry"                                  \
    " where g.run = ?1 and g.entry = ?2 and g.once = 1"

/* clang-format off */
static const char said_sql[] =
    "with who(id) as (" PEOPLE_ALIKE("?4") ")"
    " select coalesce(d.decided_by, 0) = ?4 or coalesce(d.decided_for, 0) = ?4" BESIDE
    " and d.state = 1 and d.id <> ?3 and (d.decided_by in who or d.decided_for in who) order by 1 desc limit 1";
/* clang-format on */

static int check(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    struct err_num n;
    struct stmt *st = person > 0 ? store_stmt(s->db, said_sql, err) : NULL;
    if (!st) return person > 0 ? err->code : 0;
    stmt_bind_int(st, 1, t->run);
    stmt_bind_int(st, 2, t->entry);
    stmt_bind_int(st, 3, t->id);
    stmt_bind_int(st, 4, person);
    int rc = stmt_step(st, err);
    bool self = rc == 1 && stmt_int(st, 0);
    stmt_done(st);
    if (rc <= 0) return rc;
    return err_set(err, ERR_DENIED, self ? "denied.once" : "denied.once_mail", "task", err_i64(&n, t->id), NULL);
}

int flow_task_once(struct session *s, const struct flow_task *t, int64_t person, int64_t on_behalf_of, struct err *err)
{
    if (t->kind == TASK_BALLOT) return 0;
    int rc = check(s, t, person, err);
    return rc ? rc : check(s, t, on_behalf_of, err);
}

int flow_task_is_once(struct store *db, const struct flow_task *t, struct err *err)
{
    return store_has(db, "select 1" BESIDE " and d.state = 1 limit 1", t->run, t->entry, err);
}

int flow_task_once_doubt(struct store *db, const struct flow_task *t, int64_t by, int64_t on_behalf_of, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert or replace into flow_doubt(kind, name, unit) select distinct 6, '', d.id" BESIDE
                                " and d.state = 0 and exists(select 1 from flow_task_target x where x.task = d.id and"
                                " (x.person is null or x.person in (?3, ?4)))",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, t->run);
    stmt_bind_int(s, 2, t->entry);
    stmt_bind_int(s, 3, by);
    stmt_bind_int(s, 4, on_behalf_of);
    return stmt_run(s, err);
}
