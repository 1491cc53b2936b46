/* No weak tables, whatever a metatable says.
 *
 * To refuse "__mode" where a metatable is set is not enough: it can be written into it afterwards. A weak table would
 * show code when garbage is collected, so that a run could not be replayed, and Lua 5.4.4 has faults there. Lua finds
 * it by a name that it keeps in its global state; so that name is changed, to a random one that nobody can write: the
 * block of the global state is searched for the six names that stand in a row. ("__gc" counts only when a metatable is
 * set, which refuses it; the buffers of Lua's library need it.) */
#include <string.h>

#include "base/digest.h"
#include "vm/vm_internal.h"

struct first_block {
    struct vm *vm;
    char *p;
    size_t size;
};

static const char *const names[] = {"__index", "__newindex", "__gc", "__mode", "__len", "__eq"};
enum { NAMES = sizeof(names) / sizeof(names[0]), MODE = 3 };

static void *allocate_first(void *ud, void *ptr, size_t old, size_t size)
{
    struct first_block *b = ud;
    void *p = vm_allocate(b->vm, ptr, old, size);
    if (!b->p && p) {
        b->p = p;
        b->size = size;
    }
    return p;
}

/* The place of the names, or NULL. They are there for good: Lua never collects them. */
static const void **find(lua_State *L, const struct first_block *b)
{
    const void *row[NAMES], **found = NULL;
    for (int i = 0; i < NAMES; i++) {
        lua_pushstring(L, names[i]);
        row[i] = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    for (size_t at = 0; at + sizeof(row) <= b->size; at += sizeof(void *)) {
        if (memcmp(b->p + at, row, sizeof(row)) != 0) continue;
        if (found) return NULL;
        found = (const void **)(void *)(b->p + at);
    }
    return found;
}

static int change(lua_State *L)
{
    const void **found = find(L, lua_touserdata(L, 1));
    if (!found) return luaL_error(L, "the names of metamethods are not where they should be");
    char random[24];
    digest_random(random, sizeof(random));
    lua_pushlstring(L, random, sizeof(random));
    const void *name = lua_topointer(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &names[MODE]); /* keeps it */
    found[MODE] = name;
    return 0;
}

lua_State *vm_new_state(struct vm *vm)
{
    struct first_block b = {.vm = vm};
    lua_State *L = lua_newstate(allocate_first, &b);
    if (!L) return NULL;
    lua_setallocf(L, vm_allocate, vm);
    lua_pushcfunction(L, change);
    lua_pushlightuserdata(L, &b);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK) return L;
    lua_close(L);
    return NULL;
}
