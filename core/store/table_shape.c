/* The kept shape of a declared table, and the small steps that all migrations are made of.
 *
 * A shape says the type of each column, in the words of the declaration; it is JSON in host_table. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "store/table_migrate.h"

const struct store_migration table_migrations[] = {
    {"table/001", "create table host_table(name text primary key, shape text not null) without rowid;"},
    /* A table that was copied has other names for its indexes: those of the old one stood until the exchange. */
    {"table/002", "alter table host_table add column generation integer not null default 0;"
                  "create table host_copy(name text primary key, target text not null, next integer not null,"
                  " generation integer not null, rows integer not null, ready integer not null) without rowid;"},
    {0}};

const char *migrate_sql_type(const struct field *f)
{
    switch (f->type) {
    case FIELD_NUMBER:
        return "real";
    case FIELD_INTEGER:
    case FIELD_MONEY:
    case FIELD_BOOLEAN:
    case FIELD_DATE:
    case FIELD_INSTANT:
    case FIELD_UNIT:
    case FIELD_PERSON:
    case FIELD_REF:
        return "integer";
    default:
        return "text";
    }
}

void migrate_init(struct migrating *m, struct store *db, const struct table *t, const struct table_change *o,
                  struct err *err)
{
    *m = (struct migrating){.db = db, .t = t, .o = o, .err = err, .old = val_map()};
    arena_init(&m->arena, 4 << 20);
}

void migrate_close(struct migrating *m)
{
    arena_close(&m->arena);
}

int migrate_run(struct migrating *m, const char *sql)
{
    if (!sql) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    if (m->o->note) m->o->note(m->o->ctx, sql);
    return m->o->dry ? 0 : store_exec(m->db, sql, m->err);
}

int migrate_tell(struct migrating *m, const char *what, const char *column, const char *query)
{
    if (!m->o->dry || !m->o->note) return 0;
    struct stmt *s = query ? store_stmt(m->db, query, m->err) : NULL;
    if (!s) return query ? m->err->code : err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    int rc = stmt_step(s, m->err);
    long long n = rc == 1 ? (long long)stmt_int(s, 0) : 0;
    stmt_done(s);
    const char *line = arena_printf(&m->arena, "%s \"%s\" %lld", what, column, n);
    if (rc >= 0 && line) m->o->note(m->o->ctx, line);
    return rc < 0 ? rc : 0;
}

int migrate_refuse(struct migrating *m, const char *key, const char *column)
{
    return err_set(m->err, ERR_REFUSED, key, "table", m->t->shown_name, "column", column, NULL);
}

int migrate_refuse_large(struct migrating *m)
{
    struct err_num n;
    return err_set(m->err, ERR_REFUSED, "table.large", "table", m->t->shown_name, "rows", err_i64(&n, m->o->rows_most),
                   NULL);
}

int migrate_has_row(struct migrating *m, const char *sql)
{
    struct stmt *s = store_stmt(m->db, sql, m->err);
    if (!s) return m->err->code;
    int rc = stmt_step(s, m->err);
    stmt_done(s);
    return rc;
}

int migrate_create(struct migrating *m, const char *name)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_printf(&b, "create table \"%s\"(id integer primary key%s", name,
               m->t->plain ? "" : ", version integer not null");
    for (size_t i = 0; i < m->t->n; i++)
        buf_printf(&b, ", \"%s\" %s", m->t->fields[i].name, migrate_sql_type(&m->t->fields[i]));
    buf_add_str(&b, ")");
    int rc = migrate_run(m, buf_ok(&b) ? b.data : NULL);
    buf_close(&b);
    return rc;
}

static void write_quoted(struct buf *b, const char *s, size_t len)
{
    buf_add_char(b, '\'');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\'') buf_add_char(b, '\'');
        buf_add_char(b, s[i]);
    }
    buf_add_char(b, '\'');
}

void migrate_write_literal(struct buf *b, const struct field *f, const struct val *v)
{
    struct buf json;
    if (field_is_tree(f->type)) {
        buf_init(&json, 64 << 10);
        json_write(&json, v);
        if (!buf_ok(&json)) b->failed = true;
        write_quoted(b, json.data ? json.data : "", json.len);
        buf_close(&json);
    } else if (v->type == VAL_INT)
        buf_printf(b, "%lld", (long long)v->as.i);
    else if (v->type == VAL_NUM)
        buf_printf(b, "%.17g", v->as.n);
    else if (v->type == VAL_BOOL)
        buf_add_str(b, v->as.b ? "1" : "0");
    else if (v->type == VAL_STR)
        write_quoted(b, v->as.str.s, v->as.str.len);
    else
        buf_add_str(b, "null");
}

int migrate_default(struct migrating *m, const struct field *f, struct val *out)
{
    const struct val *def = val_get(f->options, "default");
    if (!def || def->type == VAL_NIL) return 0;
    int rc = field_check(f, def, NULL, &m->arena, out, m->err);
    return rc ? rc : 1;
}

const char *migrate_shape_of(struct migrating *m, const struct field *f)
{
    const char *of = "", *name = field_type_name(f->type);
    if (f->type == FIELD_REF && f->target) of = f->target;
    if (f->type == FIELD_LIST) of = field_type_name(f->item);
    return arena_printf(&m->arena, "%s%s%s%s", name, *of ? ":" : "", of, f->required ? "!" : "");
}

int migrate_read_shape(struct migrating *m)
{
    struct stmt *s = store_stmt(m->db, "select shape, generation from host_table where name = ?1", m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    int rc = stmt_step(s, m->err);
    if (rc == 1) {
        size_t len;
        const char *text = stmt_text(s, 0, &len);
        int parsed = json_parse(text, len, &m->arena, &m->old, m->err);
        m->generation = stmt_int(s, 1);
        if (parsed) rc = parsed;
    }
    stmt_done(s);
    return rc;
}

const char *migrate_shape(struct migrating *m)
{
    struct val shape = val_map();
    struct buf b;
    for (size_t i = 0; i < m->t->n; i++) {
        const char *text = migrate_shape_of(m, &m->t->fields[i]);
        if (!text || val_set(&m->arena, &shape, m->t->fields[i].name, val_str(text))) return NULL;
    }
    buf_init(&b, 64 << 10);
    json_write(&b, &shape);
    const char *copy = buf_ok(&b) ? arena_strndup(&m->arena, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}

int migrate_write_shape(struct migrating *m)
{
    const char *shape = migrate_shape(m);
    if (m->o->dry) return 0;
    if (!shape) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    struct stmt *s = store_stmt(m->db,
                                "insert into host_table(name, shape, generation) values(?1, ?2, ?3)"
                                " on conflict(name) do update set shape = ?2, generation = ?3",
                                m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    stmt_bind_str(s, 2, shape);
    stmt_bind_int(s, 3, m->generation);
    return stmt_run(s, m->err);
}

bool migrate_is_same(struct migrating *m, const struct field *f, const char *was, bool *is_required)
{
    const char *now = migrate_shape_of(m, f);
    size_t n = strcspn(was, "!");
    *is_required = was[n] == '!';
    bool same = now && n == strcspn(now, "!") && strncmp(was, now, n) == 0;
    bool less = now && n == strlen(field_type_name(f->type)) && strncmp(was, now, n) == 0;
    return same || less;
}

const char *migrate_source(const struct migrating *m, const struct field *f, const char **was)
{
    const char *source = f->name, *old = val_get_str(m->t->renamed, f->name);
    const struct val *kept = val_get(&m->old, source);
    if (!kept && old) kept = val_get(&m->old, source = old);
    *was = "";
    if (!kept) return NULL;
    if (kept->type == VAL_STR) *was = kept->as.str.s;
    return source;
}

bool migrate_is_dropped(const struct migrating *m, const char *column)
{
    for (size_t i = 0; val_at(m->t->dropped, i); i++)
        if (val_is_str(val_at(m->t->dropped, i), column)) return true;
    return false;
}

bool migrate_is_renamed(const struct migrating *m, const char *old)
{
    const struct val *map = m->t->renamed;
    for (size_t i = 0; val_is(map, VAL_MAP) && i < map->as.map.n; i++)
        if (val_is_str(&map->as.map.pairs[i].v, old)) return !val_get(&m->old, map->as.map.pairs[i].key);
    return false;
}
