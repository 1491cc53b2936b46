/* Text from plugins: what may pass and what not. */
#include "fixture.h"

#include "store/store_internal.h"

static bool only_mine(void *ctx, const char *table)
{
    (*(int *)ctx)++;
    return strcmp(table, "mine") == 0;
}

static int check(struct fixture *f, const char *sql)
{
    int asked = 0;
    err_clear(&f->err);
    return store_query_check(f->db, sql, only_mine, &asked, &f->err);
}

static void prepare(struct fixture *f)
{
    fixture_init(f);
    must_exec(f->db, "create table mine(a, b); create table other(a, b); insert into mine values(1, 2)");
}

static void one_select_over_allowed_tables_passes(void **state)
{
    struct fixture f;
    static const char *const good[] = {
        "select a from mine",
        "select count(*) from mine where b > :b group by a having count(*) > 1 order by a limit 5;",
        "with x as (select a from mine) select * from x join mine on mine.a = x.a -- remark",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select * from n",
        "select sum(a) over (order by b) from mine",
        "values (1), (2)",
        "  select 1 ; ; \n",
    };
    (void)state;
    prepare(&f);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (check(&f, good[i])) fail_msg("%s: %s %s", good[i], f.err.key, err_arg(&f.err, "detail"));
    fixture_close(&f);
}

static void other_tables_are_denied_by_name(void **state)
{
    struct fixture f;
    static const char *const bad[] = {
        "select a from other",
        "select count(*) from other",
        "select 1 from mine where a in (select a from other)",
        "with x as (select * from other) select 1 from x",
        "select (select b from other)",
        "select 1 from mine left join other on 1",
        "select a from mine union select a from other",
    };
    (void)state;
    prepare(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (check(&f, bad[i]) != ERR_DENIED) fail_msg("passes: %s (%s)", bad[i], f.err.key);
        assert_string_equal(f.err.key, "store.sql_table");
        assert_string_equal(err_arg(&f.err, "table"), "other");
    }
    assert_int_equal(check(&f, "select sql from sqlite_master"), ERR_DENIED);
    assert_int_equal(check(&f, "select * from pragma_table_info('other')"), ERR_DENIED);
    fixture_close(&f);
}

static void what_writes_is_denied(void **state)
{
    struct fixture f;
    static const char *const bad[] = {
        "insert into mine values(1, 2)",
        "update mine set a = 1",
        "delete from mine",
        "create table x(a)",
        "drop table mine",
        "begin",
        "commit",
        "rollback",
        "savepoint m",
        "release m",
        "pragma user_version = 3",
        "pragma journal_mode = delete",
        "attach 'x' as y",
        "vacuum",
        "with x as (select 1) delete from mine",
        "analyze",
        "reindex",
        "explain select a from mine",
        "explain query plan select a from mine",
        "create temp table x(a)",
        "explain delete from mine",
        "insert into mine values(1, 2) returning a",
        "create view v as select 1",
        "alter table mine add column c",
    };
    (void)state;
    prepare(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (check(&f, bad[i]) != ERR_DENIED) fail_msg("passes: %s (%d %s)", bad[i], f.err.code, f.err.key);
    assert_int_equal(number_of(f.db, "select count(*) from mine"), 1);
    fixture_close(&f);
}

static void only_one_statement_passes(void **state)
{
    struct fixture f;
    (void)state;
    prepare(&f);
    assert_int_equal(check(&f, "select 1; select 2"), ERR_INVALID);
    assert_string_equal(f.err.key, "store.sql_several");
    assert_int_equal(check(&f, "select 1; delete from mine"), ERR_INVALID);
    assert_true(check(&f, "") < 0);
    assert_true(check(&f, "-- nothing") < 0);
    assert_int_equal(check(&f, "select a frm mine"), ERR_INVALID);
    assert_string_equal(f.err.key, "store.sql");
    fixture_close(&f);
}

/* Prepared statements expire when an authorizer is set: each would be prepared anew after each check. */
static void a_check_leaves_prepared_statements_as_they_are(void **state)
{
    struct fixture f;
    static const char sql[] = "select a from mine where b = 2";
    (void)state;
    prepare(&f);
    assert_int_equal(number_of(f.db, sql), 1);
    struct stmt *s = store_stmt(f.db, sql, &f.err);
    int before = sqlite3_stmt_status(s->raw, SQLITE_STMTSTATUS_REPREPARE, 0);
    stmt_done(s);
    assert_int_equal(check(&f, "select b from mine"), 0);
    assert_int_equal(number_of(f.db, sql), 1);
    s = store_stmt(f.db, sql, &f.err);
    assert_int_equal(sqlite3_stmt_status(s->raw, SQLITE_STMTSTATUS_REPREPARE, 0), before);
    stmt_done(s);
    fixture_close(&f);
}

static void a_check_does_not_bind_the_host(void **state)
{
    struct fixture f;
    (void)state;
    prepare(&f);
    assert_int_equal(check(&f, "select a from other"), ERR_DENIED);
    assert_int_equal(number_of(f.db, "select count(*) from other"), 0);
    must_exec(f.db, "insert into other values(1, 2); drop table other");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_select_over_allowed_tables_passes),
        cmocka_unit_test(other_tables_are_denied_by_name),
        cmocka_unit_test(what_writes_is_denied),
        cmocka_unit_test(only_one_statement_passes),
        cmocka_unit_test(a_check_leaves_prepared_statements_as_they_are),
        cmocka_unit_test(a_check_does_not_bind_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
