/* What runs are found by: fields of a flow's input that it names (search = { "unit", "year" }), kept as rows of their
 * own when a run begins; a checkpoint whose state has such a field says it anew. A field is sought by its whole value.
 */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/json.h"
#include "people/people.h"
#include "plugin/plugins.h"

int flow_search_compile(struct flow_def *def, const struct val *search, struct arena *a, struct err *err)
{
    if (!search || search->type == VAL_NIL) return 0;
    bool good = search->type == VAL_LIST && search->as.list.n > 0 && search->as.list.n <= FLOW_SEARCH_MAX;
    def->search = good ? arena_alloc(a, search->as.list.n * sizeof(*def->search)) : NULL;
    if (good && !def->search) return err_set(err, ERR_NOMEM, "memory", NULL);
    for (size_t i = 0; good && i < search->as.list.n; i++) {
        const char *name = val_cstr(a, &search->as.list.items[i]);
        const struct field *f = name ? field_find(&def->input, name) : NULL;
        good = f && field_is_scalar(f->type);
        for (size_t k = 0; good && k < i; k++)
            good = def->search[k] != f;
        def->search[def->nsearch++] = f;
    }
    return good ? 0 : err_set(err, ERR_INVALID, "flow.search", "flow", def->name, NULL);
}

static int add(struct store *db, int64_t name, int64_t run, const char *field, const char *value, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into flow_search(name, field, value, run) values(?1, ?2, ?3, ?4)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_str(s, 2, field);
    stmt_bind_str(s, 3, value);
    stmt_bind_int(s, 4, run);
    return stmt_run(s, err);
}

int flow_search_forget(struct store *db, int64_t run, const char *field, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from flow_search where run = ?1 and field = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_str(s, 2, field);
    return stmt_run(s, err);
}

int flow_search_add(struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < def->nsearch; i++) {
        const struct val *v = val_get(&run->input, def->search[i]->name);
        const char *key = v && v->type != VAL_NIL ? flow_value_key(v, s->arena, err) : "";
        if (!key) return err->code;
        if (*key) rc = add(s->db, run->name_id, run->id, def->search[i]->name, key, err);
    }
    return rc;
}

/* What a run has found out by a checkpoint counts more than what it was started with. */
int flow_search_update(struct session *s, struct flow_run *run, const struct val *state, struct err *err)
{
    const struct flow_def *def = flow_def_find(run->flow, run->plugin, run->name);
    int rc = 0;
    for (size_t i = 0; rc == 0 && def && i < def->nsearch; i++) {
        const char *name = def->search[i]->name;
        const struct val *now = val_is(state, VAL_MAP) ? val_get(state, name) : NULL;
        const char *key = now && now->type != VAL_NIL ? flow_value_key(now, s->arena, err) : "";
        if (!key) return err->code;
        if (!*key) continue;
        rc = flow_search_forget(s->db, run->id, name, err);
        if (rc == 0) rc = add(s->db, run->name_id, run->id, name, key, err);
    }
    return rc;
}

int flow_search_put(struct store *db, const struct flow_found *r, const struct val *fields, struct arena *a,
                    struct err *err)
{
    int rc = store_run(db, "delete from flow_search where run = ?1", r->run, 0, err);
    for (size_t i = 0; rc == 0 && i < fields->as.list.n; i++) {
        const char *name = val_cstr(a, &fields->as.list.items[i]);
        const struct val *v = name && r->state->type == VAL_MAP ? val_get(r->state, name) : NULL;
        if (name && (!v || v->type == VAL_NIL)) v = r->input->type == VAL_MAP ? val_get(r->input, name) : NULL;
        const char *key = name ? flow_value_key(v, a, err) : NULL;
        if (!key) return err->code ? err->code : err_set(err, ERR_NOMEM, "memory", NULL);
        if (*key) rc = add(db, r->name, r->run, name, key, err);
    }
    return rc;
}

/* ["unit","year"], as flow_searched has it. */
static const char *names_of(const struct flow_def *def, struct arena *a)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    for (size_t i = 0; i < def->nsearch; i++) {
        struct val name = val_str(def->search[i]->name);
        buf_add_char(&b, i ? ',' : '[');
        json_write(&b, &name);
    }
    buf_add_char(&b, ']');
    const char *text = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return text;
}

int flow_search_renew(struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err)
{
    struct flow_found r = {run->name_id, run->id, &run->input, &run->checkpoint};
    struct val fields = val_list();
    for (size_t i = 0; i < def->nsearch; i++)
        if (val_add(s->arena, &fields, val_str(def->search[i]->name))) return err_set(err, ERR_NOMEM, "memory", NULL);
    return def->nsearch ? flow_search_put(s->db, &r, &fields, s->arena, err) : 0;
}

/* What is found by other fields than before is filled from the first run on. */
static int keep(struct store *db, int64_t name, const char *fields, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into flow_searched(name, fields, pass, after) values(?1, ?2, case when"
                                " exists(select 1 from flow_run where name = ?1) then 0 end, 0) on conflict(name)"
                                " do update set fields = ?2, pass = excluded.pass, after = 0 where fields <> ?2",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_str(s, 2, fields);
    return stmt_run(s, err);
}

int flow_search_declare(struct flow *f, struct session *s, const struct flow_def *def, struct err *err)
{
    struct arena a;
    arena_init(&a, 64 << 10);
    const char *fields = names_of(def, &a);
    int rc = !fields        ? err_set(err, ERR_NOMEM, "memory", NULL)
             : def->nsearch ? keep(s->db, def->name_id, fields, err)
                            : store_run(s->db, "delete from flow_searched where name = ?1", def->name_id, 0, err);
    if (rc == 0 && def->nsearch && store_changes(s->db) > 0) flow_catch_up(f, s->now);
    arena_close(&a);
    return rc;
}

static const struct field *field_of(const struct flow_def *def, const char *name)
{
    for (size_t i = 0; i < def->nsearch; i++)
        if (strcmp(def->search[i]->name, name) == 0) return def->search[i];
    return NULL;
}

/* As this thread knows it: a reader by its snapshot. */
static const struct flow_def *def_of(struct session *s, const char *plugin, const char *name)
{
    const struct registry *r = s->registry ? s->registry : plugins_current(s->host->plugins);
    const struct decl *d = r ? registry_find(r, "flow", plugin, name) : NULL;
    return d ? d->compiled : NULL;
}

static int unknown(const struct flow_def *def, const char *name, struct arena *a, struct err *err)
{
    const char *known = "";
    for (size_t i = 0; known && i < def->nsearch; i++)
        known = arena_printf(a, "%s%s%s", known, i ? ", " : "", def->search[i]->name);
    return err_set(err, ERR_INVALID, "flow.search_field", "flow", def->name, "field", name, "known", known ? known : "",
                   NULL);
}

int flow_search_read(struct session *s, const char *plugin, const char *name, const struct val *where,
                     struct flow_search *out, struct err *err)
{
    const struct flow_def *def = plugin && name ? def_of(s, plugin, name) : NULL;
    struct val named;
    *out = (struct flow_search){0};
    if (!where || where->type == VAL_NIL || where->as.map.n == 0) return 0;
    if (!def) return err_set(err, ERR_INVALID, "flow.search_flow", NULL);
    int rc = people_codes(s->db, &def->input, where, s->arena, &named, err);
    for (size_t i = 0; rc == 0 && i < named.as.map.n; i++) {
        const struct val_pair *p = &named.as.map.pairs[i];
        const struct field *field = field_of(def, p->key);
        struct val v;
        if (!field) return unknown(def, p->key, s->arena, err);
        rc = field_check(field, &p->v, &s->host->time, s->arena, &v, err);
        const char *key = rc == 0 ? flow_value_key(&v, s->arena, err) : NULL;
        if (!key) return rc ? rc : err->code;
        out->by[out->n].field = field->name; /* a map has each name once, and a flow that many fields at most */
        out->by[out->n++].value = key;
    }
    return rc;
}
