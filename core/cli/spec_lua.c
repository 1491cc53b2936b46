/* The Lua state of a spec file: the API by name, describe and it.
 *
 * Functions find what they call by its name at each call, since the host behind them comes and goes. */
#include "cli/spec_lua.h"

#include <stdio.h>
#include <string.h>

#include "plugin/bind_lua.h"
#include "plugin/plugin.h"

struct spec_file *spec_file_of(lua_State *L)
{
    return vm_owner(vm_of(L));
}

int spec_raise(lua_State *L, struct err *err)
{
    if (!err->where[0]) {
        luaL_where(L, 1);
        const char *where = lua_tostring(L, -1);
        size_t n = strlen(where);
        if (n > 2) snprintf(err->where, sizeof(err->where), "%.*s", (int)n - 2, where); /* without ": " */
        lua_pop(L, 1);
    }
    vm_push_err(L, err, spec_file_of(L)->spec->options.lang);
    return lua_error(L);
}

struct val spec_take(lua_State *L, int idx)
{
    struct val v;
    struct err err = {0};
    if (vm_to_val(L, idx, &spec_file_of(L)->spec->arena, &v, &err) != 0) spec_raise(L, &err);
    return v;
}

int spec_invoke(lua_State *L, const char *name, int first, int64_t person)
{
    struct spec_file *f = spec_file_of(L);
    struct arena *a = &f->spec->arena;
    struct val args = val_list(), out;
    struct err err = {0};
    int last = lua_gettop(L);
    while (last >= first && lua_isnil(L, last))
        last--;
    for (int i = first; i <= last; i++)
        if (val_add(a, &args, spec_take(L, i)) != 0) {
            err_set(&err, ERR_LIMIT, "limit.size", NULL);
            return spec_raise(L, &err);
        }
    f->L = L;
    if (spec_call(f->spec, name, &args, person, &out, &err) != 0) return spec_raise(L, &err);
    vm_push_val(L, &out);
    return 1;
}

/* Upvalue: the name of an API function. */
static int by_name(lua_State *L)
{
    return spec_invoke(L, lua_tostring(L, lua_upvalueindex(1)), 1, 0);
}

static void set_nested(lua_State *L, const char *name, const char *full)
{
    const char *dot = strchr(name, '.');
    if (!dot) {
        lua_pushstring(L, full);
        lua_pushcclosure(L, by_name, 1);
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
    set_nested(L, dot + 1, full);
    lua_pop(L, 2);
}

static void bind_kinds(lua_State *L, const struct host *h)
{
    for (size_t k = 0; k < h->nkinds; k++) {
        const char *kind = h->kinds[k].kind->name;
        size_t len = strlen(kind);
        lua_newtable(L);
        for (size_t i = 0; i < api_count(h->api); i++) {
            const char *name = api_at(h->api, i)->name;
            if (strncmp(name, kind, len) != 0 || name[len] != ':') continue;
            lua_pushstring(L, name);
            lua_pushcclosure(L, by_name, 1);
            lua_setfield(L, -2, name + len + 1);
        }
        vm_define_kind(L, h->kinds[k].kind, h->kinds[k].ordered);
    }
}

static int bind(lua_State *L)
{
    const struct host *h = &spec_file_of(L)->spec->app.host;
    bind_kinds(L, h);
    lua_newtable(L);
    for (size_t i = 0; i < api_count(h->api); i++) {
        const char *name = api_at(h->api, i)->name;
        if (!strchr(name, ':')) set_nested(L, name, name);
    }
    int globals = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, globals);) {
        const char *name = lua_tostring(L, -2);
        bool is_taken = lua_getglobal(L, name) == LUA_TFUNCTION; /* error is Lua's, not error.list of the host */
        lua_pop(L, 1);
        if (is_taken)
            lua_pop(L, 1);
        else
            vm_set_global(L, name);
    }
    for (const luaL_Reg *r = spec_describe_functions; r->name; r++)
        lua_register(L, r->name, r->func);
    return 0;
}

static const char *find_source(void *ctx, const char *module, size_t *len, const char **chunk)
{
    struct spec_file *f = ctx;
    const struct plugin *owner;
    const struct plugin_file *found = f->plugin ? plugin_module_find(f->plugin, module, &owner) : NULL;
    if (!found) return NULL;
    *len = found->len;
    *chunk = arena_printf(&f->spec->arena, "%s/%s", owner->name, found->path);
    return *chunk ? found->text : NULL;
}

/* A plugin that does not load has nothing to be tested. */
static int hold_plugin(struct spec_file *f, struct err *err)
{
    struct registry *r = plugins_registry(f->spec->app.host.plugins);
    struct plugin *p = r ? registry_plugin(r, f->spec->plugin) : NULL;
    int rc = 0;
    if (p && !p->ok && p->why) {
        *err = *p->why;
        rc = err->code;
    } else if (p) {
        f->plugin = plugin_hold(p);
    }
    registry_drop(r);
    return rc;
}

int spec_file_load(struct spec_file *f, struct err *err)
{
    struct vm_options o = {.name = "spec", .memory_soft = 128 << 20, .owner = f};
    int rc = hold_plugin(f, err);
    if (rc == 0) rc = vm_new(&o, &f->vm, err);
    if (rc) return rc;
    lua_State *L = vm_main(f->vm);
    if (f->run->lines) vm_watch_lines(f->vm, f->run->lines);
    vm_set_source(f->vm, find_source, f);
    lua_pushcfunction(L, bind);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        vm_to_err(L, -1, err);
        lua_pop(L, 1);
        return err->code;
    }
    return vm_run_chunk(f->vm, f->run->path, f->run->text, f->run->len, err);
}
