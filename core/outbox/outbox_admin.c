/* What the administrator sees of the outbox and may do to it. */
#include "outbox/outbox_internal.h"

#include <string.h>

enum { LIST_MAX = 1000 };

static int set_copy(struct arena *a, struct val *row, const char *name, const char *p, size_t len)
{
    char *copy = arena_strndup(a, p, len);
    return copy ? val_set(a, row, name, val_strn(copy, len)) : ERR_NOMEM;
}

/* What can be told of the body. A text that holds a key (a link to a new password) says so by "secret". */
static int show_body(struct stmt *s, struct arena *a, struct val *row)
{
    static const char *const shown[] = {"to", "subject", "text", "url", "type"};
    struct val body;
    size_t len;
    const char *bytes = stmt_blob(s, 6, &len);
    int rc = 0;
    if (val_decode(bytes, len, a, NULL, &body) != 0) return 0;
    for (size_t i = 0; rc == 0 && i < sizeof(shown) / sizeof(shown[0]); i++) {
        const struct val *v = val_get(&body, shown[i]);
        if (strcmp(shown[i], "text") == 0 && val_get_bool(&body, "secret", false)) continue;
        if (val_is(v, VAL_STR)) rc = set_copy(a, row, shown[i], v->as.str.s, v->as.str.len);
    }
    return rc;
}

static int show(struct stmt *s, struct arena *a, struct val *row)
{
    size_t len;
    *row = val_map();
    const char *kind = stmt_text(s, 1, &len);
    int rc = val_set(a, row, "id", val_int(stmt_int(s, 0)));
    if (rc == 0) rc = set_copy(a, row, "kind", kind, len);
    if (rc == 0) rc = val_set(a, row, "state", val_str(stmt_is_null(s, 3) ? "dead" : "waiting"));
    if (rc == 0) rc = val_set(a, row, "attempts", val_int(stmt_int(s, 2)));
    if (rc == 0 && !stmt_is_null(s, 3)) rc = val_set(a, row, "next", val_int(stmt_int(s, 3)));
    if (rc == 0 && !stmt_is_null(s, 7)) rc = val_set(a, row, "run", val_int(stmt_int(s, 7)));
    if (rc == 0 && !stmt_is_null(s, 5)) rc = val_set(a, row, "created", val_int(stmt_int(s, 5)));
    const char *error = stmt_text(s, 4, &len);
    if (rc == 0 && error) rc = set_copy(a, row, "error", error, len);
    return rc ? rc : show_body(s, a, row);
}

int outbox_list(struct store *db, const struct outbox_filter *f, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select id, kind, attempts, next_at, last_error, created_at, body, run from outbox"
                                " where id > ?1 and (?2 is null or kind = ?2) and (?3 = 0 or next_at is null)"
                                " and (?4 = 0 or owner = ?4) order by id limit ?5",
                                err);
    int rc;
    if (!s) return err->code;
    *out = val_list();
    stmt_bind_int(s, 1, f->after);
    stmt_bind_str(s, 2, f->kind);
    stmt_bind_int(s, 3, f->dead);
    stmt_bind_int(s, 4, f->owner);
    stmt_bind_int(s, 5, f->limit > 0 && f->limit < LIST_MAX ? f->limit : LIST_MAX);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        if (show(s, a, &row) || val_add(a, out, row)) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

static int change(struct session *s, const char *sql, int64_t id, int64_t *n, struct err *err)
{
    struct err_num text;
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    stmt_bind_int(st, 2, s->now);
    int rc = stmt_run(st, err);
    *n = store_changes(s->db);
    if (rc || id == 0 || *n) return rc;
    return err_set(err, ERR_NOT_FOUND, "outbox.no_row", "id", err_i64(&text, id), NULL);
}

/* The attempts begin anew; a row that waits for its next one is tried at once. One whose sending is under way is left
 * to its lease: it could be sent twice. */
int outbox_retry(struct outbox *o, struct session *s, int64_t id, int64_t *n, struct err *err)
{
    int rc = change(s,
                    "update outbox set attempts = case when next_at is null then 0 else attempts end, next_at = ?2"
                    " where (id = ?1 or ?1 = 0) and (next_at is null or (?1 <> 0 and last_error is not null))",
                    id, n, err);
    if (rc == 0) outbox_wake(o, s->now);
    return rc;
}

/* A row of a run is the run's: it goes with it. */
int outbox_drop(struct outbox *o, struct session *s, int64_t id, int64_t *n, struct err *err)
{
    (void)o;
    return change(s,
                  "delete from outbox where (id = ?1 or ?1 = 0) and run is null and (next_at is null or (?1 <> 0 and"
                  " ?2 > 0))",
                  id, n, err);
}

int outbox_hold(struct outbox *o, struct session *s, bool held, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "insert into outbox_state(name, value) values('held', ?1)"
                                 " on conflict(name) do update set value = excluded.value",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, held);
    int rc = stmt_run(st, err);
    if (rc == 0 && !held) outbox_wake(o, s->now);
    return rc;
}

int outbox_is_held(struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, "select value from outbox_state where name = 'held'", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err), held = rc == 1 && stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : held;
}
