/* t:get(path), t:post(path, body), t:command(name, args): what a plugin answers, as who acts. */
#include <stdio.h>
#include <string.h>

#include "cli/spec_lua.h"
#include "route/route.h"

static void add(lua_State *L, struct val *list, struct val v)
{
    struct err err;
    if (val_add(&spec_file_of(L)->spec->arena, list, v) == 0) return;
    err_set(&err, ERR_LIMIT, "limit.size", NULL);
    spec_raise(L, &err);
}

static struct val call(lua_State *L, const char *name, const struct val *args)
{
    struct spec_file *f = spec_file_of(L);
    struct val out;
    struct err err = {0};
    f->L = L;
    if (spec_call(f->spec, name, args, spec_acting(L, 1), &out, &err) != 0) spec_raise(L, &err);
    return out;
}

/* A query is text, whatever the spec has written. */
static struct val texts(struct arena *a, const struct val *given)
{
    struct val all = val_map();
    for (size_t i = 0; given->type == VAL_MAP && i < given->as.map.n; i++) {
        struct val_pair p = given->as.map.pairs[i];
        if (p.v.type == VAL_BOOL) p.v = val_str(p.v.as.b ? "true" : "false");
        if (p.v.type == VAL_INT) p.v = val_str(arena_printf(a, "%lld", (long long)p.v.as.i));
        if (p.v.type == VAL_NUM) p.v = val_str(arena_printf(a, "%.17g", p.v.as.n));
        val_set(a, &all, p.key, p.v);
    }
    return all;
}

/* A path is the plugin's own, or whole. */
static int ask(lua_State *L, const char *method)
{
    struct spec *s = spec_file_of(L)->spec;
    const char *path = luaL_checkstring(L, 2);
    bool is_whole = strncmp(path, ROUTE_PREFIX, strlen(ROUTE_PREFIX)) == 0, reads = strcmp(method, "GET") == 0;
    const char *full = arena_printf(&s->arena, is_whole ? "%s%s" : ROUTE_PREFIX "%s%s", is_whole ? "" : s->plugin,
                                    strcmp(path, "/") == 0 ? "" : path);
    lua_settop(L, 3);
    struct val given = lua_isnil(L, 3) ? val_nil() : spec_take(L, 3), request = val_map(), args = val_list(), out;
    if (reads) given = texts(&s->arena, &given);
    if (given.type != VAL_NIL) val_set(&s->arena, &request, reads ? "query" : "json", given);
    add(L, &args, val_str(method));
    add(L, &args, val_str(full ? full : ""));
    add(L, &args, request);
    out = call(L, "route.call", &args);
    vm_push_val(L, &out);
    return 1;
}

static int t_get(lua_State *L)
{
    return ask(L, "GET");
}

static int t_post(lua_State *L)
{
    return ask(L, "POST");
}

static int t_put(lua_State *L)
{
    return ask(L, "PUT");
}

static int t_patch(lua_State *L)
{
    return ask(L, "PATCH");
}

static int t_delete(lua_State *L)
{
    return ask(L, "DELETE");
}

static int t_command(lua_State *L)
{
    struct val args = val_list(), out, none = val_nil();
    add(L, &args, val_str(luaL_checkstring(L, 2)));
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) add(L, &args, spec_take(L, 3));
    out = call(L, "command.run", &args);
    const struct val *value = val_get(&out, "value");
    vm_push_val(L, value ? value : &none);
    return 1;
}

const luaL_Reg spec_route_methods[] = {{"get", t_get},       {"post", t_post},       {"put", t_put}, {"patch", t_patch},
                                       {"delete", t_delete}, {"command", t_command}, {NULL, NULL}};
