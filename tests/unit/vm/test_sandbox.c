/* What plugins can reach: every name, reviewed. */
#include "fixture.h"

static const char *const reviewed[] = {
    "_VERSION",
    "assert",
    "collectgarbage",
    "coroutine",
    "coroutine.create",
    "coroutine.isyieldable",
    "coroutine.resume",
    "coroutine.running",
    "coroutine.status",
    "coroutine.wrap",
    "coroutine.yield",
    "error",
    "getmetatable",
    "ipairs",
    "math",
    "math.abs",
    "math.acos",
    "math.asin",
    "math.atan",
    "math.ceil",
    "math.cos",
    "math.exp",
    "math.floor",
    "math.fmod",
    "math.huge",
    "math.log",
    "math.max",
    "math.maxinteger",
    "math.min",
    "math.mininteger",
    "math.modf",
    "math.pi",
    "math.random",
    "math.sin",
    "math.sqrt",
    "math.tan",
    "math.tointeger",
    "math.type",
    "math.ult",
    "next",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "require",
    "select",
    "setmetatable",
    "string",
    "string.byte",
    "string.char",
    "string.find",
    "string.format",
    "string.gmatch",
    "string.gsub",
    "string.len",
    "string.lower",
    "string.match",
    "string.pack",
    "string.packsize",
    "string.rep",
    "string.reverse",
    "string.sub",
    "string.unpack",
    "string.upper",
    "table",
    "table.concat",
    "table.insert",
    "table.move",
    "table.pack",
    "table.remove",
    "table.sort",
    "table.unpack",
    "tonumber",
    "tostring",
    "type",
    "utf8",
    "utf8.char",
    "utf8.charpattern",
    "utf8.codepoint",
    "utf8.codes",
    "utf8.len",
    "utf8.offset",
    "xpcall",
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all that can be reached from the table at the top, in raw access, metatables too. */
static void collect(lua_State *L, const char *prefix, char **names, size_t *n)
{
    assert_false(lua_getmetatable(L, -1));
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        char name[100];
        assert_int_equal(lua_type(L, -2), LUA_TSTRING);
        snprintf(name, sizeof(name), "%s%s", prefix, lua_tostring(L, -2));
        if (strcmp(name, "keep") == 0 || strcmp(name, "wait") == 0) continue; /* the test's own */
        assert_true(*n < 200);
        names[(*n)++] = strdup(name);
        if (!lua_istable(L, -1)) continue;
        strcat(name, ".");
        collect(L, name, names, n);
    }
}

static void every_name_that_can_be_reached_is_reviewed(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    char *names[200];
    size_t n = 0;
    lua_pushglobaltable(L);
    collect(L, "", names, &n);
    qsort(names, n, sizeof(names[0]), by_name);
    for (size_t i = 0; i < n && i < sizeof(reviewed) / sizeof(reviewed[0]); i++)
        assert_string_equal(names[i], reviewed[i]);
    assert_int_equal(n, sizeof(reviewed) / sizeof(reviewed[0]));
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    lua_settop(L, 0);
}

static void the_metatable_of_texts_is_closed(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    expect_text(f, "return tostring(getmetatable('')) .. tostring(('x').dump)", "falsenil");
    lua_pushliteral(L, "");
    assert_true(lua_getmetatable(L, -1));
    lua_getfield(L, -1, "__index");
    lua_getglobal(L, "string");
    assert_true(lua_rawequal(L, -1, -2));
    lua_settop(L, 0);
}

static void addresses_are_never_shown(void **state)
{
    static const char *const bodies[] = {
        "return tostring({}) .. tostring(print) .. tostring(function() end) .. tostring(coroutine.create(print))",
        "return string.format('%s %s %q', {}, print, 'x')",
        "local _, e = pcall(string.format, '%p', {}) return e",
        "local _, e = pcall(string.format, '%%%-10p', 'x') return e",
        "local _, e = pcall(string.format, '\\0 %p', 'x') return e",
        "local _, e = pcall(error, {}) return tostring(e)",
        "local _, e = pcall(function() return {} .. {} end) return e",
        "local _, e = pcall(function() return {} < print end) return e",
        "local _, e = pcall(function() local t = setmetatable({}, { __name = 'X' }) return t + 1 end) return e",
        "local _, e = pcall(string.rep) return e",
        "local _, e = pcall(ipairs) return e",
    };
    struct fixture *f = *state;
    struct val out;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(run(f, bodies[i], &out), 0);
        assert_null(strstr(val_cstr(&f->arena, &out), "0x"));
    }
    expect_failure(f, "error({})", ERR_PLUGIN, NULL);
    assert_null(strstr(f->err.text, "0x"));
    assert_null(strstr(f->err.traceback, "0x"));
}

static void what_is_unsafe_is_refused(void **state)
{
    static const char *const bodies[] = {
        "setmetatable({}, { __gc = print })", "setmetatable({}, { __mode = 'k' })",
        "setmetatable({}, { __gc = true })",  "collectgarbage('stop')",
        "collectgarbage('collect')",          "setmetatable('', {})",
        "getmetatable('').__index = {}",      "string.rep('x', 1 << 40)",
        "string.rep('', 1 << 62, 'xx')",      "coroutine.close(coroutine.create(print))",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_failure(*state, bodies[i], ERR_PLUGIN, "lua.error");
    expect_text(*state, "return math.type(collectgarbage('count')) .. math.type(collectgarbage('count'))",
                "floatfloat");
}

static void bytecode_is_not_loaded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "\x1bLua\x54"), ERR_PLUGIN);
    assert_string_equal(f->err.key, "lua.syntax");
}

/* --- errors --- */

static void an_error_says_what_and_where(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, "\n error('no: really')", ERR_PLUGIN, "lua.error");
    assert_string_equal(f->err.where, "t.lua:2");
    assert_string_equal(f->err.text, "no: really");
    assert_non_null(strstr(f->err.traceback, "t.lua:2"));
    expect_failure(f, "error('at 10:12: late', 0)", ERR_PLUGIN, "lua.error");
    assert_string_equal(f->err.text, "at 10:12: late");
    expect_failure(f, "error(404)", ERR_PLUGIN, "lua.error");
    assert_string_equal(f->err.text, "404");
    expect_failure(f, "error()", ERR_PLUGIN, "lua.error");
    expect_failure(f, "error{ message = 'only' }", ERR_PLUGIN, "lua.error");
    assert_string_equal(f->err.text, "only");
    assert_int_equal(load(f, "x = = 1"), ERR_PLUGIN);
    assert_string_equal(f->err.key, "lua.syntax");
    assert_string_equal(f->err.where, "t.lua:1");
}

static void an_error_object_keeps_its_record_when_it_is_raised_again(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, "local _, e = pcall(function()\n wait() end)\n error(e)", ERR_REFUSED, "wait.impossible");
    assert_string_equal(f->err.where, "t.lua:2");
    assert_string_equal(err_arg(&f->err, "function"), "wait");
    expect_text(f, "local _, e = pcall(wait) return tostring(tostring(e) == e.message) .. tostring(getmetatable(e))",
                "truefalse");
}

static void no_metamethod_of_an_error_value_is_called(void **state)
{
    expect_failure(
        *state,
        "error(setmetatable({}, { __index = function() keep(print) end, __tostring = function() keep(print) end }))",
        ERR_PLUGIN, "lua.error");
}

/* Neither when the metatable is set nor when it is changed afterwards. */
static void there_are_no_weak_tables_and_no_finalizers(void **state)
{
    static const char garbage[] = "for i = 1, 20000 do local x = { i } end ";
    struct fixture *f = *state;
    char body[400];
    for (int i = 0; i < 3; i++) {
        static const char *const modes[] = {"k", "v", "kv"};
        snprintf(body, sizeof(body),
                 "local m = {} local t = setmetatable({}, m) m.__mode = '%s' t[{}] = {} %s return next(t) and 'kept'",
                 modes[i], garbage);
        expect_text(f, body, "kept");
    }
    snprintf(body, sizeof(body),
             "local n = 'not called' do local m = {} local t = setmetatable({}, m) "
             "m.__gc = function() n = 'called' end end %s return n",
             garbage);
    expect_text(f, body, "not called");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(every_name_that_can_be_reached_is_reviewed),
        ONE(the_metatable_of_texts_is_closed),
        ONE(addresses_are_never_shown),
        ONE(what_is_unsafe_is_refused),
        ONE(bytecode_is_not_loaded),
        ONE(an_error_says_what_and_where),
        ONE(an_error_object_keeps_its_record_when_it_is_raised_again),
        ONE(no_metamethod_of_an_error_value_is_called),
        ONE(there_are_no_weak_tables_and_no_finalizers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
