/* Tables: the stock functions, for lengths that are sane. Upvalue: the stock function. */
#include <math.h>

#include "vm/vm_internal.h"

static int less(lua_State *L)
{
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

/* The stock functions count in C up to what __len says, where no hook can end it. */
static void check_length(lua_State *L)
{
    if (!lua_istable(L, 1)) return;
    if (vm_has_own_len(L, 1)) luaL_error(L, "a table with its own __len cannot be used here");
    if (luaL_len(L, 1) > VM_LENGTH_MAX) luaL_error(L, "table is too long");
}

static int bounded(lua_State *L)
{
    check_length(L);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int bounded_range(lua_State *L)
{
    check_length(L);
    for (int i = 2; i <= lua_gettop(L) && i <= 4; i++)
        if (lua_type(L, i) == LUA_TNUMBER && fabs(lua_tonumber(L, i)) > VM_LENGTH_MAX)
            return luaL_argerror(L, i, "index is too large");
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int move(lua_State *L)
{
    if (luaL_checkinteger(L, 3) > VM_MOVE_MAX && luaL_checkinteger(L, 2) < luaL_checkinteger(L, 3) - VM_MOVE_MAX)
        return luaL_argerror(L, 3, "too many elements to move at once");
    return bounded_range(L);
}

/* With a comparator that can be stopped. */
static int sort(lua_State *L)
{
    check_length(L);
    if (lua_istable(L, 1) && lua_isnoneornil(L, 2) && luaL_len(L, 1) > VM_SORT_PLAIN) {
        lua_settop(L, 1);
        lua_pushcfunction(L, less);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void vm_open_table(lua_State *L)
{
    vm_wrap_stock(L, "table", "move", move);
    vm_wrap_stock(L, "table", "unpack", bounded_range);
    vm_wrap_stock(L, "table", "concat", bounded_range);
    vm_wrap_stock(L, "table", "insert", bounded);
    vm_wrap_stock(L, "table", "remove", bounded);
    vm_wrap_stock(L, "table", "sort", sort);
}
