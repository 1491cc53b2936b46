/* What runs are found by: fields of a flow's input that it names (search = { "unit", "year" }), kept as rows of their
 * own when a run begins; a checkpoint whose state has such a field says it anew. A field is sought by its whole value.
 */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/json.h"
#include "people/people.h"
#include "plugin/plugins.h"

enum { FIELDS_MAX = 10 };

int flow_search_compile(struct flow_def *def, const struct val *search, struct arena *a, struct err *err)
{
    if (!search || search->type == VAL_NIL) return 0;
    bool good = search->type == VAL_LIST && search->as.list.n > 0 && search->as.list.n <= FIELDS_MAX;
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

static int add(struct store *db, const struct flow_run *run, const char *field, const char *value, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into flow_search(name, field, value, run) values(?1, ?2, ?3, ?4)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->name_id);
    stmt_bind_str(s, 2, field);
    stmt_bind_str(s, 3, value);
    stmt_bind_int(s, 4, run->id);
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
        if (*key) rc = add(s->db, run, def->search[i]->name, key, err);
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
        if (rc == 0) rc = add(s->db, run, name, key, err);
    }
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
    struct val named, rest = val_map();
    struct buf b;
    *out = (struct flow_search){0};
    if (!where || where->type == VAL_NIL || where->as.map.n == 0) return 0;
    if (!def) return err_set(err, ERR_INVALID, "flow.search_flow", NULL);
    int rc = people_codes(s->db, &def->input, where, s->arena, &named, err);
    for (size_t i = 0; rc == 0 && i < named.as.map.n; i++) {
        const struct val_pair *p = &named.as.map.pairs[i];
        const struct field *field = field_of(def, p->key);
        struct val v;
        rc = field ? field_check(field, &p->v, &s->host->time, s->arena, &v, err) : unknown(def, p->key, s->arena, err);
        const char *key = rc == 0 ? flow_value_key(&v, s->arena, err) : NULL;
        if (rc == 0 && !key) rc = err->code;
        if (rc == 0 && !out->field) {
            out->field = field->name;
            out->value = key;
        } else if (rc == 0 && val_set(s->arena, &rest, field->name, val_str(key))) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        }
    }
    if (rc) return rc;
    buf_init(&b, 64 << 10);
    json_write(&b, &rest);
    out->rest = buf_ok(&b) ? arena_strndup(s->arena, b.data, b.len) : NULL;
    buf_close(&b);
    return out->rest ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
