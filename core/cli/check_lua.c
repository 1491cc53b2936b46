/* The checker of plugin texts: a Lua program of the tool (core/assets/check) over luacheck, in a plain Lua state.
 *
 * It sees text only; no code of the plugin runs here. */
#include "cli/check.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "cli/asset.h"
#include "cli/check_judge.h"
#include "plugin/api.h"

static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value ? value : "");
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key)
{
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, key);
}

static void push_params(lua_State *L, const struct api_param *params, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 4);
        set_text(L, "name", params[i].name);
        set_text(L, "type", params[i].type);
        lua_pushboolean(L, params[i].required);
        lua_setfield(L, -2, "required");
        push_params(L, params[i].keys, params[i].nkeys);
        lua_setfield(L, -2, "keys");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_api(lua_State *L, struct api *api)
{
    static const char *const effects[] = {"pure", "read", "write", "wait", "declare"};
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        const struct api_param *params;
        size_t nparams = api_params(api, i, &params);
        if (fn->needs && strcmp(fn->needs, API_HOST) == 0) continue;
        lua_newtable(L);
        set_text(L, "name", fn->name);
        set_text(L, "effect", effects[fn->effect]);
        if (fn->needs) set_text(L, "needs", fn->needs);
        push_params(L, params, nparams);
        lua_setfield(L, -2, "arguments");
        lua_rawseti(L, -2, ++n);
    }
}

static void push_events(lua_State *L, struct api *api)
{
    lua_newtable(L);
    for (size_t i = 0; api_event_at(api, i); i++)
        set_flag(L, api_event_at(api, i)->name);
}

/* "awards/steps.lua" as it is required: "awards.steps". */
static void add_modules(lua_State *L, const struct plugin *p)
{
    for (size_t i = 0; i < p->nfiles; i++) {
        const char *path = p->files[i].path, *dot = strrchr(path, '.');
        if (!dot || strcmp(dot, ".lua") != 0) continue;
        lua_pushfstring(L, "%s.", p->name);
        lua_pushlstring(L, path, (size_t)(dot - path));
        luaL_gsub(L, lua_tostring(L, -1), "/", ".");
        lua_remove(L, -2);
        lua_concat(L, 2);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
}

/* { lang = { key = text } } */
static void push_texts(lua_State *L, const struct val *texts)
{
    lua_newtable(L);
    for (size_t i = 0; texts->type == VAL_MAP && i < texts->as.map.n; i++) {
        const struct val *lang = &texts->as.map.pairs[i].v;
        lua_newtable(L);
        for (size_t k = 0; lang->type == VAL_MAP && k < lang->as.map.n; k++) {
            const struct val *text = &lang->as.map.pairs[k].v;
            lua_pushlstring(L, text->type == VAL_STR ? text->as.str.s : "",
                            text->type == VAL_STR ? text->as.str.len : 0);
            lua_setfield(L, -2, lang->as.map.pairs[k].key);
        }
        lua_setfield(L, -2, texts->as.map.pairs[i].key);
    }
}

/* `needs` and `config` are missing when the manifest could not be read. */
static void push_manifest(lua_State *L, const struct plugin *p)
{
    const struct val *m = &p->manifest, *config = val_get(m, "config");
    lua_newtable(L);
    for (size_t i = 0; m->type == VAL_MAP && i < m->as.map.n; i++) {
        lua_pushstring(L, m->as.map.pairs[i].key);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "manifest_keys");
    if (!p->needs) return;
    lua_newtable(L);
    for (lua_Integer i = 0; p->needs[i]; i++) {
        lua_pushstring(L, p->needs[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "needs");
    lua_newtable(L);
    for (size_t i = 0; val_is(config, VAL_MAP) && i < config->as.map.n; i++)
        set_flag(L, config->as.map.pairs[i].key);
    lua_setfield(L, -2, "config");
}

static void push_files(lua_State *L, const struct plugin *p)
{
    lua_newtable(L);
    for (size_t i = 0; i < p->nfiles; i++) {
        lua_newtable(L);
        set_text(L, "path", p->files[i].path);
        lua_pushlstring(L, p->files[i].text, p->files[i].len);
        lua_setfield(L, -2, "text");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_plugin(lua_State *L, const struct plugin *p)
{
    lua_newtable(L);
    set_text(L, "name", p->name);
    push_manifest(L, p);
    lua_newtable(L);
    add_modules(L, p);
    for (size_t i = 0; i < p->nrequired; i++)
        add_modules(L, p->required[i]);
    lua_setfield(L, -2, "modules");
    lua_newtable(L);
    for (size_t i = 0; p->requires && p->requires[i]; i++)
        set_flag(L, p->requires[i]);
    lua_setfield(L, -2, "requires");
    push_files(L, p);
    lua_setfield(L, -2, "files");
    push_texts(L, &p->texts);
    lua_setfield(L, -2, "texts");
}

static void push_names(lua_State *L, struct plugin *const *list, size_t n)
{
    lua_newtable(L);
    for (size_t i = 0; i < n; i++)
        set_flag(L, list[i]->name);
}

/* The code is a key of the catalogue; the values fill its sentence. */
static int take_finding(lua_State *L, struct check_finding *f)
{
    lua_getfield(L, -1, "code");
    err_set(&f->what, ERR_INVALID, luaL_checkstring(L, -1), NULL);
    lua_pop(L, 1);
    lua_getfield(L, -1, "file");
    lua_getfield(L, -2, "severity");
    lua_getfield(L, -3, "line");
    lua_getfield(L, -4, "column");
    f->file = lua_tostring(L, -4);
    f->is_error = strcmp(luaL_checkstring(L, -3), "error") == 0;
    f->line = (int)lua_tointeger(L, -2);
    f->column = (int)lua_tointeger(L, -1);
    lua_pop(L, 4); /* the texts stay in the finding's table */
    lua_getfield(L, -1, "values");
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        err_add_arg(&f->what, luaL_checkstring(L, -2), luaL_checkstring(L, -1));
    lua_pop(L, 1);
    return 0;
}

struct checking {
    const struct check_texts *texts;
    check_sink *sink;
    void *ctx;
};

/* Its parts are required by "check.NAME". */
static void preload(lua_State *L)
{
    static const char folder[] = "check/";
    lua_getglobal(L, "package");
    lua_pushstring(L, "/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua;/usr/share/lua/5.1/?.lua;"
                      "/usr/share/lua/5.1/?/init.lua");
    lua_setfield(L, -2, "path");
    lua_getfield(L, -1, "preload");
    for (const struct asset *a = assets; a->path; a++) {
        if (strncmp(a->path, folder, sizeof(folder) - 1) != 0) continue;
        lua_pushfstring(L, "@%s", a->path);
        if (luaL_loadbufferx(L, a->text, a->len, lua_tostring(L, -1), "t") != LUA_OK) lua_error(L);
        lua_remove(L, -2);
        lua_pushlstring(L, a->path, strlen(a->path) - 4);
        luaL_gsub(L, lua_tostring(L, -1), "/", ".");
        lua_remove(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -3);
    }
    lua_getfield(L, -1, "check.main");
}

static void push_context(lua_State *L, const struct check_texts *t)
{
    check_push_judges(L);
    push_api(L, t->api);
    lua_setfield(L, -2, "api");
    push_events(L, t->api);
    lua_setfield(L, -2, "events");
    push_plugin(L, t->plugin);
    lua_setfield(L, -2, "plugin");
    push_names(L, t->plugins, t->nplugins);
    lua_setfield(L, -2, "plugins");
    check_push_names(L, t);
}

static int check(lua_State *L)
{
    struct checking *c = lua_touserdata(L, 1);
    luaL_openlibs(L);
    preload(L);
    push_context(L, c->texts);
    lua_call(L, 1, 1);
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; i++, lua_pop(L, 1)) {
        struct check_finding f;
        take_finding(L, &f);
        c->sink(c->ctx, &f);
    }
    return 0;
}

int check_texts(const struct check_texts *t, check_sink *sink, void *ctx, struct err *err)
{
    struct checking c = {t, sink, ctx};
    lua_State *L = luaL_newstate();
    if (!L) return err_set(err, ERR_NOMEM, "memory", NULL);
    lua_pushcfunction(L, check);
    lua_pushlightuserdata(L, &c);
    int rc = 0;
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        const char *why = lua_tostring(L, -1);
        bool none = why && strstr(why, "module 'luacheck");
        rc = err_set(err, ERR_REFUSED, none ? "check.no_luacheck" : "check.failed", "detail", why ? why : "", NULL);
    }
    lua_close(L);
    return rc;
}
