/* Host objects: userdata with a kind, an id and a table of fields; read only; equal by id. */
#include <string.h>

#include "vm/vm_internal.h"

struct object {
    const struct val_kind *kind;
    int64_t id, rev;
};

static const char objects_key; /* registry: set of metatables of kinds */

/* The object at idx, or NULL. */
static struct object *to_object(lua_State *L, int idx)
{
    if (!lua_isuserdata(L, idx) || !lua_getmetatable(L, idx)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key);
    lua_pushvalue(L, -2);
    bool known = lua_rawget(L, -2) == LUA_TBOOLEAN;
    lua_pop(L, 3);
    return known ? lua_touserdata(L, idx) : NULL;
}

/* Fields before methods: item.title is the field where the type has one. It can be called like the method of the same
 * name, since texts give themselves when called (vm_env.c). */
static int on_index(lua_State *L)
{
    struct object *o = lua_touserdata(L, 1);
    if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, -2) == LUA_TSTRING) return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    if (!lua_isnil(L, -1) && lua_gettop(L) == 4) return 1; /* a field that is no text */
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "id") == 0) {
        lua_pushinteger(L, o->id);
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

static int on_newindex(lua_State *L)
{
    struct object *o = lua_touserdata(L, 1);
    struct err err;
    err_set(&err, ERR_REFUSED, "lua.read_only", "what", o->kind->name, NULL);
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

/* Handles have no id: they are equal when what they are known by is. */
static bool has_equal_fields(lua_State *L)
{
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE || lua_getiuservalue(L, 2, 1) != LUA_TTABLE) return false;
    for (int a = 3; a <= 4; a++) {
        for (lua_pushnil(L); lua_next(L, a);) {
            lua_pushvalue(L, -2);
            lua_rawget(L, 7 - a);
            if (!lua_rawequal(L, -1, -2)) return false;
            lua_pop(L, 2);
        }
    }
    return true;
}

static int on_equal(lua_State *L)
{
    struct object *a = to_object(L, 1), *b = to_object(L, 2);
    lua_settop(L, 2);
    bool equal = a && b && a->kind == b->kind && a->id == b->id;
    lua_pushboolean(L, equal && (!a->kind->is_handle || has_equal_fields(L)));
    return 1;
}

int vm_object_compare(lua_State *L, int ia, int ib)
{
    struct object *a = lua_touserdata(L, ia), *b = lua_touserdata(L, ib);
    int order = strcmp(a->kind->name, b->kind->name);
    if (order) return order;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->rev > b->rev) - (a->rev < b->rev);
}

static int compare_ids(lua_State *L, bool or_equal)
{
    struct object *a = to_object(L, 1), *b = to_object(L, 2);
    if (!a || !b || a->kind != b->kind) return luaL_error(L, "only two of one kind can be compared");
    lua_pushboolean(L, a->id < b->id || (or_equal && a->id == b->id));
    return 1;
}

static int on_less(lua_State *L)
{
    return compare_ids(L, false);
}

static int on_less_equal(lua_State *L)
{
    return compare_ids(L, true);
}

static int on_tostring(lua_State *L)
{
    struct object *o = lua_touserdata(L, 1);
    if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
        lua_pushstring(L, "text");
        if (lua_rawget(L, -2) == LUA_TSTRING) return 1;
    }
    lua_pushfstring(L, "%s %I", o->kind->name, (LUAI_UACINT)o->id);
    return 1;
}

static int on_pairs(lua_State *L)
{
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) lua_newtable(L);
    vm_push_hidden_pairs(L);
    return 1;
}

static void new_metatable(lua_State *L, const struct val_kind *kind)
{
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, kind);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &objects_key);
    }
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void vm_define_kind(lua_State *L, const struct val_kind *kind, bool ordered)
{
    static const luaL_Reg common[] = {{"__newindex", on_newindex},
                                      {"__eq", on_equal},
                                      {"__tostring", on_tostring},
                                      {"__pairs", on_pairs},
                                      {NULL, NULL}};
    static const luaL_Reg order[] = {{"__lt", on_less}, {"__le", on_less_equal}, {NULL, NULL}};
    int methods = lua_gettop(L);
    new_metatable(L, kind);
    luaL_setfuncs(L, common, 0);
    if (ordered) luaL_setfuncs(L, order, 0);
    lua_pushvalue(L, methods);
    lua_pushcclosure(L, on_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, kind->name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_settop(L, methods - 1);
}

void vm_push_object(lua_State *L, const struct val *v)
{
    struct object *o = lua_newuserdatauv(L, sizeof(*o), 1);
    *o = (struct object){v->as.obj.kind, v->as.obj.id, v->as.obj.rev};
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, v->as.obj.kind) != LUA_TTABLE) {
        /* A kind without methods here. */
        lua_pop(L, 1);
        lua_newtable(L);
        vm_define_kind(L, v->as.obj.kind, false);
        lua_rawgetp(L, LUA_REGISTRYINDEX, v->as.obj.kind);
    }
    lua_setmetatable(L, -2);
    if (v->as.obj.fields) {
        vm_push_val(L, v->as.obj.fields);
        lua_setiuservalue(L, -2, 1);
    }
}

int vm_take_object(lua_State *L, int idx, struct arena *a, struct val *out)
{
    struct object *o = to_object(L, idx);
    struct err err;
    if (!o) return ERR_INVALID;
    *out = val_obj(o->kind, o->id, o->rev, NULL);
    if (!o->kind->is_handle) return 0;
    lua_getiuservalue(L, idx, 1);
    struct val *fields = arena_alloc(a, sizeof(*fields));
    int rc = fields ? vm_to_val(L, -1, a, fields, &err) : ERR_NOMEM;
    out->as.obj.fields = fields;
    lua_pop(L, 1);
    return rc;
}

bool vm_is_object(lua_State *L, int idx)
{
    return to_object(L, idx) != NULL;
}
