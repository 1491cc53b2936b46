/* Functions from texts: of files, and of a console's line in a state that is loaded already.
 *
 * The parser is C code, which no hook stops, and there are texts for which its time grows with the square of their
 * length ("a or a or a …"). So it gets a text in small pieces, and none any more when its time is over. */
#include <string.h>

#include "base/clock.h"
#include "vm/vm_internal.h"

enum { PIECE = 512, READ_MS = 500 };

struct reading {
    struct vm *vm;
    const char *text;
    size_t len;
    int64_t ms, cpu_end_ns;
    bool is_late;
};

static const char *read_piece(lua_State *L, void *ctx, size_t *len)
{
    struct reading *r = ctx;
    const char *piece = r->text;
    (void)L;
    r->is_late = r->is_late || r->vm->stop || clock_thread_cpu_ns() > r->cpu_end_ns;
    *len = r->is_late ? 0 : r->len < PIECE ? r->len : PIECE;
    r->text += *len;
    r->len -= *len;
    return piece;
}

/* The function of a text, or the parser's message, is pushed. */
static int read_text(lua_State *L, const char *name, const char *text, size_t len)
{
    struct vm *vm = vm_of(L);
    struct reading r = {.vm = vm, .text = text, .len = len, .ms = vm->read_ms ? vm->read_ms : READ_MS};
    struct err err;
    struct err_num ms;
    r.cpu_end_ns = clock_thread_cpu_ns() + r.ms * 1000000;
    int status = lua_load(L, read_piece, &r, name, "t");
    if (!r.is_late) return status;
    vm_check_stop(L);
    err_set(&err, ERR_LIMIT, "limit.time", "ms", err_i64(&ms, r.ms), "plugin", vm->name, NULL);
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

void vm_load_text(lua_State *L, const char *chunk, const char *text, size_t len)
{
    struct err err;
    const char *name = lua_pushfstring(L, "@%s", chunk);
    if (read_text(L, name, text, len) == LUA_OK) {
        lua_remove(L, -2);
        return;
    }
    vm_to_err(L, -1, &err);
    memcpy(err.key, "lua.syntax", sizeof("lua.syntax"));
    vm_push_err(L, &err, "en");
    lua_error(L);
}

struct compiling {
    const char *chunk, *text;
    int ref;
};

static int compile(lua_State *L)
{
    struct compiling *c = lua_touserdata(L, 1);
    const char *whole = lua_pushfstring(L, "return %s", c->text);
    const char *name = lua_pushfstring(L, "@%s", c->chunk);
    if (read_text(L, name, whole, strlen(whole)) != LUA_OK) vm_load_text(L, c->chunk, c->text, strlen(c->text));
    c->ref = vm_ref(L, -1);
    return 0;
}

int vm_compile(struct vm *vm, const char *chunk, const char *text, int *ref, struct err *err)
{
    lua_State *L = vm->L;
    struct compiling c = {chunk, text, 0};
    lua_pushcfunction(L, compile);
    lua_pushlightuserdata(L, &c);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        vm_to_err(L, -1, err);
        lua_pop(L, 1);
        return err->code ? err->code : ERR_PLUGIN;
    }
    *ref = c.ref;
    return 0;
}
