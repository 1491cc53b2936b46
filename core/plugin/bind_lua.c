/* The bridge from Lua to the API table: one dispatcher serves every function.
 *
 * A Lua call becomes an api_call on the C stack: arguments are copied into the state's arena, checked by their
 * description, run, and the result is pushed; the arena is then rewound. Nothing here owns memory, since Lua errors
 * jump over it. */
#include "plugin/bind_lua.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/api_internal.h"
#include "plugin/host.h"
#include "plugin/plugin_vm.h"
#include "vm/vm_lua.h"

/* For arguments and results of any depth, so that nothing fails for want of stack between a call and its result. */
enum { STACK_ROOM = 10 * (VAL_DEPTH_MAX + 2) };

struct dispatch {
    struct plugin_vm *pv;
    const struct api_entry *entry;
    struct api_call call;
    struct err err;
    struct arena_mark mark;
};

static int refuse(lua_State *L, struct dispatch *d)
{
    const char *lang = d->pv->session ? d->pv->session->lang : "en";
    if (!d->err.where[0]) {
        char where[160];
        vm_where(d->pv->vm, where, sizeof(where));
        err_set_where(&d->err, where, 0);
    }
    arena_rewind(&d->pv->arena, d->mark);
    if (err_is_fault(d->err.code) || d->err.code == ERR_DIVERGED) return vm_raise(L, &d->err);
    vm_push_err(L, &d->err, lang);
    return lua_error(L);
}

/* A table of functions becomes a map of kept references. */
static int take_functions(lua_State *L, int idx, struct arena *a, struct val *out, struct err *err)
{
    *out = val_map();
    if (!lua_istable(L, idx)) return err_set(err, ERR_INVALID, "invalid.functions", NULL);
    lua_pushvalue(L, idx);
    if (vm_push_shadow(L, -1)) lua_remove(L, -2);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
            return err_set(err, ERR_INVALID, "invalid.functions", NULL);
        char *name = arena_strdup(a, lua_tostring(L, -2));
        if (!name || val_set(a, out, name, val_int(0)) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        out->as.map.pairs[out->as.map.n - 1].v.as.i = vm_ref(L, -1);
    }
    lua_pop(L, 1);
    return 0;
}

/* Functions that were kept for a call that is not made. */
static void drop_functions(const struct dispatch *d)
{
    struct vm *vm = d->pv->vm;
    for (size_t i = 0; i < d->entry->nargs; i++) {
        const struct val *v = &d->call.args[i];
        if (d->entry->args[i].kind == ARG_FN && v->type == VAL_INT) vm_unref(vm, (int)v->as.i);
        if (d->entry->args[i].kind != ARG_FNS || v->type != VAL_MAP) continue;
        for (size_t k = 0; k < v->as.map.n; k++)
            vm_unref(vm, (int)v->as.map.pairs[k].v.as.i);
    }
}

static int take_arg(lua_State *L, struct dispatch *d, size_t i)
{
    const struct api_arg *arg = &d->entry->args[i];
    struct val *v = &d->call.args[i];
    int idx = (int)i + 1;
    if (lua_isnoneornil(L, idx)) {
        *v = val_nil();
        return api_check_arg(d->entry, i, d->call.s, &d->pv->arena, v, &d->err);
    }
    if (arg->kind == ARG_FN) {
        if (!lua_isfunction(L, idx))
            return err_set(&d->err, ERR_INVALID, "invalid.argument", "function", d->entry->fn->name, "argument",
                           arg->name, "type", "function", "got", luaL_typename(L, idx), NULL);
        *v = val_int(vm_ref(L, idx));
        return 0;
    }
    if (arg->kind == ARG_FNS) return take_functions(L, idx, &d->pv->arena, v, &d->err);
    /* Copying and checking a text is one piece that nothing stops. */
    if (lua_type(L, idx) == LUA_TSTRING && lua_rawlen(L, idx) > API_TEXT_MAX)
        return err_set(&d->err, ERR_LIMIT, "limit.size", NULL);
    int rc = vm_to_val(L, idx, &d->pv->arena, v, &d->err);
    if (rc == ERR_INVALID) {
        err_add_arg(&d->err, "function", d->entry->fn->name);
        err_add_arg(&d->err, "argument", arg->name);
    }
    return rc ? rc : api_check_arg(d->entry, i, d->call.s, &d->pv->arena, v, &d->err);
}

/* route.get(path, fn): options that nobody needs may be left out before a function. */
static void skip_options(lua_State *L, const struct api_entry *e)
{
    int given = lua_gettop(L);
    if (!e->takes_fns || (size_t)given != e->nargs - 1 || !lua_isfunction(L, given)) return;
    if (!api_may_skip(e->params, e->nargs)) return;
    lua_pushnil(L);
    lua_insert(L, given);
}

static int take_args(lua_State *L, struct dispatch *d)
{
    /* A refusal by the function itself leaves kept functions to it; so it is asked first whether it may run at all. */
    int refused = d->entry->takes_fns ? api_guard(d->entry, d->call.s, &d->err) : 0;
    if (refused) return refused;
    skip_options(L, d->entry);
    int given = lua_gettop(L);
    while (given > 0 && lua_isnil(L, given))
        given--;
    if ((size_t)given > d->entry->nargs) {
        struct err_num got, most;
        return err_set(&d->err, ERR_INVALID, "invalid.arguments", "function", d->entry->fn->name, "got",
                       err_i64(&got, given), "most", err_i64(&most, (int64_t)d->entry->nargs), NULL);
    }
    for (size_t i = 0; i < d->entry->nargs; i++) {
        int rc = take_arg(L, d, i);
        if (rc == 0) continue;
        if (d->entry->takes_fns) drop_functions(d);
        return rc;
    }
    return 0;
}

/* A page of a find is one list whose field `next` is the cursor. */
static int push_results(lua_State *L, const struct api_call *c)
{
    bool page = c->nresults == 2 && c->result.type == VAL_LIST;
    vm_push_val(L, &c->result);
    if (c->nresults == 2) vm_push_val(L, &c->result2);
    if (page) lua_setfield(L, -2, "next");
    return page ? 1 : c->nresults;
}

static int dispatch(lua_State *L)
{
    struct dispatch d;
    char where[160] = "";
    /* What is raised past here stops the whole entry, or is raised by refuse: the arena is rewound in any case. */
    luaL_checkstack(L, STACK_ROOM, "host call");
    d.pv = vm_owner(vm_of(L));
    d.entry = lua_touserdata(L, lua_upvalueindex(1));
    d.mark = arena_mark(&d.pv->arena);
    err_clear(&d.err);
    d.call = (struct api_call){.fn = d.entry->fn,
                               .self = d.entry->self,
                               .s = d.pv->session,
                               .arena = &d.pv->arena,
                               .nargs = d.entry->nargs,
                               .nresults = 1,
                               .err = &d.err};
    if (!d.call.s) {
        err_set(&d.err, ERR_INTERNAL, "api.no_session", "function", d.entry->fn->name, NULL);
        return refuse(L, &d);
    }
    int rc = take_args(L, &d);
    if (rc == 0) {
        if (d.call.s->journal || d.entry->fn->effect == API_DECLARE) vm_where(d.pv->vm, where, sizeof(where));
        if (d.entry->fn->effect == API_WAIT && !vm_can_wait(d.pv->vm) && api_guard(d.entry, d.call.s, &d.err) == 0) {
            rc = err_set(&d.err, ERR_REFUSED, "wait.impossible", "function", d.entry->fn->name, "mode", "callback",
                         NULL);
            drop_functions(&d);
        } else {
            rc = api_run(d.entry, &d.call, where);
        }
    }
    if (rc < 0) return refuse(L, &d);
    if (rc == API_WAITING) {
        arena_rewind(&d.pv->arena, d.mark);
        return vm_wait(L);
    }
    int n = push_results(L, &d.call);
    arena_rewind(&d.pv->arena, d.mark);
    return n;
}

static void push_function(lua_State *L, const struct api_entry *e)
{
    lua_pushlightuserdata(L, (void *)e);
    lua_pushcclosure(L, dispatch, 1);
}

/* "storage.kv.get": sets the function in the table at the top, making the tables between. */
static void set_nested(lua_State *L, const char *name, const struct api_entry *e)
{
    const char *dot = strchr(name, '.');
    if (!dot) {
        push_function(L, e);
        lua_setfield(L, -2, name);
        return;
    }
    lua_pushlstring(L, name, (size_t)(dot - name));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    set_nested(L, dot + 1, e);
    lua_pop(L, 2);
}

static void define_kinds(lua_State *L, struct api *api, const struct bind_kind *kinds, size_t nkinds)
{
    for (size_t k = 0; k < nkinds; k++) {
        size_t len = strlen(kinds[k].kind->name);
        lua_newtable(L);
        for (size_t i = 0; i < api_count(api); i++) {
            const struct api_entry *e = api_entry_at(api, i);
            if (strncmp(e->fn->name, kinds[k].kind->name, len) == 0 && e->fn->name[len] == ':') {
                push_function(L, e);
                lua_setfield(L, -2, e->fn->name + len + 1);
            }
        }
        vm_define_kind(L, kinds[k].kind, kinds[k].ordered);
    }
}

/* All API globals are built in one table, then handed over one by one. */
static int bind_protected(lua_State *L)
{
    struct bind_all *all = lua_touserdata(L, 1);
    define_kinds(L, all->api, all->kinds, all->nkinds);
    lua_newtable(L);
    for (size_t i = 0; i < api_count(all->api); i++) {
        const struct api_entry *e = api_entry_at(all->api, i);
        bool hidden = e->fn->needs && strcmp(e->fn->needs, API_HOST) == 0;
        if (!hidden && !strchr(e->fn->name, ':')) set_nested(L, e->fn->name, e);
    }
    int globals = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, globals);) {
        const char *name = lua_tostring(L, -2);
        vm_set_global(L, name);
    }
    vm_push_val(L, all->config);
    vm_set_global(L, "config");
    return 0;
}

int bind_api(struct vm *vm, struct bind_all *all, struct err *err)
{
    lua_State *L = vm_main(vm);
    lua_pushcfunction(L, bind_protected);
    lua_pushlightuserdata(L, all);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        vm_to_err(L, -1, err);
        lua_pop(L, 1);
        return err->code;
    }
    return 0;
}
