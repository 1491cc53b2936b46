/* string.format, pack, unpack and packsize: the stock functions, for what they do at once. A format of usual size goes
 * to them as it is; a long one, or one with long texts, goes piece by piece, so that it can be stopped between two. */
#include <stdio.h>
#include <string.h>

#include "vm/vm_internal.h"

enum { AT_ONCE = 1024, SMALL_TEXT = 8192 }; /* bytes of a format, of all texts that go into it */

/* --- format. Upvalue: the stock function. --- */

/* The end of the conversion at p, behind its letter: flags, width and precision before. */
static const char *conversion_end(const char *p, const char *end)
{
    for (p++; p < end && *p && strchr("-+ #0123456789.", *p);)
        p++;
    return p < end ? p + 1 : end;
}

/* Conversions that show addresses. The text may hold NULs, after which the stock function reads on. */
static bool has_address(const char *p, const char *end)
{
    while ((p = memchr(p, '%', (size_t)(end - p)))) {
        p = conversion_end(p, end);
        if (p[-1] == 'p') return true;
    }
    return false;
}

/* A format that is worked through piece by piece. */
struct pieces {
    lua_State *L;
    luaL_Buffer b;
    int arg;   /* the last that was used */
    int value; /* a place on the stack behind the arguments: the buffer wants the top for itself */
};

/* %q of a text, as the stock function writes it. */
static void add_quoted(struct pieces *f)
{
    size_t len;
    const char *s = lua_tolstring(f->L, f->arg, &len);
    char escaped[8];
    vm_add_text(&f->b, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool digit = i + 1 < len && s[i + 1] >= '0' && s[i + 1] <= '9';
        int n = 1;
        escaped[0] = (char)c;
        if (c == '"' || c == '\\' || c == '\n')
            n = snprintf(escaped, sizeof(escaped), "\\%c", c);
        else if (c < 32 || c == 127)
            n = digit ? snprintf(escaped, sizeof(escaped), "\\%03d", c) : snprintf(escaped, sizeof(escaped), "\\%d", c);
        vm_add_text(&f->b, escaped, (size_t)n);
        vm_check_stop(f->L);
    }
    vm_add_text(&f->b, "\"", 1);
}

/* Errors that the stock function would tell of its own arguments, not of ours. */
static void check_argument(struct pieces *f, char letter)
{
    if (letter == 'p') luaL_error(f->L, "invalid conversion '%%p' to 'format'");
    if (f->arg >= f->value) luaL_argerror(f->L, f->arg, "no value");
    if (strchr("dicouxX", letter))
        luaL_checkinteger(f->L, f->arg);
    else if (strchr("aAeEfgG", letter))
        luaL_checknumber(f->L, f->arg);
}

/* The conversion from p to `end`, of the next argument. */
static void add_conversion(struct pieces *f, const char *p, const char *end)
{
    lua_State *L = f->L;
    size_t len;
    f->arg++;
    check_argument(f, end[-1]);
    if (end - p == 2 && end[-1] == 'q' && lua_type(L, f->arg) == LUA_TSTRING) {
        add_quoted(f);
        return;
    }
    if (end - p == 2 && end[-1] == 's') {
        luaL_tolstring(L, f->arg, NULL);
    } else {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushlstring(L, p, (size_t)(end - p));
        lua_pushvalue(L, f->arg);
        lua_call(L, 2, 1);
    }
    lua_replace(L, f->value);
    p = lua_tolstring(L, f->value, &len);
    vm_add_text(&f->b, p, len);
}

static int format_in_pieces(lua_State *L, const char *p, const char *end)
{
    struct pieces f = {.L = L, .arg = 1};
    lua_pushnil(L);
    f.value = lua_gettop(L);
    luaL_buffinit(L, &f.b);
    while (p < end) {
        const char *sign = memchr(p, '%', (size_t)(end - p));
        vm_add_text(&f.b, p, (size_t)((sign ? sign : end) - p));
        if (!sign) break;
        p = conversion_end(sign, end);
        if (p - sign == 2 && p[-1] == '%')
            vm_add_text(&f.b, "%", 1);
        else
            add_conversion(&f, sign, p);
        vm_check_stop(L);
    }
    luaL_pushresult(&f.b);
    return 1;
}

/* %p is refused; tables and functions are written by their type. */
static int format(lua_State *L)
{
    size_t len, all = 0;
    int n = lua_gettop(L);
    const char *f = luaL_checklstring(L, 1, &len);
    if (len <= AT_ONCE && has_address(f, f + len)) return luaL_error(L, "invalid conversion '%%p' to 'format'");
    for (int i = 2; i <= n; i++) {
        int type = lua_type(L, i);
        if (type == LUA_TSTRING) all += lua_rawlen(L, i);
        if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING) continue;
        lua_pushcfunction(L, vm_to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        all += lua_rawlen(L, -1);
        lua_replace(L, i);
    }
    if (len > AT_ONCE || all > SMALL_TEXT) return format_in_pieces(L, f, f + len);
    return lua_tocfunction(L, lua_upvalueindex(1))(L); /* in this frame: its errors name this function */
}

/* --- pack, unpack and packsize. Upvalue: the stock function. --- */

/* What these do is bounded by their format, but for one option: c and a size, which is filled up byte by byte. */
static void check_format(lua_State *L, bool fills)
{
    size_t len, filled = 0;
    const char *f = luaL_checklstring(L, 1, &len);
    if (len > AT_ONCE) luaL_argerror(L, 1, "format is too long");
    for (size_t i = 0; fills && i < len; i++) {
        size_t n = 0;
        if (f[i] != 'c') continue;
        while (f[i + 1] >= '0' && f[i + 1] <= '9' && n < VM_BLOCK_MAX)
            n = n * 10 + (size_t)(f[++i] - '0');
        filled += n;
    }
    if (filled > VM_BLOCK_MAX / 16) luaL_argerror(L, 1, "sizes are too large");
}

static int pack(lua_State *L)
{
    size_t all = 0;
    check_format(L, true);
    for (int i = 2; i <= lua_gettop(L); i++)
        if (lua_type(L, i) == LUA_TSTRING) all += lua_rawlen(L, i);
    if (all > VM_TEXT_MAX) return luaL_error(L, "resulting string too large");
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int unpack(lua_State *L)
{
    check_format(L, false);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void vm_open_format(lua_State *L)
{
    vm_wrap_stock(L, "string", "format", format);
    vm_wrap_stock(L, "string", "pack", pack);
    vm_wrap_stock(L, "string", "unpack", unpack);
    vm_wrap_stock(L, "string", "packsize", unpack);
}
