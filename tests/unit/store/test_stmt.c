/* Statements: the cache, nested use, what is dropped from it, bindings and columns. */
#include "fixture.h"

#include "store/store_internal.h"
#include "store/table.h"

static void one_text_has_one_statement_whatever_its_address(void **state)
{
    struct fixture f;
    static const char first[] = "select 1 + ?1";
    char second[sizeof(first)];
    (void)state;
    fixture_init(&f);
    memcpy(second, first, sizeof(first));
    struct stmt *a = store_stmt(f.db, first, &f.err);
    stmt_done(a);
    struct stmt *b = store_stmt(f.db, second, &f.err);
    assert_ptr_equal(a, b);
    stmt_done(b);
    fixture_close(&f);
}

static void a_text_that_changes_at_one_address_is_another_statement(void **state)
{
    struct fixture f;
    char text[32] = "select 1";
    (void)state;
    fixture_init(&f);
    assert_int_equal(number_of(f.db, text), 1);
    memcpy(text, "select 2", 9);
    assert_int_equal(number_of(f.db, text), 2);
    memcpy(text, "select 1", 9);
    assert_int_equal(number_of(f.db, text), 1);
    fixture_close(&f);
}

static void nested_use_has_a_second_statement_which_is_kept(void **state)
{
    struct fixture f;
    static const char sql[] = "select a from t where a > ?1 order by a";
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a); insert into t values(1), (2), (3)");
    struct stmt *outer = store_stmt(f.db, sql, &f.err);
    stmt_bind_int(outer, 1, 0);
    assert_int_equal(stmt_step(outer, &f.err), 1);
    struct stmt *inner = store_stmt(f.db, sql, &f.err);
    assert_ptr_not_equal(inner, outer);
    stmt_bind_int(inner, 1, 2);
    assert_int_equal(stmt_step(inner, &f.err), 1);
    assert_int_equal(stmt_int(inner, 0), 3);
    assert_int_equal(stmt_step(outer, &f.err), 1);
    assert_int_equal(stmt_int(outer, 0), 2);
    stmt_done(inner);
    struct stmt *again = store_stmt(f.db, sql, &f.err);
    assert_ptr_equal(again, inner);
    stmt_done(again);
    stmt_done(outer);
    fixture_close(&f);
}

static void the_cache_is_bounded_and_drops_what_was_used_longest_ago(void **state)
{
    struct fixture f;
    char sql[64];
    (void)state;
    fixture_init(&f);
    struct stmt *held = store_stmt(f.db, "select 'held'", &f.err);
    assert_int_equal(stmt_step(held, &f.err), 1);
    number_of(f.db, "select 'often'");
    struct stmt *often = store_stmt(f.db, "select 'often'", &f.err);
    stmt_done(often);
    for (int i = 0; i < 1000; i++) {
        snprintf(sql, sizeof(sql), "select %d", i);
        assert_int_equal(number_of(f.db, sql), i);
        assert_true(f.db->nstmts <= STMT_KEPT);
        struct stmt *s = store_stmt(f.db, "select 'often'", &f.err);
        assert_ptr_equal(s, often);
        stmt_done(s);
    }
    size_t len;
    assert_string_equal(stmt_text(held, 0, &len), "held");
    stmt_done(held);
    fixture_close(&f);
}

static void a_wrong_statement_is_an_error_and_is_not_kept(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    size_t before = f.db->nstmts;
    assert_null(store_stmt(f.db, "select nonsense from nowhere", &f.err));
    assert_int_equal(f.err.code, ERR_INVALID);
    assert_string_equal(f.err.key, "store.sql");
    assert_null(store_stmt(f.db, "-- only a remark", &f.err));
    assert_int_equal(f.err.code, ERR_INVALID);
    assert_int_equal(f.db->nstmts, before);
    fixture_close(&f);
}

static void bindings_do_not_outlive_their_use(void **state)
{
    struct fixture f;
    static const char sql[] = "select ?1 is null";
    (void)state;
    fixture_init(&f);
    struct stmt *s = store_stmt(f.db, sql, &f.err);
    stmt_bind_int(s, 1, 7);
    assert_int_equal(stmt_step(s, &f.err), 1);
    assert_int_equal(stmt_int(s, 0), 0);
    stmt_done(s);
    assert_int_equal(number_of(f.db, sql), 1);
    fixture_close(&f);
}

static void every_kind_of_value_comes_back_as_it_went_in(void **state)
{
    struct fixture f;
    size_t len;
    (void)state;
    fixture_init(&f);
    struct stmt *s = store_stmt(f.db, "select ?1 as a, ?2, ?3, ?4, ?5, :name", &f.err);
    assert_int_equal(stmt_bind_count(s), 6);
    stmt_bind_int(s, 1, INT64_MIN);
    stmt_bind_num(s, 2, 0.5);
    stmt_bind_text(s, 3, "a\0b", 3);
    stmt_bind_blob(s, 4, "\1\2", 2);
    stmt_bind_null(s, 5);
    stmt_bind_str(s, stmt_bind_index(s, ":name"), "x");
    assert_int_equal(stmt_bind_index(s, ":other"), 0);
    assert_int_equal(stmt_step(s, &f.err), 1);
    assert_int_equal(stmt_columns(s), 6);
    assert_string_equal(stmt_column_name(s, 0), "a");
    assert_int_equal(stmt_type(s, 0), STORE_INT);
    assert_true(stmt_int(s, 0) == INT64_MIN);
    assert_int_equal(stmt_type(s, 1), STORE_NUM);
    assert_true(stmt_num(s, 1) == 0.5);
    assert_memory_equal(stmt_text(s, 2, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_int_equal(stmt_type(s, 3), STORE_BLOB);
    assert_memory_equal(stmt_blob(s, 3, &len), "\1\2", 2);
    assert_int_equal(len, 2);
    assert_true(stmt_is_null(s, 4));
    assert_null(stmt_text(s, 4, &len));
    assert_int_equal(stmt_type(s, 5), STORE_TEXT);
    assert_int_equal(stmt_step(s, &f.err), 0);
    stmt_done(s);
    fixture_close(&f);
}

static void a_failed_statement_works_the_next_time(void **state)
{
    struct fixture f;
    static const char sql[] = "insert into t values(?1)";
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a integer primary key)");
    for (int i = 0; i < 3; i++) {
        struct stmt *s = store_stmt(f.db, sql, &f.err);
        stmt_bind_int(s, 1, 1);
        assert_int_equal(stmt_run(s, &f.err), i ? ERR_CONFLICT : 0);
    }
    struct stmt *s = store_stmt(f.db, sql, &f.err);
    stmt_bind_int(s, 1, 2);
    assert_int_equal(stmt_run(s, &f.err), 0);
    assert_int_equal(store_changes(f.db), 1);
    fixture_close(&f);
}

static void a_row_becomes_a_map_by_the_names_and_types_of_its_columns(void **state)
{
    struct fixture f;
    struct val row;
    (void)state;
    fixture_init(&f);
    struct stmt *s = store_stmt(f.db, "select 1 as a, 1.5 as b, 'x' as c, null as d", &f.err);
    assert_int_equal(stmt_step(s, &f.err), 1);
    assert_int_equal(stmt_row(s, &f.a, &row), 0);
    stmt_done(s);
    assert_string_equal(text_of(&f, &row), "{\"a\":1,\"b\":1.5,\"c\":\"x\"}");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text_has_one_statement_whatever_its_address),
        cmocka_unit_test(a_text_that_changes_at_one_address_is_another_statement),
        cmocka_unit_test(nested_use_has_a_second_statement_which_is_kept),
        cmocka_unit_test(the_cache_is_bounded_and_drops_what_was_used_longest_ago),
        cmocka_unit_test(a_wrong_statement_is_an_error_and_is_not_kept),
        cmocka_unit_test(bindings_do_not_outlive_their_use),
        cmocka_unit_test(every_kind_of_value_comes_back_as_it_went_in),
        cmocka_unit_test(a_failed_statement_works_the_next_time),
        cmocka_unit_test(a_row_becomes_a_map_by_the_names_and_types_of_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
