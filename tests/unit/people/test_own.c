/* Nobody gives themself more than they hold, by whichever row of an organisation. */
#include "fixture.h"

#include "people/change.h"
#include "people/exchange.h"

/* root is an administrator who is the person mai, holds the roles reader and organiser, and took the organisation in.
 */
static int open_root(void **state)
{
    fixture_open(state);
    struct fixture *f = *state;
    struct val more = fixture_json(
        f, "{\"users\":[{\"name\":\"root\",\"person\":\"mai\",\"admin\":true},{\"name\":\"second\",\"admin\":true}],"
           "\"bodies\":[{\"code\":\"council\",\"name\":\"Hội đồng\",\"unit\":\"province\"}],"
           "\"role_holders\":[{\"person\":\"mai\",\"role\":\"clerk\",\"unit\":\"a\",\"from\":\"2020-01-01\",\"to\":"
           "\"2022-01-01\"},{\"person\":\"mai\",\"role\":\"organiser\",\"from\":\"1990-01-01\"}]}");
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
    fixture_ok(f, "mark", store_mark(f->db, &f->err));
    int rc = fixture_try(f, "people.import", args, &out);
    if (rc)
        store_mark_rollback(f->db);
    else
        fixture_ok(f, "release", store_mark_release(f->db, &f->err));
    return rc;
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

static void nor_another_account_of_their_person(void **state)
{
    struct fixture *f = *state;
    static const char twin[] = "{\"users\":[{\"name\":\"mai2\",\"person\":\"mai\"},{\"name\":\"lone\"}]}",
                      given[] = "{\"role_holders\":[{\"user\":\"mai2\",\"role\":\"editor\"}]}";
    fixture_ok(f, "twin", take_in(f, twin));
    refused(f, given, "role editor@*");
    refused(f,
            "{\"users\":[{\"name\":\"mai2\",\"person\":\"lan\"}],\"role_holders\":[{\"person\":\"mai\",\"role\":"
            "\"editor\"}]}",
            "role editor@*");
    fixture_ok(f, "a third", take_in(f, "{\"users\":[{\"name\":\"mai3\",\"person\":\"mai\"}]}"));
    fixture_ok(f, "others", take_in(f, "{\"role_holders\":[{\"user\":\"lone\",\"role\":\"editor\"}]}"));
    struct val out, args = fixture_json(f, "[\"mai2\",\"editor\",\"a\"]");
    assert_int_equal(fixture_try(f, "user.role", args, &out), ERR_DENIED);
    f->s.actor = (struct actor){0};
    fixture_ok(f, "by the machine", take_in(f, given));
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
    assert_string_equal(f->err.key, "denied.accounts");
    assert_int_equal(take_in(f, raised), ERR_DENIED);
    assert_int_equal(take_in(f, plain), ERR_DENIED);
    f->s.actor = root;
    fixture_ok(f, "made", take_in(f, made));
    fixture_ok(f, "plain", take_in(f, plain));
}

static void denied(struct fixture *f, const char *tree, const char *rows)
{
    if (take_in(f, tree) != ERR_DENIED) fail_msg("taken in: %s", tree);
    assert_string_equal(f->err.key, "denied.accounts");
    assert_string_equal(err_arg(&f->err, "rows"), rows);
}

static int64_t count(struct fixture *f, const char *sql)
{
    int64_t n = -1;
    struct stmt *s = store_stmt(f->db, sql, &f->err);
    assert_non_null(s);
    assert_int_equal(stmt_step(s, &f->err), 1);
    n = stmt_int(s, 0);
    stmt_done(s);
    return n;
}

/* Its person, or the address to which a link for a new password goes: whoever chooses one has the account. */
static void whoever_keeps_the_organisation_gets_into_no_account(void **state)
{
    struct fixture *f = *state;
    static const char same[] = "{\"users\":[{\"name\":\"root\",\"person\":\"mai\",\"admin\":true}],"
                               "\"persons\":[{\"code\":\"mai\",\"name\":\"Mai\",\"email\":\"mai@x.org\"}]}",
                      caught[] = "{\"persons\":[{\"code\":\"mai\",\"name\":\"M\",\"email\":\"hoa@x.org\"}]}";
    fixture_ok(f, "as root", take_in(f, same));
    fixture_ok(f, "row",
               store_exec(f->db,
                          "insert into role_held(person, role, valid_from) select id, 'organiser', 0"
                          " from person where code = 'hoa'",
                          &f->err));
    struct actor root = f->s.actor;
    f->s.actor = (struct actor){.user = 77, .person = fixture_person(f, "hoa")};
    denied(f, "{\"users\":[{\"name\":\"root\",\"person\":\"hoa\",\"admin\":true}]}", "users[1] root");
    denied(f, "{\"users\":[{\"name\":\"root\",\"person\":\"mai\"},{\"name\":\"new\",\"person\":\"mai\"}]}",
           "users[1] root, users[2] new");
    denied(f, "{\"users\":[{\"name\":\"root\",\"person\":\"mai\",\"admin\":true,\"disabled\":true}]}", "users[1] root");
    denied(f, "{\"users\":[{\"name\":\"root\",\"person\":\"mai\",\"admin\":true,\"lang\":\"vi\"}]}", "users[1] root");
    denied(f, caught, "persons[1] mai");
    denied(f,
           "{\"persons\":[{\"code\":\"free\",\"name\":\"F\",\"email\":\"f@x.org\"},{\"code\":\"mai\",\"name\":\"M\"}]}",
           "persons[2] mai");
    fixture_ok(f, "as it is", take_in(f, same));
    fixture_ok(f, "without an account",
               take_in(f, "{\"persons\":[{\"code\":\"new\",\"name\":\"N\",\"email\":\"n@x.org\"},"
                          "{\"code\":\"new\",\"name\":\"N\",\"email\":\"m@x.org\"}]}"));
    assert_int_equal(count(f, "select count(*) from person where code = 'mai' and email = 'mai@x.org'"), 1);
    f->s.actor = root;
    fixture_ok(f, "an administrator", take_in(f, caught));
    f->s.actor = (struct actor){0};
    fixture_ok(f, "the machine", take_in(f, same));
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

/* --- by the tree: no holding is written, and it reaches more --- */

static int change(struct fixture *f, const char *spec, bool dry)
{
    struct val v = fixture_json(f, spec), report;
    err_clear(&f->err);
    fixture_ok(f, "mark", store_mark(f->db, &f->err));
    int rc = people_change(&f->s, &v, dry, &report, &f->err);
    if (rc || dry)
        store_mark_rollback(f->db);
    else
        fixture_ok(f, "release", store_mark_release(f->db, &f->err));
    return rc;
}

static void unmoved(struct fixture *f, const char *spec, const char *what)
{
    for (int dry = 1; dry >= 0; dry--) {
        if (change(f, spec, dry) != ERR_DENIED) fail_msg("done: %s (%s)", spec, f->err.key);
        assert_string_equal(f->err.key, "denied.own_rights");
        assert_string_equal(err_arg(&f->err, "what"), what);
    }
}

static void moved(struct fixture *f, const char *spec)
{
    fixture_ok(f, spec, change(f, spec, true));
}

/* root holds clerk@a until 2022 and is the chair of the province. */
static void nobody_moves_a_unit_below_their_own(void **state)
{
    struct fixture *f = *state;
    unmoved(f, "{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\"}", "role clerk@b");
    unmoved(f, "{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\",\"day\":\"2021-12-31\"}", "role clerk@b");
    moved(f, "{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\",\"day\":\"2022-01-01\"}"); /* it is over then */
    moved(f, "{\"how\":\"move\",\"unit\":\"a\",\"parent\":\"b\"}");
    moved(f, "{\"how\":\"rename\",\"unit\":\"a\",\"name\":\"Xã C\"}");
    f->s.actor = (struct actor){0};
    moved(f, "{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\"}");
}

static void nor_takes_one_over(void **state)
{
    struct fixture *f = *state;
    unmoved(f, "{\"how\":\"abolish\",\"unit\":\"b\",\"into\":\"a\"}", "role clerk@b");
    unmoved(f, "{\"how\":\"merge\",\"from\":[\"b\"],\"into\":\"a\"}", "role clerk@b");
    unmoved(f, "{\"how\":\"split\",\"unit\":\"b\",\"into\":[\"a\",{\"code\":\"c\",\"name\":\"C\"}]}", "role clerk@b");
    unmoved(f, "{\"how\":\"abolish\",\"unit\":\"office\",\"into\":\"province\"}", "position chair@office");
    /* What was below the other, too: b below c, which the own unit takes over. */
    fixture_ok(f, "below",
               take_in(f, "{\"units\":[{\"code\":\"c\",\"name\":\"C\",\"from\":\"2000-01-01\"}],\"unit_parents\":[{"
                          "\"unit\":\"b\",\"parent\":\"c\",\"from\":\"2000-01-01\"}]}"));
    unmoved(f, "{\"how\":\"merge\",\"from\":[\"c\"],\"into\":\"a\"}", "role clerk@b");
    /* A position is of its own unit alone: what is moved below it is no gain. */
    moved(f, "{\"how\":\"move\",\"unit\":\"c\",\"parent\":\"province\"}");
    moved(f, "{\"how\":\"merge\",\"from\":[\"a\",\"b\"],\"into\":{\"code\":\"ab\",\"name\":\"AB\"}}");
}

static void nor_takes_such_a_tree_in(void **state)
{
    struct fixture *f = *state;
    refused(f,
            "{\"units\":[{\"code\":\"b\",\"name\":\"Xã B\",\"kind\":\"commune\",\"parent\":\"a\",\"from\":"
            "\"2000-01-01\"}]}",
            "role clerk@b");
    refused(f, "{\"unit_parents\":[{\"unit\":\"b\",\"parent\":\"a\",\"from\":\"2021-06-01\"}]}", "role clerk@b");
    refused(f, "{\"changes\":[{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\",\"day\":\"2021-06-01\"}]}",
            "role clerk@b");
    refused(f, "{\"successors\":[{\"unit\":\"b\",\"successor\":\"a\",\"day\":\"2021-06-01\",\"how\":\"merge\"}]}",
            "role clerk@b");
    /* What is new is empty; what is said again is no change, in one piece or in two. */
    static const char made[] = "{\"units\":[{\"code\":\"n\",\"name\":\"N\",\"parent\":\"a\",\"from\":\"2000-01-01\"}]}",
                      same[] =
                          "{\"units\":[{\"code\":\"b\",\"name\":\"Xã B\",\"kind\":\"commune\",\"parent\":\"office\","
                          "\"from\":\"2000-01-01\"}]}",
                      again[] = "{\"unit_parents\":[{\"unit\":\"n\",\"parent\":\"a\",\"from\":\"2021-03-01\"}]}";
    fixture_ok(f, made, take_in(f, made));
    fixture_ok(f, again, take_in(f, again));
    fixture_ok(f, same, take_in(f, same));
    refused(f, "{\"unit_parents\":[{\"unit\":\"b\",\"parent\":\"n\",\"from\":\"2021-06-01\"}]}", "role clerk@b");
}

static void whoever_has_it_everywhere_or_above_gains_nothing(void **state)
{
    struct fixture *f = *state;
    static const char move[] = "{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\"}";
    static const char give[] = "insert into role_held(person, role, unit, valid_from) select id, 'clerk', %s, 0 from"
                               " person where code = 'mai'";
    const char *const units[] = {"null", "(select id from unit where code = 'office')"};
    for (size_t i = 0; i < 2; i++) {
        fixture_ok(f, "clear", store_exec(f->db, "delete from role_held where valid_from = 0", &f->err));
        unmoved(f, move, "role clerk@b");
        fixture_ok(f, "give", store_exec(f->db, arena_printf(&f->a, give, units[i]), &f->err));
        moved(f, move);
    }
}

/* Looks at a file as who takes it in; "units[2] unit: …" of each wrong cell, divided by "|". */
static const char *previewed(struct fixture *f, const char *name, const char *text)
{
    struct val report;
    struct people_file file = {name, text, strlen(text)};
    struct people_take t = {.files = &file,
                            .nfiles = 1,
                            .by = &f->s,
                            .preview = true,
                            .now = f->s.now,
                            .day = fixture_day("2021-01-04"),
                            .lang = "en"};
    const char *all = "";
    int64_t rows = count(f, "select (select count(*) from role_held) + (select count(*) from unit_parent)");
    err_clear(&f->err);
    fixture_ok(f, text, people_take(f->db, &t, &f->a, &report, &f->err));
    assert_int_equal(count(f, "select (select count(*) from role_held) + (select count(*) from unit_parent)"), rows);
    const struct val *errors = val_get(&report, "errors");
    assert_int_equal(val_get_bool(&report, "ok", false), errors->as.list.n == 0);
    for (size_t i = 0; val_at(errors, i); i++) {
        const struct val *cell = val_at(errors, i);
        const char *says = strstr(val_get_str(cell, "says"), "rights: ");
        all = arena_printf(&f->a, "%s%s%s[%lld] %s", all, i ? "|" : "", val_get_str(cell, "list"),
                           (long long)val_get_int(cell, "line", 0), says ? says + 8 : val_get_str(cell, "says"));
    }
    return all;
}

static void a_preview_says_by_which_rows_one_would_give_oneself_a_right(void **state)
{
    struct fixture *f = *state;
    static const char mixed[] =
        "{\"units\":[{\"code\":\"n\",\"name\":\"N\",\"from\":\"2000-01-01\"},{\"code\":\"m\",\"name\":\"M\",\"from\":"
        "\"2000-01-01\"}],"
        "\"unit_parents\":[{\"unit\":\"n\",\"parent\":\"a\",\"from\":\"2021-01-02\"},"
        "{\"unit\":\"m\",\"parent\":\"b\",\"from\":\"2021-01-02\"},"
        "{\"unit\":\"b\",\"parent\":\"n\",\"from\":\"2021-06-01\"}],"
        "\"persons\":[{\"code\":\"p\",\"name\":\"P\"}],"
        "\"role_holders\":[{\"person\":\"hoa\",\"role\":\"editor\"},{\"person\":\"p\",\"role\":\"editor\"},"
        "{\"person\":\"mai\",\"role\":\"editor\",\"unit\":\"a\"},{\"person\":\"lan\",\"role\":\"author\"},"
        "{\"user\":\"root\",\"role\":\"author\"}]}";
    assert_string_equal(previewed(f, "o.json", mixed),
                        "unit_parents[3] role clerk@b.|role_holders[3] role editor@a.|role_holders[5] role author@*.");
    assert_string_equal(
        previewed(f, "o.json",
                  "{\"changes\":[{\"how\":\"move\",\"unit\":\"b\",\"parent\":\"a\",\"day\":\"2021-06-01\"}]}"),
        "changes[1] role clerk@b.");
    assert_string_equal(previewed(f, "role_holders.csv", "person,role,unit\r\nhoa,editor,a\r\nmai,editor,office\r\n"),
                        "role_holders[3] role editor@office.");
    assert_string_equal(previewed(f, "role_holders.csv", "person,role,unit\r\nhoa,editor,a\r\n"), "");
    f->s.actor = (struct actor){0};
    assert_string_equal(previewed(f, "o.json", mixed), "");
}

/* By what another holds and lets them act for. */
static void nor_through_another(void **state)
{
    struct fixture *f = *state;
    static const char move[] = "{\"how\":\"move\",\"unit\":\"a\",\"parent\":\"b\"}";
    static const char lend[] =
        "insert into delegation(from_person, to_person, position, role, unit, valid_from, valid_to, created_at) select"
        " l.id, m.id, %s, 18628, 20000, 0 from person l, person m where l.code = 'lan' and m.code = 'mai'";
    fixture_ok(f, "row",
               store_exec(f->db,
                          "insert into role_held(person, role, unit, valid_from) select p.id, 'author', u.id, 0 from"
                          " person p, unit u where p.code = 'lan' and u.code = 'b'",
                          &f->err));
    moved(f, move);
    static const char *const lent[][2] = {
        {"null, null, null", "delegated lan author@a"},
        {"null, 'author', null", "delegated lan author@a"},
        {"null, null, (select id from unit where code = 'b')", "delegated lan author@a"},
        {"null, 'reader', (select id from unit where code = 'b')", "delegation lan reader@a"},
        {"'chair', null, (select id from unit where code = 'b')", "delegation lan chair@a"},
        {"null, 'reader', null", NULL},
        {"'chair', null, null", NULL},
    };
    for (size_t i = 0; i < sizeof(lent) / sizeof(lent[0]); i++) {
        fixture_ok(f, "clear", store_exec(f->db, "delete from delegation", &f->err));
        fixture_ok(f, "lend", store_exec(f->db, arena_printf(&f->a, lend, lent[i][0]), &f->err));
        if (lent[i][1])
            unmoved(f, move, lent[i][1]);
        else
            moved(f, move);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT(an_administrator_gives_themself_no_right),
        ROOT(nor_another_account_of_their_person),
        ROOT(nor_by_the_role_that_they_hold),
        ROOT(nor_for_longer_or_elsewhere),
        ROOT(what_they_hold_may_stay_shrink_and_end),
        ROOT(others_are_given_what_there_is_to_give),
        ROOT(administrators_are_made_by_administrators),
        ROOT(whoever_keeps_the_organisation_gets_into_no_account),
        ROOT(nobody_lets_themself_act_for_another),
        ROOT(nobody_moves_a_unit_below_their_own),
        ROOT(nor_takes_one_over),
        ROOT(nor_takes_such_a_tree_in),
        ROOT(whoever_has_it_everywhere_or_above_gains_nothing),
        ROOT(a_preview_says_by_which_rows_one_would_give_oneself_a_right),
        ROOT(nor_through_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
