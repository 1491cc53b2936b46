/* The module of storage: declared tables, compiled once and migrated when a set of plugins becomes
 * active. */
#include "content/content_internal.h"
#include "content/storage_copy.h"
#include "content/storage_internal.h"

#include <string.h>

#include "base/mem.h"
#include "content/personal.h"
#include "file/file.h"
#include "plugin/plugin_vm.h"
#include "plugin/plugins.h"
#include "store/lane.h"

const struct val_kind storage_table_kind = {"table", true};

struct storage *storage_new(struct host *host)
{
    struct storage *st = mem_alloc(sizeof(*st));
    st->host = host;
    return st;
}

void storage_free(struct storage *st)
{
    if (st) storage_copy_free(st);
    mem_free(st);
}

void storage_set_holds(struct storage *st, storage_holds_fn holds, void *ctx)
{
    st->holds = holds;
    st->holds_ctx = ctx;
}

struct registry *storage_registry(struct session *s)
{
    if (s->registry) return registry_hold(s->registry);
    struct registry *r = s->host->plugins ? plugins_registry(s->host->plugins) : NULL;
    return r ? r : s->vm && s->vm->registry ? registry_hold(s->vm->registry) : NULL;
}

int storage_plugin(struct session *s, const char **name, struct err *err)
{
    *name = s->vm && s->vm->plugin ? s->vm->plugin->name : s->actor.plugin;
    return *name ? 0 : err_set(err, ERR_REFUSED, "storage.no_plugin", NULL);
}

bool storage_name_ok(const char *name, size_t len)
{
    if (len == 0 || len > STORAGE_NAME_MAX || name[0] < 'a' || name[0] > 'z' || name[len - 1] == '_') return false;
    for (size_t i = 1; i < len; i++) {
        bool ok = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '_';
        if (!ok || (name[i] == '_' && name[i - 1] == '_')) return false;
    }
    return true;
}

const struct storage_table *storage_table_find(const struct registry *r, const char *plugin, const char *name)
{
    const struct decl *d = r ? registry_find(r, "table", plugin, name) : NULL;
    return d ? d->compiled : NULL;
}

static int bad_option(const struct decl *d, const char *option, struct err *err)
{
    return err_set(err, ERR_INVALID, "storage.option", "table", d->name, "option", option, NULL);
}

/* Does an index begin with this field already? */
static bool is_indexed(const struct val *list, const char *field)
{
    for (size_t i = 0; val_is(list, VAL_LIST) && i < list->as.list.n; i++) {
        const struct val *one = &list->as.list.items[i];
        const struct val *first = one->type == VAL_LIST ? val_at(one, 0) : one;
        if (val_is_str(first, field)) return true;
    }
    return false;
}

/* Every reference is indexed: whether a row may go is asked of each table that could point to it.
 */
static int indexes(struct arena *a, const struct decl *d, struct storage_table *t, struct val *out)
{
    const struct val *declared = val_get(&d->spec, "index"), *unique = val_get(&d->spec, "unique");
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && val_is(declared, VAL_LIST) && i < declared->as.list.n; i++)
        rc = val_add(a, out, declared->as.list.items[i]);
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        struct val one = val_list();
        if (f->type != FIELD_REF) continue;
        t->has_refs = true;
        if (is_indexed(declared, f->name) || is_indexed(unique, f->name)) continue;
        rc = val_add(a, &one, val_str(f->name));
        if (rc == 0) rc = val_add(a, out, one);
    }
    return rc;
}

/* The columns of this table that table:convert makes. */
static int conversions(struct arena *a, const struct decl *d, const struct registry *r, struct storage_table *t,
                       struct err *err)
{
    size_t i = 0;
    t->converted = val_list();
    for (const struct decl *c; (c = registry_each(r, "convert", &i));) {
        const char *column = val_get_str(&c->spec, "column");
        if (strcmp(c->plugin, d->plugin) != 0 || !val_is_str(val_get(&c->spec, "table"), d->name)) continue;
        if (!column || !field_find(&t->fields, column)) {
            err_set(err, ERR_INVALID, "table.step", "table", d->name, "field", column, "step", "convert", NULL);
            err_set_where(err, c->where, 0);
            return err->code;
        }
        const struct field *f = field_find(&t->fields, column);
        if (f->type == FIELD_FILE || f->item == FIELD_FILE) { /* nobody has handed it in */
            err_set(err, ERR_INVALID, "storage.convert_file", "table", d->name, "column", column, NULL);
            err_set_where(err, c->where, 0);
            return err->code;
        }
        if (val_add(a, &t->converted, val_str(column)) != 0) return content_too_large(err);
    }
    return 0;
}

static int compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct storage_table *t = arena_alloc(a, sizeof(*t));
    struct val *index = arena_alloc(a, sizeof(*index));
    const char *sql_name = arena_printf(a, "p_%s__%s", d->plugin, d->name);
    const struct storage *st = self;
    if (!t || !index || !sql_name) return content_too_large(err);
    if (!storage_name_ok(d->plugin, strlen(d->plugin)) || !storage_name_ok(d->name, strlen(d->name)))
        return err_set(err, ERR_INVALID, "storage.table_name", "table", d->name, "plugin", d->plugin, NULL);
    t->plugin = d->plugin;
    t->name = d->name;
    t->zone = st->host->zone;
    t->exported = val_get_bool(&d->spec, "export", false);
    int rc = val_is(val_get(&d->spec, "fields"), VAL_MAP) ? 0 : bad_option(d, "fields", err);
    if (rc == 0) rc = field_parse_list(a, val_get(&d->spec, "fields"), &t->fields, err);
    if (rc == 0) rc = personal_check(&t->fields, err);
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++)
        if (t->fields.items[i].type == FIELD_LIST && t->fields.items[i].item == FIELD_REF) t->has_refs = true;
    t->has_files = rc == 0 && file_fields_any(&t->fields);
    if (rc == 0 && indexes(a, d, t, index) != 0) rc = content_too_large(err);
    if (rc == 0) rc = conversions(a, d, r, t, err);
    if (rc) return rc;
    struct table_spec spec = {.sql_name = sql_name,
                              .shown_name = d->name,
                              .fields = t->fields,
                              .unique = val_get(&d->spec, "unique"),
                              .index = index,
                              .renamed = val_get(&d->spec, "renamed"),
                              .dropped = val_get(&d->spec, "dropped"),
                              .converted = &t->converted};
    rc = table_build(a, &spec, &t->table, err);
    if (rc == 0) d->compiled = t;
    return rc;
}

struct decl_kind storage_decl_kind(struct storage *st)
{
    return (struct decl_kind){"table", true, compile, st};
}

/* Ids never go back, whatever the clock does. */
static int raise_ids(struct storage *st, struct store *db, const struct storage_table *t, struct err *err)
{
    char sql[160] = "select max(id) from ";
    if (!st->host->lane) return 0;
    strncat(sql, table_sql_name(t->table), sizeof(sql) - strlen(sql) - 1);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) lane_raise_id(st->host->lane, stmt_int(s, 0));
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int contract(void *ctx, const char *column, struct err *err)
{
    const struct storage_change *c = ctx;
    return c->pv ? storage_shape_check(c->st, c->db, c->t, c->pv->plugin->hash, column, err) : 0;
}

static int migrate(struct storage_change *c, struct registry *r, bool dry, struct err *err)
{
    struct table_change change = {.dry = dry,
                                  .convert = storage_convert,
                                  .contract = contract,
                                  .ctx = c,
                                  .rows_most = c->pv ? STORAGE_COPY_ROWS : 0};
    int rc = storage_migrate_counted(c->st->host, c->db, c->t, &change, err);
    if (rc == ERR_REFUSED && strcmp(err->key, "table.large") == 0) rc = storage_copy_start(c, r, err);
    if (rc == 0 && !dry) rc = raise_ids(c->st, c->db, c->t, err);
    if (rc == 0 && !dry && c->pv) rc = storage_shape_keep(c->db, c->t, c->pv->plugin->hash, err);
    return rc;
}

struct planning {
    struct storage_change change; /* first: the ctx of contract() */
    struct arena *a;
    struct val *out;
    int64_t rows;
    int rc;
};

static void plan_step(void *ctx, const char *line)
{
    struct planning *p = ctx;
    struct val step = val_map();
    char *copy = arena_strdup(p->a, line), *table = arena_strdup(p->a, p->change.t->name);
    int rc = copy && table ? val_set(p->a, &step, "table", val_str(table)) : ERR_NOMEM;
    rc = rc ? rc : val_set(p->a, &step, "rows", val_int(p->rows));
    rc = rc ? rc : val_set(p->a, &step, "step", val_str(copy));
    if (rc || val_add(p->a, p->out, step) != 0) p->rc = ERR_NOMEM;
}

/* A table that is not there yet has no rows. */
static int count_rows(struct planning *p, struct err *err)
{
    const char *name = table_sql_name(p->change.t->table);
    struct stmt *s = store_stmt(p->change.db, "select 1 from host_table where name = ?1", err);
    p->rows = 0;
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    int rc = stmt_step(s, err);
    stmt_done(s);
    const char *sql = rc == 1 ? arena_printf(p->a, "select count(*) from \"%s\"", name) : NULL;
    s = sql ? store_stmt(p->change.db, sql, err) : NULL;
    if (!s) return sql ? err->code : rc;
    rc = stmt_step(s, err);
    p->rows = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int storage_plan(struct storage *st, struct store *db, struct registry *r, const char *plugin, struct arena *a,
                 struct val *out, struct err *err)
{
    struct planning p = {.a = a, .out = out};
    struct table_change change = {.dry = true, .note = plan_step, .contract = contract, .ctx = &p};
    size_t i = 0;
    int rc = 0;
    *out = val_list();
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "table", &i));) {
        if (strcmp(d->plugin, plugin) != 0) continue;
        p.change = (struct storage_change){st, db, d->compiled, plugins_vm(st->host->plugins, plugin)};
        rc = count_rows(&p, err);
        if (rc == 0) rc = table_migrate(db, p.change.t->table, &change, err);
        if (rc == 0 && p.rc) rc = content_too_large(err);
        if (rc && !err->where[0]) err_set_where(err, d->where, 0);
    }
    return rc;
}

int storage_activate(struct storage *st, struct store *db, struct registry *r, bool dry, struct err *err)
{
    size_t i = 0;
    int rc = st->copies || dry ? 0 : storage_copy_clean(st, db, err);
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "table", &i));) {
        struct storage_change c = {st, db, d->compiled, plugins_vm(st->host->plugins, d->plugin)};
        rc = storage_refs_declared(r, c.t, err);
        if (rc == 0 && !plugins_is_active(st->host->plugins, d)) rc = migrate(&c, r, dry, err);
        if (rc) err_add_arg(err, "plugin", c.t->plugin);
        if (rc && !err->where[0]) err_set_where(err, d->where, 0);
    }
    return rc;
}

static int on_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    return storage_activate(ctx, s->db, r, false, err);
}

void storage_attach(struct storage *st)
{
    struct decl_kind kinds[] = {storage_decl_kind(st), {"convert", true, NULL, NULL}};
    plugins_add_kinds(st->host->plugins, kinds, 2);
    plugins_add_activation(st->host->plugins, on_activate, st);
    storage_add_api(st, st->host->api);
    quotas_add_count(st->host->quotas, storage_count, st);
    storage_erase_attach(st);
    storage_kv_erase_attach(st);
    st->source.collect = storage_copy_collect;
    if (st->host->lane) lane_add_source(st->host->lane, &st->source);
}

void storage_add_api(struct storage *st, struct api *api)
{
    api_add(api, storage_table_functions, st);
    api_add(api, storage_other_functions, st);
}
