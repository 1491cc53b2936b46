/* Everything that a plugin can reach in the built program, with every capability: compared with a list that people have
 * read (tests/hostile/reachable.txt), so that whatever is added to the environment shows in a review. And nothing of
 * Lua's own libraries that is not on that list is to be found anywhere in the state, the registry included. */
#include "fixture.h"

#include <lualib.h>

#include "plugin/api_internal.h"
#include "plugin/bind_lua.h"
#include "vm/vm_internal.h"

#define LIST KHUNG_SOURCE "/tests/hostile/reachable.txt"
#define WALK KHUNG_SOURCE "/tests/unit/cli/walk.lua"

static const char probe[] =
    "local rows = storage.table('row', { fields = { name = 'text!', n = 'integer' } })\n"
    "content.type('note', { fields = { title = 'text!' } })\n"
    "report.define('r', { title = 'R', columns = { { 'a', 'integer' } } }, function(p, out) out:row{ a = 1 } end)\n"
    "on('content.before_create', function(e) end)\n"
    "on('content.created', function(e) end)\n"
    "local part = require 'probe.part'\n"
    "flow.define('child', { title = 'Child' }, function(run) run:wait('never') end)\n"
    "flow.define('main', { title = 'Main', input = { n = 'integer' } }, function(run, input)\n"
    "  local item = content.create('note', { title = 'x' })\n"
    "  local id = rows:insert{ name = 'a' }\n"
    "  local values = {\n"
    "    run = run, input = input, item = item, items = content.find('note', {}), history = content.history(item),\n"
    "    rows = rows, row = rows:get(id), found = rows:find({}), sums = rows:aggregate{ by = { 'name' }, count = true "
    "},\n"
    "    sql = storage.sql('select * from row'), kv = storage.kv.set('k', { 1 }) or storage.kv.get('k'),\n"
    "    raised = select(2, pcall(error, { code = 'a.b', message = 'c' })), text = select(2, pcall(error, 'x')),\n"
    "    refused = select(2, pcall(rows.insert, rows, {})), argument = select(2, pcall(rows.get, 1)),\n"
    "    date = date.today(), instant = run:now(), json = json.decode('{\"a\":[1]}'), part = part,\n"
    "    child = flow.start('child', {}), runs = flow.find({}), people = people.find and people.find({}),\n"
    "    pairs = pairs({ a = 1 }), fields = pairs(item), gmatch = ('x'):gmatch('x'), codes = utf8.codes('x'),\n"
    "    inner = coroutine.create(function(a) coroutine.yield(a) end), wrapped = coroutine.wrap(function() end),\n"
    "    frozen = rawget(_ENV or {}, 'nothing'), config = config,\n"
    "  }\n"
    "  coroutine.resume(values.inner, rows)\n"
    "  run:all{ a = function() local a = run run:wait('never') end, b = function() coroutine.wrap(function()\n"
    "    pcall(run.wait, run, 'never') end)() end }\n"
    "  return values\n"
    "end)\n"
    "test.handler('go', function()\n"
    "  local flow_run = flow.start('main', { n = 1 })\n"
    "  loop.spawn(function()\n"
    "    local values = { timer = loop.after('1h', function() end), channel = loop.channel(2), run = flow_run,\n"
    "      job = loop.spawn(function() loop.sleep('1h') end) }\n"
    "    loop.sleep('1h')\n"
    "    return values\n"
    "  end)\n"
    "  return 1\n"
    "end)\n";

/* The capabilities that any function asks for. */
static void write_probe(struct fixture *f)
{
    char needs[1000] = "needs = { ";
    struct api *api = f->app.host.api;
    for (size_t i = 0; i < api_count(api); i++) {
        char one[64];
        const char *cap = api_at(api, i)->needs;
        if (!cap || strcmp(cap, API_HOST) == 0) continue;
        snprintf(one, sizeof(one), "\"%s\", ", cap);
        if (!strstr(needs, one)) strncat(needs, one, sizeof(needs) - strlen(needs) - 1);
    }
    strncat(needs, "\"fetch:*\", \"mail\" }", sizeof(needs) - strlen(needs) - 1);
    char path[200];
    /* It is not about time either. */
    fixture_write(f->settings, "{ \"probe\": { \"limits\": { \"slice_ms\": 1000 } } }");
    fixture_plugin(f, "probe", needs, probe);
    snprintf(path, sizeof(path), "%s/probe/part.lua", f->plugins);
    fixture_write(path, "local M = { list = { 1, 2 } } M.__index = M function M.new() return setmetatable({}, M) end "
                        "M.one = M.new() return M");
}

/* --- what Lua's own functions are called --- */

static lua_State *stock;

/* A function that has several names is known by its global one, or by the first in the alphabet. */
static void name_functions(lua_State *L, const char *lib)
{
    if (!lua_istable(L, -1)) return;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (!lua_iscfunction(L, -1) || lua_type(L, -2) != LUA_TSTRING) continue;
        lua_CFunction fn = lua_tocfunction(L, -1);
        void *p;
        memcpy(&p, &fn, sizeof(p));
        lua_pushfstring(L, "%s%s%s", lib, *lib ? "." : "", lua_tostring(L, -2));
        bool known = lua_rawgetp(L, LUA_REGISTRYINDEX, p) == LUA_TSTRING;
        if (known && strchr(lua_tostring(L, -1), '.')) known = strcmp(lua_tostring(L, -1), lua_tostring(L, -2)) < 0;
        lua_pop(L, 1);
        if (known)
            lua_pop(L, 1);
        else
            lua_rawsetp(L, LUA_REGISTRYINDEX, p);
    }
}

static void open_stock(void)
{
    static const char *const libs[] = {"io", "os", "debug", "package", "coroutine", "string", "table", "math", "utf8"};
    stock = luaL_newstate();
    luaL_openlibs(stock);
    lua_pushglobaltable(stock);
    name_functions(stock, "");
    for (size_t i = 0; i < sizeof(libs) / sizeof(libs[0]); i++) {
        lua_getglobal(stock, libs[i]);
        name_functions(stock, libs[i]);
    }
    luaL_getmetatable(stock, LUA_FILEHANDLE);
    name_functions(stock, "file");
    lua_getfield(stock, -1, "__index");
    name_functions(stock, "file");
    lua_getglobal(stock, "package");
    lua_getfield(stock, -1, "searchers");
    for (int i = 1; lua_rawgeti(stock, -1, i) == LUA_TFUNCTION; i++) {
        lua_CFunction fn = lua_tocfunction(stock, -1);
        void *p;
        memcpy(&p, &fn, sizeof(p));
        lua_pushliteral(stock, "package.searcher");
        lua_rawsetp(stock, LUA_REGISTRYINDEX, p);
        lua_pop(stock, 1);
    }
    lua_settop(stock, 0);
}

static const char *stock_name(lua_CFunction fn)
{
    void *p;
    memcpy(&p, &fn, sizeof(p));
    lua_settop(stock, 0);
    return lua_rawgetp(stock, LUA_REGISTRYINDEX, p) == LUA_TSTRING ? lua_tostring(stock, -1) : NULL;
}

/* --- what the walk is given --- */

static lua_CFunction dispatch;
static struct api *api_of_walk;

static int name_of(lua_State *L)
{
    lua_Debug ar;
    lua_CFunction fn = lua_tocfunction(L, 1);
    const char *name = fn ? stock_name(fn) : NULL;
    if (!fn) {
        lua_pushvalue(L, 1);
        lua_getinfo(L, ">S", &ar);
        lua_pushfstring(L, "function of the plugin, line %d", ar.linedefined);
    } else if (fn == dispatch) {
        lua_getupvalue(L, 1, 1);
        const struct api_entry *e = lua_touserdata(L, -1);
        bool known = false;
        for (size_t i = 0; i < api_count(api_of_walk); i++)
            known |= api_entry_at(api_of_walk, i) == e;
        if (!known) return luaL_error(L, "a host function that is none");
        if (e->fn->needs && strcmp(e->fn->needs, API_HOST) == 0) return luaL_error(L, "%s is the host's", e->fn->name);
        lua_pushfstring(L, "host function %s", e->fn->name);
    } else if (name) {
        lua_pushfstring(L, "Lua's %s", name);
    } else {
        lua_pushliteral(L, "function of the core");
    }
    return 1;
}

static int raw_next(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, 1) ? 2 : 0;
}

static int pointer(lua_State *L)
{
    lua_CFunction fn = lua_tocfunction(L, 1);
    void *p;
    memcpy(&p, &fn, sizeof(p));
    lua_pushlightuserdata(L, p);
    return 1;
}

static int shadow(lua_State *L)
{
    return vm_push_shadow(L, 1);
}

static int is_object(lua_State *L)
{
    lua_pushboolean(L, vm_is_object(L, 1));
    return 1;
}

static int is_light(lua_State *L)
{
    lua_pushboolean(L, lua_islightuserdata(L, 1));
    return 1;
}

static int type_of(lua_State *L)
{
    lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

static int text_of(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

static int starts(lua_State *L)
{
    const char *head = luaL_checkstring(L, 2);
    lua_pushboolean(L, strncmp(luaL_checkstring(L, 1), head, strlen(head)) == 0);
    return 1;
}

static int next_place(lua_State *L)
{
    lua_Integer i = luaL_checkinteger(L, 2) + 1;
    lua_pushinteger(L, i);
    return lua_rawgeti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int each_place(lua_State *L)
{
    lua_pushcfunction(L, next_place);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static void push_helpers(lua_State *L)
{
    static const luaL_Reg own[] = {
        {"name", name_of},      {"next", raw_next},       {"pointer", pointer}, {"shadow", shadow},
        {"is_light", is_light}, {"is_object", is_object}, {"type", type_of},    {"tostring", text_of},
        {"ipairs", each_place}, {"starts", starts},       {NULL, NULL}};
    lua_pushcfunction(L, luaopen_debug); /* a table of its own: nothing else holds it */
    lua_call(L, 0, 1);
    luaL_setfuncs(L, own, 0);
    lua_pushcfunction(L, luaopen_table);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "sort");
    lua_setfield(L, -3, "sort");
    lua_pop(L, 1);
    lua_pushthread(L);
    lua_setfield(L, -2, "main");
}

static void add_root(lua_State *L, int roots, const char *name)
{
    lua_createtable(L, 2, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 2);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 1);
    lua_rawseti(L, roots, (lua_Integer)lua_rawlen(L, roots) + 1);
}

static void push_roots(lua_State *L, struct fixture *f, struct plugin_vm *pv)
{
    char name[128];
    lua_newtable(L);
    int roots = lua_gettop(L);
    lua_pushglobaltable(L);
    add_root(L, roots, "_G");
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1)) add_root(L, roots, "text<meta>");
    for (size_t i = 0; i < f->app.host.nkinds; i++) {
        const struct val_kind *kind = f->app.host.kinds[i].kind;
        assert_int_equal(lua_rawgetp(L, LUA_REGISTRYINDEX, kind), LUA_TTABLE);
        snprintf(name, sizeof(name), "%s<meta>", kind->name);
        add_root(L, roots, name);
    }
    vm_push_modules(L);
    add_root(L, roots, "modules");
    for (size_t i = 0; i < pv->nfns; i++) {
        vm_push_ref(L, pv->fns[i].ref);
        snprintf(name, sizeof(name), "%s %s", pv->fns[i].kind, pv->fns[i].name);
        add_root(L, roots, name);
    }
    int n = 0;
    for (lua_Integer i = 3; i <= (lua_Integer)lua_rawlen(L, LUA_REGISTRYINDEX); i++) {
        if (lua_rawgeti(L, LUA_REGISTRYINDEX, i) == LUA_TTHREAD && lua_tothread(L, -1) != L) {
            snprintf(name, sizeof(name), "coroutine %d", ++n);
            lua_pushvalue(L, -1);
            add_root(L, roots, name);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, roots);
}

struct walking {
    struct fixture *f;
    struct plugin_vm *pv;
    bool registry;
    char *list; /* lines, sorted */
};

static int walk(lua_State *L)
{
    struct walking *w = lua_touserdata(L, 1);
    luaL_Buffer b;
    if (luaL_loadfilex(L, WALK, "t") != LUA_OK) return lua_error(L);
    if (w->registry) {
        lua_newtable(L);
        lua_pushvalue(L, LUA_REGISTRYINDEX);
        add_root(L, lua_gettop(L) - 1, "registry");
    } else {
        push_roots(L, w->f, w->pv);
    }
    push_helpers(L);
    /* Walking over everything must not walk over itself. */
    lua_call(L, 2, 1);
    lua_getglobal(L, "table");
    lua_pushcfunction(L, luaopen_table);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
        luaL_addvalue(&b);
        luaL_addchar(&b, '\n');
    }
    lua_pop(L, 1);
    luaL_pushresult(&b);
    w->list = strdup(lua_tostring(L, -1));
    return 0;
}

static char *walk_probe(struct fixture *f, bool registry)
{
    write_probe(f);
    fixture_reload(f);
    fixture_ok(f, "go", fixture_run(f, "probe", "go", NULL));
    for (int i = 0; i < 5; i++)
        app_run(&f->app);
    struct plugin_vm *pv = plugins_vm(f->app.host.plugins, "probe");
    struct walking w = {f, pv, registry, NULL};
    lua_State *L = vm_main(pv->vm);
    api_of_walk = f->app.host.api;
    lua_pushglobaltable(L);
    assert_true(vm_push_shadow(L, -1));
    lua_getfield(L, -1, "t"); /* a function of the host */
    dispatch = lua_tocfunction(L, -1);
    assert_non_null(dispatch);
    lua_settop(L, 0);
    lua_pushcfunction(L, walk);
    lua_pushlightuserdata(L, &w);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
    return w.list;
}

static char *read_list(void)
{
    FILE *in = fopen(LIST, "r");
    char *text = calloc(1, 4 << 20);
    if (!in) return text;
    size_t n = fread(text, 1, (4 << 20) - 1, in);
    fclose(in);
    text[n] = '\0';
    return text;
}

/* The next line that is no comment; NULL at the end. */
static char *next_line(char **text)
{
    char *line;
    do {
        line = *text && **text ? *text : NULL;
        if (!line) return NULL;
        char *end = strchr(line, '\n');
        *text = end ? end + 1 : NULL;
        if (end) *end = '\0';
    } while (*line == '#' || *line == '\0');
    return line;
}

static int show_difference(char *before, char *now)
{
    int n = 0;
    char *a = next_line(&before), *b = next_line(&now);
    while (a || b) {
        int order = !a ? 1 : !b ? -1 : strcmp(a, b);
        if (order) print_message("%c %s\n", order < 0 ? '-' : '+', order < 0 ? a : b);
        n += order != 0;
        if (order <= 0) a = next_line(&before);
        if (order >= 0) b = next_line(&now);
    }
    return n;
}

static void what_a_plugin_reaches_is_what_was_reviewed(void **state)
{
    char *now = walk_probe(*state, false), *before = read_list();
    if (getenv("KHUNG_WRITE")) {
        FILE *out = fopen(LIST, "w");
        assert_non_null(out);
        fputs("# Every value that a plugin with all capabilities can reach, and more: what lies behind upvalues and\n"
              "# metatables, which it cannot read. See tests/unit/cli/walk.lua for how to read the paths. A new line "
              "is a\n"
              "# new way in: look at it, then write the list anew by KHUNG_WRITE=1 build/release/unit_cli_reach\n",
              out);
        fputs(now, out);
        fclose(out);
    } else if (show_difference(before, now) > 0) {
        fail_msg("what a plugin can reach has changed; if it is meant, see the head of tests/hostile/reachable.txt");
    }
    free(before);
    free(now);
}

/* The reviewed list says which of Lua's functions are there. None but those, and none of these even if it stood there.
 */
static void no_dangerous_function_is_anywhere_in_the_state(void **state)
{
    static const char *const dangerous[] = {
        "io.",        "os.",          "debug.",       "package.",    "coroutine.",     "file.",  "string.dump",
        "string.rep", "load",         "dofile",       "require",     "collectgarbage", "rawset", "rawget",
        "rawlen",     "getmetatable", "setmetatable", "next",        "pairs",          "pcall",  "xpcall",
        "print",      "tostring",     "warn",         "math.random", "loadfile"};
    char *all = walk_probe(*state, true), *rest = all;
    int functions = 0;
    for (char *line; (line = next_line(&rest));) {
        char *name = strstr(line, "  Lua's ");
        if (!name) continue;
        functions++;
        name += strlen("  Lua's ");
        for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++) {
            size_t n = strlen(dangerous[i]);
            bool lib = dangerous[i][n - 1] == '.';
            if (lib ? strncmp(name, dangerous[i], n) == 0 : strcmp(name, dangerous[i]) == 0) fail_msg("%s", line);
        }
    }
    assert_true(functions > 20); /* the walk sees them */
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(what_a_plugin_reaches_is_what_was_reviewed),
        ONE(no_dangerous_function_is_anywhere_in_the_state),
    };
    open_stock();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lua_close(stock);
    return failed;
}
