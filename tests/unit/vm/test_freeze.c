/* What is read only after loading, and what is refused at loading. */
#include "fixture.h"

/* Loads, freezes, and gives what the kept function returns as text. */
static void expect_frozen(struct fixture *f, const char *code, const char *expected)
{
    struct val out = val_nil();
    start_again(f);
    int rc = load_frozen(f, code);
    if (rc == 0) rc = call(f, &out);
    if (rc) print_message("%s: %s %s at %s\n", code, f->err.key, f->err.text, f->err.where);
    assert_int_equal(rc, 0);
    assert_int_equal(out.type, VAL_STR);
    assert_string_equal(val_cstr(&f->arena, &out), expected);
}

static void expect_refused(struct fixture *f, const char *code, const char *key, const char *name, const char *where)
{
    start_again(f);
    int rc = load_frozen(f, code);
    if (rc != ERR_PLUGIN) print_message("%s: %d\n", code, rc);
    assert_int_equal(rc, ERR_PLUGIN);
    assert_string_equal(f->err.key, key);
    assert_string_equal(err_arg(&f->err, "name"), name);
    assert_string_equal(f->err.where, where);
}

static void frozen_tables_read_like_plain_ones(void **state)
{
    static const char *const reads[][2] = {
        {"local s = '' for i, x in ipairs(t) do s = s .. i .. x end return s", "132132"},
        {"local n = 0 for k, v in pairs(t) do n = n + 1 assert(t[k] == v) end return tostring(n)", "5"},
        {"local n, k = 0, nil repeat k = next(t, k) n = n + 1 until k == nil return tostring(n)", "6"},
        {"return #t .. rawlen(t) .. t.k .. rawget(t, 'k') .. tostring(t.none) .. tostring(rawget(t, 9))", "33vvnilnil"},
        {"return table.concat(t, ',') .. table.concat(t, ',', 2, 3)", "3,1,21,2"},
        {"return select('#', table.unpack(t)) .. select(2, table.unpack(t))", "31"},
        {"local c = table.move(t, 1, 3, 1, {}) table.sort(c) return table.concat(c)", "123"},
        {"return tostring(t == t) .. type(t) .. tostring(rawequal(t, t)) .. tostring(t)", "truetabletruetable"},
        {"return t.sub.deep.x .. #t.sub.list", "y2"},
        {"return tostring(getmetatable(t))", "false"},
        {"return string.upper('a') .. ('b'):upper() .. math.type(1)", "ABinteger"},
    };
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        char code[500];
        snprintf(
            code, sizeof(code),
            "local t = { 3, 1, 2, k = 'v', sub = { deep = { x = 'y' }, list = { 1, 2 } } } keep(function() %s end)",
            reads[i][0]);
        expect_frozen(*state, code, reads[i][1]);
    }
}

static void frozen_tables_refuse_every_way_of_writing(void **state)
{
    static const char *const ways[] = {
        "t.x = 1",
        "t[1] = 1",
        "t.k = nil",
        "t.sub.x = 1",
        "t.sub.list[1] = 9",
        "rawset(t, 'k', 2)",
        "rawset(t, 'new', 2)",
        "table.insert(t, 1)",
        "table.insert(t, 1, 1)",
        "table.remove(t)",
        "table.remove(t, 1)",
        "table.sort(t)",
        "table.move({ 9 }, 1, 1, 1, t)",
        "setmetatable(t, nil)",
        "setmetatable(t, {})",
        "string.upper = 1",
        "string.new = 1",
        "math.pi = 3",
        "print = 1",
        "newglobal = 1",
        "getmetatable(t).x = 1",
        "getmetatable('').__index = {}",
        "local _, s = pairs(t) s.k = 2",
        "local f, s = pairs(t) rawset(s, 'k', 2)",
        "for _, l in pairs(t) do if type(l) == 'table' then l.new = 1 end end",
        "local o = object o.v = 9 error('x')",
        "Class.v = 9",
        "rawset(Class, 'v', 9)",
        "getmetatable(object).v = 9",
        "getmetatable(setmetatable({}, Class)).v = 9",
        "rawset(getmetatable(setmetatable({}, Class)), 'v', 9)",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char code[700];
        struct val out = val_nil();
        start_again(f);
        snprintf(code, sizeof(code),
                 "Class = { v = 1 } Class.__index = Class object = setmetatable({}, Class) "
                 "local t = { 3, 1, 2, k = 'v', sub = { list = { 1, 2 } } } "
                 "keep(function() local ok = pcall(function() %s end) return tostring(ok) .. table.concat(t) .. t.k .. "
                 "#t.sub.list .. t.sub.list[1] "
                 "  .. tostring(t.sub.new) .. Class.v .. object.v .. tostring(newglobal) end)",
                 ways[i]);
        assert_int_equal(load_frozen(f, code), 0);
        int rc = call(f, &out);
        if (rc || !val_is_str(&out, "false312v21nil11nil"))
            print_message("%s: %d %s %s\n", ways[i], rc, f->err.text, rc ? "" : val_cstr(&f->arena, &out));
        assert_int_equal(rc, 0);
        assert_true(val_is_str(&out, "false312v21nil11nil"));
    }
}

static void the_error_names_what_and_where(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load_frozen(f, "keep(function()\n  counter = 1 end)"), 0);
    assert_int_equal(call(f, NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "lua.read_only");
    assert_string_equal(err_arg(&f->err, "what"), "counter");
    assert_string_equal(f->err.where, "t.lua:2");
}

static void classes_work_for_old_and_new_objects(void **state)
{
    static const char class[] =
        "local Base = {} Base.__index = Base function Base.new(n) return setmetatable({ n = n }, Base) end function "
        "Base:get() return self.n end "
        "local Sub = setmetatable({}, { __index = Base, __call = function(c, n) return setmetatable({ n = n }, c) end "
        "}) Sub.__index = Sub "
        "function Sub:twice() return self.n * 2 end Sub.__eq = function(a, b) return a.n == b.n end Sub.__add = "
        "function(a, b) return a.n + b.n end "
        "Sub.__tostring = function(a) return 'sub' .. a.n end Sub.__len = function(a) return a.n end Sub.__lt = "
        "function(a, b) return a.n < b.n end "
        "Sub.__concat = function(a, b) return 'c' end Sub.__call = function(a, x) return a.n .. x end "
        "local old = Sub(4) ";
    static const char *const uses[][2] = {
        {"local o = Sub(3) o.n = o.n + 1 return o:get() .. ',' .. o:twice()", "4,8"},
        {"return old:get() .. ',' .. old:twice() .. tostring(old) .. #old", "4,8sub44"},
        {"local o = Sub(4) return tostring(o == old) .. (o + old) .. (o .. old) .. o('x') .. old('y') .. tostring(o < "
         "old)",
         "true8c4x4yfalse"},
        {"local o = Sub(1) return tostring(getmetatable(o) == Sub) .. tostring(getmetatable(old) == Sub) .. "
         "tostring(getmetatable(Base.new(1)) == Base)",
         "truetruetrue"},
        {"return tostring(pcall(function() old.n = 5 end)) .. old.n", "false4"},
        {"local L = setmetatable({}, { __index = function(_, k) return k .. '!' end }) return L.x", "x!"},
        {"local o = setmetatable({}, { __index = Sub }) o.n = 2 return tostring(o:twice())", "4"},
    };
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        char code[2000];
        snprintf(code, sizeof(code), "%s keep(function() %s end)", class, uses[i][0]);
        expect_frozen(*state, code, uses[i][1]);
    }
}

static void metamethods_of_a_frozen_table_go_on_working(void **state)
{
    expect_frozen(*state,
                  "local d = setmetatable({ a = 1 }, { __index = function(t, k) return k .. '?' end }) keep(function() "
                  "return d.a .. d.b end)",
                  "1b?");
    expect_frozen(*state,
                  "local d = setmetatable({ a = 1 }, { __index = { b = 2 } }) keep(function() return d.a .. d.b .. "
                  "tostring(d.c) end)",
                  "12nil");
    expect_frozen(*state,
                  "local d = setmetatable({}, { __len = function() return 5 end, __call = function(_, x) return x end "
                  "}) keep(function() return #d .. d(3) end)",
                  "53");
    expect_frozen(*state,
                  "local d = setmetatable({}, { __pairs = function() return function(_, k) if not k then return 'k', "
                  "'v' end end end }) "
                  "keep(function() local s = '' for k, v in pairs(d) do s = s .. k .. v end return s end)",
                  "kv");
    expect_frozen(*state,
                  "local d = setmetatable({ 1, 2 }, { __metatable = 'mine' }) keep(function() return "
                  "tostring(getmetatable(d) ~= nil) .. #d end)",
                  "true2");
}

static void tables_that_hold_each_other_are_frozen(void **state)
{
    expect_frozen(
        *state,
        "local a, b = { n = 1 }, { n = 2 } a.b = b b.a = a a.self = a a[b] = 'by' setmetatable(a, a) a.__index = b "
        "keep(function() return a.b.a.self.n .. a[b] .. tostring(pcall(rawset, b, 'x', 1)) end)",
        "1byfalse");
}

static void tables_of_a_call_stay_writable(void **state)
{
    expect_frozen(*state,
                  "local function make() return { n = 1, list = {} } end keep(function() local t = make() t.n = 2 "
                  "t.list[1] = 'x' "
                  "table.insert(t.list, 'y') rawset(t, 'z', 3) return t.n .. table.concat(t.list) .. t.z end)",
                  "2xy3");
}

static void an_assignment_that_outlives_the_call_is_refused_with_its_line(void **state)
{
    static const char *const codes[][3] = {
        {"local n = 0\nkeep(function()\n  n = n + 1\nend)", "n", "t.lua:3"},
        {"local n = 0\nkeep(function()\n  return function() return function()\n n = 1 end end\nend)", "n", "t.lua:4"},
        {"local n, m = 0, 1\nlocal M = { sub = { f = function() return m end,\n g = function() m = 2 end } "
         "}\nkeep(function() return M.sub.f() end)",
         "m", "t.lua:3"},
        {"local function counter()\n local c = 0\n return function()\n  c = c + 1\n  return c\n end\nend\nlocal "
         "next_id = counter()\nkeep(function() return next_id() end)",
         "c", "t.lua:4"},
        {"local n = 0\nglobal = function() n = 1 end", "n", "t.lua:2"},
        {"local n = 0\nlocal C = setmetatable({}, { __index = function()\n n = 1 end })\nkeep(function() return C.x "
         "end)",
         "n", "t.lua:3"},
        {"local n = 0\nkeep(function()\n for i = 1, 3 do\n  local x <const> = i\n  if x > 1 then\n   n = x\n  end\n "
         "end\nend)",
         "n", "t.lua:6"},
        {"local n\nlocal t = { [function()\n n = 1 end] = true }\nkeep(function() return t end)", "n", "t.lua:3"},
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        expect_refused(*state, codes[i][0], "lua.upvalue", codes[i][1], codes[i][2]);
}

static void the_line_is_right_in_a_long_file(void **state)
{
    struct fixture *f = *state;
    char *code = malloc(200000);
    size_t n = (size_t)sprintf(code, "local n = 0\nkeep(function(x)\n");
    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(code + n, "%sx = x + %d\n", i % 500 ? "" : "\n\n\n", i);
    sprintf(code + n, "n = x\nend)");
    assert_int_equal(load_frozen(f, code), ERR_PLUGIN);
    assert_string_equal(f->err.where, "t.lua:3021");
    free(code);
}

static void own_locals_of_a_call_may_be_assigned_by_inner_functions(void **state)
{
    expect_frozen(*state,
                  "local base = 10 keep(function() local n = base local function add(x) n = n + x return function() n "
                  "= n * 2 end end "
                  "add(1)() local o = (function() local c = 0 return function() c = c + 1 return c end end)() o() "
                  "return n .. ',' .. o() end)",
                  "22,2");
    expect_frozen(*state,
                  "local function counter() local c = 0 return function() c = c + 1 return c end end "
                  "keep(function() local a = counter() a() return tostring(a()) end)",
                  "2");
}

static void what_keeps_state_between_calls_is_refused(void **state)
{
    expect_refused(*state, "local c = coroutine.create(print) keep(function() return c end)", "lua.coroutine_kept", "",
                   "");
    expect_refused(*state, "local c = coroutine.wrap(print) keep(function() return c() end)", "lua.coroutine_kept", "",
                   "");
    expect_refused(*state, "c = { coroutine.create(print) }", "lua.coroutine_kept", "", "");
    expect_refused(*state, "local it = ('a b'):gmatch('%a') keep(function() return it() end)", "lua.iterator_kept", "",
                   "");
}

static void functions_that_only_the_host_keeps_are_checked(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "local n = 0 keep(function() n = 1 end)"), 0);
    assert_int_equal(vm_freeze(f->vm, NULL, 0, NULL), 0); /* not reachable: nothing to refuse */
    start_again(f);
    assert_int_equal(load(f, "local n = 0 keep(function() n = 1 end)"), 0);
    assert_int_equal(vm_freeze(f->vm, &f->kept, 1, NULL), ERR_PLUGIN); /* nor need for an err */
}

static void frozen_tables_go_to_the_host_like_plain_ones(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(load_frozen(f,
                                 "local t = { a = { 1, 2 }, b = 'x' } local no = { code = 'mine.x', message = 'why' } "
                                 "keep(function(fail) if fail then error(no) end return t end)"),
                     0);
    assert_int_equal(call(f, &out), 0);
    assert_int_equal(val_get(&out, "a")->as.list.n, 2);
    assert_true(val_is_str(val_get(&out, "b"), "x"));
    struct val yes = val_bool(true);
    assert_int_equal(vm_call(f->vm, f->kept, &yes, 1, &f->arena, &out, &f->err), ERR_REFUSED);
    assert_string_equal(f->err.key, "mine.x");
    assert_string_equal(f->err.text, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(frozen_tables_read_like_plain_ones),
        ONE(frozen_tables_refuse_every_way_of_writing),
        ONE(the_error_names_what_and_where),
        ONE(classes_work_for_old_and_new_objects),
        ONE(metamethods_of_a_frozen_table_go_on_working),
        ONE(tables_that_hold_each_other_are_frozen),
        ONE(tables_of_a_call_stay_writable),
        ONE(an_assignment_that_outlives_the_call_is_refused_with_its_line),
        ONE(the_line_is_right_in_a_long_file),
        ONE(own_locals_of_a_call_may_be_assigned_by_inner_functions),
        ONE(what_keeps_state_between_calls_is_refused),
        ONE(functions_that_only_the_host_keeps_are_checked),
        ONE(frozen_tables_go_to_the_host_like_plain_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
