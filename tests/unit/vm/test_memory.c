/* Memory: limits that hold, and failures that never leave the protected calls. */
#include "base/mem.h"
#include "fixture.h"

static void bombs_end_with_the_memory_limit(void **state)
{
    static const char *const bodies[] = {
        "local t = {} while true do t[#t + 1] = { #t } end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} for i = 1, 1 << 40 do t[i] = function() return i end end",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        "local t = {} while true do pcall(function() while true do t[#t + 1] = { #t } end end) end",
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char text[300];
        snprintf(text, sizeof(text), "keep(function() %s end)", bodies[i]);
        assert_int_equal(load(f, text), 0);
        assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), ERR_LIMIT);
        assert_string_equal(f->err.key, "limit.memory");
        while (vm_tidy()) {
        }
        assert_true(vm_memory(f->vm) < 1 << 20); /* given back */
        assert_int_equal(run(f, "return 1", NULL), 0);
    }
}

static void garbage_does_not_count(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "kept = {} for i = 1, 60000 do kept[i] = { i } end "
                             "keep(function() for i = 1, 400000 do local t = { i } end "
                             "for i = 1, 40 do local s = ('x'):rep(1000000) .. i end return #kept end)"),
                     0);
    assert_true(vm_memory(f->vm) > 4 << 20); /* more than half */
    assert_int_equal(vm_call(f->vm, f->kept, NULL, 0, &f->arena, NULL, &f->err), 0);
}

static void one_block_may_not_be_too_large(void **state)
{
    struct fixture *f = *state;
    vm_free(f->vm);
    open_state(f, 256 << 20);
    expect_failure(f, "return ('x'):rep((4 << 20) + 1)", ERR_PLUGIN, "lua.error");
    expect_failure(f, "local s = ('x'):rep(3 << 20) return #(s .. s)", ERR_LIMIT, "limit.memory");
    expect_failure(f, "local s = ('x'):rep(4 << 20) s = s .. s return #s:rep(2)", ERR_LIMIT, "limit.memory");
    expect_failure(f, "local t = {} for i = 1, 1 << 21 do t[i] = i end", ERR_LIMIT, "limit.memory");
    assert_int_equal(run(f, "return #('x'):rep(4 << 20)", NULL), 0);
    assert_int_equal(run(f, "local t = {} for i = 1, 1 << 19 do t[i] = i end return #t", NULL), 0);
}

static void repeated_text_is_right(void **state)
{
    expect_text(*state, "return ('ab'):rep(3)", "ababab");
    expect_text(*state, "return ('ab'):rep(3, ', ')", "ab, ab, ab");
    expect_text(*state, "return ('ab'):rep(1, '--')", "ab");
    expect_text(*state, "return (''):rep(4, 'x')", "xxx");
    expect_text(*state, "return ('ab'):rep(0) .. ('ab'):rep(-1) .. ('ab'):rep(math.mininteger)", "");
    expect_text(*state,
                "for n = 1, 70 do local s = '' for i = 1, n do s = s .. 'abc' .. (i < n and '/' or '') end "
                "assert(('abc'):rep(n, '/') == s, n) end return 'same'",
                "same");
}

/* What a state goes through in its life; every step may fail, none may take the program with it. */
static void live(size_t memory, int rcs[4])
{
    static const char text[] =
        "local C = {} C.__index = C function C.new(n) return setmetatable({ n = n }, C) end "
        "keep(function(x) local t = {} for i = 1, 50 do t[i] = C.new(tostring(i) .. x) end "
        "local ok, e = pcall(error, { code = 'a.b', message = 'c' }) "
        "local co = coroutine.wrap(function() return wait and wait() end) "
        "if x == 'wait' then co() end if x == 'fail' then error{ code = 'no.' .. #t } end return t end)";
    struct fixture f = {0};
    struct vm_options o = {
        .name = "test", .memory_soft = memory, .memory_hard = memory ? memory + 2000 : 0, .owner = &f};
    struct val out, x = val_str("fail");
    struct vm_co *co;
    arena_init(&f.arena, 1 << 20);
    memset(rcs, 0, 4 * sizeof(*rcs));
    rcs[0] = vm_new(&o, &f.vm, &f.err);
    if (rcs[0] == 0) {
        struct luaL_Reg functions[] = {{"keep", keep}, {"wait", wait_here}};
        lua_State *L = vm_main(f.vm);
        for (int i = 0; i < 2 && (!memory || vm_memory(f.vm) < memory); i++) {
            lua_pushcfunction(L, functions[i].func);
            vm_set_global(L, functions[i].name);
        }
        rcs[0] = load(&f, text);
    }
    if (rcs[0] == 0 && f.kept) {
        rcs[1] = vm_freeze(f.vm, &f.kept, 1, &f.err);
        rcs[2] = vm_call(f.vm, f.kept, &x, 1, &f.arena, &out, &f.err);
        x = val_str("wait");
        rcs[3] = vm_co_new(f.vm, f.kept, &co, &f.err);
        if (rcs[3] == 0) {
            rcs[3] = vm_co_resume(co, &x, 1, NULL, &f.arena, &out, &f.err);
            if (rcs[3] == VM_WAITING) rcs[3] = vm_co_resume(co, &x, 1, NULL, &f.arena, &out, &f.err);
            vm_co_free(co);
        }
    }
    vm_free(f.vm);
    arena_close(&f.arena);
}

static void every_single_allocation_may_fail(void **state)
{
    int rcs[4];
    live(0, rcs);
    long count = mem_count();
    live(0, rcs);
    count = mem_count() - count;
    assert_true(count > 300);
    assert_true(rcs[0] == 0 && rcs[1] == 0 && rcs[2] == ERR_REFUSED && rcs[3] == 0);
    for (long n = 1; n <= count; n++) {
        mem_fail_nth(n);
        live(0, rcs);
        mem_fail_nth(0);
        for (int i = 0; i < 4; i++)
            assert_true(rcs[i] == 0 || rcs[i] == ERR_NOMEM || rcs[i] == ERR_LIMIT || rcs[i] == ERR_REFUSED);
    }
    (void)state;
}

static void memory_may_end_at_any_point(void **state)
{
    int rcs[4], worked = 0, failed[4] = {0};
    for (size_t memory = 8000; memory < 50000; memory += 53) {
        live(memory, rcs);
        for (int i = 0; i < 4; i++) {
            bool fine = i == 2 ? rcs[i] == ERR_REFUSED : rcs[i] == 0;
            if (!fine && rcs[i] != ERR_LIMIT && rcs[i] != ERR_NOMEM && rcs[0] == 0)
                print_message("%zu: %d %d\n", memory, i, rcs[i]);
            if (!fine) failed[i]++;
            assert_true(rcs[0] != 0 || fine || rcs[i] == ERR_LIMIT || rcs[i] == ERR_NOMEM);
        }
        worked += rcs[0] == 0 && rcs[1] == 0 && rcs[2] == ERR_REFUSED && rcs[3] == 0;
    }
    assert_true(worked > 0 && failed[0] > 0 && failed[1] > 0 && failed[2] > 0 && failed[3] > 0);
    (void)state;
}

static void data_files_may_run_out_of_memory(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "return { name = 'x', list = { 1, 2, 3 }, text = 'a' .. 'b' }";
    struct val out;
    long before = mem_count();
    assert_int_equal(vm_read_data("d.lua", text, sizeof(text) - 1, &f->arena, &out, &f->err), 0);
    long count = mem_count() - before;
    for (long n = 1; n <= count; n++) {
        mem_fail_nth(n);
        int rc = vm_read_data("d.lua", text, sizeof(text) - 1, &f->arena, &out, &f->err);
        mem_fail_nth(0);
        assert_true(rc == 0 || rc == ERR_NOMEM || rc == ERR_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(bombs_end_with_the_memory_limit),  ONE(garbage_does_not_count),
        ONE(one_block_may_not_be_too_large),   ONE(repeated_text_is_right),
        ONE(every_single_allocation_may_fail), ONE(memory_may_end_at_any_point),
        ONE(data_files_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
