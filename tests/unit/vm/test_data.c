/* Data files, and modules. */
#include "fixture.h"

static int read_data(struct fixture *f, const char *text, struct val *out)
{
    return vm_read_data("d.lua", text, strlen(text), &f->arena, out, &f->err);
}

static void a_data_file_is_a_value(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(read_data(f, "local n = 2 return { name = 'a' .. n, list = { 1, n }, t = 1 < 2 }", &out), 0);
    assert_true(val_is_str(val_get(&out, "name"), "a2"));
    assert_int_equal(val_get(&out, "list")->as.list.n, 2);
}

static void a_data_file_reaches_nothing(void **state)
{
    static const char *const texts[] = {"return tostring(1)",      "return ('x'):rep(3)", "return pcall(error)",
                                        "return require 'x'",      "x.y = 1 return {}",   "return string.format('x')",
                                        "return getmetatable('')", "return _G.print",     "return #(nil)"};
    struct fixture *f = *state;
    struct val out;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_data(f, texts[i], &out), ERR_PLUGIN);
        assert_string_equal(f->err.where, "d.lua:1");
    }
}

static void a_data_file_that_does_not_end_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(read_data(f, "while true do end", &out), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.time");
    assert_int_equal(read_data(f, "local t, n = {}, 0 while true do n = n + 1 t[n] = {} end", &out), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.memory");
    assert_int_equal(read_data(f, "local s = 'x' while true do s = s .. s end", &out), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.memory");
}

static void faults_of_a_data_file_are_told_with_their_line(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(read_data(f, "return {\n  name =\n}", &out), ERR_PLUGIN);
    assert_string_equal(f->err.key, "lua.syntax");
    assert_string_equal(f->err.where, "d.lua:3");
    assert_int_equal(read_data(f, "\nreturn 1 + {}", &out), ERR_PLUGIN);
    assert_string_equal(f->err.where, "d.lua:2");
    assert_int_equal(read_data(f, "return { f = function() end }", &out), ERR_INVALID);
    assert_int_equal(read_data(f, "\x1bLua", &out), ERR_PLUGIN);
}

static void data_can_be_read_inside_a_limit_of_another_state(void **state)
{
    struct fixture *f = *state;
    struct val out;
    vm_limit_begin(f->vm, 1000);
    assert_int_equal(read_data(f, "while true do end", &out), ERR_LIMIT);
    vm_limit_end(f->vm);
}

/* --- modules --- */

static const char *find_module(void *ctx, const char *module, size_t *len, const char **chunk)
{
    static const char *const modules[][2] = {
        {"a.one", "count = (count or 0) + 1 return { name = ..., n = count }"},
        {"a.nothing", "local x = 1"},
        {"a.circle", "return require 'a.back'"},
        {"a.back", "return require 'a.circle'"},
        {"a.syntax", "local x =\n= 1"},
        {"a.broken", "local x = 1\nerror('no good')"},
        {"a.late", "return {}"},
    };
    (void)ctx;
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (strcmp(modules[i][0], module) != 0) continue;
        *len = strlen(modules[i][1]);
        *chunk = "a/file.lua";
        return modules[i][1];
    }
    return NULL;
}

static void a_module_is_run_once(void **state)
{
    struct fixture *f = *state;
    vm_set_source(f->vm, find_module, NULL);
    expect_text(f, "local a, b = require 'a.one', require 'a.one' return a.name .. b.n .. tostring(a == b)",
                "a.one1true");
    expect_text(f, "return tostring(require 'a.nothing')", "true");
}

static void faults_of_modules_say_what_and_where(void **state)
{
    struct fixture *f = *state;
    vm_set_source(f->vm, find_module, NULL);
    for (int twice = 0; twice < 2; twice++) { /* a failure leaves no trace */
        expect_failure(f, "require 'a.syntax'", ERR_PLUGIN, "lua.syntax");
        assert_string_equal(f->err.where, "a/file.lua:2");
        expect_failure(f, "require 'a.broken'", ERR_PLUGIN, "lua.error");
        assert_string_equal(f->err.where, "a/file.lua:2");
        assert_string_equal(f->err.text, "no good");
        assert_non_null(strstr(f->err.traceback, "a/file.lua:2"));
        expect_failure(f, "require 'a.circle'", ERR_PLUGIN, "require.cycle");
        expect_failure(f, "\nrequire 'a.missing'", ERR_PLUGIN, "require.missing");
        assert_string_equal(f->err.where, "t.lua:2");
        assert_string_equal(err_arg(&f->err, "module"), "a.missing");
    }
}

static void after_the_freeze_only_loaded_modules_can_be_required(void **state)
{
    struct fixture *f = *state;
    struct val out;
    vm_set_source(f->vm, find_module, NULL);
    assert_int_equal(
        load_frozen(f,
                    "require 'a.one' keep(function() local ok, e = pcall(require, 'a.late') "
                    "return { require('a.one').name, e.code, (pcall(function() require('a.one').name = 1 end)) } end)"),
        0);
    assert_int_equal(call(f, &out), 0);
    assert_true(val_is_str(val_at(&out, 0), "a.one"));
    assert_true(val_is_str(val_at(&out, 1), "require.late"));
    assert_false(val_at(&out, 2)->as.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_data_file_is_a_value),
        ONE(a_data_file_reaches_nothing),
        ONE(a_data_file_that_does_not_end_is_stopped),
        ONE(faults_of_a_data_file_are_told_with_their_line),
        ONE(data_can_be_read_inside_a_limit_of_another_state),
        ONE(a_module_is_run_once),
        ONE(faults_of_modules_say_what_and_where),
        ONE(after_the_freeze_only_loaded_modules_can_be_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
