/* The Lua side of specs, shared by its files. */
#ifndef KHUNG_SPEC_LUA_H
#define KHUNG_SPEC_LUA_H

#include "cli/spec_file.h"
#include "vm/vm_lua.h"

struct spec_file *spec_file_of(lua_State *L);
/* Raises an error with the place in the spec. */
int spec_raise(lua_State *L, struct err *err);
/* Calls an API function with the Lua values from `first` on; pushes the result. */
int spec_invoke(lua_State *L, const char *name, int first, int64_t person);
/* The value at idx, in the arena of the test; raises when it is none. */
struct val spec_take(lua_State *L, int idx);

/* The person that `t` acts as; 0: nobody in particular. */
int64_t spec_acting(lua_State *L, int idx);

/* What a spec calls: the globals, and the methods of t. */
extern const luaL_Reg spec_describe_functions[];
extern const luaL_Reg spec_t_methods[], spec_expect_methods[], spec_world_methods[], spec_route_methods[];
void spec_push_t(lua_State *L);

#endif
