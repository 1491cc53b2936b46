/* The `t` of a test: organisation, clock, actors, tasks, reports. */
#include "cli/spec_lua.h"

#include <stdio.h>
#include <string.h>

#include "base/kinds.h"
#include "people/people.h"
#include "people/time.h"

enum { MOST_TASKS = 1000 };

/* An upvalue of its methods is not needed, it is a field. */
int64_t spec_acting(lua_State *L, int idx)
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

/* One year, or a list of them: { year = 2021, holidays = { "2021-01-01" }, working = { … }, weekend = { … } }. */
static int t_calendar(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    bool is_list = lua_rawgeti(L, 2, 1) != LUA_TNIL;
    lua_newtable(L);
    if (is_list) {
        lua_pushvalue(L, 2);
    } else {
        lua_newtable(L);
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, 1);
    }
    lua_setfield(L, 4, "calendar");
    lua_replace(L, 2);
    lua_settop(L, 2);
    return spec_invoke(L, "org.import", 2, 0);
}

static int t_zone(lua_State *L)
{
    struct err err = {0};
    return spec_zone(spec_file_of(L)->spec, luaL_checkstring(L, 2), &err) ? spec_raise(L, &err) : 0;
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
    return spec_invoke(L, "flow.start", 2, spec_acting(L, 1));
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

/* t:clock and t:advance: a time, or a duration from now. */
static int t_clock(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    struct spec *s = f->spec;
    struct session session;
    struct val when = spec_take(L, 2);
    struct err err = {0};
    int64_t to;
    app_session(&s->app, &session, &s->arena);
    f->L = L;
    int rc = people_deadline(&session, &when, clock_now(&s->app.host.clock), &to, &err);
    if (rc == 0) rc = spec_clock(s, to, &err);
    return rc ? spec_raise(L, &err) : 0;
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

/* An open task that fits, of the actor or, for nobody in particular, of anyone. */
static bool find_task(lua_State *L, int64_t person, int64_t run, const struct val *want, struct val *out)
{
    struct spec_file *f = spec_file_of(L);
    struct val args = val_list(), options = val_map(), tasks;
    struct err err = {0};
    f->L = L;
    int rc = val_set(&f->spec->arena, &options, "limit", val_int(MOST_TASKS));
    if (rc == 0) rc = val_add(&f->spec->arena, &args, options);
    if (rc || spec_call(f->spec, "task.list", &args, person, &tasks, &err) != 0) spec_raise(L, &err);
    for (size_t i = 0; val_at(&tasks, i); i++) {
        *out = *val_at(&tasks, i);
        if ((!run || val_get_int(out, "run", 0) == run) && task_fits(out, want)) return true;
    }
    struct err_num n;
    err_set(&err, ERR_NOT_FOUND, "spec.no_task", "open", err_i64(&n, (int64_t)tasks.as.list.n), NULL);
    for (size_t i = 0; i < 10 && val_at(&tasks, i); i++) {
        spec_text(&f->detail, val_at(&tasks, i), f->spec->options.zone);
        buf_add_char(&f->detail, '\n');
    }
    spec_raise(L, &err);
    return false;
}

static int decide_as(lua_State *L, int64_t person, int64_t task, int answer)
{
    lua_pushvalue(L, answer);
    lua_pushinteger(L, task);
    lua_insert(L, 1);
    lua_insert(L, 2);
    lua_settop(L, 2);
    return spec_invoke(L, "task.decide", 1, person);
}

/* task:decide("person", { … }) */
static int task_decide(lua_State *L)
{
    int64_t person = person_of(L, 2);
    lua_settop(L, 3);
    lua_getfield(L, 1, "id");
    return decide_as(L, person, lua_tointeger(L, -1), 3);
}

static int64_t id_of(const struct val *v)
{
    return v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : val_get_int(v, "id", 0);
}

static int t_expect_task(lua_State *L)
{
    lua_settop(L, 3);
    struct val run = spec_take(L, 2), want = spec_take(L, 3), task;
    find_task(L, spec_acting(L, 1), id_of(&run), &want, &task);
    vm_push_val(L, &task);
    lua_pushcfunction(L, task_decide);
    lua_setfield(L, -2, "decide");
    return 1;
}

/* t:as("person"):decide(task, { … }): a task, its id, or what it fits. */
static int t_decide(lua_State *L)
{
    struct err err;
    struct val task;
    int64_t person = spec_acting(L, 1);
    if (person == 0) {
        err_set(&err, ERR_REFUSED, "spec.nobody", NULL);
        return spec_raise(L, &err);
    }
    lua_settop(L, 3);
    if (lua_istable(L, 2)) { /* a task of expect_task has a function, which is no value */
        lua_pushnil(L);
        lua_setfield(L, 2, "decide");
    }
    struct val which = spec_take(L, 2);
    int64_t id = id_of(&which);
    if (id == 0 && find_task(L, person, 0, &which, &task)) id = val_get_int(&task, "id", 0);
    return decide_as(L, person, id, 3);
}

static int t_tasks(lua_State *L)
{
    int64_t person = spec_acting(L, 1);
    lua_settop(L, 0);
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, MOST_TASKS);
    lua_setfield(L, 1, "limit");
    return spec_invoke(L, "task.list", 1, person);
}

/* t:article{ … } creates an item of that type as the actor. */
static int t_create(lua_State *L)
{
    int64_t person = spec_acting(L, 1);
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
    return spec_invoke(L, name, 3, spec_acting(L, 1));
}

/* t:file("plan.txt", "text"): as handed in by the actor, who can then hang it somewhere. */
static int t_file(lua_State *L)
{
    lua_settop(L, 3);
    return spec_invoke(L, "file.add", 2, spec_acting(L, 1));
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
    if (rc == 0) rc = spec_report(f->spec, name, &params, spec_acting(L, 1), &out, &err);
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

const luaL_Reg spec_t_methods[] = {{"org", t_org},       {"calendar", t_calendar}, {"zone", t_zone},
                                   {"clock", t_clock},   {"advance", t_clock},     {"now", t_now},
                                   {"as", t_as},         {"start", t_start},       {"call", t_call},
                                   {"report", t_report}, {"tasks", t_tasks},       {"expect_task", t_expect_task},
                                   {"decide", t_decide}, {"file", t_file},         {NULL, NULL}};

void spec_push_t(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    luaL_setfuncs(L, spec_t_methods, 0);
    luaL_setfuncs(L, spec_expect_methods, 0);
    luaL_setfuncs(L, spec_world_methods, 0);
    luaL_setfuncs(L, spec_route_methods, 0);
    lua_pushcclosure(L, t_index, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}
