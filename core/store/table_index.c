/* Indexes of declared tables: made and dropped to match the declaration. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "store/table_migrate.h"

enum { INDEX_NAME_MAX = 120 };

/* "round,-score" → ix_p_x__round__score, and its SQL. */
static void write_index(struct buf *name, struct buf *sql, const struct migrating *m, const struct val *list,
                        bool unique)
{
    buf_printf(name, "%s_%s", unique ? "ux" : "ix", m->t->sql_name);
    buf_printf(sql, "(");
    for (size_t k = 0; val_at(list, k); k++) {
        const char *column = val_at(list, k)->as.str.s;
        bool down = column[0] == '-';
        buf_printf(name, "__%s%s", column + down, down ? "_d" : "");
        buf_printf(sql, "%s\"%s\"%s", k ? ", " : "", column + down, down ? " desc" : "");
    }
    buf_add_str(sql, ")");
    if (m->generation) buf_printf(name, "__g%lld", (long long)m->generation);
    if (name->len <= INDEX_NAME_MAX) return;
    uint64_t hash = digest_short(name->data, name->len);
    name->len = INDEX_NAME_MAX - 17;
    buf_printf(name, "_%016llx", (unsigned long long)hash);
}

/* 1: a dry run need not tell of it. */
static int is_there(struct migrating *m, const struct buf *name)
{
    if (!m->o->dry || !buf_ok(name)) return 0;
    struct stmt *s = store_stmt(m->db, "select 1 from sqlite_master where type = 'index' and name = ?1", m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, name->data);
    int rc = stmt_step(s, m->err);
    stmt_done(s);
    return rc;
}

static int make_index(struct migrating *m, const char *table, const struct val *list, bool unique, struct buf *wanted)
{
    struct buf name, columns, sql;
    buf_init(&name, 2048);
    buf_init(&columns, 2048);
    buf_init(&sql, 8192);
    write_index(&name, &columns, m, list, unique);
    buf_printf(&sql, "create %sindex if not exists \"%s\" on \"%s\"%s", unique ? "unique " : "", name.data, table,
               columns.data);
    buf_printf(wanted, "|%s|", name.data);
    int rc = is_there(m, &name);
    if (rc == 0) rc = migrate_run(m, buf_ok(&name) && buf_ok(&columns) && buf_ok(&sql) ? sql.data : NULL);
    if (rc == ERR_CONFLICT) rc = migrate_refuse(m, "table.duplicates", columns.data);
    buf_close(&name);
    buf_close(&columns);
    buf_close(&sql);
    return rc < 0 ? rc : 0;
}

static int drop_indexes(struct migrating *m, const char *wanted)
{
    char names[32][200], mark[204], sql[256], name[200];
    size_t n = 0;
    struct stmt *s = store_stmt(m->db,
                                "select name from sqlite_master where type = 'index' and tbl_name = ?1"
                                " and sql is not null",
                                m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    int rc;
    while ((rc = stmt_step(s, m->err)) == 1 && n < 32) {
        size_t len;
        name[0] = '\0';
        strncat(name, stmt_text(s, 0, &len), sizeof(name) - 1);
        snprintf(mark, sizeof(mark), "|%s|", name);
        if (!strstr(wanted, mark)) memcpy(names[n++], name, sizeof(name));
    }
    stmt_done(s);
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        snprintf(sql, sizeof(sql), "drop index \"%.190s\"", names[i]);
        rc = migrate_run(m, sql);
    }
    return rc < 0 ? rc : 0;
}

int migrate_indexes(struct migrating *m, const char *table)
{
    struct buf wanted;
    int rc = 0;
    buf_init(&wanted, 64 << 10);
    buf_add_char(&wanted, '|');
    for (size_t i = 0; rc == 0 && val_at(m->t->unique, i); i++)
        rc = make_index(m, table, val_at(m->t->unique, i), true, &wanted);
    for (size_t i = 0; rc == 0 && val_at(m->t->index, i); i++)
        rc = make_index(m, table, val_at(m->t->index, i), false, &wanted);
    /* References are looked up from the other side. */
    for (size_t i = 0; rc == 0 && i < m->t->n; i++) {
        struct val name = val_str(m->t->fields[i].name), list = val_list();
        if (m->t->fields[i].type != FIELD_REF) continue;
        if (val_add(&m->arena, &list, name)) rc = err_set(m->err, ERR_NOMEM, "memory", NULL);
        if (rc == 0) rc = make_index(m, table, &list, false, &wanted);
    }
    if (rc == 0 && table == m->t->sql_name) rc = drop_indexes(m, wanted.data);
    buf_close(&wanted);
    return rc;
}
