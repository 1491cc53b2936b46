/* pcall and xpcall that cannot keep a stop: what must end the call passes through them.
 *
 * Where Lua catches an error it walks over all calls below. Under a callback of C code (sort, gsub) the stop is an
 * error that each pcall passes on, so there is none far down in a recursion; elsewhere it is none (vm_limit.c). */
#include "vm/vm_internal.h"

enum { DEPTH_MAX = 400 };

static void check_depth(lua_State *L)
{
    lua_Debug ar;
    if (!lua_isyieldable(L) && lua_getstack(L, DEPTH_MAX, &ar))
        luaL_error(L, "stack overflow: too deep in a recursion for pcall");
}

static int finish(lua_State *L, int status, int first)
{
    if (vm_of(L)->stop) vm_check_stop(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - first;
}

static int after_pcall(lua_State *L, int status, lua_KContext first)
{
    return finish(L, status, (int)first);
}

static int protected_call(lua_State *L)
{
    luaL_checkany(L, 1);
    check_depth(L);
    lua_pushboolean(L, 1); /* the first result if all goes well */
    lua_insert(L, 1);
    return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, after_pcall), 0);
}

/* A stop is raised inside a hook, and would call the plugin's handler there, where no hook can stop it again. */
static int on_message(lua_State *L)
{
    if (vm_of(L)->stop) return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int protected_call_with(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    check_depth(L);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, on_message, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, after_pcall), 2);
}

void vm_open_protect(lua_State *L)
{
    lua_register(L, "pcall", protected_call);
    lua_register(L, "xpcall", protected_call_with);
}
