/* Who may do what: people's policy, asked for the unit of the item. */
#include "fixture.h"

#include "people/people.h"
#include "people/verb.h"

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
    fixture_declare(f, "type", "order", "{\"fields\":{\"title\":\"text!\"},\"unit\":true,\"approval\":true}");
    fixture_declare(f, "type", "memo",
                    "{\"fields\":{\"title\":\"text!\"},\"unit\":true,\"approval\":true,\"separation\":false}");
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

static struct val item_of(struct fixture *f, const char *type, int64_t unit)
{
    struct val fields = J(f, "{\"title\":\"Tin\"}");
    val_set(&f->a, &fields, "unit", val_int(unit));
    return ARGS(f, val_str(type), fields);
}

static struct val news(struct fixture *f, int64_t unit)
{
    return item_of(f, "news", unit);
}

static struct val unit_field(struct fixture *f, struct val unit)
{
    struct val fields = J(f, "{\"title\":\"Tin khác\"}");
    val_set_new(&f->a, &fields, "unit", unit);
    return fields;
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

/* The right must hold where the item goes, by whichever way it goes there. */
static void an_item_goes_to_no_unit_where_the_right_does_not_hold(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    act_as(f, o->editor);
    struct val item = fixture_call(f, "content.create", news(f, o->a));
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, unit_field(f, val_int(o->b))), NULL), ERR_DENIED);
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, unit_field(f, val_nil())), NULL), ERR_DENIED);
    fixture_call(f, "content.publish", ARGS(f, item));
    struct val note = val_str("sửa");
    assert_int_equal(fixture_try(f, "content.correct", ARGS(f, item, unit_field(f, val_int(o->b)), note), NULL),
                     ERR_DENIED);
    assert_int_equal(fixture_try(f, "content.correct", ARGS(f, item, unit_field(f, val_nil()), note), NULL),
                     ERR_DENIED);
    fixture_call(f, "content.correct", ARGS(f, item, unit_field(f, val_int(o->a)), note));
}

static void states_that_a_role_may_be_bound_to_are_those_of_items(void **state)
{
    const char *const *states = people_verb_find("content.edit")->states;
    (void)state;
    int n = 0;
    for (; states[n]; n++)
        assert_string_equal(states[n], content_state_name((enum content_state)n));
    assert_int_equal(n, CONTENT_ARCHIVED + 1);
}

static void a_role_may_be_bound_to_states(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    fixture_fail(f, "row",
                 store_exec(f->s.db,
                            "insert into role_verb values('draftsman','content.create'),('draftsman',"
                            "'content.edit@draft'),('draftsman','content.submit'),('draftsman',"
                            "'content.read_draft@draft'),('draftsman','content.read_draft@in_review')",
                            &f->err));
    int64_t draftsman = account(f, "chi", "draftsman", o->a);
    act_as(f, draftsman);
    struct val item = fixture_call(f, "content.create", news(f, o->a)), key = val_int(item.as.obj.id);
    struct val later = J(f, "{\"title\":\"Tin mới\"}");
    fixture_call(f, "content.edit", ARGS(f, item, later));
    fixture_call(f, "content.submit", ARGS(f, val_obj(&content_item_kind, item.as.obj.id, 0, NULL)));
    later = J(f, "{\"title\":\"Tin mới nữa\"}");
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, later), NULL), ERR_DENIED);
    assert_int_equal(fixture_call(f, "content.get", ARGS(f, val_str("news"), key)).type, VAL_OBJ);
    fixture_call(f, "content.history", ARGS(f, item));
    act_as(f, o->editor);
    fixture_call(f, "content.publish", ARGS(f, val_obj(&content_item_kind, item.as.obj.id, 0, NULL)));
    fixture_call(f, "content.edit", ARGS(f, item, later));
    act_as(f, draftsman);
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Lại là bản nháp\"}")));
    /* A list is of all states: it shows drafts to who may read them in each. */
    struct val where = val_map();
    val_set(&f->a, &where, "unit", val_int(o->a));
    struct val rows = fixture_call(f, "content.find", ARGS(f, val_str("news"), where));
    assert_int_equal(rows.as.list.n, 1);
    const struct val *state_of = val_get(val_at(&rows, 0)->as.obj.fields, "state");
    assert_true(val_is_str(state_of, "published"));
}

static struct val handed_in(struct fixture *f, const char *type, int64_t unit)
{
    struct val item = fixture_call(f, "content.create", item_of(f, type, unit));
    item = val_obj(&content_item_kind, item.as.obj.id, 0, NULL);
    fixture_call(f, "content.submit", ARGS(f, item));
    return item;
}

static void an_account_without_a_person_does_not_approve_what_it_wrote(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    int64_t second = account(f, "dung", "editor", o->a);
    act_as(f, o->editor);
    struct val item = handed_in(f, "order", o->a);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item), NULL), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.separation");
    act_as(f, second);
    fixture_call(f, "content.approve", ARGS(f, item));
}

static void nobody_approves_their_own_text_by_the_answer_of_another(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    struct val by = J(f, "{\"by\":{\"decision\":\"approve\",\"by\":777}}");
    act_as(f, o->editor);
    f->s.actor.person = 4242;
    struct val item = handed_in(f, "order", o->a);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item, by), NULL), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.separation");
    /* A run decides nothing itself: what counts is whose answer it has. */
    f->s.actor = (struct actor){.run = 1, .person = 4242, .plugin = "awards"};
    struct val own = J(f, "{\"by\":{\"decision\":\"approve\",\"by\":777,\"on_behalf_of\":4242}}");
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item, own), NULL), ERR_DENIED);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item), NULL), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.approver");
    assert_int_equal(
        fixture_try(f, "content.approve", ARGS(f, item, J(f, "{\"by\":{\"decision\":\"approve\"}}")), NULL),
        ERR_DENIED);
    fixture_call(f, "content.approve", ARGS(f, item, by));
}

/* Two accounts of one person; two persons with one address; and what an account wrote before it was somebody's. */
static void one_human_with_two_accounts_does_not_approve_what_the_other_wrote(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    static const char *const rows[] = {
        "insert into person(id, code, name, email) values(71, 'p', 'P', 'One@x.org'), (72, 'q', 'Q', 'one@X.org'),"
        " (73, 'r', 'R', 'other@x.org'), (74, 's', 'S', null)",
        "insert into account(id, name, person, created_at) values(81, 'p1', 71, 0), (82, 'p2', 71, 0), (83, 'q1', 72, "
        "0),"
        " (84, 'r1', 73, 0), (85, 's1', null, 0), (86, 's2', 74, 0)",
        "insert into role_held(account, role, valid_from) select id, 'editor', 0 from account where id > 80"};
    static const struct {
        int64_t user, person;
        const char *refused;
    } by[] = {{81, 71, "denied.separation"},
              {82, 71, "denied.separation"},
              {83, 72, "denied.separation_mail"},
              {84, 73, NULL}};
    for (size_t i = 0; i < 3; i++)
        fixture_fail(f, rows[i], store_exec(f->s.db, rows[i], &f->err));
    for (size_t i = 0; i < 4; i++) {
        f->s.actor = (struct actor){.user = 81, .person = 71, .plugin = "awards"};
        struct val item = handed_in(f, "order", o->a), answer = val_map(), with = val_map();
        val_set(&f->a, &answer, "by", val_int(by[i].person));
        val_set(&f->a, &with, "by", answer);
        struct actor who[] = {{.user = by[i].user, .person = by[i].person, .plugin = "awards"},
                              {.run = 1, .plugin = "awards"}};
        for (size_t way = 0; way < 2; way++) {
            f->s.actor = who[way];
            int rc = fixture_try(f, "content.approve", way ? ARGS(f, item, with) : ARGS(f, item), NULL);
            if (by[i].refused && (rc != ERR_DENIED || strcmp(f->err.key, by[i].refused) != 0))
                fail_msg("account %d: %d %s", (int)by[i].user, rc, f->err.key);
            if (!by[i].refused && way == 0) fixture_fail(f, "another", rc);
        }
    }
    /* Nobody's account wrote it; then it is somebody's. */
    f->s.actor = (struct actor){.user = 85, .plugin = "awards"};
    struct val item = handed_in(f, "order", o->a);
    fixture_fail(f, "given", store_exec(f->s.db, "update account set person = 74 where id = 85", &f->err));
    f->s.actor = (struct actor){.user = 86, .person = 74, .plugin = "awards"};
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item), NULL), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.separation");
    struct val authors = fixture_call(f, "content.authors", ARGS(f, item));
    assert_int_equal(authors.as.list.n, 1);
    f->s.actor = (struct actor){.user = 81, .person = 71, .plugin = "awards"};
    authors = fixture_call(f, "content.authors", ARGS(f, handed_in(f, "order", o->a)));
    assert_int_equal(authors.as.list.n, 2);
}

/* Of several answers, of a vote, of a secret vote: whoever is among them who wrote it. */
static void no_author_is_among_those_whose_answers_approve(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    static const char *const ways[] = {
        "{\"by\":{\"answers\":[{\"by\":9},{\"by\":4242}]}}",
        "{\"by\":{\"answers\":[{\"by\":9,\"on_behalf_of\":4242}]}}",
        "{\"by\":{\"passed\":true,\"votes\":[{\"person\":9},{\"person\":4242}]}}",
        "{\"by\":{\"passed\":true,\"voters\":[9,4242]}}",
        "{\"by\":{\"answers\":[{\"passed\":true,\"voters\":[4242]}]}}",
        /* Nobody at all is no approval either. */
        "{\"by\":{\"passed\":true}}",
        "{\"by\":{\"answers\":[]}}",
        "{\"by\":{\"answers\":[{\"decision\":\"approve\"}]}}",
    };
    act_as(f, o->editor);
    f->s.actor.person = 4242;
    struct val item = handed_in(f, "order", o->a);
    f->s.actor = (struct actor){.run = 1, .plugin = "awards"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (fixture_try(f, "content.approve", ARGS(f, item, J(f, ways[i])), NULL) != ERR_DENIED)
            fail_msg("%s", ways[i]);
    fixture_call(f, "content.approve", ARGS(f, item, J(f, "{\"by\":{\"passed\":true,\"voters\":[9]}}")));
}

/* What changes is who may approve; that somebody must, and who may at all, does not. */
static void without_separation_one_approves_ones_own_text_and_nothing_else_changes(void **state)
{
    struct office *o = *state;
    struct fixture *f = &o->f;
    act_as(f, o->editor);
    f->s.actor.person = 4242;
    struct val item = handed_in(f, "memo", o->a);
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.approval");
    act_as(f, o->author);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item), NULL), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.verb");
    act_as(f, o->editor);
    f->s.actor.person = 4242;
    fixture_call(f, "content.approve", ARGS(f, item));
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Đã sửa\"}")));
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_REFUSED);
    fixture_call(f, "content.approve", ARGS(f, item));
    fixture_call(f, "content.publish", ARGS(f, item));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rights_hold_in_the_unit_of_the_item),
        TEST(drafts_are_read_by_those_who_have_the_right_there),
        TEST(an_item_goes_to_no_unit_where_the_right_does_not_hold),
        TEST(a_role_may_be_bound_to_states),
        cmocka_unit_test(states_that_a_role_may_be_bound_to_are_those_of_items),
        TEST(an_account_without_a_person_does_not_approve_what_it_wrote),
        TEST(nobody_approves_their_own_text_by_the_answer_of_another),
        TEST(one_human_with_two_accounts_does_not_approve_what_the_other_wrote),
        TEST(no_author_is_among_those_whose_answers_approve),
        TEST(without_separation_one_approves_ones_own_text_and_nothing_else_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
