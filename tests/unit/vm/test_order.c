/* The stable order of pairs and next, and random numbers. */
#include "fixture.h"

static const struct val_kind item_kind = {"item"}, day_kind = {"day"};

/* Walks the table that the statements fill, by pairs and by next. */
static void walk(struct fixture *f, const char *fill, char *out, size_t cap)
{
    char body[1500];
    struct val v;
    start_again(f);
    vm_set_stable(f->vm, true, 1);
    snprintf(body, sizeof(body),
             "local t = {} %s local a, b = '', '' for k, v in pairs(t) do a = a .. tostring(k) .. '=' .. tostring(v) "
             ".. ' ' end "
             "local k, v = next(t) while k ~= nil do b = b .. tostring(k) .. '=' .. tostring(v) .. ' ' k, v = next(t, "
             "k) end assert(a == b, a .. '|' .. b) return a",
             fill);
    int rc = run(f, body, &v);
    if (rc) print_message("%s: %s\n", fill, f->err.text);
    assert_int_equal(rc, 0);
    snprintf(out, cap, "%.*s", (int)v.as.str.len, v.as.str.s);
}

static void the_order_does_not_depend_on_history(void **state)
{
    static const char *const same[][3] = {
        {"t = { 5, 6, b = 1, a = 2, [true] = 3, [2.5] = 4, [-1] = 9 }",
         "t[-1] = 9 t.a = 2 t[2.5] = 4 t[2] = 6 t[true] = 3 t.b = 1 t[1] = 5", "1=5 2=6 true=3 -1=9 2.5=4 a=2 b=1 "},
        {"t = { 1, 2, nil, 4, [true] = 0 }", "t[true] = 0 t[4] = 4 t[2] = 2 t[1] = 1", "1=1 2=2 4=4 true=0 "},
        {"for i = 1, 20 do t[i] = i end for i = 2, 20, 2 do t[i] = nil end t.x = 1",
         "t.x = 1 for i = 19, 1, -2 do t[i] = i end", "1=1 3=3 5=5 7=7 9=9 11=11 13=13 15=15 17=17 19=19 x=1 "},
        {"t[false] = 1 t[true] = 2 t[0] = 3 t[1e300] = 4 t[math.mininteger] = 5",
         "t[math.mininteger] = 5 t[1e300] = 4 t[0] = 3 t[true] = 2 t[false] = 1",
         "false=1 true=2 -9223372036854775808=5 0=3 1e+300=4 "},
        {"t.a = 1 t['a\\0'] = 2 t[''] = 3 t['\\xff'] = 4 t.B = 5",
         "t.B = 5 t['\\xff'] = 4 t[''] = 3 t['a\\0'] = 2 t.a = 1", NULL},
        {"", "t.x = 1 t.x = nil", ""},
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char a[1000], b[1000];
        walk(*state, same[i][0], a, sizeof(a));
        walk(*state, same[i][1], b, sizeof(b));
        assert_string_equal(a, b);
        if (same[i][2]) assert_string_equal(a, same[i][2]);
    }
}

static void many_keys_are_in_order(void **state)
{
    struct fixture *f = *state;
    vm_set_stable(f->vm, true, 1);
    expect_text(f,
                "local t = {} for i = 1, 5000 do t['k' .. (i * 7919) % 5003] = i end local last for k in pairs(t) do "
                "assert(not last or last < k) last = k end return 'sorted'",
                "sorted");
}

static void entries_may_be_changed_and_removed_on_the_way(void **state)
{
    struct fixture *f = *state;
    vm_set_stable(f->vm, true, 1);
    expect_text(f,
                "local t, s = { 1, 2, 3, a = 4, b = 5 }, '' for k, v in pairs(t) do s = s .. v t[k] = nil t.b = nil "
                "end return s .. tostring(next(t))",
                "1234nil");
}

static void keys_without_an_order_are_refused_only_when_it_matters(void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "local t = { [{}] = 1, [print] = 2 } local n = 0 for _ in pairs(t) do n = n + 1 end return tostring(n)";
    expect_text(f, body, "2");
    vm_set_stable(f->vm, true, 1);
    expect_failure(f, body, ERR_REFUSED, "pairs.unstable");
    expect_failure(f, "return next({ [{}] = 1 })", ERR_REFUSED, "pairs.unstable");
}

static void objects_are_ordered_by_kind_and_id(void **state)
{
    struct fixture *f = *state;
    struct val args[] = {val_obj(&item_kind, 9, 0, NULL), val_obj(&item_kind, 2, 0, NULL),
                         val_obj(&day_kind, 5, 0, NULL)},
               out;
    assert_int_equal(load(f, "keep(function(a, b, c) local s = '' for k in pairs({ [a] = 1, [b] = 1, [c] = 1, x = 1 }) "
                             "do s = s .. tostring(k) .. ' ' end return s end)"),
                     0);
    vm_set_stable(f->vm, true, 1);
    assert_int_equal(vm_call(f->vm, f->kept, args, 3, &f->arena, &out, &f->err), 0);
    assert_true(val_is_str(&out, "x day 5 item 2 item 9 "));
}

static void the_record_in_an_error_object_is_not_seen(void **state)
{
    struct fixture *f = *state;
    for (int stable = 0; stable < 2; stable++) {
        vm_set_stable(f->vm, stable, 1);
        expect_text(
            f,
            "local _, e = pcall(wait) local n = 0 for k in pairs(e) do assert(type(k) == 'string') n = n + 1 end "
            "local m, k = 0, next(e) while k do m = m + 1 k = next(e, k) end return n .. ',' .. m",
            "4,4"); /* code, message, where, remedy */
    }
}

static void what_pairs_gives_can_be_called_with_anything(void **state)
{
    for (int stable = 0; stable < 2; stable++) {
        vm_set_stable(((struct fixture *)*state)->vm, stable, 1);
        expect_text(*state,
                    "local f = pairs({ 1 }) for _, x in ipairs{ 5, 'x', true, print } do pcall(f, x) pcall(f, {}, x) "
                    "pcall(next, x) pcall(next, {}, x) end pcall(f) return 'ok'",
                    "ok");
    }
}

static void random_is_the_same_for_the_same_seed(void **state)
{
    struct fixture *f = *state;
    struct val out[3];
    for (int i = 0; i < 3; i++) {
        vm_set_stable(f->vm, true, i < 2 ? 17 : 18);
        assert_int_equal(
            run(f, "return { math.random(1 << 40), math.random(), math.random(-5, 1 << 40), math.random(0) }", &out[i]),
            0);
    }
    assert_true(val_equal(&out[0], &out[1]));
    assert_false(val_equal(&out[0], &out[2]));
}

static void random_stays_in_its_range(void **state)
{
    expect_text(
        *state,
        "for _ = 1, 2000 do local a, b, c = math.random(), math.random(3), math.random(-2, 2) "
        "assert(a >= 0 and a < 1 and b >= 1 and b <= 3 and c >= -2 and c <= 2 and math.type(b) == 'integer') end "
        "math.random(math.mininteger, math.maxinteger) return tostring(pcall(math.random, 2, 1)) .. "
        "tostring(pcall(math.random, -1))",
        "falsefalse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(the_order_does_not_depend_on_history),
        ONE(many_keys_are_in_order),
        ONE(entries_may_be_changed_and_removed_on_the_way),
        ONE(keys_without_an_order_are_refused_only_when_it_matters),
        ONE(objects_are_ordered_by_kind_and_id),
        ONE(the_record_in_an_error_object_is_not_seen),
        ONE(what_pairs_gives_can_be_called_with_anything),
        ONE(random_is_the_same_for_the_same_seed),
        ONE(random_stays_in_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
