/* One published item as JSON, straight from the database. */
#include "fixture.h"

#include "base/clock.h"
#include "base/mem.h"

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    fixture_declare(f, "type", "news",
                    "{\"fields\":{\"title\":\"text!\",\"body\":\"markdown\",\"day\":\"date\",\"n\":"
                    "\"integer\",\"unit\":"
                    "\"unit\"},\"title\":\"title\"}");
    fixture_declare(f, "type", "empty", "{\"fields\":{}}");
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

static struct val create(struct fixture *f)
{
    return fixture_call(f, "content.create",
                        ARGS(f, val_str("news"),
                             J(f, "{\"title\":\"Một \\\"hai\\\"\",\"body\":\"Dòng 1\\nDòng 2\",\"day\":"
                                  "\"04/01/2021\",\"n\":12226,\"unit\":3}")));
}

static void the_answer_is_json_with_head_and_fields(void **state)
{
    struct fixture *f = *state;
    struct content_json head;
    struct buf out;
    struct val v, item = create(f);
    buf_init(&out, 1 << 20);
    assert_int_equal(content_json_get(f->s.db, "news", item.as.obj.id, NULL, &head, &out, &f->err), 0);
    fixture_call(f, "content.publish", ARGS(f, item));
    assert_int_equal(content_json_get(f->s.db, "news", 0, "mot-hai", &head, &out, &f->err), 1);
    v = J(f, out.data);
    assert_int_equal(fixture_int(&v, "id"), item.as.obj.id);
    assert_int_equal(fixture_int(&v, "n"), 12226);
    assert_int_equal(fixture_int(&v, "unit"), 3);
    assert_string_equal(fixture_str(f, &v, "title"), "Một \"hai\"");
    assert_string_equal(fixture_str(f, &v, "day"), "2021-01-04");
    assert_string_equal(fixture_str(f, &v, "published_at"), "2021-01-04T02:00:00Z");
    assert_string_equal(fixture_str(f, &v, "hash"), head.etag);
    assert_int_equal(content_json_get(f->s.db, "other", item.as.obj.id, NULL, &head, &out, &f->err), 0);
    buf_close(&out);
}

static void an_item_without_fields_is_json_too(void **state)
{
    struct fixture *f = *state;
    struct content_json head;
    struct buf out;
    struct val item = fixture_call(f, "content.create", ARGS(f, val_str("empty"), J(f, "{}")));
    fixture_call(f, "content.publish", ARGS(f, item));
    buf_init(&out, 1 << 20);
    assert_int_equal(content_json_get(f->s.db, "empty", item.as.obj.id, NULL, &head, &out, &f->err), 1);
    struct val v = J(f, out.data);
    assert_string_equal(fixture_str(f, &v, "state"), "published");
    buf_close(&out);
}

static void reading_allocates_nothing(void **state)
{
    struct fixture *f = *state;
    struct content_json head;
    struct buf out;
    struct val item = create(f);
    fixture_call(f, "content.publish", ARGS(f, item));
    buf_init(&out, 1 << 20);
    store_begin(f->s.db, &f->err);
    content_json_get(f->s.db, "news", 0, "mot-hai", &head, &out, &f->err);
    long before = mem_count();
    int64_t start = clock_mono_ns();
    for (int i = 0; i < 1000; i++) {
        buf_clear(&out);
        assert_int_equal(content_json_get(f->s.db, "news", 0, "mot-hai", &head, &out, &f->err), 1);
    }
    print_message("one read: %lld ns\n", (long long)(clock_mono_ns() - start) / 1000);
    assert_int_equal(mem_count(), before);
    store_commit(f->s.db, &f->err);
    buf_close(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_answer_is_json_with_head_and_fields),
        TEST(an_item_without_fields_is_json_too),
        TEST(reading_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
