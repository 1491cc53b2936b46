/* What the checker of texts asks the program, as functions of its Lua state. */
#include "cli/check_judge.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/cron.h"
#include "base/date.h"
#include "base/field.h"
#include "cli/check.h"
#include "file/file_bytes.h"
#include "plugin/registry.h"
#include "vm/pattern.h"

static int is_field(lua_State *L)
{
    struct arena a;
    struct field f;
    struct err ignored;
    arena_init(&a, 64 << 10);
    lua_pushboolean(L, field_parse(&a, "x", luaL_checkstring(L, 1), &f, &ignored) == 0);
    arena_close(&a);
    return 1;
}

static int is_duration(lua_State *L)
{
    struct duration d;
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, duration_parse(text, len, &d));
    return 1;
}

static int is_cron(lua_State *L)
{
    struct cron c;
    struct err ignored;
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, cron_parse(text, len, &c, &ignored) == 0);
    return 1;
}

/* Any text with a time will do: which instant it is depends on the zone. */
static int some_instant(void *ctx, const char *s, size_t len, int64_t *ms, struct err *err)
{
    (void)ctx, (void)s, (void)len, (void)err;
    *ms = 0;
    return 0;
}

/* (type, value) → the key of why the value cannot be one of this type, or nil. */
static int why_not(lua_State *L)
{
    const struct field_time time = {.instant = some_instant};
    struct arena a;
    struct field f;
    struct err err = {0};
    struct val v = val_nil(), out;
    size_t len;
    arena_init(&a, 1 << 20);
    int rc = field_parse(&a, "x", luaL_checkstring(L, 1), &f, &err);
    if (lua_isinteger(L, 2))
        v = val_int(lua_tointeger(L, 2));
    else if (lua_type(L, 2) == LUA_TNUMBER)
        v = val_num(lua_tonumber(L, 2));
    else if (lua_isboolean(L, 2))
        v = val_bool(lua_toboolean(L, 2));
    else if (lua_type(L, 2) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, 2, &len);
        v = val_strn(text, len);
    }
    if (rc == 0) rc = field_check(&f, &v, &time, &a, &out, &err);
    arena_close(&a);
    if (rc != ERR_INVALID) return 0;
    lua_pushstring(L, err.key);
    return 1;
}

/* What is malformed in a pattern, or nil. */
static int pattern_why(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct pattern p;
    if (len > PATTERN_MAX) return 0;
    void *room = lua_newuserdatauv(L, pattern_memory(text, len), 0);
    pattern_init(&p, NULL);
    pattern_give(&p, room, text, len);
    const char *why = pattern_compile(&p, text, len, true) ? pattern_fault(&p) : NULL;
    if (!why) return 0;
    lua_pushfstring(L, why, p.error_number);
    return 1;
}

void check_push_judges(lua_State *L)
{
    static const luaL_Reg functions[] = {{"is_field", is_field}, {"is_duration", is_duration},   {"is_cron", is_cron},
                                         {"why_not", why_not},   {"pattern_fault", pattern_why}, {0}};
    luaL_newlib(L, functions);
}

static void set_flag(lua_State *L, const char *key, size_t len)
{
    lua_pushlstring(L, key, len);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
}

static void push_refs(lua_State *L, const struct registry *r)
{
    static const char *const kinds[] = {"type", "table"};
    lua_newtable(L);
    for (int k = 0; k < 2; k++) {
        size_t i = 0;
        for (const struct decl *d; r && (d = registry_each(r, kinds[k], &i));)
            set_flag(L, d->name, strlen(d->name));
    }
}

/* A type without its parameters, and all of its kind: "image/png", "image/" and a star. */
static void push_media(lua_State *L)
{
    const char *type;
    lua_newtable(L);
    for (size_t i = 0; (type = file_type_at(i)); i++) {
        set_flag(L, type, strcspn(type, ";"));
        lua_pushlstring(L, type, strcspn(type, "/"));
        lua_pushliteral(L, "/*");
        lua_concat(L, 2);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
}

static void push_list(lua_State *L, const struct val *names)
{
    lua_newtable(L);
    for (size_t i = 0; val_is(val_at(names, i), VAL_STR); i++)
        set_flag(L, val_at(names, i)->as.str.s, val_at(names, i)->as.str.len);
}

void check_push_names(lua_State *L, const struct check_texts *t)
{
    push_refs(L, t->registry);
    lua_setfield(L, -2, "refs");
    push_media(L);
    lua_setfield(L, -2, "media");
    lua_newtable(L);
    push_list(L, &t->organisation->positions);
    lua_setfield(L, -2, "position");
    push_list(L, &t->organisation->roles);
    lua_setfield(L, -2, "role");
    lua_setfield(L, -2, "organisation");
}
