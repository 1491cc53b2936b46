/* A Lua state: made with the allow-list environment, an accounting allocator, and entries that always come back. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "vm/vm_internal.h"

static int open_all(lua_State *L)
{
    vm_open_env(L);
    vm_open_lib(L);
    vm_open_protect(L);
    vm_open_coroutine(L);
    vm_open_iterate(L);
    vm_open_errors(L);
    return 0;
}

int vm_new(const struct vm_options *o, struct vm **out, struct err *err)
{
    struct vm *vm = mem_alloc(sizeof(*vm));
    uint64_t seed;
    strncat(vm->name, o->name, sizeof(vm->name) - 1);
    vm->owner = o->owner;
    vm->patience = o->patience ? o->patience : 1;
    vm->spare.ref = LUA_NOREF;
    vm->soft = o->memory_soft ? o->memory_soft : VM_MEMORY_SOFT;
    vm->hard = o->memory_hard ? o->memory_hard : vm->soft + vm->soft / 4;
    digest_random(&seed, sizeof(seed));
    vm_seed(vm, seed);
    vm_open_limit();
    vm->L = vm_new_state(vm);
    if (!vm->L) goto memory;
    memcpy(lua_getextraspace(vm->L), &vm, sizeof(struct vm *));
    lua_pushcfunction(vm->L, open_all);
    if (lua_pcall(vm->L, 0, 0, 0) != LUA_OK) goto memory;
    vm_set_gradual(vm, false);
    *out = vm;
    return 0;
memory:
    vm_free(vm);
    return err_set(err, ERR_NOMEM, "memory", NULL);
}

void vm_free(struct vm *vm)
{
    if (!vm) return;
    bool large = vm->used > VM_RETURN_FROM;
    vm_tidy_forget(vm);
    if (vm->L) lua_close(vm->L);
    mem_free(vm);
    if (large) mem_return_now();
}

void *vm_owner(struct vm *vm)
{
    return vm->owner;
}

size_t vm_memory(struct vm *vm)
{
    return vm->used;
}

lua_State *vm_main(struct vm *vm)
{
    return vm->L;
}

lua_State *vm_running(struct vm *vm)
{
    return vm->running ? vm->running : vm->L;
}

struct vm *vm_of(lua_State *L)
{
    struct vm *vm;
    memcpy(&vm, lua_getextraspace(L), sizeof(vm));
    return (struct vm *)((uintptr_t)vm & ~(uintptr_t)VM_HOSTED);
}

void vm_set_source(struct vm *vm, vm_source_fn fn, void *ctx)
{
    vm->source = fn;
    vm->source_ctx = ctx;
}

int vm_ref(lua_State *L, int idx)
{
    lua_pushvalue(L, idx);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void vm_push_ref(lua_State *L, int ref)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
}

void vm_unref(struct vm *vm, int ref)
{
    luaL_unref(vm->L, LUA_REGISTRYINDEX, ref);
}

void vm_set_global(lua_State *L, const char *name)
{
    lua_pushglobaltable(L);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

/* The error value on the top of L becomes an error; popped. */
static int take_error(struct vm *vm, lua_State *L, int status, struct err *err)
{
    err_clear(err);
    if (status == LUA_ERRMEM)
        err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
    else
        vm_to_err(L, -1, err);
    lua_pop(L, 1);
    return err->code;
}

/* Turns the outcome of a protected call into a code. */
static int finish(struct vm *vm, lua_State *L, int status, struct err *err)
{
    int rc = status == LUA_OK ? 0 : take_error(vm, L, status, err);
    return vm->stop ? vm_take_stop(vm, err) : rc;
}

/* An error or a stop leaves the stack of its coroutine as it was: where, and how it came there. */
static void add_traceback(struct vm *vm, lua_State *co, struct err *err)
{
    if (!err->where[0]) vm_where(vm, err->where, sizeof(err->where));
    if (!err->traceback[0]) vm_trace(co, 0, err);
}

/* Why a coroutine ended before its time. It is released before the garbage of a stop is collected. */
static int fail(struct vm *vm, lua_State *co, int status, int *ref, struct err *err)
{
    struct err at;
    int rc = 0;
    err_clear(&at);
    if (status != LUA_OK && status != LUA_YIELD) rc = take_error(vm, co, status, &at);
    add_traceback(vm, co, &at);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, *ref);
    *ref = LUA_NOREF;
    vm->tidied = 0; /* what it held may be much */
    if (!vm->stop) {
        *err = at;
        return rc;
    }
    rc = vm_take_stop(vm, err);
    memcpy(err->where, at.where, sizeof(at.where));
    memcpy(err->traceback, at.traceback, sizeof(at.traceback));
    return rc;
}

/* The value that a call returns. A large one is made of little code: the stop may come while it is copied. */
static int give(struct vm *vm, lua_State *L, int idx, struct arena *a, struct val *out, struct err *err)
{
    int rc = vm_to_val(L, idx, a, out, err);
    return rc && vm->stop ? vm_take_stop(vm, err) : rc;
}

struct calling {
    int ref;
    const struct val *args;
    size_t nargs;
    struct vm_thread *to;
};

/* Values are made on the main thread, where an error is caught, then moved over. */
static int push_protected(lua_State *L)
{
    struct calling *c = lua_touserdata(L, 1);
    luaL_checkstack(L, (int)c->nargs + 4, NULL);
    if (!c->to->L) {
        c->to->L = lua_newthread(L);
        c->to->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    int first = lua_gettop(L);
    if (c->ref) vm_push_ref(L, c->ref);
    for (size_t i = 0; i < c->nargs; i++)
        vm_push_val(L, &c->args[i]);
    luaL_checkstack(c->to->L, (int)c->nargs + 4, NULL);
    lua_xmove(L, c->to->L, lua_gettop(L) - first);
    return 0;
}

static int push_call(struct vm *vm, struct calling *c, struct err *err)
{
    lua_State *L = vm->L;
    if (!c->ref && c->nargs == 0) return 0;
    if (!lua_checkstack(L, 8)) return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
    lua_pushcfunction(L, push_protected);
    lua_pushlightuserdata(L, c);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK) return 0;
    lua_pop(L, 1);
    return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
}

/* Runs in a coroutine too, though it cannot wait, so that a stop ends it at once (vm_limit.c). One that has returned
 * serves the next call. */
int vm_call(struct vm *vm, int ref, const struct val *args, size_t nargs, struct arena *a, struct val *out,
            struct err *err)
{
    struct vm_thread t = vm->spare;
    struct calling c = {ref, args, nargs, &t};
    struct vm_entry entry;
    struct vm_co *co = vm->co;
    struct vm_resuming *resuming = vm->resuming;
    uint64_t random[4];
    int nresults = 0;
    vm->spare = (struct vm_thread){NULL, LUA_NOREF};
    int rc = push_call(vm, &c, err);
    if (rc == 0) rc = vm_enter(vm, t.L, &entry, err);
    if (rc) {
        luaL_unref(vm->L, LUA_REGISTRYINDEX, t.ref);
        return rc;
    }
    memcpy(random, vm->random, sizeof(random));
    vm->co = NULL; /* nothing can wait in here */
    vm->resuming = NULL;
    int status = lua_resume(t.L, entry.outer, (int)nargs, &nresults);
    if (status != LUA_OK || vm->stop) {
        rc = fail(vm, t.L, status, &t.ref, err);
    } else {
        if (out) *out = val_nil();
        if (out && nresults) rc = give(vm, t.L, -nresults, a, out, err);
        lua_settop(t.L, 0);
        if (vm->spare.L)
            luaL_unref(vm->L, LUA_REGISTRYINDEX, t.ref);
        else
            vm->spare = t;
    }
    vm_leave(&entry);
    vm->co = co;
    vm->resuming = resuming;
    /* A replay does not call the hooks of a run's steps: what they draw must not be missing there. */
    if (vm->stable) memcpy(vm->random, random, sizeof(random));
    return rc;
}

struct loading {
    const char *chunk, *text;
    size_t len;
};

static int load_protected(lua_State *L)
{
    struct loading *l = lua_touserdata(L, 1);
    vm_load_text(L, l->chunk, l->text, l->len);
    lua_call(L, 0, 0);
    return 0;
}

int vm_run_chunk(struct vm *vm, const char *chunk, const char *text, size_t len, struct err *err)
{
    lua_State *L = vm->L;
    struct loading l = {chunk, text, len};
    struct vm_entry entry;
    int top = lua_gettop(L);
    int rc = vm_enter(vm, L, &entry, err);
    if (rc) return rc;
    lua_pushcfunction(L, vm_message_handler);
    lua_pushcfunction(L, load_protected);
    lua_pushlightuserdata(L, &l);
    rc = finish(vm, L, lua_pcall(L, 1, 0, top + 1), err);
    vm_leave(&entry);
    lua_settop(L, top);
    return rc;
}

/* --- coroutines --- */

static int new_thread(lua_State *L)
{
    struct vm_co *co = lua_touserdata(L, 1);
    co->thread.L = lua_newthread(L);
    co->thread.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int vm_co_new(struct vm *vm, int ref, struct vm_co **out, struct err *err)
{
    struct vm_co *co = mem_alloc(sizeof(*co));
    co->vm = vm;
    lua_pushcfunction(vm->L, new_thread);
    lua_pushlightuserdata(vm->L, co);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
        lua_pop(vm->L, 1);
        mem_free(co);
        return err_set(err, ERR_LIMIT, "limit.memory", "plugin", vm->name, NULL);
    }
    vm_set_hosted(co->thread.L, true); /* nobody but vm_co_resume resumes it */
    vm_push_ref(co->thread.L, ref);
    *out = co;
    return 0;
}

void vm_co_free(struct vm_co *co)
{
    if (!co) return;
    struct vm *vm = co->vm;
    /* The thread is collected with all that it holds; nothing of it runs (no __close, no __gc of plugins). */
    luaL_unref(vm->L, LUA_REGISTRYINDEX, co->thread.ref);
    mem_free(co);
}

int vm_co_resume(struct vm_co *co, const struct val *args, size_t nargs, const struct err *failed, struct arena *a,
                 struct val *out, struct err *err)
{
    struct vm *vm = co->vm;
    struct vm_thread *t = &co->thread;
    struct calling c = {0, args, nargs, t};
    struct vm_co *outer_co = vm->co;
    struct vm_resuming *resuming = vm->resuming;
    struct vm_entry entry;
    int nresults = 0;
    if (co->ended) return err_set(err, ERR_STOPPED, "limit.stopped", "plugin", vm->name, NULL);
    int rc = push_call(vm, &c, err);
    if (rc == 0) rc = vm_enter(vm, t->L, &entry, err);
    if (rc) return rc;
    vm->co = co;
    vm->resuming = NULL;
    vm->waiting = false;
    co->failed = failed;
    int status = lua_resume(t->L, entry.outer, (int)nargs, &nresults);
    co->failed = NULL;
    co->ended = status != LUA_YIELD || vm->stop;
    if (!co->ended) {
        lua_pop(t->L, nresults);
        rc = VM_WAITING;
    } else if (status != LUA_OK || vm->stop) {
        rc = fail(vm, t->L, status, &t->ref, err);
    } else {
        if (out) *out = val_nil();
        if (out && nresults) rc = give(vm, t->L, -nresults, a, out, err);
    }
    vm_leave(&entry);
    vm->co = outer_co;
    vm->resuming = resuming;
    return rc;
}

struct vm_co *vm_co_running(struct vm *vm)
{
    return vm->co;
}

bool vm_can_wait(struct vm *vm)
{
    if (!vm->co || !lua_isyieldable(vm->running)) return false;
    for (struct vm_resuming *r = vm->resuming; r; r = r->outer)
        if (!lua_isyieldable(r->from)) return false;
    return true;
}

void vm_where(struct vm *vm, char *where, size_t cap)
{
    lua_State *L = vm_running(vm);
    lua_Debug ar;
    where[0] = '\0';
    for (int level = 0; level < 8 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0) continue;
        size_t n = strlen(ar.short_src);
        if (n + 12 >= cap) n = cap > 12 ? cap - 12 : 0;
        memcpy(where, ar.short_src, n);
        where[n] = ':';
        char digits[12];
        int at = 0;
        for (int line = ar.currentline; line; line /= 10)
            digits[at++] = (char)('0' + line % 10);
        while (at)
            where[++n] = digits[--at];
        where[n + 1] = '\0';
        return;
    }
}
