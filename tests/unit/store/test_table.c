/* Declared tables: building, rows in and out, versions, errors. */
#include "table_fixture.h"

static const char all_types[] =
    "{\"fields\": {\"a_text\": \"text\", \"b_mark\": \"markdown\", \"c_int\": \"integer\", \"d_num\": \"number\","
    " \"e_money\": \"money\", \"f_bool\": \"boolean\", \"g_date\": \"date\", \"h_instant\": \"instant\","
    " \"i_dur\": \"duration\", \"j_choice\": \"choice:x,y\", \"k_file\": \"file\", \"l_unit\": \"unit\","
    " \"m_person\": \"person\", \"n_ref\": \"ref:article\", \"o_list\": \"list:integer\", \"p_json\": \"json\"}}";

static void every_type_comes_back_as_it_was_stored(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, all_types);
    insert(&f, t, 7,
           "{\"a_text\": \"Đề án\", \"b_mark\": \"# x\", \"c_int\": -5, \"d_num\": 2.5, \"e_money\": 12226,"
           " \"f_bool\": false, \"g_date\": 18631, \"h_instant\": 1609725600000, \"i_dur\": \"2 working days\","
           " \"j_choice\": \"x\", \"k_file\": \"abc\", \"l_unit\": 3, \"m_person\": 4, \"n_ref\": 5,"
           " \"o_list\": [1, 2], \"p_json\": {\"k\": [true, null, 1.5]}}");
    assert_string_equal(
        row_of(&f, t, 7),
        "{\"id\":7,\"version\":1,\"a_text\":\"Đề án\",\"b_mark\":\"# x\",\"c_int\":-5,\"d_num\":2.5,\"e_money\":12226,"
        "\"f_bool\":false,\"g_date\":18631,\"h_instant\":1609725600000,\"i_dur\":\"2 working days\","
        "\"j_choice\":\"x\",\"k_file\":\"abc\",\"l_unit\":3,\"m_person\":4,\"n_ref\":5,"
        "\"o_list\":[1,2],\"p_json\":{\"k\":[true,null,1.5]}}");
    insert(&f, t, 8, "{}");
    assert_string_equal(row_of(&f, t, 8), "{\"id\":8,\"version\":1}");
    assert_string_equal(row_of(&f, t, 9), "none");
    assert_int_equal(number_of(f.db, "select typeof(d_num) = 'real' and typeof(g_date) = 'integer' and"
                                     " typeof(o_list) = 'text' from p_awards__nom where id = 7"),
                     1);
    fixture_close(&f);
}

static void texts_with_quotes_and_nuls_are_only_texts(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"order\": \"text\"}}"); /* a word of SQL as a column */
    insert(&f, t, 1, "{\"order\": \"'); drop table x; --\"}");
    insert(&f, t, 2, "{\"order\": \"a\\u0000b\"}");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"order\":\"'); drop table x; --\"}");
    assert_string_equal(row_of(&f, t, 2), "{\"id\":2,\"version\":1,\"order\":\"a\\u0000b\"}");
    assert_string_equal(ids_of(&f, t, "{\"order\": \"'); drop table x; --\"}"), "1");
    fixture_close(&f);
}

static void an_update_sets_what_it_is_given_and_counts_versions(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\", \"j\": \"json\"}}");
    insert(&f, t, 1, "{\"a\": 1, \"b\": \"x\"}");
    struct val one = json_of(&f, "{\"a\": 2, \"j\": [1, \"y\"]}"), none = json_of(&f, "{}"),
               clear = json_of(&f, "{\"b\": null}"), unknown = json_of(&f, "{\"z\": 1}"),
               id = json_of(&f, "{\"id\": 5}");
    assert_int_equal(table_update(f.db, t, 1, &one, 1, &f.err), 0);
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":2,\"a\":2,\"b\":\"x\",\"j\":[1,\"y\"]}");
    assert_int_equal(table_update(f.db, t, 1, &one, 1, &f.err), ERR_CONFLICT);
    assert_string_equal(f.err.key, "conflict.version");
    assert_int_equal(table_update(f.db, t, 1, &clear, 0, &f.err), 0);
    assert_int_equal(table_update(f.db, t, 1, &none, 0, &f.err), 0);
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":4,\"a\":2,\"j\":[1,\"y\"]}");
    assert_int_equal(table_update(f.db, t, 9, &one, 0, &f.err), ERR_NOT_FOUND);
    assert_int_equal(table_update(f.db, t, 1, &unknown, 0, &f.err), ERR_INVALID);
    assert_string_equal(f.err.key, "invalid.unknown_field");
    assert_int_equal(table_update(f.db, t, 1, &id, 0, &f.err), ERR_INVALID);
    fixture_close(&f);
}

static void deleting_what_is_not_there_is_an_error(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\"}}");
    insert(&f, t, 1, "{\"a\": 1}");
    assert_int_equal(table_delete(f.db, t, 1, &f.err), 0);
    assert_string_equal(row_of(&f, t, 1), "none");
    assert_int_equal(table_delete(f.db, t, 1, &f.err), ERR_NOT_FOUND);
    assert_string_equal(err_arg(&f.err, "table"), "nom");
    fixture_close(&f);
}

static void a_unique_rule_refuses_the_second_row(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\"}, \"unique\": [[\"a\", \"b\"]]}");
    insert(&f, t, 1, "{\"a\": 1, \"b\": \"x\"}");
    insert(&f, t, 2, "{\"a\": 1, \"b\": \"y\"}");
    assert_int_equal(try_insert(&f, t, 3, "{\"a\": 1, \"b\": \"x\"}"), ERR_CONFLICT);
    assert_string_equal(f.err.key, "store.unique");
    assert_int_equal(try_insert(&f, t, 1, "{\"a\": 9}"), ERR_CONFLICT);
    fixture_close(&f);
}

static void a_plain_table_has_no_version(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"plain\": true, \"fields\": {\"a\": \"integer\", \"version\": \"text\"}}");
    insert(&f, t, 1, "{\"a\": 1, \"version\": \"v2\"}");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"a\":1,\"version\":\"v2\"}");
    fixture_close(&f);
}

static void declarations_that_cannot_work_are_refused(void **state)
{
    struct fixture f;
    struct table *t;
    static const char *const bad[][2] = {
        {"{\"fields\": {\"id\": \"integer\"}}", "table.reserved"},
        {"{\"fields\": {\"version\": \"integer\"}}", "table.reserved"},
        {"{\"fields\": {\"a\": \"json\"}, \"index\": [[\"a\"]]}", "table.index"},
        {"{\"fields\": {\"a\": \"integer\"}, \"index\": [[\"b\"]]}", "table.index"},
        {"{\"fields\": {\"a\": \"integer\"}, \"unique\": [[]]}", "table.index"},
        {"{\"fields\": {\"a\": \"integer\"}, \"unique\": [[1]]}", "table.index"},
        {"{\"fields\": {\"a\": \"integer\"}, \"index\": [\"a\"]}", "table.index"},
    };
    (void)state;
    table_fixture_init(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(try_build(&f, bad[i][0], &t), ERR_INVALID);
        assert_string_equal(f.err.key, bad[i][1]);
    }
    fixture_close(&f);
}

static void a_built_table_does_not_borrow_the_callers_lists(void **state)
{
    struct fixture f;
    struct table *t;
    char name[] = "a";
    (void)state;
    table_fixture_init(&f);
    struct val column = val_str(name), list = {.type = VAL_LIST, .as.list = {&column, 1, 1}};
    struct val lists = {.type = VAL_LIST, .as.list = {&list, 1, 1}}, decl = json_of(&f, "{\"a\": \"integer\"}");
    struct table_spec spec = {.sql_name = "p_x", .shown_name = "x", .index = &lists};
    assert_int_equal(field_parse_list(&f.a, &decl, &spec.fields, &f.err), 0);
    assert_int_equal(table_build(&f.a, &spec, &t, &f.err), 0);
    name[0] = '!';
    column = list = lists = val_nil();
    assert_int_equal(table_migrate(f.db, t, NULL, &f.err), 0);
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name = 'ix_p_x__a'"), 1);
    fixture_close(&f);
}

static void an_insert_without_json_allocates_nothing(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\", \"c\": \"number\"}}");
    struct val row = json_of(&f, "{\"a\": 1, \"b\": \"x\", \"c\": 1.5}");
    assert_int_equal(table_insert(f.db, t, 1, &row, &f.err), 0);
    long before = mem_count();
    for (int64_t id = 2; id < 100; id++)
        assert_int_equal(table_insert(f.db, t, id, &row, &f.err), 0);
    assert_int_equal(mem_count(), before);
    fixture_close(&f);
}

static void without_memory_a_row_is_refused_or_whole(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"j\": \"json\", \"b\": \"text\"}}");
    struct val row = json_of(&f, "{\"j\": {\"list\": [1, 2, \"?\"]}, \"b\": \"x\"}");
    struct val *list = (struct val *)val_get(val_get(&row, "j"), "list");
    char text[20000]; /* makes the buffer grow once or twice while it is written */
    memset(text, 'x', sizeof(text));
    list->as.list.items[2] = val_strn(text, sizeof(text));
    int refused = 0;
    for (long n = 1; n < 12; n++) {
        mem_fail_nth(n);
        int rc = table_insert(f.db, t, n, &row, &f.err);
        mem_fail_nth(0);
        assert_true(rc == 0 || rc == ERR_LIMIT || rc == ERR_NOMEM);
        refused += rc != 0;
        assert_int_equal(strcmp(row_of(&f, t, n), "none") == 0, rc != 0);
        if (rc) continue;
        mem_fail_nth(n);
        rc = table_update(f.db, t, n, &row, 0, &f.err);
        mem_fail_nth(0);
        assert_true(rc == 0 || rc == ERR_LIMIT || rc == ERR_NOMEM);
    }
    assert_true(refused > 0);
    assert_int_equal(number_of(f.db, "select count(*) from p_awards__nom where json_valid(j) = 0"), 0);
    fixture_close(&f);
}

static void a_damaged_value_is_told_as_damage(void **state)
{
    struct fixture f;
    struct val row, rows;
    const char *cursor;
    struct table_query q = {0};
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"j\": \"json\"}}");
    insert(&f, t, 1, "{\"j\": [1]}");
    must_exec(f.db, "update p_awards__nom set j = '[1'");
    assert_int_equal(table_get(f.db, t, 1, &f.a, &row, &f.err), ERR_CORRUPT);
    assert_string_equal(f.err.key, "store.corrupt");
    err_clear(&f.err);
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), ERR_CORRUPT);
    assert_int_equal(f.err.code, ERR_CORRUPT);
    fixture_close(&f);
}

static void a_row_that_is_too_large_is_refused(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"j\": \"json\"}}");
    size_t n = (1 << 20) + 10;
    char *big = mem_alloc(n + 1);
    memset(big, 'x', n);
    struct val row = val_map();
    assert_int_equal(val_set(&f.a, &row, "j", val_strn(big, n)), 0);
    assert_int_equal(table_insert(f.db, t, 1, &row, &f.err), ERR_LIMIT);
    mem_free(big);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_was_stored),
        cmocka_unit_test(texts_with_quotes_and_nuls_are_only_texts),
        cmocka_unit_test(an_update_sets_what_it_is_given_and_counts_versions),
        cmocka_unit_test(deleting_what_is_not_there_is_an_error),
        cmocka_unit_test(a_unique_rule_refuses_the_second_row),
        cmocka_unit_test(a_plain_table_has_no_version),
        cmocka_unit_test(declarations_that_cannot_work_are_refused),
        cmocka_unit_test(a_built_table_does_not_borrow_the_callers_lists),
        cmocka_unit_test(an_insert_without_json_allocates_nothing),
        cmocka_unit_test(without_memory_a_row_is_refused_or_whole),
        cmocka_unit_test(a_damaged_value_is_told_as_damage),
        cmocka_unit_test(a_row_that_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
