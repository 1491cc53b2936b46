/* What bindings (*_lua.c) need of the vm beside lua.h. */
#ifndef KHUNG_VM_LUA_H
#define KHUNG_VM_LUA_H

#include <lua.h>
#include <lauxlib.h>
#include "vm/vm.h"

lua_State *vm_main(struct vm *vm);
lua_State *vm_running(struct vm *vm); /* the coroutine that runs now */
struct vm *vm_of(lua_State *L);

/* Sets a global of the plugin's environment to the value on the top (popped). Before vm_freeze only. */
void vm_set_global(lua_State *L, const char *name);
/* Keeps the function (or value) at idx; not collected until vm_unref. */
int vm_ref(lua_State *L, int idx);
void vm_push_ref(lua_State *L, int ref);

/* Value → Lua. May raise on memory (protected by the callers' pcall). Objects become userdata of their kind; the
 * fields' map is their content. */
void vm_push_val(lua_State *L, const struct val *v);
/* Lua → value, copied into the arena. A table with only 1..n is a list, the empty table an empty map that counts as
 * list too, any other with names and integers as keys a map (integers as "1"); functions, cycles, depth over
 * VAL_DEPTH_MAX or arena used up are refused: ERR_INVALID "invalid.value" {got, at}. Metatables of plain tables are
 * ignored (raw access; frozen tables are read through). */
int vm_to_val(lua_State *L, int idx, struct arena *a, struct val *out, struct err *err);

/* Pushes the contents of a frozen table, to be read only, and returns true; or pushes nothing. */
bool vm_push_shadow(lua_State *L, int idx);

/* Host objects. The metatable of a kind is made once per vm; `methods` is on the top of the stack (a table of
 * functions, popped). Objects: fields and methods by `.`/`:`, == by kind and id, < by id for ordered kinds, read
 * only, pairs() over the fields, tostring by `kind id` or the "text" field. */
void vm_define_kind(lua_State *L, const struct val_kind *kind, bool ordered);

/* Error objects: {code, message, fields, where} with tostring = message; message is in `lang` by locale_err. */
void vm_push_err(lua_State *L, const struct err *err, const char *lang);
/* Takes the error value at idx (an error object, a plugin's {code=, message=} or any other value; calls no
 * metamethod). */
void vm_to_err(lua_State *L, int idx, struct err *err);
/* Raises err as Lua error; for faults calls vm_raise_fault. Does not return. */
int vm_raise(lua_State *L, const struct err *err) __attribute__((noreturn));

/* `return vm_wait(L);` from a binding: suspends the coroutine; on resume the binding returns the resumed values. */
int vm_wait(lua_State *L);

#endif
