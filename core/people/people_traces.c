/* Where else a person's name stands. Every table is read: those of plugins are not known here, and a list made by hand
 * would miss the next one. Only texts of several words and addresses are looked for: a code is found everywhere. */
#include "people/people_erase.h"

#include <string.h>

#include "people/people_internal.h"

/* What the erasure itself sees to. */
static const char tables[] =
    "select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'"
    " and m.sql not like 'create virtual%' and m.name not like 'sqlite_%' and m.name not like 'audit%'"
    " and m.name not in ('person', 'account', 'auth_attempt', 'migration', 'plugin_source') and c.type <> 'integer'"
    " order by 1, 2";

static bool is_sought(const struct val *v)
{
    return v->type == VAL_STR && (memchr(v->as.str.s, ' ', v->as.str.len) || memchr(v->as.str.s, '@', v->as.str.len));
}

static int count(struct store *db, const char *table, const char *column, const struct audit_traces *t, struct arena *a,
                 int64_t *n, struct err *err)
{
    int rc = 0;
    const char *sql = arena_printf(
        a, "select count(*) from \"%s\" where instr(cast(\"%s\" as blob), cast(?1 as blob)) > 0", table, column);
    *n = 0;
    for (size_t i = 0; sql && rc == 0 && i < t->texts.as.list.n; i++) {
        const struct val *text = &t->texts.as.list.items[i];
        int64_t found = 0;
        if (!is_sought(text)) continue;
        struct stmt *s = store_stmt(db, sql, err);
        if (!s) return err->code;
        stmt_bind_text(s, 1, text->as.str.s, text->as.str.len);
        rc = people_one(s, &found, err) < 0 ? err->code : 0;
        *n += found;
    }
    return sql ? rc : people_too_large(err);
}

int people_find_traces(struct session *session, const struct audit_traces *t, struct arena *a, struct val *out,
                       struct err *err)
{
    struct store *db = session->db;
    int rc;
    struct stmt *s = store_stmt(db, tables, err);
    *out = val_list();
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        const char *table = people_text(s, 0, a), *column = people_text(s, 1, a);
        struct val row = val_map();
        int64_t n = 0;
        if (table && column && audit_is_place(session, table, column)) continue;
        rc = table && column ? count(db, table, column, t, a, &n, err) : people_too_large(err);
        if (rc) break;
        if (n == 0) continue;
        int full = val_set(a, &row, "table", val_str(table));
        full |= val_set(a, &row, "column", val_str(column));
        full |= val_set(a, &row, "rows", val_int(n));
        if (full || val_add(a, out, row)) rc = people_too_large(err);
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}
