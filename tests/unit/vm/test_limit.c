/* Time limits and stops: nothing that Lua code does keeps it running. */
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "fixture.h"

static void expect_stopped(struct fixture *f, const char *body)
{
    struct val out;
    int64_t before = clock_thread_cpu_ns();
    int rc = run(f, body, NULL);
    int64_t took = clock_thread_cpu_ns() - before;
    if (rc != ERR_LIMIT) print_message("%s: %d %s %s\n", body, rc, f->err.key, f->err.text);
    assert_int_equal(rc, ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    assert_string_equal(err_arg(&f->err, "ms"), "50");
    assert_true(took < 2000000000);
    /* And then the state works, also that which the stop had marked. */
    assert_int_equal(run(f, "local s = 0 for i = 1, 1000 do s = s + i end return s", &out), 0);
    assert_int_equal(out.as.i, 500500);
}

static void endless_code_is_stopped(void **state)
{
    static const char *const bodies[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "while true do pcall(error, setmetatable({}, { __tostring = function() while true do end end })) end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do local c = coroutine.wrap(function() while true do coroutine.yield() end end) pcall(function() "
        "while true do c() end end) end",
        "while true do pcall(coroutine.wrap(function() pcall(coroutine.wrap(function() while true do end end)) while "
        "true do end end)) end",
        "table.sort({ 1, 2, 3 }, function() while true do end end)",
        "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
        "pcall(function() local t <close> = setmetatable({}, { __close = function() while true do end end }) "
        "error('x') "
        "end)",
        "local t = setmetatable({}, { __index = function() while true do end end }) while true do pcall(function() "
        "return t.x end) end",
        "for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end",
        "local t = {} for i = 1, 10 do t[i] = i end while true do for _ in next, t do end end",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_stopped(*state, bodies[i]);
}

static void a_coroutine_that_outlives_a_stop_works_again(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        run(f,
            "c = coroutine.wrap(function() local n = 0 while true do n = n + 1 coroutine.yield(n) end end) c() "
            "while true do c() end",
            NULL),
        ERR_LIMIT);
    int rc = run(f, "return (pcall(c))", &out);
    assert_int_equal(rc, 0);
    assert_int_equal(
        run(f, "local ok, n = pcall(coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)) return n",
            &out),
        0);
    assert_int_equal(out.as.i, 1);
}

static void a_large_sort_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        load(f,
             "t = {} for i = 1, 200000 do t[i] = (i * 7919) % 200003 end keep(function() table.sort(t) return 1 end)"),
        0);
    vm_limit_begin(f->vm, 1);
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, &out, &f->err), ERR_LIMIT);
    vm_limit_end(f->vm);
}

static void lengths_that_lie_do_not_keep_C_code_busy(void **state)
{
    static const char *const bodies[] = {
        "local t = setmetatable({}, { __len = function() return 1 << 52 end }) table.insert(t, 1, 1)",
        "local n = 0 local t = setmetatable({}, { __len = function() n = n + 1 return n == 1 and 1 or 1 << 52 end }) "
        "table.insert(t, 1, 1) table.insert(t, 1, 1)",
        "table.move({}, 1, 1 << 40, 2)",
        "table.move({}, 1, 900000000, 2)",
        "table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 40)",
        "table.sort(setmetatable({}, { __len = function() return 1 << 30 end, __index = function() return 1 end }))",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_failure(*state, bodies[i], ERR_LIMIT, NULL); /* of time, or of memory for what they write */
    expect_failure(*state, "table.unpack({}, 1, 1 << 40)", ERR_PLUGIN, "lua.error");
    expect_failure(*state, "table.move({}, 1, math.maxinteger, 2)", ERR_PLUGIN, "lua.error");
}

/* --- limits and several states --- */

struct nested {
    struct fixture inner;
    int rc;
};

static int call_inner(lua_State *L)
{
    struct nested *n = lua_touserdata(L, lua_upvalueindex(1));
    vm_limit_begin(n->inner.vm, 10000);
    n->rc = vm_call(n->inner.vm, n->inner.kept, NULL, 0, &n->inner.arena, NULL, &n->inner.err);
    vm_limit_end(n->inner.vm);
    return 0;
}

static struct nested *new_nested(struct fixture *f, const char *inner)
{
    void *fresh;
    set_up(&fresh);
    struct nested *n = calloc(1, sizeof(*n));
    n->inner = *(struct fixture *)fresh;
    free(fresh);
    struct vm_options o = {.name = "inner", .owner = &n->inner};
    vm_free(n->inner.vm);
    assert_int_equal(vm_new(&o, &n->inner.vm, &n->inner.err), 0);
    lua_State *L = vm_main(n->inner.vm);
    lua_pushcfunction(L, keep);
    vm_set_global(L, "keep");
    assert_int_equal(load(&n->inner, inner), 0);
    L = vm_main(f->vm);
    lua_pushlightuserdata(L, n);
    lua_pushcclosure(L, call_inner, 1);
    vm_set_global(L, "inner");
    return n;
}

static void free_nested(struct nested *n)
{
    vm_free(n->inner.vm);
    arena_close(&n->inner.arena);
    free(n);
}

static void the_limit_of_a_call_holds_in_states_that_it_calls(void **state)
{
    struct fixture *f = *state;
    struct nested *n = new_nested(f, "keep(function() while true do end end)");
    assert_int_equal(run(f, "while true do pcall(inner) end", NULL), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    assert_int_equal(n->rc, ERR_LIMIT);
    assert_string_equal(err_arg(&n->inner.err, "ms"), "50");
    assert_int_equal(load(&n->inner, "keep(function() end)"), 0);
    assert_int_equal(run(f, "inner() return 1", NULL), 0);
    assert_int_equal(n->rc, 0);
    free_nested(n);
}

static void a_limit_that_begins_inside_stops_only_what_is_inside(void **state)
{
    struct fixture *f = *state;
    struct nested *n = new_nested(f, "keep(function() while true do end end)");
    assert_int_equal(load(f, "keep(function() inner() return 5 end)"), 0);
    struct val out;
    /* call_inner gives 10 s; a shorter one, begun for the inner state where no limit runs. */
    vm_limit_begin(f->vm, 0);
    vm_limit_begin(n->inner.vm, 20);
    assert_int_equal(vm_call(n->inner.vm, n->inner.kept, NULL, 0, &n->inner.arena, NULL, &n->inner.err), ERR_LIMIT);
    vm_limit_end(n->inner.vm);
    assert_int_equal(load(&n->inner, "keep(function() end)"), 0);
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, &out, &f->err), 0);
    vm_limit_end(f->vm);
    assert_int_equal(out.as.i, 5);
    free_nested(n);
}

static int burn(lua_State *L)
{
    int64_t until = clock_thread_cpu_ns() + luaL_checkinteger(L, 1) * 1000000;
    while (clock_thread_cpu_ns() < until)
        continue;
    return 0;
}

static int sleep_here(lua_State *L)
{
    struct timespec t = {.tv_nsec = luaL_checkinteger(L, 1) * 1000000};
    nanosleep(&t, NULL);
    return 0;
}

static void a_limit_that_runs_out_after_the_call_does_not_end_the_next_one(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load(f, "keep(function() return 1 end)"), 0);
    vm_limit_begin(f->vm, 5);
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, &out, &f->err), 0);
    for (int64_t until = clock_thread_cpu_ns() + 20000000; clock_thread_cpu_ns() < until;)
        continue;
    vm_limit_end(f->vm);
    assert_int_equal(call(f, &out), 0);
}

static void code_that_is_entered_after_the_limit_has_run_out_is_stopped(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() while true do end end)"), 0);
    vm_limit_begin(f->vm, 5);
    for (int64_t until = clock_thread_cpu_ns() + 20000000; clock_thread_cpu_ns() < until;)
        continue;
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), ERR_LIMIT);
    vm_limit_end(f->vm);
}

static void time_asleep_does_not_count_and_time_in_bindings_does(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, sleep_here);
    vm_set_global(L, "sleep");
    lua_pushcfunction(L, burn);
    vm_set_global(L, "burn");
    assert_int_equal(run(f, "for _ = 1, 4 do sleep(30) end return 1", NULL), 0);
    assert_int_equal(run(f, "for _ = 1, 4 do burn(30) end return 1", NULL), ERR_LIMIT);
}

static void nested_limits_keep_the_outer_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() while true do end end)"), 0);
    vm_limit_begin(f->vm, 20);
    vm_limit_begin(f->vm, 60000);
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), ERR_LIMIT);
    assert_string_equal(err_arg(&f->err, "ms"), "20");
    vm_limit_end(f->vm);
    vm_limit_end(f->vm);
}

static void limits_follow_each_other_closely(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load(f, "keep(function() local s = 0 for i = 1, 100 do s = s + i end return s end)"), 0);
    for (int i = 0; i < 3000; i++) {
        vm_limit_begin(f->vm, i % 3 ? 500 : 1000);
        assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, &out, &f->err), 0);
        vm_limit_end(f->vm);
    }
    expect_stopped(f, "while true do end");
}

/* --- stops --- */

static void *stop_soon(void *arg)
{
    struct timespec t = {.tv_nsec = 20000000};
    nanosleep(&t, NULL);
    vm_stop(arg);
    return NULL;
}

static void another_thread_can_stop_running_code(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    assert_int_equal(load(f, "keep(function() while true do pcall(function() while true do end end) end end)"), 0);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, f->vm), 0);
    int rc = vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err); /* without a limit */
    pthread_join(thread, NULL);
    assert_int_equal(rc, ERR_STOPPED);
    assert_string_equal(f->err.key, "limit.stopped");
    assert_int_equal(run(f, "return 1", NULL), 0);
}

static void a_stop_before_the_call_ends_the_next_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "keep(function() return 1 end)"), 0);
    vm_stop(f->vm);
    assert_int_equal(call(f, NULL), ERR_STOPPED);
    assert_int_equal(call(f, NULL), 0);
}

static int fault(lua_State *L)
{
    struct err err;
    err_set(&err, ERR_FULL, "store.full", NULL);
    return vm_raise(L, &err);
}

static int refusal(lua_State *L)
{
    struct err err;
    err_set(&err, ERR_REFUSED, "refused.test", NULL);
    return vm_raise(L, &err);
}

static void a_fault_of_the_host_passes_every_pcall_and_a_refusal_does_not(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, fault);
    vm_set_global(L, "fault");
    lua_pushcfunction(L, refusal);
    vm_set_global(L, "refusal");
    expect_text(f, "local _, e = pcall(refusal) return e.code", "refused.test");
    expect_failure(f, "while true do pcall(fault) end", ERR_FULL, "store.full");
    expect_failure(f, "while true do pcall(coroutine.wrap(function() pcall(fault) end)) end", ERR_FULL, "store.full");
    expect_failure(f, "xpcall(fault, function() return 1 end) return 1", ERR_FULL, "store.full");
    expect_text(f, "return 'works'", "works");
}

static int call_again(lua_State *L)
{
    struct fixture *f = vm_owner(vm_of(L));
    struct err err;
    int rc = vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &err);
    if (rc) return vm_raise(L, &err);
    return 0;
}

static void calls_that_nest_without_end_are_refused(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, call_again);
    vm_set_global(L, "again");
    expect_failure(f, "again()", ERR_LIMIT, "limit.depth");
    expect_failure(f, "local function deeper() deeper() return 1 end deeper()", ERR_LIMIT, "limit.memory");
}

static void a_nested_call_that_is_stopped_stops_the_outer_one(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, call_again);
    vm_set_global(L, "again");
    assert_int_equal(
        run(f, "depth = (depth or 0) + 1 if depth < 3 then while true do pcall(again) end end while true do end", NULL),
        ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    assert_int_equal(run(f, "return 1", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(endless_code_is_stopped),
        ONE(a_coroutine_that_outlives_a_stop_works_again),
        ONE(a_large_sort_is_stopped),
        ONE(lengths_that_lie_do_not_keep_C_code_busy),
        ONE(the_limit_of_a_call_holds_in_states_that_it_calls),
        ONE(a_limit_that_begins_inside_stops_only_what_is_inside),
        ONE(a_limit_that_runs_out_after_the_call_does_not_end_the_next_one),
        ONE(code_that_is_entered_after_the_limit_has_run_out_is_stopped),
        ONE(time_asleep_does_not_count_and_time_in_bindings_does),
        ONE(nested_limits_keep_the_outer_one),
        ONE(limits_follow_each_other_closely),
        ONE(another_thread_can_stop_running_code),
        ONE(a_stop_before_the_call_ends_the_next_one),
        ONE(a_fault_of_the_host_passes_every_pcall_and_a_refusal_does_not),
        ONE(calls_that_nest_without_end_are_refused),
        ONE(a_nested_call_that_is_stopped_stops_the_outer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
