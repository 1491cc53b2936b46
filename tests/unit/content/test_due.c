/* The lane's publisher. */
#include "fixture.h"

#include "store/list.h"

static const char notice[] = "{\"fields\":{\"title\":\"text!\"},\"title\":\"title\"}";

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    fixture_declare(f, "type", "notice", notice);
    fixture_fail(f, "activate", fixture_activate(f));
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static struct val scheduled(struct fixture *f, const char *at, const char *options)
{
    struct val item = fixture_call(f, "content.create", ARGS(f, val_str("notice"), J(f, "{\"title\":\"Tin\"}")));
    return fixture_call(f, "content.schedule", ARGS(f, item, val_str(at), J(f, options)));
}

static void nothing_is_published_before_its_time_and_then_once(void **state)
{
    struct fixture *f = *state;
    scheduled(f, "2021-01-05 08:00", "{}");
    fixture_at(f, "2021-01-05 07:59");
    int64_t next = lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='published'"), 0);
    assert_int_equal(next, f->s.now + 60000);
    fixture_at(f, "2021-01-05 08:00");
    lane_run(f->lane);
    lane_run(f->lane);
    assert_int_equal(fixture_count(f, "content.published"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from item_log where verb='publish'"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from item where due_at is not null"), 0);
}

static void one_that_is_refused_does_not_stop_the_other_999(void **state)
{
    struct fixture *f = *state;
    store_begin(f->s.db, &f->err);
    for (int i = 0; i < 1000; i++) {
        struct val item = scheduled(f, "2021-01-05 08:00", "{}");
        if (i == 500) f->refuse_item = item.as.obj.id;
    }
    store_commit(f->s.db, &f->err);
    f->refuse_event = "content.published";
    fixture_at(f, "2021-01-05 08:00");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 999);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='published'"), 999);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='scheduled' and due_tries=1 and"
                                    " due_error='this one not'"),
                     1);
    struct val late = fixture_call(f, "content.overdue", val_list());
    assert_int_equal(late.as.list.n, 1);
    assert_string_equal(fixture_str(f, &late.as.list.items[0], "reason"), "this one not");
    f->refuse_event = NULL;
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 999);
    fixture_at(f, "2021-01-05 08:02");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 1000);
}

/* The page behind the one before. */
static struct val overdue_page(struct fixture *f, const char *options)
{
    struct val o = J(f, options), page;
    struct list_query q;
    if (f->s.next) val_set(&f->a, &o, "after", val_str(f->s.next));
    fixture_fail(f, "options", list_read(&content_overdue_list, &o, &f->host.time, &f->a, &q, &f->err));
    fixture_fail(f, "overdue", content_overdue(&f->s, &q, &f->a, &page, &f->err));
    return page;
}

static void those_that_were_refused_come_in_pages(void **state)
{
    struct fixture *f = *state;
    int64_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = scheduled(f, "2021-01-05 08:00", "{}").as.obj.id;
    store_begin(f->s.db, &f->err);
    store_exec(f->s.db, "update item set due_tries = 4, due_error = 'not', due_at = due_at - id % 1000000", &f->err);
    store_commit(f->s.db, &f->err);
    struct val all = fixture_call(f, "content.overdue", val_list());
    assert_int_equal(all.as.list.n, 3);
    /* Without a word about the order, the next to be tried first: in pages as at once. */
    for (size_t i = 0; i < 3; i++) {
        struct val page = overdue_page(f, "{\"limit\":1}");
        assert_int_equal(page.as.list.n, 1);
        assert_int_equal(val_get_int(&page.as.list.items[0], "item", 0), ids[2 - i]);
        assert_int_equal(val_get_int(&all.as.list.items[i], "item", 0), ids[2 - i]);
    }
    assert_null(f->s.next);
    struct val page = overdue_page(f, "{\"limit\":2,\"sort\":\"item\",\"fields\":\"item\"}");
    assert_int_equal(page.as.list.n, 2);
    assert_int_equal(page.as.list.items[0].as.map.n, 1);
    assert_int_equal(val_get_int(&page.as.list.items[1], "item", 0), ids[1]);
    page = overdue_page(f, "{\"limit\":2,\"sort\":\"item\"}");
    assert_int_equal(page.as.list.n, 1);
    assert_int_equal(val_get_int(&page.as.list.items[0], "item", 0), ids[2]);
}

static void the_end_archives_what_is_public(void **state)
{
    struct fixture *f = *state;
    scheduled(f, "2021-01-05 08:00", "{\"until_\":\"2021-01-06 08:00\"}");
    fixture_at(f, "2021-01-05 08:00");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 1);
    fixture_at(f, "2021-01-06 08:00");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 0);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='archived'"), 1);
}

static void the_end_leaves_a_newer_draft_alone(void **state)
{
    struct fixture *f = *state;
    struct val item = scheduled(f, "2021-01-05 08:00", "{\"until_\":\"2021-01-06 08:00\"}");
    fixture_at(f, "2021-01-05 08:00");
    lane_run(f->lane);
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Mới\"}")));
    fixture_at(f, "2021-01-06 09:00");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_notice_pub"), 0);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='draft' and pub_rev is null"), 1);
}

static void what_was_due_while_the_service_was_down_is_published_once_and_late(void **state)
{
    struct fixture *f = *state;
    scheduled(f, "2021-01-05 08:00", "{}");
    lane_free(f->lane);
    fixture_at(f, "2021-01-09 08:00");
    struct lane_options lo = {.db = f->s.db, .clock = &f->host.clock};
    fixture_fail(f, "lane", lane_new(&lo, &f->lane, &f->err));
    f->host.lane = f->s.lane = f->lane;
    content_free(f->host.content);
    f->host.content = content_new(&f->host);
    fixture_fail(f, "begin", store_begin(f->s.db, &f->err));
    fixture_fail(f, "activate", content_activate(f->host.content, f->s.db, f->registry, false, &f->err));
    fixture_fail(f, "commit", store_commit(f->s.db, &f->err));
    content_start(f->host.content, f->lane);
    lane_run(f->lane);
    assert_int_equal(fixture_count(f, "content.published"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from item where published_at - publish_at = 4 * 86400000"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_published_before_its_time_and_then_once),
        TEST(one_that_is_refused_does_not_stop_the_other_999),
        TEST(those_that_were_refused_come_in_pages),
        TEST(the_end_archives_what_is_public),
        TEST(the_end_leaves_a_newer_draft_alone),
        TEST(what_was_due_while_the_service_was_down_is_published_once_and_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
