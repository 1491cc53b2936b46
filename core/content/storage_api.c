/* storage.* that belongs to no table: declaring, keys and values, SQL, numbers. */
#include "content/content_internal.h"
#include "content/storage_api.h"

#include <string.h>

#include "base/clock.h"
#include "plugin/declare.h"

/* Declares and gives the handle at once: a name that the methods look up in the active registry. */
static int declare_table(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    const char *plugin;
    struct val *fields = arena_alloc(c->arena, sizeof(*fields));
    int rc = storage_plugin(c->s, &plugin, c->err);
    if (rc) return rc;
    if (!name || !storage_name_ok(name, strlen(name)))
        return err_set(c->err, ERR_INVALID, "storage.table_name", "table", name, "plugin", plugin, NULL);
    rc = registry_declare(c->s, "table", name, &c->args[1], c->err);
    if (rc) return rc;
    if (!fields) return content_too_large(c->err);
    *fields = val_map();
    if (val_set(c->arena, fields, "plugin", val_str(plugin)) != 0 ||
        val_set(c->arena, fields, "name", val_str(name)) != 0)
        return content_too_large(c->err);
    c->result = val_obj(&storage_table_kind, 0, 0, fields); /* id 0: a handle, known by its fields */
    return 0;
}

static int bind_value(struct api_call *c, struct stmt *s, int at, const struct val *v)
{
    switch (v->type) {
    case VAL_NIL:
        stmt_bind_null(s, at);
        return 0;
    case VAL_BOOL:
        stmt_bind_int(s, at, v->as.b);
        return 0;
    case VAL_INT:
        stmt_bind_int(s, at, v->as.i);
        return 0;
    case VAL_NUM:
        stmt_bind_num(s, at, v->as.n);
        return 0;
    case VAL_STR:
        stmt_bind_text(s, at, v->as.str.s, v->as.str.len);
        return 0;
    case VAL_OBJ:
        stmt_bind_int(s, at, v->as.obj.id);
        return 0; /* dates, instants, items, units: their number */
    default:
        break;
    }
    return err_set(c->err, ERR_INVALID, "storage.sql_value", "got", val_type_name(v->type), NULL);
}

/* By name ({ year = 2020 } for :year), or by place ({ 2020 } for ?). */
static int bind_values(struct api_call *c, struct stmt *s, const struct val *values)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && values->type == VAL_LIST && i < values->as.list.n; i++) {
        if ((int)i >= stmt_bind_count(s)) return err_set(c->err, ERR_INVALID, "storage.sql_name", "name", "?", NULL);
        rc = bind_value(c, s, (int)i + 1, &values->as.list.items[i]);
    }
    for (size_t i = 0; rc == 0 && values->type == VAL_MAP && i < values->as.map.n; i++) {
        const struct val_pair *p = &values->as.map.pairs[i];
        const char *name = arena_printf(c->arena, ":%s", p->key);
        int at = name ? stmt_bind_index(s, name) : 0;
        if (!at) return err_set(c->err, ERR_INVALID, "storage.sql_name", "name", p->key, NULL);
        rc = bind_value(c, s, at, &p->v);
    }
    return rc;
}

static int read_rows(struct api_call *c, struct stmt *s)
{
    struct err_num n;
    int rc;
    c->result = val_list();
    while ((rc = stmt_step(s, c->err)) == 1) {
        struct val row;
        if (c->result.as.list.n >= STORAGE_SQL_ROWS)
            return err_set(c->err, ERR_LIMIT, "storage.sql_rows", "most", err_i64(&n, STORAGE_SQL_ROWS), NULL);
        if (stmt_row(s, c->arena, &row) != 0 || val_add(c->arena, &c->result, row) != 0)
            return content_too_large(c->err);
    }
    return rc;
}

/* On the lane a statement has little time: all others wait for it. A reader has the limit of its
 * request already. */
static int run_limited(struct api_call *c, struct stmt *s)
{
    int64_t started = clock_mono_ns();
    struct err_num n;
    if (!c->s->lane) return read_rows(c, s);
    store_limit_time(c->s->db, STORAGE_SQL_MS);
    int rc = read_rows(c, s);
    store_limit_time(c->s->db, 0);
    if (rc == ERR_STOPPED && clock_mono_ns() - started >= (int64_t)STORAGE_SQL_MS * 1000000)
        return err_set(c->err, ERR_LIMIT, "limit.time", "ms", err_i64(&n, STORAGE_SQL_MS), NULL);
    return rc;
}

static int run_sql(struct api_call *c, const char *sql)
{
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    store_limit_value(c->s->db, STORAGE_SQL_VALUE);
    int rc = bind_values(c, s, &c->args[1]);
    if (rc == 0) rc = run_limited(c, s);
    stmt_done(s);
    store_limit_value(c->s->db, 0);
    return rc;
}

static int sql(struct api_call *c)
{
    const char *text = api_str(&c->args[0]), *real;
    struct storage_reader reader = {0};
    int rc = storage_plugin(c->s, &reader.plugin, c->err);
    if (rc) return rc;
    if (!text) return err_set(c->err, ERR_INVALID, "text.utf8", NULL);
    struct registry *r = storage_registry(c->s);
    reader.registry = r;
    rc = storage_sql_rewrite(r, reader.plugin, text, c->arena, &real, c->err);
    if (rc == 0) rc = store_query_check(c->s->db, real, storage_may_read, &reader, c->err);
    if (rc == 0) rc = run_sql(c, real);
    registry_drop(r);
    return rc;
}

const struct api_fn storage_other_functions[] = {
    {"storage.table", declare_table,
     "name:text! options:map{fields:map!,unique:list,index:list,export:boolean,label:any,renamed:map,dropped:list}!",
     "Table", API_DECLARE, "storage", 1,
     "Declares a table: fields, unique, index, export; returns its handle. References are indexed "
     "by themselves. A field { \"text\", personal = true } is erased with the person that its row is about (one of its"
     " persons, or named in it), personal = \"who\" with whom that field holds or names. Of an earlier shape: renamed "
     "= {"
     " new = \"old\" }, dropped = { \"column\" }."},
    {"storage.kv.get", storage_kv_get, "key:text!", "any", API_READ, "storage", 1, "The value of a key, or nil."},
    {"storage.kv.set", storage_kv_set, "key:text! value:any", "", API_WRITE, "storage", 1,
     "Sets the value of a key; nil removes it."},
    {"storage.kv.delete", storage_kv_delete, "key:text!", "", API_WRITE, "storage", 1, "Removes a key."},
    {"storage.kv.add", storage_kv_add, "key:text! n:integer!", "integer", API_WRITE, "storage", 1,
     "Adds to an integer; returns the new value."},
    {"storage.sql", sql, "text:text! values:any", "table[]", API_READ, "storage", 1,
     "Rows of one reading statement; tables by their names, others' exported as plugin.name, "
     "content.TYPE."},
    {"storage.number", storage_number, "book:text! options:map{year:integer}", "integer", API_WRITE, "storage", 1,
     "The next number of a book in a year: consecutive, without a gap.", true},
    {"storage.void", storage_void, "book:text! number:integer! reason:text! options:map{year:integer}", "", API_WRITE,
     "storage", 1, "Marks a number void; it stays taken."},
    {0},
};
