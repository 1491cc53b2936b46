/* Inside vm/: one Lua state and what it keeps track of. */
#ifndef KHUNG_VM_INTERNAL_H
#define KHUNG_VM_INTERNAL_H

#include <signal.h>
#include <stdatomic.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include "vm/vm.h"
#include "vm/vm_lua.h"

enum { VM_BLOCK_MAX = 16 << 20, VM_MEMORY_SOFT = 32 << 20, VM_LENGTH_MAX = 10000000 };

/* A plugin coroutine that is being resumed: who resumed it. */
struct vm_resuming {
    lua_State *from;
    struct vm_resuming *outer;
};

struct vm_co {
    struct vm *vm;
    lua_State *L;
    int ref; /* keeps the thread */
    void *data;
    bool started;
    const struct err *failed; /* to be raised where it waits; during a resume */
};

struct vm {
    lua_State *L;
    char name[64];
    void *owner;
    size_t used, soft, hard;
    lua_State *volatile running;
    struct vm_resuming *resuming;
    struct vm_co *co;
    bool waiting;               /* the yield that is under way is the host's */
    volatile sig_atomic_t stop; /* 0, or why: STOP_* */
    struct err fault;           /* STOP_FAULT */
    lua_State *volatile hooked;
    int entries; /* nested vm_call and vm_co_resume */
    int limits;
    int64_t limit_ms;
    bool stable;
    uint64_t random[4];
    vm_source_fn source;
    void *source_ctx;
    bool frozen;
};

enum { STOP_TIME = 1, STOP_MEMORY, STOP_HOST, STOP_FAULT };

/* vm_limit.c */
void vm_stop_now(struct vm *vm, int why);         /* signal-safe */
void vm_check_stop(lua_State *L);                 /* raises if stopped */
int vm_take_stop(struct vm *vm, struct err *err); /* at the outermost exit: clears it, fills err */

/* vm_env.c, vm_lib.c, vm_protect.c, vm_coroutine.c, vm_iterate.c */
void vm_open_env(lua_State *L);
void vm_open_lib(lua_State *L);
void vm_open_protect(lua_State *L);
void vm_open_coroutine(lua_State *L);
void vm_open_iterate(lua_State *L);
void vm_seed(struct vm *vm, uint64_t seed);

/* vm_freeze.c: pushes the contents of a frozen table and returns true, or pushes nothing. */
bool vm_push_shadow(lua_State *L, int idx);
void vm_push_class(lua_State *L); /* a shadow on the top becomes the table that it belongs to */
int vm_read_only(lua_State *L);
void vm_push_modules(lua_State *L); /* the table of loaded modules (vm_lib.c) */

/* vm_bytecode.c: does this closure (on the top) assign an upvalue of its own? 1 yes: name and line. */
int vm_find_assignment(lua_State *L, char *name, size_t cap, int *line);

/* vm_object.c */
void vm_push_object(lua_State *L, const struct val *v);
int vm_take_object(lua_State *L, int idx, struct arena *a, struct val *out);

/* vm_error.c */
int vm_message_handler(lua_State *L);
void vm_open_errors(lua_State *L);

#endif
