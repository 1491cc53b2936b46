/* Texts: functions of our own in place of those that show addresses or are not bounded. */
#include <string.h>

#include "runtime/log.h"
#include "vm/vm_internal.h"

enum { PIECE = 256 << 10 }; /* bytes that are copied without a look at the stop */

void vm_add_text(luaL_Buffer *b, const char *s, size_t len)
{
    if (len > VM_TEXT_MAX - luaL_bufflen(b)) luaL_error(b->L, "resulting string too large");
    /* A buffer grows by half: from here on that could be more than a block. */
    if (luaL_bufflen(b) + len > VM_TEXT_MAX / 2 && b->size < VM_TEXT_MAX) {
        vm_make_room(b->L, VM_TEXT_MAX);
        luaL_prepbuffsize(b, VM_TEXT_MAX - luaL_bufflen(b));
    }
    for (; len > PIECE; s += PIECE, len -= PIECE) {
        luaL_addlstring(b, s, PIECE);
        vm_check_stop(b->L);
    }
    luaL_addlstring(b, s, len);
}

static int to_string(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_callmeta(L, 1, "__tostring")) {
        if (!lua_isstring(L, -1)) return luaL_error(L, "'__tostring' must return a string");
        return 1;
    }
    switch (lua_type(L, 1)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        lua_pushstring(L, luaL_typename(L, 1));
        return 1; /* no address */
    default:
        luaL_tolstring(L, 1, NULL);
        return 1;
    }
}

/* print writes to the log: a service has no terminal. */
static int print(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L);
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        lua_pushcfunction(L, to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        if (i > 1) luaL_addchar(&b, ' ');
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    log_info("plugin.print", "plugin", vm_of(L)->name, "text", lua_tostring(L, -1), NULL);
    return 0;
}

static int repeat(lua_State *L)
{
    size_t len, sep_len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    if (n <= 0 || len + sep_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((uint64_t)n > VM_BLOCK_MAX / (len + sep_len)) return luaL_error(L, "resulting string too large");
    size_t total = (size_t)n * (len + sep_len) - sep_len, unit = len + sep_len;
    vm_make_room(L, total);
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, total + sep_len);
    memcpy(p, s, len);
    memcpy(p + len, sep, sep_len);
    for (size_t done = unit; done < total; done *= 2) /* what is there, once more */
        memcpy(p + done, p, done < total - done ? done : total - done);
    luaL_pushresultsize(&b, total);
    return 1;
}

/* Conversions that show addresses. The text may hold NULs, after which the stock function reads on. */
static bool has_address(const char *p, const char *end)
{
    while ((p = memchr(p, '%', (size_t)(end - p)))) {
        for (p++; p < end && *p && strchr("-+ #0123456789.", *p);)
            p++;
        if (p == end) return false;
        if (*p++ == 'p') return true;
    }
    return false;
}

/* string.format: %p is refused, tables and functions are written by their type. Upvalue: the stock function. */
static int format(lua_State *L)
{
    size_t len;
    const char *f = luaL_checklstring(L, 1, &len);
    if (has_address(f, f + len)) return luaL_error(L, "invalid conversion '%%p' to 'format'");
    for (int i = 2; i <= lua_gettop(L); i++) {
        int type = lua_type(L, i);
        if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING) continue;
        lua_pushcfunction(L, to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        lua_replace(L, i);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L); /* in this frame: its errors name this function */
}

void vm_open_text(lua_State *L)
{
    lua_register(L, "tostring", to_string);
    lua_register(L, "print", print);
    lua_getglobal(L, "string");
    lua_pushcfunction(L, repeat);
    lua_setfield(L, -2, "rep");
    lua_pop(L, 1);
    vm_wrap_stock(L, "string", "format", format);
}
