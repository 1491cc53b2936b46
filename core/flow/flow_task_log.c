/* What happened to a task, was said about it and attached to it. */
#include <string.h>

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

/* What is done by a call tells itself; this comes of time, or of what was changed elsewhere. */
static bool is_by_host(const char *kind)
{
    static const char *const kinds[] = {"due",         "moved",     "split",       "orphan",   "orphan_escalated",
                                        "orphan_over", "went_back", "asked_again", "escalated"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i], kind) == 0) return true;
    return false;
}

int flow_task_log(struct session *s, int64_t task, const char *kind, int64_t for_person, const char *text,
                  struct err *err)
{
    int rc = add(s, task, kind, for_person, text, NULL, err);
    return rc || !is_by_host(kind) ? rc : flow_tell_task(s, task, kind, for_person, text, err);
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
    rc |= val_set(a, out, "id", val_int(stmt_int(s, 6)));
    rc |= val_set(a, out, "at", val_int(stmt_int(s, 0)));
    if (!stmt_is_null(s, 2)) rc |= val_set(a, out, "by", val_int(stmt_int(s, 2)));
    if (!stmt_is_null(s, 3)) rc |= val_set(a, out, "person", val_int(stmt_int(s, 3)));
    const char *text = stmt_text(s, 4, &len);
    copy = text ? arena_strndup(a, text, len) : NULL;
    if (copy) rc |= val_set(a, out, "text", val_strn(copy, len));
    return rc ? rc : read_files(s, a, out);
}

#define LINE "l.at, l.kind, l.person, l.for_person, l.text, l.files, l.id"

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "l.id"},
                                             {"at", FIELD_INSTANT, LIST_SHOWN},
                                             {"kind", FIELD_TEXT, LIST_SHOWN},
                                             {"by", FIELD_INTEGER, LIST_SHOWN},
                                             {"person", FIELD_INTEGER, LIST_SHOWN},
                                             {"text", FIELD_TEXT, LIST_SHOWN},
                                             {"files", FIELD_JSON, LIST_SHOWN, .gives = "@File[]"},
                                             {0}};
const struct list flow_task_history_list = {.name = "task history",
                                            .order = "id",
                                            .key = "id",
                                            .columns = columns,
                                            .from = "flow_task_log l",
                                            .where = "l.task = ?1",
                                            .select = LINE};
const struct list flow_task_comment_list = {.name = "task comments",
                                            .order = "id",
                                            .key = "id",
                                            .columns = columns,
                                            .from = "flow_task_log l",
                                            .where = "l.task = ?1",
                                            .select = LINE};

static int list_line(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    (void)ctx;
    return read_line(s, a, row) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int flow_task_log_page(struct session *s, int64_t task, const struct list_query *q, struct arena *a, struct val *out,
                       struct err *err)
{
    struct list_rows how = {.bound = {val_int(task)}, .nbound = 1, .read = list_line};
    return list_find(s->db, q, &how, a, out, &s->next, err);
}

/* What was said of it, or the lines with files alone. */
static int read_said(struct store *db, int64_t task, bool files, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *st = store_stmt(db,
                                 "select " LINE " from flow_task_log l where l.task = ?1"
                                 " and l.kind in ('comment', 'attached', 'detached')"
                                 " and (l.files is not null or not ?2) order by l.id",
                                 err);
    int rc;
    *out = val_list();
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    stmt_bind_int(st, 2, files);
    while ((rc = stmt_step(st, err)) == 1) {
        struct val line;
        if (read_line(st, a, &line) == 0 && val_add(a, out, line) == 0) continue;
        rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        break;
    }
    stmt_done(st);
    return rc;
}

static bool is_same_file(const struct val *a, const struct val *b)
{
    return val_get_int(a, "id", 0) == val_get_int(b, "id", -1);
}

static bool has_file(const struct val *files, const struct val *file)
{
    for (size_t i = 0; val_at(files, i); i++)
        if (is_same_file(val_at(files, i), file)) return true;
    return false;
}

/* The line with these files, or without any. */
static int take_files(struct arena *a, struct val *line, const struct val *files)
{
    struct val copy = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < line->as.map.n; i++)
        if (strcmp(line->as.map.pairs[i].key, "files") != 0)
            rc = val_set(a, &copy, line->as.map.pairs[i].key, line->as.map.pairs[i].v);
    if (rc == 0 && files->as.list.n) rc = val_set(a, &copy, "files", *files);
    *line = copy;
    return rc;
}

/* What somebody took away again is not among what they attached before. */
static int take_away(struct arena *a, struct val *lines, size_t before, const struct val *gone)
{
    int64_t by = val_get_int(gone, "by", 0);
    const struct val *file = val_at(val_get(gone, "files"), 0);
    for (size_t i = 0; file && i < before; i++) {
        struct val *line = &lines->as.list.items[i], left = val_list();
        const struct val *files = val_get(line, "files");
        if (!files || val_get_int(line, "by", 0) != by || !has_file(files, file)) continue;
        for (size_t k = 0; val_at(files, k); k++)
            if (!is_same_file(val_at(files, k), file) && val_add(a, &left, *val_at(files, k))) return ERR_NOMEM;
        if (take_files(a, line, &left)) return ERR_NOMEM;
    }
    return 0;
}

static bool is_detached(const struct val *line)
{
    return val_is_str(val_get(line, "kind"), "detached");
}

static bool is_empty(const struct val *line)
{
    const struct val *text = val_get(line, "text");
    bool is_silent = !val_is(text, VAL_STR) || text->as.str.len == 0;
    return is_detached(line) || (is_silent && !val_get(line, "files"));
}

int flow_task_comments(struct session *s, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    struct val all;
    int rc = read_said(s->db, task, false, a, &all, err);
    *out = val_list();
    if (rc) return rc;
    for (size_t i = 0; rc == 0 && val_at(&all, i); i++)
        if (is_detached(val_at(&all, i))) rc = take_away(a, &all, i, val_at(&all, i));
    for (size_t i = 0; rc == 0 && val_at(&all, i); i++)
        if (!is_empty(val_at(&all, i))) rc = val_add(a, out, *val_at(&all, i));
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int flow_task_file_lines(struct store *db, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    return read_said(db, task, true, a, out, err);
}

int flow_task_files_at(struct arena *a, const struct val *lines, size_t n, struct val *out)
{
    struct val left = val_list();
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = val_add(a, &left, *val_at(lines, i));
        if (rc == 0 && is_detached(val_at(lines, i))) rc = take_away(a, &left, i, val_at(lines, i));
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct val *files = is_detached(val_at(&left, i)) ? NULL : val_get(val_at(&left, i), "files");
        for (size_t k = 0; rc == 0 && files && val_at(files, k); k++)
            rc = val_add(a, out, *val_at(files, k));
    }
    return rc;
}
