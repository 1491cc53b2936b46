/* Methods of a declared table: rows in, checked by their fields, rows out.
 *
 * An insert is one look-up in the registry, one check of the row and one prepared statement; all
 * memory is the call's arena. */
#include "content/storage_internal.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/id.h"
#include "content/content_internal.h"
#include "content/personal.h"
#include "file/file.h"
#include "plugin/declare.h"
#include "store/lane.h"

/* The compiled table behind a handle, and the registry that holds it. */
struct use {
    struct registry *registry;
    const struct storage_table *t;
};

/* A plugin's handle reaches another's table only if that one is exported, and then to read. */
static int use_begin(struct api_call *c, bool write, struct use *u)
{
    const struct val *fields = c->args[0].as.obj.fields;
    const char *plugin = fields ? api_str(val_get(fields, "plugin")) : NULL;
    const char *name = fields ? api_str(val_get(fields, "name")) : NULL;
    const char *own = NULL;
    *u = (struct use){0};
    if (!plugin || !name) return err_set(c->err, ERR_INVALID, "storage.handle", NULL);
    int rc = storage_plugin(c->s, &own, c->err);
    if (rc) return rc;
    u->registry = storage_registry(c->s);
    u->t = storage_table_find(u->registry, plugin, name);
    bool is_own = strcmp(own, plugin) == 0;
    if (u->t && (is_own || (u->t->exported && !write))) return 0;
    if (!u->t || !u->t->exported) return err_set(c->err, ERR_NOT_FOUND, "not_found.table", "table", name, NULL);
    return err_set(c->err, ERR_DENIED, "storage.not_own", "table", name, "plugin", plugin, NULL);
}

static int use_end(struct use *u, int rc)
{
    registry_drop(u->registry);
    return rc < 0 ? rc : 0;
}

/* About how many bytes a row takes. */
static size_t size_of(const struct val *v)
{
    size_t n = 16;
    if (v->type == VAL_STR) n += v->as.str.len;
    for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++)
        n += size_of(&v->as.list.items[i]);
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++)
        n += strlen(v->as.map.pairs[i].key) + size_of(&v->as.map.pairs[i].v);
    return n;
}

static int check_row(struct api_call *c, const struct use *u, bool partial, struct val *row)
{
    if (size_of(&c->args[partial ? 2 : 1]) > STORAGE_ROW_MAX)
        return err_set(c->err, ERR_LIMIT, "limit.size", "what", u->t->name, NULL);
    int rc =
        field_check_map(&u->t->fields, &c->args[partial ? 2 : 1], partial, &c->s->host->time, c->arena, row, c->err);
    if (rc == 0 && u->t->has_files) rc = file_fields_take(c->s, &u->t->fields, c->arena, row, c->err);
    if (rc == 0 && u->t->has_refs) rc = storage_refs_check(c->s->db, u->registry, u->t, row, c->err);
    return rc;
}

static int tell(struct api_call *c, const struct storage_table *t, const char *verb, int64_t id,
                const struct val *before, const struct val *after)
{
    char kind[120];
    struct val was, is;
    snprintf(kind, sizeof(kind), "table:%s.%s", t->plugin, t->name);
    if (personal_to_tell(&t->fields, before, c->arena, &was) || personal_to_tell(&t->fields, after, c->arena, &is))
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return audit_add(
        c->s,
        &(struct audit_entry){
            .verb = verb, .kind = kind, .id = id, .before = before ? &was : NULL, .after = after ? &is : NULL},
        c->err);
}

/* Of a row as it was, what the changes change. */
static int changed_of(struct arena *a, const struct val *row, const struct val *changes, struct val *out)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < changes->as.map.n; i++) {
        const struct val *was = val_get(row, changes->as.map.pairs[i].key);
        if (was) rc = val_set_new(a, out, changes->as.map.pairs[i].key, *was);
    }
    return rc;
}

/* A row that is one too many is taken out again: that is rare, and a mark for each insert is not needed. */
static int count_new(struct api_call *c, const struct storage_table *t, int64_t id)
{
    struct err ignored;
    int64_t bytes;
    int rc = table_size(c->s->db, t->table, id, &bytes, c->err);
    if (rc == 1) rc = quota_add_stored(c->s, t->plugin, 1, bytes, c->err);
    if (rc == ERR_LIMIT && err_is_fault(table_delete(c->s->db, t->table, id, &ignored))) {
        *c->err = ignored;
        rc = ignored.code;
    }
    return rc;
}

static int add_row(struct api_call *c, const struct storage_table *t, int64_t id, const struct val *row)
{
    int rc = table_insert(c->s->db, t->table, id, row, c->err);
    if (rc == 0) rc = count_new(c, t, id);
    return rc ? rc : tell(c, t, "storage.insert", id, NULL, row);
}

/* Several statements: a refusal undoes them all. */
static int add_row_with_files(struct api_call *c, const struct storage_table *t, int64_t id, const struct val *row)
{
    int rc = store_mark(c->s->db, c->err);
    if (rc) return rc;
    rc = add_row(c, t, id, row);
    if (rc == 0) rc = storage_files_hang(c, t, id, row);
    if (rc == 0) return store_mark_release(c->s->db, c->err);
    if (store_in_transaction(c->s->db)) store_mark_rollback(c->s->db);
    return rc;
}

static int insert(struct api_call *c)
{
    struct use u;
    struct val row;
    int rc = use_begin(c, true, &u);
    if (rc == 0) rc = check_row(c, &u, false, &row);
    if (rc == 0) {
        int64_t id = id_next(lane_ids(c->s->lane), c->s->now);
        rc = u.t->has_files ? add_row_with_files(c, u.t, id, &row) : add_row(c, u.t, id, &row);
        c->result = val_int(id);
    }
    return use_end(&u, rc);
}

/* A row as Lua sees it: id, version and the fields, dates and instants as objects. */
static int to_api(struct api_call *c, const struct use *u, const struct val *row, struct val *out)
{
    const struct content_form form = {&u->t->fields, u->t->zone};
    *out = val_map();
    return content_body_to_api(&form, row, c->arena, out, c->err);
}

static int get(struct api_call *c)
{
    struct use u;
    struct val row;
    int rc = use_begin(c, false, &u);
    if (rc == 0) rc = table_get(c->s->db, u.t->table, c->args[1].as.i, c->arena, &row, c->err);
    if (rc == 1) rc = to_api(c, &u, &row, &c->result);
    return use_end(&u, rc);
}

static int update(struct api_call *c)
{
    struct use u;
    struct val row, old = val_map(), before;
    int rc = use_begin(c, true, &u);
    if (rc == 0) rc = check_row(c, &u, true, &row);
    int64_t id = c->args[1].as.i, was = 0, now = 0;
    if (rc == 0) rc = table_size(c->s->db, u.t->table, id, &was, c->err);
    if (rc == 1) rc = table_get(c->s->db, u.t->table, id, c->arena, &old, c->err);
    if (rc >= 0) rc = table_update(c->s->db, u.t->table, id, &row, val_get_int(&c->args[3], "version", 0), c->err);
    if (rc == 0) rc = table_size(c->s->db, u.t->table, id, &now, c->err);
    if (rc >= 0) rc = quota_add(c->s, u.t->plugin, QUOTA_BYTES, now - was, c->err);
    if (rc == 0) rc = storage_files_renew(c, u.t, id);
    if (rc == 0 && changed_of(c->arena, &old, &row, &before) != 0) rc = content_too_large(c->err);
    if (rc == 0) rc = tell(c, u.t, "storage.update", id, &before, &row);
    return use_end(&u, rc);
}

static int delete_row(struct api_call *c)
{
    struct use u;
    struct val old = val_map();
    int64_t id = c->args[1].as.i, was = 0;
    int rc = use_begin(c, true, &u);
    if (rc == 0) rc = storage_refs_hold(c->s->db, u.registry, u.t, id, c->err);
    if (rc == 0) rc = table_size(c->s->db, u.t->table, id, &was, c->err);
    if (rc == 1) rc = table_get(c->s->db, u.t->table, id, c->arena, &old, c->err);
    if (rc >= 0) rc = table_delete(c->s->db, u.t->table, id, c->err);
    if (rc == 0) rc = quota_add_stored(c->s, u.t->plugin, -1, -was, c->err);
    if (rc == 0) rc = storage_files_let_go(c, u.t, id);
    if (rc == 0) rc = tell(c, u.t, "storage.delete", id, &old, NULL);
    return use_end(&u, rc);
}

static struct table_query query_of(struct api_call *c, const struct val *where, const struct val *options)
{
    const struct val *after = val_get(options, "after");
    return (struct table_query){.where = val_is(where, VAL_MAP) ? where : NULL,
                                .order = val_get(options, "order"),
                                .limit = val_get_int(options, "limit", 0),
                                .after = after ? api_str(after) : NULL,
                                .time = &c->s->host->time};
}

static int find(struct api_call *c)
{
    struct use u;
    struct val rows = val_list();
    const char *cursor = NULL;
    struct table_query q = query_of(c, &c->args[1], &c->args[2]);
    int rc = use_begin(c, false, &u);
    if (rc == 0) rc = table_find(c->s->db, u.t->table, &q, c->arena, &rows, &cursor, c->err);
    c->result = val_list();
    for (size_t i = 0; rc == 0 && i < rows.as.list.n; i++) {
        struct val row;
        rc = to_api(c, &u, &rows.as.list.items[i], &row);
        if (rc == 0 && val_add(c->arena, &c->result, row) != 0) rc = content_too_large(c->err);
    }
    c->nresults = 2;
    c->result2 = cursor ? val_str(cursor) : val_nil();
    return use_end(&u, rc);
}

static int count(struct api_call *c)
{
    struct use u;
    int64_t n = 0;
    struct table_query q = query_of(c, &c->args[1], NULL);
    int rc = use_begin(c, false, &u);
    if (rc == 0) rc = table_count(c->s->db, u.t->table, &q, c->arena, &n, c->err);
    c->result = val_int(n);
    return use_end(&u, rc);
}

/* Asks for sums; rows as they come. */
static int sums(struct api_call *c, const struct table_query *q, const struct table_sums *s, struct val *rows)
{
    struct use u;
    struct val stored = val_list();
    int rc = use_begin(c, false, &u);
    if (rc == 0) rc = table_aggregate(c->s->db, u.t->table, q, s, c->arena, &stored, c->err);
    *rows = val_list();
    for (size_t i = 0; rc == 0 && i < stored.as.list.n; i++) {
        struct val row;
        rc = to_api(c, &u, &stored.as.list.items[i], &row);
        if (rc == 0 && val_add(c->arena, rows, row) != 0) rc = content_too_large(c->err);
    }
    return use_end(&u, rc);
}

static int sum(struct api_call *c)
{
    struct table_query q = query_of(c, &c->args[2], NULL);
    struct val fields = val_list(), rows;
    const char *name = api_str(&c->args[1]);
    if (!name || val_add(c->arena, &fields, c->args[1]) != 0) return content_too_large(c->err);
    struct table_sums s = {.sum = &fields};
    int rc = sums(c, &q, &s, &rows);
    const struct val *v = rc == 0 ? val_get(val_at(&rows, 0), name) : NULL;
    c->result = v && v->type != VAL_NIL ? *v : val_int(0);
    return rc;
}

static int aggregate(struct api_call *c)
{
    const struct val *o = &c->args[1];
    struct table_query q = query_of(c, val_get(o, "where"), o);
    struct table_sums s = {.by = val_get(o, "by"), .sum = val_get(o, "sum"), .count = val_get_bool(o, "count", false)};
    return sums(c, &q, &s, &c->result);
}

/* While loading: the function that makes a column out of the row as it was. */
static int convert(struct api_call *c)
{
    const struct val *fields = c->args[0].as.obj.fields;
    const char *table = fields ? api_str(val_get(fields, "name")) : NULL;
    const char *column = api_str(&c->args[1]);
    struct val spec = val_map();
    const char *name = arena_printf(c->arena, "%s.%s", table ? table : "", column ? column : "");
    if (!table || !column || !name || val_set(c->arena, &spec, "table", val_str(table)) != 0 ||
        val_set(c->arena, &spec, "column", val_str(column)) != 0)
        return content_too_large(c->err);
    return registry_declare_fn(c->s, "convert", name, &spec, c->args[2].as.i, c->err);
}

const struct api_fn storage_table_functions[] = {
    {"table:insert", insert, "table:object:table! row:map!", "integer", API_WRITE, "storage", 1,
     "Adds a row; returns its id.", .tells = true},
    {"table:convert", convert, "table:object:table! column:text! make:fn!", "", API_DECLARE, "storage", 1,
     "Makes a column out of the row as it was, when its type changes or it is new: make(row) gives the value."},
    {"table:get", get, "table:object:table! id:integer!", "table?", API_READ, "storage", 1,
     "The row with an id: id, version and the fields."},
    {"table:update", update, "table:object:table! id:integer! changes:map! options:map{version:integer}", "", API_WRITE,
     "storage", 1, "Changes fields of a row; {version = n}: a conflict if it has another one by now.", true,
     .tells = true},
    {"table:delete", delete_row, "table:object:table! id:integer!", "", API_WRITE, "storage", 1,
     "Removes a row; refused while another row refers to it.", .tells = true},
    {"table:find", find, "table:object:table! where:map options:map{order:any,limit:integer,after:text}",
     "table[], cursor?", API_READ, "storage", 1, "Rows by conditions; {order, limit, after}."},
    {"table:count", count, "table:object:table! where:map", "integer", API_READ, "storage", 1, "How many rows."},
    {"table:sum", sum, "table:object:table! field:text! where:map", "number", API_READ, "storage", 1,
     "The sum of a field."},
    {"table:aggregate", aggregate,
     "table:object:table! query:map{where:map,by:list,sum:list,count:boolean,order:any,limit:integer,after:text}!",
     "table[]", API_READ, "storage", 1, "Counts and sums by fields: {where, by, sum, count}."},
    {0},
};
