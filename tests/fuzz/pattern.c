/* find, match, gmatch and gsub of plugins against those of liblua, on random patterns, subjects and replacements.
 *
 *   fuzz_pattern [PAIRS [SEED]]   200,000 pairs and a random seed, which is printed
 *
 * Most subjects are short, and no pattern has many items that look far ahead (a repetition, %b, %1): the stock
 * functions would not come to an end. A few subjects are long, for patterns with one such item. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/digest.h"
#include "vm/vm_lua.h"

struct text {
    char bytes[10000];
    size_t len;
};

struct pair {
    struct text subject, pattern, template;
    int init, most; /* NONE: not given */
    int repl;       /* of gsub: a kind of replacement */
    bool plain;
};
enum { NONE = 1000000 };
enum { BY_TEMPLATE, BY_FUNCTION, BY_TABLE, BY_NUMBER, BY_KINDS };

static uint64_t state;

static unsigned draw(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % n);
}

static void put(struct text *t, const char *s, size_t n)
{
    if (t->len + n > sizeof(t->bytes) - 1) return;
    memcpy(t->bytes + t->len, s, n);
    t->len += n;
    t->bytes[t->len] = '\0';
}

static void put_char(struct text *t, char c)
{
    put(t, &c, 1);
}

static const char plain_chars[] = "aaabbbcAZ019_ ,=:/\n";
static const char odd_chars[] = "()[]%.-+*?^$\0\xff\x80\x7f";

static char any_char(void)
{
    unsigned k = draw(40);
    if (k == 0) return (char)draw(256);
    if (k < 4) return odd_chars[draw(sizeof(odd_chars) - 1)];
    if (k < 24) return plain_chars[draw(6)];
    return plain_chars[draw(sizeof(plain_chars) - 1)];
}

/* A piece again and again, with something else at the end: longer than the pieces in which the matcher works. */
static void lengthen(struct text *t)
{
    size_t unit = 1 + draw(6), n = 4000 + draw(5000);
    while (t->len < unit)
        put_char(t, any_char());
    while (t->len < n)
        put(t, t->bytes, unit);
    for (unsigned more = draw(4); more > 0; more--)
        put_char(t, any_char());
}

static void make_subject(struct text *t)
{
    size_t n = draw(8) == 0 ? draw(60) : draw(20);
    t->len = 0;
    t->bytes[0] = '\0';
    bool brackets = draw(6) == 0;
    for (size_t i = 0; i < n; i++)
        put_char(t, brackets && draw(2) ? "()"[draw(2)] : any_char());
}

static void put_class(struct text *t)
{
    static const char letters[] = "acdglpsuwxzACDGLPSUWXZ";
    put_char(t, '%');
    if (draw(4))
        put_char(t, letters[draw(sizeof(letters) - 1)]);
    else
        put_char(t, any_char());
}

static void put_set(struct text *t)
{
    put_char(t, '[');
    if (draw(3) == 0) put_char(t, '^');
    if (draw(12) == 0) put_char(t, ']');
    for (unsigned n = draw(4) + (draw(20) != 0); n > 0; n--) {
        unsigned k = draw(8);
        if (k == 0) {
            put_class(t);
        } else if (k < 3) {
            put_char(t, any_char());
            put_char(t, '-');
            put_char(t, any_char());
        } else {
            put_char(t, any_char());
        }
    }
    if (draw(40)) put_char(t, ']');
}

static void put_single(struct text *t)
{
    unsigned k = draw(16);
    if (k < 7)
        put_char(t, plain_chars[draw(sizeof(plain_chars) - 1)]);
    else if (k < 9)
        put_char(t, '.');
    else if (k < 12)
        put_class(t);
    else if (k < 15)
        put_set(t);
    else
        put_char(t, any_char());
}

/* An item that looks far ahead takes one of `far`. */
static void put_item(struct text *t, int *far)
{
    unsigned k = draw(24);
    if ((k == 7 || k == 9) && (*far)-- <= 0) return;
    if (k < 3) {
        put(t, "(", 1);
    } else if (k < 6) {
        put(t, ")", 1);
    } else if (k == 6) {
        put(t, "()", 2);
    } else if (k == 7) {
        put(t, "%b", 2);
        for (unsigned n = draw(30) ? 2 : draw(2); n > 0; n--)
            put_char(t, draw(2) ? any_char() : "()"[n % 2]);
    } else if (k == 8) {
        put(t, "%f", 2);
        if (draw(10)) put_set(t);
    } else if (k == 9) {
        put_char(t, '%');
        put_char(t, (char)('0' + draw(draw(4) ? 4 : 10)));
    } else {
        put_single(t);
        if (draw(5) < 2 && (*far)-- > 0) put_char(t, "*+-?"[draw(4)]);
    }
}

static void make_pattern(struct text *t, bool is_long)
{
    bool has_chain = !is_long && draw(60) == 0;
    int far = is_long || has_chain ? 1 : 4;
    t->len = 0;
    t->bytes[0] = '\0';
    if (draw(6) == 0) put_char(t, '^');
    for (unsigned n = draw(7); n > 0; n--)
        put_item(t, &far);
    if (has_chain)
        for (int i = 0; i < 40; i++)
            put(t, i % 2 ? "()" : "a?", 2);
    if (draw(6) == 0) put_char(t, '$');
}

static void make_template(struct text *t)
{
    t->len = 0;
    t->bytes[0] = '\0';
    for (unsigned n = draw(5); n > 0; n--) {
        unsigned k = draw(8);
        if (k == 0) {
            put(t, "%%", 2);
        } else if (k < 4) {
            put_char(t, '%');
            put_char(t, (char)('0' + draw(draw(6) ? 3 : 10)));
        } else {
            put_char(t, draw(8) ? plain_chars[draw(6)] : any_char());
        }
    }
}

static void make_pair(struct pair *p)
{
    bool is_long = draw(2000) == 0;
    make_subject(&p->subject);
    if (is_long) lengthen(&p->subject);
    make_pattern(&p->pattern, is_long);
    make_template(&p->template);
    p->init = draw(3) ? NONE : (int)draw(60) - 30;
    p->most = draw(5) ? NONE : (int)draw(5) - 1;
    p->repl = (int)draw(BY_KINDS);
    p->plain = draw(10) == 0;
}

/* --- the calls --- */

/* A replacement by what it is given: all kinds of values. */
static int give_value(lua_State *L)
{
    size_t n = 0;
    const char *s = lua_tolstring(L, 1, &n);
    switch (n ? (unsigned char)s[0] % 7 : 6) {
    case 0:
        lua_pushnil(L);
        break;
    case 1:
        lua_pushboolean(L, 0);
        break;
    case 2:
        lua_pushinteger(L, lua_gettop(L));
        break;
    case 3:
        lua_pushnumber(L, 0.5);
        break;
    case 4:
        if (n > 2)
            lua_newtable(L);
        else
            lua_pushboolean(L, n != 2);
        break;
    default:
        lua_settop(L, lua_gettop(L) < 3 ? lua_gettop(L) : 3);
        lua_concat(L, lua_gettop(L));
    }
    return 1;
}

static void push_replacement(lua_State *L, const struct pair *p)
{
    switch (p->repl) {
    case BY_FUNCTION:
        lua_pushcfunction(L, give_value);
        return;
    case BY_TABLE:
        lua_newtable(L);
        lua_pushstring(L, "one");
        lua_setfield(L, -2, "a");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "b");
        lua_pushinteger(L, 7);
        lua_rawseti(L, -2, 1);
        return;
    case BY_NUMBER:
        lua_pushnumber(L, 2.5);
        return;
    default:
        lua_pushlstring(L, p->template.bytes, p->template.len);
    }
}

static void push_number(lua_State *L, int n)
{
    if (n == NONE)
        lua_pushnil(L);
    else
        lua_pushinteger(L, n);
}

enum { FIND, MATCH, GSUB, GMATCH, CALLS };
static const char *const names[] = {"find", "match", "gsub", "gmatch"};

/* Pushes the results, or the message alone; whether it went well is told by `ok`. */
static int call(lua_State *L, const struct pair *p, int which, bool *ok)
{
    int base = lua_gettop(L);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, names[which]);
    lua_remove(L, -2);
    lua_pushlstring(L, p->subject.bytes, p->subject.len);
    lua_pushlstring(L, p->pattern.bytes, p->pattern.len);
    if (which == GSUB) {
        push_replacement(L, p);
        push_number(L, p->most);
    } else {
        push_number(L, p->init);
        lua_pushboolean(L, which == FIND && p->plain);
    }
    *ok = lua_pcall(L, 4, which == GMATCH ? 1 : LUA_MULTRET, 0) == LUA_OK;
    for (int turn = 0; which == GMATCH && *ok && turn < 100; turn++) {
        lua_pushvalue(L, base + 1);
        int before = lua_gettop(L);
        luaL_checkstack(L, 100, NULL);
        *ok = lua_pcall(L, 0, LUA_MULTRET, 0) == LUA_OK;
        if (lua_gettop(L) < before || lua_isnil(L, before)) break;
    }
    if (which == GMATCH) lua_remove(L, base + 1); /* an error has its message on the top */
    return lua_gettop(L) - base;
}

static bool is_same(lua_State *A, lua_State *B, int a, int b)
{
    if (lua_type(A, a) != lua_type(B, b)) return false;
    if (lua_type(A, a) == LUA_TNIL) return true;
    if (lua_type(A, a) == LUA_TNUMBER)
        return lua_isinteger(A, a) == lua_isinteger(B, b) && lua_tonumber(A, a) == lua_tonumber(B, b);
    size_t na, nb;
    const char *x = lua_tolstring(A, a, &na), *y = lua_tolstring(B, b, &nb);
    return x && y && na == nb && memcmp(x, y, na) == 0;
}

static void show(const char *what, const char *s, size_t n)
{
    printf("  %s: \"", what);
    for (size_t i = 0; i < n; i++)
        if (s[i] >= 32 && s[i] < 127 && s[i] != '"' && s[i] != '\\')
            putchar(s[i]);
        else
            printf("\\%03d", (unsigned char)s[i]);
    printf("\"\n");
}

static void show_results(const char *who, lua_State *L, int n, bool ok)
{
    printf("  %s: %s\n", who, ok ? "results" : "error");
    for (int i = -n; i < 0; i++) {
        size_t len;
        lua_pushvalue(L, i);
        const char *s = lua_tolstring(L, -1, &len);
        show(luaL_typename(L, i - 1), s ? s : "nil", s ? len : 3);
        lua_pop(L, 1);
    }
}

/* What the pairs are like: a generator whose patterns never match would prove nothing. */
static long found, failed;

static bool compare(lua_State *ours, lua_State *stock, const struct pair *p, int which)
{
    bool ok_ours, ok_stock;
    int n = call(ours, p, which, &ok_ours), m = call(stock, p, which, &ok_stock);
    bool same = n == m && ok_ours == ok_stock;
    found += ok_stock && m > 0 && !lua_isnil(stock, -1);
    failed += !ok_stock;
    for (int i = 1; same && i <= n; i++)
        same = is_same(ours, stock, -i, -i);
    if (!same) {
        printf("string.%s differs\n", names[which]);
        show("subject", p->subject.bytes, p->subject.len);
        show("pattern", p->pattern.bytes, p->pattern.len);
        show("template", p->template.bytes, p->template.len);
        printf("  init %d, most %d, replacement %d, plain %d\n", p->init, p->most, p->repl, p->plain);
        show_results("ours", ours, n, ok_ours);
        show_results("stock", stock, m, ok_stock);
    }
    lua_settop(ours, 0);
    lua_settop(stock, 0);
    return same;
}

int main(int argc, char **argv)
{
    long pairs = argc > 1 ? strtol(argv[1], NULL, 10) : 200000;
    struct vm_options o = {.name = "fuzz"};
    struct vm *vm;
    struct err err;
    struct pair p;
    uint64_t seed;
    digest_random(&seed, sizeof(seed));
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    state = seed | 1;
    printf("%ld pairs, each by four functions, seed %llu\n", pairs, (unsigned long long)seed);
    fflush(stdout); /* a run that is stopped from outside can be repeated */
    if (vm_new(&o, &vm, &err) != 0) return 2;
    lua_State *stock = luaL_newstate();
    luaL_openlibs(stock);
    int wrong = 0;
    clock_t start = clock();
    for (long i = 0; i < pairs && wrong < 5; i++) {
        make_pair(&p);
        for (int which = 0; which < CALLS; which++)
            wrong += !compare(vm_main(vm), stock, &p, which);
    }
    printf("%ld calls gave something, %ld failed, %d differ, %.1f s\n", found, failed, wrong,
           (double)(clock() - start) / CLOCKS_PER_SEC);
    if (found < pairs || failed < pairs / 4) wrong++;
    lua_close(stock);
    vm_free(vm);
    return wrong ? 1 : 0;
}
