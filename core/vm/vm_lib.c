/* Our own forms of library functions: bounded, without addresses, aware of frozen tables. And require. */
#include <math.h>
#include <string.h>

#include "runtime/log.h"
#include "vm/vm_internal.h"

static const char loaded_key; /* registry: modules by full name */

/* --- text --- */

static int to_string(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_callmeta(L, 1, "__tostring")) {
        if (!lua_isstring(L, -1)) return luaL_error(L, "'__tostring' must return a string");
        return 1;
    }
    switch (lua_type(L, 1)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        lua_pushstring(L, luaL_typename(L, 1));
        return 1; /* no address */
    default:
        luaL_tolstring(L, 1, NULL);
        return 1;
    }
}

/* print writes to the log: a service has no terminal. */
static int print(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L);
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        lua_pushcfunction(L, to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        if (i > 1) luaL_addchar(&b, ' ');
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    log_info("plugin.print", "plugin", vm_of(L)->name, "text", lua_tostring(L, -1), NULL);
    return 0;
}

static int repeat(lua_State *L)
{
    size_t len, sep_len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    if (n <= 0 || len + sep_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((uint64_t)n > VM_BLOCK_MAX / (len + sep_len)) return luaL_error(L, "resulting string too large");
    size_t total = (size_t)n * (len + sep_len) - sep_len, unit = len + sep_len;
    vm_make_room(L, total);
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, total + sep_len);
    memcpy(p, s, len);
    memcpy(p + len, sep, sep_len);
    for (size_t done = unit; done < total; done *= 2) /* what is there, once more */
        memcpy(p + done, p, done < total - done ? done : total - done);
    luaL_pushresultsize(&b, total);
    return 1;
}

/* Conversions that show addresses. The text may hold NULs, after which the stock function reads on. */
static bool has_address(const char *p, const char *end)
{
    while ((p = memchr(p, '%', (size_t)(end - p)))) {
        for (p++; p < end && *p && strchr("-+ #0123456789.", *p);)
            p++;
        if (p == end) return false;
        if (*p++ == 'p') return true;
    }
    return false;
}

/* string.format: %p is refused, tables and functions are written by their type. Upvalue: the stock function. */
static int format(lua_State *L)
{
    size_t len;
    const char *f = luaL_checklstring(L, 1, &len);
    if (has_address(f, f + len)) return luaL_error(L, "invalid conversion '%%p' to 'format'");
    for (int i = 2; i <= lua_gettop(L); i++) {
        int type = lua_type(L, i);
        if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING) continue;
        lua_pushcfunction(L, to_string);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        lua_replace(L, i);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L); /* in this frame: its errors name this function */
}

/* --- tables: the stock functions, for lengths that are sane. Upvalue: the stock function. --- */

static int less(lua_State *L)
{
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

/* The stock functions count in C up to what __len says, where no hook can end it. */
static void check_length(lua_State *L)
{
    if (!lua_istable(L, 1)) return;
    if (vm_has_own_len(L, 1)) luaL_error(L, "a table with its own __len cannot be used here");
    if (luaL_len(L, 1) > VM_LENGTH_MAX) luaL_error(L, "table is too long");
}

static int bounded(lua_State *L)
{
    check_length(L);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int bounded_range(lua_State *L)
{
    check_length(L);
    for (int i = 2; i <= lua_gettop(L) && i <= 4; i++)
        if (lua_type(L, i) == LUA_TNUMBER && fabs(lua_tonumber(L, i)) > VM_LENGTH_MAX)
            return luaL_argerror(L, i, "index is too large");
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int move(lua_State *L)
{
    if (luaL_checkinteger(L, 3) > VM_MOVE_MAX && luaL_checkinteger(L, 2) < luaL_checkinteger(L, 3) - VM_MOVE_MAX)
        return luaL_argerror(L, 3, "too many elements to move at once");
    return bounded_range(L);
}

/* With a comparator that can be stopped. */
static int sort(lua_State *L)
{
    check_length(L);
    if (lua_istable(L, 1) && lua_isnoneornil(L, 2) && luaL_len(L, 1) > VM_SORT_PLAIN) {
        lua_settop(L, 1);
        lua_pushcfunction(L, less);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Puts `fn` in the place of a stock function, which becomes its upvalue. */
static void wrap(lua_State *L, const char *lib, const char *name, lua_CFunction fn)
{
    lua_getglobal(L, lib);
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, fn, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* --- raw access through frozen tables --- */

static int raw_get(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (vm_push_shadow(L, 1)) lua_replace(L, 1);
    lua_rawget(L, 1);
    return 1;
}

static int raw_set(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 3);
    if (vm_push_shadow(L, 1)) return vm_read_only(L);
    lua_rawset(L, 1);
    return 1;
}

static int raw_len(lua_State *L)
{
    luaL_argexpected(L, lua_istable(L, 1) || lua_isstring(L, 1), 1, "table or string");
    if (lua_istable(L, 1) && vm_push_shadow(L, 1)) lua_replace(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int get_metatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushliteral(L, "__metatable");
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    vm_push_class(L);
    return 1;
}

static int set_metatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    lua_settop(L, 2);
    if (lua_getmetatable(L, 1)) {
        lua_pushliteral(L, "__metatable");
        if (lua_rawget(L, -2) != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
        lua_settop(L, 2);
    }
    if (lua_istable(L, 2) && vm_push_shadow(L, 2)) lua_replace(L, 2);
    static const char *const refused[] = {"__gc", "__mode"};
    for (int i = 0; lua_istable(L, 2) && i < 2; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "%s is not available here", refused[i]);
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

static int collect(lua_State *L)
{
    if (strcmp(luaL_optstring(L, 1, "count"), "count") != 0)
        return luaL_error(L, "only collectgarbage(\"count\") is available");
    lua_pushnumber(L, (double)vm_of(L)->used / 1024.0);
    return 1;
}

/* --- random: seeded by the run, so that a replay draws the same --- */

void vm_seed(struct vm *vm, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t z = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        vm->random[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* xoshiro256**, as Lua's own. */
static uint64_t next_random(struct vm *vm)
{
    uint64_t *s = vm->random, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static int draw(lua_State *L)
{
    uint64_t r = next_random(vm_of(L));
    lua_Integer low = 1, high;
    if (lua_gettop(L) == 0) {
        lua_pushnumber(L, (double)(r >> 11) * 0x1.0p-53);
        return 1;
    }
    if (lua_gettop(L) == 1) {
        high = luaL_checkinteger(L, 1);
        if (high == 0) { /* all bits */
            lua_pushinteger(L, (lua_Integer)r);
            return 1;
        }
    } else {
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t drawn = (uint64_t)low + (span + 1 ? r % (span + 1) : r);
    lua_pushinteger(L, (lua_Integer)drawn);
    return 1;
}

void vm_set_stable(struct vm *vm, bool on, uint64_t seed)
{
    vm->stable = on;
    if (on) vm_seed(vm, seed);
}

void vm_stable_begin(struct vm *vm, uint64_t seed, struct vm_stable *was)
{
    was->on = vm->stable;
    memcpy(was->random, vm->random, sizeof(was->random));
    vm_set_stable(vm, true, seed);
}

void vm_stable_end(struct vm *vm, const struct vm_stable *was)
{
    vm->stable = was->on;
    memcpy(vm->random, was->random, sizeof(was->random));
}

/* --- require --- */

static int refuse_module(lua_State *L, const char *key, const char *name)
{
    struct err err;
    err_set(&err, ERR_PLUGIN, key, "module", name, NULL);
    vm_where(vm_of(L), err.where, sizeof(err.where));
    vm_push_err(L, &err, "en");
    return lua_error(L);
}

/* Runs the text of the module (name at 1, modules at 2) and pushes what it returns. */
static void run_module(lua_State *L, const char *chunk, const char *text, size_t len)
{
    lua_pushcfunction(L, vm_message_handler);
    int handler = lua_gettop(L);
    vm_load_text(L, chunk, text, len);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, vm_of(L)); /* under way */
    lua_rawset(L, 2);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, handler) == LUA_OK) return;
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, 2);
    vm_check_stop(L);
    lua_error(L);
}

static int require_module(lua_State *L)
{
    struct vm *vm = vm_of(L);
    const char *name = luaL_checkstring(L, 1), *chunk = name;
    size_t len;
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    if (vm_push_shadow(L, 2)) lua_replace(L, 2);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) return lua_islightuserdata(L, 3) ? refuse_module(L, "require.cycle", name) : 1;
    const char *text = vm->source ? vm->source(vm->source_ctx, name, &len, &chunk) : NULL;
    if (!text) return refuse_module(L, "require.missing", name);
    if (vm->frozen) return refuse_module(L, "require.late", name);
    run_module(L, chunk, text, len);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

/* The table of modules, for the freeze. */
void vm_push_modules(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

void vm_open_lib(lua_State *L)
{
    static const luaL_Reg base[] = {{"tostring", to_string},
                                    {"print", print},
                                    {"rawget", raw_get},
                                    {"rawset", raw_set},
                                    {"rawlen", raw_len},
                                    {"getmetatable", get_metatable},
                                    {"setmetatable", set_metatable},
                                    {"collectgarbage", collect},
                                    {"require", require_module},
                                    {NULL, NULL}};
    lua_pushglobaltable(L);
    luaL_setfuncs(L, base, 0);
    lua_pop(L, 1);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
    lua_getglobal(L, "string");
    lua_pushcfunction(L, repeat);
    lua_setfield(L, -2, "rep");
    lua_pop(L, 1);
    lua_getglobal(L, "math");
    lua_pushcfunction(L, draw);
    lua_setfield(L, -2, "random");
    lua_pop(L, 1);
    wrap(L, "string", "format", format);
    wrap(L, "table", "move", move);
    wrap(L, "table", "unpack", bounded_range);
    wrap(L, "table", "concat", bounded_range);
    wrap(L, "table", "insert", bounded);
    wrap(L, "table", "remove", bounded);
    wrap(L, "table", "sort", sort);
}
