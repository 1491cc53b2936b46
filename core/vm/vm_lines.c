/* Which lines run, and which could: for the coverage of tests. */
#include <string.h>

#include "vm/vm_internal.h"

static void on_line(lua_State *L, lua_Debug *ar)
{
    const struct vm_lines *lines = vm_of(L)->lines;
    if (ar->event == LUA_HOOKLINE && lua_getinfo(L, "S", ar) && ar->source[0] == '@')
        lines->fn(lines->ctx, ar->source + 1, ar->currentline);
}

/* New coroutines have the hook of the one that makes them. */
void vm_hook_idle(lua_State *L)
{
    bool watched = vm_of(L)->lines != NULL;
    lua_sethook(L, watched ? on_line : NULL, watched ? LUA_MASKLINE : 0, 0);
}

void vm_watch_lines(struct vm *vm, const struct vm_lines *lines)
{
    vm->lines = lines;
    vm_hook_idle(vm->L);
}

struct marking {
    const char *chunk, *text;
    size_t len;
    bool *is_code;
    size_t n;
    int rc;
};

static int mark(lua_State *L)
{
    struct marking *m = lua_touserdata(L, 1);
    vm_load_text(L, m->chunk, m->text, m->len);
    m->rc = vm_mark_lines(L, m->is_code, m->n);
    return 0;
}

int vm_code_lines(const char *chunk, const char *text, size_t len, bool *is_code, size_t n, struct err *err)
{
    struct vm *vm;
    struct vm_options o = {.name = chunk};
    struct marking m = {chunk, text, len, is_code, n, 0};
    memset(is_code, 0, n * sizeof(*is_code));
    int rc = vm_new(&o, &vm, err);
    if (rc) return rc;
    lua_pushcfunction(vm->L, mark);
    lua_pushlightuserdata(vm->L, &m);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
        vm_to_err(vm->L, -1, err);
        rc = err->code;
    } else if (m.rc) {
        rc = err_set(err, m.rc, "lua.syntax", NULL);
    }
    vm_free(vm);
    return rc;
}
