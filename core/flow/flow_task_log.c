/* What happened to a task, was said about it and attached to it. */
#include "base/json.h"
#include "flow/flow_task.h"
#include "flow/task.h"

enum { FILES_JSON = 256 << 10 };

static int add(struct session *s, int64_t task, const char *kind, int64_t for_person, const char *text,
               const struct buf *files, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db,
        "insert into flow_task_log(task, at, kind, person, for_person, text, files) values(?1,?2,?3,?4,?5,?6,?7)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, s->now);
    stmt_bind_str(st, 3, kind);
    if (s->actor.person) stmt_bind_int(st, 4, s->actor.person);
    if (for_person) stmt_bind_int(st, 5, for_person);
    stmt_bind_str(st, 6, text);
    if (files) stmt_bind_text(st, 7, files->data, files->len);
    return stmt_run(st, err);
}

int flow_task_log(struct session *s, int64_t task, const char *kind, int64_t for_person, const char *text,
                  struct err *err)
{
    return add(s, task, kind, for_person, text, NULL, err);
}

int flow_task_log_files(struct session *s, int64_t task, const char *kind, const char *text, const struct val *files,
                        struct err *err)
{
    struct buf json;
    if (files->type == VAL_NIL) return flow_task_log(s, task, kind, 0, text, err);
    buf_init(&json, FILES_JSON);
    json_write(&json, files);
    int rc = buf_ok(&json) ? add(s, task, kind, 0, text, &json, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&json);
    return rc;
}

static int read_files(struct stmt *s, struct arena *a, struct val *line)
{
    struct val files;
    struct err ignored;
    size_t len;
    const char *json = stmt_text(s, 5, &len);
    if (!json) return 0;
    int rc = json_parse(json, len, a, &files, &ignored);
    return rc ? rc : val_set(a, line, "files", files);
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
    if (copy) rc |= val_set(a, out, "text", val_strn(copy, len));
    return rc ? rc : read_files(s, a, out);
}

/* Oldest first. */
static const char all_sql[] = "select at, kind, person, for_person, text, files from flow_task_log where task = ?1"
                              " order by id limit 500";
static const char said_sql[] = "select at, kind, person, for_person, text, files from flow_task_log where task = ?1"
                               " and kind in ('comment', 'attached') order by id limit 500";

static int read_all(struct store *db, const char *sql, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    int rc;
    *out = val_list();
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
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
    return read_all(s->db, all_sql, task, a, out, err);
}

int flow_task_comments(struct session *s, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    return read_all(s->db, said_sql, task, a, out, err);
}
