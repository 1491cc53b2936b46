/* One way to run an API function, whoever calls it: arguments, mode, capability, journal, mark. */
#include "plugin/api_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plugin/bind_lua.h"
#include "plugin/host.h"
#include "plugin/plugin_vm.h"
#include "store/store.h"

const char *session_mode_name(enum session_mode mode)
{
    static const char *const names[] = {"load", "read", "write", "hook", "run", "loop"};
    return names[mode];
}

static int bad_arg(const struct api_entry *e, const struct api_arg *arg, const char *type, const struct val *v,
                   struct err *err)
{
    bool is_odd = v->type == VAL_NUM && !isfinite(v->as.n);
    const char *got = is_odd               ? (isnan(v->as.n) ? "NaN" : "inf")
                      : v->type == VAL_OBJ ? v->as.obj.kind->name
                                           : val_type_name(v->type);
    return err_set(err, ERR_INVALID, "invalid.argument", "function", e->fn->name, "argument", arg->name, "type", type,
                   "got", got, NULL);
}

static bool is_text(const struct field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_MARKDOWN;
}

static bool has_nul(const struct val *v)
{
    return v->type == VAL_STR && v->as.str.len && memchr(v->as.str.s, '\0', v->as.str.len);
}

static int no_nul(const struct api_entry *e, const struct api_arg *arg, const char *option, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid.nul", "function", e->fn->name, "argument", arg->name, "option", option,
                   NULL);
}

static int check_field_arg(const struct api_entry *e, const struct api_arg *arg, struct session *s, struct arena *a,
                           struct val *v, struct err *err)
{
    struct val out;
    /* The common cases need no copy. */
    if (arg->field.type == FIELD_INTEGER && v->type == VAL_INT) return 0;
    int rc = has_nul(v) ? no_nul(e, arg, arg->name, err)
                        : field_check(&arg->field, v, s && s->host ? &s->host->time : NULL, a, &out, err);
    if (rc == 0) {
        *v = out;
        return 0;
    }
    if (rc != ERR_INVALID || (is_text(&arg->field) && v->type == VAL_STR)) return rc;
    return bad_arg(e, arg, field_type_name(arg->field.type), v, err);
}

/* A key that the description does not name is most often a slip: it would be ignored in silence. */
static int check_keys(const struct api_entry *e, const struct api_arg *arg, const struct val *map, struct err *err)
{
    const struct api_param *p = arg->param;
    for (size_t i = 0; p->nkeys && map->type == VAL_MAP && i < map->as.map.n; i++) {
        const char *key = map->as.map.pairs[i].key;
        size_t k = 0;
        while (k < p->nkeys && strcmp(p->keys[k].name, key) != 0)
            k++;
        if (k < p->nkeys && !has_nul(&map->as.map.pairs[i].v)) continue;
        if (k < p->nkeys) return no_nul(e, arg, key, err);
        char known[400] = "";
        for (size_t at = 0, j = 0; j < p->nkeys && at < sizeof(known); j++)
            at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", j ? ", " : "", p->keys[j].name);
        return err_set(err, ERR_INVALID, "invalid.option", "function", e->fn->name, "argument", arg->name, "option",
                       key, "known", known, NULL);
    }
    return 0;
}

static int check_list(const struct api_entry *e, const struct api_arg *arg, const struct val *list, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && arg->param->nkeys && i < list->as.list.n; i++)
        rc = check_keys(e, arg, &list->as.list.items[i], err);
    return rc;
}

int api_check_arg(const struct api_entry *e, size_t i, struct session *s, struct arena *a, struct val *v,
                  struct err *err)
{
    const struct api_arg *arg = &e->args[i];
    bool empty_list = v->type == VAL_LIST && v->as.list.n == 0;
    bool empty_map = v->type == VAL_MAP && v->as.map.n == 0;
    if (v->type == VAL_NIL) return arg->required ? bad_arg(e, arg, "required", v, err) : 0;
    switch (arg->kind) {
    case ARG_ANY:
    case ARG_FN:
    case ARG_FNS:
        return 0;
    case ARG_MAP:
        if (empty_list) *v = val_map();
        return v->type == VAL_MAP ? check_keys(e, arg, v, err) : bad_arg(e, arg, "map", v, err);
    case ARG_LIST:
        if (empty_map) *v = val_list();
        return v->type == VAL_LIST ? check_list(e, arg, v, err) : bad_arg(e, arg, "list", v, err);
    case ARG_OBJECT:
        if (v->type == VAL_OBJ && (!arg->object || strcmp(arg->object, v->as.obj.kind->name) == 0)) return 0;
        return bad_arg(e, arg, arg->object ? arg->object : "object", v, err);
    case ARG_FIELD:
        return check_field_arg(e, arg, s, a, v, err);
    }
    return 0;
}

/* Is this kind of effect possible in this mode? The key of the refusal, or NULL. */
static const char *refusal_of(enum api_effect effect, enum session_mode mode)
{
    if (mode == SESSION_LOAD) return effect == API_PURE || effect == API_DECLARE ? NULL : "api.loading";
    if (effect == API_DECLARE) return "api.only_loading";
    if (effect == API_WRITE && mode == SESSION_READ) return "api.read_only";
    if (effect == API_WAIT && mode != SESSION_RUN && mode != SESSION_LOOP) return "wait.impossible";
    return NULL;
}

int api_guard(const struct api_entry *e, struct session *s, struct err *err)
{
    const char *refusal = refusal_of(e->fn->effect, s->mode);
    if (refusal)
        return err_set(err, ERR_REFUSED, refusal, "function", e->fn->name, "mode", session_mode_name(s->mode), NULL);
    if (e->fn->needs && s->vm && !plugin_has(s->vm->plugin, e->fn->needs))
        return err_set(err, ERR_DENIED, "denied.capability", "function", e->fn->name, "capability", e->fn->needs,
                       "plugin", s->vm->plugin->name, NULL);
    return 0;
}

static int run_told(const struct api_entry *e, struct api_call *c)
{
    int rc = c->fn->call(c);
    return rc == 0 && c->s->host ? api_tell_written(c->s->host->api, e, c) : rc;
}

static int run_marked(const struct api_entry *e, struct api_call *c)
{
    int rc = store_mark(c->s->db, c->err);
    if (rc) return rc;
    rc = run_told(e, c);
    if (rc < 0) {
        /* After a fault the engine may have rolled back everything, marks included. */
        if (store_in_transaction(c->s->db)) store_mark_rollback(c->s->db);
        return rc;
    }
    int released = store_mark_release(c->s->db, c->err);
    return released ? released : rc;
}

static int run_plain(const struct api_entry *e, struct api_call *c)
{
    return c->fn->marks && c->s->db ? run_marked(e, c) : run_told(e, c);
}

/* On trial: a fault instead of the call, or after it. */
static int run_tried(const struct api_entry *e, struct api_call *c)
{
    struct api_trial *t = c->s->host ? c->s->host->trial : NULL;
    if (!t || c->fn->effect == API_PURE || c->fn->effect == API_DECLARE) return run_plain(e, c);
    int rc = t->before(t, c);
    if (rc == 0) rc = run_plain(e, c);
    int tried = err_is_fault(rc) ? rc : t->after(t, c);
    return tried ? tried : rc;
}

int api_run(const struct api_entry *e, struct api_call *c, const char *where)
{
    struct session *s = c->s;
    int recorded = 0;
    int rc = api_guard(e, s, c->err);
    if (rc) return rc;
    /* Waits journal themselves: what they register is more than a result. */
    bool steps = s->journal && (e->fn->effect == API_READ || e->fn->effect == API_WRITE);
    if (steps) {
        rc = s->journal->before(s->journal, c, where, &recorded);
        if (rc) return rc < 0 ? rc : recorded;
    }
    rc = run_tried(e, c);
    if (!steps || err_is_fault(rc)) return rc;
    int kept = s->journal->after(s->journal, c, rc);
    return kept ? kept : rc;
}

/* Callers from outside name an object by its id. */
static void to_object(const struct host *host, const struct api_arg *arg, struct val *v)
{
    if (arg->kind != ARG_OBJECT || !arg->object || v->type != VAL_INT) return;
    for (size_t i = 0; i < host->nkinds; i++)
        if (strcmp(host->kinds[i].kind->name, arg->object) == 0) *v = val_obj(host->kinds[i].kind, v->as.i, 0, NULL);
}

/* What is no name in Lua has a _ behind it there ("until_"); callers from outside write it without. */
static void to_lua_names(const struct api_param *p, struct val *map)
{
    for (size_t i = 0; map->type == VAL_MAP && i < map->as.map.n; i++) {
        const char *key = map->as.map.pairs[i].key;
        size_t n = strlen(key);
        for (size_t k = 0; k < p->nkeys; k++)
            if (strncmp(p->keys[k].name, key, n) == 0 && strcmp(p->keys[k].name + n, "_") == 0)
                map->as.map.pairs[i].key = p->keys[k].name;
    }
}

/* A page has its cursor beside the items; other second results are for Lua. */
static int give_result(struct api_call *c, struct val *out)
{
    *out = c->result;
    if (c->nresults != 2 || c->result.type != VAL_LIST) return 0;
    *out = val_map();
    int rc = val_set(c->arena, out, "items", c->result);
    if (rc == 0) rc = val_set(c->arena, out, "next", c->result2);
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

int api_invoke(struct api *api, struct session *s, const char *name, const struct val *args, struct arena *a,
               struct val *result, struct err *err)
{
    const struct api_entry *e = api_entry_find(api, name);
    if (!e) return err_set(err, ERR_NOT_FOUND, "api.unknown", "function", name, NULL);
    struct api_call c = {
        .fn = e->fn, .self = e->self, .s = s, .arena = a, .nargs = e->nargs, .nresults = 1, .err = err};
    size_t given = args->type == VAL_LIST ? args->as.list.n : 0;
    if (given > e->nargs) return err_set(err, ERR_INVALID, "invalid.arguments", "function", name, NULL);
    for (size_t i = 0; i < e->nargs; i++) {
        c.args[i] = i < given ? args->as.list.items[i] : val_nil();
        to_object(s->host, &e->args[i], &c.args[i]);
        to_lua_names(&e->params[i], &c.args[i]);
        int rc = api_check_arg(e, i, s, a, &c.args[i], err);
        if (rc) return rc;
    }
    int rc = api_run(e, &c, "");
    if (rc == 0 && result) rc = give_result(&c, result);
    return rc;
}
