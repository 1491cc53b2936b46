/* Connections: settings, transactions, marks, classes of errors, damaged files, the log. */
#include "fixture.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/store_internal.h"
#include "store/store_test.h"

static void a_writer_has_the_settings_that_were_measured(void **state)
{
    struct fixture f;
    struct stat st;
    (void)state;
    fixture_init(&f);
    struct stmt *s = store_stmt(f.db, "pragma journal_mode", &f.err);
    size_t len;
    assert_int_equal(stmt_step(s, &f.err), 1);
    assert_string_equal(stmt_text(s, 0, &len), "wal");
    stmt_done(s);
    assert_int_equal(number_of(f.db, "pragma synchronous"), 2);
    assert_int_equal(number_of(f.db, "pragma page_size"), 4096);
    assert_true(number_of(f.db, "pragma mmap_size") <= 0);
    assert_int_equal(number_of(f.db, "pragma trusted_schema"), 0);
    assert_int_equal(store_exec(f.db, "select \"no such column\"", &f.err), ERR_INVALID);
    assert_int_equal(store_exec(f.db, "select load_extension('x')", &f.err), ERR_INVALID);
    assert_int_equal(store_exec(f.db, "attach ':memory:' as other", &f.err), ERR_INVALID);
    assert_int_equal(store_exec(f.db, "select zeroblob(100000000)", &f.err), ERR_LIMIT);
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fixture_close(&f);
}

static void the_schema_cannot_be_written_directly(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a)");
    store_exec(f.db, "pragma writable_schema = on", &f.err);
    assert_int_not_equal(store_exec(f.db, "update sqlite_master set sql = 'x'", &f.err), 0);
    fixture_close(&f);
}

static void what_is_committed_is_there_after_reopening_and_what_is_rolled_back_is_not(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a)");
    assert_int_equal(store_begin(f.db, &f.err), 0);
    assert_true(store_in_transaction(f.db));
    must_exec(f.db, "insert into t values(1)");
    assert_int_equal(store_commit(f.db, &f.err), 0);
    assert_false(store_in_transaction(f.db));
    assert_int_equal(store_begin(f.db, &f.err), 0);
    must_exec(f.db, "insert into t values(2)");
    store_rollback(f.db);
    store_close(f.db);
    fixture_open(&f);
    assert_int_equal(number_of(f.db, "select sum(a) from t"), 1);
    fixture_close(&f);
}

static void a_mark_undoes_what_came_after_it_and_only_that(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a)");
    assert_int_equal(store_begin(f.db, &f.err), 0);
    must_exec(f.db, "insert into t values(1)");
    assert_int_equal(store_mark(f.db, &f.err), 0);
    must_exec(f.db, "insert into t values(2)");
    assert_int_equal(store_mark(f.db, &f.err), 0);
    must_exec(f.db, "insert into t values(4)");
    store_mark_rollback(f.db);
    assert_int_equal(number_of(f.db, "select sum(a) from t"), 3);
    assert_int_equal(store_mark(f.db, &f.err), 0);
    must_exec(f.db, "insert into t values(8)");
    assert_int_equal(store_mark_release(f.db, &f.err), 0);
    assert_int_equal(number_of(f.db, "select sum(a) from t"), 11);
    store_mark_rollback(f.db);
    assert_int_equal(store_commit(f.db, &f.err), 0);
    assert_int_equal(number_of(f.db, "select sum(a) from t"), 1);
    fixture_close(&f);
}

static void unwinding_rolls_back_every_mark_above_a_depth(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a)");
    store_begin(f.db, &f.err);
    store_mark(f.db, &f.err);
    must_exec(f.db, "insert into t values(1)");
    store_mark(f.db, &f.err);
    store_mark(f.db, &f.err);
    must_exec(f.db, "insert into t values(2)");
    assert_true(store_mark_unwind(f.db, 1));
    assert_int_equal(number_of(f.db, "select sum(a) from t"), 1);
    assert_true(store_mark_unwind(f.db, 0));
    assert_int_equal(number_of(f.db, "select count(*) from t"), 0);
    store_rollback(f.db);
    fixture_close(&f);
}

static void errors_have_their_class(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a integer primary key, b unique, c check(c < 10))");
    must_exec(f.db, "insert into t values(1, 1, 1)");
    assert_int_equal(store_exec(f.db, "insert into t values(1, 2, 1)", &f.err), ERR_CONFLICT);
    assert_string_equal(f.err.key, "store.unique");
    assert_int_equal(store_exec(f.db, "insert into t values(2, 1, 1)", &f.err), ERR_CONFLICT);
    assert_string_equal(err_arg(&f.err, "columns"), "t.b");
    assert_int_equal(store_exec(f.db, "insert into t values(2, 2, 10)", &f.err), ERR_INVALID);
    assert_string_equal(f.err.key, "store.constraint");
    assert_int_equal(store_exec(f.db, "selekt", &f.err), ERR_INVALID);
    assert_string_equal(f.err.key, "store.sql");
    must_exec(f.db, "pragma foreign_keys = on; create table u(a references t)");
    assert_int_equal(store_exec(f.db, "insert into u values(99)", &f.err), ERR_REFUSED);
    assert_string_equal(f.err.key, "store.reference");
    assert_false(err_is_fault(ERR_CONFLICT));
    fixture_close(&f);
}

static void a_second_writer_waits_and_is_then_busy(void **state)
{
    struct fixture f;
    struct store *other;
    (void)state;
    fixture_init(&f);
    struct store_options o = {.path = f.path, .role = STORE_WRITER};
    assert_int_equal(store_open(&o, &other, &f.err), 0);
    sqlite3_busy_timeout(other->raw, 20);
    assert_int_equal(store_begin(f.db, &f.err), 0);
    assert_int_equal(store_begin(other, &f.err), ERR_BUSY);
    assert_false(store_in_transaction(other));
    store_rollback(f.db);
    assert_int_equal(store_begin(other, &f.err), 0);
    store_rollback(other);
    store_close(other);
    fixture_close(&f);
}

static void a_reader_sees_its_snapshot_and_cannot_write(void **state)
{
    struct fixture f;
    struct store *reader;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a); insert into t values(1)");
    struct store_options o = {.path = f.path, .role = STORE_READER};
    assert_int_equal(store_open(&o, &reader, &f.err), 0);
    assert_int_equal(store_begin(reader, &f.err), 0);
    must_exec(f.db, "insert into t values(2)");
    assert_int_equal(number_of(reader, "select count(*) from t"), 1);
    assert_true(store_exec(reader, "insert into t values(3)", &f.err) < 0);
    store_rollback(reader);
    assert_int_equal(number_of(reader, "select count(*) from t"), 2);
    assert_true(store_wal_bytes(reader) > 0);
    store_close(reader);
    fixture_close(&f);
}

static void a_statement_past_the_time_limit_is_stopped(void **state)
{
    struct fixture f;
    static const char endless[] =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
    (void)state;
    fixture_init(&f);
    store_limit_time(f.db, 20);
    int64_t start = clock_mono_ns();
    assert_int_equal(store_exec(f.db, endless, &f.err), ERR_STOPPED);
    assert_true(clock_mono_ns() - start < 2000000000);
    store_limit_time(f.db, 0);
    assert_int_equal(store_exec(f.db, "select 1", &f.err), 0);
    fixture_close(&f);
}

static void a_full_database_is_a_fault_and_works_again_with_space(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a)");
    assert_int_equal(store_test_limit_pages(f.db, 5, &f.err), 0);
    assert_int_equal(store_exec(f.db, "insert into t values(zeroblob(100000))", &f.err), ERR_FULL);
    assert_string_equal(f.err.key, "store.full");
    assert_true(err_is_fault(f.err.code));
    assert_int_equal(store_test_limit_pages(f.db, 0, &f.err), 0);
    must_exec(f.db, "insert into t values(zeroblob(100000))");
    fixture_close(&f);
}

static void nothing_runs_between_a_lost_transaction_and_its_rollback(void **state)
{
    struct fixture f;
    (void)state;
    store_test_faults_start();
    fixture_init(&f);
    must_exec(f.db, "create table t(a); pragma cache_size = 2");
    store_begin(f.db, &f.err);
    must_exec(f.db, "insert into t values(1)");
    struct stmt *s = store_stmt(f.db, "insert into t values(2)", &f.err);
    store_test_fault(STORE_TEST_WRITE, 1, true, ERR_FULL);
    assert_int_equal(store_exec(f.db, "insert into t select zeroblob(3000) from generate_series(1, 9)", &f.err),
                     ERR_INVALID); /* no such function here: an ordinary mistake loses nothing */
    assert_true(store_in_transaction(f.db));
    assert_int_equal(store_exec(f.db,
                                "with recursive n(i) as (select 1 union all select i + 1 from n where i < 99)"
                                " insert into t select zeroblob(3000) from n",
                                &f.err),
                     ERR_FULL);
    assert_false(store_in_transaction(f.db));
    store_test_fault(STORE_TEST_WRITE, 0, false, 0);
    assert_int_equal(stmt_step(s, &f.err), ERR_FULL);
    assert_string_equal(f.err.key, "store.lost");
    stmt_done(s);
    assert_int_equal(store_exec(f.db, "insert into t values(3)", &f.err), ERR_FULL);
    assert_int_equal(store_mark(f.db, &f.err), ERR_FULL);
    assert_int_equal(store_commit(f.db, &f.err), ERR_FULL);
    store_rollback(f.db);
    assert_int_equal(number_of(f.db, "select count(*) from t"), 0);
    must_exec(f.db, "insert into t values(4)");
    fixture_close(&f);
    store_test_faults_stop();
}

static void damage(const char *path, long at, const char *bytes)
{
    FILE *file = fopen(path, "r+b");
    fseek(file, at, SEEK_SET);
    fwrite(bytes, 1, strlen(bytes), file);
    fclose(file);
}

static void count_line(void *ctx, const char *line)
{
    (void)line;
    ++*(int *)ctx;
}

static void a_damaged_file_gives_a_clear_error(void **state)
{
    struct fixture f;
    int findings = 0;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(a); insert into t values(zeroblob(9000)), (1)");
    assert_int_equal(store_check(f.db, count_line, &findings, &f.err), 0);
    assert_int_equal(findings, 0);
    store_close(f.db);
    damage(f.path, 4096, "this is no page of a database");
    fixture_open(&f);
    struct stmt *s = store_stmt(f.db, "select count(a) from t", &f.err);
    assert_int_equal(stmt_step(s, &f.err), ERR_CORRUPT);
    stmt_done(s);
    assert_string_equal(f.err.key, "store.corrupt");
    assert_string_equal(err_arg(&f.err, "file"), f.path);
    assert_true(strlen(err_arg(&f.err, "detail")) > 0);
    int rc = store_check(f.db, count_line, &findings, &f.err);
    assert_true(rc == ERR_CORRUPT || findings > 0);
    store_close(f.db);
    damage(f.path, 0, "not a database at all, nothing of it");
    struct store_options o = {.path = f.path, .role = STORE_WRITER};
    assert_int_equal(store_open(&o, &f.db, &f.err), ERR_CORRUPT);
    assert_string_equal(f.err.key, "store.corrupt");
    f.db = NULL;
    fixture_close(&f);
}

static void a_missing_folder_is_an_io_fault(void **state)
{
    struct store *db = NULL;
    struct err err = {0};
    struct store_options o = {.path = "/tmp/khung-no-such-folder/x.db", .role = STORE_WRITER};
    (void)state;
    assert_int_equal(store_open(&o, &db, &err), ERR_IO);
    assert_string_equal(err.key, "store.io");
}

static void the_log_is_recycled_and_never_truncated(void **state)
{
    struct fixture f;
    struct stat st;
    char wal[128];
    off_t most = 0, before;
    (void)state;
    fixture_init(&f);
    store_close(f.db);
    struct store_options o = {.path = f.path, .role = STORE_WRITER, .no_sync = true, .checkpoint_pages = 50};
    assert_int_equal(store_open(&o, &f.db, &f.err), 0);
    snprintf(wal, sizeof(wal), "%s-wal", f.path);
    must_exec(f.db, "create table t(a)");
    for (int i = 0; i < 500; i++) {
        must_exec(f.db, "insert into t values(zeroblob(5000))");
        assert_true(store_wal_bytes(f.db) < 60 * 4120);
        before = most;
        assert_int_equal(stat(wal, &st), 0);
        assert_true(st.st_size >= before);
        most = st.st_size;
    }
    assert_true(most < 70 * 4120);
    fixture_close(&f);
}

static void a_reader_that_stays_lets_the_log_grow_and_its_end_lets_it_be_recycled(void **state)
{
    struct fixture f;
    struct store *reader;
    (void)state;
    fixture_init(&f);
    store_close(f.db);
    struct store_options o = {.path = f.path, .role = STORE_WRITER, .no_sync = true, .checkpoint_pages = 50};
    assert_int_equal(store_open(&o, &f.db, &f.err), 0);
    must_exec(f.db, "create table t(a)");
    struct store_options r = {.path = f.path, .role = STORE_READER};
    assert_int_equal(store_open(&r, &reader, &f.err), 0);
    assert_int_equal(store_begin(reader, &f.err), 0);
    for (int i = 0; i < 200; i++)
        must_exec(f.db, "insert into t values(zeroblob(5000))");
    assert_true(store_wal_bytes(f.db) > 200 * 4120);
    store_rollback(reader);
    must_exec(f.db, "insert into t values(1)");
    must_exec(f.db, "insert into t values(2)");
    assert_true(store_wal_bytes(f.db) < 10 * 4120);
    store_close(reader);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_has_the_settings_that_were_measured),
        cmocka_unit_test(the_schema_cannot_be_written_directly),
        cmocka_unit_test(what_is_committed_is_there_after_reopening_and_what_is_rolled_back_is_not),
        cmocka_unit_test(a_mark_undoes_what_came_after_it_and_only_that),
        cmocka_unit_test(unwinding_rolls_back_every_mark_above_a_depth),
        cmocka_unit_test(errors_have_their_class),
        cmocka_unit_test(a_second_writer_waits_and_is_then_busy),
        cmocka_unit_test(a_reader_sees_its_snapshot_and_cannot_write),
        cmocka_unit_test(a_statement_past_the_time_limit_is_stopped),
        cmocka_unit_test(a_full_database_is_a_fault_and_works_again_with_space),
        cmocka_unit_test(nothing_runs_between_a_lost_transaction_and_its_rollback),
        cmocka_unit_test(a_damaged_file_gives_a_clear_error),
        cmocka_unit_test(a_missing_folder_is_an_io_fault),
        cmocka_unit_test(the_log_is_recycled_and_never_truncated),
        cmocka_unit_test(a_reader_that_stays_lets_the_log_grow_and_its_end_lets_it_be_recycled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
