/* math.random, seeded by the run, so that a replay draws the same. */
#include <string.h>

#include "vm/vm_internal.h"

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

void vm_open_random(lua_State *L)
{
    lua_getglobal(L, "math");
    lua_pushcfunction(L, draw);
    lua_setfield(L, -2, "random");
    lua_pop(L, 1);
}
