/* Read only after loading: what functions can reach and share.
 *
 * Stock Lua has no read-only tables. A frozen table is emptied in place; its contents move to a shadow, which its new
 * metatable shows. So every reference to it, upvalues included, sees the frozen form. */
#include <stdio.h>
#include <string.h>

#include "vm/vm_internal.h"

static const char shadow_key;  /* in a frozen table's metatable: the shadow */
static const char classes_key; /* registry: shadow → its table */

bool vm_push_shadow(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx)) return false;
    if (lua_rawgetp(L, -1, &shadow_key) == LUA_TTABLE) {
        lua_remove(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

void vm_push_class(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key) == LUA_TTABLE) {
        lua_pushvalue(L, -2);
        if (lua_rawget(L, -2) == LUA_TTABLE) {
            lua_replace(L, -3);
            lua_pop(L, 1);
            return;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

int vm_read_only(lua_State *L)
{
    struct err err;
    struct err_num n;
    const char *key = luaL_typename(L, 2);
    if (lua_type(L, 2) == LUA_TSTRING) key = lua_tostring(L, 2);
    if (lua_isinteger(L, 2)) key = err_i64(&n, lua_tointeger(L, 2));
    err_set(&err, ERR_REFUSED, "lua.read_only", "what", key, NULL);
    vm_where(vm_of(L), err.where, sizeof(err.where));
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

static int on_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

/* __index of a frozen table that had one: its contents first, then what it had. */
static int on_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    if (lua_isfunction(L, lua_upvalueindex(2))) {
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 1);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_gettable(L, lua_upvalueindex(2));
    return 1;
}

struct freezing {
    struct err *err;
    const int *refs;
    size_t nrefs;
};

/* The stack has: 2 the set of what was seen, 3 the list of what is still to be looked at. */
enum { SEEN = 2, TODO = 3 };

static void later(lua_State *L, int idx)
{
    int type = lua_type(L, idx);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TTHREAD && type != LUA_TUSERDATA) return;
    idx = lua_absindex(L, idx);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, SEEN) == LUA_TNIL) {
        lua_pushvalue(L, idx);
        lua_pushboolean(L, 1);
        lua_rawset(L, SEEN);
        lua_pushvalue(L, idx);
        lua_rawseti(L, TODO, (lua_Integer)lua_rawlen(L, TODO) + 1);
    }
    lua_pop(L, 1);
}

static int refuse(lua_State *L, struct freezing *f, const struct err *err)
{
    *f->err = *err;
    lua_pushnil(L);
    return lua_error(L);
}

static void check_closure(lua_State *L, struct freezing *f)
{
    char name[64] = "";
    int line = 0;
    lua_Debug ar;
    struct err err;
    int rc = vm_find_assignment(L, name, sizeof(name), &line);
    if (rc == 0) return;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    if (rc < 0)
        err_set(&err, rc, rc == ERR_NOMEM ? "memory" : "lua.bytecode", NULL);
    else
        err_set(&err, ERR_PLUGIN, "lua.upvalue", "name", name, NULL);
    err_set_where(&err, ar.short_src, line);
    refuse(L, f, &err);
}

static void visit_function(lua_State *L, struct freezing *f)
{
    int fn = lua_gettop(L);
    if (!lua_iscfunction(L, fn)) check_closure(L, f);
    for (int i = 1; lua_getupvalue(L, fn, i); i++) {
        if (lua_iscfunction(L, fn) && lua_type(L, -1) == LUA_TUSERDATA && !vm_is_object(L, -1)) {
            struct err err;
            err_set(&err, ERR_PLUGIN, "lua.iterator_kept", NULL);
            refuse(L, f, &err);
        }
        later(L, -1);
        lua_pop(L, 1);
    }
}

/* An object is read only; a list in one of its fields is a table like others. */
static void visit_object(lua_State *L)
{
    int object = lua_gettop(L);
    if (lua_getiuservalue(L, object, 1) != LUA_TTABLE) return;
    for (lua_pushnil(L); lua_next(L, object + 1); lua_pop(L, 1))
        later(L, -1);
}

/* New metatable for the table at `t`, whose contents are in `shadow`: on the top of the stack. */
static void push_metatable(lua_State *L, int t, int shadow)
{
    lua_newtable(L);
    int mt = lua_gettop(L);
    bool has = lua_getmetatable(L, t);
    int old = has ? lua_gettop(L) : 0;
    if (has) {
        int from = vm_push_shadow(L, old) ? lua_gettop(L) : old;
        for (lua_pushnil(L); lua_next(L, from);) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, mt);
        }
    }
    lua_pushliteral(L, "__index");
    if (lua_rawget(L, mt) == LUA_TNIL) {
        lua_pushvalue(L, shadow);
    } else {
        lua_pushvalue(L, shadow);
        lua_pushvalue(L, -2);
        lua_pushcclosure(L, on_index, 2);
    }
    lua_setfield(L, mt, "__index");
    lua_pushcfunction(L, vm_read_only);
    lua_setfield(L, mt, "__newindex");
    lua_pushliteral(L, "__len");
    if (lua_rawget(L, mt) == LUA_TNIL) {
        lua_pushvalue(L, shadow);
        lua_pushcclosure(L, on_len, 1);
        lua_setfield(L, mt, "__len");
    }
    if (has)
        lua_pushvalue(L, old);
    else
        lua_pushboolean(L, 0);
    lua_setfield(L, mt, "__metatable");
    lua_pushvalue(L, shadow);
    lua_rawsetp(L, mt, &shadow_key);
    lua_settop(L, mt);
}

static void visit_table(lua_State *L)
{
    int t = lua_gettop(L);
    if (vm_push_shadow(L, t)) return; /* frozen already */
    if (lua_getmetatable(L, t)) later(L, -1);
    lua_settop(L, t);
    lua_newtable(L);
    int shadow = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, t);) {
        later(L, -2);
        later(L, -1);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, shadow);
    }
    for (lua_pushnil(L); lua_next(L, shadow);) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, t);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
    lua_pushvalue(L, shadow);
    lua_pushvalue(L, t);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    push_metatable(L, t, shadow);
    lua_setmetatable(L, t);
}

static int freeze_protected(lua_State *L)
{
    struct freezing *f = lua_touserdata(L, 1);
    struct err err;
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &classes_key);
    lua_pushglobaltable(L);
    later(L, -1);
    vm_push_modules(L);
    later(L, -1);
    for (size_t i = 0; i < f->nrefs; i++) {
        vm_push_ref(L, f->refs[i]);
        later(L, -1);
        lua_pop(L, 1);
    }
    lua_settop(L, TODO);
    for (lua_Integer n; (n = (lua_Integer)lua_rawlen(L, TODO)) > 0; lua_settop(L, TODO)) {
        luaL_checkstack(L, 20, NULL);
        int type = lua_rawgeti(L, TODO, n);
        lua_pushnil(L);
        lua_rawseti(L, TODO, n);
        if (type == LUA_TFUNCTION) {
            visit_function(L, f);
        } else if (type == LUA_TTABLE) {
            visit_table(L);
        } else if (type == LUA_TUSERDATA) {
            visit_object(L);
        } else {
            err_set(&err, ERR_PLUGIN, "lua.coroutine_kept", NULL);
            refuse(L, f, &err);
        }
    }
    return 0;
}

int vm_freeze(struct vm *vm, const int *refs, size_t nrefs, struct err *err)
{
    struct err why;
    struct freezing f = {&why, refs, nrefs};
    lua_State *L = vm->L;
    err_clear(&why);
    lua_pushcfunction(L, freeze_protected);
    lua_pushlightuserdata(L, &f);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) {
        lua_pop(L, 1);
        if (!why.code) return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
        if (err) *err = why;
        return why.code;
    }
    vm->frozen = true;
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}
