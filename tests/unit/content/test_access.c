/* Who may do what: people's policy, asked for the unit of the item. */
#include "fixture.h"

#include "people/people.h"

static const char organisation[] = "{\"units\":[{\"code\":\"A\",\"name\":\"Ban A\",\"kind\":\"board\"},"
                                   "{\"code\":\"B\",\"name\":\"Ban B\",\"kind\":\"board\"}]}";

struct office {
    struct fixture f;
    int64_t a, b, author, editor;
};

static int64_t account(struct fixture *f, const char *name, const char *role, int64_t unit)
{
    struct people_account_new n = {.name = name};
    int64_t id, given;
    fixture_fail(f, name, people_account_add(f->s.db, &n, f->s.now, &id, &f->err));
    int64_t day = people_day(&f->host, f->s.now);
    struct people_role r = {.account = id, .role = role, .unit = unit, .from = day};
    fixture_fail(f, role, people_role_give(f->s.db, &r, &given, &f->err));
    return id;
}

static int open_office(void **state)
{
    struct office *o = calloc(1, sizeof(*o));
    struct fixture *f = &o->f;
    const struct store_migration *lists[] = {table_migrations, plugin_migrations, people_migrations, content_migrations,
                                             storage_migrations};
    fixture_open(f);
    fixture_fail(f, "migrate", store_migrate(f->s.db, lists, 5, 0, &f->err));
    fixture_declare(f, "type", "news", "{\"fields\":{\"title\":\"text!\"},\"title\":\"title\",\"unit\":true}");
    fixture_fail(f, "activate", fixture_activate(f));
    struct val tree = J(f, organisation);
    int64_t day = people_day(&f->host, f->s.now);
    store_begin(f->s.db, &f->err);
    fixture_fail(f, "import", people_import(f->s.db, &tree, f->s.now, day, &f->a, NULL, &f->err));
    people_unit_by_code(f->s.db, "A", &o->a, &f->err);
    people_unit_by_code(f->s.db, "B", &o->b, &f->err);
    o->author = account(f, "an", "author", o->a);
    o->editor = account(f, "binh", "editor", o->a);
    store_commit(f->s.db, &f->err);
    *state = o;
    return 0;
}

static int close_office(void **state)
{
    struct office *o = *state;
    fixture_close(&o->f);
    free(o);
    return 0;
}

static void act_as(struct fixture *f, int64_t user)
{
    f->s.actor = (struct actor){.user = user, .plugin = "awards"};
}

static struct val news(struct fixture *f, int64_t unit)
{
    struct val fields = J(f, "{\"title\":\"Tin\"}");
    val_set(&f->a, &fields, "unit", val_int(unit));
    return ARGS(f, val_str("news"), fields);
}

static void rights_hold_in_the_unit_of_the_item(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    act_as(f, o->author);
    struct val item = fixture_call(f, "content.create", news(f, o->a));
    assert_int_equal(fixture_try(f, "content.create", news(f, o->b), NULL), ERR_DENIED);
    fixture_call(f, "content.submit", ARGS(f, item));
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_DENIED);
    struct val fields = val_map();
    val_set(&f->a, &fields, "unit", val_int(o->b));
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, fields), NULL), ERR_DENIED);
    act_as(f, o->editor);
    fixture_call(f, "content.publish", ARGS(f, item));
}

static void drafts_are_read_by_those_who_have_the_right_there(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    act_as(f, 0);
    f->s.actor.run = 1;
    struct val in_a = fixture_call(f, "content.create", news(f, o->a));
    struct val in_b = fixture_call(f, "content.create", news(f, o->b));
    act_as(f, o->author);
    struct val key = val_int(in_a.as.obj.id);
    struct val got = fixture_call(f, "content.get", ARGS(f, val_str("news"), key));
    assert_int_equal(got.type, VAL_OBJ);
    key = val_int(in_b.as.obj.id);
    got = fixture_call(f, "content.get", ARGS(f, val_str("news"), key));
    assert_int_equal(got.type, VAL_NIL);
    struct val where = val_map();
    val_set(&f->a, &where, "unit", val_int(o->a));
    struct val rows = fixture_call(f, "content.find", ARGS(f, val_str("news"), where));
    assert_int_equal(rows.as.list.n, 1);
    rows = fixture_call(f, "content.find", ARGS(f, val_str("news")));
    assert_int_equal(rows.as.list.n, 0);
    act_as(f, PEOPLE_ANONYMOUS);
    assert_int_equal(fixture_try(f, "content.create", news(f, o->a), NULL), ERR_DENIED);
    assert_int_equal(fixture_try(f, "content.lint", ARGS(f, in_a), NULL), ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rights_hold_in_the_unit_of_the_item),
        TEST(drafts_are_read_by_those_who_have_the_right_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
