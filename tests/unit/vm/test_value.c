/* Values between Lua and the core. */
#include <math.h>

#include "base/buf.h"
#include "fixture.h"

static void numbers_keep_their_type_and_every_bit(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(run(f, "return { math.mininteger, math.maxinteger, -0.0, 1e308, 0/0, 1/0, 3, 3.0 }", &out), 0);
    const struct val *v = out.as.list.items;
    assert_int_equal(out.as.list.n, 8);
    assert_true(v[0].as.i == INT64_MIN && v[1].as.i == INT64_MAX);
    assert_true(v[2].type == VAL_NUM && signbit(v[2].as.n));
    assert_true(v[3].as.n == 1e308 && isnan(v[4].as.n) && isinf(v[5].as.n));
    assert_true(v[6].type == VAL_INT && v[7].type == VAL_NUM);
}

static void texts_keep_their_bytes(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(run(f, "return 'a\\0b\\xff'", &out), 0);
    assert_int_equal(out.as.str.len, 4);
    assert_memory_equal(out.as.str.s, "a\0b\xff", 4);
}

static void what_goes_in_comes_out(void **state)
{
    struct fixture *f = *state;
    struct val list = val_list(), map = val_map(), out;
    val_add(&f->arena, &list, val_int(1));
    val_add(&f->arena, &list, val_str("hai"));
    val_add(&f->arena, &list, val_bool(false));
    val_set(&f->arena, &map, "list", list);
    val_set(&f->arena, &map, "n", val_num(2.5));
    assert_int_equal(load(f, "keep(function(...) return ... end)"), 0);
    assert_int_equal(vm_call(f->vm, f->kept, &map, 1, &f->arena, &out, &f->err), 0);
    assert_true(val_equal(val_get(&out, "list"), val_get(&map, "list")));
    assert_true(val_equal(val_get(&out, "n"), val_get(&map, "n")));
}

static void places_beside_names_become_names(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(run(f, "return { 'integer', default = 2, [-3] = true }", &out), 0);
    assert_int_equal(out.type, VAL_MAP);
    assert_int_equal(out.as.map.n, 3);
    assert_true(val_is_str(val_get(&out, "1"), "integer"));
    assert_true(val_get_bool(&out, "-3", false));
}

static void a_list_with_a_hole_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(run(f, "return { 1, 2, nil, 4 }", &out), 0);
    assert_int_equal(out.type, VAL_MAP);
    assert_int_equal(out.as.map.n, 3);
    assert_int_equal(val_get_int(&out, "4", 0), 4);
}

static void a_key_that_would_be_there_twice_is_refused(void **state)
{
    expect_failure(*state, "return { [1] = 'a', ['1'] = 'b' }", ERR_INVALID, "invalid.value");
    expect_failure(*state, "return { ['-7'] = 'a', [-7] = 'b' }", ERR_INVALID, "invalid.value");
}

static void names_that_only_look_like_places_are_names(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        run(f, "return { [1] = 'a', ['01'] = 'b', ['1x'] = 'c', ['-'] = 'd', ['99999999999999999999'] = 'e' }", &out),
        0);
    assert_int_equal(out.as.map.n, 5);
}

static void what_is_no_data_is_refused_with_its_place(void **state)
{
    struct fixture *f = *state;
    expect_failure(f, "return { a = { b = print } }", ERR_INVALID, "invalid.value");
    assert_string_equal(err_arg(&f->err, "at"), ".a.b");
    assert_string_equal(err_arg(&f->err, "got"), "function");
    expect_failure(f, "return coroutine.create(print)", ERR_INVALID, "invalid.value");
    expect_failure(f, "return { [1.5] = 1 }", ERR_INVALID, "invalid.value");
    expect_failure(f, "return { [true] = 1 }", ERR_INVALID, "invalid.value");
    expect_failure(f, "return { ['a\\0b'] = 1 }", ERR_INVALID, "invalid.value");
}

static void tables_may_be_as_deep_as_the_limit_and_no_deeper(void **state)
{
    struct fixture *f = *state;
    char body[120];
    struct val out;
    snprintf(body, sizeof(body), "local t = 1 for _ = 1, %d do t = { t } end return t", VAL_DEPTH_MAX);
    assert_int_equal(run(f, body, &out), 0);
    snprintf(body, sizeof(body), "local t = 1 for _ = 1, %d do t = { t } end return t", VAL_DEPTH_MAX + 1);
    assert_int_equal(run(f, body, &out), ERR_INVALID);
}

static void cycles_are_refused(void **state)
{
    expect_failure(*state, "local t = {} t.t = t return t", ERR_INVALID, NULL);
    expect_failure(*state, "local a, b = {}, {} a[1] = b b.x = { a } return a", ERR_INVALID, NULL);
    expect_failure(*state, "local t = {} t[1] = t t[2] = t t[3] = t return t", ERR_INVALID, NULL);
}

static void a_small_table_that_stands_for_a_huge_value_is_refused(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->arena);
    arena_init(&f->arena, 1 << 20);
    expect_failure(f, "local t = { 1 } for _ = 1, 30 do t = { t, t } end return t", ERR_LIMIT, "limit.size");
}

static void a_value_that_is_too_large_is_refused(void **state)
{
    struct fixture *f = *state;
    struct val out;
    arena_close(&f->arena);
    arena_init(&f->arena, 10000);
    assert_int_equal(run(f, "return ('x'):rep(20000)", &out), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.size");
}

static void no_metamethod_is_called(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(run(f,
                         "local function no() error('called') end "
                         "return setmetatable({ a = 1 }, { __index = no, __pairs = no, __len = no, __tostring = no })",
                         &out),
                     0);
    assert_int_equal(val_get_int(&out, "a", 0), 1);
}

static void error_objects_are_data(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct buf bytes;
    assert_int_equal(run(f, "local _, e = pcall(wait) return { e }", &out), 0);
    const struct val *e = val_at(&out, 0);
    assert_true(val_is_str(val_get(e, "code"), "wait.impossible"));
    buf_init(&bytes, 10000);
    assert_int_equal(val_encode(&out, &bytes, true), 0);
    buf_close(&bytes);
}

/* --- host objects --- */

static const struct val_kind item_kind = {"item"}, day_kind = {"day"}, table_kind = {"table", true};

static struct val object(struct fixture *f, const struct val_kind *kind, int64_t id, const char *name)
{
    struct val *fields = arena_alloc(&f->arena, sizeof(*fields));
    *fields = val_map();
    val_set(&f->arena, fields, "name", val_str(name));
    return val_obj(kind, id, 3, fields);
}

/* The value of a body with the objects a and b. */
static int with_objects(struct fixture *f, struct val a, struct val b, const char *body, struct val *out)
{
    char text[1000];
    struct val args[] = {a, b};
    lua_State *L = vm_main(f->vm);
    lua_newtable(L);
    vm_define_kind(L, &day_kind, true);
    lua_newtable(L);
    lua_pushcfunction(L, wait_here);
    lua_setfield(L, -2, "go");
    vm_define_kind(L, &item_kind, false);
    snprintf(text, sizeof(text), "keep(function(a, b) %s end)", body);
    assert_int_equal(load(f, text), 0);
    return vm_call(f->vm, f->kept, args, 2, &f->arena, out, &f->err);
}

static void objects_come_back_by_kind_and_id(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct val a = object(f, &item_kind, 7, "x"), b = object(f, &table_kind, 0, "t");
    assert_int_equal(with_objects(f, a, b, "return { a, b }", &out), 0);
    const struct val *first = val_at(&out, 0), *second = val_at(&out, 1);
    assert_ptr_equal(first->as.obj.kind, &item_kind);
    assert_int_equal(first->as.obj.id, 7);
    assert_int_equal(first->as.obj.rev, 3);
    assert_null(first->as.obj.fields);
    assert_true(val_is_str(val_get(second->as.obj.fields, "name"), "t"));
}

static void objects_show_fields_methods_and_id(void **state)
{
    struct fixture *f = *state;
    struct val out, a = object(f, &item_kind, 7, "x");
    assert_int_equal(with_objects(f, a, a, "return { a.name, a.id, type(a.go), a.nothing == nil, tostring(a) }", &out),
                     0);
    assert_true(val_is_str(val_at(&out, 0), "x"));
    assert_int_equal(val_at(&out, 1)->as.i, 7);
    assert_true(val_is_str(val_at(&out, 2), "function"));
    assert_true(val_is_str(val_at(&out, 4), "item 7"));
}

static void objects_are_equal_by_id_and_handles_by_their_fields(void **state)
{
    struct fixture *f = *state;
    struct val out;
    assert_int_equal(
        with_objects(f, object(f, &item_kind, 7, "x"), object(f, &item_kind, 7, "y"), "return a == b", &out), 0);
    assert_true(out.as.b);
    assert_int_equal(
        with_objects(f, object(f, &item_kind, 7, "x"), object(f, &day_kind, 7, "x"), "return a == b", &out), 0);
    assert_false(out.as.b);
    assert_int_equal(
        with_objects(f, object(f, &table_kind, 0, "x"), object(f, &table_kind, 0, "y"), "return a == b", &out), 0);
    assert_false(out.as.b);
    assert_int_equal(
        with_objects(f, object(f, &table_kind, 0, "x"), object(f, &table_kind, 0, "x"), "return a == b", &out), 0);
    assert_true(out.as.b);
}

static void only_ordered_kinds_can_be_compared(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct val one = object(f, &day_kind, 1, "x"), two = object(f, &day_kind, 2, "x"),
               item = object(f, &item_kind, 2, "x");
    assert_int_equal(with_objects(f, one, two, "return a < b and a <= b and not (b < a) and b > a", &out), 0);
    assert_true(out.as.b);
    assert_int_equal(with_objects(f, item, item, "return a < b", &out), ERR_PLUGIN);
    assert_int_equal(with_objects(f, one, item, "return a < b", &out), ERR_PLUGIN);
}

static void objects_cannot_be_written(void **state)
{
    static const char *const ways[] = {"a.name = 'z'",           "a.new = 1",
                                       "rawset(a, 'name', 'z')", "getmetatable(a).__index = {}",
                                       "setmetatable(a, {})",    "local _, t = pairs(a) t.name = 'z'",
                                       "table.insert(a, 1)"};
    struct fixture *f = *state;
    struct val out, a = object(f, &table_kind, 0, "x");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char body[200];
        snprintf(body, sizeof(body), "local ok = pcall(function() %s end) return tostring(ok) .. a.name", ways[i]);
        assert_int_equal(with_objects(f, a, a, body, &out), 0);
        assert_true(val_is_str(&out, "falsex"));
    }
}

static void pairs_goes_over_the_fields_of_an_object(void **state)
{
    struct fixture *f = *state;
    struct val out, a = object(f, &item_kind, 7, "x");
    for (int stable = 0; stable < 2; stable++) {
        vm_set_stable(f->vm, stable, 1);
        assert_int_equal(
            with_objects(f, a, a, "local s = '' for k, v in pairs(a) do s = s .. k .. '=' .. v end return s", &out), 0);
        assert_true(val_is_str(&out, "name=x"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(numbers_keep_their_type_and_every_bit),
        ONE(texts_keep_their_bytes),
        ONE(what_goes_in_comes_out),
        ONE(places_beside_names_become_names),
        ONE(a_list_with_a_hole_loses_nothing),
        ONE(a_key_that_would_be_there_twice_is_refused),
        ONE(names_that_only_look_like_places_are_names),
        ONE(what_is_no_data_is_refused_with_its_place),
        ONE(tables_may_be_as_deep_as_the_limit_and_no_deeper),
        ONE(cycles_are_refused),
        ONE(a_small_table_that_stands_for_a_huge_value_is_refused),
        ONE(a_value_that_is_too_large_is_refused),
        ONE(no_metamethod_is_called),
        ONE(error_objects_are_data),
        ONE(objects_come_back_by_kind_and_id),
        ONE(objects_show_fields_methods_and_id),
        ONE(objects_are_equal_by_id_and_handles_by_their_fields),
        ONE(only_ordered_kinds_can_be_compared),
        ONE(objects_cannot_be_written),
        ONE(pairs_goes_over_the_fields_of_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
