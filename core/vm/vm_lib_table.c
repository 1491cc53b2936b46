/* Tables: concat, insert, move, remove, sort and unpack of our own, since the stock ones count to the end of what a
 * table says to be, where nothing can stop them. Metamethods are respected, as the manual says. */
#include <limits.h>

#include "vm/vm_internal.h"

/* What a value that is no table must have, to be used as one. */
enum { READ = 1, WRITE = 2, LENGTH = 4 };

static void check_table(lua_State *L, int arg, int what)
{
    static const char *const names[] = {"__index", "__newindex", "__len"};
    int top = lua_gettop(L);
    for (int i = 0; i < 3 && !lua_istable(L, arg); i++)
        if ((what & (1 << i)) && luaL_getmetafield(L, arg, names[i]) == LUA_TNIL) luaL_checktype(L, arg, LUA_TTABLE);
    lua_settop(L, top);
}

static lua_Integer check_length(lua_State *L, int arg, int what)
{
    check_table(L, arg, what | LENGTH);
    return luaL_len(L, arg);
}

static void copy_element(lua_State *L, int from, lua_Integer i, int to, lua_Integer j)
{
    lua_geti(L, from, i);
    lua_seti(L, to, j);
    vm_check_stop(L);
}

static int insert(lua_State *L)
{
    lua_Integer end = (lua_Integer)((lua_Unsigned)check_length(L, 1, READ | WRITE) + 1), at = end;
    int n = lua_gettop(L);
    if (n != 2 && n != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
    if (n == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--)
            copy_element(L, 1, i - 1, 1, i);
    }
    lua_seti(L, 1, at);
    return 0;
}

static int take_out(lua_State *L)
{
    lua_Integer n = check_length(L, 1, READ | WRITE), at = luaL_optinteger(L, 2, n);
    if (at != n) luaL_argcheck(L, (lua_Unsigned)at - 1 <= (lua_Unsigned)n, 2, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < n; at++)
        copy_element(L, 1, at + 1, 1, at);
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static int move(lua_State *L)
{
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    lua_settop(L, 5);
    check_table(L, 1, READ);
    check_table(L, target, WRITE);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer n = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
        if (to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ)))
            for (lua_Integer i = 0; i < n; i++)
                copy_element(L, 1, first + i, target, to + i);
        else /* it lies over its source: from the end */
            for (lua_Integer i = n - 1; i >= 0; i--)
                copy_element(L, 1, first + i, target, to + i);
    }
    lua_pushvalue(L, target);
    return 1;
}

/* --- concat --- */

enum { VALUE = 5 }; /* a place on the stack: a buffer wants the top for itself */

static void add_element(lua_State *L, luaL_Buffer *b, lua_Integer i)
{
    size_t len;
    lua_geti(L, 1, i);
    lua_replace(L, VALUE);
    const char *s = lua_tolstring(L, VALUE, &len);
    if (!s)
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, VALUE), (LUAI_UACINT)i);
    vm_add_text(b, s, len);
    vm_check_stop(L);
}

static int concat(lua_State *L)
{
    luaL_Buffer b;
    size_t len;
    lua_Integer n = check_length(L, 1, READ);
    const char *separator = luaL_optlstring(L, 2, "", &len);
    lua_Integer i = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, n);
    lua_settop(L, VALUE);
    luaL_buffinit(L, &b);
    for (; i < last; i++) {
        add_element(L, &b, i);
        vm_add_text(&b, separator, len);
    }
    if (i == last) add_element(L, &b, i);
    luaL_pushresult(&b);
    return 1;
}

static int unpack(lua_State *L)
{
    lua_Integer i = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (i > last) return 0;
    lua_Unsigned n = (lua_Unsigned)last - (lua_Unsigned)i;
    if (n >= VM_VALUES_MAX || !lua_checkstack(L, (int)n + 1)) return luaL_error(L, "too many results to unpack");
    for (; i < last; i++)
        lua_geti(L, 1, i);
    lua_geti(L, 1, last);
    return (int)n + 1;
}

/* --- sort --- */

/* By the function at 2, or by '<' when there is nil. */
static bool is_less(lua_State *L, int a, int b)
{
    vm_check_stop(L);
    if (lua_type(L, 2) == LUA_TNIL) return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    bool less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

static void check_order(lua_State *L, bool right)
{
    if (!right) luaL_error(L, "invalid order function for sorting");
}

/* From i on the first element that is not less than the pivot; pushes it above the pivot. */
static lua_Integer seek_up(lua_State *L, lua_Integer i, lua_Integer high, int pivot)
{
    for (lua_geti(L, 1, i); is_less(L, pivot + 1, pivot); lua_geti(L, 1, ++i)) {
        check_order(L, i < high);
        lua_settop(L, pivot);
    }
    return i;
}

/* From j down the first element that the pivot is not less than; pushes it above the other. */
static lua_Integer seek_down(lua_State *L, lua_Integer j, lua_Integer low, int pivot)
{
    for (lua_geti(L, 1, j); is_less(L, pivot, pivot + 2); lua_geti(L, 1, --j)) {
        check_order(L, j > low);
        lua_settop(L, pivot + 1);
    }
    return j;
}

/* Pushes the middle one of three, or in a short range the one in the middle. */
static void push_pivot(lua_State *L, lua_Integer low, lua_Integer high)
{
    int b = lua_gettop(L) + 1, a = b + 1, c = b + 2, middle = b;
    lua_geti(L, 1, low + (high - low) / 2);
    if (high - low < 16) return;
    lua_geti(L, 1, low);
    lua_geti(L, 1, high);
    if (is_less(L, a, b))
        middle = is_less(L, b, c) ? b : is_less(L, a, c) ? c : a;
    else
        middle = is_less(L, a, c) ? a : is_less(L, b, c) ? c : b;
    lua_copy(L, middle, b);
    lua_settop(L, b);
}

static void sort_range(lua_State *L, lua_Integer low, lua_Integer high)
{
    int top = lua_gettop(L), pivot = top + 1;
    luaL_checkstack(L, 8, NULL);
    while (low < high) {
        lua_Integer i = low, j = high;
        push_pivot(L, low, high);
        while (i <= j) {
            i = seek_up(L, i, high, pivot);
            j = seek_down(L, j, low, pivot);
            if (i <= j) {
                lua_seti(L, 1, i++); /* the one from j goes to i, and the other way */
                lua_seti(L, 1, j--);
            }
            lua_settop(L, pivot);
        }
        lua_settop(L, top);
        if (j - low < high - i) { /* the smaller part first: so it nests at most 63 deep */
            sort_range(L, low, j);
            low = i;
        } else {
            sort_range(L, i, high);
            high = j;
        }
    }
}

static int sort(lua_State *L)
{
    lua_Integer n = check_length(L, 1, READ | WRITE);
    if (n > 1) {
        luaL_argcheck(L, n < INT_MAX, 1, "array too big");
        if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
        lua_settop(L, 2);
        sort_range(L, 1, n);
    }
    return 0;
}

void vm_open_table(lua_State *L)
{
    static const luaL_Reg functions[] = {{"concat", concat}, {"insert", insert}, {"move", move}, {"remove", take_out},
                                         {"sort", sort},     {"unpack", unpack}, {NULL, NULL}};
    lua_getglobal(L, "table");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
