/* Values between Lua and the core: raw access only, so that no metamethod of a plugin runs here. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/vm_internal.h"

void vm_push_val(lua_State *L, const struct val *v)
{
    luaL_checkstack(L, 6, NULL);
    vm_check_stop(L);
    switch (v->type) {
    case VAL_NIL:
        lua_pushnil(L);
        break;
    case VAL_BOOL:
        lua_pushboolean(L, v->as.b);
        break;
    case VAL_INT:
        lua_pushinteger(L, v->as.i);
        break;
    case VAL_NUM:
        lua_pushnumber(L, v->as.n);
        break;
    case VAL_STR:
        lua_pushlstring(L, v->as.str.s, v->as.str.len);
        break;
    case VAL_LIST:
        lua_createtable(L, (int)v->as.list.n, 0);
        for (size_t i = 0; i < v->as.list.n; i++) {
            vm_push_val(L, &v->as.list.items[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case VAL_MAP:
        lua_createtable(L, 0, (int)v->as.map.n);
        for (size_t i = 0; i < v->as.map.n; i++) {
            lua_pushstring(L, v->as.map.pairs[i].key);
            vm_push_val(L, &v->as.map.pairs[i].v);
            lua_rawset(L, -3);
        }
        break;
    case VAL_OBJ:
        vm_push_object(L, v);
        break;
    }
}

struct taking {
    lua_State *L;
    struct arena *a;
    struct err *err;
    const char *path[VAL_DEPTH_MAX + 2];
};

static int refuse(struct taking *t, const char *got, int depth)
{
    char at[120] = "";
    for (int i = 1; i <= depth && i <= VAL_DEPTH_MAX; i++) {
        size_t n = strlen(at);
        snprintf(at + n, sizeof(at) - n, ".%s", t->path[i] ? t->path[i] : "?");
    }
    return err_set(t->err, ERR_INVALID, "invalid.value", "got", got, "at", at[0] ? at : ".", NULL);
}

static int no_room(struct taking *t)
{
    return err_set(t->err, ERR_LIMIT, "limit.size", NULL);
}

static int take(struct taking *t, int idx, struct val *out, int depth);

static int take_list(struct taking *t, int idx, lua_Integer n, struct val *out, int depth)
{
    *out = val_list();
    for (lua_Integer i = 1; i <= n; i++) {
        struct val v;
        t->path[depth + 1] = "[]";
        lua_rawgeti(t->L, idx, i);
        int rc = take(t, lua_gettop(t->L), &v, depth + 1);
        lua_pop(t->L, 1);
        if (rc) return rc;
        if (val_add(t->a, out, v) != 0) return no_room(t);
    }
    return 0;
}

/* Would the place of this name ("12") become the same key? */
static bool is_twice(lua_State *L, int idx, const char *key)
{
    char number[24], *end;
    if (*key != '-' && (*key < '0' || *key > '9')) return false;
    long long place = strtoll(key, &end, 10);
    snprintf(number, sizeof(number), "%lld", place);
    if (*end || strcmp(number, key) != 0) return false;
    bool twice = lua_rawgeti(L, idx, place) != LUA_TNIL;
    lua_pop(L, 1);
    return twice;
}

static int take_pair(struct taking *t, int idx, struct val *out, int depth)
{
    struct val v;
    size_t len;
    char number[24];
    const char *key = number;
    if (lua_isinteger(t->L, -2)) {
        /* { "integer", default = 2 }: places become names. */
        len = (size_t)snprintf(number, sizeof(number), "%lld", (long long)lua_tointeger(t->L, -2));
    } else if (lua_type(t->L, -2) == LUA_TSTRING) {
        key = lua_tolstring(t->L, -2, &len);
        if (is_twice(t->L, idx, key)) return refuse(t, "a key that is there as a name and as a place", depth);
    } else {
        return refuse(t, "a key that is neither a name nor a place", depth);
    }
    if (strlen(key) != len) return refuse(t, "a key with NUL", depth);
    char *copy = arena_strndup(t->a, key, len);
    if (!copy) return no_room(t);
    t->path[depth + 1] = copy;
    int rc = take(t, lua_gettop(t->L), &v, depth + 1);
    if (rc) return rc;
    return val_set_new(t->a, out, copy, v) ? no_room(t) : 0;
}

static int take_map(struct taking *t, int idx, struct val *out, int depth)
{
    *out = val_map();
    for (lua_pushnil(t->L); lua_next(t->L, idx); lua_pop(t->L, 1)) {
        if (lua_islightuserdata(t->L, -2)) continue; /* what the host keeps in error objects */
        int rc = take_pair(t, idx, out, depth);
        if (rc) {
            lua_pop(t->L, 2);
            return rc;
        }
    }
    return 0;
}

static int take_table(struct taking *t, int idx, struct val *out, int depth)
{
    bool frozen = vm_push_shadow(t->L, idx);
    if (frozen) idx = lua_gettop(t->L);
    lua_Integer n = (lua_Integer)lua_rawlen(t->L, idx);
    bool list = false;
    if (n > 0) {
        /* A list has only 1..n: the n-th step of the walk must be its last. */
        lua_Integer count = 0;
        list = true;
        for (lua_pushnil(t->L); list && lua_next(t->L, idx); lua_pop(t->L, 1)) {
            if (!lua_isinteger(t->L, -2) || ++count > n) {
                list = false;
                lua_pop(t->L, 2);
                break;
            }
        }
        list = list && count == n;
    }
    int rc = list ? take_list(t, idx, n, out, depth) : take_map(t, idx, out, depth);
    if (frozen) lua_pop(t->L, 1);
    return rc;
}

static int take(struct taking *t, int idx, struct val *out, int depth)
{
    lua_State *L = t->L;
    if (depth > VAL_DEPTH_MAX) return refuse(t, "a table that is nested too deeply or holds itself", 3);
    if (!lua_checkstack(L, 8)) return no_room(t);
    if (vm_of(L)->stop) return err_set(t->err, ERR_STOPPED, "limit.stopped", NULL); /* no hook ends this walk */
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL:
        *out = val_nil();
        return 0;
    case LUA_TBOOLEAN:
        *out = val_bool(lua_toboolean(L, idx));
        return 0;
    case LUA_TNUMBER:
        *out = lua_isinteger(L, idx) ? val_int(lua_tointeger(L, idx)) : val_num(lua_tonumber(L, idx));
        return 0;
    case LUA_TSTRING: {
        size_t len;
        const char *s = lua_tolstring(L, idx, &len);
        char *copy = arena_strndup(t->a, s, len);
        if (!copy) return no_room(t);
        *out = val_strn(copy, len);
        return 0;
    }
    case LUA_TTABLE:
        return take_table(t, idx, out, depth);
    case LUA_TUSERDATA:
        return vm_take_object(L, idx, t->a, out) ? refuse(t, "userdata", depth) : 0;
    default:
        return refuse(t, lua_typename(L, lua_type(L, idx)), depth);
    }
}

int vm_to_val(lua_State *L, int idx, struct arena *a, struct val *out, struct err *err)
{
    struct taking t = {.L = L, .a = a, .err = err};
    return take(&t, lua_absindex(L, idx), out, 0);
}
