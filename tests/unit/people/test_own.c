/* Nobody gives themself more than they hold, by whichever row of an organisation. */
#include "fixture.h"

/* root is an administrator who is the person mai, holds the role reader, and took the organisation in. */
static int open_root(void **state)
{
    fixture_open(state);
    struct fixture *f = *state;
    struct val more = fixture_json(
        f, "{\"users\":[{\"name\":\"root\",\"person\":\"mai\",\"admin\":true},{\"name\":\"second\",\"admin\":true}],"
           "\"bodies\":[{\"code\":\"council\",\"name\":\"Hội đồng\",\"unit\":\"province\"}],"
           "\"role_holders\":[{\"person\":\"mai\",\"role\":\"clerk\",\"unit\":\"a\",\"from\":\"2020-01-01\",\"to\":"
           "\"2022-01-01\"}]}");
    struct people_account root;
    fixture_ok(f, "import", people_import(f->db, &more, f->s.now, 0, &f->a, NULL, &f->err));
    assert_int_equal(people_account_find(f->db, "root", &root, &f->err), 1);
    f->s.actor = (struct actor){.user = root.id, .person = root.person, .admin = true};
    return 0;
}
#define ROOT(name) cmocka_unit_test_setup_teardown(name, open_root, fixture_close)

static int take_in(struct fixture *f, const char *tree)
{
    struct val out, args = val_list();
    val_add(&f->a, &args, fixture_json(f, tree));
    return fixture_try(f, "people.import", args, &out);
}

static void refused(struct fixture *f, const char *tree, const char *what)
{
    if (take_in(f, tree) != ERR_DENIED) fail_msg("taken in: %s", tree);
    assert_string_equal(f->err.key, "denied.own_rights");
    assert_string_equal(err_arg(&f->err, "what"), what);
}

static void an_administrator_gives_themself_no_right(void **state)
{
    struct fixture *f = *state;
    refused(f, "{\"role_holders\":[{\"user\":\"root\",\"role\":\"editor\",\"unit\":\"a\"}]}", "role editor@a");
    refused(f, "{\"role_holders\":[{\"person\":\"mai\",\"role\":\"editor\"}]}", "role editor@*");
    refused(f,
            "{\"holders\":[{\"person\":\"mai\",\"position\":\"editor\",\"unit\":\"office\",\"from\":\"2021-01-01\"}]}",
            "position editor@office");
    refused(f, "{\"body_members\":[{\"body\":\"council\",\"person\":\"mai\",\"from\":\"2021-01-01\"}]}",
            "body council");
    refused(f,
            "{\"delegations\":[{\"from\":\"lan\",\"to\":\"mai\",\"since\":\"2021-01-01\",\"until\":\"2021-12-31\"}]}",
            "delegation lan *@*");
    refused(f, "{\"users\":[{\"name\":\"root\",\"person\":\"lan\",\"admin\":true}]}", "position editor@office");
}

static void nor_by_the_role_that_they_hold(void **state)
{
    struct fixture *f = *state;
    refused(f, "{\"roles\":[{\"name\":\"reader\",\"verbs\":[\"content.read_draft\",\"content.publish\"]}]}",
            "verb reader content.publish");
    refused(f, "{\"positions\":[{\"code\":\"chair\",\"title\":\"Chủ tịch\",\"roles\":[\"author\"]}]}",
            "verb author content.create");
}

static void nor_for_longer_or_elsewhere(void **state)
{
    struct fixture *f = *state;
    refused(f,
            "{\"role_holders\":[{\"person\":\"mai\",\"role\":\"clerk\",\"unit\":\"a\",\"from\":\"2020-01-01\",\"to\":"
            "\"2023-01-01\"}]}",
            "role clerk@a");
    refused(f, "{\"role_holders\":[{\"person\":\"mai\",\"role\":\"clerk\",\"unit\":\"b\",\"from\":\"2020-01-01\"}]}",
            "role clerk@b");
}

static void what_they_hold_may_stay_shrink_and_end(void **state)
{
    struct fixture *f = *state;
    static const char *const trees[] = {
        "{\"role_holders\":[{\"user\":\"root\",\"role\":\"reader\"}]}",
        "{\"role_holders\":[{\"person\":\"mai\",\"role\":\"clerk\",\"unit\":\"a\",\"from\":\"2020-01-01\",\"to\":"
        "\"2021-"
        "06-01\"}]}",
        "{\"holders\":[{\"person\":\"mai\",\"position\":\"chair\",\"unit\":\"province\",\"to\":\"2020-06-01\"}]}",
        "{\"roles\":[{\"name\":\"reader\",\"verbs\":[\"content.read_draft@published\"]}]}",
        "{\"holders\":[{\"person\":\"mai\",\"position\":\"editor\",\"unit\":\"office\",\"from\":\"2010-01-01\",\"to\":"
        "\"2011-01-01\"}]}",
        "{\"users\":[{\"name\":\"root\",\"admin\":true}]}",
    };
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
        fixture_ok(f, trees[i], take_in(f, trees[i]));
}

static void others_are_given_what_there_is_to_give(void **state)
{
    struct fixture *f = *state;
    static const char tree[] = "{\"role_holders\":[{\"person\":\"hoa\",\"role\":\"editor\"},{\"user\":\"second\","
                               "\"role\":\"editor\"}]}",
                      own[] = "{\"role_holders\":[{\"user\":\"root\",\"role\":\"editor\"}]}";
    fixture_ok(f, "others", take_in(f, tree));
    /* A second person gives it, or a command on the machine. */
    struct actor root = f->s.actor;
    struct people_account second;
    assert_int_equal(people_account_find(f->db, "second", &second, &f->err), 1);
    f->s.actor = (struct actor){.user = second.id, .admin = true};
    refused(f, "{\"role_holders\":[{\"user\":\"second\",\"role\":\"author\"}]}", "role author@*");
    fixture_ok(f, "by another", take_in(f, own));
    fixture_ok(f, "clear", store_exec(f->db, "delete from role_held where role = 'editor'", &f->err));
    f->s.actor = (struct actor){0};
    fixture_ok(f, "by the machine", take_in(f, own));
    f->s.actor = root;
    fixture_ok(f, "held now", take_in(f, own));
}

static void administrators_are_made_by_administrators(void **state)
{
    struct fixture *f = *state;
    fixture_ok(f, "row",
               store_exec(f->db,
                          "insert into role_held(person, role, valid_from) select id, 'organiser', 0"
                          " from person where code = 'hoa'",
                          &f->err));
    struct actor root = f->s.actor;
    f->s.actor = (struct actor){.user = 77, .person = fixture_person(f, "hoa")};
    static const char made[] = "{\"users\":[{\"name\":\"new\",\"admin\":true}]}",
                      raised[] = "{\"users\":[{\"name\":\"lan\",\"person\":\"lan\",\"admin\":true}]}",
                      plain[] = "{\"users\":[{\"name\":\"plain\"}]}";
    assert_int_equal(take_in(f, made), ERR_DENIED);
    assert_string_equal(err_arg(&f->err, "verb"), "user.add");
    assert_int_equal(take_in(f, raised), ERR_DENIED);
    fixture_ok(f, "plain", take_in(f, plain));
    f->s.actor = root;
    fixture_ok(f, "made", take_in(f, made));
}

/* Whoever may arrange delegations lets others act for others. */
static void nobody_lets_themself_act_for_another(void **state)
{
    struct fixture *f = *state;
    struct val out,
        args = fixture_json(f, "[{\"from\":\"lan\",\"to\":\"hoa\",\"scope\":{\"position\":\"editor\",\"unit\":"
                               "\"office\"},\"since\":\"2021-01-01\",\"until_\":\"2021-02-01\"}]");
    fixture_ok(f, "row",
               store_exec(f->db,
                          "insert into role_held(person, role, valid_from) select id, 'organiser', 0"
                          " from person where code in ('hoa','mai')",
                          &f->err));
    f->s.actor = (struct actor){.user = 77, .person = fixture_person(f, "hoa")};
    assert_int_equal(fixture_try(f, "people.delegate", args, &out), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.own_rights");
    f->s.actor.person = fixture_person(f, "mai");
    fixture_ok(f, "for others", fixture_try(f, "people.delegate", args, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT(an_administrator_gives_themself_no_right),
        ROOT(nor_by_the_role_that_they_hold),
        ROOT(nor_for_longer_or_elsewhere),
        ROOT(what_they_hold_may_stay_shrink_and_end),
        ROOT(others_are_given_what_there_is_to_give),
        ROOT(administrators_are_made_by_administrators),
        ROOT(nobody_lets_themself_act_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
