/* Migrations: once each, in order, whole or not at all; changed and unknown ones are refused. */
#include "fixture.h"

static const struct store_migration first[] = {
    {"a/001", "create table a(x); insert into a values(1);"}, {"a/002", "update a set x = x * 10;"}, {0}};
static const struct store_migration second[] = {{"b/001", "insert into a values(5);"}, {0}};

static int migrate(struct fixture *f, const struct store_migration *const *lists, size_t n)
{
    err_clear(&f->err);
    return store_migrate(f->db, lists, n, 1000, &f->err);
}

static void each_is_applied_once_in_order(void **state)
{
    struct fixture f;
    const struct store_migration *const lists[] = {first, second};
    (void)state;
    fixture_init(&f);
    assert_int_equal(migrate(&f, lists, 2), 0);
    assert_int_equal(migrate(&f, lists, 2), 0);
    assert_int_equal(number_of(f.db, "select sum(x) from a"), 15);
    assert_int_equal(number_of(f.db, "select count(*) from migration where at = 1000 and length(hash) = 64"), 3);
    fixture_close(&f);
}

static void a_later_program_adds_its_own(void **state)
{
    struct fixture f;
    const struct store_migration *const before[] = {first}, *const after[] = {first, second};
    (void)state;
    fixture_init(&f);
    assert_int_equal(migrate(&f, before, 1), 0);
    assert_int_equal(migrate(&f, after, 2), 0);
    assert_int_equal(number_of(f.db, "select sum(x) from a"), 15);
    fixture_close(&f);
}

static void one_that_was_changed_afterwards_is_refused(void **state)
{
    struct fixture f;
    static const struct store_migration changed[] = {{"a/001", "create table a(x); insert into a values(2);"}, {0}};
    const struct store_migration *const before[] = {first}, *const after[] = {changed};
    (void)state;
    fixture_init(&f);
    assert_int_equal(migrate(&f, before, 1), 0);
    must_exec(f.db, "delete from migration where name = 'a/002'");
    assert_int_equal(migrate(&f, after, 1), ERR_REFUSED);
    assert_string_equal(f.err.key, "store.migration_changed");
    assert_string_equal(err_arg(&f.err, "name"), "a/001");
    fixture_close(&f);
}

static void a_directory_of_a_newer_program_is_refused_untouched(void **state)
{
    struct fixture f;
    static const struct store_migration more[] = {{"c/001", "create table c(x);"}, {0}};
    const struct store_migration *const newer[] = {first, second}, *const older[] = {first, more};
    (void)state;
    fixture_init(&f);
    assert_int_equal(migrate(&f, newer, 2), 0);
    assert_int_equal(migrate(&f, older, 2), ERR_REFUSED);
    assert_string_equal(f.err.key, "store.newer");
    assert_string_equal(err_arg(&f.err, "name"), "b/001");
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name = 'c'"), 0);
    fixture_close(&f);
}

static void one_that_fails_leaves_nothing_and_says_its_name(void **state)
{
    struct fixture f;
    static const struct store_migration broken[] = {
        {"a/001", "create table a(x);"}, {"a/002", "create table half(x); insert into nowhere values(1);"}, {0}};
    static const struct store_migration mended[] = {
        {"a/001", "create table a(x);"}, {"a/002", "create table half(x);"}, {0}};
    const struct store_migration *const bad[] = {broken}, *const good[] = {mended};
    (void)state;
    fixture_init(&f);
    assert_int_equal(migrate(&f, bad, 1), ERR_INVALID);
    assert_string_equal(err_arg(&f.err, "migration"), "a/002");
    assert_false(store_in_transaction(f.db));
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name in ('a', 'half')"), 1);
    assert_int_equal(migrate(&f, good, 1), 0);
    assert_int_equal(number_of(f.db, "select count(*) from half"), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_applied_once_in_order),
        cmocka_unit_test(a_later_program_adds_its_own),
        cmocka_unit_test(one_that_was_changed_afterwards_is_refused),
        cmocka_unit_test(a_directory_of_a_newer_program_is_refused_untouched),
        cmocka_unit_test(one_that_fails_leaves_nothing_and_says_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
