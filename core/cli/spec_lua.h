/* The Lua side of specs, shared by its files: a spec file with its tests, and how it calls the host. */
#ifndef KHUNG_SPEC_LUA_H
#define KHUNG_SPEC_LUA_H

#include "cli/spec.h"
#include "vm/vm_lua.h"

enum { SPEC_TESTS_MAX = 500 };

struct spec_test {
    char describe[120], it[160];
    int ref;
};

struct spec_file {
    struct spec *spec;
    struct vm *vm;
    struct spec_test tests[SPEC_TESTS_MAX];
    int n;
    char describe[120];
    struct plugin *plugin; /* whose modules a spec may require */
};

struct spec_file *spec_file_of(lua_State *L);
/* Raises an error with the place in the spec. */
int spec_raise(lua_State *L, struct err *err);
/* Calls an API function with the Lua values from `first` on; pushes the result. */
int spec_invoke(lua_State *L, const char *name, int first, int64_t person);
/* spec_t_lua.c: the `t` of a test. */
void spec_push_t(lua_State *L);

#endif
