/* Units, holders, and who may decide. */
#include "fixture.h"

static void import_again_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const tables[] = {"unit",         "unit_name",     "unit_parent",  "person",
                                         "position",     "position_held", "role_held",    "account",
                                         "calendar_day", "calendar_year", "position_role"};
    struct val org = fixture_json(f, fixture_org), done;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[80];
        snprintf(sql, sizeof(sql), "select count(*) from %s", tables[i]);
        int64_t before = fixture_count(f, sql);
        assert_true(before > 0);
        fixture_ok(f, "import", people_import(f->db, &org, f->s.now, 0, &f->a, &done, &f->err));
        assert_int_equal(fixture_count(f, sql), before);
    }
    assert_int_equal(val_get_int(&done, "units", 0), 4);
}

static void import_names_the_entry_that_is_wrong(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *tree, *list, *entry, *field;
    } bad[] = {
        {"{\"units\":[{\"code\":\"x\",\"name\":\"X\"},{\"code\":\"y\"}]}", "units", "2", "name"},
        {"{\"units\":[{\"code\":\"x\",\"name\":\"X\",\"parent\":\"nowhere\"}]}", "units", "1", "parent"},
        {"{\"units\":[{\"code\":\"province\",\"name\":\"P\",\"parent\":\"a\"}]}", "units", "1", "parent"},
        {"{\"holders\":[{\"person\":\"nobody\",\"position\":\"chair\",\"unit\":\"a\"}]}", "holders", "1", "person"},
        {"{\"calendar\":[{\"year\":2022,\"holidays\":[\"2021-01-01\"]}]}", "calendar", "1", "holidays"},
        {"{\"calendar\":[{\"year\":2022,\"weekend\":[\"funday\"]}]}", "calendar", "1", "weekend"},
        {"{\"holders\":[7]}", "holders", "1", ""},
        {"{\"folks\":[]}", "folks", "0", "folks"},
        {"{\"successors\":[{\"unit\":\"a\",\"how\":\"eaten\",\"day\":\"2021-01-01\"}]}", "successors", "1", "how"},
        {"{\"role_holders\":[{\"user\":\"ghost\",\"role\":\"editor\"}]}", "role_holders", "1", "user"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct val tree = fixture_json(f, bad[i].tree);
        err_clear(&f->err);
        assert_int_equal(people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err), ERR_INVALID);
        assert_string_equal(f->err.key, "people.import");
        assert_string_equal(err_arg(&f->err, "list"), bad[i].list);
        assert_string_equal(err_arg(&f->err, "entry"), bad[i].entry);
        assert_string_equal(err_arg(&f->err, "field"), bad[i].field);
    }
}

static void tree_is_read_as_of_a_day(void **state)
{
    struct fixture *f = *state;
    /* On 1 July 2021 commune A goes from the office to the province, renamed. */
    struct val tree =
        fixture_json(f, "{\"units\":[{\"code\":\"a\",\"name\":\"Phường A\",\"kind\":\"commune\",\"parent\":"
                        "\"province\",\"from\":\"2000-01-01\",\"name_from\":\"2021-07-01\","
                        "\"parent_from\":\"2021-07-01\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    int64_t a = fixture_unit(f, "a"), parent;
    struct val unit, list;
    assert_int_equal(people_parent(f->db, a, fixture_day("2021-06-30"), &parent, &f->err), 1);
    assert_int_equal(parent, fixture_unit(f, "office"));
    assert_int_equal(people_parent(f->db, a, fixture_day("2021-07-01"), &parent, &f->err), 1);
    assert_int_equal(parent, fixture_unit(f, "province"));
    assert_int_equal(people_parent(f->db, a, fixture_day("1999-12-31"), &parent, &f->err), 0);
    people_unit_get(f->db, a, fixture_day("2021-06-30"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Xã A");
    people_unit_get(f->db, a, fixture_day("2021-07-01"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Phường A");
    fixture_ok(f, "children",
               people_children(f->db, fixture_unit(f, "office"), fixture_day("2021-06-30"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 2);
    fixture_ok(f, "children",
               people_children(f->db, fixture_unit(f, "office"), fixture_day("2021-07-01"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 1);
}

static void unit_above_is_found_by_kind_or_at_the_top(void **state)
{
    struct fixture *f = *state;
    int64_t above, day = fixture_day("2021-01-04"), a = fixture_unit(f, "a");
    assert_int_equal(people_above(f->db, a, "province", day, &above, &f->err), 1);
    assert_int_equal(above, fixture_unit(f, "province"));
    assert_int_equal(people_above(f->db, a, NULL, day, &above, &f->err), 1);
    assert_int_equal(above, fixture_unit(f, "province"));
    assert_int_equal(people_above(f->db, a, "district", day, &above, &f->err), 0);
    assert_int_equal(people_above(f->db, fixture_unit(f, "province"), NULL, day, &above, &f->err), 0);
    assert_int_equal(people_is_within(f->db, a, fixture_unit(f, "province"), day, &f->err), 1);
    assert_int_equal(people_is_within(f->db, a, fixture_unit(f, "b"), day, &f->err), 0);
}

static void successors_tell_what_became_of_a_unit(void **state)
{
    struct fixture *f = *state;
    struct val tree = fixture_json(f, "{\"successors\":[{\"unit\":\"a\",\"successor\":\"b\",\"day\":\"2024-02-01\","
                                      "\"how\":\"merge\"}]}"),
               list;
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    fixture_ok(f, "list",
               people_successors(f->db, fixture_unit(f, "a"), fixture_day("2024-01-31"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 0);
    fixture_ok(f, "list",
               people_successors(f->db, fixture_unit(f, "a"), fixture_day("2024-02-01"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 1);
    assert_true(val_is_str(val_get(val_at(&list, 0), "how"), "merge"));
    assert_int_equal(val_get(val_at(&list, 0), "unit")->as.obj.id, fixture_unit(f, "b"));
}

static struct val target(struct fixture *f, const char *key, const char *value, const char *unit)
{
    struct val t = val_map();
    val_set(&f->a, &t, key, val_str(value));
    if (unit) val_set(&f->a, &t, "unit", val_int(fixture_unit(f, unit)));
    return t;
}

static int may(struct fixture *f, struct val t, const char *person, const char *day, struct people_capacity *cap)
{
    return people_may_decide(&f->s, &t, fixture_person(f, person), fixture_day(day) * 86400000, cap, &f->err);
}

static void holder_may_decide_from_the_first_day_until_the_last(void **state)
{
    struct fixture *f = *state;
    struct people_capacity cap;
    struct val t = target(f, "position", "editor", "office");
    assert_int_equal(may(f, t, "lan", "2019-12-31", &cap), 0);
    assert_string_equal(cap.why, "may.none");
    assert_int_equal(may(f, t, "lan", "2020-01-01", &cap), 1);
    assert_string_equal(cap.as, "editor");
    assert_string_equal(cap.why, "may.holder");
    assert_int_equal(may(f, t, "lan", "2021-01-31", &cap), 1);
    assert_int_equal(may(f, t, "lan", "2021-02-01", &cap), 0);
    assert_int_equal(may(f, t, "mai", "2021-01-04", &cap), 0);
    assert_int_equal(may(f, target(f, "position", "editor", "a"), "lan", "2021-01-04", &cap), 0);
}

static void task_that_nobody_may_decide_is_an_orphan(void **state)
{
    struct fixture *f = *state;
    struct val t = target(f, "position", "editor", "office"), r = target(f, "role", "author", "b");
    assert_int_equal(people_can_anybody(&f->s, &t, f->s.now, &f->err), 1);
    assert_int_equal(people_can_anybody(&f->s, &t, fixture_day("2021-03-01") * 86400000, &f->err), 0);
    assert_int_equal(people_can_anybody(&f->s, &r, f->s.now, &f->err), 0);
    r = target(f, "role", "author", "a");
    assert_int_equal(people_can_anybody(&f->s, &r, f->s.now, &f->err), 1);
    /* A position that carries a role is a holder of the role, in its unit and below. */
    r = target(f, "role", "editor", "b");
    assert_int_equal(people_can_anybody(&f->s, &r, f->s.now, &f->err), 1);
    /* Its holder cannot come in; then they can. */
    struct people_account_new n = {.name = "only", .person = fixture_person(f, "lan")};
    int64_t account;
    fixture_ok(f, "free", store_exec(f->db, "update account set person = null", &f->err));
    fixture_ok(f, "add", people_account_add(f->db, &n, f->s.now, &account, &f->err));
    assert_int_equal(people_can_anybody(&f->s, &t, f->s.now, &f->err), 1);
    fixture_ok(f, "off", people_account_disable(f->db, account, true, f->s.now, &f->err));
    assert_int_equal(people_can_anybody(&f->s, &t, f->s.now, &f->err), 0);
    fixture_ok(f, "on", people_account_disable(f->db, account, false, f->s.now, &f->err));
    assert_int_equal(people_can_anybody(&f->s, &t, f->s.now, &f->err), 1);
}

static void delegate_decides_for_another_within_dates_and_scope(void **state)
{
    struct fixture *f = *state;
    struct people_capacity cap;
    int64_t id, lan = fixture_person(f, "lan"), hoa = fixture_person(f, "hoa");
    struct val t = target(f, "position", "editor", "office");
    struct people_delegation d = {.from = lan,
                                  .to = hoa,
                                  .position = "editor",
                                  .since = fixture_day("2021-01-10"),
                                  .until = fixture_day("2021-01-20")};
    fixture_ok(f, "delegate", people_delegate(f->db, &d, f->s.now, &id, &f->err));
    assert_int_equal(may(f, t, "hoa", "2021-01-09", &cap), 0);
    assert_int_equal(may(f, t, "hoa", "2021-01-10", &cap), 1);
    assert_int_equal(cap.on_behalf_of, lan);
    assert_int_equal(cap.delegation, id);
    assert_int_equal(may(f, t, "hoa", "2021-01-20", &cap), 0);
    assert_int_equal(may(f, target(f, "role", "editor", "office"), "hoa", "2021-01-10", &cap),
                     0); /* not in its scope */
    fixture_ok(f, "revoke", people_delegation_revoke(f->db, id, fixture_day("2021-01-12"), &f->err));
    assert_int_equal(may(f, t, "hoa", "2021-01-11", &cap), 1);
    assert_int_equal(may(f, t, "hoa", "2021-01-12", &cap), 0);
}

static void delegation_cannot_be_passed_on_and_ends_with_the_office(void **state)
{
    struct fixture *f = *state;
    struct people_capacity cap;
    int64_t id, lan = fixture_person(f, "lan"), hoa = fixture_person(f, "hoa"), mai = fixture_person(f, "mai");
    struct val t = target(f, "position", "editor", "office");
    struct people_delegation first = {
        .from = lan, .to = hoa, .since = fixture_day("2021-01-01"), .until = fixture_day("2022-01-01")};
    struct people_delegation second = {
        .from = hoa, .to = mai, .since = fixture_day("2021-01-01"), .until = fixture_day("2022-01-01")};
    fixture_ok(f, "first", people_delegate(f->db, &first, f->s.now, &id, &f->err));
    fixture_ok(f, "second", people_delegate(f->db, &second, f->s.now, &id, &f->err));
    assert_int_equal(may(f, t, "hoa", "2021-01-04", &cap), 1);
    assert_int_equal(may(f, t, "mai", "2021-01-04", &cap), 0);
    assert_int_equal(may(f, t, "hoa", "2021-02-01", &cap), 0); /* the holder's term is over */
    first.to = lan;
    assert_int_equal(people_delegate(f->db, &first, f->s.now, &id, &f->err), ERR_INVALID);
}

static void delegation_is_bounded_by_a_unit(void **state)
{
    struct fixture *f = *state;
    struct people_capacity cap;
    int64_t id;
    struct people_delegation d = {.from = fixture_person(f, "lan"),
                                  .to = fixture_person(f, "hoa"),
                                  .unit = fixture_unit(f, "a"),
                                  .since = 0,
                                  .until = fixture_day("2022-01-01")};
    fixture_ok(f, "delegate", people_delegate(f->db, &d, f->s.now, &id, &f->err));
    assert_int_equal(may(f, target(f, "role", "editor", "a"), "hoa", "2021-01-04", &cap), 1);
    assert_int_equal(may(f, target(f, "role", "editor", "b"), "hoa", "2021-01-04", &cap), 0);
}

static void position_without_a_unit_must_have_only_one(void **state)
{
    struct fixture *f = *state;
    int64_t unit, day = fixture_day("2021-01-04");
    fixture_ok(f, "only", people_only_unit(f->db, "chair", day, &unit, &f->err));
    assert_int_equal(unit, fixture_unit(f, "province"));
    assert_int_equal(people_only_unit(f->db, "clerk", day, &unit, &f->err), ERR_INVALID);
    struct val tree = fixture_json(f, "{\"holders\":[{\"person\":\"hoa\",\"position\":\"chair\",\"unit\":\"a\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    assert_int_equal(people_only_unit(f->db, "chair", day, &unit, &f->err), ERR_INVALID);
    assert_string_equal(err_arg(&f->err, "found"), "2");
}

static void service_adds_up_what_was_held(void **state)
{
    struct fixture *f = *state;
    int64_t days, hoa = fixture_person(f, "hoa");
    struct val v,
        tree = fixture_json(
            f,
            "{\"holders\":[{\"person\":\"hoa\",\"position\":\"chair\",\"unit\":\"a\",\"from\":\"2010-01-01\",\"to\":"
            "\"2011-01-01\"},"
            "{\"person\":\"hoa\",\"position\":\"chair\",\"unit\":\"b\",\"from\":\"2010-07-01\",\"to\":\"2011-07-01\"},"
            "{\"person\":\"hoa\",\"position\":\"editor\",\"unit\":\"a\",\"from\":\"2012-01-01\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    fixture_ok(f, "days", people_service(f->db, hoa, "chair", fixture_day("2021-01-04"), &days, &f->err));
    assert_int_equal(days, 365 + 181);
    fixture_ok(f, "days", people_service(f->db, hoa, "chair", fixture_day("2010-01-01"), &days, &f->err));
    assert_int_equal(days, 1);
    fixture_ok(f, "days", people_service(f->db, hoa, NULL, fixture_day("2012-01-01"), &days, &f->err));
    assert_int_equal(days, 365 + 181 + 1);
    fixture_ok(f, "days",
               people_service(f->db, fixture_person(f, "mai"), NULL, fixture_day("2021-01-04"), &days, &f->err));
    assert_int_equal(days, 0); /* since ever: from no day */
    v = fixture_call(f, "people.service", "[\"hoa\",{\"position\":\"editor\",\"at\":\"2021-12-31\"}]");
    assert_int_equal(val_get_int(&v, "years", 0), 10);
    v = fixture_call(f, "people.service", "[\"hoa\",{\"position\":\"editor\",\"at\":\"2021-12-30\"}]");
    assert_int_equal(val_get_int(&v, "years", 0), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(import_again_changes_nothing),
        TEST(import_names_the_entry_that_is_wrong),
        TEST(tree_is_read_as_of_a_day),
        TEST(unit_above_is_found_by_kind_or_at_the_top),
        TEST(successors_tell_what_became_of_a_unit),
        TEST(holder_may_decide_from_the_first_day_until_the_last),
        TEST(task_that_nobody_may_decide_is_an_orphan),
        TEST(delegate_decides_for_another_within_dates_and_scope),
        TEST(delegation_cannot_be_passed_on_and_ends_with_the_office),
        TEST(delegation_is_bounded_by_a_unit),
        TEST(position_without_a_unit_must_have_only_one),
        TEST(service_adds_up_what_was_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
