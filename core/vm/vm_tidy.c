/* Garbage of calls that have ended. The collector of Lua works while Lua allocates: a state that is not called again
 * would keep what an attack left in it for ever, up to its soft limit. So a thread that is idle collects, in small
 * steps.
 *
 * Small states run with the generational collector, whose full collection is one piece. Here it is exchanged for the
 * incremental one until its cycle has ended. */
#include "base/clock.h"
#include "base/mem.h"
#include "vm/vm_internal.h"

enum { TIDY_FROM = 512 << 10, STEP_NS = 500000 };

static _Thread_local struct vm *untidy;
static _Thread_local size_t freed; /* since pages were given back */

/* At the end of a call: a few comparisons. */
void vm_tidy_later(struct vm *vm)
{
    if (vm->tidy_at || vm->used < TIDY_FROM || vm->used < 2 * vm->tidied) return;
    vm->tidy_at = &untidy;
    vm->tidy_next = untidy;
    if (untidy) untidy->tidy_at = &vm->tidy_next;
    untidy = vm;
}

void vm_tidy_forget(struct vm *vm)
{
    if (!vm->tidy_at) return;
    *vm->tidy_at = vm->tidy_next;
    if (vm->tidy_next) vm->tidy_next->tidy_at = vm->tidy_at;
    vm->tidy_at = NULL;
    vm->tidy_next = NULL;
}

void vm_tidy_end(void)
{
    while (untidy)
        vm_tidy_forget(untidy);
}

static void finish(struct vm *vm)
{
    if (vm->used < VM_LARGE / 2) vm_set_gradual(vm, false);
    vm->tidying = false;
    vm->tidied = vm->used;
    vm_tidy_forget(vm);
    if (vm->untidy > vm->used) freed += vm->untidy - vm->used;
    if (untidy || freed < VM_RETURN_FROM) return;
    freed = 0;
    mem_return_now();
}

bool vm_tidy(void)
{
    struct vm *vm = untidy;
    int64_t end = clock_mono_ns() + STEP_NS;
    bool done = false;
    if (!vm || vm->entries > 0) return false;
    if (!vm->tidying) {
        vm->untidy = vm->used;
        vm->tidying = true;
        vm_set_gradual(vm, true);
    }
    while (!done && clock_mono_ns() < end)
        done = lua_gc(vm->L, LUA_GCSTEP, 0);
    if (done) finish(vm);
    return untidy != NULL;
}
