/* Finding: order, paging by key with nulls and ties, cursors that do not fit, counts, sums. */
#include "table_fixture.h"

#include "base/clock.h"

static struct table *prepare(struct fixture *f)
{
    table_fixture_init(f);
    struct table *t =
        make(f, "{\"fields\": {\"n\": \"integer\", \"r\": \"integer!\", \"s\": \"text\", \"x\": \"number\","
                " \"b\": \"boolean\", \"j\": \"json\"}, \"index\": [[\"n\"], [\"r\"]]}");
    store_begin(f->db, &f->err);
    for (int i = 1; i <= 60; i++) {
        char row[160];
        if (i % 7 == 0)
            snprintf(row, sizeof(row), "{\"r\": %d, \"b\": true}", i % 4);
        else
            snprintf(row, sizeof(row), "{\"n\": %d, \"r\": %d, \"s\": \"k%d\", \"x\": %d.25, \"b\": %s}", i % 5, i % 4,
                     i % 3, i % 6, i % 2 ? "true" : "false");
        insert(f, t, i, row);
    }
    store_commit(f->db, &f->err);
    return t;
}

/* All ids in pages of `limit`, which must be those of the whole list read at once. */
static void check_pages(struct fixture *f, struct table *t, const char *order, const char *where, int64_t limit)
{
    struct val by = json_of(f, order), cond = json_of(f, where), all, page;
    struct table_query q = {.where = &cond, .order = &by, .limit = 1000};
    const char *cursor;
    size_t at = 0, pages = 0;
    assert_int_equal(table_find(f->db, t, &q, &f->a, &all, &cursor, &f->err), 0);
    assert_null(cursor);
    q.limit = limit;
    do {
        if (table_find(f->db, t, &q, &f->a, &page, &cursor, &f->err)) fail_msg("%s: %s", order, f->err.key);
        assert_true(page.as.list.n <= (size_t)limit);
        for (size_t i = 0; i < page.as.list.n; i++, at++) {
            int64_t want = val_get_int(val_at(&all, at), "id", -1), got = val_get_int(val_at(&page, i), "id", -2);
            if (want != got) fail_msg("%s, place %d: %d, not %d", order, (int)at, (int)got, (int)want);
        }
        q.after = cursor;
        pages++;
    } while (cursor);
    assert_int_equal(at, all.as.list.n);
    assert_int_equal(pages, all.as.list.n == 0 ? 1 : (all.as.list.n + (size_t)limit - 1) / (size_t)limit);
}

static void pages_together_are_the_whole_list_in_every_order(void **state)
{
    static const char *const orders[] = {
        "\"id\"",
        "\"-id\"",
        "\"n\"",
        "\"-n\"",
        "\"r\"",
        "\"-r\"",
        "\"s\"",
        "\"-x\"",
        "\"b\"",
        "\"-b\"",
        "\"version\"",
        "[\"n\", \"-s\"]",
        "[\"-n\", \"s\"]",
        "[\"-s\", \"-x\", \"n\"]",
        "[\"b\", \"r\", \"-n\", \"id\"]",
        "[\"r\", \"-id\"]",
        "[]",
    };
    struct fixture f;
    (void)state;
    struct table *t = prepare(&f);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        for (int64_t limit = 1; limit < 70; limit += limit < 8 ? 1 : 13)
            check_pages(&f, t, orders[i], "{}", limit);
        check_pages(&f, t, orders[i], "{\"or\": {\"b\": true, \"r\": [1, 2]}}", 4);
        check_pages(&f, t, orders[i], "{\"id\": [\"<\", 0]}", 4);
    }
    fixture_close(&f);
}

static void nulls_are_first_upward_and_last_downward(void **state)
{
    struct fixture f;
    struct val up = val_str("n"), down = val_str("-n"), rows;
    const char *cursor;
    (void)state;
    struct table *t = prepare(&f);
    struct table_query q = {.order = &up, .limit = 60};
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), 0);
    assert_null(val_get(val_at(&rows, 0), "n"));
    assert_non_null(val_get(val_at(&rows, 59), "n"));
    q.order = &down;
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), 0);
    assert_null(val_get(val_at(&rows, 59), "n"));
    assert_int_equal(val_get_int(val_at(&rows, 0), "n", 0), 4);
    fixture_close(&f);
}

static int find_after(struct fixture *f, struct table *t, const char *order, const char *after, const char **cursor)
{
    struct val by = val_str(order), rows;
    struct table_query q = {.order = &by, .limit = 5, .after = after};
    err_clear(&f->err);
    return table_find(f->db, t, &q, &f->a, &rows, cursor, &f->err);
}

static void a_cursor_of_another_order_or_none_at_all_is_refused(void **state)
{
    struct fixture f;
    const char *cursor, *ignored;
    static const char *const bad[] = {"", "!", "AAAA", "gQ", "hello-there", "g4CAgA"};
    (void)state;
    struct table *t = prepare(&f);
    assert_int_equal(find_after(&f, t, "n", NULL, &cursor), 0);
    assert_non_null(cursor);
    assert_int_equal(find_after(&f, t, "n", cursor, &ignored), 0);
    assert_int_equal(find_after(&f, t, "r", cursor, &ignored), ERR_INVALID);
    assert_string_equal(f.err.key, "find.cursor");
    assert_int_equal(find_after(&f, t, "-n", cursor, &ignored), ERR_INVALID);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(find_after(&f, t, "n", bad[i], &ignored), ERR_INVALID);
    char *cut = arena_strndup(&f.a, cursor, strlen(cursor) - 3);
    assert_int_equal(find_after(&f, t, "n", cut, &ignored), ERR_INVALID);
    fixture_close(&f);
}

static void orders_that_cannot_be_are_refused(void **state)
{
    struct fixture f;
    const char *cursor;
    (void)state;
    struct table *t = prepare(&f);
    assert_int_equal(find_after(&f, t, "zz", NULL, &cursor), ERR_INVALID);
    assert_string_equal(f.err.key, "invalid.unknown_field");
    assert_int_equal(find_after(&f, t, "j", NULL, &cursor), ERR_INVALID);
    assert_int_equal(find_after(&f, t, "n desc, id", NULL, &cursor), ERR_INVALID);
    assert_int_equal(find_after(&f, t, "", NULL, &cursor), ERR_INVALID);
    fixture_close(&f);
}

static void a_page_has_at_most_a_thousand_rows_and_a_hundred_if_nothing_is_said(void **state)
{
    struct fixture f;
    struct val rows;
    const char *cursor;
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, "{\"fields\": {\"n\": \"integer\"}}");
    must_exec(f.db, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)"
                    " insert into p_awards__nom(id, version, n) select i, 1, i from n");
    struct table_query q = {0};
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), 0);
    assert_int_equal(rows.as.list.n, 100);
    q.limit = 100000;
    assert_int_equal(table_find(f.db, t, &q, &f.a, &rows, &cursor, &f.err), 0);
    assert_int_equal(rows.as.list.n, 1000);
    assert_non_null(cursor);
    fixture_close(&f);
}

static void a_page_after_a_full_filter_still_has_room_for_its_cursor(void **state)
{
    struct fixture f;
    (void)state;
    struct table *t = prepare(&f);
    struct buf b;
    buf_init(&b, 4096);
    buf_add_str(&b, "{\"r\": [");
    for (int i = 0; i < 64; i++)
        buf_printf(&b, "%s%d", i ? ", " : "", i);
    buf_add_str(&b, "]}");
    check_pages(&f, t, "[\"n\", \"-s\", \"x\", \"b\", \"r\", \"version\"]", b.data, 7);
    buf_close(&b);
    fixture_close(&f);
}

/* CPU time of twenty reads of one page, after so many pages: it must not read all the pages before it. */
static int64_t cost_of_page(struct fixture *f, struct table *t, const char *order, int64_t skip)
{
    struct val by = val_str(order), rows;
    struct table_query q = {.order = &by, .limit = 50};
    const char *cursor = NULL;
    for (int64_t i = 0; i < skip; i++) {
        assert_int_equal(table_find(f->db, t, &q, &f->a, &rows, &cursor, &f->err), 0);
        q.after = cursor;
    }
    int64_t before = clock_thread_cpu_ns();
    for (int i = 0; i < 20; i++)
        assert_int_equal(table_find(f->db, t, &q, &f->a, &rows, &cursor, &f->err), 0);
    assert_int_equal(rows.as.list.n, 50);
    return clock_thread_cpu_ns() - before;
}

static void the_last_page_costs_about_what_the_first_costs(void **state)
{
    struct fixture f;
    static const char *const orders[] = {"n", "r", "-r", "id", "-id"};
    (void)state;
    table_fixture_init(&f);
    struct table *t =
        make(&f, "{\"fields\": {\"n\": \"integer\", \"r\": \"integer!\"}, \"index\": [[\"n\"], [\"r\"]]}");
    must_exec(f.db, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)"
                    " insert into p_awards__nom(id, version, n, r) select i, 1, i, i from n");
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        int64_t first = cost_of_page(&f, t, orders[i], 1), late = cost_of_page(&f, t, orders[i], 900);
        if (late > 4 * first) fail_msg("%s: %d µs, then %d µs", orders[i], (int)(first / 1000), (int)(late / 1000));
        arena_reset(&f.a);
        t = build(&f, "{\"fields\": {\"n\": \"integer\", \"r\": \"integer!\"}, \"index\": [[\"n\"], [\"r\"]]}");
    }
    fixture_close(&f);
}

static void counts_and_sums_are_by_group(void **state)
{
    struct fixture f;
    struct val rows, by, sum, where;
    (void)state;
    table_fixture_init(&f);
    struct table *t =
        make(&f, "{\"fields\": {\"u\": \"integer\", \"done\": \"boolean\", \"n\": \"money\", \"x\": \"number\"}}");
    insert(&f, t, 1, "{\"u\": 1, \"done\": true, \"n\": 10, \"x\": 0.5}");
    insert(&f, t, 2, "{\"u\": 1, \"done\": false, \"n\": 20, \"x\": 1.0}");
    insert(&f, t, 3, "{\"u\": 2, \"done\": true, \"n\": 30}");
    struct table_query q = {0};
    int64_t n = 0;
    assert_int_equal(table_count(f.db, t, &q, &f.a, &n, &f.err), 0);
    assert_int_equal(n, 3);
    by = json_of(&f, "[\"u\"]");
    sum = json_of(&f, "[\"n\", \"x\"]");
    struct table_sums s = {.by = &by, .sum = &sum, .count = true};
    assert_int_equal(table_aggregate(f.db, t, &q, &s, &f.a, &rows, &f.err), 0);
    assert_string_equal(text_of(&f, &rows),
                        "[{\"u\":1,\"n\":30,\"x\":1.5,\"count\":2},{\"u\":2,\"n\":30,\"count\":1}]");
    by = json_of(&f, "[\"done\"]");
    where = json_of(&f, "{\"u\": 1}");
    q.where = &where;
    s = (struct table_sums){.by = &by, .count = true};
    assert_int_equal(table_aggregate(f.db, t, &q, &s, &f.a, &rows, &f.err), 0);
    assert_string_equal(text_of(&f, &rows), "[{\"done\":false,\"count\":1},{\"done\":true,\"count\":1}]");
    s = (struct table_sums){.sum = &by};
    by = json_of(&f, "[\"zz\"]");
    assert_int_equal(table_aggregate(f.db, t, &q, &s, &f.a, &rows, &f.err), ERR_INVALID);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_together_are_the_whole_list_in_every_order),
        cmocka_unit_test(nulls_are_first_upward_and_last_downward),
        cmocka_unit_test(a_cursor_of_another_order_or_none_at_all_is_refused),
        cmocka_unit_test(orders_that_cannot_be_are_refused),
        cmocka_unit_test(a_page_has_at_most_a_thousand_rows_and_a_hundred_if_nothing_is_said),
        cmocka_unit_test(a_page_after_a_full_filter_still_has_room_for_its_cursor),
        cmocka_unit_test(the_last_page_costs_about_what_the_first_costs),
        cmocka_unit_test(counts_and_sums_are_by_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
