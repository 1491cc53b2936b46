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

int vm_to_string(lua_State *L)
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

/* print writes to the log: a service has no terminal. A line of the log is no place for a file. */
static int print(lua_State *L)
{
    enum { LINE = 8192 };
    luaL_Buffer b;
    int n = lua_gettop(L);
    lua_pushnil(L);
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n && luaL_bufflen(&b) < LINE; i++) {
        size_t len;
        lua_pushcfunction(L, vm_to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        lua_replace(L, n + 1);
        const char *s = lua_tolstring(L, n + 1, &len);
        if (i > 1) luaL_addchar(&b, ' ');
        luaL_addlstring(&b, s, len < LINE ? len : LINE);
    }
    luaL_pushresult(&b);
    log_info("plugin.print", "plugin", vm_of(L)->name, "text", lua_tostring(L, -1), NULL);
    return 0;
}

/* Upvalue: the stock function, which reads a text to its end, however long it is. */
static int to_number(lua_State *L)
{
    enum { NUMERAL = 4096 };
    if (lua_type(L, 1) != LUA_TSTRING || lua_rawlen(L, 1) <= NUMERAL) return lua_tocfunction(L, lua_upvalueindex(1))(L);
    lua_pushnil(L);
    return 1;
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
    size_t unit = len + sep_len;
    if ((uint64_t)n > VM_TEXT_MAX / unit) return luaL_error(L, "resulting string too large");
    size_t total = (size_t)n * unit - sep_len;
    vm_make_room(L, total);
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, total + sep_len);
    memcpy(p, s, len);
    memcpy(p + len, sep, sep_len);
    for (size_t done = unit, piece; done < total; done += piece) { /* what is there, once more */
        size_t from = done % unit;
        piece = done - from < PIECE ? done - from : PIECE;
        if (piece > total - done) piece = total - done;
        memcpy(p + done, p + from, piece);
        vm_check_stop(L);
    }
    luaL_pushresultsize(&b, total);
    return 1;
}

/* --- byte by byte --- */

static void to_lower(char *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(from[i] + (from[i] >= 'A' && from[i] <= 'Z' ? 'a' - 'A' : 0));
}

static void to_upper(char *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(from[i] - (from[i] >= 'a' && from[i] <= 'z' ? 'a' - 'A' : 0));
}

static int change(lua_State *L, void (*piece)(char *to, const char *from, size_t n))
{
    size_t len;
    luaL_Buffer b;
    const char *s = luaL_checklstring(L, 1, &len);
    vm_make_room(L, len);
    char *to = luaL_buffinitsize(L, &b, len);
    for (size_t at = 0; at < len; at += PIECE) {
        piece(to + at, s + at, len - at < PIECE ? len - at : PIECE);
        vm_check_stop(L);
    }
    luaL_pushresultsize(&b, len);
    return 1;
}

static int lower(lua_State *L)
{
    return change(L, to_lower);
}

static int upper(lua_State *L)
{
    return change(L, to_upper);
}

static int reverse(lua_State *L)
{
    size_t len;
    luaL_Buffer b;
    const char *s = luaL_checklstring(L, 1, &len);
    vm_make_room(L, len);
    char *to = luaL_buffinitsize(L, &b, len);
    for (size_t i = 0; i < len; i++) {
        to[i] = s[len - 1 - i];
        if (i % PIECE == PIECE - 1) vm_check_stop(L);
    }
    luaL_pushresultsize(&b, len);
    return 1;
}

/* A place that may count from the end, at least 0. */
static lua_Integer place(lua_Integer at, size_t len)
{
    if (at >= 0) return at;
    return 0 - (lua_Unsigned)at > len ? 0 : (lua_Integer)len + at + 1;
}

static int byte(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer given = luaL_optinteger(L, 2, 1);
    lua_Integer first = place(given, len), last = place(luaL_optinteger(L, 3, given), len);
    if (first < 1) first = 1;
    if (last > (lua_Integer)len) last = (lua_Integer)len;
    if (first > last) return 0;
    if (last - first >= VM_VALUES_MAX) return luaL_error(L, "string slice too long");
    luaL_checkstack(L, (int)(last - first) + 1, "string slice too long");
    for (lua_Integer i = first; i <= last; i++)
        lua_pushinteger(L, (unsigned char)s[i - 1]);
    return (int)(last - first) + 1;
}

void vm_open_text(lua_State *L)
{
    static const luaL_Reg functions[] = {{"rep", repeat},      {"lower", lower}, {"upper", upper},
                                         {"reverse", reverse}, {"byte", byte},   {NULL, NULL}};
    lua_register(L, "tostring", vm_to_string);
    lua_register(L, "print", print);
    lua_getglobal(L, "tonumber");
    lua_pushcclosure(L, to_number, 1);
    lua_setglobal(L, "tonumber");
    lua_getglobal(L, "string");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
