/* The allocator of a state: counts, and refuses.
 *
 * A small state runs with the generational collector, which is quick but collects all in one piece; from VM_LARGE on it
 * goes on with the incremental one, so that no call has to wait for the whole of a large heap behind its time limit.
 *
 * Past the soft limit a hook collects the garbage at the next safe point, and stops the call if that was not enough.
 * Past the hard limit, or for a block that is too large, there is no memory: Lua then collects and asks once more for
 * the same. The buffers of its library do not ask again, so any other request after a refusal means: stop. */
#include "base/mem.h"
#include "vm/vm_internal.h"

/* Work of the incremental collector for each word that is allocated, in per cent: enough to end before memory has
 * doubled, and so little that one large block is not the cause of a whole collection. */
enum { STEP_MULTIPLIER = 25 };

void vm_set_gradual(struct vm *vm, bool on)
{
    if (on)
        lua_gc(vm->L, LUA_GCINC, 0, STEP_MULTIPLIER, 0);
    else
        lua_gc(vm->L, LUA_GCGEN, 0, 0);
    vm->look_at = on || vm->soft < VM_LARGE ? vm->soft : VM_LARGE;
}

/* Step by step, until the stop: what was garbage when a cycle began is gone at its end. */
static void collect(struct vm *vm, size_t enough)
{
    vm->collecting = true;
    for (int cycles = 0; cycles < 2 && !vm->stop && vm->used > enough;)
        cycles += lua_gc(vm_running(vm), LUA_GCSTEP, 0);
    vm->collecting = false;
}

void vm_look(struct vm *vm)
{
    vm_set_gradual(vm, true);
    if (vm->used <= vm->soft) return;
    collect(vm, vm->soft - vm->soft / 4);
    /* So near the limit the next collection would come at once. */
    if (!vm->stop && vm->used > vm->soft - vm->soft / 16) vm_stop_now(vm, STOP_MEMORY);
}

void vm_make_room(lua_State *L, size_t size)
{
    struct vm *vm = vm_of(L);
    if (size < VM_LARGE_BLOCK) return;
    vm_afford(L, (int64_t)size); /* measured: a nanosecond a byte, mostly for pages of the kernel */
    if (vm->used + size <= vm->soft) return;
    vm_set_gradual(vm, true);
    collect(vm, vm->soft > size ? vm->soft - size : 0);
    vm_check_stop(L);
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

/* A stack of Lua 5.4 grows from forty slots to twice as many, and so on to the most that there may be (with some for
 * errors), always into a new block with five slots more. What a block is for is not told here; these sizes tell it. */
static bool is_stack(size_t size)
{
    enum { SLOT = 16, EXTRA = 5, FIRST = 40, MOST = 1000000, FOR_ERRORS = 200 };
    size_t slots = size / SLOT - EXTRA, times = slots / FIRST;
    return size % SLOT == 0 &&
           (slots == MOST || slots == MOST + FOR_ERRORS || (slots % FIRST == 0 && (times & (times - 1)) == 0));
}

static void count(struct vm *vm, size_t old, size_t size)
{
    vm->used = vm->used - old + size;
    if (old < VM_LARGE_BLOCK && size < VM_LARGE_BLOCK) return;
    if (size > old ? is_stack(size) : old == vm->deep) {
        vm->deep = size < VM_LARGE_BLOCK ? 0 : size;
        vm_reserve();
    }
}

void *vm_allocate(void *ud, void *ptr, size_t old, size_t size)
{
    struct vm *vm = ud;
    size_t kind = ptr ? 0 : old; /* of something new */
    if (!ptr) old = 0;
    size_t used = vm->used - old + size;
    if (size <= old) {
        void *smaller = NULL;
        if (size == 0)
            mem_free(ptr);
        else
            smaller = mem_try_realloc(ptr, size);
        count(vm, old, size);
        return smaller || size == 0 ? smaller : ptr; /* Lua counts on this not to fail */
    }
    if (vm->refused && vm->refused != size) {
        stop(vm, vm->refused_by_host);
        vm->refused = 0;
    }
    bool refused = size > VM_BLOCK_MAX || used > vm->hard;
    /* What an operator makes of texts is not refused, since Lua would collect all garbage for it, in one piece. */
    bool is_long = kind == LUA_TSTRING && size > VM_TEXT_MAX + VM_TEXT_HEAD;
    void *grown = refused ? NULL : mem_try_realloc(ptr, size);
    if (!grown) {
        if (vm->refused) stop(vm, !refused);
        vm->refused = vm->refused ? 0 : size;
        vm->refused_by_host = !refused;
        return NULL;
    }
    vm->refused = 0;
    count(vm, old, size);
    if (is_long) stop(vm, false);
    if (used > vm->look_at && vm->running && !vm->stop && !vm->collecting) vm_hook(vm);
    return grown;
}
