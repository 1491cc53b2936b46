/* require: modules of the plugin itself, each run once, while it loads. */
#include <string.h>

#include "vm/vm_internal.h"

static const char loaded_key; /* registry: modules by full name */

static int refuse_module(lua_State *L, const char *key, const char *name)
{
    struct err err;
    err_set(&err, ERR_PLUGIN, key, "module", name, NULL);
    vm_where(vm_of(L), err.where, sizeof(err.where));
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

/* Runs the text of the module (name at 1, modules at 2) and pushes what it returns. */
static void run_module(lua_State *L, const char *chunk, const char *text, size_t len)
{
    lua_pushcfunction(L, vm_message_handler);
    int handler = lua_gettop(L);
    vm_load_text(L, chunk, text, len);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, vm_of(L)); /* under way */
    lua_rawset(L, 2);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, handler) == LUA_OK) return;
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, 2);
    vm_check_stop(L);
    lua_error(L);
}

static int require_module(lua_State *L)
{
    struct vm *vm = vm_of(L);
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len), *chunk = name;
    if (strlen(name) != len) return refuse_module(L, "require.missing", name);
    luaL_argcheck(L, lua_rawlen(L, 1) < 200, 1, "name is too long");
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    if (vm_push_shadow(L, 2)) lua_replace(L, 2);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) return lua_islightuserdata(L, 3) ? refuse_module(L, "require.cycle", name) : 1;
    const char *text = vm->source ? vm->source(vm->source_ctx, name, &len, &chunk) : NULL;
    if (!text) return refuse_module(L, "require.missing", name);
    if (vm->frozen) return refuse_module(L, "require.late", name);
    run_module(L, chunk, text, len);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

/* The table of modules, for the freeze. */
void vm_push_modules(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

void vm_open_require(lua_State *L)
{
    lua_register(L, "require", require_module);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
}
