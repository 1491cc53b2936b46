/* Bringing declared tables to their declared shape: expand by itself, contract by a declared step or when nothing is
 * lost.
 *
 * The kept shape and the declared one differ: that decides what is done. Where rows have to be made anew the table is
 * copied (table_copy.c). */
#include "store/table_migrate.h"

#include <string.h>

#include "base/err.h"

static int add_column(struct migrating *m, const struct field *f)
{
    struct buf b;
    struct val def;
    int has_default = migrate_default(m, f, &def), rc = has_default < 0 ? has_default : 0;
    buf_init(&b, 80 << 10);
    if (f->required && has_default == 0) {
        buf_printf(&b, "select 1 from \"%s\" limit 1", m->t->sql_name);
        rc = migrate_has_row(m, b.data);
        if (rc == 1) rc = migrate_refuse(m, "table.required", f->name);
        buf_clear(&b);
    }
    buf_printf(&b, "alter table \"%s\" add column \"%s\" %s", m->t->sql_name, f->name, migrate_sql_type(f));
    if (has_default == 1) {
        buf_add_str(&b, " default ");
        migrate_write_literal(&b, f, &def);
    }
    if (rc == 0) rc = migrate_run(m, buf_ok(&b) ? b.data : NULL);
    buf_close(&b);
    return rc;
}

/* A column that was optional and is required now: rows without a value get the default, or it is refused. */
static int require_column(struct migrating *m, const struct field *f)
{
    struct buf b;
    struct val def;
    int has_default = migrate_default(m, f, &def), rc = has_default < 0 ? has_default : 0;
    buf_init(&b, 80 << 10);
    buf_printf(&b, "select 1 from \"%s\" where \"%s\" is null limit 1", m->t->sql_name, f->name);
    if (rc == 0) rc = migrate_has_row(m, b.data);
    if (rc == 1 && !has_default) rc = migrate_refuse(m, "table.required", f->name);
    if (rc == 1) {
        buf_clear(&b);
        buf_printf(&b, "update \"%s\" set \"%s\" = ", m->t->sql_name, f->name);
        migrate_write_literal(&b, f, &def);
        buf_printf(&b, " where \"%s\" is null", f->name);
        rc = migrate_run(m, buf_ok(&b) ? b.data : NULL);
    }
    buf_close(&b);
    return rc;
}

static int contract(struct migrating *m, const char *column)
{
    return m->o->contract ? m->o->contract(m->o->ctx, column, m->err) : 0;
}

/* 1: the column holds something; then it may go only if the declaration says so, and nobody needs it. */
static int check_drop(struct migrating *m, const char *name)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_printf(&b, "select 1 from \"%s\" where \"%s\" is not null limit 1", m->t->sql_name, name);
    int rc = migrate_has_row(m, b.data);
    buf_close(&b);
    if (rc == 1 && !migrate_is_dropped(m, name)) return migrate_refuse(m, "table.contract", name);
    if (rc < 0) return rc;
    int refused = contract(m, name);
    if (refused || rc == 0) return refused;
    refused = migrate_tell(m, "lose", name,
                           arena_printf(&m->arena, "select count(\"%s\") from \"%s\"", name, m->t->sql_name));
    return refused ? refused : 1;
}

static int check_columns(struct migrating *m)
{
    for (size_t i = 0; i < m->t->n; i++) {
        const struct field *f = &m->t->fields[i];
        bool is_required;
        const char *was, *source = migrate_source(m, f, &was);
        bool converts = false, same = source && migrate_is_same(m, f, was, &is_required);
        for (size_t k = 0; val_at(m->t->converted, k); k++)
            converts |= val_is_str(val_at(m->t->converted, k), f->name);
        if (source && !same && !converts) return migrate_refuse(m, "table.retype", f->name);
        bool moves = source && (!same || strcmp(source, f->name) != 0);
        int rc = moves ? contract(m, source) : 0;
        if (rc) return rc;
    }
    return 0;
}

/* Is all that changes allowed? *drops: columns with values in them go. */
static int check(struct migrating *m, bool *drops)
{
    int rc = check_columns(m);
    *drops = false;
    for (size_t i = 0; rc == 0 && i < m->old.as.map.n; i++) {
        const char *name = m->old.as.map.pairs[i].key;
        if (table_field(m->t, name) || migrate_is_renamed(m, name)) continue;
        rc = check_drop(m, name);
        *drops |= rc == 1;
        if (rc == 1) rc = 0;
    }
    return rc;
}

static int is_large(struct migrating *m)
{
    struct buf b;
    if (!m->o->rows_most) return 0;
    buf_init(&b, 1024);
    buf_printf(&b, "select 1 from \"%s\" limit 1 offset %lld", m->t->sql_name, (long long)m->o->rows_most);
    int rc = migrate_has_row(m, b.data);
    buf_close(&b);
    return rc;
}

static int rename_column(struct migrating *m, const struct field *f)
{
    const char *was, *source = migrate_source(m, f, &was);
    struct buf b;
    if (!source || strcmp(source, f->name) == 0) return 0;
    buf_init(&b, 1024);
    buf_printf(&b, "alter table \"%s\" rename column \"%s\" to \"%s\"", m->t->sql_name, source, f->name);
    int rc = migrate_run(m, b.data);
    buf_close(&b);
    return rc;
}

static int change_columns(struct migrating *m)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->t->n; i++) {
        const struct field *f = &m->t->fields[i];
        bool is_required = false;
        const char *was, *source = migrate_source(m, f, &was);
        rc = source ? rename_column(m, f) : add_column(m, f);
        if (rc || !source) continue;
        migrate_is_same(m, f, was, &is_required);
        /* A dry run has not renamed it. */
        if (f->required && !is_required && !(m->o->dry && source != f->name)) rc = require_column(m, f);
    }
    return rc;
}

/* After the indexes: one that names the column would keep it from being dropped. */
static int drop_columns(struct migrating *m)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->old.as.map.n; i++) {
        struct buf b;
        const char *name = m->old.as.map.pairs[i].key;
        if (table_field(m->t, name) || migrate_is_renamed(m, name)) continue;
        buf_init(&b, 1024);
        buf_printf(&b, "alter table \"%s\" drop column \"%s\"", m->t->sql_name, name);
        rc = migrate_run(m, b.data);
        buf_close(&b);
    }
    return rc;
}

static int make(struct migrating *m)
{
    int rc = migrate_create(m, m->t->sql_name);
    if (rc == 0 && !m->o->dry) rc = migrate_indexes(m, m->t->sql_name);
    return rc ? rc : migrate_write_shape(m);
}

/* By alterations, which need to make no row anew. */
static int alter(struct migrating *m)
{
    int rc = change_columns(m);
    if (rc == 0) rc = migrate_indexes(m, m->t->sql_name);
    if (rc == 0) rc = drop_columns(m);
    return rc ? rc : migrate_write_shape(m);
}

int table_migrate(struct store *db, const struct table *t, const struct table_change *change, struct err *err)
{
    static const struct table_change plain = {0};
    struct migrating m;
    bool drops;
    migrate_init(&m, db, t, change ? change : &plain, err);
    int rc = migrate_read_shape(&m);
    if (rc == 0) {
        rc = make(&m);
    } else if (rc == 1) {
        rc = check(&m, &drops);
        bool copies = rc == 0 && copy_is_needed(&m);
        int large = rc == 0 && (copies || drops) ? is_large(&m) : 0;
        int ready = rc == 0 && (copies || large) ? copy_is_ready(&m) : 0;
        if (large < 0 || ready < 0)
            rc = large < 0 ? large : ready;
        else if (rc == 0 && large && !ready && !m.o->dry)
            rc = migrate_refuse_large(&m);
        else if (rc == 0)
            rc = copies || large ? copy_finish(&m) : alter(&m);
    }
    migrate_close(&m);
    return rc;
}
