/* Shapes: expanding goes by itself, what would lose or invent data is refused. */
#include "table_fixture.h"

static void a_new_column_is_there_for_old_rows_with_its_default(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\"}}");
    insert(&f, t, 1, "{\"a\": 1}");
    t = make(&f,
             "{\"fields\": {\"a\": \"integer\", \"b\": \"text\", \"c\": {\"type\": \"integer!\", \"default\": 5}}}");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"a\":1,\"c\":5}");
    fixture_close(&f);
}

/* Declared as the plugin writes it: {"text!", default = "x"}. */
static struct val declared(struct fixture *f, const char *type, const char *def)
{
    struct val decl = val_map(), d = json_of(f, def);
    val_set(&f->a, &decl, "type", val_str(type));
    val_set(&f->a, &decl, "default", d);
    return decl;
}

static int migrate_with(struct fixture *f, const char *name, const char *type, const char *def, struct table **out)
{
    struct field field;
    struct table_spec spec = {.sql_name = "p_awards__nom", .shown_name = "nom"};
    struct val *options = arena_alloc(&f->a, sizeof(*options)), decl = json_of(f, "{\"a\": \"integer\"}");
    err_clear(&f->err);
    *options = declared(f, type, def);
    assert_int_equal(field_parse(&f->a, name, type, &field, &f->err), 0);
    field.options = options;
    assert_int_equal(field_parse_list(&f->a, &decl, &spec.fields, &f->err), 0);
    spec.extra = &field;
    spec.nextra = 1;
    assert_int_equal(table_build(&f->a, &spec, out, &f->err), 0);
    return table_migrate(f->db, *out, NULL, &f->err);
}

static void defaults_are_kept_in_stored_form(void **state)
{
    static const char *const cases[][4] = {
        {"d", "date!", "\"2021-01-04\"", "{\"id\":1,\"version\":1,\"a\":1,\"d\":18631}"},
        {"d", "text!", "\"it's\"", "{\"id\":1,\"version\":1,\"a\":1,\"d\":\"it's\"}"},
        {"d", "number!", "3", "{\"id\":1,\"version\":1,\"a\":1,\"d\":3.0}"},
        {"d", "boolean!", "true", "{\"id\":1,\"version\":1,\"a\":1,\"d\":true}"},
        {"d", "list:integer!", "[1, 2]", "{\"id\":1,\"version\":1,\"a\":1,\"d\":[1,2]}"},
        {"d", "json!", "{\"k\": \"it's\"}", "{\"id\":1,\"version\":1,\"a\":1,\"d\":{\"k\":\"it's\"}}"},
        {"d", "choice:x,y", "\"y\"", "{\"id\":1,\"version\":1,\"a\":1,\"d\":\"y\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        struct table *t;
        table_fixture_init(&f);
        insert(&f, make(&f, "{\"fields\": {\"a\": \"integer\"}}"), 1, "{\"a\": 1}");
        if (migrate_with(&f, cases[i][0], cases[i][1], cases[i][2], &t)) fail_msg("%s: %s", cases[i][1], f.err.key);
        assert_string_equal(row_of(&f, t, 1), cases[i][3]);
        fixture_close(&f);
    }
}

static void a_default_of_the_wrong_type_is_refused(void **state)
{
    struct fixture f;
    struct table *t;
    (void)state;
    table_fixture_init(&f);
    make(&f, "{\"fields\": {\"a\": \"integer\"}}");
    assert_int_equal(migrate_with(&f, "d", "integer!", "\"many\"", &t), ERR_INVALID);
    fixture_close(&f);
}

static void a_required_column_without_default_needs_an_empty_table(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\"}}");
    t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text!\"}}");
    insert(&f, t, 1, "{\"a\": 1, \"b\": \"x\"}");
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text!\", \"c\": \"text!\"}}"),
                     ERR_REFUSED);
    assert_string_equal(f.err.key, "table.required");
    assert_string_equal(err_arg(&f.err, "column"), "c");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"a\":1,\"b\":\"x\"}");
    fixture_close(&f);
}

static void a_column_becomes_required_only_when_every_row_has_a_value(void **state)
{
    struct fixture f;
    struct table *t;
    (void)state;
    table_fixture_init(&f);
    t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\"}}");
    insert(&f, t, 1, "{\"a\": 1, \"b\": \"x\"}");
    t = make(&f, "{\"fields\": {\"a\": \"integer!\", \"b\": \"text\"}}");
    insert(&f, t, 2, "{\"a\": 2}");
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"a\": \"integer!\", \"b\": \"text!\"}}"), ERR_REFUSED);
    assert_string_equal(f.err.key, "table.required");
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\"}}"), 0);
    assert_int_equal(migrate_with(&f, "b", "text!", "\"filled\"", &t), 0);
    assert_string_equal(row_of(&f, t, 2), "{\"id\":2,\"version\":1,\"a\":2,\"b\":\"filled\"}");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"a\":1,\"b\":\"x\"}");
    fixture_close(&f);
}

static void a_column_that_holds_data_is_not_dropped(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\"}, \"index\": [[\"b\", \"a\"]]}");
    insert(&f, t, 1, "{\"a\": 1, \"b\": \"x\"}");
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"a\": \"integer\"}}"), ERR_REFUSED);
    assert_string_equal(f.err.key, "table.contract");
    assert_string_equal(err_arg(&f.err, "column"), "b");
    must_exec(f.db, "update p_awards__nom set b = null");
    t = make(&f, "{\"fields\": {\"a\": \"integer\"}}"); /* its index went before it */
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"a\":1}");
    t = make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"integer\"}}"); /* empty, it may come back as another */
    insert(&f, t, 2, "{\"a\": 2, \"b\": 5}");
    fixture_close(&f);
}

static void another_type_is_refused(void **state)
{
    struct fixture f;
    static const char *const others[] = {
        "{\"fields\": {\"a\": \"text\", \"r\": \"ref:article\", \"l\": \"list:integer\"}}",
        "{\"fields\": {\"a\": \"integer\", \"r\": \"ref:page\", \"l\": \"list:integer\"}}",
        "{\"fields\": {\"a\": \"integer\", \"r\": \"ref:article\", \"l\": \"list:text\"}}",
    };
    static const char same[] = "{\"fields\": {\"a\": \"integer\", \"r\": \"ref:article\", \"l\": \"list:integer\"}}";
    (void)state;
    table_fixture_init(&f);
    make(&f, same);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(try_migrate(&f, others[i]), ERR_REFUSED);
        assert_string_equal(f.err.key, "table.retype");
        assert_string_equal(err_arg(&f.err, "column"), i == 0 ? "a" : i == 1 ? "r" : "l");
    }
    /* A shape that says only the kind of type. */
    must_exec(f.db, "update host_table set shape = '{\"a\": \"integer\", \"r\": \"ref\", \"l\": \"list\"}'");
    assert_int_equal(try_migrate(&f, same), 0);
    fixture_close(&f);
}

static int64_t indexes(struct fixture *f, const char *like)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "select count(*) from sqlite_master where type = 'index' and name like '%s'", like);
    return number_of(f->db, sql);
}

static void indexes_follow_the_declaration(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\", \"r\": \"ref:x\"}, \"index\": [[\"a\", \"-b\"]], "
             "\"unique\": [[\"b\"]]}");
    assert_int_equal(indexes(&f, "ix_p_awards__nom__a__b_d"), 1);
    assert_int_equal(indexes(&f, "ux_p_awards__nom__b"), 1);
    assert_int_equal(indexes(&f, "ix_p_awards__nom__r"), 1);
    make(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\", \"r\": \"ref:x\"}, \"index\": [[\"b\"]]}");
    assert_int_equal(indexes(&f, "%x_p_awards__nom%"), 2);
    fixture_close(&f);
}

static void a_long_list_of_columns_keeps_its_index(void **state)
{
    struct fixture f;
    static const char json[] =
        "{\"fields\": {\"a_rather_long_name_of_a_column_number_1\": \"text\", "
        "\"a_rather_long_name_of_a_column_number_2\":"
        " \"text\", \"a_rather_long_name_of_a_column_number_3\": \"text\", \"a_rather_long_name_of_a_column_number_4\":"
        " \"text\", \"a_rather_long_name_of_a_column_number_5\": \"text\"}, \"index\": "
        "[[\"a_rather_long_name_of_a_column_number_1\","
        " \"a_rather_long_name_of_a_column_number_2\", \"a_rather_long_name_of_a_column_number_3\","
        " \"a_rather_long_name_of_a_column_number_4\"], [\"a_rather_long_name_of_a_column_number_1\","
        " \"a_rather_long_name_of_a_column_number_2\", \"a_rather_long_name_of_a_column_number_3\","
        " \"a_rather_long_name_of_a_column_number_5\"]]}";
    (void)state;
    table_fixture_init(&f);
    make(&f, json);
    assert_int_equal(indexes(&f, "ix_p_awards__nom%"), 2);
    make(&f, json);
    assert_int_equal(indexes(&f, "ix_p_awards__nom%"), 2);
    fixture_close(&f);
}

static void a_unique_rule_over_duplicates_is_refused(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"a\": \"integer\"}}");
    insert(&f, t, 1, "{\"a\": 1}");
    insert(&f, t, 2, "{\"a\": 1}");
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"a\": \"integer\"}, \"unique\": [[\"a\"]]}"), ERR_REFUSED);
    assert_string_equal(f.err.key, "table.duplicates");
    assert_true(strstr(err_arg(&f.err, "column"), "\"a\"") != NULL);
    fixture_close(&f);
}

static void count_note(void *ctx, const char *line)
{
    assert_true(strlen(line) > 0);
    ++*(int *)ctx;
}

static void a_dry_run_tells_and_changes_nothing(void **state)
{
    struct fixture f;
    int notes = 0;
    const struct table_change dry = {.dry = true, .note = count_note, .ctx = &notes};
    (void)state;
    table_fixture_init(&f);
    static const char first[] = "{\"fields\": {\"a\": \"integer\"}}";
    assert_int_equal(table_migrate(f.db, build(&f, first), &dry, &f.err), 0);
    assert_int_equal(notes, 1);
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name = 'p_awards__nom'"), 0);
    insert(&f, make(&f, first), 1, "{\"a\": 1}");
    struct table *t = build(&f, "{\"fields\": {\"a\": \"integer\", \"b\": \"text\"}}");
    assert_int_equal(table_migrate(f.db, t, &dry, &f.err), 0);
    assert_int_equal(notes, 2);
    assert_int_equal(number_of(f.db, "select count(*) from pragma_table_info('p_awards__nom')"), 3);
    t = build(&f, "{\"fields\": {\"b\": \"text\"}}");
    assert_int_equal(table_migrate(f.db, t, &dry, &f.err), ERR_REFUSED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_column_is_there_for_old_rows_with_its_default),
        cmocka_unit_test(defaults_are_kept_in_stored_form),
        cmocka_unit_test(a_default_of_the_wrong_type_is_refused),
        cmocka_unit_test(a_required_column_without_default_needs_an_empty_table),
        cmocka_unit_test(a_column_becomes_required_only_when_every_row_has_a_value),
        cmocka_unit_test(a_column_that_holds_data_is_not_dropped),
        cmocka_unit_test(another_type_is_refused),
        cmocka_unit_test(indexes_follow_the_declaration),
        cmocka_unit_test(a_long_list_of_columns_keeps_its_index),
        cmocka_unit_test(a_unique_rule_over_duplicates_is_refused),
        cmocka_unit_test(a_dry_run_tells_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
