/* A function from a text in a state that is loaded already: a line of a console. */
#include <string.h>

#include "vm/vm_internal.h"

struct compiling {
    const char *chunk, *text;
    int ref;
};

static int compile(lua_State *L)
{
    struct compiling *c = lua_touserdata(L, 1);
    const char *whole = lua_pushfstring(L, "return %s", c->text);
    const char *name = lua_pushfstring(L, "@%s", c->chunk);
    if (luaL_loadbufferx(L, whole, strlen(whole), name, "t") != LUA_OK)
        vm_load_text(L, c->chunk, c->text, strlen(c->text));
    c->ref = vm_ref(L, -1);
    return 0;
}

int vm_compile(struct vm *vm, const char *chunk, const char *text, int *ref, struct err *err)
{
    lua_State *L = vm->L;
    struct compiling c = {chunk, text, 0};
    lua_pushcfunction(L, compile);
    lua_pushlightuserdata(L, &c);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        vm_to_err(L, -1, err);
        lua_pop(L, 1);
        return err->code ? err->code : ERR_PLUGIN;
    }
    *ref = c.ref;
    return 0;
}
