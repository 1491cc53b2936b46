/* Data written as Lua (manifests, locale files): run in a state of its own that holds nothing at all.
 *
 * No library is opened, not even the methods of strings: there are tables, arithmetic and loops. A count hook ends what
 * takes too long, so that it needs no timer and works anywhere. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "vm/vm_internal.h"

enum { DATA_MEMORY = 1 << 20, DATA_CPU_MS = 50, DATA_COUNT = 10000 };

struct reading {
    struct vm vm;
    const char *chunk, *text;
    size_t len;
    struct arena *a;
    struct val *out;
    struct err *err;
    int64_t cpu_end_ns;
    bool stopped;
    int rc;
};

static void on_count(lua_State *L, lua_Debug *ar)
{
    struct reading *r = (struct reading *)vm_of(L);
    (void)ar;
    if (clock_thread_cpu_ns() < r->cpu_end_ns) return;
    r->stopped = true;
    lua_pushnil(L);
    lua_error(L);
}

static int read_protected(lua_State *L)
{
    struct reading *r = lua_touserdata(L, 1);
    vm_open_errors(L);
    vm_load_text(L, r->chunk, r->text, r->len);
    lua_newtable(L); /* an empty environment */
    lua_setupvalue(L, -2, 1);
    lua_sethook(L, on_count, LUA_MASKCOUNT, DATA_COUNT);
    lua_call(L, 0, 1);
    lua_sethook(L, NULL, 0, 0);
    r->rc = vm_to_val(L, -1, r->a, r->out, r->err);
    return 0;
}

static int finish(struct reading *r, int status)
{
    struct err_num ms;
    if (status == LUA_OK) return r->rc;
    if (r->stopped)
        return err_set(r->err, ERR_LIMIT, "limit.time", "ms", err_i64(&ms, DATA_CPU_MS), "plugin", r->chunk, NULL);
    if (status == LUA_ERRMEM) return err_set(r->err, ERR_LIMIT, "limit.memory", "plugin", r->chunk, NULL);
    vm_to_err(r->vm.L, -1, r->err);
    return r->err->code;
}

int vm_read_data(const char *chunk, const char *text, size_t len, struct arena *a, struct val *out, struct err *err)
{
    struct reading *r = mem_alloc(sizeof(*r));
    struct vm *vm = &r->vm;
    int rc;
    vm->soft = vm->hard = DATA_MEMORY;
    vm->read_ms = DATA_CPU_MS;
    r->chunk = chunk;
    r->text = text;
    r->len = len;
    r->a = a;
    r->out = out;
    r->err = err;
    r->cpu_end_ns = clock_thread_cpu_ns() + DATA_CPU_MS * 1000000LL;
    vm->L = lua_newstate(vm_allocate, vm);
    if (vm->L) {
        memcpy(lua_getextraspace(vm->L), &vm, sizeof(vm));
        lua_pushcfunction(vm->L, read_protected);
        lua_pushlightuserdata(vm->L, r);
        rc = finish(r, lua_pcall(vm->L, 1, 0, 0));
        lua_close(vm->L);
    } else {
        rc = err_set(err, ERR_NOMEM, "memory", NULL);
    }
    mem_free(r);
    return rc;
}
