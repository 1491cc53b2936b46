/* Bringing declared tables to their declared shape: expand by itself, contract only when nothing is lost.
 *
 * The shape (name → type of each column) is kept in host_table; what differs decides what is done. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "store/table_internal.h"

const struct store_migration table_migrations[] = {
    {"table/001", "create table host_table(name text primary key, shape text not null) without rowid;"}, {0}};

struct migrating {
    struct store *db;
    const struct table *t;
    bool dry;
    void (*note)(void *ctx, const char *line);
    void *ctx;
    struct err *err;
    struct arena arena;
};

static const char *sql_type(const struct field *f)
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

/* Runs a statement, or only tells it. */
static int run(struct migrating *m, const char *sql)
{
    if (!sql) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    if (m->note) m->note(m->ctx, sql);
    return m->dry ? 0 : store_exec(m->db, sql, m->err);
}

static int refuse(struct migrating *m, const char *key, const char *column)
{
    return err_set(m->err, ERR_REFUSED, key, "table", m->t->shown_name, "column", column, NULL);
}

/* 1: the query gives a row. */
static int has_row(struct migrating *m, const char *sql)
{
    struct stmt *s = store_stmt(m->db, sql, m->err);
    if (!s) return m->err->code;
    int rc = stmt_step(s, m->err);
    stmt_done(s);
    return rc;
}

static int create(struct migrating *m)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_printf(&b, "create table \"%s\"(id integer primary key%s", m->t->sql_name,
               m->t->plain ? "" : ", version integer not null");
    for (size_t i = 0; i < m->t->n; i++)
        buf_printf(&b, ", \"%s\" %s", m->t->fields[i].name, sql_type(&m->t->fields[i]));
    buf_add_str(&b, ")");
    int rc = run(m, buf_ok(&b) ? b.data : NULL);
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

/* A stored value as the column keeps it. */
static void write_literal(struct buf *b, const struct field *f, const struct val *v)
{
    struct buf json;
    if (f->type == FIELD_JSON || f->type == FIELD_LIST) {
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

/* The declared default in stored form: a date is written as text, but kept as a number. 1: there is one. */
static int read_default(struct migrating *m, const struct field *f, struct val *out)
{
    const struct val *def = val_get(f->options, "default");
    if (!def || def->type == VAL_NIL) return 0;
    int rc = field_check(f, def, NULL, &m->arena, out, m->err);
    return rc ? rc : 1;
}

static int add_column(struct migrating *m, const struct field *f)
{
    struct buf b;
    struct val def;
    int has_default = read_default(m, f, &def), rc = has_default < 0 ? has_default : 0;
    buf_init(&b, 80 << 10);
    if (f->required && has_default == 0) {
        buf_printf(&b, "select 1 from \"%s\" limit 1", m->t->sql_name);
        rc = has_row(m, b.data);
        if (rc == 1) rc = refuse(m, "table.required", f->name);
        buf_clear(&b);
    }
    buf_printf(&b, "alter table \"%s\" add column \"%s\" %s", m->t->sql_name, f->name, sql_type(f));
    if (has_default == 1) {
        buf_add_str(&b, " default ");
        write_literal(&b, f, &def);
    }
    if (rc == 0) rc = run(m, buf_ok(&b) ? b.data : NULL);
    buf_close(&b);
    return rc;
}

/* A column that was optional and is required now: rows without a value get the default, or it is refused. */
static int require_column(struct migrating *m, const struct field *f)
{
    struct buf b;
    struct val def;
    int has_default = read_default(m, f, &def), rc = has_default < 0 ? has_default : 0;
    buf_init(&b, 80 << 10);
    buf_printf(&b, "select 1 from \"%s\" where \"%s\" is null limit 1", m->t->sql_name, f->name);
    if (rc == 0) rc = has_row(m, b.data);
    if (rc == 1 && !has_default) rc = refuse(m, "table.required", f->name);
    if (rc == 1) {
        buf_clear(&b);
        buf_printf(&b, "update \"%s\" set \"%s\" = ", m->t->sql_name, f->name);
        write_literal(&b, f, &def);
        buf_printf(&b, " where \"%s\" is null", f->name);
        rc = run(m, buf_ok(&b) ? b.data : NULL);
    }
    buf_close(&b);
    return rc;
}

/* A column that is no longer declared: only when it holds nothing. */
static int drop_column(struct migrating *m, const char *name)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_printf(&b, "select 1 from \"%s\" where \"%s\" is not null limit 1", m->t->sql_name, name);
    int rc = has_row(m, b.data);
    buf_clear(&b);
    if (rc == 1) rc = refuse(m, "table.contract", name);
    if (rc == 0) {
        buf_printf(&b, "alter table \"%s\" drop column \"%s\"", m->t->sql_name, name);
        rc = run(m, b.data);
    }
    buf_close(&b);
    return rc;
}

/* What a shape says of a column: "integer", "text!", "ref:article", "list:integer". */
static const char *shape_of(struct migrating *m, const struct field *f)
{
    const char *of = "", *name = field_type_name(f->type);
    if (f->type == FIELD_REF && f->target) of = f->target;
    if (f->type == FIELD_LIST) of = field_type_name(f->item);
    return arena_printf(&m->arena, "%s%s%s%s", name, *of ? ":" : "", of, f->required ? "!" : "");
}

/* The kept shape may say less ("ref"), never something else. */
static int compare_column(struct migrating *m, const struct field *f, const struct val *was)
{
    const char *now = shape_of(m, f), *old = val_is(was, VAL_STR) ? was->as.str.s : "";
    size_t n = strcspn(old, "!");
    if (!now) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    bool same = n == strcspn(now, "!") && strncmp(old, now, n) == 0;
    bool less = n == strlen(field_type_name(f->type)) && strncmp(old, now, n) == 0;
    if (!same && !less) return refuse(m, "table.retype", f->name);
    return f->required && old[n] != '!' ? require_column(m, f) : 0;
}

static int add_columns(struct migrating *m, const struct val *old)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->t->n; i++) {
        const struct field *f = &m->t->fields[i];
        const struct val *was = val_get(old, f->name);
        rc = was ? compare_column(m, f, was) : add_column(m, f);
    }
    return rc;
}

/* After the indexes: one that names the column would keep it from being dropped. */
static int drop_columns(struct migrating *m, const struct val *old)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < old->as.map.n; i++)
        if (!table_field(m->t, old->as.map.pairs[i].key)) rc = drop_column(m, old->as.map.pairs[i].key);
    return rc;
}

enum { INDEX_NAME_MAX = 120 };

/* "round,-score" → ix_p_x__round__score, and its SQL. */
static void write_index(struct buf *name, struct buf *sql, const struct table *t, const struct val *list, bool unique)
{
    buf_printf(name, "%s_%s", unique ? "ux" : "ix", t->sql_name);
    buf_printf(sql, "(");
    for (size_t k = 0; val_at(list, k); k++) {
        const char *column = val_at(list, k)->as.str.s;
        bool down = column[0] == '-';
        buf_printf(name, "__%s%s", column + down, down ? "_d" : "");
        buf_printf(sql, "%s\"%s\"%s", k ? ", " : "", column + down, down ? " desc" : "");
    }
    buf_add_str(sql, ")");
    if (name->len <= INDEX_NAME_MAX) return;
    uint64_t hash = digest_short(name->data, name->len);
    name->len = INDEX_NAME_MAX - 17;
    buf_printf(name, "_%016llx", (unsigned long long)hash);
}

static int make_index(struct migrating *m, const struct val *list, bool unique, struct buf *wanted)
{
    struct buf name, columns, sql;
    buf_init(&name, 2048);
    buf_init(&columns, 2048);
    buf_init(&sql, 8192);
    write_index(&name, &columns, m->t, list, unique);
    buf_printf(&sql, "create %sindex if not exists \"%s\" on \"%s\"%s", unique ? "unique " : "", name.data,
               m->t->sql_name, columns.data);
    buf_printf(wanted, "|%s|", name.data);
    int rc = run(m, buf_ok(&name) && buf_ok(&columns) && buf_ok(&sql) ? sql.data : NULL);
    if (rc == ERR_CONFLICT) rc = refuse(m, "table.duplicates", columns.data);
    buf_close(&name);
    buf_close(&columns);
    buf_close(&sql);
    return rc;
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
        rc = run(m, sql);
    }
    return rc < 0 ? rc : 0;
}

static int make_indexes(struct migrating *m)
{
    struct buf wanted;
    int rc = 0;
    buf_init(&wanted, 64 << 10);
    buf_add_char(&wanted, '|');
    for (size_t i = 0; rc == 0 && val_at(m->t->unique, i); i++)
        rc = make_index(m, val_at(m->t->unique, i), true, &wanted);
    for (size_t i = 0; rc == 0 && val_at(m->t->index, i); i++)
        rc = make_index(m, val_at(m->t->index, i), false, &wanted);
    /* References are looked up from the other side. */
    for (size_t i = 0; rc == 0 && i < m->t->n; i++) {
        struct val name = val_str(m->t->fields[i].name), list = val_list();
        if (m->t->fields[i].type != FIELD_REF) continue;
        if (val_add(&m->arena, &list, name)) rc = err_set(m->err, ERR_NOMEM, "memory", NULL);
        if (rc == 0) rc = make_index(m, &list, false, &wanted);
    }
    if (rc == 0) rc = drop_indexes(m, wanted.data);
    buf_close(&wanted);
    return rc;
}

static int read_shape(struct migrating *m, struct val *out)
{
    struct stmt *s = store_stmt(m->db, "select shape from host_table where name = ?1", m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    int rc = stmt_step(s, m->err);
    if (rc == 1) {
        size_t len;
        const char *text = stmt_text(s, 0, &len);
        int parsed = json_parse(text, len, &m->arena, out, m->err);
        if (parsed) rc = parsed;
    }
    stmt_done(s);
    return rc;
}

static int write_shape(struct migrating *m)
{
    struct val shape = val_map();
    struct buf b;
    if (m->dry) return 0;
    for (size_t i = 0; i < m->t->n; i++) {
        const char *text = shape_of(m, &m->t->fields[i]);
        if (!text || val_set(&m->arena, &shape, m->t->fields[i].name, val_str(text)))
            return err_set(m->err, ERR_NOMEM, "memory", NULL);
    }
    buf_init(&b, 64 << 10);
    json_write(&b, &shape);
    struct stmt *s = store_stmt(m->db,
                                "insert into host_table(name, shape) values(?1, ?2)"
                                " on conflict(name) do update set shape = ?2",
                                m->err);
    int rc = s ? 0 : m->err->code;
    if (s) {
        stmt_bind_str(s, 1, m->t->sql_name);
        stmt_bind_text(s, 2, b.data, b.len);
        rc = stmt_run(s, m->err);
    }
    buf_close(&b);
    return rc;
}

int table_migrate(struct store *db, const struct table *t, bool dry, void (*note)(void *ctx, const char *line),
                  void *ctx, struct err *err)
{
    struct migrating m = {.db = db, .t = t, .dry = dry, .note = note, .ctx = ctx, .err = err};
    struct val old = val_map();
    arena_init(&m.arena, 4 << 20);
    int rc = read_shape(&m, &old);
    bool is_new = rc == 0;
    if (rc == 0)
        rc = create(&m);
    else if (rc == 1)
        rc = add_columns(&m, &old);
    if (rc == 0 && !(dry && is_new)) rc = make_indexes(&m);
    if (rc == 0) rc = drop_columns(&m, &old);
    if (rc == 0) rc = write_shape(&m);
    arena_close(&m.arena);
    return rc;
}
