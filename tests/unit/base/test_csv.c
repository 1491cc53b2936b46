/* CSV: every cell where it stood, nothing taken that is no text, nothing written that is a formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

struct fixture {
    struct arena a;
    struct err err;
    struct csv csv;
};

static int open_arena(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->a, 64 << 20);
    *state = f;
    return 0;
}

static int close_arena(void **state)
{
    struct fixture *f = *state;
    arena_close(&f->a);
    free(f);
    return 0;
}

static int parse(struct fixture *f, const char *text, size_t len)
{
    err_clear(&f->err);
    return csv_parse(text, len, &f->a, &f->csv, &f->err);
}

static void takes(struct fixture *f, const char *text)
{
    if (parse(f, text, strlen(text)) != 0) fail_msg("%s: %s", text, f->err.key);
}

static void refuses(struct fixture *f, const char *text, size_t len, const char *key, const char *line,
                    const char *column)
{
    assert_int_equal(parse(f, text, len), ERR_INVALID);
    assert_string_equal(f->err.key, key);
    assert_string_equal(err_arg(&f->err, "line"), line);
    if (column) assert_string_equal(err_arg(&f->err, "column"), column);
}

static void cell(struct fixture *f, size_t row, size_t column, const char *want)
{
    assert_true(row < f->csv.n && column < f->csv.rows[row].n);
    assert_string_equal(f->csv.rows[row].cells[column].s, want);
    assert_int_equal(f->csv.rows[row].cells[column].len, strlen(want));
}

static void dividers_marks_and_line_ends_are_found(void **state)
{
    struct fixture *f = *state;
    takes(f, "\xef\xbb\xbf"
             "a;b\r\n1;\"x;y\"\r\n");
    cell(f, 0, 0, "a");
    cell(f, 1, 1, "x;y");
    takes(f, "a,b\n1,2;3");
    cell(f, 1, 1, "2;3");
    takes(f, "a\tb\n1\t\n");
    cell(f, 1, 1, "");
    takes(f, "");
    assert_int_equal(f->csv.n, 0);
    takes(f, "\n\n,\n");
    assert_int_equal(f->csv.n, 0);
}

static void quoted_cells_keep_line_breaks_and_lines_are_counted(void **state)
{
    struct fixture *f = *state;
    takes(f, "a,b\n\"one\ntwo\",\"he said \"\"no\"\"\"\nlast,1\n");
    cell(f, 1, 0, "one\ntwo");
    cell(f, 1, 1, "he said \"no\"");
    assert_int_equal(f->csv.rows[1].line, 2);
    assert_int_equal(f->csv.rows[2].line, 4);
}

static void what_is_no_text_is_refused_with_its_place(void **state)
{
    struct fixture *f = *state;
    refuses(f, "a,b\n1,\"2", 8, "csv.quote", "2", "2");
    refuses(f, "a,b\n1,2\"3\n", 10, "csv.quote", "2", "2");
    refuses(f, "a,b\n\"1\"x,2\n", 11, "csv.quote", "2", "1");
    refuses(f, "a,b\n1,\0\n", 8, "csv.nul", "2", NULL);
    refuses(f, "a,b\n1,2\n\xff\xfe,3\n", 13, "csv.utf8", "3", NULL);
    refuses(f, "a\n\xc0\xaf\n", 5, "csv.utf8", "2", NULL);
}

static void cells_columns_and_rows_are_bounded(void **state)
{
    struct fixture *f = *state;
    size_t n = 40 << 20;
    char *big = malloc(n);
    memset(big, 'x', n);
    big[0] = 'a';
    big[1] = '\n';
    refuses(f, big, 3 << 20, "csv.cell", "2", "1");
    memset(big, ',', 1000);
    assert_int_equal(parse(f, big, 1000), ERR_INVALID);
    assert_string_equal(f->err.key, "csv.columns");
    memset(big, '\n', n);
    assert_int_equal(parse(f, big, n), ERR_LIMIT);
    /* More than there is memory for is an error, too. */
    memset(big, 'x', n);
    assert_int_equal(csv_parse(big, n, &f->a, &f->csv, &f->err), ERR_INVALID);
    free(big);
}

static void written_cells_are_no_formulas_and_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "=cmd|' /C calc'!A0", "+1",   "-2+3", "@SUM(A1)", "\tx", "'=x", "'x", "plain", "a,b", "a;b",
        "say \"x\"",          "l\nm", "Đề án"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf b;
        buf_init(&b, 1000);
        buf_add_str(&b, "title\n");
        csv_write_cell(&b, texts[i], strlen(texts[i]));
        buf_add_str(&b, "\r\n");
        buf_add_char(&b, '\0');
        const char *first = b.data + 6 + (b.data[6] == '"');
        assert_null(strchr("=+-@\t\r", *first));
        assert_int_equal(parse(f, b.data, b.len - 1), 0);
        struct csv_cell back = csv_unguarded(f->csv.rows[1].cells[0]);
        assert_int_equal(back.len, strlen(texts[i]));
        assert_memory_equal(back.s, texts[i], back.len);
        buf_close(&b);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dividers_marks_and_line_ends_are_found),
        TEST(quoted_cells_keep_line_breaks_and_lines_are_counted),
        TEST(what_is_no_text_is_refused_with_its_place),
        TEST(cells_columns_and_rows_are_bounded),
        TEST(written_cells_are_no_formulas_and_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
