/* Declared steps: columns that get another name, go, or are made anew; in one go and in pieces. */
#include "table_fixture.h"

#include "base/clock.h"

static const char before[] = "{\"fields\": {\"name\": \"text!\", \"score\": \"text\", \"remark\": \"text\"}, "
                             "\"index\": [[\"name\"]]}";
static const char after[] =
    "{\"fields\": {\"title\": \"text!\", \"score\": \"integer!\"}, \"index\": [[\"title\"], [\"-score\"]],"
    " \"renamed\": {\"title\": \"name\"}, \"dropped\": [\"remark\"], \"converted\": [\"score\"]}";

/* score = the length of the old text; a row without one is refused. */
static int convert(void *ctx, const struct val *old, const struct field_list *fields, struct arena *a, struct val *out,
                   struct err *err)
{
    const struct val *score = val_get(old, "score");
    int *calls = ctx;
    ++*calls;
    assert_int_equal(fields->n, 3);
    *out = val_map();
    if (!val_is(score, VAL_STR)) return err_set(err, ERR_REFUSED, "mine.none", NULL);
    return val_set(a, out, "score", val_int((int64_t)score->as.str.len));
}

static int migrate(struct fixture *f, struct table *t, const struct table_change *change)
{
    err_clear(&f->err);
    store_begin(f->db, &f->err);
    int rc = table_migrate(f->db, t, change, &f->err);
    if (rc)
        store_rollback(f->db);
    else
        store_commit(f->db, &f->err);
    return rc;
}

static void add_rows(struct fixture *f, int from, int to)
{
    struct table *t = build(f, before);
    for (int i = from; i <= to; i++) {
        char row[120];
        snprintf(row, sizeof(row), "{\"name\": \"n%d\", \"score\": \"%0*d\", \"remark\": \"r\"}", i, i % 9 + 1, 0);
        insert(f, t, i, row);
    }
}

static void a_renamed_column_keeps_its_values_and_a_dropped_one_goes(void **state)
{
    struct fixture f;
    (void)state;
    table_fixture_init(&f);
    make(&f, before);
    add_rows(&f, 1, 3);
    assert_int_equal(try_migrate(&f, "{\"fields\": {\"title\": \"text!\", \"score\": \"text\"}}"), ERR_REFUSED);
    static const char renamed[] = "{\"fields\": {\"title\": \"text!\", \"score\": \"text\"}, \"renamed\": {\"title\": "
                                  "\"name\"}, \"dropped\": [\"remark\"], \"index\": [[\"title\"]]}";
    struct table *t = make(&f, renamed);
    assert_string_equal(row_of(&f, t, 2), "{\"id\":2,\"version\":1,\"score\":\"000\",\"title\":\"n2\"}");
    make(&f, renamed); /* once done, the steps mean nothing */
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where type = 'index' and sql is not null"), 1);
    fixture_close(&f);
}

static void steps_must_fit_the_declared_fields(void **state)
{
    static const char *const wrong[] = {
        "{\"fields\": {\"a\": \"text\"}, \"renamed\": {\"b\": \"c\"}}",
        "{\"fields\": {\"a\": \"text\", \"b\": \"text\"}, \"renamed\": {\"a\": \"b\"}}",
        "{\"fields\": {\"a\": \"text\"}, \"renamed\": {\"a\": 5}}",
        "{\"fields\": {\"a\": \"text\"}, \"renamed\": {\"a\": \"x\\\"; drop table y\"}}",
        "{\"fields\": {\"a\": \"text\"}, \"dropped\": [\"a\"]}",
        "{\"fields\": {\"a\": \"text\"}, \"dropped\": [5]}",
    };
    struct fixture f;
    struct table *t;
    (void)state;
    table_fixture_init(&f);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(try_build(&f, wrong[i], &t), ERR_INVALID);
        assert_string_equal(f.err.key, "table.step");
    }
    fixture_close(&f);
}

static void a_column_of_another_type_is_made_from_the_old_row(void **state)
{
    struct fixture f;
    int calls = 0;
    struct table_change change = {.convert = convert, .ctx = &calls};
    (void)state;
    table_fixture_init(&f);
    make(&f, before);
    add_rows(&f, 1, 500);
    struct table *t = build(&f, after);
    assert_int_equal(migrate(&f, t, &change), 0);
    assert_int_equal(calls, 500);
    assert_string_equal(row_of(&f, t, 4), "{\"id\":4,\"version\":1,\"score\":5,\"title\":\"n4\"}");
    assert_int_equal(migrate(&f, t, &change), 0);
    assert_int_equal(calls, 500);
    insert(&f, t, 501, "{\"title\": \"x\", \"score\": 7}");
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where type = 'index' and sql is not null"), 2);
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name like 'new_%' or name like 'log_%'"),
                     0);
    fixture_close(&f);
}

static void what_cannot_be_made_leaves_everything_as_it_was(void **state)
{
    struct fixture f;
    int calls = 0;
    struct table_change change = {.convert = convert, .ctx = &calls};
    (void)state;
    table_fixture_init(&f);
    struct table *t = make(&f, before);
    add_rows(&f, 1, 300);
    insert(&f, t, 301, "{\"name\": \"none\"}");
    assert_int_equal(migrate(&f, build(&f, after), &change), ERR_REFUSED);
    assert_string_equal(f.err.key, "mine.none");
    assert_string_equal(row_of(&f, t, 1), "{\"id\":1,\"version\":1,\"name\":\"n1\",\"remark\":\"r\",\"score\":\"00\"}");
    assert_int_equal(number_of(f.db, "select count(*) from host_copy"), 0);
    fixture_close(&f);
}

/* One piece, in a transaction of its own. */
static bool step(struct fixture *f, struct table *t, const struct table_change *change)
{
    bool ready = false;
    err_clear(&f->err);
    store_begin(f->db, &f->err);
    if (table_copy_step(f->db, t, change, clock_mono_ns() + 200000, &ready, &f->err)) fail_msg("%s", f->err.key);
    store_commit(f->db, &f->err);
    return ready;
}

static void in_pieces_what_is_written_meanwhile_is_in_it(void **state)
{
    enum { ROWS = 5000 };
    struct fixture f;
    int calls = 0, pieces = 0;
    struct table_change change = {.convert = convert, .ctx = &calls, .rows_most = 1000};
    (void)state;
    table_fixture_init(&f);
    struct table *old = make(&f, before);
    add_rows(&f, 1, ROWS);
    struct table *t = build(&f, after);
    assert_int_equal(migrate(&f, t, &change), ERR_REFUSED);
    assert_string_equal(f.err.key, "table.large");
    for (; !step(&f, t, &change); pieces++) {
        struct val score = json_of(&f, "{\"score\": \"123456789012\"}");
        if (pieces < 10) assert_int_equal(table_update(f.db, old, 10 + pieces, &score, 0, &f.err), 0);
        if (pieces < 10) assert_int_equal(table_delete(f.db, old, ROWS - pieces, &f.err), 0);
        if (pieces < 10) assert_int_equal(table_delete(f.db, old, 100 + pieces, &f.err), 0);
        if (pieces < 10) add_rows(&f, ROWS + 1 + pieces, ROWS + 1 + pieces);
    }
    assert_true(pieces > 10);
    assert_int_equal(migrate(&f, t, &change), 0);
    assert_int_equal(number_of(f.db, "select count(*) from p_awards__nom"), ROWS - 10);
    assert_int_equal(number_of(f.db, "select count(*) from p_awards__nom where score = 12 and id between 10 and 19"),
                     10);
    assert_int_equal(number_of(f.db, "select count(*) from p_awards__nom where title <> 'n' || id"), 0);
    assert_int_equal(number_of(f.db, "select count(*) from p_awards__nom where score <> id % 9 + 1"), 10);
    fixture_close(&f);
}

static void a_copy_that_nobody_makes_any_more_is_forgotten(void **state)
{
    struct fixture f;
    int calls = 0;
    struct table_change change = {.convert = convert, .ctx = &calls};
    const char *keep[] = {"p_awards__nom"};
    (void)state;
    table_fixture_init(&f);
    struct table *old = make(&f, before);
    add_rows(&f, 1, 3000);
    step(&f, build(&f, after), &change);
    assert_int_equal(table_copy_discard(f.db, keep, 1, &f.err), 0);
    assert_int_equal(number_of(f.db, "select count(*) from host_copy"), 1);
    assert_int_equal(table_copy_discard(f.db, NULL, 0, &f.err), 0);
    assert_int_equal(number_of(f.db, "select count(*) from host_copy"), 0);
    assert_int_equal(number_of(f.db, "select count(*) from sqlite_master where name like 'new_%' or name like 'log_%'"),
                     0);
    insert(&f, old, 9000, "{\"name\": \"x\"}");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renamed_column_keeps_its_values_and_a_dropped_one_goes),
        cmocka_unit_test(steps_must_fit_the_declared_fields),
        cmocka_unit_test(a_column_of_another_type_is_made_from_the_old_row),
        cmocka_unit_test(what_cannot_be_made_leaves_everything_as_it_was),
        cmocka_unit_test(in_pieces_what_is_written_meanwhile_is_in_it),
        cmocka_unit_test(a_copy_that_nobody_makes_any_more_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
