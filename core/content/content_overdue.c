/* Publications that were refused: which, since when, why, and when they are tried again. */
#include "content/content_internal.h"
#include "store/list.h"

static const struct list_column columns[] = {
    {"item", FIELD_INTEGER, LIST_SORT},   {"type", FIELD_TEXT, LIST_FILTER},      {"slug", FIELD_TEXT, LIST_SHOWN},
    {"unit", FIELD_INTEGER, LIST_FILTER}, {"publish_at", FIELD_TEXT, LIST_SHOWN}, {"next_try", FIELD_TEXT, LIST_SORT},
    {"tries", FIELD_INTEGER, LIST_SORT},  {"reason", FIELD_TEXT, LIST_SHOWN},     {0}};
const struct list content_overdue_list = {.name = "overdue", .order = "next_try", .key = "item", .columns = columns};

static const char overdue_sql[] =
    "select id, type, slug, unit, publish_at, due_at, due_tries, due_error, state from item"
    " where due_tries > 0 order by due_at";

static int set_text(struct stmt *s, int col, const char *name, struct arena *a, struct val *row)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    char *kept = arena_strndup(a, p ? p : "", p ? len : 0);
    return kept ? val_set_new(a, row, name, val_strn(kept, len)) : ERR_LIMIT;
}

static int set_instant(struct stmt *s, int col, const char *name, const char *zone, struct arena *a, struct val *row)
{
    struct val at;
    struct err ignored;
    if (stmt_is_null(s, col)) return 0;
    int rc = content_instant_to_api(stmt_int(s, col), zone, a, &at, &ignored);
    return rc ? rc : val_set_new(a, row, name, at);
}

static int read_row(struct stmt *s, const char *zone, struct arena *a, struct val *row)
{
    *row = val_map();
    int rc = val_set_new(a, row, "item", val_int(stmt_int(s, 0)));
    if (rc == 0) rc = set_text(s, 1, "type", a, row);
    if (rc == 0) rc = set_text(s, 2, "slug", a, row);
    if (rc == 0 && stmt_int(s, 3)) rc = val_set_new(a, row, "unit", val_int(stmt_int(s, 3)));
    if (rc == 0) rc = set_instant(s, 4, "publish_at", zone, a, row);
    if (rc == 0) rc = set_instant(s, 5, "next_try", zone, a, row);
    if (rc == 0) rc = val_set_new(a, row, "tries", val_int(stmt_int(s, 6)));
    if (rc == 0) rc = set_text(s, 7, "reason", a, row);
    return rc;
}

/* What one may see of all. */
static int all_of(struct session *s, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *st = store_stmt(s->db, overdue_sql, err);
    int rc;
    *out = val_list();
    if (!st) return err->code;
    while ((rc = stmt_step(st, err)) == 1) {
        struct val row;
        size_t len;
        if (!content_may_read_drafts(s, stmt_int(st, 3), stmt_text(st, 8, &len))) continue;
        if (read_row(st, s->zone, a, &row) != 0 || val_add(a, out, row) != 0) {
            rc = content_too_large(err);
            break;
        }
    }
    stmt_done(st);
    return rc;
}

int content_overdue(struct session *s, const struct list_query *q, struct arena *a, struct val *out, struct err *err)
{
    struct val all;
    int rc = all_of(s, a, &all, err);
    return rc ? rc : list_slice(q, &all, a, out, &s->next, err);
}
