/* Changes of the tree: what ends, what begins, what hangs on it, and that a refusal leaves nothing behind. */
#include "fixture.h"

#include "people/change.h"

static int change(struct fixture *f, const char *spec, bool dry, struct val *report)
{
    struct val v = fixture_json(f, spec);
    err_clear(&f->err);
    fixture_ok(f, "mark", store_mark(f->db, &f->err));
    int rc = people_change(&f->s, &v, dry, report, &f->err);
    if (rc)
        store_mark_rollback(f->db);
    else
        store_mark_release(f->db, &f->err);
    return rc;
}

static struct val must(struct fixture *f, const char *spec)
{
    struct val report;
    fixture_ok(f, spec, change(f, spec, false, &report));
    return report;
}

static void refused(struct fixture *f, const char *spec, int code, const char *key)
{
    struct val report;
    int64_t before = fixture_count(f, "select count(*) + sum(coalesce(valid_to, 7)) from unit");
    int64_t rows =
        fixture_count(f, "select (select count(*) from unit_successor) + (select count(*) from unit_parent)");
    int rc = change(f, spec, false, &report);
    if (rc != code || strcmp(f->err.key, key) != 0) fail_msg("%s: %d %s", spec, rc, f->err.key);
    assert_int_equal(fixture_count(f, "select count(*) + sum(coalesce(valid_to, 7)) from unit"), before);
    assert_int_equal(
        fixture_count(f, "select (select count(*) from unit_successor) + (select count(*) from unit_parent)"), rows);
}

static size_t listed(const struct val *report, const char *name)
{
    const struct val *v = val_get(report, name);
    return v ? v->as.list.n : 0;
}

static int is_alive(struct fixture *f, const char *code, const char *day)
{
    struct val list;
    int found = 0;
    fixture_ok(f, "units", people_units(f->db, fixture_day(day), &f->a, &list, &f->err));
    for (size_t i = 0; i < list.as.list.n; i++)
        found |= strcmp(fixture_text(f, val_at(&list, i), "code"), code) == 0;
    return found;
}

static const char merge_ab[] =
    "{\"how\":\"merge\",\"from\":[\"a\",\"b\"],\"into\":{\"code\":\"ab\",\"name\":\"Xã AB\",\"kind\":\"commune\"},"
    "\"day\":\"01/07/2025\",\"act\":\"1686/NQ\"}";

static void merge_ends_units_and_makes_their_successor(void **state)
{
    struct fixture *f = *state;
    struct val r = must(f, merge_ab), list;
    int64_t parent, day = fixture_day("2025-07-01");
    assert_int_equal(listed(&r, "ended"), 2);
    assert_int_equal(listed(&r, "made"), 1);
    assert_int_equal(listed(&r, "roles"), 1); /* hoa is author in a */
    assert_true(is_alive(f, "a", "2025-06-30") && !is_alive(f, "a", "2025-07-01"));
    assert_true(!is_alive(f, "ab", "2025-06-30") && is_alive(f, "ab", "2025-07-01"));
    assert_int_equal(people_parent(f->db, fixture_unit(f, "ab"), day, &parent, &f->err), 1);
    assert_int_equal(parent, fixture_unit(f, "office"));
    fixture_ok(f, "next", people_successors(f->db, fixture_unit(f, "b"), day, &f->a, &list, &f->err));
    assert_int_equal(val_get(val_at(&list, 0), "unit")->as.obj.id, fixture_unit(f, "ab"));
    assert_int_equal(fixture_count(f, "select count(*) from unit_successor where act = '1686/NQ'"), 2);
    /* What belonged to a stays reachable from above. */
    assert_int_equal(people_is_within(f->db, fixture_unit(f, "a"), fixture_unit(f, "province"), day, &f->err), 1);
    struct val role = val_map();
    struct people_capacity cap;
    val_set(&f->a, &role, "role", val_str("author"));
    val_set(&f->a, &role, "unit", val_int(fixture_unit(f, "a")));
    int64_t hoa = fixture_person(f, "hoa");
    assert_int_equal(people_may_decide(&f->s, &role, hoa, (day - 1) * 86400000, &cap, &f->err), 1);
    assert_int_equal(people_may_decide(&f->s, &role, hoa, day * 86400000, &cap, &f->err), 0);
}

static void what_was_done_is_not_done_again(void **state)
{
    struct fixture *f = *state;
    must(f, merge_ab);
    int64_t before = fixture_count(f, "select count(*) from unit_successor");
    struct val r = must(f, merge_ab);
    assert_true(val_get_bool(&r, "unchanged", false));
    assert_int_equal(fixture_count(f, "select count(*) from unit_successor"), before);
}

static void dry_run_tells_all_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct val r;
    fixture_ok(f, "dry", change(f, merge_ab, true, &r));
    assert_int_equal(listed(&r, "ended"), 2);
    assert_int_equal(listed(&r, "roles"), 1);
    assert_true(is_alive(f, "a", "2025-07-01") && !is_alive(f, "ab", "2025-07-01"));
    assert_int_equal(fixture_count(f, "select count(*) from unit_successor"), 0);
    assert_int_equal(fixture_count(f, "select count(*) from role_held where valid_to is not null"), 0);
}

static void abolished_unit_hands_what_is_below_to_its_successor(void **state)
{
    struct fixture *f = *state;
    struct val list;
    refused(f, "{\"how\":\"abolish\",\"unit\":\"office\",\"day\":\"2021-02-01\"}", ERR_REFUSED, "people.unit_below");
    struct val r = must(f, "{\"how\":\"abolish\",\"unit\":\"office\",\"into\":\"province\",\"day\":\"2021-01-20\"}");
    assert_int_equal(listed(&r, "moved"), 2);
    assert_int_equal(listed(&r, "holders"), 1);
    fixture_ok(f, "children",
               people_children(f->db, fixture_unit(f, "province"), fixture_day("2021-01-20"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 2);
    assert_int_equal(people_has_holder(f->db, "editor", fixture_unit(f, "office"), fixture_day("2021-01-19"), &f->err),
                     1);
    assert_int_equal(people_has_holder(f->db, "editor", fixture_unit(f, "office"), fixture_day("2021-01-20"), &f->err),
                     0);
}

static void split_goes_to_several_and_may_keep_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct val list;
    must(f, "{\"how\":\"split\",\"unit\":\"a\",\"into\":[\"a\",{\"code\":\"a2\",\"name\":\"Xã "
            "A2\"}],\"day\":\"2022-01-01\"}");
    assert_true(is_alive(f, "a", "2022-01-01") && is_alive(f, "a2", "2022-01-01"));
    fixture_ok(f, "next",
               people_successors(f->db, fixture_unit(f, "a"), fixture_day("2022-01-01"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 1);
    assert_true(val_is_str(val_get(val_at(&list, 0), "how"), "split"));
    must(f, "{\"how\":\"split\",\"unit\":\"b\",\"into\":[{\"code\":\"b1\",\"name\":\"B1\"},{\"code\":\"b2\",\"name\":"
            "\"B2\"}],"
            "\"day\":\"2022-01-01\"}");
    assert_true(!is_alive(f, "b", "2022-01-01") && is_alive(f, "b1", "2022-01-01"));
}

/* A unit of which one part goes here and another there, by two changes of the same day. */
static void parts_of_a_unit_go_to_different_successors(void **state)
{
    struct fixture *f = *state;
    struct val list;
    must(f, "{\"how\":\"merge\",\"from\":[\"a\"],\"parts\":[\"b\"],\"into\":{\"code\":\"n1\",\"name\":\"N1\"},\"day\":"
            "\"2025-07-01\"}");
    must(f, "{\"how\":\"merge\",\"parts\":[\"b\"],\"into\":{\"code\":\"n2\",\"name\":\"N2\"},\"day\":\"2025-07-01\"}");
    fixture_ok(f, "next",
               people_successors(f->db, fixture_unit(f, "b"), fixture_day("2025-07-01"), &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 2);
    assert_true(val_is_str(val_get(val_at(&list, 0), "how"), "split"));
    assert_true(val_is_str(val_get(val_at(&list, 1), "how"), "split"));
}

static void rename_and_move_are_read_as_of_their_day(void **state)
{
    struct fixture *f = *state;
    struct val unit;
    int64_t parent;
    must(f, "{\"how\":\"rename\",\"unit\":\"a\",\"name\":\"Phường A\",\"day\":\"2021-07-01\",\"act\":\"9/NQ\"}");
    must(f, "{\"how\":\"move\",\"unit\":\"a\",\"parent\":\"province\",\"day\":\"2021-07-01\"}");
    people_unit_get(f->db, fixture_unit(f, "a"), fixture_day("2021-06-30"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Xã A");
    people_unit_get(f->db, fixture_unit(f, "a"), fixture_day("2021-07-01"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Phường A");
    people_parent(f->db, fixture_unit(f, "a"), fixture_day("2021-07-01"), &parent, &f->err);
    assert_int_equal(parent, fixture_unit(f, "province"));
    people_parent(f->db, fixture_unit(f, "a"), fixture_day("2021-06-30"), &parent, &f->err);
    assert_int_equal(parent, fixture_unit(f, "office"));
}

static void refusals_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;
    refused(f, "{\"how\":\"eat\",\"unit\":\"a\"}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"merge\",\"from\":[\"a\",\"a\"],\"into\":\"b\"}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"merge\",\"from\":[],\"into\":\"b\"}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"merge\",\"from\":[\"a\"]}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"merge\",\"from\":[\"zz\"],\"into\":\"b\"}", ERR_NOT_FOUND, "people.no_unit");
    refused(f, "{\"how\":\"merge\",\"from\":[\"a\"],\"into\":{\"code\":\"b\",\"name\":\"B\"}}", ERR_CONFLICT,
            "people.unit_exists");
    refused(f, "{\"how\":\"split\",\"unit\":\"a\",\"into\":[\"b\"]}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"rename\",\"unit\":\"a\"}", ERR_INVALID, "people.change");
    refused(f, "{\"how\":\"move\",\"unit\":\"office\",\"parent\":\"a\"}", ERR_REFUSED, "people.circle");
    refused(f, "{\"how\":\"abolish\",\"unit\":\"a\",\"day\":\"1999-01-01\"}", ERR_REFUSED, "people.unit_ended");
    /* The second of the two does not exist any more on that day: the first does not end, either. */
    must(f, "{\"how\":\"abolish\",\"unit\":\"b\",\"day\":\"2022-01-01\"}");
    refused(f, "{\"how\":\"abolish\",\"unit\":\"b\",\"day\":\"2021-06-01\"}", ERR_CONFLICT, "people.unit_later");
    refused(
        f, "{\"how\":\"merge\",\"from\":[\"a\",\"b\"],\"into\":{\"code\":\"c\",\"name\":\"C\"},\"day\":\"2023-01-01\"}",
        ERR_REFUSED, "people.unit_ended");
    must(f, "{\"how\":\"rename\",\"unit\":\"a\",\"name\":\"A!\",\"day\":\"2024-01-01\"}");
    refused(f, "{\"how\":\"abolish\",\"unit\":\"a\",\"day\":\"2023-01-01\"}", ERR_CONFLICT, "people.unit_later");
}

static void change_wants_the_right_where_the_unit_stands(void **state)
{
    struct fixture *f = *state;
    struct val out;
    f->s.actor = (struct actor){.user = 1, .person = fixture_person(f, "lan")};
    int rc = fixture_try(f, "people.abolish", fixture_json(f, "[{\"unit\":\"a\",\"day\":\"2022-01-01\"}]"), &out);
    assert_int_equal(rc, ERR_DENIED);
    struct val tree =
        fixture_json(f, "{\"role_holders\":[{\"person\":\"lan\",\"role\":\"organiser\",\"unit\":\"b\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    rc = fixture_try(f, "people.abolish", fixture_json(f, "[{\"unit\":\"a\",\"day\":\"2022-01-01\"}]"), &out);
    assert_int_equal(rc, ERR_DENIED);
    rc = fixture_try(f, "people.merge", fixture_json(f, "[{\"from\":[\"b\",\"a\"],\"into\":\"b\"}]"), &out);
    assert_int_equal(rc, ERR_DENIED);
    rc = fixture_try(f, "people.move", fixture_json(f, "[{\"unit\":\"b\",\"parent\":\"province\"}]"), &out);
    assert_int_equal(rc, ERR_DENIED);
    rc = fixture_try(f, "people.abolish", fixture_json(f, "[{\"unit\":\"b\",\"day\":\"2022-01-01\"}]"), &out);
    fixture_ok(f, "abolish", rc);
    assert_true(!is_alive(f, "b", "2022-01-01"));
}

/* --- the right at every end --- */

/* hoa changes what stands in some units alone. */
static void organise(struct fixture *f, const char *const *units)
{
    fixture_ok(f, "clear", store_exec(f->db, "delete from role_held where role = 'organiser'", &f->err));
    for (; *units; units++)
        fixture_ok(f, *units,
                   store_exec(f->db,
                              arena_printf(&f->a,
                                           "insert into role_held(person, role, unit, valid_from) select p.id,"
                                           " 'organiser', u.id, 0 from person p, unit u where p.code = 'hoa' and"
                                           " u.code = '%s'",
                                           *units),
                              &f->err));
    f->s.actor = (struct actor){.user = 77, .person = fixture_person(f, "hoa")};
}

#define UNITS(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/* Each is refused by who has all ends but one, whichever that is, and done by who has all. */
static void every_end_of_a_change_asks_for_the_right(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *spec, *ends[3];
    } changes[] = {
        {"{\"how\":\"merge\",\"from\":[\"a\"],\"into\":\"b\"}", {"a", "b"}},
        {"{\"how\":\"merge\",\"from\":[\"a\"],\"into\":{\"code\":\"n\",\"name\":\"N\",\"parent\":\"b\"}}", {"a", "b"}},
        {"{\"how\":\"merge\",\"from\":[\"a\"],\"parts\":[\"b\"],\"into\":\"c\"}", {"a", "b", "c"}},
        {"{\"how\":\"abolish\",\"unit\":\"a\",\"into\":\"b\"}", {"a", "b"}},
        {"{\"how\":\"abolish\",\"unit\":[\"a\",\"b\"]}", {"a", "b"}},
        {"{\"how\":\"split\",\"unit\":\"a\",\"into\":[\"b\",{\"code\":\"n\",\"name\":\"N\",\"parent\":\"c\"}]}",
         {"a", "b", "c"}},
        {"{\"how\":\"split\",\"unit\":\"a\",\"into\":[\"a\",{\"code\":\"n\",\"name\":\"N\",\"parent\":\"b\"}]}",
         {"a", "b"}},
        {"{\"how\":\"move\",\"unit\":\"a\",\"parent\":\"b\"}", {"a", "b"}},
        {"{\"how\":\"move\",\"unit\":[\"a\",\"c\"],\"parent\":\"b\"}", {"a", "c", "b"}},
    };
    static const char third[] =
        "{\"units\":[{\"code\":\"c\",\"name\":\"C\",\"parent\":\"office\",\"from\":\"2000-01-01\"}]}";
    struct val report, tree = fixture_json(f, third);
    fixture_ok(f, third, people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        for (size_t without = 0; without < 4; without++) {
            const char *held[4] = {0};
            size_t n = 0;
            for (size_t k = 0; k < 3 && changes[i].ends[k]; k++)
                if (k != without) held[n++] = changes[i].ends[k];
            if (without < 3 && !changes[i].ends[without]) continue;
            organise(f, held);
            if (without < 3)
                refused(f, changes[i].spec, ERR_DENIED, "denied.verb");
            else
                fixture_ok(f, changes[i].spec, change(f, changes[i].spec, true, &report));
        }
    }
    /* A new unit that names no parent stands where those stood: the change of what is one's own. */
    organise(f, UNITS("a"));
    fixture_ok(f, "in its place",
               change(f,
                      "{\"how\":\"split\",\"unit\":\"a\",\"into\":[{\"code\":\"n\",\"name\":\"N\"},{\"code\":\"m\","
                      "\"name\":\"M\"}]}",
                      true, &report));
}

/* Was below then, and is another's now: a change of a past day takes nothing from where it is. */
static void the_past_takes_no_unit_that_has_gone_elsewhere(void **state)
{
    struct fixture *f = *state;
    static const char
        tree_text[] = "{\"units\":[{\"code\":\"c\",\"name\":\"C\",\"parent\":\"a\",\"from\":\"2000-01-01\"}],\"unit_"
                      "parents\":[{\"unit\":"
                      "\"c\",\"parent\":\"b\",\"from\":\"2015-01-01\"}]}",
        then[] = "{\"how\":\"merge\",\"from\":[\"a\"],\"into\":{\"code\":\"n\",\"name\":\"N\"},\"day\":\"2010-01-01\"}";
    struct val report, tree = fixture_json(f, tree_text);
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    organise(f, UNITS("a"));
    refused(f, then, ERR_DENIED, "denied.verb");
    organise(f, UNITS("a", "c"));
    fixture_ok(f, then, change(f, then, true, &report));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(merge_ends_units_and_makes_their_successor),     TEST(what_was_done_is_not_done_again),
        TEST(dry_run_tells_all_and_changes_nothing),          TEST(abolished_unit_hands_what_is_below_to_its_successor),
        TEST(split_goes_to_several_and_may_keep_the_old_one), TEST(parts_of_a_unit_go_to_different_successors),
        TEST(rename_and_move_are_read_as_of_their_day),       TEST(refusals_leave_nothing_behind),
        TEST(change_wants_the_right_where_the_unit_stands),   TEST(every_end_of_a_change_asks_for_the_right),
        TEST(the_past_takes_no_unit_that_has_gone_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
