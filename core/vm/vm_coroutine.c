/* Coroutines of plugins: a wait of the host inside one suspends the whole vm_co and comes back to the same place.
 *
 * Our resume sees that the yield under way is the host's (vm->waiting), yields outward itself, and on resume hands
 * what came to the inner coroutine. */
#include <string.h>

#include "vm/vm_internal.h"

/* --- the host's waits --- */

/* A wait that failed raises its error where the code waits. */
static void check_outcome(lua_State *L)
{
    struct vm *vm = vm_of(L);
    vm_check_stop(L);
    if (!vm->co || !vm->co->failed) return;
    struct err err = *vm->co->failed;
    vm->co->failed = NULL;
    if (!err.where[0]) vm_where(vm, err.where, sizeof(err.where));
    vm_push_err(L, &err, "en");
    lua_error(L);
}

static int after_wait(lua_State *L, int status, lua_KContext base)
{
    (void)status;
    check_outcome(L);
    return lua_gettop(L) - (int)base;
}

static void begin_wait(lua_State *L)
{
    struct vm *vm = vm_of(L);
    struct err err;
    lua_Debug ar = {0};
    if (vm_can_wait(vm)) {
        vm->waiting = true;
        return;
    }
    if (lua_getstack(L, 0, &ar)) lua_getinfo(L, "n", &ar);
    err_set(&err, ERR_REFUSED, "wait.impossible", "function", ar.name ? ar.name : "?", NULL);
    vm_where(vm, err.where, sizeof(err.where));
    vm_push_err(L, &err, "en");
    lua_error(L);
}

int vm_wait(lua_State *L)
{
    begin_wait(L);
    return lua_yieldk(L, 0, lua_gettop(L), after_wait);
}

void vm_set_hosted(lua_State *co, bool on)
{
    uintptr_t p;
    memcpy(&p, lua_getextraspace(co), sizeof(p));
    p = on ? p | VM_HOSTED : p & ~(uintptr_t)VM_HOSTED;
    memcpy(lua_getextraspace(co), &p, sizeof(p));
}

static bool is_hosted(lua_State *co)
{
    uintptr_t p;
    memcpy(&p, lua_getextraspace(co), sizeof(p));
    return p & VM_HOSTED;
}

/* --- coroutine.* --- */

static lua_State *get_co(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static int resume_more(lua_State *L, lua_State *co, int nargs, bool wrap);

/* The host's answer: what stands above `base` goes to the inner coroutine. */
static int after_inner_wait(lua_State *L, int status, lua_KContext ctx)
{
    int base = (int)(ctx >> 1);
    lua_State *co = lua_tothread(L, ctx & 1 ? lua_upvalueindex(1) : 1);
    int n = lua_gettop(L) - base;
    (void)status;
    vm_set_hosted(co, false);
    if (!lua_checkstack(co, n + 1)) return luaL_error(L, "too many results");
    lua_xmove(L, co, n);
    return resume_more(L, co, n, ctx & 1);
}

static int fail_inner(lua_State *L, lua_State *co, bool wrap)
{
    lua_xmove(co, L, 1);
    if (wrap) return lua_error(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int resume_more(lua_State *L, lua_State *co, int nargs, bool wrap)
{
    struct vm *vm = vm_of(L);
    struct vm_resuming here = {L, vm->resuming};
    int nresults;
    vm_check_stop(L);
    vm->resuming = &here;
    vm->running = co;
    int status = lua_resume(co, L, nargs, &nresults);
    vm->running = L;
    vm->resuming = here.outer;
    vm_check_stop(L);
    if (status == LUA_YIELD && vm->waiting) {
        lua_pop(co, nresults);
        vm_set_hosted(co, true);
        return lua_yieldk(L, 0, ((lua_KContext)lua_gettop(L) << 1) | wrap, after_inner_wait);
    }
    if (status != LUA_OK && status != LUA_YIELD) return fail_inner(L, co, wrap);
    if (!lua_checkstack(L, nresults + 1)) return luaL_error(L, "too many results");
    if (!wrap) lua_pushboolean(L, 1);
    lua_xmove(co, L, nresults);
    return nresults + !wrap;
}

/* Can it be resumed? Says why not. */
static const char *refusal(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (co == L) return "cannot resume non-suspended coroutine";
    int status = lua_status(co);
    if (status == LUA_YIELD) return is_hosted(co) ? "cannot resume a coroutine that waits for the host" : NULL;
    if (status != LUA_OK || (lua_getstack(co, 0, &ar) == 0 && lua_gettop(co) == 0))
        return "cannot resume dead coroutine";
    return lua_getstack(co, 0, &ar) ? "cannot resume non-suspended coroutine" : NULL;
}

static int resume(lua_State *L)
{
    lua_State *co = get_co(L);
    int n = lua_gettop(L) - 1;
    const char *no = refusal(L, co);
    if (no) {
        lua_pushboolean(L, 0);
        lua_pushstring(L, no);
        return 2;
    }
    if (!lua_checkstack(co, n + 1)) return luaL_error(L, "too many arguments");
    lua_xmove(L, co, n);
    return resume_more(L, co, n, false);
}

static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = lua_gettop(L);
    const char *no = refusal(L, co);
    if (no) return luaL_error(L, "%s", no);
    if (!lua_checkstack(co, n + 1)) return luaL_error(L, "too many arguments");
    lua_xmove(L, co, n);
    return resume_more(L, co, n, true);
}

static int create(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int wrap(lua_State *L)
{
    create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

static int yield(lua_State *L)
{
    struct vm *vm = vm_of(L);
    if (L == vm->L || L == vm->base) return luaL_error(L, "attempt to yield from outside a coroutine");
    vm->waiting = false;
    return lua_yield(L, lua_gettop(L));
}

static int status_of(lua_State *L)
{
    lua_State *co = get_co(L);
    lua_Debug ar;
    const char *status = "suspended";
    if (co == L)
        status = "running";
    else if (lua_status(co) == LUA_OK)
        status = lua_getstack(co, 0, &ar) ? "normal" : lua_gettop(co) == 0 ? "dead" : "suspended";
    else if (lua_status(co) != LUA_YIELD)
        status = "dead";
    lua_pushstring(L, status);
    return 1;
}

static int running(lua_State *L)
{
    struct vm *vm = vm_of(L);
    lua_pushthread(L);
    lua_pushboolean(L, L == vm->L || L == vm->base);
    return 2;
}

static int is_yieldable(lua_State *L)
{
    struct vm *vm = vm_of(L);
    lua_pushboolean(L, lua_isyieldable(L) && L != vm->base);
    return 1;
}

void vm_open_coroutine(lua_State *L)
{
    static const luaL_Reg functions[] = {{"create", create},
                                         {"resume", resume},
                                         {"wrap", wrap},
                                         {"yield", yield},
                                         {"status", status_of},
                                         {"running", running},
                                         {"isyieldable", is_yieldable},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_setglobal(L, "coroutine");
}
