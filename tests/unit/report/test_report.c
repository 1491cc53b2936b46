/* Reports: a real plugin on a reader's snapshot; tables, CSV and JSON byte by byte. */
#include "../plugin/fixture.h"

#include "base/json.h"
#include "people/people.h"
#include "people/time.h"
#include "report/report.h"

struct desk {
    struct fixture f;
    struct arena a;
    struct bind_kind kinds[8];
    char out[400000];
    size_t len, most_at_once;
    int calls, refuse_after;
    struct val params;
    struct report_request q;
};

static const char org[] =
    "{\"units\":[{\"code\":\"p\",\"name\":\"Tỉnh\",\"kind\":\"province\",\"from\":\"2000-01-01\"},"
    "{\"code\":\"a\",\"name\":\"Xã Ân\",\"kind\":\"commune\",\"parent\":\"p\",\"from\":\"2000-01-01\"},"
    "{\"code\":\"b\",\"name\":\"Xã Bến\",\"kind\":\"commune\",\"parent\":\"p\",\"from\":\"2000-01-01\"}],"
    "\"positions\":[{\"code\":\"clerk\",\"title\":\"Văn thư\",\"roles\":[\"clerk\"]}],"
    "\"persons\":[{\"code\":\"lan\",\"name\":\"Lan\"},{\"code\":\"mai\",\"name\":\"Mai\"}],"
    "\"holders\":[{\"person\":\"lan\",\"position\":\"clerk\",\"unit\":\"a\",\"from\":\"2020-01-01\"}]}";

static const char manifest_needs[] = "\"report\", \"people\"";
static const char households[] =
    "report.define('households', {\n"
    "  title = { vi = 'Số hộ', en = 'Households' },\n"
    "  params = { year = 'integer!', unit = 'unit', since = 'date' },\n"
    "  access = { unit = 'param:unit' },\n"
    "  columns = { { name = 'unit', type = 'unit', title = { vi = 'Đơn vị', en = 'Unit' } },\n"
    "    { name = 'count', type = 'integer', title = { vi = 'Số hộ', en = 'Count' }, total = 'sum' },\n"
    "    { name = 'share', type = 'number', title = { vi = 'Tỷ lệ', en = 'Share' } },\n"
    "    { 'day', 'date' }, { 'note', 'text' } },\n"
    "  chart = { kind = 'bar', x = 'unit', y = 'count' }, group = 'unit',\n"
    "}, function(p, out)\n"
    "  local a, b = people.unit('a'), people.unit('b')\n"
    "  out:row{ unit = a, count = 12226, share = 0.5, day = '2021-01-04', note = 'một, \"hai\"' }\n"
    "  out:row{ b, 7, 1.25, nil, '=1+1' }\n"
    "  out:note('Năm ' .. p.year)\n"
    "end)\n";

static int collect(void *ctx, const char *p, size_t n)
{
    struct desk *d = ctx;
    if (d->refuse_after && ++d->calls > d->refuse_after) return -1;
    if (n > d->most_at_once) d->most_at_once = n;
    size_t room = sizeof(d->out) - 1 - d->len;
    if (n > room) n = room;
    memcpy(d->out + d->len, p, n);
    d->len += n;
    d->out[d->len] = '\0';
    return 0;
}

static void import_people(struct desk *d)
{
    struct fixture *f = &d->f;
    const struct store_migration *lists[] = {plugin_migrations, people_migrations};
    struct val tree;
    fixture_ok(f, "migrate", store_migrate(f->db, lists, 2, 0, &f->err));
    fixture_ok(f, "json", json_parse(org, strlen(org), &d->a, &tree, &f->err));
    fixture_ok(f, "begin", store_begin(f->db, &f->err));
    fixture_ok(f, "import", people_import(f->db, &tree, fixture_start, 18631, &d->a, NULL, &f->err));
    fixture_ok(f, "commit", store_commit(f->db, &f->err));
}

static int open_desk(void **state)
{
    struct desk *d = calloc(1, sizeof(*d));
    struct fixture *f = &d->f;
    fixture_open(f);
    arena_init(&d->a, 64 << 20);
    import_people(d);
    memcpy(d->kinds, fixture_kinds, sizeof(fixture_kinds));
    d->kinds[5].kind = &people_unit_kind;
    d->kinds[6].kind = &people_person_kind;
    d->kinds[7].kind = &report_out_kind;
    f->host.kinds = d->kinds;
    f->host.nkinds = 8;
    people_attach(&f->host);
    people_add_api(f->host.api, &f->host);
    report_attach(&f->host);
    *state = d;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *d = *state;
    arena_close(&d->a);
    fixture_close(&d->f);
    free(d);
    return 0;
}

static void load(struct desk *d, const char *init)
{
    fixture_plugin(&d->f, "sums", manifest_needs, init);
    fixture_reload(&d->f);
}

static int run_with(struct desk *d, const char *name, const char *params, enum report_format format)
{
    struct fixture *f = &d->f;
    fixture_ok(f, params, json_parse(params, strlen(params), &d->a, &d->params, &f->err));
    d->q.name = name;
    d->q.params = &d->params;
    d->q.format = format;
    d->q.sink = (struct report_sink){collect, d};
    d->len = d->most_at_once = 0;
    d->calls = 0;
    d->out[0] = '\0';
    err_clear(&f->err);
    return report_run_here(&f->host, f->db, &d->q, &f->err);
}

static const char *text(struct desk *d, const char *name, const char *params, enum report_format format)
{
    int rc = run_with(d, name, params, format);
    if (rc) fail_msg("%s: %d %s %s %s", name, rc, d->f.err.key, d->f.err.text, d->f.err.args);
    return d->out;
}

static void assert_refused(struct desk *d, const char *name, const char *params, int code, const char *key)
{
    int rc = run_with(d, name, params, REPORT_JSON);
    if (rc != code || strcmp(d->f.err.key, key) != 0) fail_msg("%d %s", rc, d->f.err.key);
}

static void csv_is_quoted_and_counts_in_the_language(void **state)
{
    struct desk *d = *state;
    load(d, households);
    assert_string_equal(text(d, "households", "{\"year\":2021}", REPORT_CSV),
                        "Đơn vị,Số hộ,Tỷ lệ,day,note\r\n"
                        "Xã Ân,12226,\"0,5\",2021-01-04,\"một, \"\"hai\"\"\"\r\n"
                        "Xã Bến,7,\"1,25\",,=1+1\r\n");
    d->q.lang = "en";
    d->q.bom = true;
    assert_string_equal(text(d, "households", "{\"year\":2021}", REPORT_CSV),
                        "\xef\xbb\xbfUnit,Count,Share,day,note\r\n"
                        "Xã Ân,12226,0.5,2021-01-04,\"một, \"\"hai\"\"\"\r\n"
                        "Xã Bến,7,1.25,,\"'=1+1\"\r\n");
}

static void a_table_is_aligned_by_what_is_seen(void **state)
{
    struct desk *d = *state;
    load(d, households);
    assert_string_equal(text(d, "households", "{\"year\":2021}", REPORT_TABLE),
                        "Số hộ\n\n"
                        "Đơn vị      Số hộ  Tỷ lệ  day         note\n"
                        "---------  ------  -----  ----------  ----------\n"
                        "Xã Ân      12.226   0,50  04/01/2021  một, \"hai\"\n"
                        "Xã Bến          7   1,25              =1+1\n"
                        "---------  ------  -----  ----------  ----------\n"
                        "Tổng cộng  12.233\n"
                        "\nNăm 2021\n");
}

static void json_has_params_columns_rows_totals_and_notes(void **state)
{
    struct desk *d = *state;
    struct val v;
    load(d, households);
    const char *out = text(d, "households", "{\"year\":\"2021\",\"unit\":\"a\"}", REPORT_JSON);
    fixture_ok(&d->f, "parse", json_parse(out, d->len, &d->a, &v, &d->f.err));
    assert_true(val_is_str(val_get(&v, "title"), "Số hộ"));
    assert_int_equal(val_get_int(val_get(&v, "params"), "year", 0), 2021);
    assert_true(val_is_str(val_get(val_get(val_get(&v, "params"), "unit"), "code"), "a"));
    assert_int_equal(val_get(&v, "columns")->as.list.n, 5);
    const struct val *row = val_at(val_get(&v, "rows"), 0);
    assert_int_equal(val_get_int(row, "count", 0), 12226);
    assert_true(val_is_str(val_get(row, "day"), "2021-01-04"));
    assert_int_equal(val_get_int(val_get(&v, "totals"), "count", 0), 12233);
    assert_true(val_is_str(val_at(val_get(&v, "notes"), 0), "Năm 2021"));
}

static void parameters_are_checked_before_anything_is_written(void **state)
{
    struct desk *d = *state;
    load(d, households);
    assert_refused(d, "households", "{}", ERR_INVALID, "invalid.required");
    assert_refused(d, "households", "{\"year\":\"twenty\"}", ERR_INVALID, "invalid.field");
    assert_refused(d, "households", "{\"year\":2021,\"color\":1}", ERR_INVALID, "invalid.unknown_field");
    assert_refused(d, "households", "{\"year\":2021,\"unit\":\"nowhere\"}", ERR_INVALID, "invalid.field");
    assert_refused(d, "nothing", "{}", ERR_NOT_FOUND, "report.unknown");
    assert_int_equal(d->len, 0);
}

static void who_may_run_it_depends_on_the_unit_asked_for(void **state)
{
    struct desk *d = *state;
    int64_t lan, mai;
    load(d, households);
    assert_int_equal(people_person_by_code(d->f.db, "lan", &lan, &d->f.err), 1);
    assert_int_equal(people_person_by_code(d->f.db, "mai", &mai, &d->f.err), 1);
    d->q.actor = (struct actor){.user = 1, .person = lan};
    text(d, "households", "{\"year\":2021,\"unit\":\"a\"}", REPORT_CSV);
    assert_refused(d, "households", "{\"year\":2021,\"unit\":\"b\"}", ERR_DENIED, "denied.verb");
    assert_refused(d, "households", "{\"year\":2021}", ERR_DENIED, "denied.verb");
    d->q.actor.person = mai;
    assert_refused(d, "households", "{\"year\":2021,\"unit\":\"a\"}", ERR_DENIED, "denied.verb");
    d->q.actor = (struct actor){.user = 1, .admin = true};
    assert_refused(d, "households", "{\"year\":2021,\"unit\":\"a\"}", ERR_DENIED, "denied.verb");
}

static void a_role_may_be_asked_for_too(void **state)
{
    struct desk *d = *state;
    int64_t lan;
    load(d,
         "local cols = { { 'n', 'integer' } }\n"
         "report.define('open', { access = { role = 'clerk' }, columns = cols }, function() return { { n = 1 } } end)\n"
         "report.define('closed', { access = { role = 'chair' }, columns = cols }, function() end)");
    assert_int_equal(people_person_by_code(d->f.db, "lan", &lan, &d->f.err), 1);
    d->q.actor = (struct actor){.user = 1, .person = lan};
    assert_string_equal(text(d, "open", "{}", REPORT_CSV), "n\r\n1\r\n");
    assert_refused(d, "closed", "{}", ERR_DENIED, "denied.report");
}

static void a_bad_row_ends_the_report_even_when_the_plugin_catches_it(void **state)
{
    struct desk *d = *state;
    load(d, "local cols = { { 'n', 'integer', } }\n"
            "report.define('name', { columns = cols }, function(p, out) pcall(function() out:row{ m = 1 } end) end)\n"
            "report.define('type', { columns = cols }, function(p, out) pcall(out.row, out, { n = 'x' }) out:row{ n = "
            "1 } end)\n"
            "report.define('many', { columns = cols }, function(p, out) out:row{ 1, 2 } end)\n"
            "report.define('list', { columns = cols }, function(p, out) return 7 end)");
    assert_refused(d, "name", "{}", ERR_INVALID, "report.no_column");
    assert_refused(d, "type", "{}", ERR_INVALID, "invalid.field");
    assert_refused(d, "many", "{}", ERR_INVALID, "report.too_many_cells");
    assert_refused(d, "list", "{}", ERR_INVALID, "report.result");
    assert_int_equal(d->len, 0);
}

static void reports_only_read(void **state)
{
    struct desk *d = *state;
    load(d, "report.define('w', { columns = { { 'n', 'integer' } } }, function(p, out) test.note('x') end)");
    assert_refused(d, "w", "{}", ERR_REFUSED, "api.read_only");
}

static void mistakes_in_a_declaration_stop_the_plugin_where_they_stand(void **state)
{
    struct desk *d = *state;
    static const char *const bad[] = {"columns = {}",
                                      "columns = { { 'n', 'colour' } }",
                                      "columns = { { 'n', 'text' }, { 'n', 'text' } }",
                                      "columns = { { name = 'n', type = 'text', total = 'sum' } }",
                                      "columns = { { 'n', 'text' } }, group = 'm'",
                                      "columns = { { 'n', 'text' } }, chart = { kind = 'bar', x = 'n', y = 'm' }",
                                      "columns = { { 'n', 'text' } }, access = { unit = 'param:u' }",
                                      "columns = { { 'n', 'text' } }, colour = 1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char init[300];
        snprintf(init, sizeof(init), "\nreport.define('r', { %s }, function() end)", bad[i]);
        fixture_plugin(&d->f, "sums", manifest_needs, init);
        fixture_ok(&d->f, "load", fixture_try(&d->f, NULL, NULL));
        struct registry *r = plugins_registry(d->f.host.plugins);
        struct plugin *p = registry_plugin(r, "sums");
        if (p->ok || strcmp(p->why->where, "sums/init.lua:2") != 0)
            fail_msg("%s: %s %s", bad[i], p->why->key, p->why->where);
        registry_drop(r);
    }
}

static void a_plugin_dropped_in_later_is_listed_and_runs(void **state)
{
    struct desk *d = *state;
    struct val list;
    load(d, households);
    fixture_plugin(&d->f, "later", manifest_needs,
                   "report.define('new', { title = 'New', params = { kind = 'choice:x,y' },\n"
                   "  columns = { { 'n', 'integer' } } }, function() return { { n = 3 }, { 4 } } end)");
    assert_refused(d, "new", "{}", ERR_NOT_FOUND, "report.unknown");
    fixture_reload(&d->f);
    assert_string_equal(text(d, "new", "{\"kind\":\"y\"}", REPORT_CSV), "n\r\n3\r\n4\r\n");
    struct registry *r = plugins_registry(d->f.host.plugins);
    fixture_ok(&d->f, "list", report_list(r, "en", &d->a, &list, &d->f.err));
    assert_int_equal(list.as.list.n, 2);
    bool first = val_is_str(val_get(val_at(&list, 0), "name"), "new");
    const struct val *fresh = val_at(&list, first ? 0 : 1), *old = val_at(&list, first ? 1 : 0);
    assert_true(val_is_str(val_get(val_at(val_get(fresh, "params"), 0), "type"), "choice:x,y"));
    assert_true(val_is_str(val_get(old, "title"), "Households"));
    assert_true(val_is_str(val_get(val_at(val_get(old, "columns"), 1), "total"), "sum"));
    registry_drop(r);
}

static const char many[] = "report.define('many', { params = { n = 'integer!' }, columns = { { name = 'n', type = "
                           "'integer', total = 'sum' },\n"
                           "  { 'text', 'text' } } }, function(p, out)\n"
                           "  for i = 1, p.n do out:row{ n = i, text = 'dòng ' .. i } end\nend)";

static void many_rows_go_out_in_pieces(void **state)
{
    struct desk *d = *state;
    load(d, many);
    text(d, "many", "{\"n\":20000}", REPORT_CSV);
    assert_true(d->len > 300000);
    assert_true(d->most_at_once < 20000);
}

static void a_table_beyond_its_kept_rows_goes_on_with_fixed_widths(void **state)
{
    struct desk *d = *state;
    load(d, many);
    const char *out = text(d, "many", "{\"n\":10002}", REPORT_TABLE);
    assert_non_null(strstr(out, "\n10.000  dòng 10000\n10.001  dòng 10001\n10.002  dòng 10002\n"));
    assert_non_null(strstr(out, "\n50.025.003\n"));
}

static void a_report_that_nobody_waits_for_is_stopped(void **state)
{
    struct desk *d = *state;
    load(d, many);
    d->refuse_after = 2;
    assert_refused(d, "many", "{\"n\":1000000}", ERR_STOPPED, "report.unwanted");
    assert_int_equal(d->calls, 3);
}

static void a_report_that_takes_too_long_is_stopped(void **state)
{
    struct desk *d = *state;
    load(d, many);
    d->q.seconds = -1;
    assert_refused(d, "many", "{\"n\":5}", ERR_LIMIT, "report.time");
}

static void a_terminal_sees_no_control_characters(void **state)
{
    struct desk *d = *state;
    load(d, "report.define('evil', { title = 'E', columns = { { 'x', 'text' } } },\n"
            "  function(p, out) out:row{ x = 'a\\27[2Jb\\nc' } out:note('n\\27') end)");
    assert_string_equal(text(d, "evil", "{}", REPORT_TABLE), "E\n\nx\n--------\na [2Jb c\n\nn \n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(csv_is_quoted_and_counts_in_the_language),
        TEST(a_table_is_aligned_by_what_is_seen),
        TEST(json_has_params_columns_rows_totals_and_notes),
        TEST(parameters_are_checked_before_anything_is_written),
        TEST(who_may_run_it_depends_on_the_unit_asked_for),
        TEST(a_role_may_be_asked_for_too),
        TEST(a_bad_row_ends_the_report_even_when_the_plugin_catches_it),
        TEST(reports_only_read),
        TEST(mistakes_in_a_declaration_stop_the_plugin_where_they_stand),
        TEST(a_plugin_dropped_in_later_is_listed_and_runs),
        TEST(many_rows_go_out_in_pieces),
        TEST(a_table_beyond_its_kept_rows_goes_on_with_fixed_widths),
        TEST(a_report_that_nobody_waits_for_is_stopped),
        TEST(a_report_that_takes_too_long_is_stopped),
        TEST(a_terminal_sees_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
