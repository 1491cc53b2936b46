/* The environment of plugins: an allow-list. What is not named here does not exist. */
#include <string.h>

#include "runtime/log.h"
#include "vm/vm_internal.h"

struct allowed {
    const char *lib;   /* "_G" for globals */
    const char *names; /* with a blank before and after each */
};

/* pcall, xpcall, pairs, next, rawget …, coroutine, print, require and more are our own (vm_lib.c and others). */
static const struct allowed allow[] = {
    {"_G", " assert error ipairs rawequal select tonumber type _VERSION string table math utf8 "},
    {"string", " byte char find format gmatch gsub len lower match reverse sub upper pack unpack packsize "},
    {"table", " concat pack unpack sort insert remove move "},
    {"math", " abs ceil floor fmod modf max min tointeger type ult sqrt exp log sin cos tan asin acos atan pi huge "
             "maxinteger mininteger "},
    {"utf8", " char charpattern codes codepoint len offset "},
};

static bool is_allowed(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at++)
        if (at[-1] == ' ' && at[n] == ' ') return true;
    return false;
}

/* Removes from the table at the top what is not on the list. */
static void prune(lua_State *L, const char *names)
{
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING && is_allowed(names, lua_tostring(L, -1))) continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
}

/* item:title() where title is also a field: the text that is called is the answer. */
static int give_itself(lua_State *L)
{
    lua_settop(L, 1);
    return 1;
}

void vm_open_env(lua_State *L)
{
    static const luaL_Reg libs[] = {{LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
                                    {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
                                    {LUA_UTF8LIBNAME, luaopen_utf8}, {NULL, NULL}};
    for (const luaL_Reg *lib = libs; lib->name; lib++) {
        luaL_requiref(L, lib->name, lib->func, 1);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < sizeof(allow) / sizeof(allow[0]); i++) {
        if (strcmp(allow[i].lib, "_G") == 0)
            lua_pushglobaltable(L);
        else
            lua_getglobal(L, allow[i].lib);
        prune(L, allow[i].names);
        lua_pop(L, 1);
    }
    /* No way to the stock libraries or to modules of the host. */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    /* The metatable of strings is not to be had. */
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1)) {
        lua_pushcfunction(L, give_itself);
        lua_setfield(L, -2, "__call");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}
