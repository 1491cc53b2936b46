/* Lists, paging and search. */
#include "fixture.h"

#include "people/people.h"
#include "store/list.h"

static const char news[] = "{\"fields\":{\"title\":\"text!\",\"body\":\"markdown\",\"rank\":"
                           "\"integer\",\"unit\":\"unit\"},"
                           "\"title\":\"title\",\"index\":[[\"rank\"]]}";

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    fixture_declare(f, "type", "news", news);
    fixture_declare(f, "type", "rule", "{\"fields\":{\"title\":\"text!\"},\"title\":\"title\",\"internal\":true}");
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

static struct val create(struct fixture *f, const char *fields)
{
    return fixture_call(f, "content.create", ARGS(f, val_str("news"), J(f, fields)));
}

/* All pages of a query, each id once, in order of (rank, id). */
static size_t read_all(struct fixture *f, const char *order, int64_t limit)
{
    struct val o = val_str(order);
    struct content_query q = {.type = "news", .order = &o, .limit = limit};
    int64_t last_rank = INT64_MIN, last_id = 0;
    size_t n = 0;
    do {
        struct val items;
        fixture_fail(f, "find", content_find(&f->s, &q, &f->a, &items, &f->err));
        for (size_t i = 0; i < items.as.list.n; i++) {
            const struct val *item = &items.as.list.items[i];
            int64_t rank = fixture_int(item, "rank"), id = item->as.obj.id;
            assert_true(rank > last_rank || (rank == last_rank && id > last_id));
            last_rank = rank;
            last_id = id;
            n++;
        }
        q.after = q.next;
    } while (q.after);
    return n;
}

static void paging_over_a_thousand_equal_keys_shows_each_row_once(void **state)
{
    struct fixture *f = *state;
    store_begin(f->s.db, &f->err);
    for (int i = 0; i < 1000; i++)
        create(f, "{\"title\":\"Tin\",\"rank\":7}");
    create(f, "{\"title\":\"Tin đầu\",\"rank\":1}");
    store_commit(f->s.db, &f->err);
    assert_int_equal(read_all(f, "rank", 37), 1001);
    assert_int_equal(fixture_sql(f, "select count(distinct slug) from item"), 1001);
}

static void conditions_and_published_lists(void **state)
{
    struct fixture *f = *state;
    struct val a = create(f, "{\"title\":\"A\",\"rank\":1,\"unit\":5}");
    create(f, "{\"title\":\"B\",\"rank\":2,\"unit\":5}");
    create(f, "{\"title\":\"C\",\"rank\":3,\"unit\":6}");
    fixture_call(f, "content.publish", ARGS(f, a));
    struct val rows =
        fixture_call(f, "content.find", ARGS(f, val_str("news"), J(f, "{\"unit\":5,\"rank\":[\">=\",1]}")));
    assert_int_equal(rows.as.list.n, 2);
    rows = fixture_call(f, "content.find", ARGS(f, val_str("news"), J(f, "{}"), J(f, "{\"published\":true}")));
    assert_int_equal(rows.as.list.n, 1);
    assert_string_equal(fixture_str(f, &rows.as.list.items[0], "state"), "published");
    rows = fixture_call(f, "content.find", ARGS(f, val_str("news"), J(f, "{\"state\":\"draft\"}")));
    assert_int_equal(rows.as.list.n, 2);
}

static void a_reader_without_a_user_sees_what_is_public_only(void **state)
{
    struct fixture *f = *state;
    struct val a = create(f, "{\"title\":\"Công khai\"}");
    struct val b = create(f, "{\"title\":\"Bản nháp\"}");
    fixture_call(f, "content.publish", ARGS(f, a));
    fixture_call(f, "content.edit", ARGS(f, a, J(f, "{\"title\":\"Đang sửa\"}")));
    f->s.mode = SESSION_READ;
    f->s.actor = (struct actor){.user = PEOPLE_ANONYMOUS, .plugin = "awards"};
    struct val rows = fixture_call(f, "content.find", ARGS(f, val_str("news")));
    assert_int_equal(rows.as.list.n, 1);
    assert_string_equal(fixture_str(f, &rows.as.list.items[0], "title"), "Công khai");
    struct val item = fixture_call(f, "content.get", ARGS(f, val_str("news"), val_int(b.as.obj.id)));
    assert_int_equal(item.type, VAL_NIL);
    item = fixture_call(f, "content.get", ARGS(f, val_str("news"), val_int(a.as.obj.id)));
    assert_string_equal(fixture_str(f, &item, "title"), "Công khai");
    item = fixture_call(f, "content.get", ARGS(f, val_str("news"), val_int(a.as.obj.id), J(f, "{\"revision\":2}")));
    assert_int_equal(item.type, VAL_NIL);
    assert_int_equal(fixture_try(f, "content.history", ARGS(f, a), NULL), ERR_DENIED);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("dang sua")));
    assert_int_equal(rows.as.list.n, 0);
}

static void an_internal_type_is_nothing_to_a_reader_without_a_user(void **state)
{
    struct fixture *f = *state;
    struct val a = fixture_call(f, "content.create", ARGS(f, val_str("rule"), J(f, "{\"title\":\"Nội quy\"}")));
    fixture_call(f, "content.publish", ARGS(f, a));
    assert_true(content_is_public(f->registry, "news"));
    assert_false(content_is_public(f->registry, "rule"));
    assert_false(content_is_public(f->registry, "nothing"));
    f->s.mode = SESSION_READ;
    for (int i = 0; i < 2; i++) {
        struct val published = J(f, "{\"published\":true}");
        struct val item = fixture_call(f, "content.get", ARGS(f, val_str("rule"), val_int(a.as.obj.id), published));
        struct val rows = fixture_call(f, "content.find", ARGS(f, val_str("rule"), val_map(), published));
        struct val hits = fixture_call(f, "content.search", ARGS(f, val_str("noi quy"), published));
        assert_int_equal(item.type, i ? VAL_NIL : VAL_OBJ);
        assert_int_equal(rows.as.list.n, !i);
        assert_int_equal(hits.as.list.n, !i);
        f->s.actor = (struct actor){.user = PEOPLE_ANONYMOUS, .plugin = "awards"};
    }
}

static void search_works_without_marks_and_ranks_exact_marks_first(void **state)
{
    struct fixture *f = *state;
    create(f, "{\"title\":\"De an\",\"body\":\"de an de an de an\"}");
    create(f, "{\"title\":\"Hội nghị\",\"body\":\"Bàn về đề án mới của tỉnh, đường sá và hội viên.\"}");
    create(f, "{\"title\":\"Khác\",\"body\":\"Không liên quan\"}");
    struct val rows = fixture_call(f, "content.search", ARGS(f, val_str("de an")));
    assert_int_equal(rows.as.list.n, 2);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("Đề án")));
    assert_int_equal(rows.as.list.n, 2);
    assert_string_equal(fixture_str(f, &rows.as.list.items[0], "title"), "Hội nghị");
    rows = fixture_call(f, "content.search", ARGS(f, val_str("duong hoi")));
    assert_int_equal(rows.as.list.n, 1);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("duon hoi")));
    assert_int_equal(rows.as.list.n, 0);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("\"*( NEAR -")));
    assert_int_equal(rows.as.list.n, 0);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("de an"), J(f, "{\"published\":true}")));
    assert_int_equal(rows.as.list.n, 0);
}

/* One question to the index goes down from where the page before ended, and sorts nothing. */
static void a_page_of_a_search_begins_where_the_last_one_ended(void **state)
{
    struct fixture *f = *state;
    const char *sql = arena_printf(&f->a, "explain query plan %s", content_search_statement());
    struct stmt *s = store_stmt(f->s.db, sql, &f->err);
    size_t len, lines = 0;
    assert_non_null(s);
    for (; stmt_step(s, &f->err) == 1; lines++) {
        const char *line = stmt_text(s, 3, &len);
        assert_null(strstr(line, "B-TREE"));
        if (lines == 0) assert_non_null(strstr(line, "VIRTUAL TABLE INDEX"));
        if (lines == 0) assert_true(len > 0 && line[len - 1] == '<');
        if (lines == 1) assert_non_null(strstr(line, "SEARCH i USING INTEGER PRIMARY KEY"));
    }
    stmt_done(s);
    assert_int_equal(lines, 2);
}

/* What the filters leave out is looked at a thousand at a time. */
static void a_search_that_finds_few_among_many_goes_on_by_its_cursor(void **state)
{
    struct fixture *f = *state;
    struct val o = J(f, "{\"type\":\"rule\"}");
    fixture_call(f, "content.create", ARGS(f, val_str("rule"), J(f, "{\"title\":\"Nội quy\"}")));
    for (int i = 0; i < 1100; i++)
        create(f, "{\"title\":\"Quy\"}");
    f->s.vm = NULL; /* the cursor is the session's */
    struct val rows = fixture_call(f, "content.search", ARGS(f, val_str("quy"), o));
    assert_int_equal(rows.as.list.n, 0);
    assert_non_null(f->s.next);
    assert_int_equal(val_set(&f->a, &o, "after", val_str(f->s.next)), 0);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("quy"), o));
    assert_int_equal(rows.as.list.n, 1);
    assert_null(f->s.next);
}

static struct val publish(struct fixture *f, const char *type, const char *title)
{
    struct val o = val_map(), item;
    assert_int_equal(val_set(&f->a, &o, "title", val_str(title)), 0);
    item = fixture_call(f, "content.create", ARGS(f, val_str(type), o));
    return fixture_call(f, "content.publish", ARGS(f, item));
}

/* More than a page looks at. */
static void what_the_reader_may_not_see_ends_no_page_of_a_search(void **state)
{
    struct fixture *f = *state;
    struct list_query q;
    struct val none = val_map(), o = J(f, "{\"limit\":1}");
    publish(f, "rule", "Quy");
    struct val last = publish(f, "news", "Quy");
    store_begin(f->s.db, &f->err);
    for (int i = 0; i < 1100; i++)
        publish(f, "rule", "Quy");
    store_commit(f->s.db, &f->err);
    struct val first = publish(f, "news", "Quy");
    publish(f, "rule", "Quy");
    f->s.mode = SESSION_READ;
    f->s.actor = (struct actor){.user = PEOPLE_ANONYMOUS, .plugin = "awards"};
    f->s.vm = NULL; /* the cursor is the session's */
    struct val rows = fixture_call(f, "content.search", ARGS(f, val_str("quy"), o));
    assert_int_equal(rows.as.list.n, 1);
    assert_int_equal(rows.as.list.items[0].as.obj.id, first.as.obj.id);
    const char *cursor, *given = f->s.next;
    fixture_fail(f, "list", list_read(&content_hits, &none, NULL, &f->a, &q, &f->err));
    fixture_fail(f, "cursor", list_cursor(&q, val_int(0), val_int(first.as.obj.id), &f->a, &cursor, &f->err));
    assert_non_null(given);
    assert_string_equal(given, cursor);
    assert_int_equal(val_set(&f->a, &o, "after", val_str(given)), 0);
    rows = fixture_call(f, "content.search", ARGS(f, val_str("quy"), o));
    assert_int_equal(rows.as.list.n, 1);
    assert_int_equal(rows.as.list.items[0].as.obj.id, last.as.obj.id);
    assert_null(f->s.next);
}

/* What is read of it is whole texts, whatever is asked for. */
static void a_page_of_a_search_ends_where_there_is_no_more_room(void **state)
{
    enum { ITEMS = 40, BODY = 20000 };
    struct fixture *f = *state;
    char *body = arena_alloc(&f->a, BODY + 1);
    struct val fields = val_map(), o = J(f, "{\"fields\":\"id,title\",\"limit\":1000}");
    size_t n = 0, pages = 0;
    memset(body, '-', BODY);
    assert_int_equal(val_set(&f->a, &fields, "title", val_str("Quy")), 0);
    assert_int_equal(val_set(&f->a, &fields, "body", val_str(body)), 0);
    for (int i = 0; i < ITEMS; i++)
        fixture_call(f, "content.create", ARGS(f, val_str("news"), fields));
    do {
        struct list_query q;
        struct content_search search = {.text = "quy", .page = &q};
        struct arena few;
        struct val items;
        arena_init(&few, (size_t)ITEMS * BODY);
        fixture_fail(f, "list", list_read(&content_hits, &o, NULL, &f->a, &q, &f->err));
        fixture_fail(f, "search", content_search(&f->s, &search, &few, &items, &f->err));
        assert_true(items.as.list.n > 0);
        n += items.as.list.n;
        pages++;
        const char *next = f->s.next ? arena_strdup(&f->a, f->s.next) : NULL;
        if (next) assert_int_equal(val_set(&f->a, &o, "after", val_str(next)), 0);
        arena_close(&few);
    } while (f->s.next && pages < ITEMS);
    assert_int_equal(n, ITEMS);
    assert_true(pages > 1 && pages < ITEMS / 2);
}

/* A cursor is text from outside. */
static void a_forged_cursor_of_a_search_is_refused(void **state)
{
    struct fixture *f = *state;
    struct list_query q;
    struct val none = val_map();
    struct val places[][2] = {{val_int(4), val_int(1)},  {val_int(-1), val_int(1)},  {val_int(0), val_int(INT64_MAX)},
                              {val_int(0), val_int(-1)}, {val_str("0"), val_int(1)}, {val_num(0.5), val_int(1)}};
    fixture_fail(f, "list", list_read(&content_hits, &none, NULL, &f->a, &q, &f->err));
    f->s.mode = SESSION_READ;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *after;
        struct val o = val_map();
        fixture_fail(f, "cursor", list_cursor(&q, places[i][0], places[i][1], &f->a, &after, &f->err));
        assert_int_equal(val_set(&f->a, &o, "after", val_str(after)), 0);
        assert_int_equal(fixture_try(f, "content.search", ARGS(f, val_str("x"), o), NULL), ERR_INVALID);
        assert_string_equal(f->err.key, "find.cursor");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paging_over_a_thousand_equal_keys_shows_each_row_once),
        TEST(conditions_and_published_lists),
        TEST(a_reader_without_a_user_sees_what_is_public_only),
        TEST(an_internal_type_is_nothing_to_a_reader_without_a_user),
        TEST(search_works_without_marks_and_ranks_exact_marks_first),
        TEST(a_page_of_a_search_begins_where_the_last_one_ended),
        TEST(a_search_that_finds_few_among_many_goes_on_by_its_cursor),
        TEST(what_the_reader_may_not_see_ends_no_page_of_a_search),
        TEST(a_page_of_a_search_ends_where_there_is_no_more_room),
        TEST(a_forged_cursor_of_a_search_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
