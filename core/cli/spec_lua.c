/* The Lua side of specs: describe, it, t, and the API by name.
 *
 * Functions find what they call by its name at each call, since the host behind them comes and goes. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/kinds.h"
#include "cli/spec.h"
#include "content/content.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api.h"
#include "plugin/bind_lua.h"
#include "vm/vm_lua.h"

enum { TESTS_MAX = 500 };

struct spec_test {
    char describe[120], it[160];
    int ref;
};

struct file {
    struct spec *spec;
    struct vm *vm;
    struct spec_test tests[TESTS_MAX];
    int n;
    char describe[120];
    struct plugin *plugin; /* whose modules a spec may require */
};

static struct file *file_of(lua_State *L)
{
    return vm_owner(vm_of(L));
}

static int fail(lua_State *L, struct err *err)
{
    if (!err->where[0]) vm_where(vm_of(L), err->where, sizeof(err->where));
    vm_push_err(L, err, "en");
    return lua_error(L);
}

static int describe(lua_State *L)
{
    struct file *f = file_of(L);
    char outer[120];
    memcpy(outer, f->describe, sizeof(outer));
    size_t at = strlen(f->describe);
    snprintf(f->describe + at, sizeof(f->describe) - at, "%s%s", at ? " " : "", luaL_checkstring(L, 1));
    lua_pushvalue(L, 2);
    lua_call(L, 0, 0);
    memcpy(f->describe, outer, sizeof(outer));
    return 0;
}

static int it(lua_State *L)
{
    struct file *f = file_of(L);
    if (f->n == TESTS_MAX) return luaL_error(L, "too many tests in one file");
    struct spec_test *t = &f->tests[f->n++];
    memcpy(t->describe, f->describe, sizeof(t->describe));
    snprintf(t->it, sizeof(t->it), "%s", luaL_checkstring(L, 1));
    luaL_checktype(L, 2, LUA_TFUNCTION);
    t->ref = vm_ref(L, 2);
    return 0;
}

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

/* Calls `name` with the Lua values from `first` on; pushes the result. */
static int call(lua_State *L, const char *name, int first, int64_t person)
{
    struct file *f = file_of(L);
    struct arena *a = &f->spec->arena;
    struct val args = val_list(), out;
    struct err err = {0};
    int last = lua_gettop(L);
    while (last >= first && lua_isnil(L, last))
        last--;
    for (int i = first; i <= last; i++) {
        struct val v;
        int rc = vm_to_val(L, i, a, &v, &err);
        if (rc || val_add(a, &args, v) != 0) return fail(L, &err);
    }
    if (spec_call(f->spec, name, &args, person, &out, &err) != 0) return fail(L, &err);
    vm_push_val(L, &out);
    return 1;
}

/* Upvalue: the name of an API function. */
static int by_name(lua_State *L)
{
    return call(L, lua_tostring(L, lua_upvalueindex(1)), 1, 0);
}

static int64_t person_of(lua_State *L, int idx)
{
    struct file *f = file_of(L);
    struct err err = {0};
    int64_t id = 0;
    if (lua_isinteger(L, idx)) return lua_tointeger(L, idx);
    const char *code = luaL_checkstring(L, idx);
    int rc = people_person_by_code(f->spec->app.db, code, &id, &err);
    if (rc == 0) err_set(&err, ERR_NOT_FOUND, "people.no_person", "code", code, NULL);
    if (rc != 1) fail(L, &err);
    return id;
}

static int t_org(lua_State *L)
{
    lua_settop(L, 2);
    return call(L, "org.import", 2, 0);
}

static int t_start(lua_State *L)
{
    char name[128];
    struct file *f = file_of(L);
    const char *flow = luaL_checkstring(L, 2);
    lua_settop(L, 4);
    snprintf(name, sizeof(name), "%s%s%s", strchr(flow, '.') ? "" : f->spec->plugin, strchr(flow, '.') ? "" : ".",
             flow);
    lua_pushstring(L, name);
    lua_replace(L, 2);
    return call(L, "flow.start", 2, acting(L, 1));
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
    struct file *f = file_of(L);
    struct spec *s = f->spec;
    struct session session;
    struct val when;
    struct err err = {0};
    int64_t to;
    app_session(&s->app, &session, &s->arena);
    int rc = vm_to_val(L, 2, &s->arena, &when, &err);
    if (rc == 0) rc = people_deadline(&session, &when, base, &to, &err);
    if (rc == 0) rc = spec_clock(s, to, &err);
    return rc ? fail(L, &err) : 0;
}

/* t:clock and t:advance: a time, or a duration from now. */
static int t_clock(lua_State *L)
{
    return move_clock(L, clock_now(&file_of(L)->spec->app.host.clock));
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
    return call(L, "task.decide", 1, person);
}

static int t_expect_task(lua_State *L)
{
    struct file *f = file_of(L);
    struct arena *a = &f->spec->arena;
    struct val none = val_list(), tasks, want, run;
    struct err err = {0};
    int rc = vm_to_val(L, 2, a, &run, &err);
    if (rc == 0) rc = vm_to_val(L, 3, a, &want, &err);
    if (rc == 0) rc = spec_call(f->spec, "task.list", &none, 0, &tasks, &err);
    if (rc) return fail(L, &err);
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
    return call(L, "content.create", 1, person);
}

/* t:call("content.edit", …) as the actor. */
static int t_call(lua_State *L)
{
    char name[64];
    snprintf(name, sizeof(name), "%s", luaL_checkstring(L, 2));
    return call(L, name, 3, acting(L, 1));
}

/* t:report("name", { year = 2021 }).rows */
static int t_report(lua_State *L)
{
    struct file *f = file_of(L);
    struct val params, out;
    struct err err = {0};
    const char *name = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    int rc = vm_to_val(L, 3, &f->spec->arena, &params, &err);
    if (rc == 0) rc = spec_report(f->spec, name, &params, acting(L, 1), &out, &err);
    if (rc) return fail(L, &err);
    vm_push_val(L, &out);
    return 1;
}

static int t_now(lua_State *L)
{
    struct file *f = file_of(L);
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

static void push_t(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, t_index, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

static void set_nested(lua_State *L, const char *name, const char *full)
{
    const char *dot = strchr(name, '.');
    if (!dot) {
        lua_pushstring(L, full);
        lua_pushcclosure(L, by_name, 1);
        lua_setfield(L, -2, name);
        return;
    }
    lua_pushlstring(L, name, (size_t)(dot - name));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    set_nested(L, dot + 1, full);
    lua_pop(L, 2);
}

static void bind_kinds(lua_State *L, const struct host *h)
{
    for (size_t k = 0; k < h->nkinds; k++) {
        const char *kind = h->kinds[k].kind->name;
        size_t len = strlen(kind);
        lua_newtable(L);
        for (size_t i = 0; i < api_count(h->api); i++) {
            const char *name = api_at(h->api, i)->name;
            if (strncmp(name, kind, len) != 0 || name[len] != ':') continue;
            lua_pushstring(L, name);
            lua_pushcclosure(L, by_name, 1);
            lua_setfield(L, -2, name + len + 1);
        }
        vm_define_kind(L, h->kinds[k].kind, h->kinds[k].ordered);
    }
}

/* Everything the API has, by name, beside describe and it. */
static int bind(lua_State *L)
{
    const struct host *h = &file_of(L)->spec->app.host;
    bind_kinds(L, h);
    lua_newtable(L);
    for (size_t i = 0; i < api_count(h->api); i++) {
        const char *name = api_at(h->api, i)->name;
        if (!strchr(name, ':')) set_nested(L, name, name);
    }
    int globals = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, globals);) {
        const char *name = lua_tostring(L, -2);
        vm_set_global(L, name);
    }
    lua_register(L, "describe", describe);
    lua_register(L, "it", it);
    return 0;
}

static int run_test(lua_State *L)
{
    struct spec_test *t = lua_touserdata(L, 1);
    vm_push_ref(L, t->ref);
    push_t(L);
    lua_call(L, 1, 0);
    return 0;
}

static int run_one(struct file *f, struct spec_test *t, struct err *err)
{
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, run_test);
    lua_pushlightuserdata(L, t);
    int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) return 0;
    vm_to_err(L, -1, err);
    lua_pop(L, 1);
    return err->code ? err->code : ERR_PLUGIN;
}

static const char *find_source(void *ctx, const char *module, size_t *len, const char **chunk)
{
    struct file *f = ctx;
    const struct plugin *owner;
    const struct plugin_file *found = f->plugin ? plugin_module_find(f->plugin, module, &owner) : NULL;
    if (!found) return NULL;
    *len = found->len;
    *chunk = found->path;
    return found->text;
}

static void hold_plugin(struct file *f)
{
    struct registry *r = plugins_registry(f->spec->app.host.plugins);
    struct plugin *p = r ? registry_plugin(r, f->spec->plugin) : NULL;
    if (p) f->plugin = plugin_hold(p);
    registry_drop(r);
}

int spec_run_file(struct spec *s, const char *path, const char *text, size_t len, const char *only,
                  void (*report)(void *ctx, const struct spec_result *r), void *ctx, struct err *err)
{
    struct file *f = mem_alloc(sizeof(*f));
    struct vm_options o = {.name = "spec", .memory_soft = 128 << 20, .owner = f};
    f->spec = s;
    int rc = spec_open(s, err);
    if (rc == 0) rc = vm_new(&o, &f->vm, err);
    if (rc == 0) {
        lua_State *L = vm_main(f->vm);
        hold_plugin(f);
        vm_set_source(f->vm, find_source, f);
        lua_pushcfunction(L, bind);
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
            vm_to_err(L, -1, err);
            rc = err->code;
        }
    }
    if (rc == 0) rc = vm_run_chunk(f->vm, path, text, len, err);
    spec_close(s);
    for (int i = 0; rc == 0 && i < f->n; i++) {
        struct err failed = {0};
        if (only && !strstr(f->tests[i].it, only)) continue;
        rc = spec_open(s, err);
        if (rc) break;
        int outcome = run_one(f, &f->tests[i], &failed);
        struct spec_result r = {f->tests[i].describe, f->tests[i].it, outcome == 0, &failed};
        report(ctx, &r);
        spec_close(s);
    }
    vm_free(f->vm);
    plugin_drop(f->plugin);
    mem_free(f);
    return rc;
}
