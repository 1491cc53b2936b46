/* Forms in parts: the same whatever pieces they come in; names as they were sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "http/disposition.h"
#include "http/multipart.h"

static int on_part(void *ctx, const struct multipart_part *p, struct err *err)
{
    (void)err;
    buf_printf(ctx, "[%s|%s%s]", p->name, p->filename, p->has_filename ? "" : "-");
    return 0;
}

static int on_data(void *ctx, const char *p, size_t n, struct err *err)
{
    (void)err;
    buf_add(ctx, p, n);
    return 0;
}

/* Fed in two pieces and then byte by byte behind them; what was told. */
static int feed(const char *body, size_t n, size_t cut, struct buf *told, bool *ended)
{
    struct multipart m;
    struct err err = {0};
    assert_int_equal(multipart_init(&m, "multipart/form-data; boundary=-b", &err), 1);
    m.part = on_part;
    m.data = on_data;
    m.ctx = told;
    buf_clear(told);
    int rc = multipart_feed(&m, body, cut, &err);
    for (size_t i = cut; rc == 0 && i < n; i += 3)
        rc = multipart_feed(&m, body + i, n - i < 3 ? n - i : 3, &err);
    *ended = multipart_is_ended(&m);
    return rc;
}

static void test_each_way_of_cutting_tells_the_same(void **state)
{
    static const char body[] =
        "before\r\n---b  \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\r\n---\r\n--\r\n\r\n---b\r\n"
        "\r\nno head\r\n---b\r\nX: y\r\ncontent-disposition: form-data; name=f; filename=\"x.y\"\r\n\r\n"
        "\r\n---c\r\n---b--\r\nafter\r\n---b";
    struct buf told;
    bool ended;
    (void)state;
    buf_init(&told, 1 << 16);
    for (size_t cut = 0; cut < sizeof(body); cut++) {
        assert_int_equal(feed(body, sizeof(body) - 1, cut, &told, &ended), 0);
        assert_string_equal(told.data, "[a|-]1\r\r\n---\r\n--\r\n[|-]no head[f|x.y]\r\n---c");
        assert_true(ended);
    }
    buf_close(&told);
}

static void test_what_ends_early_has_not_ended(void **state)
{
    static const char body[] = "---b\r\n\r\nx\r\n---b--";
    struct buf told;
    bool ended;
    (void)state;
    buf_init(&told, 1 << 16);
    for (size_t n = 0; n < sizeof(body); n++) {
        assert_int_equal(feed(body, n, n, &told, &ended), 0);
        assert_int_equal(ended, n == sizeof(body) - 1);
    }
    buf_close(&told);
}

static void test_parameters_of_a_disposition(void **state)
{
    static const char *const all[][3] = {
        {"form-data; name=\"a\"; filename=\"b.txt\"", "filename", "b.txt"},
        {"form-data; name=\"a; filename=no\"; filename=b.txt", "filename", "b.txt"},
        {"attachment;FILENAME = \"a\\\"b\"", "filename", "a\"b"},
        {"attachment; filename=\"C:\\x\\y\"", "filename", "C:\\x\\y"},
        {"attachment; filename=\"plain\"; filename*=UTF-8'vi't%E1%BB%87p", "filename", "tệp"},
        {"attachment; filename*=latin1''x; filename=y", "filename", "y"},
        {"attachment; filename*=UTF-8''%zz%4", "filename", "%zz%4"},
        {"attachment; filename=\"open", "filename", "open"},
        {"multipart/form-data; charset=x; boundary=\"a b\"", "boundary", "a b"},
        {"form-data; name", "name", NULL},
        {"form-data", "name", NULL},
        {"", "name", NULL},
        {";;;=;\"", "name", NULL},
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        bool found = disposition_get(all[i][0], all[i][1], out, sizeof(out));
        assert_int_equal(found, all[i][2] != NULL);
        if (found) assert_string_equal(out, all[i][2]);
    }
    char small[4];
    assert_true(disposition_get("x; name=abcdefgh", "name", small, sizeof(small)));
    assert_string_equal(small, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_way_of_cutting_tells_the_same),
                                       cmocka_unit_test(test_what_ends_early_has_not_ended),
                                       cmocka_unit_test(test_parameters_of_a_disposition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
