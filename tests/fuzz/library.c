/* Functions of our own library against those of liblua: random calls, as Lua code that both run.
 *
 *   fuzz_library [CALLS [SEED]]   100,000 calls and a random seed, which is printed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/digest.h"
#include "vm/vm_lua.h"

static uint64_t state;
static char code[8192];
static size_t at;

static unsigned draw(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % n);
}

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(code + at, sizeof(code) - at, format, args);
    va_end(args);
    if (n > 0 && at + (size_t)n < sizeof(code)) at += (size_t)n;
}

static void put_int(int most)
{
    static const char *const odd[] = {
        "math.mininteger", "math.maxinteger", "0", "-1", "'3'", "2.0", "nil", "1.5", "{}"};
    if (draw(40) == 0)
        put("%s", odd[draw(9)]);
    else
        put("%d", (int)draw((unsigned)most + 4) - 2);
}

/* Up to `most` more arguments, each a small number. */
static void put_ints(unsigned most, int range)
{
    for (unsigned n = draw(most + 1); n > 0; n--) {
        put(", ");
        put_int(range);
    }
}

static void put_text(void)
{
    static const char *const parts[] = {"a",
                                        "Z",
                                        "\\0",
                                        "\\r",
                                        "\\xC3\\xA1",
                                        "\\xE1\\xBB\\x81",
                                        "\\x80",
                                        "\\xFF",
                                        "\\xC0\\xAF",
                                        "\\xED\\xA0\\x80",
                                        "\\xF0\\x9F\\x98\\x80",
                                        "\\xF4\\x90\\x80\\x80",
                                        "\\xFD\\xBF",
                                        "\\x7F",
                                        " ",
                                        "9",
                                        "\\\"",
                                        "\\n"};
    put("'");
    for (unsigned n = draw(9); n > 0; n--)
        put("%s", parts[draw(18)]);
    put("'");
}

static void put_list(void)
{
    unsigned kind = draw(4);
    put("local t = {");
    for (unsigned n = draw(12); n > 0; n--)
        if (kind == 0)
            put("'%c%u', ", 'a' + (char)draw(4), draw(10));
        else if (kind == 1 && draw(12) == 0)
            put("%s, ", (const char *[]){"nil", "true", "1.5", "{}"}[draw(4)]);
        else
            put("%u, ", draw(20));
    put("} ");
}

static void make_table_call(void)
{
    static const char *const orders[] = {"", ", function(a, b) return a > b end",
                                         ", function(a, b) return a % 7 < b % 7 or (a % 7 == b % 7 and a < b) end",
                                         ", 1"};
    unsigned which = draw(6);
    put_list();
    if (which == 5) put("t.failed = '' ");
    put("local u = { 7, 8, 9 } return show(t, u, pcall(table.");
    switch (which) {
    case 0:
        put("concat, t, %s", (const char *[]){"''", "', '", "nil", "5"}[draw(4)]);
        put_ints(2, 12);
        break;
    case 1:
        put("insert, t");
        put_ints(3, 12);
        break;
    case 2:
        put("remove, t");
        put_ints(1, 12);
        break;
    case 3:
        put("move, t, %d, %d, %d", (int)draw(14) - 1, (int)draw(14) - 1, (int)draw(14) - 1);
        put("%s", draw(3) ? "" : ", u");
        break;
    case 4:
        put("unpack, t");
        put_ints(2, 12);
        break;
    default:
        put("sort, t%s", orders[draw(10) ? draw(3) : 3]);
    }
    put("))");
}

static void make_text_call(void)
{
    static const char *const names[] = {"string.byte", "utf8.len", "utf8.codepoint", "utf8.offset", "string.rep"};
    static const char *const changes[] = {"lower", "upper", "reverse", "len"};
    unsigned k = draw(8);
    put("return show({}, {}, pcall(");
    if (k < 5) {
        put("%s, ", names[k]);
        put_text();
        if (k == 4) {
            put(", %u", draw(6));
            if (draw(2)) put(", ','");
        } else {
            put_ints(k == 3 ? 2 : 3, 12);
        }
    } else {
        put("string.%s, ", changes[draw(4)]);
        put_text();
    }
    put("))");
}

/* Half of the formats are so long that they go piece by piece. */
static void make_format_call(void)
{
    static const char letters[] = "diouxXcaAeEfgGqsy";
    unsigned n = draw(4);
    put("return show({ failed = '' }, {}, pcall(string.format, ");
    if (draw(2)) put("(' '):rep(1100) .. ");
    put("'");
    for (unsigned i = 0; i < n; i++) {
        put("%s%%", (const char *[]){"", "x", "%%%%"}[draw(3)]);
        if (draw(3) == 0) put("%c", "-+ #0"[draw(5)]);
        if (draw(3) == 0) put("%u", draw(30));
        if (draw(3) == 0) put(".%u", draw(20));
        put("%c", draw(30) ? letters[draw(17)] : '9');
    }
    put("'");
    for (n = draw(20) ? n : draw(4); n > 0; n--) {
        put(", ");
        if (draw(4) == 0)
            put_text();
        else
            put("%s", (const char *[]){"1", "-7", "65", "0.1", "1e300", "true", "nil", "1/0", "'12'"}[draw(9)]);
    }
    put("))");
}

/* Turns tables and results into one text. After an error, what a table holds is open, and for some calls (t.failed)
 * also which of several errors it is; and the stock remove names a wrong argument. */
static const char show[] =
    "local concat, type, math, select, tostring, gsub = table.concat, type, math, select, tostring, string.gsub\n"
    "local function one(v) if type(v) == 'table' then return 'table' end\n"
    "  return v == nil and '-' or (math.type(v) or type(v)) .. ':' .. tostring(v) end\n"
    "local function list(t) local r = {} for i = -3, 20 do r[#r + 1] = one(t[i]) end return concat(r, ',') end\n"
    "function show(t, u, ok, ...) if not ok then return t.failed or (gsub(..., '#%d', '#')) end\n"
    "  local r = { list(t), list(u) }\n"
    "  for i = 1, select('#', ...) do r[#r + 1] = one((select(i, ...))) end return concat(r, '|') end\n";

static void run(lua_State *L, const char *text)
{
    lua_settop(L, 0);
    if (luaL_loadstring(L, text) != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK) {
        printf("%s\n%s\n", text, lua_tostring(L, -1));
        exit(2);
    }
}

static bool compare(lua_State *ours, lua_State *stock)
{
    size_t n, m;
    run(ours, code);
    run(stock, code);
    const char *a = lua_tolstring(ours, 1, &n), *b = lua_tolstring(stock, 1, &m);
    if (n == m && memcmp(a, b, n) == 0) return true;
    printf("differs: %s\n  ours:  %s\n  stock: %s\n", code, a, b);
    return false;
}

int main(int argc, char **argv)
{
    static void (*const make[])(void) = {make_table_call, make_text_call, make_format_call};
    long calls = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    struct vm_options o = {.name = "fuzz"};
    struct vm *vm;
    struct err err;
    uint64_t seed;
    int wrong = 0;
    digest_random(&seed, sizeof(seed));
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    state = seed | 1;
    if (vm_new(&o, &vm, &err) != 0) return 2;
    lua_State *stock = luaL_newstate();
    luaL_openlibs(stock);
    lua_pushnil(stock); /* so that errors name functions as they do in our states */
    lua_setfield(stock, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    run(stock, show);
    run(vm_main(vm), show);
    clock_t start = clock();
    for (long i = 0; i < calls && wrong < 5; i++) {
        at = 0;
        code[0] = '\0';
        make[draw(3)]();
        wrong += !compare(vm_main(vm), stock);
    }
    printf("%ld calls, seed %llu: %d differ, %.1f s\n", calls, (unsigned long long)seed, wrong,
           (double)(clock() - start) / CLOCKS_PER_SEC);
    lua_close(stock);
    vm_free(vm);
    return wrong ? 1 : 0;
}
