/* What the administrator sees of the outbox and may do to it. */
#include "outbox/outbox_internal.h"

#include <string.h>

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

#define SHOWN "id, kind, attempts, next_at, last_error, created_at, body, run"

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "id"},
                                             {"kind", FIELD_TEXT, LIST_FILTER, "kind"},
                                             {"state", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"attempts", FIELD_INTEGER, LIST_SHOWN, NULL},
                                             {"next", FIELD_INSTANT, LIST_SHOWN, NULL},
                                             {"run", FIELD_INTEGER, LIST_FILTER, "run"},
                                             {"created", FIELD_INSTANT, LIST_SHOWN, NULL},
                                             {"error", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"to", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"subject", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"text", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"url", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"type", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {0}};
static const struct list_option options[] = {{"dead", "boolean", "Dead letters alone.", .where = "next_at is null"},
                                             {0}};
const struct list outbox_rows = {.name = "outbox",
                                 .order = "id",
                                 .key = "id",
                                 .columns = columns,
                                 .from = "outbox",
                                 .select = SHOWN,
                                 .options = options};

static int list_row(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    (void)ctx;
    return show(s, a, row) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int outbox_page(struct store *db, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                struct err *err)
{
    struct list_rows how = {.read = list_row};
    return list_find(db, q, &how, a, out, next, err);
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
