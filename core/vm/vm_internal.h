/* Inside vm/: one Lua state and what it keeps track of. */
#ifndef KHUNG_VM_INTERNAL_H
#define KHUNG_VM_INTERNAL_H

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include "vm/vm.h"
#include "vm/vm_lua.h"

enum { VM_BLOCK_MAX = 16 << 20, VM_MEMORY_SOFT = 32 << 20, VM_ENTRIES_MAX = 10 };
/* Bytes of a text: Lua compares, hashes and reads one in one go. Its block has a head, too. */
enum { VM_TEXT_MAX = 4 << 20, VM_TEXT_HEAD = 64 };
enum { VM_LARGE_BLOCK = 1 << 20 }; /* takes time to be filled and copied */
enum { VM_LARGE = 4 << 20 };       /* a state from here on collects step by step */
enum { VM_RETURN_FROM = 8 << 20 }; /* so much freed goes back to the system at once */
enum { VM_VALUES_MAX = 16384 };    /* values that a function gives at once: others take them as arguments, in one go */

/* A plugin coroutine that is being resumed: who resumed it. */
struct vm_resuming {
    lua_State *from;
    struct vm_resuming *outer;
};

/* One call into a state, on the C stack. The entries of a thread are a chain, over all states: a hook of one plugin
 * runs inside a call of another. */
struct vm_entry {
    struct vm *vm;
    lua_State *outer, *outer_base; /* what ran in this state before */
    struct vm_entry *below;
    int depth;
};

/* A coroutine, kept by a reference. */
struct vm_thread {
    lua_State *L;
    int ref;
};

struct vm_co {
    struct vm *vm;
    struct vm_thread thread;
    bool ended;               /* returned, failed or stopped */
    const struct err *failed; /* to be raised where it waits; during a resume */
};

struct vm {
    lua_State *L;
    char name[64];
    void *owner;
    size_t used, soft, hard;
    size_t deep;    /* bytes of a stack, from VM_LARGE_BLOCK on; else 0 */
    size_t look_at; /* used: from here on a hook looks what is to be done */
    size_t tidied;  /* used after it was tidied the last time; 0: a call has failed since */
    bool tidying;   /* a cycle of the collector is under way */
    size_t untidy;  /* used when it began */
    struct vm *tidy_next, **tidy_at;
    size_t refused; /* the size that was refused last, or 0 */
    bool refused_by_host, collecting;
    lua_State *volatile running;
    lua_State *base;        /* the coroutine of the innermost entry: a yield cannot leave it */
    struct vm_thread spare; /* for the next call, or NULL */
    struct vm_resuming *resuming;
    struct vm_co *co;
    bool waiting;               /* the yield that is under way is the host's */
    volatile sig_atomic_t stop; /* 0, or why: STOP_* */
    atomic_bool asked;          /* vm_stop, by any thread */
    atomic_int tid;             /* the thread that runs it */
    int entries;                /* nested vm_call and vm_co_resume */
    int limits, patience;
    int64_t limit_ms;
    int64_t read_ms; /* how long a text may be parsed; 0: the usual time */
    bool stable;
    uint64_t random[4];
    vm_source_fn source;
    void *source_ctx;
    bool frozen;
    const struct vm_lines *lines; /* who is told of each line, or NULL */
};

/* A mark in a thread's pointer to its vm: only the host resumes it (a vm_co, or what waits for the host inside one). */
enum { VM_HOSTED = 1 };
void vm_set_hosted(lua_State *co, bool on);

/* vm_compile.c: pushes the function of a text, or raises "lua.syntax", or "limit.time". */
void vm_load_text(lua_State *L, const char *chunk, const char *text, size_t len);

enum { STOP_TIME = 1, STOP_MEMORY, STOP_HOST, STOP_FAULT };

/* vm_memory.c */
void *vm_allocate(void *ud, void *ptr, size_t old, size_t size);
/* Before one large block, which takes time to be filled and copied: ends what has not so much time left. And garbage
 * must not stand in its way. */
void vm_make_room(lua_State *L, size_t size);
void vm_look(struct vm *vm); /* at a safe point: collects, sets the stop if too much is left */
/* The collector works in small steps, or by generations. */
void vm_set_gradual(struct vm *vm, bool on);

/* vm_tidy.c */
void vm_tidy_later(struct vm *vm);
void vm_tidy_forget(struct vm *vm);

/* vm_weak.c: a state without weak tables; NULL without memory. */
lua_State *vm_new_state(struct vm *vm);

/* vm_limit.c */
void vm_open_limit(void); /* once before the first vm_stop; installs the signal's handler */
/* Before and after Lua code runs. Fails, with nothing to leave, when the state is to stop or calls nest too deeply. */
int vm_enter(struct vm *vm, lua_State *L, struct vm_entry *e, struct err *err);
void vm_leave(struct vm_entry *e);
void vm_hook(struct vm *vm);              /* signal-safe: the running coroutine looks at the next safe point */
void vm_stop_now(struct vm *vm, int why); /* signal-safe */
/* vm_lines.c: the hook that a coroutine has when nothing is to end it. */
void vm_hook_idle(lua_State *L);
int vm_take_stop(struct vm *vm, struct err *err); /* fills err; clears the stop at the outermost exit */
void vm_afford(lua_State *L, int64_t ns);         /* stops at once what has not so much time left */
void vm_raise_stop(lua_State *L);                 /* does not return */
void vm_reserve(void);                            /* `deep` has changed: so has the moment of the stop */
bool vm_limit_is_over(void);                      /* what runs on this thread has no time left */
/* Raises if stopped. Costs a look at a flag: for each turn of a loop. */
static inline void vm_check_stop(lua_State *L)
{
    uintptr_t vm;
    memcpy(&vm, lua_getextraspace(L), sizeof(vm));
    if (((struct vm *)(vm & ~(uintptr_t)VM_HOSTED))->stop) vm_raise_stop(L);
}

/* vm_env.c, vm_lib.c, vm_protect.c, vm_coroutine.c, vm_iterate.c */
void vm_open_env(lua_State *L);
void vm_open_lib(lua_State *L);
void vm_open_protect(lua_State *L);
void vm_open_coroutine(lua_State *L);
void vm_open_iterate(lua_State *L);

/* vm_lib.c opens these: vm_lib_text.c, vm_lib_pattern.c …, vm_random.c, vm_require.c */
void vm_open_text(lua_State *L);
void vm_open_pattern(lua_State *L);
void vm_open_format(lua_State *L);
void vm_open_utf8(lua_State *L);
void vm_open_table(lua_State *L);
void vm_open_random(lua_State *L);
void vm_open_require(lua_State *L);
/* Puts `fn` in the place of a stock function, which becomes its upvalue. */
void vm_wrap_stock(lua_State *L, const char *lib, const char *name, lua_CFunction fn);
/* vm_lib_text.c: adds to a result, which stays below what one block may have; looks at the stop. */
void vm_add_text(luaL_Buffer *b, const char *s, size_t len);
int vm_to_string(lua_State *L); /* tostring, without addresses */
void vm_seed(struct vm *vm, uint64_t seed);

/* The table on the top becomes a function for `for … in`, which does not give the table away. */
void vm_push_hidden_pairs(lua_State *L);

/* vm_freeze.c */
void vm_push_class(lua_State *L); /* a shadow on the top becomes the table that it belongs to */
int vm_read_only(lua_State *L);
void vm_push_modules(lua_State *L); /* the table of loaded modules (vm_require.c) */

/* vm_bytecode.c: does this closure (on the top) assign an upvalue of its own? 1 yes: name and line. Or ERR_*. */
int vm_find_assignment(lua_State *L, char *name, size_t cap, int *line);
/* Marks the lines that the function on the top, and those inside it, have code on. 0 or ERR_*. */
int vm_mark_lines(lua_State *L, bool *is_code, size_t n);

/* vm_object.c */
bool vm_is_object(lua_State *L, int idx);
int vm_object_compare(lua_State *L, int a, int b);
void vm_push_object(lua_State *L, const struct val *v);
int vm_take_object(lua_State *L, int idx, struct arena *a, struct val *out);

/* vm_error.c */
int vm_message_handler(lua_State *L);
void vm_trace(lua_State *L, int level, struct err *err); /* the calls from this level on, into the traceback */
void vm_open_errors(lua_State *L);

#endif
