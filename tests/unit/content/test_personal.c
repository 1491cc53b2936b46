/* Whose a personal field is: by number before by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit_trace.h"
#include "base/json.h"
#include "content/personal.h"

struct fixture {
    struct arena a;
    struct err err;
    struct field_list fields;
};

static int declare(struct fixture *f, const char *json)
{
    struct val decl;
    arena_init(&f->a, 1 << 20);
    assert_int_equal(json_parse(json, strlen(json), &f->a, &decl, &f->err), 0);
    assert_int_equal(field_parse_list(&f->a, &decl, &f->fields, &f->err), 0);
    return personal_check(&f->fields, &f->err);
}

/* Person 7 is Nguyễn Văn An, with the code "an". The names of the fields that are theirs, and how many are kept. */
static void expect(struct fixture *f, const char *record, const char *want, int64_t kept)
{
    struct val texts[] = {val_str("Nguyễn Văn An"), val_str("an")}, v;
    struct audit_traces t = {.person = 7, .accounts = val_list(), .texts = val_list()};
    struct audit_trace trace;
    struct erasing e = {.traces = &t, .trace = &trace, .a = &f->a};
    bool goes[8];
    char got[200] = "";
    t.texts.as.list.items = texts;
    t.texts.as.list.n = 2;
    assert_int_equal(audit_trace_init(&trace, &t, &f->err), 0);
    assert_int_equal(json_parse(record, strlen(record), &f->a, &v, &f->err), 0);
    personal_choose(&e, &f->fields, &v, goes);
    for (size_t i = 0; i < f->fields.n; i++) {
        if (!goes[i]) continue;
        strcat(got, f->fields.items[i].name);
        strcat(got, " ");
    }
    assert_string_equal(got, want);
    assert_int_equal(e.kept, kept);
    audit_trace_close(&trace);
}

#define TEXT_TRUE "{\"1\":\"text\",\"personal\":true}"
#define TEXT_OF(x) "{\"1\":\"text\",\"personal\":\"" x "\"}"

static void one_person(void **state)
{
    struct fixture f = {0};
    (void)state;
    assert_int_equal(declare(&f, "{\"who\":\"person\",\"name\":" TEXT_TRUE ",\"story\":" TEXT_TRUE "}"), 0);
    expect(&f, "{\"who\":7,\"name\":\"A.\",\"story\":\"s\"}", "name story ", 0);
    expect(&f, "{\"who\":8,\"name\":\"Nguyễn Văn An\",\"story\":\"s\"}", "", 2);
    expect(&f, "{\"name\":\"nguyen van an\",\"story\":\"s\"}", "name story ", 0);
    expect(&f, "{\"name\":\"an\",\"story\":\"s\"}", "name story ", 0);
    expect(&f, "{\"name\":\"Lan\",\"story\":\"s\"}", "", 0);
    arena_close(&f.a);
}

static void named(void **state)
{
    struct fixture f = {0};
    (void)state;
    assert_int_equal(
        declare(&f, "{\"for\":\"person\",\"by\":\"person\",\"name\":" TEXT_OF("for") ",\"story\":" TEXT_OF("name") "}"),
        0);
    expect(&f, "{\"for\":8,\"by\":7,\"name\":\"Nguyễn Văn An\",\"story\":\"s\"}", "", 2);
    expect(&f, "{\"for\":7,\"by\":8,\"name\":\"x\",\"story\":\"s\"}", "name story ", 0);
    arena_close(&f.a);
    assert_int_equal(declare(&f, "{\"by\":\"person\",\"name\":\"text\",\"story\":" TEXT_OF("name") "}"), 0);
    expect(&f, "{\"by\":8,\"name\":\"Nguyễn Văn An\",\"story\":\"s\"}", "", 1);
    expect(&f, "{\"by\":7,\"name\":\"Trần B\",\"story\":\"s\"}", "", 0);
    expect(&f, "{\"name\":\"Nguyễn Văn An\",\"story\":\"s\"}", "story ", 0);
    arena_close(&f.a);
    assert_int_equal(declare(&f, "{\"a\":" TEXT_OF("b") ",\"b\":" TEXT_OF("a") "}"), 0);
    expect(&f, "{\"a\":\"Nguyễn Văn An\",\"b\":\"x\"}", "a b ", 0);
    arena_close(&f.a);
}

static void refused(void **state)
{
    struct fixture f = {0};
    (void)state;
    assert_int_equal(declare(&f, "{\"one\":\"person\",\"two\":\"person\",\"story\":" TEXT_TRUE "}"), ERR_INVALID);
    assert_string_equal(f.err.key, "field.personal_whose");
    arena_close(&f.a);
    assert_int_equal(declare(&f, "{\"one\":\"person\",\"two\":\"person\",\"story\":" TEXT_OF("two") "}"), 0);
    arena_close(&f.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_person), cmocka_unit_test(named),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
