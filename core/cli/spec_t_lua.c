/* The `t` of a test: actors, the clock, expectations, tasks, reports. */
#include "cli/spec_lua.h"

#include <stdio.h>
#include <string.h>

#include "base/kinds.h"
#include "people/people.h"
#include "people/time.h"

/* The person that `t` acts as: an upvalue of its methods is not needed, it is a field. */
static int64_t acting(lua_State *L, int idx)
{
    int64_t person = 0;
    if (!lua_istable(L, idx)) return 0;
    lua_pushliteral(L, "acts_as");
    if (lua_rawget(L, idx) == LUA_TNUMBER) person = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return person;
}

static int64_t person_of(lua_State *L, int idx)
{
    struct spec_file *f = spec_file_of(L);
    struct err err = {0};
    int64_t id = 0;
    if (lua_isinteger(L, idx)) return lua_tointeger(L, idx);
    const char *code = luaL_checkstring(L, idx);
    int rc = people_person_by_code(f->spec->app.db, code, &id, &err);
    if (rc == 0) err_set(&err, ERR_NOT_FOUND, "people.no_person", "code", code, NULL);
    if (rc != 1) spec_raise(L, &err);
    return id;
}

static int t_org(lua_State *L)
{
    lua_settop(L, 2);
    return spec_invoke(L, "org.import", 2, 0);
}

static int t_start(lua_State *L)
{
    char name[128];
    struct spec_file *f = spec_file_of(L);
    const char *flow = luaL_checkstring(L, 2);
    lua_settop(L, 4);
    snprintf(name, sizeof(name), "%s%s%s", strchr(flow, '.') ? "" : f->spec->plugin, strchr(flow, '.') ? "" : ".",
             flow);
    lua_pushstring(L, name);
    lua_replace(L, 2);
    return spec_invoke(L, "flow.start", 2, acting(L, 1));
}

static int t_as(lua_State *L)
{
    int64_t person = person_of(L, 2);
    lua_newtable(L);
    lua_pushinteger(L, person);
    lua_setfield(L, -2, "acts_as");
    lua_getmetatable(L, 1);
    lua_setmetatable(L, -2);
    return 1;
}

static int move_clock(lua_State *L, int64_t base)
{
    struct spec_file *f = spec_file_of(L);
    struct spec *s = f->spec;
    struct session session;
    struct val when;
    struct err err = {0};
    int64_t to;
    app_session(&s->app, &session, &s->arena);
    int rc = vm_to_val(L, 2, &s->arena, &when, &err);
    if (rc == 0) rc = people_deadline(&session, &when, base, &to, &err);
    if (rc == 0) rc = spec_clock(s, to, &err);
    return rc ? spec_raise(L, &err) : 0;
}

/* t:clock and t:advance: a time, or a duration from now. */
static int t_clock(lua_State *L)
{
    return move_clock(L, clock_now(&spec_file_of(L)->spec->app.host.clock));
}

static int t_expect(lua_State *L)
{
    if (lua_toboolean(L, 2)) return 0;
    return luaL_error(L, "%s", lua_isstring(L, 3) ? lua_tostring(L, 3) : "the expectation does not hold");
}

/* t:expect_error(code, fn) */
static int t_expect_error(lua_State *L)
{
    const char *code = luaL_checkstring(L, 2);
    lua_pushvalue(L, 3);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) return luaL_error(L, "no error was raised; expected %s", code);
    struct err err;
    vm_to_err(L, -1, &err);
    if (strcmp(err.key, code) != 0) return luaL_error(L, "expected %s, got %s: %s", code, err.key, err.text);
    return 0;
}

/* Does a task fit { title =, position =, person =, role = }? */
static bool task_fits(const struct val *task, const struct val *want)
{
    for (size_t i = 0; want->type == VAL_MAP && i < want->as.map.n; i++) {
        const struct val_pair *p = &want->as.map.pairs[i];
        const struct val *own = val_get(task, p->key), *to = val_get(task, "to");
        bool found = own && val_equal(own, &p->v);
        for (size_t k = 0; !found && val_at(to, k); k++) {
            const struct val *v = val_get(val_at(to, k), p->key);
            found =
                v && (val_equal(v, &p->v) || (p->v.type == VAL_OBJ && val_is(v, VAL_INT) && v->as.i == p->v.as.obj.id));
        }
        if (!found) return false;
    }
    return true;
}

static int task_decide(lua_State *L)
{
    int64_t person = person_of(L, 2);
    lua_settop(L, 3);
    lua_getfield(L, 1, "id");
    lua_replace(L, 2);
    lua_pushvalue(L, 2);
    lua_replace(L, 1);
    lua_pushvalue(L, 3);
    lua_replace(L, 2);
    lua_settop(L, 2);
    return spec_invoke(L, "task.decide", 1, person);
}

static int t_expect_task(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    struct arena *a = &f->spec->arena;
    struct val none = val_list(), tasks, want, run;
    struct err err = {0};
    int rc = vm_to_val(L, 2, a, &run, &err);
    if (rc == 0) rc = vm_to_val(L, 3, a, &want, &err);
    if (rc == 0) rc = spec_call(f->spec, "task.list", &none, 0, &tasks, &err);
    if (rc) return spec_raise(L, &err);
    int64_t id = run.type == VAL_OBJ ? run.as.obj.id : run.type == VAL_INT ? run.as.i : 0;
    for (size_t i = 0; val_at(&tasks, i); i++) {
        const struct val *task = val_at(&tasks, i);
        if ((id && val_get_int(task, "run", 0) != id) || !task_fits(task, &want)) continue;
        vm_push_val(L, task);
        lua_pushcfunction(L, task_decide);
        lua_setfield(L, -2, "decide");
        return 1;
    }
    return luaL_error(L, "there is no such open task (%d are open)", (int)tasks.as.list.n);
}

/* t:article{ … } creates an item of that type as the actor. */
static int t_create(lua_State *L)
{
    int64_t person = acting(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_replace(L, 1);
    lua_settop(L, 2);
    return spec_invoke(L, "content.create", 1, person);
}

/* t:call("content.edit", …) as the actor. */
static int t_call(lua_State *L)
{
    char name[64];
    snprintf(name, sizeof(name), "%s", luaL_checkstring(L, 2));
    return spec_invoke(L, name, 3, acting(L, 1));
}

/* t:report("name", { year = 2021 }).rows */
static int t_report(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    struct val params, out;
    struct err err = {0};
    const char *name = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    int rc = vm_to_val(L, 3, &f->spec->arena, &params, &err);
    if (rc == 0) rc = spec_report(f->spec, name, &params, acting(L, 1), &out, &err);
    if (rc) return spec_raise(L, &err);
    vm_push_val(L, &out);
    return 1;
}

static int t_now(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    struct val now;
    if (kind_instant(&f->spec->arena, clock_now(&f->spec->app.host.clock), f->spec->options.zone, &now) != 0) return 0;
    vm_push_val(L, &now);
    return 1;
}

static int t_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, t_create, 1);
    return 1;
}

static const luaL_Reg methods[] = {{"org", t_org},
                                   {"start", t_start},
                                   {"as", t_as},
                                   {"clock", t_clock},
                                   {"advance", t_clock},
                                   {"expect", t_expect},
                                   {"expect_task", t_expect_task},
                                   {"expect_error", t_expect_error},
                                   {"call", t_call},
                                   {"now", t_now},
                                   {"report", t_report},
                                   {NULL, NULL}};

void spec_push_t(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, t_index, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}
