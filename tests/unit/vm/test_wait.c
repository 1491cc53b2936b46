/* Waits of the host, and coroutines of plugins around them. */
#include "fixture.h"

/* Waits for 30 and 12, and ends with 42. */
static void expect_two_waits(struct fixture *f, const char *body)
{
    struct val out = val_nil();
    struct vm_co *co = start(f, body);
    assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
    assert_int_equal(resume(f, co, 30, &out), VM_WAITING);
    int rc = resume(f, co, 12, &out);
    if (rc) print_message("%s: %s %s\n", body, f->err.key, f->err.text);
    assert_int_equal(rc, VM_DONE);
    assert_int_equal(out.type, VAL_INT);
    assert_int_equal(out.as.i, 42);
    vm_co_free(co);
}

static void a_wait_goes_through_everything_that_Lua_code_can_put_around_it(void **state)
{
    static const char *const bodies[] = {
        "return wait() + wait()",
        "local _, a = pcall(wait) local _, _, b = pcall(pcall, wait) return a + b",
        "local _, a = xpcall(wait, print) local _, b = xpcall(function(x) return wait() + x end, print, 0) return a + "
        "b",
        "local c = coroutine.wrap(function() return wait() + wait() end) return c()",
        "local c = coroutine.create(function() return wait() + wait() end) local _, n = coroutine.resume(c) return n",
        "local c = coroutine.wrap(function() local a = wait() coroutine.yield(a) return (wait()) end) return c() + c()",
        "local function deep(n) if n == 0 then return wait() end return coroutine.wrap(function() return (select(2, "
        "pcall(deep, n - 1))) end)() end return deep(8) + deep(3)",
        "local n = 0 for x in coroutine.wrap(function() coroutine.yield(wait()) coroutine.yield(wait()) end) do n = n "
        "+ x end return n",
        "local t = setmetatable({}, { __index = function() return (wait()) end, __add = function() return (wait()) end "
        "}) return t.x + (t + 1)",
        "local ok, e = pcall(function() local a = wait() error({ code = 'x', n = a + wait() }) end) return e.n",
        "local a = wait() do local t <close> = setmetatable({}, { __close = function() a = a + wait() end }) end "
        "return a",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_two_waits(*state, bodies[i]);
}

static void plugin_coroutines_keep_their_own_yields(void **state)
{
    expect_text(
        *state,
        "local c = coroutine.create(function(a) local b = coroutine.yield(a .. 1) return b .. 2 end) "
        "local _, x = coroutine.resume(c, 'a') local s = coroutine.status(c) local _, y = coroutine.resume(c, 'b') "
        "return x .. s .. y .. coroutine.status(c) .. tostring(coroutine.resume(c))",
        "a1suspendedb2deadfalse");
    expect_text(*state,
                "local c c = coroutine.wrap(function() local ok, e = pcall(c) return tostring(ok) .. "
                "coroutine.status(coroutine.running()) end) return c()",
                "falserunning");
    expect_text(*state, "local ok, e = pcall(coroutine.yield, 1) return tostring(ok)", "false");
    expect_text(*state,
                "local _, main = coroutine.running() return tostring(main) .. tostring(coroutine.isyieldable())",
                "truefalse");
    expect_text(*state,
                "return coroutine.wrap(function() local _, main = coroutine.running() return tostring(main) .. "
                "tostring(coroutine.isyieldable()) end)()",
                "falsetrue");
}

static void an_error_in_a_plugin_coroutine_reaches_who_resumed_it(void **state)
{
    expect_text(*state,
                "local ok, e = coroutine.resume(coroutine.create(function() error({ code = 'a.b' }) end)) return "
                "tostring(ok) .. e.code",
                "falsea.b");
    expect_failure(*state, "coroutine.wrap(function() error({ code = 'a.b' }) end)()", ERR_REFUSED, "a.b");
}

static void expect_no_wait(struct fixture *f, const char *body)
{
    struct val out = val_nil();
    struct vm_co *co = start(f, body);
    int rc = resume(f, co, 0, &out);
    if (rc) print_message("%s: %d %s %s\n", body, rc, f->err.key, f->err.text);
    assert_int_equal(rc, VM_DONE);
    assert_true(val_is_str(&out, "wait.impossible"));
    vm_co_free(co);
}

static void a_wait_below_C_code_is_refused(void **state)
{
    static const char *const bodies[] = {
        "local _, e = pcall(table.sort, { 2, 1 }, function() wait() end) return e.code",
        "local _, e = pcall(string.gsub, 'a', 'a', wait) return e.code",
        "local _, e = pcall(tostring, setmetatable({}, { __tostring = wait })) return e.code",
        "local _, e = pcall(table.concat, setmetatable({}, { __index = function() return wait() end }), '', 1, 2) "
        "return e.code",
        "local _, e = pcall(pairs, setmetatable({}, { __pairs = wait })) return e.code",
        "local _, e = pcall(table.sort, { 2, 1 }, coroutine.wrap(function() wait() end)) return e.code",
        "local _, e = pcall(table.sort, { 2, 1 }, function() local ok, e = pcall(wait) error(e) end) return e.code",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_no_wait(*state, bodies[i]);
}

static void a_wait_outside_a_coroutine_of_the_host_is_refused_with_its_name_and_place(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, "\nwait()", ERR_REFUSED, "wait.impossible");
    assert_string_equal(err_arg(&f->err, "function"), "wait");
    assert_string_equal(f->err.where, "t.lua:2");
    expect_failure(f, "coroutine.wrap(function() wait() end)()", ERR_REFUSED, "wait.impossible");
    assert_int_equal(load(f, "wait()"), ERR_REFUSED);
}

static int call_back(lua_State *L)
{
    struct fixture *f = vm_owner(vm_of(L));
    struct err err;
    assert_non_null(vm_co_running(f->vm));
    int ref = vm_ref(L, 1), rc = vm_call(f->vm, ref, NULL, 0, &f->arena, NULL, &err);
    assert_true(vm_can_wait(f->vm));
    lua_pushstring(L, rc ? err.key : "");
    return 1;
}

static void a_wait_in_a_call_from_the_host_is_refused(void **state)
{
    struct fixture *f = *state;
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, call_back);
    vm_set_global(L, "call_back");
    expect_no_wait(f, "return call_back(function() wait() end)");
    expect_no_wait(f,
                   "return coroutine.wrap(function() return call_back(function() coroutine.wrap(wait)() end) end)()");
    expect_two_waits(f, "local a = wait() call_back(function() wait() end) return a + wait()");
}

static void a_wait_that_fails_raises_where_the_code_waits(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct err no;
    struct vm_co *co =
        start(f, "local ok, e = pcall(coroutine.wrap(function()\n wait() end)) return { e.code, e.where }");
    err_set(&no, ERR_TIMEOUT, "flow.timeout", NULL);
    assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
    assert_int_equal(vm_co_resume(co, NULL, 0, &no, &f->arena, &out, &f->err), VM_DONE);
    assert_true(val_is_str(val_at(&out, 0), "flow.timeout"));
    assert_true(val_is_str(val_at(&out, 1), "t.lua:2"));
    vm_co_free(co);
}

static void nobody_else_can_answer_a_wait(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct vm_co *waiting =
        start(f, "outer = coroutine.running() inner = coroutine.create(function() return wait() end) "
                 "local _, n = coroutine.resume(inner) return n");
    assert_int_equal(resume(f, waiting, 0, &out), VM_WAITING);
    struct vm_co *other = start(f, "local a, b = coroutine.resume(outer, 1), coroutine.resume(inner, 1) "
                                   "return tostring(a) .. tostring(b) .. coroutine.status(inner)");
    assert_int_equal(resume(f, other, 0, &out), VM_DONE);
    assert_true(val_is_str(&out, "falsefalsesuspended"));
    assert_int_equal(resume(f, waiting, 5, &out), VM_DONE);
    assert_int_equal(out.as.i, 5);
    vm_co_free(other);
    vm_co_free(waiting);
}

static void waiting_coroutines_do_not_disturb_each_other(void **state)
{
    struct fixture *f = *state;
    struct vm_co *cos[50];
    struct val out;
    for (int i = 0; i < 50; i++) {
        cos[i] = start(f, "local a = wait() return coroutine.wrap(function() return a * 100 + wait() end)()");
        assert_int_equal(resume(f, cos[i], 0, &out), VM_WAITING);
    }
    for (int i = 49; i >= 0; i--)
        assert_int_equal(resume(f, cos[i], i, &out), VM_WAITING);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(resume(f, cos[i], i + 1, &out), VM_DONE);
        assert_int_equal(out.as.i, i * 101 + 1);
        vm_co_free(cos[i]);
    }
}

static void a_coroutine_can_be_freed_at_any_point_and_runs_nothing(void **state)
{
    struct fixture *f = *state;
    struct val out;
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        struct vm_co *co = start(f, "local t <close> = setmetatable({}, { __close = function() closed = true end }) "
                                    "local big = ('x'):rep(100000) coroutine.wrap(function() wait() end)() return big");
        if (i % 2) assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
        vm_co_free(co);
        vm_unref(f->vm, f->kept);
        if (i == 100) before = vm_memory(f->vm);
    }
    assert_true(vm_memory(f->vm) < before + (1 << 20));
    assert_int_equal(run(f, "return closed == nil", &out), 0);
    assert_true(out.as.b);
}

static void an_error_in_a_coroutine_has_its_place_and_traceback(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct vm_co *co = start(f, "\nwait()\nerror{ code = 'mine.x', message = 'why' }");
    assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
    assert_int_equal(resume(f, co, 0, &out), ERR_REFUSED);
    assert_string_equal(f->err.key, "mine.x");
    assert_string_equal(f->err.where, "t.lua:3");
    assert_non_null(strstr(f->err.traceback, "t.lua:3"));
    assert_null(strstr(f->err.traceback, "0x"));
    assert_true(resume(f, co, 0, &out) < 0); /* it is dead */
    vm_co_free(co);
}

static void a_coroutine_is_stopped_by_the_limit(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct vm_co *co = start(f, "wait() while true do pcall(coroutine.wrap(function() while true do end end)) end");
    assert_int_equal(resume(f, co, 0, &out), VM_WAITING);
    assert_int_equal(resume(f, co, 0, &out), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    vm_co_free(co);
    assert_int_equal(run(f, "return 1", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_wait_goes_through_everything_that_Lua_code_can_put_around_it),
        ONE(plugin_coroutines_keep_their_own_yields),
        ONE(an_error_in_a_plugin_coroutine_reaches_who_resumed_it),
        ONE(a_wait_below_C_code_is_refused),
        ONE(a_wait_outside_a_coroutine_of_the_host_is_refused_with_its_name_and_place),
        ONE(a_wait_in_a_call_from_the_host_is_refused),
        ONE(a_wait_that_fails_raises_where_the_code_waits),
        ONE(nobody_else_can_answer_a_wait),
        ONE(waiting_coroutines_do_not_disturb_each_other),
        ONE(a_coroutine_can_be_freed_at_any_point_and_runs_nothing),
        ONE(an_error_in_a_coroutine_has_its_place_and_traceback),
        ONE(a_coroutine_is_stopped_by_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
