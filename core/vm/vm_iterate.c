/* pairs and next: through frozen tables, and in a stable order inside a run.
 *
 * The stable order: the places 1, 2, 3 … (holes skipped: what # says of a table with holes depends on its history),
 * then the other keys by type (booleans, numbers, strings, host objects) and value. */
#include <stdlib.h>
#include <string.h>

#include "vm/vm_internal.h"

static int refuse_unstable(lua_State *L)
{
    struct err err;
    err_set(&err, ERR_REFUSED, "pairs.unstable", "type", luaL_typename(L, -1), NULL);
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

enum { RANK_HIDDEN, RANK_UNSTABLE, RANK_PLACE, RANK_BOOLEAN, RANK_NUMBER, RANK_STRING, RANK_OBJECT };

static int rank(lua_State *L, int idx)
{
    switch (lua_type(L, idx)) {
    case LUA_TLIGHTUSERDATA:
        return RANK_HIDDEN; /* the record in an error object */
    case LUA_TBOOLEAN:
        return RANK_BOOLEAN;
    case LUA_TNUMBER:
        return lua_isinteger(L, idx) && lua_tointeger(L, idx) > 0 ? RANK_PLACE : RANK_NUMBER;
    case LUA_TSTRING:
        return RANK_STRING;
    case LUA_TUSERDATA:
        return RANK_OBJECT;
    default:
        return RANK_UNSTABLE;
    }
}

/* Is the key at a before the key at b? */
static bool is_before(lua_State *L, int a, int b)
{
    int ra = rank(L, a), rb = rank(L, b);
    vm_check_stop(L);
    if (ra != rb) return ra < rb;
    if (ra == RANK_BOOLEAN) return !lua_toboolean(L, a) && lua_toboolean(L, b);
    if (ra == RANK_PLACE || ra == RANK_NUMBER) return lua_compare(L, a, b, LUA_OPLT);
    if (ra == RANK_OBJECT) return vm_object_compare(L, a, b) < 0;
    size_t na, nb;
    const char *sa = lua_tolstring(L, a, &na), *sb = lua_tolstring(L, b, &nb);
    int order = memcmp(sa, sb, na < nb ? na : nb);
    return order ? order < 0 : na < nb;
}

/* Sorts the list of keys at idx from `low` to `high` (quicksort over the raw array, median of three). */
static void sort_keys(lua_State *L, int idx, lua_Integer low, lua_Integer high)
{
    while (low < high) {
        lua_Integer i = low, j = high;
        lua_rawgeti(L, idx, low + (high - low) / 2);
        int pivot = lua_gettop(L);
        while (i <= j) {
            for (lua_rawgeti(L, idx, i); is_before(L, -1, pivot); lua_rawgeti(L, idx, ++i))
                lua_pop(L, 1);
            for (lua_rawgeti(L, idx, j); is_before(L, pivot, -1); lua_rawgeti(L, idx, --j))
                lua_pop(L, 1);
            if (i <= j) {
                lua_rawseti(L, idx, i++); /* the one from j goes to i, and the other way */
                lua_rawseti(L, idx, j--);
            } else {
                lua_pop(L, 2);
            }
        }
        lua_pop(L, 1);
        luaL_checkstack(L, 8, NULL);
        if (j - low < high - i) {
            sort_keys(L, idx, low, j);
            low = i;
        } else {
            sort_keys(L, idx, i, high);
            high = j;
        }
    }
}

/* Pushes the list of keys beyond 1..n of the table at idx. */
static lua_Integer push_keys(lua_State *L, int idx, lua_Integer n)
{
    lua_Integer count = 0;
    lua_newtable(L);
    int keys = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, idx);) {
        lua_pop(L, 1);
        int r = rank(L, -1);
        vm_check_stop(L);
        if (r == RANK_HIDDEN || (r == RANK_PLACE && lua_tointeger(L, -1) <= n)) continue;
        if (r == RANK_UNSTABLE) refuse_unstable(L);
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, ++count);
    }
    sort_keys(L, keys, 1, count);
    return count;
}

/* Upvalues: table, n, keys, next position. */
static int iterate(lua_State *L)
{
    lua_Integer n = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        lua_Integer at = lua_tointeger(L, lua_upvalueindex(4)) + 1;
        lua_pushinteger(L, at);
        lua_replace(L, lua_upvalueindex(4));
        if (at <= n)
            lua_pushinteger(L, at);
        else if (lua_rawgeti(L, lua_upvalueindex(3), at - n) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        lua_rawget(L, lua_upvalueindex(1));
        if (!lua_isnil(L, -1)) return 2; /* else: removed meanwhile */
        lua_pop(L, 2);
    }
}

/* The key on the top becomes the next key and its value; 0 at the end. Without what the host keeps in error objects. */
static int next_plain(lua_State *L, int idx)
{
    while (lua_next(L, idx)) {
        if (!lua_islightuserdata(L, -2)) return 2;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

/* The first place after `at` of 1..n that is not empty, and its value; or nothing. */
static bool next_place(lua_State *L, lua_Integer at, lua_Integer n)
{
    while (at++ < n) {
        lua_pushinteger(L, at);
        if (lua_rawgeti(L, 1, at) != LUA_TNIL) return true;
        lua_pop(L, 2);
    }
    return false;
}

/* The first key of the stable order after the key at 2. */
static int stable_next(lua_State *L)
{
    bool found = false;
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1), at = lua_isnil(L, 2) ? 0 : -1;
    if (rank(L, 2) == RANK_PLACE && lua_tointeger(L, 2) <= n) at = lua_tointeger(L, 2);
    if (at >= 0 && next_place(L, at, n)) return 2;
    lua_settop(L, 2);
    lua_pushnil(L); /* 3: the best so far */
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pop(L, 1);
        int r = rank(L, -1);
        vm_check_stop(L);
        if (r == RANK_HIDDEN || (r == RANK_PLACE && lua_tointeger(L, -1) <= n)) continue;
        if (r == RANK_UNSTABLE) return refuse_unstable(L);
        if (at < 0 && !is_before(L, 2, -1)) continue;
        if (found && !is_before(L, lua_gettop(L), 3)) continue;
        found = true;
        lua_pushvalue(L, -1);
        lua_replace(L, 3);
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

static int next_key(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (vm_push_shadow(L, 1)) lua_replace(L, 1);
    return vm_of(L)->stable ? stable_next(L) : next_plain(L, 1);
}

/* The table at idx (the top) becomes a function that goes over it in the stable order. */
static void push_iterator(lua_State *L, int idx)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
    lua_pushinteger(L, n);
    push_keys(L, idx, n);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, iterate, 4);
}

static int next_hidden(lua_State *L)
{
    lua_settop(L, 2);
    return next_plain(L, lua_upvalueindex(1));
}

/* The code must not get hold of the table itself: it could write to it. */
void vm_push_hidden_pairs(lua_State *L)
{
    if (vm_of(L)->stable)
        push_iterator(L, lua_gettop(L));
    else
        lua_pushcclosure(L, next_hidden, 1);
}

static int pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (!vm_of(L)->stable) {
        lua_pushcfunction(L, next_key); /* reads frozen tables by itself: their contents are not given away */
        lua_pushvalue(L, 1);
        lua_pushnil(L);
        return 3;
    }
    if (vm_push_shadow(L, 1)) lua_replace(L, 1);
    push_iterator(L, 1);
    return 1;
}

void vm_open_iterate(lua_State *L)
{
    lua_register(L, "next", next_key);
    lua_register(L, "pairs", pairs);
}
