/* The unified difference of texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diff.h"

static char *diff(const char *a, const char *b)
{
    struct buf out;
    struct diff_text old = {"a", a, a ? strlen(a) : 0}, new = {"b", b, b ? strlen(b) : 0};
    size_t n;
    buf_init(&out, 1 << 20);
    buf_add_str(&out, "");
    diff_unified(&out, &old, &new);
    char *text = buf_take(&out, &n);
    return text ? text : strdup("");
}

static void assert_diff(const char *a, const char *b, const char *expected)
{
    char *text = diff(a, b);
    assert_string_equal(text, expected);
    free(text);
}

static void equal_texts_have_none(void **state)
{
    (void)state;
    assert_diff("", "", "");
    assert_diff("a\nb\n", "a\nb\n", "");
}

static void one_changed_line_is_shown_with_three_around_it(void **state)
{
    (void)state;
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
                "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void changes_that_are_far_apart_are_two_hunks(void **state)
{
    (void)state;
    assert_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
                "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void a_new_and_a_removed_file(void **state)
{
    (void)state;
    assert_diff(NULL, "x\ny\n", "--- /dev/null\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
    assert_diff("x\n", NULL, "--- a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n");
}

/* What patch(1) makes of the old text and the difference is the new text. */
static void patch_takes_what_is_written(void **state)
{
    char dir[] = "/tmp/khung_diff_XXXXXX", path[80], command[400];
    (void)state;
    assert_non_null(mkdtemp(dir));
    if (access("/usr/bin/patch", X_OK) != 0) skip();
    srand(7);
    for (int round = 0; round < 60; round++) {
        char a[4000] = "", b[4000] = "";
        for (int i = 0; i < 60; i++) {
            int r = rand() % 12;
            char line[40];
            snprintf(line, sizeof(line), "line %d\n", rand() % 5);
            if (r != 0) strcat(a, line);
            if (r == 1) snprintf(line, sizeof(line), "other %d\n", i);
            if (r != 2) strcat(b, line);
        }
        char *text = diff(a, b);
        const char *const texts[] = {a, b, text};
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof(path), "%s/%d", dir, i);
            FILE *f = fopen(path, "w");
            fputs(texts[i], f);
            fclose(f);
        }
        free(text);
        snprintf(command, sizeof(command), "cd %s && patch -s 0 < 2 && cmp 0 1 && rm -f 0 1 2 0.orig", dir);
        FILE *p = strcmp(a, b) == 0 ? NULL : popen(command, "r");
        if (p) assert_int_equal(pclose(p), 0);
    }
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_none),
        cmocka_unit_test(one_changed_line_is_shown_with_three_around_it),
        cmocka_unit_test(changes_that_are_far_apart_are_two_hunks),
        cmocka_unit_test(a_new_and_a_removed_file),
        cmocka_unit_test(patch_takes_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
