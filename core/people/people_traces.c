/* Where else a person's name stands. Every table is read: those of plugins are not known here, and a list made by hand
 * would miss the next one. Only texts of several words and addresses are looked for: a code is found everywhere. */
#include "people/people_erase.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit_place.h"
#include "people/people_internal.h"

/* Every table but those of the erasures themselves and of the person's own rows. */
#define TABLES                                                                                                         \
    "select name, sql not like '%without rowid%' from sqlite_master where type = 'table' and name >= ?1"               \
    " and sql not like 'create virtual%' and name not like 'sqlite_%' and name not like 'audit%'"                      \
    " and name not in ('person', 'account', 'auth_attempt', 'migration') order by name"

enum { ROWS_AT_ONCE = 500, COLUMNS_AT_ONCE = 40, NAME_LEN = 160 };

static bool is_sought(const struct val *v)
{
    return v->type == VAL_STR && (memchr(v->as.str.s, ' ', v->as.str.len) || memchr(v->as.str.s, '@', v->as.str.len));
}

/* Some rows of a column behind `at`, or all where rows have no number: in how many does one of the texts stand? */
struct stretch {
    const char *table, *column;
    bool has_rowid;
    int64_t at, rows, found; /* rows: looked at */
};

static int count(struct store *db, struct stretch *t, const struct val *texts, struct arena *a, struct err *err)
{
    const char *sql =
        t->has_rowid
            ? arena_printf(a,
                           "select max(r), count(*), sum(instr(cast(c as blob), cast(?1 as blob)) > 0) from (select"
                           " rowid as r, \"%s\" as c from \"%s\" where rowid > %lld order by rowid limit %d)",
                           t->column, t->table, (long long)t->at, ROWS_AT_ONCE)
            : arena_printf(a, "select 0, count(*), sum(instr(cast(\"%s\" as blob), cast(?1 as blob)) > 0) from \"%s\"",
                           t->column, t->table);
    int64_t last = t->at;
    int rc = 0;
    if (!sql) return people_too_large(err);
    t->rows = t->found = 0;
    for (size_t i = 0; rc == 0 && i < texts->as.list.n; i++) {
        const struct val *text = &texts->as.list.items[i];
        if (!is_sought(text)) continue;
        struct stmt *s = store_stmt(db, sql, err);
        if (!s) return err->code;
        stmt_bind_text(s, 1, text->as.str.s, text->as.str.len);
        rc = stmt_step(s, err);
        if (rc == 1) last = stmt_int(s, 0);
        if (rc == 1) t->rows = stmt_int(s, 1);
        if (rc == 1) t->found += stmt_int(s, 2);
        stmt_done(s);
        rc = rc < 0 ? rc : 0;
    }
    t->at = last;
    return rc;
}

static int column_behind(struct store *db, const char *table, const char *after, struct arena *a, const char **out,
                         struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select name from pragma_table_info(?1) where type <> 'integer' and name > ?2 order by name limit 1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, table);
    stmt_bind_str(s, 2, after);
    int rc = stmt_step(s, err);
    if (rc == 1) *out = people_text(s, 0, a);
    stmt_done(s);
    return rc == 1 && !*out ? people_too_large(err) : rc;
}

/* The first column behind "TABLE.COLUMN": 1, 0. */
static int next_column(struct store *db, const char *after, struct stretch *out, struct arena *a, struct err *err)
{
    char table[NAME_LEN];
    size_t n = strcspn(after, ".");
    int rc, found = 0;
    snprintf(table, sizeof(table), "%.*s", (int)n, after);
    struct stmt *s = store_stmt(db, TABLES, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, table);
    while (!found && (rc = stmt_step(s, err)) == 1) {
        *out = (struct stretch){.table = people_text(s, 0, a), .has_rowid = stmt_int(s, 1) != 0};
        if (!out->table) found = people_too_large(err);
        bool is_same = !found && strcmp(out->table, table) == 0 && after[n];
        if (!found) found = column_behind(db, out->table, is_same ? after + n + 1 : "", a, &out->column, err);
    }
    stmt_done(s);
    return found ? found : rc;
}

static int add(const struct stretch *t, int64_t n, struct arena *a, struct val *out, struct err *err)
{
    struct val row = val_map();
    int full = val_set(a, &row, "table", val_str(t->table));
    full |= val_set(a, &row, "column", val_str(t->column));
    full |= val_set(a, &row, "rows", val_int(n));
    return full || val_add(a, out, row) ? people_too_large(err) : 0;
}

int people_find_traces(struct session *session, const struct audit_traces *t, struct arena *a, struct val *out,
                       struct err *err)
{
    struct stretch at;
    char name[NAME_LEN] = "";
    int rc;
    *out = val_list();
    while ((rc = next_column(session->db, name, &at, a, err)) == 1) {
        int64_t n = 0;
        snprintf(name, sizeof(name), "%s.%s", at.table, at.column);
        if (audit_is_place(session, at.table, at.column)) continue;
        do {
            rc = count(session->db, &at, &t->texts, a, err);
            n += at.found;
        } while (rc == 0 && at.has_rowid && at.rows == ROWS_AT_ONCE);
        if (rc == 0 && n) rc = add(&at, n, a, out, err);
        if (rc) break;
    }
    return rc;
}

/* --- after all places --- */

/* e->part: the column that was read last, "TABLE.COLUMN"; e->at: up to which row the one behind it was. 1, 0 at the
 * end.
 */
static int look_at_column(struct erasing *e, int64_t *rows, struct err *err)
{
    struct stretch t = {0};
    char name[NAME_LEN];
    int rc = next_column(e->s->db, e->part, &t, e->a, err);
    if (rc <= 0) return rc;
    t.at = e->at;
    snprintf(name, sizeof(name), "%s.%s", t.table, t.column);
    rc = count(e->s->db, &t, &e->traces->texts, e->a, err);
    bool is_place = rc == 0 && t.found && audit_is_place(e->s, t.table, t.column);
    if (rc == 0 && t.found)
        rc = erasing_leave(e, name, t.found, is_place ? "audit.left_kept" : "audit.left_elsewhere", err);
    *rows += t.rows;
    e->at = t.at;
    if (rc || (t.has_rowid && t.rows == ROWS_AT_ONCE)) return rc ? rc : 1;
    e->at = 0;
    snprintf(e->part, sizeof(e->part), "%s", name);
    return 1;
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    int64_t rows = 0;
    int rc = 1;
    (void)ctx;
    if (e->is_dry) rc = 0; /* people_find_traces tells it */
    for (int i = 0; rc == 1 && rows < ROWS_AT_ONCE && i < COLUMNS_AT_ONCE; i++) {
        struct arena_mark mark = arena_mark(e->a);
        rc = look_at_column(e, &rows, err);
        arena_rewind(e->a, mark);
    }
    *more = rc == 1;
    return rc < 0 ? rc : 0;
}

void people_traces_attach(struct host *host)
{
    audit_add_place(host->audit, &(struct audit_place){.name = "elsewhere", .look = look});
}
