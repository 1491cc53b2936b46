/* The allocator of a state: counts, and refuses.
 *
 * Past the soft limit a hook collects the garbage at the next safe point, and stops the call if that was not enough.
 * Past the hard limit, or for a block that is too large, there is no memory: Lua then collects and asks once more for
 * the same. The buffers of its library do not ask again, so any other request after a refusal means: stop. */
#include "base/mem.h"
#include "vm/vm_internal.h"

void vm_collect(struct vm *vm)
{
    vm->collecting = true;
    lua_gc(vm->running, LUA_GCCOLLECT);
    vm->collecting = false;
    /* So near the limit the next collection would come at once. */
    if (vm->used > vm->soft - vm->soft / 16) vm_stop_now(vm, STOP_MEMORY);
}

void vm_make_room(lua_State *L, size_t size)
{
    struct vm *vm = vm_of(L);
    if (size < VM_BLOCK_MAX / 16) return;
    vm_afford(L, (int64_t)size); /* measured: a nanosecond a byte, mostly for pages of the kernel */
    if (vm->used + size > vm->soft) lua_gc(L, LUA_GCCOLLECT);
}

static void stop(struct vm *vm, bool host)
{
    struct err err;
    if (!vm->running || vm->stop) return;
    if (host) {
        err_set(&err, ERR_NOMEM, "memory", NULL);
        vm_raise_fault(vm, &err);
    } else {
        vm_stop_now(vm, STOP_MEMORY);
    }
}

void *vm_allocate(void *ud, void *ptr, size_t old, size_t size)
{
    struct vm *vm = ud;
    if (!ptr) old = 0; /* then it is a type */
    size_t used = vm->used - old + size;
    if (size <= old) {
        void *smaller = NULL;
        if (size == 0)
            mem_free(ptr);
        else
            smaller = mem_try_realloc(ptr, size);
        vm->used = used;
        return smaller || size == 0 ? smaller : ptr; /* Lua counts on this not to fail */
    }
    if (vm->refused && vm->refused != size) {
        stop(vm, vm->refused_by_host);
        vm->refused = 0;
    }
    bool refused = size > VM_BLOCK_MAX || used > vm->hard;
    void *grown = refused ? NULL : mem_try_realloc(ptr, size);
    if (!grown) {
        if (vm->refused) stop(vm, !refused);
        vm->refused = vm->refused ? 0 : size;
        vm->refused_by_host = !refused;
        return NULL;
    }
    vm->refused = 0;
    vm->used = used;
    if (used > vm->soft && vm->running && !vm->stop && !vm->collecting) vm_hook(vm);
    return grown;
}
