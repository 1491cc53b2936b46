/* Runs that were cold: everything that they did as hot ones they do as cold ones. */
#include "fixture.h"

#include "people/people.h"

static const char org[] =
    "[{\"units\":[{\"code\":\"office\",\"name\":\"Office\",\"kind\":\"office\",\"from\":\"2020-01-01\"}],"
    "\"positions\":[{\"code\":\"head\",\"title\":\"Head\",\"roles\":[\"all\"]}],"
    "\"roles\":[{\"name\":\"all\",\"verbs\":[\"flow.*\"]}],"
    "\"persons\":[{\"code\":\"other\",\"name\":\"Other\"},{\"code\":\"an\",\"name\":\"An\"}],"
    "\"holders\":[{\"position\":\"head\",\"unit\":\"office\",\"person\":\"an\",\"from\":\"2020-01-01\"}]}]";

static int64_t one(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->app.db, sql, &f->err);
    assert_non_null(s);
    assert_int_equal(stmt_step(s, &f->err), 1);
    int64_t n = stmt_int(s, 0);
    stmt_done(s);
    return n;
}

static void it_acts_as_whoever_started_it(void **state)
{
    struct fixture *f = *state;
    struct val out;
    char args[64];
    int64_t person;
    fixture_plugin(f, "p", FIXTURE_NEEDS,
                   "content.type('note', { fields = { title = 'text!' } })\n"
                   "flow.define('write', { title = 'W' }, function(run)\n"
                   "  content.create('note', { title = 'hot' }) run:wait('go')\n"
                   "  content.create('note', { title = 'cold' }) end)\n");
    fixture_reload(f);
    fixture_call(f, "org.import", org);
    assert_int_equal(people_person_by_code(f->app.db, "an", &person, &f->err), 1);
    struct app_call start = {
        .name = "run.start", .args = fixture_json(f, "[\"p.write\"]"), .actor = {.user = 9, .person = person}};
    fixture_ok(f, "start", app_call(&f->app, &start, &f->a, &out, &f->err));
    snprintf(args, sizeof(args), "[%lld, \"go\"]", (long long)val_get_int(&out, "id", 0));
    fixture_restart(f);
    fixture_call(f, "run.signal", args);
    app_run(&f->app);
    assert_int_equal(one(f, "select count(*) from item_log"), 2);
    assert_int_equal(one(f, "select count(distinct person || user || run || plugin) from item_log"), 1);
    assert_int_equal(one(f, "select min(person) from item_log"), person);
    assert_int_equal(one(f, "select count(*) from item_log where plugin = 'p' and user = 9"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ONE(it_acts_as_whoever_started_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
