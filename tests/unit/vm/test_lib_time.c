/* The library with the worst arguments we know: how long after its limit does a function still run?
 *
 * Every function that the environment has must stand in the table below. The time is CPU time of this thread beyond the
 * limit, and is printed where it is much. */
#include <stdlib.h>

#include "base/clock.h"
#include "fixture.h"
#include "runtime/log.h"

enum { LIMIT_MS = 5, ROUNDS = 5, MEMORY = 64 << 20 };

/* What is asserted leaves room for a machine that is not idle. A text of 4 MiB is one block of memory, which Lua itself
 * copies, hashes and reads in one go, and the kernel gives page by page: that alone takes milliseconds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LATE_US = 100000, BLOCK_US = 1000000 };
#else
enum { LATE_US = 4000, BLOCK_US = 12000 };
#endif

/* What a case may use, made before its limit begins if its name occurs in it. */
static const struct {
    const char *name, *code;
} given[] = {
    {"big", "big = ('x'):rep(4 << 20)"},
    {"half", "half = ('x'):rep(2 << 20)"},
    {"tails", "tails = ('\\x80'):rep(2 << 20)"},
    {"digits", "digits = ('1'):rep(4 << 20)"},
    {"nuls", "nuls = ('\\0'):rep(4 << 20)"},
    {"wide", "wide = {} for i = 1, 1 << 20 do wide[i] = i * 7919 % 1000003 end"},
    {"texts", "texts = {} for i = 1, 100000 do texts[i] = 'text' .. i end"},
    {"same", "same = {} for i = 1, 900 do same[i] = half end"},
    {"keys", "keys = {} for i = 1, 200000 do keys[-i] = i end"},
    {"values", "values = {} for i = 1, 16000 do values[i] = i end"},
    {"endless", "endless = setmetatable({}, { __index = function() return 1 end })"},
    {"silent", "silent = setmetatable({}, { __index = wide })"},
    {"liar", "liar = setmetatable({}, { __len = function() return 1 << 50 end })"},
};

static const struct {
    const char *function, *body;
    bool large; /* Lua itself makes or reads a large block in one go */
} cases[] = {
    {"assert", "pcall(assert, false, big)"},
    {"collectgarbage", "collectgarbage('count')"},
    {"coroutine.create", "coroutine.create(print)"},
    {"coroutine.isyieldable", "coroutine.isyieldable()"},
    {"coroutine.resume", "coroutine.resume(coroutine.create(function(...) return ... end), table.unpack(values))"},
    {"coroutine.running", "coroutine.running()"},
    {"coroutine.status", "coroutine.status(coroutine.running())"},
    {"coroutine.wrap", "coroutine.wrap(function(...) return ... end)(table.unpack(values))"},
    {"coroutine.yield", "pcall(coroutine.yield, table.unpack(values))"},
    {"error", "pcall(error, big)", true},
    {"getmetatable", "getmetatable(endless)"},
    {"ipairs", "for _ in ipairs(endless) do end"},
    {"math.abs", "pcall(math.abs, digits)", true},
    {"math.acos", "math.acos(0.5)"},
    {"math.asin", "math.asin(0.5)"},
    {"math.atan", "math.atan(1e300, 1e-300)"},
    {"math.ceil", "math.ceil(1e300)"},
    {"math.cos", "math.cos(1e300)"},
    {"math.exp", "math.exp(709)"},
    {"math.floor", "math.floor(-1e300)"},
    {"math.fmod", "math.fmod(1e308, 3e-308) math.fmod(math.mininteger, -1)"},
    {"math.log", "math.log(1e300, 3)"},
    {"math.max", "math.max(table.unpack(values))"},
    {"math.min", "math.min(table.unpack(values))"},
    {"math.modf", "math.modf(1e300)"},
    {"math.random", "math.random(math.mininteger, math.maxinteger)"},
    {"math.sin", "math.sin(1e300)"},
    {"math.sqrt", "math.sqrt(2)"},
    {"math.tan", "math.tan(1e300)"},
    {"math.tointeger", "math.tointeger(digits)", true},
    {"math.type", "math.type(digits)"},
    {"math.ult", "pcall(math.ult, digits, 1)", true},
    {"next", "local k repeat k = next(wide, k) until not k"},
    {"next", "next(keys, -100000)"},
    {"pairs", "for _ in pairs(wide) do end"},
    {"pairs", "for _ in pairs(keys) do end"},
    {"pcall", "pcall(pcall, table.unpack(values))"},
    {"print", "print()"},
    {"print", "print(half, table.unpack(values))"},
    {"print", "print(table.unpack(values))"},
    {"rawequal", "rawequal(big, half)"},
    {"rawget", "rawget(wide, digits)"},
    {"rawlen", "rawlen(wide)"},
    {"rawset", "rawset({}, digits, 1)"},
    {"require", "pcall(require, big)"},
    {"select", "select('#', table.unpack(values)) select(-1, table.unpack(values))"},
    {"setmetatable", "setmetatable({}, endless)"},
    {"string.byte", "pcall(string.byte, big, 1, -1) string.byte(big, 1, 7000)"},
    {"string.char", "string.char(string.byte(big, 1, 7000))"},
    {"string.find", "half:find('a-a-a-a-b')"},
    {"string.find", "half:find('.-b')"},
    {"string.find", "half:find(('x'):rep(70000) .. 'y', 1, true)", true},
    {"string.find", "half:find(big:sub(1, 1 << 20) .. 'y', 1, true)", true},
    {"string.find", "pcall(string.find, half, big)"},
    {"string.find", "pcall(string.find, half, ('['):rep(60000))"},
    {"string.find", "pcall(string.find, half, ('[^a]*'):rep(12000))"},
    {"string.find", "half:find('%f[y]')"},
    {"string.find", "half:find('%bxy')"},
    {"string.find", "half:find('(x*)%1y')"},
    {"string.find", "half:find('(.-)%1y')"},
    {"string.format", "pcall(string.format, '%99.99f', 1e308)"},
    {"string.format", "string.format('%s', half)", true},
    {"string.format", "pcall(string.format, '%q', nuls)"},
    {"string.format", "pcall(string.format, ('%5d'):rep(5000), table.unpack(values))"},
    {"string.format", "pcall(string.format, ('%99.99f'):rep(5000), table.unpack(values))"},
    {"string.format", "pcall(string.format, half)", true},
    {"string.format", "pcall(string.format, ('%'):rep(2 << 20))", true},
    {"string.format", "pcall(string.format, ('%d'):rep(1 << 20), digits)", true},
    {"string.gmatch", "for _ in half:gmatch('a*') do end"},
    {"string.gmatch", "for _ in half:gmatch('.-') do end"},
    {"string.gmatch", "for _ in half:gmatch('.*') do end", true},
    {"string.gsub", "half:gsub('', '')", true},
    {"string.gsub", "half:gsub('y', '')", true},
    {"string.gsub", "pcall(string.gsub, half, 'x', '%0%0%0')", true},
    {"string.gsub", "half:gsub('x', { x = 'y' })", true},
    {"string.gsub", "half:gsub('.*', '%0')", true},
    {"string.gsub", "half:gsub('x', endless)", true},
    {"string.gsub", "('x'):gsub('x', ('%%'):rep(2 << 20))", true},
    {"string.len", "big:len()"},
    {"string.lower", "half:lower()", true},
    {"string.match", "half:match('((((((((.*))))))))')", true},
    {"string.match", "half:match('.-.-.-.-y')"},
    {"string.pack", "string.pack('s', half) pcall(string.pack, ('i16'):rep(100000), table.unpack(values))", true},
    {"string.pack", "pcall(string.pack, (' '):rep(2 << 20))", true},
    {"string.pack", "pcall(string.pack, 'c15000000', 'x')"},
    {"string.pack", "pcall(string.pack, ('!16'):rep(1 << 20))", true},
    {"string.packsize", "pcall(string.packsize, ('i16'):rep(1 << 20)) pcall(string.packsize, (' '):rep(2 << 20))",
     true},
    {"string.rep", "('x'):rep(4 << 20)", true},
    {"string.rep", "('xy'):rep(1 << 20, 'z')", true},
    {"string.reverse", "half:reverse()", true},
    {"string.sub", "half:sub(2)", true},
    {"string.unpack", "pcall(string.unpack, 's4', '\\0\\0\\0\\1' .. half) string.unpack('z', half .. '\\0')", true},
    {"string.unpack", "pcall(string.unpack, ('x'):rep(2 << 20), half)", true},
    {"string.unpack", "pcall(string.unpack, ('B'):rep(1000000), half)", true},
    {"string.upper", "half:upper()", true},
    {"table.concat", "pcall(table.concat, wide)"},
    {"table.concat", "table.concat(texts, half:sub(1, 30))", true},
    {"table.concat", "pcall(table.concat, texts, half:sub(1, 1 << 20))"},
    {"table.concat", "pcall(table.concat, endless, '', 1, 5000000)"},
    {"table.concat", "pcall(table.concat, silent, '', 1, 5000000)"},
    {"table.insert", "wide[#wide] = nil table.insert(wide, 1, 1)"},
    {"table.insert", "pcall(table.insert, liar, 1, 1)"},
    {"table.move", "table.move(wide, 1, 1000000, 2)"},
    {"table.move", "pcall(table.move, wide, 1, 1000000, 1, {})", true},
    {"table.move", "pcall(table.move, silent, 1, 1000000, 2)", true},
    {"table.pack", "table.pack(table.unpack(values))"},
    {"table.remove", "table.remove(wide, 1) wide[#wide + 1] = 1"},
    {"table.sort", "table.sort(wide)"},
    {"table.sort", "table.sort(same)"},
    {"table.sort", "pcall(table.sort, wide, function() return true end)"},
    {"table.unpack", "pcall(table.unpack, wide, 1, 1000000)"},
    {"table.unpack", "pcall(table.unpack, endless, 1, 900000)"},
    {"tonumber", "tonumber(digits)"},
    {"tonumber", "tonumber(digits, 36)"},
    {"tonumber", "tonumber((' '):rep(4 << 20))", true},
    {"tonumber", "tonumber('0x' .. digits)", true},
    {"tostring", "tostring(half)"},
    {"type", "type(half)"},
    {"utf8.char", "utf8.char(table.unpack(values))"},
    {"utf8.codepoint", "pcall(utf8.codepoint, half, 1, -1) pcall(utf8.codepoint, half, 1, 7000)"},
    {"utf8.codes", "for _ in utf8.codes(half) do end"},
    {"utf8.codes", "pcall(utf8.codes('ab'), tails, 1)"},
    {"utf8.len", "utf8.len(big)"},
    {"utf8.len", "utf8.len(big, 4 << 20)"},
    {"utf8.offset", "utf8.offset(big, 4 << 20)"},
    {"utf8.offset", "utf8.offset(big, -4 << 20)"},
    {"utf8.offset", "pcall(utf8.offset, tails, 1, 2 << 20) utf8.offset(tails, 0, 2 << 20)"},
    {"xpcall", "xpcall(error, print, table.unpack(values))"},
    /* Operators: nothing stops them, but that texts have an end. */
    {"", "local _ = nuls < ('\\0'):rep(4 << 20)"},
    {"", "local _ = big < ('x'):rep(4 << 20)"},
    {"", "local _ = big == ('x'):rep(4 << 20)"},
    {"", "local _ = half .. half"},
    {"", "local _ = ({})[half .. half]", true}, /* hashed byte by byte */
    {"", "pcall(function() return digits + 1 end)", true},
    {"", "pcall(function() return ('0x' .. digits:sub(3)) * 1 end)", true},
    {"", "pcall(function() for i = digits, 1 do end end)", true},
    {"", "pcall(function() return big .. nil end)"},
    {"", "local _ = #big, big:len()"},
    {"", "for _ in next, {} do end local t = {} for i = 1, 1 << 19 do t[i] = i end"},
};

static void open_case(struct fixture *f, const char *function, const char *body)
{
    char text[3000] = "";
    const char *needs = strstr(body, "same") ? "half" : strstr(body, "silent") ? "wide" : "";
    vm_free(f->vm);
    arena_reset(&f->arena);
    open_state(f, MEMORY);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        if ((strstr(body, given[i].name) || strstr(needs, given[i].name)) && load(f, given[i].code))
            fail_msg("%s: %s", given[i].name, f->err.text);
    snprintf(text, sizeof(text), "keep(function() while true do %s end end)", body);
    int rc = load(f, text);
    vm_set_stable(f->vm, strcmp(function, "next") == 0 || strcmp(function, "pairs") == 0, 1);
    if (rc) fail_msg("%s: %s %s", body, f->err.key, f->err.text);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* How late is it, in the median? Limits of several lengths: a function may end at one of them by chance. */
static int64_t measure(struct fixture *f, const char *body)
{
    int64_t late[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t limit = LIMIT_MS + round - ROUNDS / 2, start = clock_thread_cpu_ns();
        vm_limit_begin(f->vm, limit);
        int rc = vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err);
        vm_limit_end(f->vm);
        late[round] = clock_thread_cpu_ns() - start - limit * 1000000;
        if (rc != ERR_LIMIT) fail_msg("%s: %d %s %s", body, rc, f->err.key, f->err.text);
    }
    qsort(late, ROUNDS, sizeof(late[0]), by_size);
    return late[ROUNDS / 2];
}

static void no_function_runs_on_behind_its_limit(void **state)
{
    struct fixture *f = *state;
    log_init(LOG_ERROR, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_case(f, cases[i].function, cases[i].body);
        int64_t late = measure(f, cases[i].body);
        if (late > 500000) print_message("%6.2f ms: %s\n", (double)late / 1e6, cases[i].body);
        if (late > (cases[i].large ? BLOCK_US : LATE_US) * 1000LL) fail_msg("too late: %s", cases[i].body);
    }
}

static void a_block_that_cannot_be_made_in_time_is_not_begun(void **state)
{
    static const char *const bodies[] = {"('x'):rep(4 << 20)", "big:upper()", "big:reverse()", "big:match('.*')"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        open_case(f, "", bodies[i]);
        int64_t start = clock_thread_cpu_ns();
        vm_limit_begin(f->vm, 4);
        assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), ERR_LIMIT);
        vm_limit_end(f->vm);
        int64_t took = clock_thread_cpu_ns() - start;
        assert_string_equal(f->err.key, "limit.time");
        if (took > 3000000) fail_msg("%s: %.2f ms", bodies[i], (double)took / 1e6);
        /* And where there is time it is made. */
        vm_limit_begin(f->vm, 60000);
        vm_unref(f->vm, f->kept);
        char text[200];
        snprintf(text, sizeof(text), "keep(function() return #%s end)", bodies[i]);
        assert_int_equal(load(f, text), 0);
        assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), 0);
        vm_limit_end(f->vm);
    }
}

/* --- is the table above whole? --- */

static void expect_case(const char *name)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (strcmp(cases[i].function, name) == 0) return;
    fail_msg("%s has no worst case here", name);
}

static void every_function_has_a_case(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    char name[100];
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *global = lua_tostring(L, -2);
        if (strcmp(global, "keep") == 0 || strcmp(global, "wait") == 0) continue; /* the test's own */
        if (lua_isfunction(L, -1)) expect_case(global);
        if (!lua_istable(L, -1)) continue;
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            snprintf(name, sizeof(name), "%s.%s", global, lua_tostring(L, -2));
            if (lua_isfunction(L, -1)) expect_case(name);
        }
    }
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(no_function_runs_on_behind_its_limit),
        ONE(a_block_that_cannot_be_made_in_time_is_not_begun),
        ONE(every_function_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
