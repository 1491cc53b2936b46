/* Functions of our library, and by the stock ones, in two states that differ in nothing else: ordinary patterns, then
 * the functions of texts and tables. */
#include <stdio.h>
#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "bench.h"
#include "vm/vm_lua.h"

enum { ROUNDS = 9 };

/* What is defined before, and what is measured; the functions are locals. */
static const struct {
    const char *name, *before, *body;
} cases[] = {
    {"words", "local s = ('the quick brown fox jumps over the lazy dog '):rep(20)",
     "local n = 0 for w in gmatch(s, '%a+') do n = n + 1 end"},
    {"trim", "local s = '   a line of some text with blanks around   '", "match(s, '^%s*(.-)%s*$')"},
    {"key_value", "local s = 'name = Tran Van An'", "match(s, '^(%w+)%s*=%s*(.*)$')"},
    {"pairs", "local s = ('from=world, to=Lua, '):rep(20)", "for k, v in gmatch(s, '(%w+)=(%w+)') do end"},
    {"split", "local s = ('one,two,three,four,'):rep(20)", "for f in gmatch(s, '([^,]*),') do end"},
    {"spaces", "local s = ('some  text   with\\tblanks '):rep(20)", "gsub(s, '%s+', ' ')"},
    {"template", "local s = ('Dear $name, $thing is due. '):rep(10) local t = { name = 'An', thing = 'it' }",
     "gsub(s, '%$(%w+)', t)"},
    {"callback", "local s = ('a1 b22 c333 '):rep(20) local function f(d) return d end", "gsub(s, '%d+', f)"},
    {"escape", "local s = ('a < b & c > d '):rep(10) local t = { ['<'] = '&lt;', ['&'] = '&amp;', ['>'] = '&gt;' }",
     "gsub(s, '[<>&]', t)"},
    {"date", "local s = 'due on 15/01/2021 at noon'", "match(s, '(%d+)/(%d+)/(%d+)')"},
    {"iso_date", "local s = '2021-01-15T08:30:00'", "match(s, '^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)$')"},
    {"identifier", "local s = 'publish_at'", "find(s, '^[%a_][%w_]*$')"},
    {"email", "local s = 'write to an.tran@example.org today'", "match(s, '[%w.]+@[%w.]+')"},
    {"utf8_chars", "local s = ('Thanh H\\u{f3}a \\u{111}\\u{1ea7}u n\\u{103}m '):rep(10)",
     "for c in gmatch(s, '[\\0-\\x7F\\xC2-\\xFD][\\x80-\\xBF]*') do end"},
    {"brackets", "local s = 'f(a, g(b, (c)), d) and more'", "match(s, '%b()')"},
    {"plain", "local s = ('a line of some text '):rep(10) .. 'needle'", "find(s, 'needle', 1, true)"},
    {"plain_short", "local s = 'content.published'", "find(s, '.', 1, true)"},
    {"plain_long", "local s = ('a line of some text '):rep(5000) .. 'needle'", "find(s, 'needle', 1, true)"},
    {"plain_worst", "local s = ('aaaaaaab'):rep(5000) .. 'aaaaaaac'", "find(s, 'aaaaaaac', 1, true)"},
    {"literal_long", "local s = ('a line of some text '):rep(5000) .. 'needle 12'", "find(s, 'needle %d+')"},
    {"lines", "local s = ('a line of some text\\n'):rep(100)", "for l in gmatch(s, '([^\\n]*)\\n') do end"},
    {"lazy", "local s = ('<b>bold</b> text '):rep(20)", "for tag in gmatch(s, '<(.-)>') do end"},
    {"format", "local f = string.format", "f('%d. %s: %5.2f', i, 'name', 1.5)"},
    {"format_long",
     "local f = ('%s and '):rep(200) local t = {} for i = 1, 200 do t[i] = 'x' end local g, u = "
     "string.format, table.unpack",
     "g(f, u(t))"},
    {"rep", "local rep = string.rep", "rep('-', 60)"},
    {"upper", "local s, up = ('a line of some text '):rep(10), string.upper", "up(s)"},
    {"byte", "local s, byte = 'a line of some text', string.byte", "byte(s, 5)"},
    {"tonumber", "local tonumber = tonumber", "tonumber('1250')"},
    {"utf8_len", "local s, len = ('Thanh H\\u{f3}a '):rep(10), utf8.len", "len(s)"},
    {"utf8_codes", "local s, codes = ('Thanh H\\u{f3}a '):rep(10), utf8.codes", "for p, c in codes(s) do end"},
    {"concat", "local t, concat = {}, table.concat for i = 1, 100 do t[i] = 'text' .. i end", "concat(t, ', ')"},
    {"concat_num", "local t, concat = {}, table.concat for i = 1, 100 do t[i] = i end", "concat(t, ', ')"},
    {"insert", "local insert = table.insert", "local t = {} for k = 1, 50 do insert(t, k) end"},
    {"insert_1", "local insert = table.insert", "local t = {} for k = 1, 50 do insert(t, 1, k) end"},
    {"remove", "local remove = table.remove", "local t = { 1, 2, 3, 4, 5 } while #t > 0 do remove(t, 1) end"},
    {"unpack", "local t, unpack = { 1, 2, 3 }, table.unpack", "unpack(t)"},
    {"sort", "local sort = table.sort", "local t = {} for k = 1, 200 do t[k] = k * 7919 % 1009 end sort(t)"},
    {"sort_sorted", "local sort = table.sort", "local t = {} for k = 1, 200 do t[k] = k end sort(t)"},
    {"sort_by", "local sort, by = table.sort, function(a, b) return a > b end",
     "local t = {} for k = 1, 200 do t[k] = k * 7919 % 1009 end sort(t, by)"},
    {"sort_texts", "local sort = table.sort local s = {} for k = 1, 200 do s[k] = 'name' .. k * 7919 % 1009 end",
     "local t = {} for k = 1, 200 do t[k] = s[k] end sort(t)"},
};

static const luaL_Reg libraries[] = {
    {"string", luaopen_string}, {"table", luaopen_table}, {"utf8", luaopen_utf8}, {NULL, NULL}};

static void make_state(struct vm **vm, bool stock, const char *before, const char *body)
{
    static char text[4096];
    struct vm_options o = {.name = "bench"};
    struct err err;
    if (vm_new(&o, vm, &err) != 0) bench_die(err.key);
    lua_State *L = vm_main(*vm);
    for (const luaL_Reg *lib = libraries; stock && lib->name; lib++) {
        lua_pushcfunction(L, lib->func);
        lua_call(L, 0, 1);
        vm_set_global(L, lib->name);
    }
    snprintf(text, sizeof(text),
             "local find, match, gmatch, gsub = string.find, string.match, string.gmatch, string.gsub %s "
             "function run(n) for i = 1, n do %s end end",
             before, body);
    if (vm_run_chunk(*vm, "bench", text, strlen(text), &err) != 0) bench_die(err.text);
}

/* Nanoseconds for one of n. */
static double measure(struct vm *vm, int n)
{
    lua_State *L = vm_main(vm);
    double start = bench_cpu();
    lua_getglobal(L, "run");
    lua_pushinteger(L, n);
    lua_call(L, 1, 0);
    return (bench_cpu() - start) / n * 1e9;
}

static void measure_case(struct bench *b, size_t k)
{
    struct vm *ours, *stock;
    double mine[ROUNDS], theirs[ROUNDS];
    char name[40];
    make_state(&ours, false, cases[k].before, cases[k].body);
    make_state(&stock, true, cases[k].before, cases[k].body);
    double once = measure(stock, 10);
    int n = (int)((b->quick ? 2e6 : 2e7) / once) + 1;
    for (int i = 0; i < ROUNDS; i++) {
        theirs[i] = measure(stock, n);
        mine[i] = measure(ours, n);
    }
    snprintf(name, sizeof(name), "lib_%s", cases[k].name);
    bench_print(b, name, bench_median(mine, ROUNDS), "ns", bench_median(theirs, ROUNDS));
    vm_free(ours);
    vm_free(stock);
}

void bench_library(struct bench *b)
{
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
        measure_case(b, k);
}
