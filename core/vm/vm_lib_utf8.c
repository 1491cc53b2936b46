/* UTF-8: codepoint, codes, len and offset of our own, since the stock ones go through a text without end or stop. */
#include "vm/vm_internal.h"

enum { LOOK = 4096 }; /* bytes between two looks at the stop */

static bool is_continuation(const char *s)
{
    return ((unsigned char)*s & 0xC0) == 0x80;
}

/* The character at s, which is followed by a NUL somewhere; its length, or 0: broken. Up to 2^31, as the manual says
 * (`lax`), or as Unicode has it. */
static size_t decode(const char *s, bool lax, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    unsigned char lead = (unsigned char)*s;
    size_t n = 0;
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    while (lead & (0x80 >> n))
        n++;
    if (n < 2 || n > 6) return 0;
    uint32_t c = lead & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation(s + i)) return 0;
        c = c << 6 | ((unsigned char)s[i] & 0x3F);
    }
    if (c < least[n]) return 0;
    if (!lax && (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))) return 0;
    *code = c;
    return n;
}

/* A place that may count from the end. */
static lua_Integer place(lua_Integer at, size_t len)
{
    if (at >= 0) return at;
    return 0 - (lua_Unsigned)at > len ? 0 : (lua_Integer)len + at + 1;
}

static int length(lua_State *L)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer at = place(luaL_optinteger(L, 2, 1), len), last = place(luaL_optinteger(L, 3, -1), len), n = 0;
    bool lax = lua_toboolean(L, 4);
    luaL_argcheck(L, 1 <= at && at - 1 <= (lua_Integer)len, 2, "initial position out of bounds");
    luaL_argcheck(L, last - 1 < (lua_Integer)len, 3, "final position out of bounds");
    for (; at <= last; n++) {
        size_t size = decode(s + at - 1, lax, &code);
        if (size == 0) {
            lua_pushnil(L);
            lua_pushinteger(L, at);
            return 2;
        }
        at += (lua_Integer)size;
        if (n % LOOK == 0) vm_check_stop(L);
    }
    lua_pushinteger(L, n);
    return 1;
}

static int codepoint(lua_State *L)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer at = place(luaL_optinteger(L, 2, 1), len), last = place(luaL_optinteger(L, 3, at), len);
    bool lax = lua_toboolean(L, 4);
    int n = 0;
    luaL_argcheck(L, at >= 1, 2, "out of bounds");
    luaL_argcheck(L, last <= (lua_Integer)len, 3, "out of bounds");
    if (at > last) return 0;
    if (last - at >= VM_VALUES_MAX) return luaL_error(L, "string slice too long");
    luaL_checkstack(L, (int)(last - at) + 1, "string slice too long");
    for (const char *p = s + at - 1, *end = s + last; p < end; n++) {
        size_t size = decode(p, lax, &code);
        if (size == 0) return luaL_error(L, "invalid UTF-8 code");
        lua_pushinteger(L, code);
        p += size;
    }
    return n;
}

/* Steps to the start of the next, of the one before; stops at the ends. */
static size_t step_on(lua_State *L, const char *s, size_t at, size_t len)
{
    do {
        at++;
        if (at % LOOK == 0) vm_check_stop(L);
    } while (at < len && is_continuation(s + at));
    return at;
}

static size_t step_back(lua_State *L, const char *s, size_t at)
{
    do {
        at--;
        if (at % LOOK == 0) vm_check_stop(L);
    } while (at > 0 && is_continuation(s + at));
    return at;
}

static int offset(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    lua_Integer from = place(luaL_optinteger(L, 3, n >= 0 ? 1 : (lua_Integer)len + 1), len);
    luaL_argcheck(L, 1 <= from && from - 1 <= (lua_Integer)len, 3, "position out of bounds");
    size_t at = (size_t)from - 1;
    if (n == 0) {
        if (at > 0 && is_continuation(s + at)) at = step_back(L, s, at);
    } else {
        if (is_continuation(s + at)) return luaL_error(L, "initial position is a continuation byte");
        for (; n < 0 && at > 0; n++)
            at = step_back(L, s, at);
        if (n > 0) n--;
        for (; n > 0 && at < len; n--)
            at = step_on(L, s, at, len);
    }
    if (n == 0)
        lua_pushinteger(L, (lua_Integer)at + 1);
    else
        lua_pushnil(L);
    return 1;
}

static int iterate(lua_State *L, bool lax)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    size_t at = (size_t)lua_tointeger(L, 2); /* of the character before, from 1: so the byte after its first */
    for (int skipped = 0; at < len && at > 0 && is_continuation(s + at); at++)
        if (++skipped > 5) return luaL_error(L, "invalid UTF-8 code");
    if (at >= len) return 0;
    size_t size = decode(s + at, lax, &code);
    if (size == 0 || is_continuation(s + at + size)) return luaL_error(L, "invalid UTF-8 code");
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_pushinteger(L, code);
    return 2;
}

static int next_strict(lua_State *L)
{
    return iterate(L, false);
}

static int next_lax(lua_State *L)
{
    return iterate(L, true);
}

static int codes(lua_State *L)
{
    const char *s = luaL_checkstring(L, 1);
    luaL_argcheck(L, !is_continuation(s), 1, "invalid UTF-8 code");
    lua_pushcfunction(L, lua_toboolean(L, 2) ? next_lax : next_strict);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

void vm_open_utf8(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"len", length}, {"codepoint", codepoint}, {"offset", offset}, {"codes", codes}, {NULL, NULL}};
    lua_getglobal(L, "utf8");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
