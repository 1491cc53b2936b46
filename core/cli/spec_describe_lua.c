/* describe, it, before_each, after_each, pending: what a spec file says of itself, and one of its tests being run. */
#include <string.h>

#include "cli/spec_lua.h"

static int too_many(lua_State *L, const char *what, int most)
{
    struct err err;
    struct err_num n;
    err_set(&err, ERR_LIMIT, "spec.too_many", "what", what, "most", err_i64(&n, most), NULL);
    return spec_raise(L, &err);
}

static int describe(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    const char *name = luaL_checkstring(L, 1);
    int outer = f->group;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (f->ngroups == SPEC_GROUPS_MAX) return too_many(L, "describe", SPEC_GROUPS_MAX);
    f->group = f->ngroups++;
    struct spec_group *g = &f->groups[f->group];
    char above[sizeof(g->name)];
    memcpy(above, f->groups[outer].name, sizeof(above));
    g->outer = outer;
    g->name[0] = '\0';
    strncat(g->name, above, sizeof(g->name) - 1);
    if (above[0]) strncat(g->name, " ", sizeof(g->name) - strlen(g->name) - 1);
    strncat(g->name, name, sizeof(g->name) - strlen(g->name) - 1);
    lua_pushvalue(L, 2);
    lua_call(L, 0, 0);
    f->group = outer;
    return 0;
}

static struct spec_test *add_test(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    lua_Debug ar;
    if (f->ntests == SPEC_TESTS_MAX) too_many(L, "it", SPEC_TESTS_MAX);
    struct spec_test *t = &f->tests[f->ntests++];
    strncat(t->describe, f->groups[f->group].name, sizeof(t->describe) - 1);
    strncat(t->it, luaL_checkstring(L, 1), sizeof(t->it) - 1);
    t->group = f->group;
    if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "l", &ar)) t->line = ar.currentline;
    return t;
}

/* it("…", fn, { volatile = true }). Without a function it is still to be written. */
static int it(lua_State *L)
{
    struct spec_test *t = add_test(L);
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "volatile");
        t->is_volatile = lua_toboolean(L, -1);
    }
    t->is_pending = lua_isnoneornil(L, 2);
    if (t->is_pending) return 0;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    t->ref = vm_ref(L, 2);
    return 0;
}

static int pending(lua_State *L)
{
    add_test(L)->is_pending = true;
    return 0;
}

static int add_hook(lua_State *L, bool is_after)
{
    struct spec_file *f = spec_file_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (f->nhooks == SPEC_HOOKS_MAX) return too_many(L, is_after ? "after_each" : "before_each", SPEC_HOOKS_MAX);
    f->hooks[f->nhooks++] = (struct spec_hook){f->group, vm_ref(L, 1), is_after};
    return 0;
}

static int before_each(lua_State *L)
{
    return add_hook(L, false);
}

static int after_each(lua_State *L)
{
    return add_hook(L, true);
}

const luaL_Reg spec_describe_functions[] = {{"describe", describe},     {"it", it},
                                            {"pending", pending},       {"before_each", before_each},
                                            {"after_each", after_each}, {NULL, NULL}};

/* --- one test --- */

struct calling {
    struct spec_file *f;
    int ref, t; /* t: kept, the same for all of a test */
};

static int call_kept(lua_State *L)
{
    struct calling *c = lua_touserdata(L, 1);
    if (!c->t) {
        spec_push_t(L);
        c->t = vm_ref(L, -1);
    }
    vm_push_ref(L, c->ref);
    vm_push_ref(L, c->t);
    lua_call(L, 1, 0);
    return 0;
}

/* Through which lines of the spec an error came: the helper that raised it, and who called that. */
static int on_error(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    lua_Debug ar;
    int lines[6], n = 0;
    for (int level = 1; n < 6 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0 && ar.source[0] == '@' && strcmp(ar.source + 1, f->run->path) == 0)
            lines[n++] = ar.currentline;
    }
    for (int i = 0; n > 1 && i < n; i++)
        buf_printf(&f->detail, "%s:%d\n", f->run->path, lines[i]);
    return 1;
}

static int call(struct calling *c, int ref, struct err *err)
{
    lua_State *L = vm_main(c->f->vm);
    c->ref = ref;
    lua_pushcfunction(L, on_error);
    int handler = lua_gettop(L);
    lua_pushcfunction(L, call_kept);
    lua_pushlightuserdata(L, c);
    int rc = 0;
    if (lua_pcall(L, 1, 0, handler) != LUA_OK) {
        vm_to_err(L, -1, err);
        rc = err->code ? err->code : ERR_PLUGIN;
    }
    lua_settop(L, handler - 1);
    return rc;
}

/* Outer hooks first; afterwards the other way round, whatever has happened. */
static int call_before(struct calling *c, int group, struct err *err)
{
    struct spec_file *f = c->f;
    int rc = f->groups[group].outer >= 0 ? call_before(c, f->groups[group].outer, err) : 0;
    for (int i = 0; rc == 0 && i < f->nhooks; i++)
        if (f->hooks[i].group == group && !f->hooks[i].is_after) rc = call(c, f->hooks[i].ref, err);
    return rc;
}

static int call_after(struct calling *c, int rc, int group, struct err *err)
{
    struct spec_file *f = c->f;
    for (; group >= 0; group = f->groups[group].outer)
        for (int i = f->nhooks - 1; i >= 0; i--) {
            struct err own = {0};
            if (f->hooks[i].group != group || !f->hooks[i].is_after) continue;
            int failed = call(c, f->hooks[i].ref, rc ? &own : err);
            if (rc == 0) rc = failed;
        }
    return rc;
}

int spec_file_test(struct spec_file *f, const struct spec_test *t, struct err *err)
{
    struct calling c = {.f = f};
    f->answers = 0;
    int rc = call_before(&c, t->group, err);
    if (rc == 0) rc = call(&c, t->ref, err);
    rc = call_after(&c, rc, t->group, err);
    if (c.t) vm_unref(f->vm, c.t);
    if (f->answers) vm_unref(f->vm, f->answers);
    f->answers = 0;
    return rc;
}
