/* The sandbox: values, waits, limits, freeze. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vm/vm_lua.h"

struct fixture {
    struct vm *vm;
    struct arena arena;
    struct err err;
    int kept;
};

static int keep(lua_State *L)
{
    struct fixture *f = vm_owner(vm_of(L));
    f->kept = vm_ref(L, 1);
    return 0;
}

static int wait_here(lua_State *L)
{
    return vm_wait(L);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct vm_options o = {.name = "test", .memory_soft = 8 << 20, .owner = f};
    arena_init(&f->arena, 16 << 20);
    assert_int_equal(vm_new(&o, &f->vm, &f->err), 0);
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, keep);
    vm_set_global(L, "keep");
    lua_pushcfunction(L, wait_here);
    vm_set_global(L, "wait");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    vm_free(f->vm);
    arena_close(&f->arena);
    free(f);
    return 0;
}

static int load(struct fixture *f, const char *text)
{
    return vm_run_chunk(f->vm, "t.lua", text, strlen(text), &f->err);
}

static int load_frozen(struct fixture *f, const char *text)
{
    int rc = load(f, text);
    return rc ? rc : vm_freeze(f->vm, &f->kept, f->kept ? 1 : 0, &f->err);
}

/* Calls the kept function without arguments. */
static int call(struct fixture *f, struct val *out)
{
    vm_limit_begin(f->vm, 50);
    int rc = vm_call(f->vm, f->kept, NULL, 0, &f->arena, out, &f->err);
    vm_limit_end(f->vm);
    return rc;
}

static void values_go_to_lua_and_back_unchanged(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load(f, "keep(function() return { a = 1, b = 1.0, c = { 1, 'x', true }, d = { n = {} } } end)"),
                     0);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(val_get(&out, "a")->type, VAL_INT);
    assert_int_equal(val_get(&out, "b")->type, VAL_NUM);
    assert_int_equal(val_get(&out, "c")->as.list.n, 3);
}

static void a_table_that_holds_itself_is_refused(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load(f, "keep(function() local t = {} t.t = t return t end)"), 0);
    assert_int_equal(call(f, &out), ERR_INVALID);
}

static void an_endless_loop_is_stopped(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() while true do end end)"), 0);
    assert_int_equal(call(f, NULL), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
}

static void pcall_cannot_keep_the_stop(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() while true do pcall(function() while true do end end) end end)"), 0);
    assert_int_equal(call(f, NULL), ERR_LIMIT);
}

static void nested_coroutines_cannot_keep_the_stop(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() while true do local c = coroutine.wrap(function() while true do "
                             "coroutine.resume(coroutine.create(function() while true do end end)) end end) "
                             "pcall(c) end end)"),
                     0);
    assert_int_equal(call(f, NULL), ERR_LIMIT);
}

static void a_state_works_after_a_stop(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        load(f, "local n = { 0 } keep(function() if n[1] == 0 then n[1] = 1 while true do end end return 7 end)"), 0);
    assert_int_equal(call(f, NULL), ERR_LIMIT);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(out.as.i, 7);
}

static void memory_is_limited(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end end)"),
                     0);
    /* Without a limit of time, which slow builds reach first. */
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.memory");
}

static void an_error_says_where_it_was_raised(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "\nkeep(function() error('no') end)"), 0);
    assert_int_equal(call(f, NULL), ERR_PLUGIN);
    assert_string_equal(f->err.where, "t.lua:2");
    assert_string_equal(f->err.text, "no");
    assert_non_null(strstr(f->err.traceback, "t.lua:2"));
}

static void an_error_object_keeps_its_code(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() error{ code = 'mine.x', message = 'why' } end)"), 0);
    assert_int_equal(call(f, NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "mine.x");
}

static int resume(struct fixture *f, struct vm_co *co, int64_t n, struct val *out)
{
    struct val in = val_int(n);
    return vm_co_resume(co, &in, 1, NULL, &f->arena, out, &f->err);
}

static void wait_twice(struct fixture *f, const char *code, int64_t expected)
{
    struct vm_co *co;
    struct val out;
    assert_int_equal(load(f, code), 0);
    assert_int_equal(vm_co_new(f->vm, f->kept, &co, &f->err), 0);
    assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
    assert_int_equal(resume(f, co, 30, &out), VM_WAITING);
    assert_int_equal(resume(f, co, 12, &out), VM_DONE);
    assert_int_equal(out.as.i, expected);
    vm_co_free(co);
}

static void a_coroutine_waits_and_goes_on(void **state)
{
    wait_twice(*state, "keep(function() return wait() + wait() end)", 42);
}

static void a_wait_passes_through_pcall_and_plugin_coroutines(void **state)
{
    wait_twice(*state,
               "keep(function() local c = coroutine.wrap(function() local ok, a = pcall(wait) "
               "coroutine.yield(a) return (wait()) end) return c() + c() end)",
               42);
}

static void a_wait_can_fail_with_an_error(void **state)
{
    struct fixture *f = *state;
    struct vm_co *co;
    struct val out;
    struct err no;
    err_set(&no, ERR_TIMEOUT, "flow.timeout", NULL);
    assert_int_equal(load(f, "keep(function() local ok, e = pcall(wait) return e.code end)"), 0);
    assert_int_equal(vm_co_new(f->vm, f->kept, &co, &f->err), 0);
    assert_int_equal(vm_co_resume(co, NULL, 0, NULL, &f->arena, &out, &f->err), VM_WAITING);
    assert_int_equal(vm_co_resume(co, NULL, 0, &no, &f->arena, &out, &f->err), VM_DONE);
    assert_true(val_is_str(&out, "flow.timeout"));
    vm_co_free(co);
}

static void a_wait_in_a_comparator_is_refused(void **state)
{
    struct fixture *f = *state;
    struct vm_co *co;
    struct val out;
    assert_int_equal(
        load(f, "keep(function() local ok, e = pcall(table.sort, { 2, 1 }, function() wait() end) return e.code end)"),
        0);
    assert_int_equal(vm_co_new(f->vm, f->kept, &co, &f->err), 0);
    assert_int_equal(vm_co_resume(co, NULL, 0, NULL, &f->arena, &out, &f->err), VM_DONE);
    assert_true(val_is_str(&out, "wait.impossible"));
    vm_co_free(co);
}

static void globals_are_read_only_after_loading(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load_frozen(f, "keep(function() counter = 1 end)"), 0);
    assert_int_equal(call(f, NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "lua.read_only");
    assert_non_null(strstr(f->err.where, "t.lua:1"));
}

static void a_function_that_assigns_an_upvalue_is_refused_with_the_line(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        load_frozen(f, "local n = 0\nkeep(function()\n  local function add() n = n + 1 end\n  add()\nend)"),
        ERR_PLUGIN);
    assert_string_equal(f->err.key, "lua.upvalue");
    assert_string_equal(err_arg(&f->err, "name"), "n");
    assert_string_equal(f->err.where, "t.lua:3");
}

static void own_locals_of_a_call_may_be_assigned_by_inner_functions(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        load_frozen(f, "keep(function() local n = 0 local function add() n = n + 1 end add() add() return n end)"), 0);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(out.as.i, 2);
}

static void frozen_tables_read_like_plain_ones(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        load_frozen(f, "local t = { 3, 1, 2, k = 'v' } keep(function() local n = 0 "
                       "for _, x in ipairs(t) do n = n + x end for k in pairs(t) do n = n + 10 end "
                       "return { n, #t, t.k, rawlen(t), rawget(t, 'k'), table.concat(t, ','), next(t) ~= nil, "
                       "select('#', table.unpack(t)) } end)"),
        0);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(out.as.list.items[0].as.i, 46);
    assert_int_equal(out.as.list.items[1].as.i, 3);
    assert_true(val_is_str(&out.as.list.items[5], "3,1,2"));
    assert_int_equal(out.as.list.items[7].as.i, 3);
}

static void frozen_tables_refuse_every_way_of_writing(void **state)
{
    static const char *const ways[] = {"t.x = 1",
                                       "t[1] = 1",
                                       "rawset(t, 1, 2)",
                                       "table.insert(t, 1)",
                                       "table.remove(t)",
                                       "table.sort(t)",
                                       "table.move({1}, 1, 1, 1, t)",
                                       "setmetatable(t, nil)",
                                       "string.x = 1",
                                       "getmetatable(t).x = 1"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char code[200];
        void *fresh;
        set_up(&fresh);
        snprintf(code, sizeof(code), "local t = { 3, 1, 2 } keep(function() %s end)", ways[i]);
        assert_int_equal(load_frozen(fresh, code), 0);
        assert_int_not_equal(call(fresh, NULL), 0);
        tear_down(&fresh);
    }
    (void)state;
}

static void classes_work_after_the_freeze(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load_frozen(f,
                                 "local C = {} C.__index = C function C.new(n) return setmetatable({ n = n }, C) end "
                                 "function C:get() return self.n end local old = C.new(1) "
                                 "keep(function() local o = C.new(41) o.n = o.n return o:get() + old:get() "
                                 "+ (getmetatable(o) == C and 0 or 100) end)"),
                     0);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(out.as.i, 42);
}

static void stable_pairs_do_not_depend_on_insertion(void **state)
{
    struct fixture *f = *state;
    struct val a, b;
    assert_int_equal(
        load(f, "local function walk(t) local s = '' for k in pairs(t) do s = s .. tostring(k) .. ' ' end "
                "local k = next(t) while k ~= nil do s = s .. tostring(k) .. ';' k = next(t, k) end return s end "
                "keep(function() return { walk{ 5, 6, b = 1, a = 2, [true] = 3, [2.5] = 4, zz = 1 }, "
                "(function() local t = {} t.zz = 1 t[2.5] = 4 t.a = 2 t[2] = 6 t[true] = 3 t[1] = 5 t.b = 1 return "
                "walk(t) end)() } end)"),
        0);
    vm_set_stable(f->vm, true, 1);
    assert_int_equal(call(f, &a), 0);
    assert_true(val_equal(&a.as.list.items[0], &a.as.list.items[1]));
    (void)b;
}

static void random_is_the_same_for_the_same_run(void **state)
{
    struct fixture *f = *state;
    struct val a, b;
    assert_int_equal(load(f, "keep(function() return { math.random(100), math.random(), math.random(5, 9) } end)"), 0);
    vm_set_stable(f->vm, true, 17);
    assert_int_equal(call(f, &a), 0);
    vm_set_stable(f->vm, true, 17);
    assert_int_equal(call(f, &b), 0);
    assert_true(val_equal(&a, &b));
}

static void only_reviewed_names_are_reachable(void **state)
{
    struct fixture *f = *state;
    struct val out;
    static const char reviewed[] =
        "_VERSION assert collectgarbage coroutine error getmetatable ipairs keep math next pairs pcall print rawequal "
        "rawget "
        "rawlen rawset require select setmetatable string table tonumber tostring type utf8 wait xpcall ";
    assert_int_equal(
        load(f,
             "keep(function() local s = '' for _, n in ipairs{ '_G', '_VERSION', 'assert', 'collectgarbage', "
             "'coroutine', "
             "'debug', 'dofile', 'error', 'getmetatable', 'io', 'ipairs', 'keep', 'load', 'loadfile', 'math', 'next', "
             "'os', 'package', 'pairs', 'pcall', 'print', 'rawequal', 'rawget', 'rawlen', 'rawset', 'require', "
             "'select', 'setmetatable', 'string', 'table', 'tonumber', 'tostring', 'type', 'utf8', 'wait', 'xpcall' } "
             "do if _ENV[n] ~= nil then s = s .. n .. ' ' end end "
             "assert(string.dump == nil and coroutine.close == nil and math.randomseed == nil) return s end)"),
        0);
    assert_int_equal(call(f, &out), 0);
    assert_string_equal(out.as.str.s, reviewed);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(values_go_to_lua_and_back_unchanged),
        ONE(a_table_that_holds_itself_is_refused),
        ONE(an_endless_loop_is_stopped),
        ONE(pcall_cannot_keep_the_stop),
        ONE(nested_coroutines_cannot_keep_the_stop),
        ONE(a_state_works_after_a_stop),
        ONE(memory_is_limited),
        ONE(an_error_says_where_it_was_raised),
        ONE(an_error_object_keeps_its_code),
        ONE(a_coroutine_waits_and_goes_on),
        ONE(a_wait_passes_through_pcall_and_plugin_coroutines),
        ONE(a_wait_can_fail_with_an_error),
        ONE(a_wait_in_a_comparator_is_refused),
        ONE(globals_are_read_only_after_loading),
        ONE(a_function_that_assigns_an_upvalue_is_refused_with_the_line),
        ONE(own_locals_of_a_call_may_be_assigned_by_inner_functions),
        ONE(frozen_tables_read_like_plain_ones),
        ONE(frozen_tables_refuse_every_way_of_writing),
        ONE(classes_work_after_the_freeze),
        ONE(stable_pairs_do_not_depend_on_insertion),
        ONE(random_is_the_same_for_the_same_run),
        ONE(only_reviewed_names_are_reachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
