/* Filters: what each operator finds, in input form; what is refused. */
#include "table_fixture.h"

#include "store/table_internal.h"

static struct table *prepare(struct fixture *f)
{
    table_fixture_init(f);
    struct table *t =
        make(f, "{\"fields\": {\"n\": \"integer\", \"s\": \"text\", \"d\": \"date\", \"c\": \"choice:open,late,done\","
                " \"b\": \"boolean\", \"x\": \"number\", \"j\": \"json\", \"u\": \"unit\"}}");
    insert(f, t, 1,
           "{\"n\": 1, \"s\": \"Thanh Hóa\", \"d\": 18631, \"c\": \"open\", \"b\": true, \"x\": 0.5, \"u\": 3}");
    insert(f, t, 2, "{\"n\": 2, \"s\": \"Hà Nội\", \"d\": 18632, \"c\": \"late\", \"b\": false, \"x\": 1.5, \"u\": 4}");
    insert(f, t, 3, "{\"n\": 3, \"s\": \"thanh\", \"d\": 18633, \"c\": \"done\", \"b\": true, \"x\": 2.5, \"u\": 3}");
    insert(f, t, 4, "{\"c\": \"open\"}");
    return t;
}

static void each_operator_finds_what_it_says(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "1 2 3 4"},
        {"[]", "1 2 3 4"},
        {"{\"n\": 2}", "2"},
        {"{\"n\": 2.0}", "2"},
        {"{\"n\": [1, 3]}", "1 3"},
        {"{\"n\": []}", ""},
        {"{\"n\": [\"=\", 1]}", "1"},
        {"{\"n\": [\"!=\", 1]}", "2 3"},
        {"{\"n\": [\"<\", 2]}", "1"},
        {"{\"n\": [\"<=\", 2]}", "1 2"},
        {"{\"n\": [\">\", 2]}", "3"},
        {"{\"n\": [\">=\", 2]}", "2 3"},
        {"{\"n\": [\"in\", 1, 2]}", "1 2"},
        {"{\"n\": [\"between\", 2, 3]}", "2 3"},
        {"{\"n\": null}", "4"},
        {"{\"n\": [\"is\", \"null\"]}", "4"},
        {"{\"n\": [\"is\", \"not null\"]}", "1 2 3"},
        {"{\"s\": \"Hà Nội\"}", "2"},
        {"{\"s\": \"H\\u0061\\u0300 N\\u006f\\u0302\\u0323i\"}", "2"}, /* not NFC */
        {"{\"s\": [\"like\", \"Thanh%\"]}", "1 3"},
        {"{\"s\": [\"like\", \"%H\\u006f\\u0301a\"]}", "1"},
        {"{\"d\": \"2021-01-05\"}", "2"},
        {"{\"d\": [\">\", \"04/01/2021\"]}", "2 3"},
        {"{\"d\": [\"between\", \"2021-01-04\", \"2021-01-05\"]}", "1 2"},
        {"{\"c\": [\"open\", \"late\"]}", "1 2 4"},
        {"{\"b\": true}", "1 3"},
        {"{\"x\": [\">\", 1]}", "2 3"},
        {"{\"id\": [\">\", 2]}", "3 4"},
        {"{\"version\": 1, \"n\": 1}", "1"},
        {"{\"n\": [\">\", 1], \"b\": true}", "3"},
        {"{\"or\": {\"n\": 1, \"c\": \"late\"}}", "1 2"},
        {"{\"or\": [{\"n\": 1, \"b\": false}, {\"n\": 3, \"b\": true}]}", "3"},
        {"{\"or\": []}", ""},
        {"{\"or\": {}}", ""},
        {"{\"not\": {\"n\": 1}}", "2 3"},
        {"{\"u\": 3, \"or\": {\"n\": 1, \"not\": {\"b\": true}}}", "1"},
        {"{\"or\": [{\"or\": {\"n\": 1, \"s\": \"thanh\"}}, {\"n\": null}], \"c\": [\"!=\", \"done\"]}", "1 4"},
    };
    struct fixture f;
    (void)state;
    struct table *t = prepare(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = ids_of(&f, t, cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0) fail_msg("%s finds \"%s\", not \"%s\"", cases[i][0], got, cases[i][1]);
    }
    fixture_close(&f);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"{\"zz\": 1}", "invalid.unknown_field"},
        {"{\"n\\\" or 1 --\": 1}", "invalid.unknown_field"},
        {"{\"j\": 1}", "invalid.unknown_field"},
        {"{\"n\": \"many\"}", "invalid.field"},
        {"{\"n\": {\"a\": 1}}", "invalid.field"},
        {"{\"n\": [\">\", \"x\"]}", "invalid.field"},
        {"{\"d\": \"someday\"}", "invalid.field"},
        {"{\"c\": \"unheard\"}", "invalid.choice"},
        {"{\"b\": 1}", "invalid.field"},
        {"{\"n\": [\"is\", \"void\"]}", "where.condition"},
        {"[1]", "where.table"},
        {"{\"or\": 5}", "where.table"},
        {"{\"not\": [1]}", "where.table"},
    };
    struct fixture f;
    (void)state;
    struct table *t = prepare(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = ids_of(&f, t, cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0) fail_msg("%s gives \"%s\", not \"%s\"", cases[i][0], got, cases[i][1]);
    }
    fixture_close(&f);
}

/* {"or": {"or": … {"n": 1}}} */
static const char *nested(struct fixture *f, int depth)
{
    const char *text = "{\"n\": 1}";
    for (int i = 0; i < depth; i++)
        text = arena_printf(&f->a, "{\"or\": %s}", text);
    return text;
}

static const char *many(struct fixture *f, int n, const char *one, const char *open, const char *close)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_add_str(&b, open);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", one);
    buf_add_str(&b, close);
    const char *text = arena_strndup(&f->a, b.data, b.len);
    buf_close(&b);
    return text;
}

static void depth_and_number_of_terms_are_bounded(void **state)
{
    struct fixture f;
    (void)state;
    struct table *t = prepare(&f);
    assert_string_equal(ids_of(&f, t, nested(&f, WHERE_DEPTH_MAX)), "1");
    assert_string_equal(ids_of(&f, t, nested(&f, WHERE_DEPTH_MAX + 1)), "where.terms");
    assert_string_equal(ids_of(&f, t, many(&f, WHERE_TERMS_MAX, "1", "{\"n\": [", "]}")), "1");
    assert_string_equal(ids_of(&f, t, many(&f, WHERE_TERMS_MAX + 1, "1", "{\"n\": [", "]}")), "where.terms");
    fixture_close(&f);
}

/* Conditions without values are bounded by the length of the text, in counts and sums as well. */
static void a_text_that_grows_too_long_is_refused_everywhere(void **state)
{
    struct fixture f;
    int64_t n;
    struct val rows;
    struct table_sums sums = {.count = true};
    (void)state;
    struct table *t = prepare(&f);
    const char *huge = many(&f, 20000, "{\"n\": [\"is\", \"null\"]}", "{\"or\": [", "]}");
    struct val where = json_of(&f, huge);
    struct table_query q = {.where = &where};
    assert_string_equal(ids_of(&f, t, huge), "where.terms");
    assert_int_equal(table_count(f.db, t, &q, &f.a, &n, &f.err), ERR_LIMIT);
    assert_int_equal(table_aggregate(f.db, t, &q, &sums, &f.a, &rows, &f.err), ERR_LIMIT);
    fixture_close(&f);
}

/* Values need not end in a NUL. */
static void names_and_operators_are_read_by_their_length(void **state)
{
    struct fixture f;
    struct val rows, cond = val_list(), where = val_map(), order = val_strn("-nothing", 2);
    const char *cursor;
    (void)state;
    struct table *t = prepare(&f);
    assert_int_equal(val_add(&f.a, &cond, val_strn(">=x", 2)), 0);
    assert_int_equal(val_add(&f.a, &cond, val_int(2)), 0);
    assert_int_equal(val_set(&f.a, &where, "n", cond), 0);
    struct table_query q = {.where = &where, .order = &order};
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), 0);
    assert_int_equal(rows.as.list.n, 2);
    assert_int_equal(val_get_int(val_at(&rows, 0), "id", 0), 3);
    fixture_close(&f);
}

static void without_memory_a_filter_is_refused_or_right(void **state)
{
    struct fixture f;
    int refused = 0;
    (void)state;
    struct table *t = prepare(&f);
    struct val where = json_of(&f, "{\"or\": {\"n\": [1, 3], \"c\": \"late\"}}"), rows;
    struct table_query q = {.where = &where};
    const char *cursor;
    for (long n = 1; n < 12; n++) {
        struct arena a;
        int64_t count = 0;
        arena_init(&a, 1 << 20);
        mem_fail_nth(n);
        int rc = table_find(f.db, t, &q, &a, &rows, &cursor, &f.err);
        mem_fail_nth(0);
        assert_true(rc == 0 || rc == ERR_LIMIT || rc == ERR_NOMEM);
        assert_true(rc || rows.as.list.n == 3);
        refused += rc != 0;
        mem_fail_nth(n);
        rc = table_count(f.db, t, &q, &a, &count, &f.err);
        mem_fail_nth(0);
        assert_true(rc == 0 ? count == 3 : rc == ERR_LIMIT || rc == ERR_NOMEM);
        arena_close(&a);
    }
    assert_true(refused > 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator_finds_what_it_says),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(depth_and_number_of_terms_are_bounded),
        cmocka_unit_test(a_text_that_grows_too_long_is_refused_everywhere),
        cmocka_unit_test(names_and_operators_are_read_by_their_length),
        cmocka_unit_test(without_memory_a_filter_is_refused_or_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
