/* The real structure of Thanh Hóa: how many units on each day, and that every unit of 2021 has living successors. */
#include "fixture.h"

#include "people/exchange.h"

static const char *read_file(struct fixture *f, const char *name, size_t *len)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/examples/thanh-hoa/%s", KHUNG_SOURCE, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s", path);
    char *text = arena_alloc(&f->a, 1 << 20);
    *len = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

static void take(struct fixture *f, const char *const *names, size_t n)
{
    struct people_file files[4];
    struct val report;
    for (size_t i = 0; i < n; i++) {
        files[i].name = names[i];
        files[i].text = read_file(f, names[i], &files[i].len);
    }
    struct people_take t = {
        .files = files, .nfiles = n, .now = f->s.now, .day = fixture_day("2021-01-04"), .lang = "vi"};
    fixture_ok(f, names[0], people_take(f->db, &t, &f->a, &report, &f->err));
}

static int count_on(struct fixture *f, const char *day, const char *kind)
{
    struct val list;
    int n = 0;
    fixture_ok(f, "units", people_units(f->db, fixture_day(day), &f->a, &list, &f->err));
    for (size_t i = 0; i < list.as.list.n; i++)
        n += strcmp(fixture_text(f, val_at(&list, i), "kind"), kind) == 0;
    return n;
}

static int open_real(void **state)
{
    static const char *const names[] = {"org/units.json", "org/changes.csv"};
    fixture_open(state);
    struct fixture *f = *state;
    /* Without the organisation of the other tests. */
    fixture_ok(f, "empty",
               store_exec(f->db,
                          "delete from unit; delete from unit_name; delete from unit_parent; delete from "
                          "position_held; delete from role_held",
                          &f->err));
    take(f, names, 2);
    return 0;
}

static void counts_are_those_of_each_day(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *day;
        int districts, communes;
    } want[] = {{"2021-01-04", 27, 559}, {"2024-01-31", 27, 559}, {"2024-02-01", 27, 558}, {"2024-12-31", 27, 558},
                {"2025-01-01", 26, 547}, {"2025-06-30", 26, 547}, {"2025-07-01", 0, 166}};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_int_equal(count_on(f, want[i].day, "district"), want[i].districts);
        assert_int_equal(count_on(f, want[i].day, "commune"), want[i].communes);
        assert_int_equal(count_on(f, want[i].day, "province"), 1);
    }
    int64_t n =
        fixture_count(f, "select count(distinct parent) from unit_parent p join unit u on u.id = p.unit where u.kind ="
                         " 'commune' and p.valid_from <= 18631 and (p.valid_to is null or p.valid_to > 18631)");
    assert_int_equal(n, 27); /* each district has communes of its own */
}

/* Each chain of successors ends in units that exist after July 2025. */
static void every_unit_of_2021_goes_on_in_a_living_one(void **state)
{
    struct fixture *f = *state;
    static const char ends[] =
        "with recursive next(first, id) as (select id, id from unit where valid_from <= 18631 and (valid_to is null or"
        " valid_to > 18631) union select next.first, r.successor from next join unit_successor r on r.unit = next.id "
        "and"
        " r.successor <> r.unit) ";
    char sql[1200];
    snprintf(sql, sizeof(sql), "%sselect count(distinct first) from next", ends);
    assert_int_equal(fixture_count(f, sql), 1 + 27 + 559);
    snprintf(sql, sizeof(sql),
             "%sselect count(distinct next.first) from next join unit u on u.id = next.id and u.valid_to is null",
             ends);
    assert_int_equal(fixture_count(f, sql), 1 + 27 + 559);
    /* No chain ends in one that is gone. */
    snprintf(sql, sizeof(sql),
             "%sselect count(*) from next join unit u on u.id = next.id where u.valid_to is not null and not exists"
             " (select 1 from unit_successor r where r.unit = u.id and r.successor <> r.unit)",
             ends);
    assert_int_equal(fixture_count(f, sql), 0);
    assert_int_equal(fixture_count(f, "select count(*) from unit where kind = 'commune' and valid_from = 20270"), 145);
}

static void old_days_keep_their_names_and_tree(void **state)
{
    struct fixture *f = *state;
    struct val unit;
    int64_t above;
    people_unit_get(f->db, fixture_unit(f, "long-anh"), fixture_day("2021-01-04"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Hội LHPN xã Long Anh");
    people_unit_get(f->db, fixture_unit(f, "long-anh"), fixture_day("2025-01-01"), &f->a, &unit, &f->err);
    assert_string_equal(fixture_text(f, &unit, "name"), "Hội LHPN phường Long Anh");
    /* Đông Sơn went into the city in January 2025, and its communes with it. */
    assert_int_equal(
        people_above(f->db, fixture_unit(f, "dong-nam"), "district", fixture_day("2024-12-31"), &above, &f->err), 1);
    assert_int_equal(above, fixture_unit(f, "dong-son"));
    assert_int_equal(
        people_above(f->db, fixture_unit(f, "dong-nam"), "district", fixture_day("2025-01-01"), &above, &f->err), 1);
    assert_int_equal(above, fixture_unit(f, "tp-thanh-hoa"));
    assert_int_equal(people_parent(f->db, fixture_unit(f, "tam-chung"), fixture_day("2025-07-01"), &above, &f->err), 1);
    assert_int_equal(above, fixture_unit(f, "tinh"));
}

/* The head of a ward decides as long as the ward lasts; its province, also afterwards. */
static void who_may_decide_follows_the_tree(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"org.json"};
    static const char *const days[] = {"2021-01-04", "2024-12-31", "2025-06-30", "2025-07-01"};
    struct val head = val_map(), editor = val_map();
    struct people_capacity cap;
    take(f, names, 1);
    val_set(&f->a, &head, "position", val_str("unit_head"));
    val_set(&f->a, &head, "unit", val_int(fixture_unit(f, "dong-tho")));
    val_set(&f->a, &editor, "role", val_str("editor"));
    val_set(&f->a, &editor, "unit", val_int(fixture_unit(f, "dong-tho")));
    for (size_t i = 0; i < 4; i++) {
        int64_t now = fixture_day(days[i]) * 86400000;
        assert_int_equal(people_may_decide(&f->s, &head, fixture_person(f, "ct-dt"), now, &cap, &f->err), i < 3);
        assert_int_equal(people_may_decide(&f->s, &editor, fixture_person(f, "ct"), now, &cap, &f->err), 1);
        assert_int_equal(people_can_anybody(&f->s, &head, now, &f->err), i < 3);
    }
}

static void import_again_and_the_cast_change_no_count(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"org/units.json", "org/changes.csv", "org.json"};
    int64_t rows =
        fixture_count(f, "select (select count(*) from unit_successor) + (select count(*) from unit_parent)");
    take(f, names, 2);
    assert_int_equal(
        fixture_count(f, "select (select count(*) from unit_successor) + (select count(*) from unit_parent)"), rows);
    take(f, names + 2, 1);
    assert_int_equal(count_on(f, "2021-01-04", "district"), 27);
    assert_int_equal(count_on(f, "2021-01-04", "commune"), 559);
    assert_int_equal(count_on(f, "2025-07-01", "commune"), 166);
}

#define REAL(name) cmocka_unit_test_setup_teardown(name, open_real, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REAL(counts_are_those_of_each_day),
        REAL(every_unit_of_2021_goes_on_in_a_living_one),
        REAL(old_days_keep_their_names_and_tree),
        REAL(who_may_decide_follows_the_tree),
        REAL(import_again_and_the_cast_change_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
