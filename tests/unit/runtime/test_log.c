/* Lines of the log: one write, escaped, whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "runtime/log.h"

static char text[64 << 10];

/* What `act` writes to stderr. */
static void capture(void (*act)(void))
{
    char path[] = "/tmp/khung-log-XXXXXX";
    int file = mkstemp(path), old = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    act();
    dup2(old, STDERR_FILENO);
    ssize_t n = pread(file, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(old);
    close(file);
    unlink(path);
}

static void log_odd_values(void)
{
    log_info("test.odd", "plain", "a", "blank", "a b", "broken", "x\ny\"z", NULL);
}

static void test_values_cannot_make_lines_of_their_own(void **state)
{
    (void)state;
    log_init(LOG_INFO, false);
    capture(log_odd_values);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_non_null(strstr(text, "test.odd plain=a blank=\"a b\" broken=\"x\\ny\\\"z\""));
}

static struct val parse_line(struct arena *a)
{
    struct val v;
    struct err err;
    assert_int_equal(json_parse(text, strlen(text), a, &v, &err), 0);
    return v;
}

static void test_a_json_line_is_json_and_bears_the_request(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    log_init(LOG_INFO, true);
    log_set_request("r-17");
    capture(log_odd_values);
    log_set_request(NULL);
    struct val v = parse_line(&a);
    assert_string_equal(val_cstr(&a, val_get(&v, "request")), "r-17");
    assert_string_equal(val_cstr(&a, val_get(&v, "broken")), "x\ny\"z");
    arena_close(&a);
}

static void log_huge(void)
{
    static char huge[40000];
    memset(huge, 'x', sizeof(huge) - 1);
    log_info("test.huge", "before", "1", "huge", huge, "after", "2", NULL);
}

static void test_a_value_that_does_not_fit_is_left_out_whole(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    log_init(LOG_INFO, true);
    capture(log_huge);
    struct val v = parse_line(&a);
    assert_null(val_get(&v, "huge"));
    assert_string_equal(val_cstr(&a, val_get(&v, "before")), "1");
    assert_string_equal(val_cstr(&a, val_get(&v, "after")), "2");
    arena_close(&a);
}

static void log_below(void)
{
    log_debug("test.debug", NULL);
    log_info("test.info", NULL);
    log_warn("test.warn", NULL);
}

static void test_levels_below_the_least_are_silent(void **state)
{
    (void)state;
    log_init(LOG_WARN, false);
    capture(log_below);
    assert_null(strstr(text, "test.debug"));
    assert_null(strstr(text, "test.info"));
    assert_non_null(strstr(text, "warn  test.warn"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_cannot_make_lines_of_their_own),
        cmocka_unit_test(test_a_json_line_is_json_and_bears_the_request),
        cmocka_unit_test(test_a_value_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_levels_below_the_least_are_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
