/* A real plugin in Lua: what it declares, its veto, its rows. */
#include "fixture.h"

#include <sys/stat.h>

#include "base/kinds.h"
#include "plugin/bind_lua.h"
#include "plugin/plugin_api.h"

static const char manifest[] = "return { name = \"press\", version = \"1.0\", api = 1, title = { "
                               "vi = \"Báo\", en = \"Press\" },"
                               " needs = {\"content\", \"content:publish\", \"storage\"} }\n";

static const char init[] =
    "content.type(\"story\", { fields = { headline = \"text!\", body = \"markdown\", due = "
    "\"date\" }, title = \"headline\","
    " unit = true, lint = { words = { [\"các nhân\"] = \"cá nhân\" } } })\n"
    "local seen = storage.table(\"seen\", { fields = { item = \"ref:story!\", title = \"text\", "
    "day = \"date\" },"
    " unique = {{\"item\"}} })\n"
    "on(\"content.before_publish\", function(e)\n"
    "  local story = content.get(\"story\", e.item)\n"
    "  if story.headline == \"Không\" then error{ code = \"press.no\", message = \"chưa được\" } "
    "end\n"
    "  local id = seen:insert{ item = story, title = story.headline, day = story.due }\n"
    "  local row = seen:get(id)\n"
    "  assert(row.title == story.headline and row.day == story.due)\n"
    "  assert(seen:count{ item = story } == 1)\n"
    "  assert(storage.kv.add(\"n\", 1) >= 1)\n"
    "  assert(storage.sql(\"select count(*) as n from seen where item = :item\", { item = e.item "
    "})[1].n == 1)\n"
    "  assert(story:title() == story.headline)\n"
    "  assert(story:url() == \"/story/\" .. story.slug)\n"
    "end)\n"
    "on(\"content.before_create\", function(e)\n"
    "  if e.values.headline == \"Cấm\" then error(\"không nhận\") end\n"
    "end)\n";

struct press {
    struct fixture f;
    char dir[96];
    const char *dirs[1];
    struct bind_kind kinds[4];
};

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/press/%s", dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int open_press(void **state)
{
    struct press *p = calloc(1, sizeof(*p));
    struct fixture *f = &p->f;
    char path[120];
    fixture_open(f);
    snprintf(p->dir, sizeof(p->dir), "%s/plugins", f->dir);
    snprintf(path, sizeof(path), "%s/press", p->dir);
    assert_int_equal(mkdir(p->dir, 0700), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(p->dir, "plugin.lua", manifest);
    write_file(p->dir, "init.lua", init);
    p->kinds[0].kind = &content_item_kind;
    p->kinds[1].kind = &storage_table_kind;
    p->kinds[2] = (struct bind_kind){&date_kind, true};
    p->kinds[3] = (struct bind_kind){&instant_kind, true};
    f->host.kinds = p->kinds;
    f->host.nkinds = 4;
    plugin_add_api(f->host.api);
    plugins_free(f->host.plugins);
    p->dirs[0] = p->dir;
    f->host.plugins = plugins_new(&f->host, p->dirs, 1);
    content_free(f->host.content);
    storage_free(f->host.storage);
    api_free(f->host.api);
    f->host.api = api_new();
    plugin_add_api(f->host.api);
    lane_free(f->lane);
    struct lane_options lo = {.db = f->s.db, .clock = &f->host.clock};
    fixture_fail(f, "lane", lane_new(&lo, &f->lane, &f->err));
    f->host.lane = f->s.lane = f->lane;
    f->host.content = content_new(&f->host);
    f->host.storage = storage_new(&f->host);
    content_attach(f->host.content);
    storage_attach(f->host.storage);
    f->s.vm = NULL;
    f->s.actor = (struct actor){0};
    fixture_fail(f, "begin", store_begin(f->s.db, &f->err));
    fixture_fail(f, "load", plugins_load(f->host.plugins, &f->s, NULL, &f->err));
    fixture_fail(f, "commit", store_commit(f->s.db, &f->err));
    plugins_commit(f->host.plugins);
    *state = p;
    return 0;
}

static int close_press(void **state)
{
    struct press *p = *state;
    static const char *const names[] = {"press/init.lua", "press/plugin.lua"};
    char path[160];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", p->dir, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/press", p->dir);
    rmdir(path);
    rmdir(p->dir);
    fixture_close(&p->f);
    free(p);
    return 0;
}

static struct val story(struct fixture *f, const char *fields)
{
    return fixture_call(f, "content.create", ARGS(f, val_str("story"), J(f, fields)));
}

static void a_hook_reads_items_and_writes_rows_in_the_same_transaction(void **state)
{
    struct fixture *f = *state;
    struct val item = story(f, "{\"headline\":\"Tin\",\"due\":\"04/01/2021\",\"unit\":4}");
    fixture_call(f, "content.publish", ARGS(f, item));
    assert_int_equal(fixture_sql(f, "select count(*) from p_press__seen"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from c_story_pub where unit = 4"), 1);
}

static void a_veto_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct val item = story(f, "{\"headline\":\"Không\"}");
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_REFUSED);
    assert_string_equal(f->err.text, "chưa được");
    assert_int_equal(fixture_sql(f, "select count(*) from p_press__seen"), 0);
    assert_int_equal(fixture_sql(f, "select count(*) from item_log where verb = 'publish'"), 0);
}

static void a_hook_sees_what_is_to_be_made_and_may_refuse_it(void **state)
{
    struct fixture *f = *state;
    story(f, "{\"headline\":\"Tin\"}");
    struct val args = ARGS(f, val_str("story"), J(f, "{\"headline\":\"Cấm\"}"));
    assert_int_equal(fixture_try(f, "content.create", args, NULL), ERR_REFUSED);
    assert_int_equal(fixture_sql(f, "select count(*) from item"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from item_slug"), 1);
}

static void one_hook_that_throws_among_a_thousand_due_stops_one(void **state)
{
    struct fixture *f = *state;
    store_begin(f->s.db, &f->err);
    for (int i = 0; i < 1000; i++) {
        struct val item = story(f, i == 333 ? "{\"headline\":\"Không\"}" : "{\"headline\":\"Tin\"}");
        fixture_call(f, "content.schedule", ARGS(f, item, val_str("2021-01-05 08:00")));
    }
    store_commit(f->s.db, &f->err);
    fixture_at(f, "2021-01-05 08:00");
    lane_run(f->lane);
    assert_int_equal(fixture_sql(f, "select count(*) from c_story_pub"), 999);
    assert_int_equal(fixture_sql(f, "select count(*) from p_press__seen"), 999);
    assert_int_equal(fixture_sql(f, "select count(*) from item where state='scheduled' and due_error like '%chưa%'"),
                     1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_press, close_press)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hook_reads_items_and_writes_rows_in_the_same_transaction),
        TEST(a_veto_leaves_no_trace),
        TEST(a_hook_sees_what_is_to_be_made_and_may_refuse_it),
        TEST(one_hook_that_throws_among_a_thousand_due_stops_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
