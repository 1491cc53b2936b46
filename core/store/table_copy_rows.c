/* Rows from a table into its copy: by the database itself where it can, one by one where the plugin's code makes a
 * value. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "store/table_migrate.h"

enum { ROWS_AT_ONCE = 200 };

bool copy_converts(const struct migrating *m, const struct field *f)
{
    bool is_required, found = false;
    const char *was, *source = migrate_source(m, f, &was);
    for (size_t i = 0; val_at(m->t->converted, i); i++)
        found |= val_is_str(val_at(m->t->converted, i), f->name);
    if (!found) return false;
    bool moves = !source || strcmp(source, f->name) != 0;
    return moves || !migrate_is_same((struct migrating *)m, f, was, &is_required);
}

/* What stands for a column in the copying statement: a value to bind, the old column, its default, or null. */
static int write_source(struct copying *c, struct buf *b, const struct field *f, int *at)
{
    struct migrating *m = c->m;
    const char *was, *source = migrate_source(m, f, &was);
    struct val def;
    int has = 0;
    buf_add_str(b, ", ");
    if (copy_converts(m, f)) {
        buf_printf(b, "?%d", (*at)++);
        return 0;
    }
    if (f->required || !source) has = migrate_default(m, f, &def);
    if (has < 0) return has;
    if (has) buf_add_str(b, source ? "coalesce(" : "");
    if (source)
        buf_printf(b, "\"%s\"%s", source, has ? ", " : "");
    else if (!has)
        buf_add_str(b, "null");
    if (has) migrate_write_literal(b, f, &def);
    if (has && source) buf_add_char(b, ')');
    return 0;
}

/* insert into new(id, version, a, b) select id, version, "old", ?4 from T where … */
static const char *make_copy(struct copying *c)
{
    struct migrating *m = c->m;
    struct buf b;
    int at = 4, rc = 0;
    buf_init(&b, 128 << 10);
    buf_printf(&b, "insert into \"%s\"(%s) select id%s", c->new, m->t->columns, m->t->plain ? "" : ", version");
    for (size_t i = 0; rc == 0 && i < m->t->n; i++)
        rc = write_source(c, &b, &m->t->fields[i], &at);
    buf_printf(&b, " from \"%s\" where id > ?1 and id <= ?2 order by id limit ?3", m->t->sql_name);
    const char *sql = rc == 0 && buf_ok(&b) ? arena_strndup(&m->arena, b.data, b.len) : NULL;
    if (!sql && rc == 0) err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    return sql;
}

/* A required column must have a value in every new row. */
static int check_required(struct copying *c, int64_t from, int64_t to)
{
    struct migrating *m = c->m;
    for (size_t i = 0; i < m->t->n; i++) {
        const struct field *f = &m->t->fields[i];
        if (!f->required) continue;
        const char *sql = arena_printf(&c->arena, "select 1 from \"%s\" where id > ?1 and id <= ?2 and \"%s\" is null",
                                       c->new, f->name);
        struct stmt *s = sql ? store_stmt(m->db, sql, m->err) : NULL;
        if (!s) return sql ? m->err->code : err_set(m->err, ERR_LIMIT, "limit.size", NULL);
        stmt_bind_int(s, 1, from);
        stmt_bind_int(s, 2, to);
        int rc = stmt_step(s, m->err);
        stmt_done(s);
        if (rc == 1) return migrate_refuse(m, "table.required", f->name);
        if (rc < 0) return rc;
    }
    return 0;
}

static int failed(struct copying *c, int rc)
{
    return rc == ERR_CONFLICT ? migrate_refuse(c->m, "table.duplicates", err_arg(c->m->err, "columns")) : rc;
}

/* The old row with an id, as the declaration had it. */
static int read_old(struct copying *c, int64_t id, struct val *row)
{
    struct migrating *m = c->m;
    struct stmt *s = store_stmt(m->db, c->read_sql, m->err);
    *row = val_map();
    if (!s) return m->err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, m->err);
    if (rc == 1) rc = val_set_new(&c->arena, row, "id", val_int(id));
    for (size_t i = 0; rc == 0 && i < c->old.n; i++) {
        struct val v;
        rc = table_read(s, (int)i + 1, &c->old.items[i], &c->arena, &v);
        if (rc == 0 && v.type != VAL_NIL) rc = val_set_new(&c->arena, row, c->old.items[i].name, v);
    }
    stmt_done(s);
    return rc && !m->err->code ? table_row_failed(rc, m->t, m->err) : rc;
}

/* Copies one row whose converted values the plugin's code makes. */
static int copy_converted(struct copying *c, const char *sql, int64_t id)
{
    struct migrating *m = c->m;
    struct val old, made = val_map();
    struct buf scratch;
    int at = 4;
    arena_reset(&c->arena);
    int rc = read_old(c, id, &old);
    if (rc == 0) rc = m->o->convert(m->o->ctx, &old, &c->old, &c->arena, &made, m->err);
    struct stmt *s = rc ? NULL : store_stmt(m->db, sql, m->err);
    if (!s) return rc ? rc : m->err->code;
    buf_init(&scratch, 4 << 20);
    json_write(&scratch, &made); /* room, so that bound texts do not move */
    scratch.len = 0;
    stmt_bind_int(s, 1, id - 1);
    stmt_bind_int(s, 2, id);
    stmt_bind_int(s, 3, 1);
    for (size_t i = 0; i < m->t->n; i++)
        if (copy_converts(m, &m->t->fields[i]))
            table_bind(s, at++, &m->t->fields[i], val_get(&made, m->t->fields[i].name), &scratch);
    rc = buf_ok(&scratch) ? stmt_step(s, m->err) : err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    stmt_done(s);
    buf_close(&scratch);
    return failed(c, rc);
}

static int copy_plain(struct copying *c, const char *sql, int64_t from, int64_t to)
{
    struct stmt *s = store_stmt(c->m->db, sql, c->m->err);
    if (!s) return c->m->err->code;
    stmt_bind_int(s, 1, from);
    stmt_bind_int(s, 2, to);
    stmt_bind_int(s, 3, ROWS_AT_ONCE);
    return failed(c, stmt_run(s, c->m->err));
}

/* Up to so many ids after `from`; returns how many, or an error. */
static int next_ids(struct copying *c, const char *table, int64_t from, int64_t ids[ROWS_AT_ONCE])
{
    int n = 0, rc;
    const char *sql = arena_printf(&c->m->arena, "select id from \"%s\" where id > ?1 order by id limit ?2", table);
    struct stmt *s = sql ? store_stmt(c->m->db, sql, c->m->err) : NULL;
    if (!s) return sql ? c->m->err->code : err_set(c->m->err, ERR_LIMIT, "limit.size", NULL);
    stmt_bind_int(s, 1, from);
    stmt_bind_int(s, 2, ROWS_AT_ONCE);
    while ((rc = stmt_step(s, c->m->err)) == 1 && n < ROWS_AT_ONCE)
        ids[n++] = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : n;
}

/* As many of these as there is time for; at least one, so that it goes on. Returns how many, or an error. */
static int copy_ids(struct copying *c, const int64_t *ids, int n, int64_t until_ns)
{
    int done = 0, rc = 0;
    if (!c->converts && n) {
        rc = copy_plain(c, c->copy_sql, ids[0] - 1, ids[n - 1]);
        done = n;
    }
    /* A row may take the plugin's code long. */
    while (c->converts && rc == 0 && done < n && (done == 0 || clock_mono_ns() < until_ns))
        rc = copy_converted(c, c->copy_sql, ids[done++]);
    if (rc == 0 && done) rc = check_required(c, ids[0] - 1, ids[done - 1]);
    return rc ? rc : done;
}

static int delete_id(struct copying *c, const char *table, int64_t id)
{
    const char *sql = arena_printf(&c->arena, "delete from \"%s\" where id = ?1", table);
    struct stmt *s = sql ? store_stmt(c->m->db, sql, c->m->err) : NULL;
    if (!s) return sql ? c->m->err->code : err_set(c->m->err, ERR_LIMIT, "limit.size", NULL);
    stmt_bind_int(s, 1, id);
    return stmt_run(s, c->m->err);
}

/* A row that was written since: once more. */
static int copy_again(struct copying *c, int64_t id)
{
    struct buf there;
    arena_reset(&c->arena);
    buf_init(&there, 1024);
    buf_printf(&there, "select 1 from \"%s\" where id = %lld", c->m->t->sql_name, (long long)id);
    int rc = delete_id(c, c->new, id);
    if (rc == 0) rc = migrate_has_row(c->m, there.data);
    buf_close(&there);
    if (rc == 1) rc = copy_ids(c, &id, 1, INT64_MAX);
    return rc < 0 ? rc : delete_id(c, c->log, id);
}

static int copy_piece(struct copying *c, int64_t until_ns)
{
    int64_t ids[ROWS_AT_ONCE];
    arena_reset(&c->arena);
    int n = next_ids(c, c->m->t->sql_name, c->next, ids);
    c->is_copied = n == 0;
    if (n > 0) n = copy_ids(c, ids, n, until_ns);
    if (n <= 0) return n;
    c->next = ids[n - 1];
    c->rows += n;
    return 0;
}

static int copy_log(struct copying *c, int64_t until_ns)
{
    int64_t ids[ROWS_AT_ONCE];
    int n = next_ids(c, c->log, INT64_MIN, ids), rc = n < 0 ? n : 0;
    c->is_ready = n == 0;
    for (int i = 0; rc == 0 && i < n && (i == 0 || clock_mono_ns() < until_ns); i++)
        rc = copy_again(c, ids[i]);
    return rc;
}

int copy_rows(struct copying *c, int64_t until_ns)
{
    c->converts = copy_is_needed(c->m);
    c->copy_sql = make_copy(c);
    int rc = c->copy_sql ? 0 : c->m->err->code;
    while (rc == 0 && !c->is_ready && clock_mono_ns() < until_ns) {
        struct arena_mark mark = arena_mark(&c->m->arena);
        rc = c->is_copied ? copy_log(c, until_ns) : copy_piece(c, until_ns);
        arena_rewind(&c->m->arena, mark);
    }
    return rc;
}
