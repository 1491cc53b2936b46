/* Templates: what is read, where a value may stand, what is filled, and that there is an end to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "plugin/template.h"

static struct arena arena;
static struct err err;

static struct plugin *plugin_with(const char *text)
{
    const struct plugin_file files[] = {
        {"init.lua", "", 0},
        {"locale/en.lua", "return { hello = 'Hello <{name}>' }", 35},
        {"plugin.lua", "return { name = 'p', version = '1', api = 1 }", 45},
        {"templates/a.html", text, strlen(text)},
    };
    return plugin_from_files("p", files, 4, NULL);
}

/* The key of what is wrong with it, or "". */
static const char *fault(const char *text)
{
    static char key[48];
    struct plugin *p = plugin_with(text);
    strcpy(key, p->ok ? "" : p->why->key);
    plugin_drop(p);
    return key;
}

static const char *filled(const char *text, const char *json, int64_t steps, size_t most)
{
    struct plugin *p = plugin_with(text);
    struct val data = val_nil();
    struct buf out;
    const char *copy = NULL;
    err_clear(&err);
    if (json) assert_int_equal(json_parse(json, strlen(json), &arena, &data, &err), 0);
    buf_init(&out, most);
    struct template_fill f = {.plugin = p, .lang = "en", .data = &data, .steps = steps, .arena = &arena, .out = &out};
    assert_true(p->ok);
    if (template_fill(&f, "a", &err) == 0) copy = arena_strndup(&arena, out.data ? out.data : "", out.len);
    buf_close(&out);
    plugin_drop(p);
    return copy;
}

static const char *of(const char *text, const char *json)
{
    const char *out = filled(text, json, 1 << 20, 1 << 20);
    if (!out) fail_msg("%s: %s %s", text, err.key, err_arg(&err, "name"));
    return out;
}

static void a_value_stands_in_text_and_in_quotes_alone(void **state)
{
    static const char *const good[] = {"{{a}}",
                                       "<p>{{a}}</p>",
                                       "<p title=\"{{a}}\" id='{{a}}'>",
                                       "<p title = \"{{a}} \n {{a}}\">",
                                       "<a{{#a}} hidden{{/a}}>",
                                       "<!-- > --> {{a}}",
                                       "a < b {{a}} > c",
                                       "<p>5 <\n{{a}}",
                                       "<img alt=\"a>b\" title='{{a}}'>",
                                       "{{#a}}<p title=\"{{b}}\">{{/a}}",
                                       "<styled>{{a}}",
                                       "<option {{#a}}selected {{/a}}value=\"{{a}}\">",
                                       "<p title=\"{{a}}\"{{#a}} class=\"b\"{{/a}}{{^a}} hidden{{/a}} id='{{a}}'/>",
                                       "<!doctype html>{{a}}</p ><a href=b/c>{{a}}",
                                       "<!-- {{! a }} --> {{a}}"};
    static const char *const bad[] = {"<p title={{a}}>",
                                      "<p {{a}}>",
                                      "<{{a}}>",
                                      "<p a\"{{a}}\">",
                                      "<p \"{{a}}\">",
                                      "<!-- {{a}} -->",
                                      "<p title=\"a\"{{a}}>",
                                      "<p title=a\"{{a}}\">",
                                      "<!doctype {{a}}>",
                                      "<p title='\"' {{a}}>",
                                      "<!---{{a}}",
                                      "</p {{a}}>",
                                      "<p title==\"{{a}}\">",
                                      "<p title=b=\"{{a}}\">",
                                      "<p=\"{{a}}\">",
                                      "<p title={{! a}} b=\"{{a}}\">",
                                      "<!p a=\"><p {{a}}>",
                                      "<{{! a}}p>",
                                      "</{{! a}}p>",
                                      "<!-{{! a}}- > <p title=\"--><p {{a}}\">",
                                      "<!-- --{{! a}}><p a=\"--> b\" {{a}}>",
                                      "<p title=\"{{csrf}}\">",
                                      "<p title=\"{{markdown:a}}\">"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_string_equal(fault(good[i]), "");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_string_equal(fault(bad[i]), "template.place");
}

static void what_is_wrong_is_told_by_its_kind(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {{"{{a", "template.open"},
                 {"{{}}", "template.tag"},
                 {"{{a b}}", "template.tag"},
                 {"{{a.}}", "template.tag"},
                 {"{{.a}}", "template.tag"},
                 {"{{a..b}}", "template.tag"},
                 {"{{&a}}", "template.tag"},
                 {"{{{a}}}", "template.raw"},
                 {"{{t:none}}", "template.text"},
                 {"{{/a}}", "template.close"},
                 {"{{#a}}{{/b}}", "template.close"},
                 {"{{#a}}", "template.not_closed"},
                 {"{{#a}}<p {{/a}}>", "template.uneven"},
                 {"<p a=\"{{#a}}\" b='{{/a}}'>", "template.uneven"},
                 {"<a =\"{{x}}\">", "template.attribute"},
                 {"<a/=\"{{x}}\">", "template.attribute"},
                 {"<a b=\"c\"=\"{{x}}\">", "template.attribute"},
                 {"<p{{#a}} b=\"c\"{{/a}}d=\"{{x}}\">", "template.attribute"},
                 {"<p {{#a}}b{{/a}}=\"{{x}}\">", "template.attribute"},
                 {"<scr{{! a}}ipt>", "template.attribute"},
                 {"<p onClick=\"{{x}}\">", "template.attribute"},
                 {"<p title onload>", "template.attribute"},
                 {"<iframe srcDoc=\"{{x}}\">", "template.attribute"},
                 {"<Script>", "template.script"},
                 {"<style type='a'>", "template.script"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(fault(cases[i].text), cases[i].key);
}

static void what_is_filled_is_escaped_and_found(void **state)
{
    (void)state;
    assert_string_equal(of("{{a}} {{b.c}} {{d}}{{b.d}}{{a.x}}", "{\"a\":\"<\\u001b&\\\"'>\",\"b\":{\"c\":1.5}}"),
                        "&lt;&amp;&quot;&#39;&gt; 1.5 ");
    assert_string_equal(of("{{#l}}{{.}}{{a}};{{/l}}{{^l}}none{{/l}}", "{\"l\":[1,2],\"a\":\"x\"}"), "1x;2x;");
    assert_string_equal(of("{{#l}}{{a}}{{^m}}-{{/m}};{{/l}}", "{\"l\":[{\"a\":1},{\"m\":true}],\"a\":\"x\"}"), "1-;x;");
    assert_string_equal(of("{{#l}}never{{/l}}{{^l}}none{{/l}}", "{\"l\":[]}"), "none");
    assert_string_equal(of("{{#a}}{{b}}{{#c}}{{b}}{{/c}}{{/a}}", "{\"a\":{\"b\":1,\"c\":{\"b\":2}}}"), "12");
    assert_string_equal(of("{{t:hello}}{{! {{ }}", "{\"name\":\"A&B\"}"), "Hello &lt;A&amp;B&gt;");
    assert_string_equal(of("{{csrf}}|{{markdown:a}}", "{\"a\":\"*b* <i>\"}"),
                        TEMPLATE_CSRF "|<p><em>b</em> <!-- raw HTML omitted --></p>\n");
    assert_string_equal(of("{{markdown:a}}", "{\"a\":\"b\\u001bc\\n[d](/e \\\"f\\u001b&#27;\\\") &#x1b;\"}"),
                        "<p>bc\n<a href=\"/e\" title=\"f\">d</a> </p>\n");
    assert_string_equal(of("{{a}}{{#a}}x{{/a}}", NULL), "");
}

static void there_is_an_end_to_it(void **state)
{
    char list[4000] = "{\"l\":[1";
    (void)state;
    for (int i = 0; i < 1000; i++)
        strcat(list, ",1");
    strcat(list, "]}");
    assert_null(filled("{{#l}}{{#l}}{{/l}}{{/l}}", list, 100000, 1 << 20));
    assert_string_equal(err.key, "template.work");
    assert_null(filled("{{#l}}{{#l}}xx{{/l}}{{/l}}", list, 1 << 30, 10000));
    assert_string_equal(err.key, "template.size");
    assert_null(filled("{{l}}", list, 1 << 20, 1 << 20));
    assert_string_equal(err.key, "template.value");
    assert_string_equal(err.where, "p/templates/a.html:1");
}

static int clean(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_value_stands_in_text_and_in_quotes_alone, clean),
        cmocka_unit_test_teardown(what_is_wrong_is_told_by_its_kind, clean),
        cmocka_unit_test_teardown(what_is_filled_is_escaped_and_found, clean),
        cmocka_unit_test_teardown(there_is_an_end_to_it, clean),
    };
    arena_init(&arena, 16 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_close(&arena);
    return failed;
}
