/* Our own forms of basic functions: raw access goes through frozen tables, metatables cannot be changed where they are
 * protected. And the opening of all such libraries. */
#include <string.h>

#include "vm/vm_internal.h"

void vm_wrap_stock(lua_State *L, const char *lib, const char *name, lua_CFunction fn)
{
    lua_getglobal(L, lib);
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, fn, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static int raw_get(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (vm_push_shadow(L, 1)) lua_replace(L, 1);
    lua_rawget(L, 1);
    return 1;
}

static int raw_set(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 3);
    if (vm_push_shadow(L, 1)) return vm_read_only(L);
    lua_rawset(L, 1);
    return 1;
}

static int raw_len(lua_State *L)
{
    luaL_argexpected(L, lua_istable(L, 1) || lua_isstring(L, 1), 1, "table or string");
    if (lua_istable(L, 1) && vm_push_shadow(L, 1)) lua_replace(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int get_metatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushliteral(L, "__metatable");
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    vm_push_class(L);
    return 1;
}

static int set_metatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    lua_settop(L, 2);
    if (lua_getmetatable(L, 1)) {
        lua_pushliteral(L, "__metatable");
        if (lua_rawget(L, -2) != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
        lua_settop(L, 2);
    }
    if (lua_istable(L, 2) && vm_push_shadow(L, 2)) lua_replace(L, 2);
    static const char *const refused[] = {"__gc", "__mode"};
    for (int i = 0; lua_istable(L, 2) && i < 2; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "%s is not available here", refused[i]);
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

static int collect(lua_State *L)
{
    if (strcmp(luaL_optstring(L, 1, "count"), "count") != 0)
        return luaL_error(L, "only collectgarbage(\"count\") is available");
    lua_pushnumber(L, (double)vm_of(L)->used / 1024.0);
    return 1;
}

void vm_open_lib(lua_State *L)
{
    static const luaL_Reg base[] = {{"rawget", raw_get},
                                    {"rawset", raw_set},
                                    {"rawlen", raw_len},
                                    {"getmetatable", get_metatable},
                                    {"setmetatable", set_metatable},
                                    {"collectgarbage", collect},
                                    {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_setfuncs(L, base, 0);
    lua_pop(L, 1);
    vm_open_text(L);
    vm_open_pattern(L);
    vm_open_format(L);
    vm_open_utf8(L);
    vm_open_table(L);
    vm_open_random(L);
    vm_open_require(L);
}
