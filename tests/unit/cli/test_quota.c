/* Quotas through the whole program: what is counted, what is refused, and that the numbers are those of the rows. */
#include "fixture.h"

#include "plugin/quota.h"
#include "store/store_test.h"

static int set_up(void **state)
{
    store_test_faults_start();
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    fixture_tear_down(state);
    store_test_faults_stop();
    return 0;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int64_t used(struct fixture *f, enum plugin_quota kind)
{
    struct quota_state q;
    return quotas_find(f->app.host.quotas, "p", &q) ? q.used[kind] : 0;
}

static int64_t refused(struct fixture *f, enum plugin_quota kind)
{
    struct quota_state q;
    return quotas_find(f->app.host.quotas, "p", &q) ? q.refused[kind] : 0;
}

/* What is counted is what is there; and it is so in the database, too. */
static void expect_true_numbers(struct fixture *f)
{
    struct val found = fixture_call(f, "system.verify", "[]");
    for (size_t i = 0; val_at(&found, i); i++)
        fail_msg("%.*s", (int)val_at(&found, i)->as.str.len, val_at(&found, i)->as.str.s);
}

static void limits(struct fixture *f, const char *json)
{
    char text[300];
    snprintf(text, sizeof(text), "{ \"p\": { \"limits\": %s } }", json);
    fixture_write(f->settings, text);
    fixture_reload(f);
}

static const char stores[] =
    "local T = storage.table('thing', { fields = { name = 'text!', n = 'integer', tags = 'list:text' } })\n"
    "content.type('note', { fields = { title = 'text!', body = 'text' } })\n"
    "test.handler('insert', function() return T:insert({ name = 'ab', n = 1, tags = { 'x' } }) end)\n"
    "test.handler('update', function() T:update(T:find()[1].id, { name = ('é'):rep(100) }) end)\n"
    "test.handler('delete', function() T:delete(T:find()[1].id) end)\n"
    "test.handler('set', function() storage.kv.set('key', ('v'):rep(test.number())) end)\n"
    "test.handler('add', function() return storage.kv.add('sum', 1 << 40) end)\n"
    "test.handler('gone', function() storage.kv.delete('key') storage.kv.delete('none') end)\n"
    "test.handler('number', function() return storage.number('book') end)\n"
    "test.handler('create', function() return content.create('note', { title = 'A', body = 'text' }).id end)\n"
    "test.handler('edit', function() local i = content.find('note')[1]\n"
    "  content.edit(i, { body = 'more text' }) content.edit(i, { body = 'more text' }) end)\n"
    "test.handler('fail', function() T:insert({ name = 'lost' }) storage.kv.set('lost', 1) error('no') end)\n"
    "test.handler('caught', function() local ok, err = pcall(T.insert, T, { name = 'one too many' })\n"
    "  return { ok = ok, code = err.code, n = T:count() } end)\n"
    "test.handler('grow', function() local ok, err = pcall(T.update, T, T:find()[1].id, { name = ('x'):rep(5000) })\n"
    "  return { ok = ok, code = err.code, name = #T:find()[1].name } end)\n";

static void run(struct fixture *f, const char *handler)
{
    fixture_ok(f, handler, fixture_run(f, "p", handler, NULL));
}

static void everything_that_is_stored_is_counted(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 2 + 8 + 5); /* "ab", 1, ["x"] */
    run(f, "update");
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 200 + 8 + 5);
    run(f, "delete");
    assert_int_equal(used(f, QUOTA_BYTES), 0);
    fixture_number = 100;
    run(f, "set");
    fixture_number = 10;
    run(f, "set");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    assert_in_range(used(f, QUOTA_BYTES), 13, 20);
    run(f, "add");
    run(f, "add");
    assert_int_equal(used(f, QUOTA_ROWS), 2);
    run(f, "gone");
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    run(f, "number");
    run(f, "create");
    run(f, "edit"); /* twice, and the second changes nothing */
    assert_int_equal(used(f, QUOTA_ROWS), 4);
    expect_true_numbers(f);
}

static void what_is_rolled_back_or_lost_is_not_counted(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    assert_int_equal(fixture_run(f, "p", "fail", NULL), ERR_PLUGIN);
    assert_int_equal(used(f, QUOTA_ROWS), 1);
    int lost = 0;
    for (int n = 1; n <= 12; n++) { /* the disk fails at each write in turn, some for good: then the slice is lost */
        store_test_fault(STORE_TEST_ANY, n, n % 3 != 0, n % 2 ? ERR_FULL : ERR_IO);
        lost += fixture_run(f, "p", "insert", NULL) != 0;
        store_test_fault(STORE_TEST_ANY, 0, false, 0);
        expect_true_numbers(f);
    }
    assert_in_range(lost, 1, 11);
    int64_t rows = used(f, QUOTA_ROWS), bytes = used(f, QUOTA_BYTES);
    fixture_restart(f);
    assert_int_equal(used(f, QUOTA_ROWS), rows);
    assert_int_equal(used(f, QUOTA_BYTES), bytes);
}

static void too_many_rows_and_bytes_are_refused_and_nothing_stays_of_them(void **state)
{
    struct fixture *f = *state;
    struct val out;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    limits(f, "{ \"rows\": 2, \"bytes\": 1000 }");
    run(f, "insert");
    run(f, "insert");
    assert_int_equal(fixture_run(f, "p", "insert", NULL), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.rows");
    assert_string_equal(err_arg(&f->err, "plugin"), "p");
    assert_string_equal(err_arg(&f->err, "limit"), "2");
    assert_string_equal(err_arg(&f->err, "now"), "2");
    static const char *const others[] = {"set", "add", "number", "create"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fixture_run(f, "p", others[i], NULL), ERR_LIMIT);
        assert_string_equal(f->err.key, "limit.rows");
    }
    fixture_ok(f, "caught", fixture_run(f, "p", "caught", &out));
    assert_false(val_get_bool(&out, "ok", true));
    assert_true(val_is_str(val_get(&out, "code"), "limit.rows"));
    assert_int_equal(val_get_int(&out, "n", 0), 2);
    fixture_ok(f, "grow", fixture_run(f, "p", "grow", &out));
    assert_true(val_is_str(val_get(&out, "code"), "limit.bytes"));
    assert_int_equal(val_get_int(&out, "name", 0), 2);
    assert_int_equal(refused(f, QUOTA_ROWS), 6);
    assert_int_equal(refused(f, QUOTA_BYTES), 1);
    run(f, "delete");
    run(f, "insert");
    expect_true_numbers(f);
    limits(f, "{ \"rows\": 3 }"); /* the admin raises it */
    run(f, "insert");
}

static void a_migration_counts_its_rows_anew(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "storage.table('thing', { fields = { name = 'text!', tags = 'list:text',\n"
                   "  kind = { 'text!', default = 'usual' } }, dropped = { 'n' } })\n"
                   "content.type('note', { fields = { title = 'text!' } })\n");
    fixture_reload(f);
    assert_int_equal(used(f, QUOTA_BYTES), 16 + 2 + 5 + 5);
    expect_true_numbers(f);
}

static void a_database_without_numbers_is_counted_once(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    run(f, "create");
    int64_t rows = used(f, QUOTA_ROWS), bytes = used(f, QUOTA_BYTES);
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    fixture_ok(f, "delete", store_exec(f->app.db, "delete from plugin_usage", &f->err));
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
    fixture_restart(f);
    assert_int_equal(rows, 2);
    assert_int_equal(used(f, QUOTA_ROWS), rows);
    assert_int_equal(used(f, QUOTA_BYTES), bytes);
    expect_true_numbers(f);
}

static void wrong_numbers_are_found(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", FIXTURE_NEEDS, stores);
    fixture_reload(f);
    run(f, "insert");
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    fixture_ok(f, "update", store_exec(f->app.db, "update plugin_usage set rows = 7 where plugin = 'p'", &f->err));
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
    struct val found = fixture_call(f, "system.verify", "[]");
    assert_int_equal(found.as.list.n, 1);
    assert_true(val_is_str(val_at(&found, 0), "plugin_usage: p has 1 rows, counted are 7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(everything_that_is_stored_is_counted),
        EACH(what_is_rolled_back_or_lost_is_not_counted),
        EACH(too_many_rows_and_bytes_are_refused_and_nothing_stays_of_them),
        EACH(a_migration_counts_its_rows_anew),
        EACH(a_database_without_numbers_is_counted_once),
        EACH(wrong_numbers_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
