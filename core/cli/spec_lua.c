/* The Lua side of specs: describe, it, and the API by name.
 *
 * Functions find what they call by its name at each call, since the host behind them comes and goes. */
#include "cli/spec_lua.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/api.h"
#include "plugin/bind_lua.h"

struct spec_file *spec_file_of(lua_State *L)
{
    return vm_owner(vm_of(L));
}

int spec_raise(lua_State *L, struct err *err)
{
    if (!err->where[0]) vm_where(vm_of(L), err->where, sizeof(err->where));
    vm_push_err(L, err, "en");
    return lua_error(L);
}

static int describe(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    char outer[120];
    memcpy(outer, f->describe, sizeof(outer));
    size_t at = strlen(f->describe);
    snprintf(f->describe + at, sizeof(f->describe) - at, "%s%s", at ? " " : "", luaL_checkstring(L, 1));
    lua_pushvalue(L, 2);
    lua_call(L, 0, 0);
    memcpy(f->describe, outer, sizeof(outer));
    return 0;
}

static int it(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    if (f->n == SPEC_TESTS_MAX) return luaL_error(L, "too many tests in one file");
    struct spec_test *t = &f->tests[f->n++];
    memcpy(t->describe, f->describe, sizeof(t->describe));
    snprintf(t->it, sizeof(t->it), "%s", luaL_checkstring(L, 1));
    luaL_checktype(L, 2, LUA_TFUNCTION);
    t->ref = vm_ref(L, 2);
    return 0;
}

/* Calls `name` with the Lua values from `first` on; pushes the result. */
int spec_invoke(lua_State *L, const char *name, int first, int64_t person)
{
    struct spec_file *f = spec_file_of(L);
    struct arena *a = &f->spec->arena;
    struct val args = val_list(), out;
    struct err err = {0};
    int last = lua_gettop(L);
    while (last >= first && lua_isnil(L, last))
        last--;
    for (int i = first; i <= last; i++) {
        struct val v;
        int rc = vm_to_val(L, i, a, &v, &err);
        if (rc || val_add(a, &args, v) != 0) return spec_raise(L, &err);
    }
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

/* Everything the API has, by name, beside describe and it. */
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
        vm_set_global(L, name);
    }
    lua_register(L, "describe", describe);
    lua_register(L, "it", it);
    return 0;
}

static int run_test(lua_State *L)
{
    struct spec_test *t = lua_touserdata(L, 1);
    vm_push_ref(L, t->ref);
    spec_push_t(L);
    lua_call(L, 1, 0);
    return 0;
}

static int run_one(struct spec_file *f, struct spec_test *t, struct err *err)
{
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, run_test);
    lua_pushlightuserdata(L, t);
    int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) return 0;
    vm_to_err(L, -1, err);
    lua_pop(L, 1);
    return err->code ? err->code : ERR_PLUGIN;
}

static const char *find_source(void *ctx, const char *module, size_t *len, const char **chunk)
{
    struct spec_file *f = ctx;
    const struct plugin *owner;
    const struct plugin_file *found = f->plugin ? plugin_module_find(f->plugin, module, &owner) : NULL;
    if (!found) return NULL;
    *len = found->len;
    *chunk = found->path;
    return found->text;
}

static void hold_plugin(struct spec_file *f)
{
    struct registry *r = plugins_registry(f->spec->app.host.plugins);
    struct plugin *p = r ? registry_plugin(r, f->spec->plugin) : NULL;
    if (p) f->plugin = plugin_hold(p);
    registry_drop(r);
}

int spec_run_file(struct spec *s, const char *path, const char *text, size_t len, const char *only,
                  void (*report)(void *ctx, const struct spec_result *r), void *ctx, struct err *err)
{
    struct spec_file *f = mem_alloc(sizeof(*f));
    struct vm_options o = {.name = "spec", .memory_soft = 128 << 20, .owner = f};
    f->spec = s;
    int rc = spec_open(s, err);
    if (rc == 0) rc = vm_new(&o, &f->vm, err);
    if (rc == 0) {
        lua_State *L = vm_main(f->vm);
        hold_plugin(f);
        vm_set_source(f->vm, find_source, f);
        lua_pushcfunction(L, bind);
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
            vm_to_err(L, -1, err);
            rc = err->code;
        }
    }
    if (rc == 0) rc = vm_run_chunk(f->vm, path, text, len, err);
    spec_close(s);
    for (int i = 0; rc == 0 && i < f->n; i++) {
        struct err failed = {0};
        if (only && !strstr(f->tests[i].it, only)) continue;
        rc = spec_open(s, err);
        if (rc) break;
        int outcome = run_one(f, &f->tests[i], &failed);
        struct spec_result r = {f->tests[i].describe, f->tests[i].it, outcome == 0, &failed};
        report(ctx, &r);
        spec_close(s);
    }
    vm_free(f->vm);
    plugin_drop(f->plugin);
    mem_free(f);
    return rc;
}
