/* What happened to a task and was said about it. */
#include "flow/flow_task.h"
#include "flow/task.h"

int flow_task_log(struct session *s, int64_t task, const char *kind, int64_t for_person, const char *text,
                  struct err *err)
{
    struct stmt *st = store_stmt(
        s->db, "insert into flow_task_log(task, at, kind, person, for_person, text) values(?1,?2,?3,?4,?5,?6)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, s->now);
    stmt_bind_str(st, 3, kind);
    if (s->actor.person) stmt_bind_int(st, 4, s->actor.person);
    if (for_person) stmt_bind_int(st, 5, for_person);
    stmt_bind_str(st, 6, text);
    return stmt_run(st, err);
}

static int read_line(struct stmt *s, struct arena *a, struct val *out)
{
    size_t len;
    const char *kind = stmt_text(s, 1, &len);
    char *copy = arena_strndup(a, kind, len);
    *out = val_map();
    int rc = copy ? val_set(a, out, "kind", val_str(copy)) : ERR_NOMEM;
    rc |= val_set(a, out, "at", val_int(stmt_int(s, 0)));
    if (!stmt_is_null(s, 2)) rc |= val_set(a, out, "by", val_int(stmt_int(s, 2)));
    if (!stmt_is_null(s, 3)) rc |= val_set(a, out, "person", val_int(stmt_int(s, 3)));
    const char *text = stmt_text(s, 4, &len);
    copy = text ? arena_strndup(a, text, len) : NULL;
    return copy ? rc | val_set(a, out, "text", val_strn(copy, len)) : rc;
}

int flow_task_log_read(struct store *db, int64_t task, const char *kind, struct arena *a, struct val *out,
                       struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select at, kind, person, for_person, text from flow_task_log where task = ?1"
                                " and (?2 is null or kind = ?2) order by id limit 500",
                                err);
    int rc;
    *out = val_list();
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    stmt_bind_str(s, 2, kind);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val line;
        if (read_line(s, a, &line) == 0 && val_add(a, out, line) == 0) continue;
        rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        break;
    }
    stmt_done(s);
    return rc;
}

int flow_task_history(struct session *s, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    return flow_task_log_read(s->db, task, NULL, a, out, err);
}
