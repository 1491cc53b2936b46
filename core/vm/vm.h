/* A sandboxed Lua state: one plugin version on one thread.
 *
 * The environment is built from an allow-list; memory and CPU time are limited; after loading, nothing outside a
 * call's own locals is writable (vm_freeze). Lua code runs as plain calls (hooks, handlers, reports) or as
 * coroutines that may wait for the host (flows, loop jobs). Values cross the border as struct val, errors as struct
 * err; nobody above this folder but *_lua.c files sees lua.h (vm_lua.h).
 *
 * Owned by one thread. All functions on that thread, but vm_stop. */
#ifndef KHUNG_VM_H
#define KHUNG_VM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"

struct vm;
struct vm_co;

struct vm_options {
    const char *name;   /* the plugin's, for messages */
    size_t memory_soft; /* bytes; 0: 32 MiB. Past it the running call is stopped */
    size_t memory_hard; /* 0: soft + a quarter. Past it allocation fails */
    void *owner;        /* vm_owner() */
    int patience;       /* khung test: time limits are so many times as long; 0: as they are */
};

int vm_new(const struct vm_options *o, struct vm **out, struct err *err);
void vm_free(struct vm *vm);
void *vm_owner(struct vm *vm);
size_t vm_memory(struct vm *vm);

/* The text of a module, by its full name ("awards.rules"); NULL: there is none. Text stays valid during the call.
 * *chunk is its name in messages ("awards/rules.lua"). Serves `require`. */
typedef const char *(*vm_source_fn)(void *ctx, const char *module, size_t *len, const char **chunk);
void vm_set_source(struct vm *vm, vm_source_fn fn, void *ctx);

/* Runs a chunk (text only) once in the environment. Errors: ERR_PLUGIN "lua.syntax" / "lua.error", with where. */
int vm_run_chunk(struct vm *vm, const char *chunk, const char *text, size_t len, struct err *err);
/* A function of a text that is run in the environment, also after vm_freeze: first read as an expression whose value
 * is returned, then as a block. ERR_PLUGIN "lua.syntax". Kept: vm_unref. */
int vm_compile(struct vm *vm, const char *chunk, const char *text, int *ref, struct err *err);
/* Runs a chunk in an EMPTY environment and takes the value that it returns: manifests, locale files. Needs no vm. */
int vm_read_data(const char *chunk, const char *text, size_t len, struct arena *a, struct val *out, struct err *err);
/* Makes globals, modules and everything that kept functions can reach read only, and refuses functions that assign
 * an upvalue that outlives the call: ERR_PLUGIN "lua.upvalue" {name} with where = the assignment's line. `refs` are
 * functions kept by the host (registered handlers); globals and modules are walked in any case. */
int vm_freeze(struct vm *vm, const int *refs, size_t nrefs, struct err *err);

/* Inside a run: pairs and next go in a stable order, math.random is seeded by the run. */
void vm_set_stable(struct vm *vm, bool on, uint64_t seed);
/* The same for one piece of a run; runs may be nested, end puts back what was before. */
struct vm_stable {
    bool on;
    uint64_t random[4];
};
void vm_stable_begin(struct vm *vm, uint64_t seed, struct vm_stable *was);
void vm_stable_end(struct vm *vm, const struct vm_stable *was);

/* Tests: `fn` is told of every line that runs from here on, "publish.lua" and its number. A standing hook: slow. Before
 * any call; `lines` must outlive the state. */
struct vm_lines {
    void (*fn)(void *ctx, const char *chunk, int line);
    void *ctx;
};
void vm_watch_lines(struct vm *vm, const struct vm_lines *lines);
/* The lines of a text that hold code: is_code[line] for lines below n. ERR_PLUGIN "lua.syntax". */
int vm_code_lines(const char *chunk, const char *text, size_t len, bool *is_code, size_t n, struct err *err);

/* Time limit for what runs between begin and end: CPU time of this thread. Past it, the Lua code gets an error that
 * no pcall catches, and the call returns ERR_LIMIT "limit.time" {ms}. vm_stop does the same from any thread
 * (ERR_STOPPED). What is called after that, until end, is refused in the same way. Nested begins keep the outer limit.
 * ms 0: no limit. */
void vm_limit_begin(struct vm *vm, int64_t cpu_ms);
void vm_limit_end(struct vm *vm);
void vm_stop(struct vm *vm);
/* Is this error a stop for time or memory? Whoever ran the code ends as well: it is no answer to go on with. */
bool vm_is_stop(const struct err *err);
/* A fault of the host in a binding: from here on every pcall passes it on until the outermost call returns `code`. */
void vm_raise_fault(struct vm *vm, const struct err *err);

/* When this thread has nothing better to do: half a millisecond of collecting what calls have left behind in its
 * states. True: there is more of it. */
bool vm_tidy(void);
/* The thread ends before its states do. */
void vm_tidy_end(void);

/* Calls a kept function (vm_ref in vm_lua.h). Cannot wait: a wait inside gives ERR_REFUSED "wait.impossible". Whatever
 * ends it, stop or uncaught error, nothing more of the plugin runs then: no handler and no __close. `out` may
 * be NULL. Values are copied into the arena. */
int vm_call(struct vm *vm, int ref, const struct val *args, size_t nargs, struct arena *a, struct val *out,
            struct err *err);

/* Coroutines. A wait (vm_wait in vm_lua.h) suspends the whole coroutine, plugin coroutines inside it included. */
int vm_co_new(struct vm *vm, int ref, struct vm_co **out, struct err *err);
void vm_co_free(struct vm_co *co);              /* at any point; runs no Lua code */
enum vm_status { VM_DONE = 0, VM_WAITING = 1 }; /* or a negative ERR_* with err set */
/* First: starts with args. Later: gives the wait's results (or raises `failed` at the wait, if not NULL).
 * VM_DONE: `out` has the returned value. */
int vm_co_resume(struct vm_co *co, const struct val *args, size_t nargs, const struct err *failed, struct arena *a,
                 struct val *out, struct err *err);
/* Which coroutine runs now (the outermost vm_co), or NULL. */
struct vm_co *vm_co_running(struct vm *vm);
/* Is a wait possible where the code stands now? (inside a vm_co, no C call or metamethod between) */
bool vm_can_wait(struct vm *vm);
/* Where the calling Lua code stands: "publish.lua:12" into `where`, for the innermost Lua function. */
void vm_where(struct vm *vm, char *where, size_t cap);

/* Gives back a kept function. */
void vm_unref(struct vm *vm, int ref);

#endif
