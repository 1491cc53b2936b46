/* Errors between Lua and the core: error objects, and whatever else a plugin raises. Calls no metamethods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "vm/vm_internal.h"

static const char error_key; /* registry: the metatable of error objects; in an object: the record */

/* Names that are looked up where no memory may be asked for, since nothing would catch the error. Registry: by their
 * address. */
static const char *const names[] = {"code", "message"};
enum { NAME_CODE, NAME_MESSAGE };

static int on_tostring(lua_State *L)
{
    lua_pushstring(L, "message");
    if (lua_istable(L, 1) && lua_rawget(L, 1) == LUA_TSTRING) return 1;
    lua_pushstring(L, "error");
    return 1;
}

void vm_open_errors(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, on_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushstring(L, "error");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_key);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        lua_pushstring(L, names[i]);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &names[i]);
    }
}

static void push_fields(lua_State *L, const struct err *err, const char *lang)
{
    struct buf text;
    lua_newtable(L);
    for (int i = 0; i < err->nfields; i++) {
        buf_init(&text, 1024);
        locale_field(&text, lang, &err->fields[i]);
        char sentence[1024] = ""; /* no heap while Lua may raise */
        strncat(sentence, text.data ? text.data : "", sizeof(sentence) - 1);
        buf_close(&text);
        lua_pushstring(L, sentence);
        lua_setfield(L, -2, err->fields[i].name);
    }
    lua_setfield(L, -2, "fields");
}

/* What is wrong, and what to do about it ("" when nothing is known). No heap is held while Lua may raise. */
static void take_sentences(const struct err *err, const char *lang, char message[1024], char remedy[1024])
{
    struct buf text;
    message[0] = remedy[0] = '\0';
    buf_init(&text, 1023);
    locale_err(&text, lang, err, false);
    size_t plain = text.len;
    strncat(message, text.data ? text.data : err->key, 1023);
    buf_clear(&text);
    locale_err(&text, lang, err, true);
    if (text.data && text.len > plain + 1) strncat(remedy, text.data + plain + 1, 1023);
    buf_close(&text);
}

void vm_push_err(lua_State *L, const struct err *err, const char *lang)
{
    char message[1024], remedy[1024];
    take_sentences(err, lang, message, remedy);
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, err->key);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, err->where);
    lua_setfield(L, -2, "where");
    if (remedy[0]) lua_pushstring(L, remedy);
    if (remedy[0]) lua_setfield(L, -2, "remedy");
    if (err->nfields) push_fields(L, err, lang);
    memcpy(lua_newuserdatauv(L, sizeof(*err), 0), err, sizeof(*err));
    lua_rawsetp(L, -2, &error_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key);
    lua_setmetatable(L, -2);
}

static void take_text(lua_State *L, int name, char *out, size_t cap)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names[name]);
    if (lua_rawget(L, -2) == LUA_TSTRING) {
        out[0] = '\0';
        strncat(out, lua_tostring(L, -1), cap - 1);
    }
    lua_pop(L, 1);
}

/* "publish.lua:12: text" is a place and a text; "at 10:12: text" is not. */
static void split_place(const char *s, struct err *err)
{
    const char *colon = strpbrk(s, ": ");
    while (colon && *colon == ':' && (colon[1] < '0' || colon[1] > '9'))
        colon = strpbrk(colon + 1, ": ");
    if (colon && *colon == ' ') colon = NULL;
    char *end = NULL;
    long line = colon ? strtol(colon + 1, &end, 10) : 0;
    size_t n = colon ? (size_t)(colon - s) : 0;
    if (line > 0 && end && end[0] == ':' && end[1] == ' ' && n < 120) {
        char file[121];
        memcpy(file, s, n);
        file[n] = '\0';
        err_set_text(err, ERR_PLUGIN, "lua.error", end + 2);
        err_set_where(err, file, (int)line);
        return;
    }
    err_set_text(err, ERR_PLUGIN, "lua.error", s);
}

static void take_table(lua_State *L, struct err *err)
{
    if (lua_rawgetp(L, -1, &error_key) == LUA_TUSERDATA) {
        memcpy(err, lua_touserdata(L, -1), sizeof(*err));
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    err_set_text(err, ERR_PLUGIN, "lua.error", "");
    char code[48] = "";
    bool frozen = vm_push_shadow(L, -1);
    take_text(L, NAME_CODE, code, sizeof(code));
    take_text(L, NAME_MESSAGE, err->text, sizeof(err->text));
    if (frozen) lua_pop(L, 1);
    if (!code[0]) return;
    err->code = ERR_REFUSED;
    memcpy(err->key, code, sizeof(code));
}

void vm_to_err(lua_State *L, int idx, struct err *err)
{
    struct err_num n;
    err_clear(err);
    if (!lua_checkstack(L, 8)) {
        err_set(err, ERR_LIMIT, "limit.memory", NULL);
        return;
    }
    lua_pushvalue(L, idx);
    if (lua_type(L, -1) == LUA_TSTRING)
        split_place(lua_tostring(L, -1), err);
    else if (lua_istable(L, -1))
        take_table(L, err);
    else if (lua_isinteger(L, -1))
        err_set_text(err, ERR_PLUGIN, "lua.error", err_i64(&n, lua_tointeger(L, -1)));
    else
        err_set_text(err, ERR_PLUGIN, "lua.error", luaL_typename(L, -1));
    lua_pop(L, 1);
}

int vm_raise(lua_State *L, const struct err *err)
{
    struct vm *vm = vm_of(L);
    if (err_is_fault(err->code) || err->code == ERR_DIVERGED) {
        vm_raise_fault(vm, err);
        vm_check_stop(L);
    }
    vm_push_err(L, err, "en");
    lua_error(L);
    abort();
}

/* The innermost calls; the outer ones of a deep recursion would take longer to count than a slice lasts. */
void vm_trace(lua_State *L, int level, struct err *err)
{
    enum { LEVELS = 16 };
    char *out = err->traceback;
    size_t n = 0, cap = sizeof(err->traceback);
    lua_Debug ar;
    for (int i = 0; i < LEVELS && n < cap && lua_getstack(L, level + i, &ar); i++) {
        lua_getinfo(L, "Sln", &ar);
        n += (size_t)snprintf(out + n, cap - n, "%s%s:", i ? "\n" : "", ar.short_src);
        if (n < cap && ar.currentline > 0) n += (size_t)snprintf(out + n, cap - n, "%d:", ar.currentline);
        if (n >= cap) break;
        if (*ar.namewhat)
            n += (size_t)snprintf(out + n, cap - n, " in %s '%s'", ar.namewhat, ar.name);
        else if (*ar.what == 'm')
            n += (size_t)snprintf(out + n, cap - n, " in main chunk");
        else if (*ar.what != 'C')
            n += (size_t)snprintf(out + n, cap - n, " in function <%s:%d>", ar.short_src, ar.linedefined);
    }
}

/* Adds the traceback where the error happens; the record travels with the error object. */
int vm_message_handler(lua_State *L)
{
    struct vm *vm = vm_of(L);
    struct err err;
    if (vm->stop) return 1;
    vm_to_err(L, 1, &err);
    if (!err.where[0]) vm_where(vm, err.where, sizeof(err.where));
    if (!err.traceback[0]) vm_trace(L, 1, &err);
    vm_push_err(L, &err, "en");
    return 1;
}
