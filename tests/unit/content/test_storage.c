/* Declared tables, keys and values, SQL, numbers. */
#include "fixture.h"

#include "base/mem.h"

static const char rounds[] = "{\"fields\":{\"name\":\"text!\",\"year\":\"integer\",\"votes\":\"integer\"},"
                             "\"unique\":[[\"name\"]],\"export\":true}";
static const char noms[] = "{\"fields\":{\"round\":\"ref:round!\",\"nominee\":\"text!\",\"score\":"
                           "\"number\",\"day\":\"date\",\"unit\":\"unit\","
                           "\"tags\":\"list:text\",\"story\":\"ref:article\"},\"unique\":[["
                           "\"round\",\"nominee\"]],\"index\":[[\"unit\",\"-score\"]]}";

static struct plugin other = {.name = "other"};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    static const char *const needs[] = {"storage", NULL};
    other.needs = (const char **)needs;
    fixture_open(f);
    fixture_declare(f, "type", "article", "{\"fields\":{\"title\":\"text!\"},\"title\":\"title\"}");
    fixture_declare(f, "table", "round", rounds);
    fixture_declare(f, "table", "nomination", noms);
    struct val spec = J(f, "{\"fields\":{\"x\":\"integer\"}}");
    fixture_fail(f, "other", registry_add(f->registry, &other, "table", "round", &spec, "", true, &f->err));
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

/* The handle as storage.table returns it. */
static struct val handle(struct fixture *f, const char *plugin, const char *name)
{
    struct val *fields = arena_alloc(&f->a, sizeof(*fields));
    *fields = val_map();
    val_set(&f->a, fields, "plugin", val_str(plugin));
    val_set(&f->a, fields, "name", val_str(name));
    return val_obj(&storage_table_kind, 0, 0, fields);
}

static struct val insert(struct fixture *f, const char *table, const char *row)
{
    return fixture_call(f, "table:insert", ARGS(f, handle(f, "awards", table), J(f, row)));
}

static void a_row_goes_in_and_comes_out_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct val h = handle(f, "awards", "nomination");
    struct val round = insert(f, "round", "{\"name\":\"2020\",\"year\":2020}");
    char row[200];
    snprintf(row, sizeof(row),
             "{\"round\":%lld,\"nominee\":\"Hội "
             "xã\",\"score\":9.5,\"day\":\"04/01/2021\",\"tags\":[\"a\"]}",
             (long long)round.as.i);
    struct val id = insert(f, "nomination", row);
    struct val got = fixture_call(f, "table:get", ARGS(f, h, id));
    assert_int_equal(fixture_int(&got, "id"), id.as.i);
    assert_int_equal(fixture_int(&got, "version"), 1);
    assert_string_equal(fixture_str(f, &got, "nominee"), "Hội xã");
    assert_int_equal(val_get(&got, "day")->type, VAL_OBJ);
    assert_int_equal(val_get(&got, "day")->as.obj.id, date_days(2021, 1, 4));
    fixture_call(f, "table:update", ARGS(f, h, id, J(f, "{\"score\":8}"), J(f, "{\"version\":1}")));
    assert_int_equal(
        fixture_try(f, "table:update", ARGS(f, h, id, J(f, "{\"score\":7}"), J(f, "{\"version\":1}")), NULL),
        ERR_CONFLICT);
    struct val sum = fixture_call(f, "table:sum", ARGS(f, h, val_str("score")));
    assert_true(sum.type == VAL_NUM && sum.as.n == 8.0);
    assert_int_equal(fixture_call(f, "table:count", ARGS(f, h)).as.i, 1);
    assert_int_equal(fixture_try(f, "table:insert", ARGS(f, h, J(f, row)), NULL), ERR_CONFLICT);
    fixture_call(f, "table:delete", ARGS(f, h, id));
    assert_int_equal(fixture_call(f, "table:get", ARGS(f, h, id)).type, VAL_NIL);
}

static void sums_by_a_field(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++) {
        char row[80];
        snprintf(row, sizeof(row), "{\"name\":\"r%d\",\"year\":%d,\"votes\":%d}", i, 2020 + i % 2, i);
        insert(f, "round", row);
    }
    struct val rows = fixture_call(
        f, "table:aggregate",
        ARGS(f, handle(f, "awards", "round"), J(f, "{\"by\":[\"year\"],\"sum\":[\"votes\"],\"count\":true}")));
    assert_int_equal(rows.as.list.n, 2);
    assert_int_equal(fixture_int(&rows.as.list.items[0], "count"), 3);
    assert_int_equal(fixture_int(&rows.as.list.items[0], "votes"), 0 + 2 + 4);
    assert_int_equal(fixture_int(&rows.as.list.items[1], "votes"), 1 + 3 + 5);
}

static void a_reference_must_lead_somewhere_and_holds_what_it_leads_to(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_try(f, "table:insert",
                                 ARGS(f, handle(f, "awards", "nomination"), J(f, "{\"round\":5,\"nominee\":\"A\"}")),
                                 NULL),
                     ERR_INVALID);
    assert_string_equal(f->err.key, "invalid.reference");
    struct val round = insert(f, "round", "{\"name\":\"2020\"}");
    struct val article = fixture_call(f, "content.create", ARGS(f, val_str("article"), J(f, "{\"title\":\"T\"}")));
    char row[120];
    snprintf(row, sizeof(row), "{\"round\":%lld,\"nominee\":\"A\",\"story\":%lld}", (long long)round.as.i,
             (long long)article.as.obj.id);
    struct val id = insert(f, "nomination", row);
    assert_int_equal(fixture_try(f, "table:delete", ARGS(f, handle(f, "awards", "round"), round), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "store.reference");
    fixture_call(f, "table:delete", ARGS(f, handle(f, "awards", "nomination"), id));
    fixture_call(f, "table:delete", ARGS(f, handle(f, "awards", "round"), round));
    assert_true(fixture_sql(f, "select count(*) from pragma_index_list('p_awards__nomination')") >= 3);
}

static void each_plugin_has_a_name_space_of_its_own(void **state)
{
    struct fixture *f = *state;
    insert(f, "round", "{\"name\":\"2020\"}");
    fixture_call(f, "storage.kv.set", ARGS(f, val_str("k"), val_int(1)));
    f->vm.plugin = &other;
    assert_int_equal(fixture_call(f, "storage.kv.get", ARGS(f, val_str("k"))).type, VAL_NIL);
    assert_int_equal(fixture_call(f, "table:count", ARGS(f, handle(f, "other", "round"))).as.i, 0);
    assert_int_equal(fixture_call(f, "table:count", ARGS(f, handle(f, "awards", "round"))).as.i, 1);
    assert_int_equal(
        fixture_try(f, "table:insert", ARGS(f, handle(f, "awards", "round"), J(f, "{\"name\":\"x\"}")), NULL),
        ERR_DENIED);
    assert_int_equal(fixture_try(f, "table:count", ARGS(f, handle(f, "awards", "nomination")), NULL), ERR_NOT_FOUND);
}

static void sql_reads_own_exported_and_published_tables_by_their_names(void **state)
{
    struct fixture *f = *state;
    insert(f, "round", "{\"name\":\"A\",\"year\":2020}");
    insert(f, "round", "{\"name\":\"B\",\"year\":2021}");
    struct val article = fixture_call(f, "content.create", ARGS(f, val_str("article"), J(f, "{\"title\":\"T\"}")));
    struct val rows = fixture_call(
        f, "storage.sql", ARGS(f, val_str("select round.name from round where year = :year"), J(f, "{\"year\":2020}")));
    assert_int_equal(rows.as.list.n, 1);
    assert_string_equal(fixture_str(f, &rows.as.list.items[0], "name"), "A");
    assert_int_equal(fixture_call(f, "storage.sql", ARGS(f, val_str("select 1 from content.article"))).as.list.n, 0);
    fixture_call(f, "content.publish", ARGS(f, article));
    assert_int_equal(fixture_call(f, "storage.sql", ARGS(f, val_str("select title from content.article"))).as.list.n,
                     1);
    rows = fixture_call(f, "storage.sql",
                        ARGS(f, val_str("with n as (select r.year y from round r, (select 1 as one from round) as o)"
                                        " select y, 'from round' as t from n -- from nothing\n order by y limit 1")));
    assert_int_equal(fixture_int(&rows.as.list.items[0], "y"), 2020);
    rows = fixture_call(f, "storage.sql",
                        ARGS(f, val_str("select r.year, sum(s.name in ('A', 'x')) as n from "
                                        "awards.round r join awards.round s"
                                        " on s.id = r.id where (:y is null or r.year = :y) group "
                                        "by r.year order by r.year")));
    assert_int_equal(rows.as.list.n, 2);
    assert_int_equal(fixture_int(&rows.as.list.items[0], "n"), 1);
    f->vm.plugin = &other;
    assert_int_equal(fixture_call(f, "storage.sql", ARGS(f, val_str("select * from awards.round"))).as.list.n, 2);
    assert_int_equal(fixture_call(f, "storage.sql", ARGS(f, val_str("select * from round"))).as.list.n, 0);
}

static void sql_reaches_nothing_else(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "select * from item",
        "select * from p_other__round",
        "select * from other.round",
        "select * from sqlite_master",
        "delete from round",
        "select * from c_article_draft",
        "select 1; delete from round",
        "update round set name = 'x'",
        "pragma table_info(item)",
        "attach '/tmp/x' as y",
        "select * from pragma_table_list",
        "select * from pragma_table_info('item')",
        "select (select body from revision) from round",
        "select * from round where name in (select slug from item)",
        "select * from main.item",
        "select * from \"item\"",
        "select * from kv",
        "select load_extension('x')",
        "with round as (select * from item) select * from round",
    };
    insert(f, "round", "{\"name\":\"A\"}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (fixture_try(f, "storage.sql", ARGS(f, val_str(bad[i])), NULL) >= 0) fail_msg("%s was run", bad[i]);
    }
    assert_int_equal(fixture_sql(f, "select count(*) from p_awards__round"), 1);
}

static void values_of_keys_keep_their_kind_and_are_bounded(void **state)
{
    struct fixture *f = *state;
    fixture_call(f, "storage.kv.set", ARGS(f, val_str("k"), val_num(1.0)));
    assert_int_equal(fixture_call(f, "storage.kv.get", ARGS(f, val_str("k"))).type, VAL_NUM);
    assert_int_equal(fixture_try(f, "storage.kv.add", ARGS(f, val_str("k"), val_int(1)), NULL), ERR_INVALID);
    assert_int_equal(fixture_call(f, "storage.kv.add", ARGS(f, val_str("n"), val_int(5))).as.i, 5);
    assert_int_equal(fixture_call(f, "storage.kv.add", ARGS(f, val_str("n"), val_int(-7))).as.i, -2);
    char *big = arena_alloc(&f->a, STORAGE_KV_MAX + 1);
    memset(big, 'x', STORAGE_KV_MAX + 1);
    assert_int_equal(fixture_try(f, "storage.kv.set", ARGS(f, val_str("k"), val_strn(big, STORAGE_KV_MAX + 1)), NULL),
                     ERR_LIMIT);
    fixture_call(f, "storage.kv.delete", ARGS(f, val_str("k")));
    assert_int_equal(fixture_call(f, "storage.kv.get", ARGS(f, val_str("k"))).type, VAL_NIL);
}

static void a_row_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct val row = val_map();
    char *big = arena_alloc(&f->a, STORAGE_ROW_MAX + 1);
    memset(big, 'x', STORAGE_ROW_MAX + 1);
    val_set(&f->a, &row, "name", val_strn(big, STORAGE_ROW_MAX + 1));
    assert_int_equal(fixture_try(f, "table:insert", ARGS(f, handle(f, "awards", "round"), row), NULL), ERR_LIMIT);
}

static void numbers_have_no_gap_after_a_rollback(void **state)
{
    struct fixture *f = *state;
    struct val book = val_str("QĐ");
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book)).as.i, 1);
    store_begin(f->s.db, &f->err);
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book)).as.i, 2);
    store_rollback(f->s.db);
    store_begin(f->s.db, &f->err);
    store_mark(f->s.db, &f->err);
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book)).as.i, 2);
    store_mark_rollback(f->s.db);
    store_commit(f->s.db, &f->err);
    for (int i = 2; i <= 20; i++)
        assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book)).as.i, i);
    assert_int_equal(fixture_sql(f, "select count(*) = max(number) and min(number) = 1 from number_issued"), 1);
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book, J(f, "{\"year\":2020}"))).as.i, 1);
    fixture_call(f, "storage.void", ARGS(f, book, val_int(3), val_str("in hỏng")));
    assert_int_equal(fixture_try(f, "storage.void", ARGS(f, book, val_int(3), val_str("in hỏng")), NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, book)).as.i, 21);
}

static void the_year_of_a_book_begins_by_the_clocks_of_the_organisation(void **state)
{
    struct fixture *f = *state;
    fixture_at(f, "2020-12-31 23:59");
    fixture_call(f, "storage.number", ARGS(f, val_str("b")));
    fixture_at(f, "2021-01-01 00:00"); /* still 2020 in UTC */
    assert_int_equal(fixture_call(f, "storage.number", ARGS(f, val_str("b"))).as.i, 1);
    assert_int_equal(fixture_sql(f, "select count(*) from number_book where year = 2021"), 1);
}

static void a_dropped_or_retyped_field_is_refused_at_activation(void **state)
{
    struct fixture *f = *state;
    insert(f, "round", "{\"name\":\"A\",\"year\":2020}");
    fixture_new_registry(f);
    fixture_declare(f, "table", "round", "{\"fields\":{\"name\":\"text!\",\"votes\":\"integer\"}}");
    assert_int_equal(fixture_activate(f), ERR_REFUSED);
    assert_string_equal(f->err.key, "table.contract");
    assert_string_equal(err_arg(&f->err, "plugin"), "awards");
    fixture_new_registry(f);
    fixture_declare(f, "table", "round", "{\"fields\":{\"name\":\"text!\",\"year\":\"text\",\"votes\":\"integer\"}}");
    assert_int_equal(fixture_activate(f), ERR_REFUSED);
    fixture_new_registry(f);
    fixture_declare(f, "table", "round",
                    "{\"fields\":{\"name\":\"text!\",\"year\":\"integer\",\"votes\":\"integer\","
                    "\"more\":\"text\"}}");
    fixture_fail(f, "expand", fixture_activate(f));
    insert(f, "round", "{\"name\":\"B\",\"more\":\"y\"}");
}

static void a_reference_to_nothing_declared_is_refused_at_activation(void **state)
{
    struct fixture *f = *state;
    fixture_new_registry(f);
    fixture_declare(f, "table", "lost", "{\"fields\":{\"to\":\"ref:nowhere\"}}");
    assert_int_equal(fixture_activate(f), ERR_INVALID);
    assert_string_equal(f->err.key, "storage.ref_target");
}

static void an_insert_allocates_nothing_outside_the_arena(void **state)
{
    struct fixture *f = *state;
    struct val args = ARGS(f, handle(f, "awards", "round"), J(f, "{\"name\":\"warm\",\"year\":1}")), out;
    struct val *name = &args.as.list.items[1].as.map.pairs[0].v;
    char text[24];
    store_begin(f->s.db, &f->err);
    assert_int_equal(api_invoke(f->host.api, &f->s, "table:insert", &args, &f->a, &out, &f->err), 0);
    long before = mem_count();
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "r%d", i);
        *name = val_str(text);
        struct arena_mark mark = arena_mark(&f->a);
        assert_int_equal(api_invoke(f->host.api, &f->s, "table:insert", &args, &f->a, &out, &f->err), 0);
        arena_rewind(&f->a, mark);
    }
    assert_int_equal(mem_count(), before);
    store_commit(f->s.db, &f->err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_goes_in_and_comes_out_as_it_was),
        TEST(sums_by_a_field),
        TEST(a_reference_must_lead_somewhere_and_holds_what_it_leads_to),
        TEST(each_plugin_has_a_name_space_of_its_own),
        TEST(sql_reads_own_exported_and_published_tables_by_their_names),
        TEST(sql_reaches_nothing_else),
        TEST(values_of_keys_keep_their_kind_and_are_bounded),
        TEST(a_row_is_bounded),
        TEST(numbers_have_no_gap_after_a_rollback),
        TEST(the_year_of_a_book_begins_by_the_clocks_of_the_organisation),
        TEST(a_dropped_or_retyped_field_is_refused_at_activation),
        TEST(a_reference_to_nothing_declared_is_refused_at_activation),
        TEST(an_insert_allocates_nothing_outside_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
