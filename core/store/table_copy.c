/* Copying a declared table into its new shape, while the old one is in use.
 *
 * new_T takes the rows in the order of their ids; triggers on T write down in log_T which rows were touched meanwhile;
 * those are copied once more. Then T goes and new_T takes its name: moments, whatever the size. What does not need the
 * plugin's code is copied by the database itself. Each step is whole or not there, so that a killed process leaves T
 * as it was. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime/crash.h"
#include "store/table_migrate.h"

enum { ROW_ARENA_MAX = 32 << 20, OLD_FIELDS_MAX = 500, FINISH_NS = 100000000 };

bool copy_is_needed(struct migrating *m)
{
    for (size_t i = 0; i < m->t->n; i++)
        if (copy_converts(m, &m->t->fields[i])) return true;
    return false;
}

/* --- the state, in host_copy --- */

static int read_state(struct migrating *m, struct copying *c)
{
    struct stmt *s = store_stmt(
        m->db, "select next, rows, ready, generation from host_copy where name = ?1 and target = ?2", m->err);
    const char *target = migrate_shape(m);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    stmt_bind_str(s, 2, target);
    int rc = stmt_step(s, m->err);
    if (rc == 1) {
        c->next = stmt_int(s, 0);
        c->rows = stmt_int(s, 1);
        c->is_copied = stmt_int(s, 2) != 0;
        m->generation = stmt_int(s, 3);
    }
    stmt_done(s);
    return rc;
}

static int write_state(struct copying *c)
{
    struct migrating *m = c->m;
    struct stmt *s = store_stmt(m->db,
                                "insert into host_copy(name, target, next, rows, ready, generation)"
                                " values(?1, ?2, ?3, ?4, ?5, ?6)"
                                " on conflict(name) do update set next = ?3, rows = ?4, ready = ?5",
                                m->err);
    if (!s) return m->err->code;
    stmt_bind_str(s, 1, m->t->sql_name);
    stmt_bind_str(s, 2, migrate_shape(m));
    stmt_bind_int(s, 3, c->next);
    stmt_bind_int(s, 4, c->rows);
    stmt_bind_int(s, 5, c->is_copied);
    stmt_bind_int(s, 6, m->generation);
    return stmt_run(s, m->err);
}

int copy_is_ready(struct migrating *m)
{
    struct copying c = {0};
    int64_t generation = m->generation;
    int rc = read_state(m, &c);
    m->generation = generation;
    return rc == 1 ? c.is_copied : rc;
}

/* --- statements --- */

/* A statement in which % stands for the table's name. */
static int run_on(struct migrating *m, const char *statement, const char *name)
{
    struct buf b;
    buf_init(&b, 4096);
    for (; *statement; statement++) {
        if (*statement == '%')
            buf_add_str(&b, name);
        else
            buf_add_char(&b, *statement);
    }
    int rc = migrate_run(m, buf_ok(&b) ? b.data : NULL);
    buf_close(&b);
    return rc;
}

static int discard(struct migrating *m, const char *sql_name)
{
    static const char *const parts[] = {"drop trigger if exists \"log_%_i\"", "drop trigger if exists \"log_%_u\"",
                                        "drop trigger if exists \"log_%_d\"", "drop table if exists \"log_%\"",
                                        "drop table if exists \"new_%\""};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        rc = run_on(m, parts[i], sql_name);
    struct stmt *s = rc ? NULL : store_stmt(m->db, "delete from host_copy where name = ?1", m->err);
    if (!s) return rc ? rc : m->err->code;
    stmt_bind_str(s, 1, sql_name);
    return stmt_run(s, m->err);
}

static int begin(struct copying *c)
{
    static const char *const parts[] = {
        "create table \"log_%\"(id integer primary key)",
        "create trigger \"log_%_i\" after insert on \"%\" begin insert or ignore into \"log_%\" values(new.id); end",
        "create trigger \"log_%_u\" after update on \"%\" begin insert or ignore into \"log_%\" values(new.id); end",
        "create trigger \"log_%_d\" after delete on \"%\" begin insert or ignore into \"log_%\" values(old.id); "
        "end"};
    struct migrating *m = c->m;
    int rc = discard(m, m->t->sql_name);
    if (rc == 0) rc = migrate_create(m, c->new);
    m->generation++;
    if (rc == 0) rc = migrate_indexes(m, c->new);
    for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        rc = run_on(m, parts[i], m->t->sql_name);
    c->next = INT64_MIN;
    return rc ? rc : write_state(c);
}

/* Fields of the old table, in the words of its kept shape. What is not known any more is read as text. */
static int read_old_fields(struct copying *c)
{
    struct migrating *m = c->m;
    size_t n = m->old.as.map.n;
    struct field *fields = arena_alloc(&m->arena, (n + 1) * sizeof(*fields));
    if (!fields || n > OLD_FIELDS_MAX) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; i < n; i++) {
        const struct val_pair *p = &m->old.as.map.pairs[i];
        struct err ignored = {0};
        if (field_parse(&m->arena, p->key, p->v.as.str.s, &fields[i], &ignored) != 0)
            fields[i] = (struct field){.name = p->key, .type = FIELD_TEXT};
    }
    c->old = (struct field_list){fields, n};
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_add_str(&b, "select id");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, ", \"%s\"", fields[i].name);
    buf_printf(&b, " from \"%s\" where id = ?1", m->t->sql_name);
    c->read_sql = buf_ok(&b) ? arena_strndup(&m->arena, b.data, b.len) : NULL;
    buf_close(&b);
    return c->read_sql ? 0 : err_set(m->err, ERR_LIMIT, "limit.size", NULL);
}

static int open(struct copying *c, struct migrating *m)
{
    *c = (struct copying){.m = m};
    arena_init(&c->arena, ROW_ARENA_MAX);
    c->new = arena_printf(&m->arena, "new_%s", m->t->sql_name);
    c->log = arena_printf(&m->arena, "log_%s", m->t->sql_name);
    if (!c->new || !c->log) return err_set(m->err, ERR_LIMIT, "limit.size", NULL);
    int rc = read_old_fields(c);
    if (rc) return rc;
    rc = read_state(m, c);
    return rc == 0 ? begin(c) : rc < 0 ? rc : 0;
}

static void close(struct copying *c)
{
    arena_close(&c->arena);
}

int copy_finish(struct migrating *m)
{
    struct copying c;
    if (m->o->dry)
        return migrate_tell(m, "copy", m->t->shown_name,
                            arena_printf(&m->arena, "select count(*) from \"%s\"", m->t->sql_name));
    int rc = open(&c, m);
    int64_t until = m->o->rows_most ? clock_mono_ns() + FINISH_NS : INT64_MAX;
    if (rc == 0) rc = copy_rows(&c, until);
    if (rc == 0 && !c.is_ready) rc = migrate_refuse_large(m);
    if (rc == 0) rc = run_on(m, "drop table \"log_%\"", m->t->sql_name);
    if (rc == 0) rc = run_on(m, "drop table \"%\"", m->t->sql_name);
    if (rc == 0) rc = run_on(m, "alter table \"new_%\" rename to \"%\"", m->t->sql_name);
    if (rc == 0) crash_point("store.copy_exchanged");
    if (rc == 0) rc = discard(m, m->t->sql_name);
    if (rc == 0) rc = migrate_write_shape(m);
    close(&c);
    return rc;
}

int table_copy_step(struct store *db, const struct table *t, const struct table_change *change, int64_t until_ns,
                    bool *ready, struct err *err)
{
    struct migrating m;
    struct copying c;
    migrate_init(&m, db, t, change, err);
    int rc = migrate_read_shape(&m);
    if (rc == 1) {
        rc = open(&c, &m);
        crash_point("store.copy_piece");
        if (rc == 0) rc = copy_rows(&c, until_ns);
        if (rc == 0) rc = write_state(&c);
        *ready = c.is_ready;
        close(&c);
    }
    migrate_close(&m);
    return rc;
}

/* The name of a copy that nobody wants. 1: there is one. */
static int find_unwanted(struct migrating *m, const char *const *keep, size_t n, const char **name)
{
    struct stmt *s = store_stmt(m->db, "select name from host_copy", m->err);
    int rc;
    *name = NULL;
    if (!s) return m->err->code;
    while (!*name && (rc = stmt_step(s, m->err)) == 1) {
        size_t len;
        bool kept = false;
        const char *found = stmt_text(s, 0, &len);
        for (size_t i = 0; i < n; i++)
            kept |= strlen(keep[i]) == len && memcmp(keep[i], found, len) == 0;
        if (!kept) *name = arena_strndup(&m->arena, found, len);
    }
    stmt_done(s);
    return *name ? 1 : rc;
}

int table_copy_discard(struct store *db, const char *const *keep, size_t n, struct err *err)
{
    static const struct table none = {.sql_name = ""};
    static const struct table_change plain = {0};
    struct migrating m;
    const char *name;
    int rc;
    migrate_init(&m, db, &none, &plain, err);
    while ((rc = find_unwanted(&m, keep, n, &name)) == 1) {
        rc = discard(&m, name);
        if (rc) break;
    }
    migrate_close(&m);
    return rc;
}
