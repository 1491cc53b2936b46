/* Taking in and giving out: every cell is told, nothing is taken when one is wrong, what was given out comes back. */
#include "fixture.h"

#include "people/change.h"
#include "people/exchange.h"

struct text_file {
    const char *name, *text;
};

static int take(struct fixture *f, const struct text_file *texts, size_t n, bool preview, struct val *report)
{
    struct people_file files[8];
    for (size_t i = 0; i < n; i++)
        files[i] = (struct people_file){texts[i].name, texts[i].text, strlen(texts[i].text)};
    struct people_take t = {.files = files,
                            .nfiles = n,
                            .preview = preview,
                            .now = f->s.now,
                            .day = fixture_day("2021-01-04"),
                            .lang = "en"};
    err_clear(&f->err);
    return people_take(f->db, &t, &f->a, report, &f->err);
}

static struct val preview(struct fixture *f, const char *name, const char *text)
{
    struct val report;
    fixture_ok(f, text, take(f, &(struct text_file){name, text}, 1, true, &report));
    return report;
}

static const struct val *cell_of(const struct val *report, const char *list, int64_t line, int64_t column)
{
    const struct val *cells = val_get(report, list);
    for (size_t i = 0; val_at(cells, i); i++)
        if (val_get_int(val_at(cells, i), "line", 0) == line && val_get_int(val_at(cells, i), "column", 0) == column)
            return val_at(cells, i);
    fail_msg("no cell %s %d:%d", list, (int)line, (int)column);
    return NULL;
}

static char *given(struct fixture *f, struct store *db)
{
    struct val tree;
    struct buf b;
    fixture_ok(f, "give", people_give(db, PEOPLE_ALL_DAYS, &f->a, &tree, &f->err));
    buf_init(&b, 8 << 20);
    json_write(&b, &tree);
    char *text = arena_strndup(&f->a, b.data, b.len);
    buf_close(&b);
    return text;
}

static void preview_shows_how_each_cell_was_read(void **state)
{
    struct fixture *f = *state;
    struct val r = preview(f, "in/holders.csv",
                           "\xef\xbb\xbfperson;position;unit;from;to\r\n"
                           "hoa;editor;a;04/01/2021;\r\n"
                           "mai; chair ;province;2021-02-13;31/12/2021\r\n");
    assert_true(val_get_bool(&r, "ok", false));
    assert_int_equal(val_get_int(&r, "ncells", 0), 9);
    assert_true(val_is_str(val_get(cell_of(&r, "cells", 2, 4), "raw"), "04/01/2021"));
    assert_true(val_is_str(val_get(cell_of(&r, "cells", 2, 4), "value"), "2021-01-04"));
    assert_true(val_is_str(val_get(cell_of(&r, "warnings", 2, 4), "warning"), "people.cell.day_first"));
    assert_true(val_is_str(val_get(cell_of(&r, "warnings", 3, 2), "value"), "chair"));
    assert_true(val_is_str(val_get(cell_of(&r, "cells", 3, 5), "value"), "2021-12-31"));
    assert_int_equal(val_get(&r, "new")->as.list.n, 2);
    assert_int_equal(fixture_count(f, "select count(*) from position_held"), 2); /* nothing was taken */
}

static void preview_says_what_would_change(void **state)
{
    struct fixture *f = *state;
    struct val r =
        preview(f, "org.json",
                "{\"persons\":[{\"code\":\"lan\",\"name\":\"Nguyễn Lan\"},{\"code\":\"new\",\"name\":\"Mới\"}],"
                "\"units\":[{\"code\":\"b\",\"name\":\"Xã "
                "B\",\"kind\":\"commune\",\"from\":\"2000-01-01\",\"to\":\"2022-01-01\"}]}");
    const struct val *changed = val_at(val_get(&r, "changed"), 0), *ended = val_at(val_get(&r, "ended"), 0);
    assert_int_equal(val_get(&r, "changed")->as.list.n, 1);
    assert_true(val_is_str(val_get(changed, "before"), "Nguyễn Thị Lan") &&
                val_is_str(val_get(changed, "after"), "Nguyễn Lan"));
    assert_true(val_is_str(val_get(ended, "key"), "b") && val_is_str(val_get(ended, "after"), "2022-01-01"));
    assert_true(val_is_str(val_get(val_at(val_get(&r, "new"), 0), "key"), "new"));
    assert_int_equal(val_get(&r, "gone")->as.list.n, 0);
}

static void every_wrong_cell_is_told_and_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "code,name,parent,from\n"
                               "n1,Xã Một,office,31/02/2021\n"
                               "n2,,nowhere,2021-01-01\n"
                               "has blank,Xã Hai,n1,1/2/21\n"
                               "n4,Xã Bốn,n1,\n";
    struct val r = preview(f, "units.csv", text), report;
    assert_true(!val_get_bool(&r, "ok", true));
    assert_int_equal(val_get(&r, "errors")->as.list.n, 4);
    assert_true(val_is_str(val_get(cell_of(&r, "errors", 2, 4), "error"), "people.cell.date"));
    assert_true(val_is_str(val_get(cell_of(&r, "errors", 3, 3), "error"), "people.cell.unknown"));
    assert_true(val_is_str(val_get(cell_of(&r, "errors", 4, 1), "error"), "people.cell.code"));
    int64_t before = fixture_count(f, "select count(*) from unit");
    assert_int_equal(take(f, &(struct text_file){"units.csv", text}, 1, false, &report), ERR_INVALID);
    assert_string_equal(f->err.key, "people.cells");
    assert_string_equal(err_arg(&f->err, "count"), "4");
    assert_string_equal(f->err.fields[0].name, "units.csv:2:4 from");
    assert_int_equal(fixture_count(f, "select count(*) from unit"), before);
}

/* What only the import itself can know is told at its cell, too. */
static void circle_is_a_wrong_cell(void **state)
{
    struct fixture *f = *state;
    struct val r = preview(f, "units.csv", "code,name,parent\nprovince,Tỉnh,a\n");
    assert_true(!val_get_bool(&r, "ok", true));
    assert_true(val_is_str(val_get(cell_of(&r, "errors", 2, 3), "error"), "people.cell.fit"));
    r = preview(f, "units.csv", "code,kind\nx,office\n");
    assert_true(val_is_str(val_get(val_at(val_get(&r, "errors"), 0), "field"), "name"));
}

static void refused_change_is_told_at_its_row(void **state)
{
    struct fixture *f = *state;
    struct val r = preview(f, "changes.csv",
                           "how,day,from,unit,into\n"
                           "merge,2022-01-01,a b,,zz\n");
    assert_true(!val_get_bool(&r, "ok", true));
    assert_true(val_is_str(val_get(val_at(val_get(&r, "errors"), 0), "says"), "There is no unit zz."));
    assert_int_equal(val_get_int(val_at(val_get(&r, "errors"), 0), "line", 0), 2);
    r = preview(f, "changes.csv", "how,day,unit\nabolish,2022-01-01,b\nabolish,2022-01-01,office\n");
    assert_int_equal(val_get_int(val_at(val_get(&r, "errors"), 0), "line", 0), 3);
    assert_true(val_is_str(val_get(val_at(val_get(&r, "errors"), 0), "says"), "Units stand below Văn phòng."));
}

static void nothing_is_held_longer_than_its_unit(void **state)
{
    struct fixture *f = *state;
    struct val report;
    static const char units[] = "code,name,kind,parent,from,to\noffice,Văn phòng,office,province,,2021-01-10\n";
    static const char holders[] = "person,position,unit,from,to\nhoa,chair,office,2020-01-01,\n";
    static const char late[] = "person,position,unit,from\nhoa,chair,office,2021-01-10\n";
    fixture_ok(f, "units", take(f, &(struct text_file){"units.csv", units}, 1, false, &report));
    fixture_ok(f, "holders", take(f, &(struct text_file){"holders.csv", holders}, 1, false, &report));
    assert_int_equal(people_has_holder(f->db, "editor", fixture_unit(f, "office"), fixture_day("2021-01-10"), &f->err),
                     0);
    assert_int_equal(people_has_holder(f->db, "chair", fixture_unit(f, "office"), fixture_day("2021-01-09"), &f->err),
                     1);
    assert_int_equal(people_has_holder(f->db, "chair", fixture_unit(f, "office"), fixture_day("2021-01-10"), &f->err),
                     0);
    assert_int_equal(take(f, &(struct text_file){"holders.csv", late}, 1, false, &report), ERR_INVALID);
}

static void hostile_files_are_refused_whole(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *text, *key;
    } bad[] = {
        {"units.csv", "code,name\n\xff,x\n", "csv.utf8"},
        {"units.csv", "code,name\n\"x\n", "csv.quote"},
        {"units.csv", "code,nom\nx,y\n", "people.title"},
        {"units.csv", "code,code\nx,y\n", "people.title_twice"},
        {"units.csv", "code,name\nx,y,z\n", "people.row_long"},
        {"folks.csv", "code,name\nx,y\n", "people.file"},
        {"units.txt", "code,name\nx,y\n", "people.file"},
        {"org.json", "[1]", "people.file"},
        {"org.json", "{\"folks\":[]}", "people.list"},
        {"org.json", "{\"units\":{}}", "people.list"},
        {"org.json", "{\"units\":[7]}", "people.row"},
        {"org.json", "{\"units\":", "json.syntax"},
        {"org.json", "{\"persons\":[{\"code\":\"a\\u0000b\",\"name\":\"x\"}]}", "people.cells"},
        {"org.json", "{\"persons\":[{\"code\":\"ab\",\"name\":\"x\\ny\"}]}", "people.cells"},
        {"org.json", "{\"persons\":[{\"code\":\"ab\",\"name\":{\"x\":1}}]}", "people.cells"},
        {"org.json", "{\"persons\":[{\"code\":17,\"name\":\"x\"}]}", "people.cells"},
        {"org.json", "{\"persons\":[{\"code\":\"ab\",\"name\":\"x\",\"status\":\"published\"}]}", "people.cells"},
    };
    char *before = given(f, f->db);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct val report;
        int rc = take(f, &(struct text_file){bad[i].name, bad[i].text}, 1, false, &report);
        if (rc != ERR_INVALID || strcmp(f->err.key, bad[i].key) != 0)
            fail_msg("%s %s: %d %s", bad[i].name, bad[i].text, rc, f->err.key);
    }
    assert_string_equal(given(f, f->db), before);
}

/* A second, empty database. */
static struct store *open_other(struct fixture *f, char path[128])
{
    const struct store_migration *lists[] = {people_migrations, auth_migrations};
    struct store *db;
    snprintf(path, 128, "%s.other", f->path);
    struct store_options so = {.path = path, .role = STORE_WRITER, .no_sync = true};
    fixture_ok(f, "open", store_open(&so, &db, &f->err));
    fixture_ok(f, "migrate", store_migrate(db, lists, 2, 0, &f->err));
    fixture_ok(f, "begin", store_begin(db, &f->err));
    return db;
}

static void close_other(struct store *db, const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[160];
    store_rollback(db);
    store_close(db);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

/* A history of everything there is. */
static void make_history(struct fixture *f)
{
    static const char *const changes[] = {
        "{\"how\":\"rename\",\"unit\":\"a\",\"name\":\"Phường A\",\"day\":\"2021-07-01\"}",
        "{\"how\":\"move\",\"unit\":\"a\",\"parent\":\"province\",\"day\":\"2022-07-01\"}",
        "{\"how\":\"merge\",\"from\":[\"a\",\"b\"],\"into\":{\"code\":\"ab\",\"name\":\"=AB\"},\"day\":\"2025-07-01\","
        "\"act\":\"1\"}"};
    struct val report,
        tree = fixture_json(
            f, "{\"bodies\":[{\"code\":\"c\",\"name\":\"Hội đồng\",\"unit\":\"province\"}],"
               "\"body_terms\":[{\"body\":\"c\",\"name\":\"khóa XVII\",\"from\":\"2016-01-01\",\"to\":\"2021-07-01\"}],"
               "\"body_members\":[{\"body\":\"c\",\"person\":\"mai\",\"term\":\"khóa XVII\",\"capacity\":\"Chủ "
               "tịch\",\"act\":\"7/QĐ\"}],"
               "\"positions\":[{\"code\":\"deputy\",\"title\":\"Phó\",\"deputy_of\":\"chair\",\"rank\":2}],"
               "\"users\":[{\"name\":\"old\",\"person\":\"hoa\",\"disabled\":true}],"
               "\"delegations\":[{\"from\":\"lan\",\"to\":\"hoa\",\"unit\":\"a\",\"position\":\"editor\",\"since\":"
               "\"2021-01-01\","
               "\"until\":\"2021-01-31\",\"act\":\"12/UQ\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    for (size_t i = 0; i < 3; i++) {
        struct val spec = fixture_json(f, changes[i]);
        fixture_ok(f, changes[i], people_change(&f->s, &spec, false, &report, &f->err));
    }
}

static void json_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct val report;
    make_history(f);
    char *before = given(f, f->db);
    struct store *db = open_other(f, path), *first = f->db;
    f->db = db;
    for (int again = 0; again < 2; again++) {
        fixture_ok(f, "take", take(f, &(struct text_file){"org.json", before}, 1, false, &report));
        assert_string_equal(given(f, db), before);
    }
    f->db = first;
    close_other(db, path);
}

static void csv_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    char path[128], *before;
    struct val tree, report;
    struct people_file files[24];
    size_t n = 0;
    make_history(f);
    before = given(f, f->db);
    fixture_ok(f, "give", people_give(f->db, PEOPLE_ALL_DAYS, &f->a, &tree, &f->err));
    for (size_t i = 0; i < tree.as.map.n; i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        assert_int_equal(people_give_csv(&tree, tree.as.map.pairs[i].key, &b), 0);
        files[n].name = arena_printf(&f->a, "%s.csv", tree.as.map.pairs[i].key);
        files[n].text = arena_strndup(&f->a, b.data, b.len);
        files[n++].len = b.len;
        buf_close(&b);
    }
    struct store *db = open_other(f, path);
    struct people_take t = {.files = files, .nfiles = n, .now = f->s.now, .day = 18631, .lang = "vi"};
    fixture_ok(f, "take", people_take(db, &t, &f->a, &report, &f->err));
    assert_string_equal(given(f, db), before);
    close_other(db, path);
}

static void as_of_a_day_only_what_holds_is_given(void **state)
{
    struct fixture *f = *state;
    struct val tree;
    make_history(f);
    fixture_ok(f, "give", people_give(f->db, fixture_day("2021-01-04"), &f->a, &tree, &f->err));
    assert_int_equal(val_get(&tree, "units")->as.list.n, 4);
    assert_true(val_is_str(val_get(val_at(val_get(&tree, "units"), 0), "name"), "Xã A"));
    assert_true(val_is_str(val_get(val_at(val_get(&tree, "units"), 0), "parent"), "office"));
    assert_null(val_get(&tree, "successors"));
    fixture_ok(f, "give", people_give(f->db, fixture_day("2024-12-31"), &f->a, &tree, &f->err));
    assert_true(val_is_str(val_get(val_at(val_get(&tree, "units"), 0), "name"), "Phường A"));
    assert_true(val_is_str(val_get(val_at(val_get(&tree, "units"), 0), "parent"), "province"));
    fixture_ok(f, "give", people_give(f->db, fixture_day("2025-07-01"), &f->a, &tree, &f->err));
    assert_int_equal(val_get(&tree, "units")->as.list.n, 3);
    assert_null(val_get(&tree, "delegations"));
}

static void one_row_may_stand_for_many_units(void **state)
{
    struct fixture *f = *state;
    struct val report, unit;
    static const char text[] = "{\"units\":[{\"parent\":\"office\",\"kind\":\"commune\",\"from\":\"2016-10-01\","
                               "\"code\":\"{slug}-16\",\"name\":\"Hội xã {name}\","
                               "\"names\":[\"Hà Bắc\",\"Đông Thọ\",\"x=Đông Thọ\"]}],"
                               "\"changes\":[{\"how\":\"merge\",\"from\":[\"ha-bac-16\",\"dong-tho-16\"],\"into\":"
                               "\"x\",\"day\":\"2020-01-01\"}]}";
    for (int again = 0; again < 2; again++)
        fixture_ok(f, "take", take(f, &(struct text_file){"org.json", text}, 1, false, &report));
    fixture_ok(f, "get", people_unit_get(f->db, fixture_unit(f, "ha-bac-16"), 0, &f->a, &unit, &f->err));
    assert_string_equal(fixture_text(f, &unit, "name"), "Hội xã Hà Bắc");
    assert_int_equal(fixture_count(f, "select count(*) from unit where valid_to is not null"), 2);
    assert_int_equal(fixture_count(f, "select count(*) from unit_successor"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(preview_shows_how_each_cell_was_read),
        TEST(preview_says_what_would_change),
        TEST(every_wrong_cell_is_told_and_nothing_is_taken),
        TEST(circle_is_a_wrong_cell),
        TEST(refused_change_is_told_at_its_row),
        TEST(nothing_is_held_longer_than_its_unit),
        TEST(hostile_files_are_refused_whole),
        TEST(json_comes_back_as_it_was),
        TEST(csv_comes_back_as_it_was),
        TEST(as_of_a_day_only_what_holds_is_given),
        TEST(one_row_may_stand_for_many_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
