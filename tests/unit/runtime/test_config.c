/* Settings: order of sources, checks, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/config.h"

static char path[] = "/tmp/khung-config-XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int read_text(const char *text, struct err *err)
{
    struct config *c = config_new();
    err_clear(err);
    write_file(text);
    int rc = config_read_file(c, path, err);
    config_free(c);
    return rc;
}

static void test_every_key_has_a_document_and_a_valid_default(void **state)
{
    struct config *c = config_new();
    (void)state;
    for (const struct config_key *k = config_keys; k->name; k++) {
        struct err err = {0};
        assert_true(strlen(k->doc) > 10);
        assert_int_equal(config_set(c, k->name, k->otherwise, "default", &err), 0);
    }
    config_free(c);
}

static void test_the_environment_wins_over_the_file_and_flags_over_both(void **state)
{
    struct config *c = config_new();
    struct err err = {0};
    (void)state;
    write_file("# settings\n\n  batch_ms = 7   # short\nreaders=3\nlog = json\n");
    assert_int_equal(config_read_file(c, path, &err), 0);
    assert_int_equal(config_int(c, "batch_ms"), 7);
    assert_string_equal(config_text(c, "log"), "json");
    setenv("KHUNG_BATCH_MS", "8", 1);
    assert_int_equal(config_read_env(c, &err), 0);
    unsetenv("KHUNG_BATCH_MS");
    assert_int_equal(config_int(c, "batch_ms"), 8);
    assert_int_equal(config_set(c, "batch_ms", "9", "--batch-ms", &err), 0);
    assert_int_equal(config_int(c, "batch_ms"), 9);
    assert_int_equal(config_int(c, "readers"), 3);
    assert_int_equal(config_int(c, "cache_runs"), 250); /* its default */
    config_free(c);
}

static void test_an_unknown_key_names_file_line_and_the_nearest_key(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(read_text("readers = 2\n\nhttp_conections = 5\n", &err), ERR_INVALID);
    assert_string_equal(err.key, "config.key");
    assert_string_equal(err_arg(&err, "nearest"), "http_connections");
    assert_non_null(strstr(err.where, path));
    assert_non_null(strstr(err.where, ":3"));
    assert_int_equal(read_text("isten = 1\n", &err), ERR_INVALID);
    assert_string_equal(err_arg(&err, "nearest"), "listen");
}

static void test_a_bad_value_says_what_is_expected(void **state)
{
    static const char *const bad[][2] = {{"readers = 65", "0..64"},
                                         {"readers = -1", "0..64"},
                                         {"readers = 2x", "0..64"},
                                         {"readers =", "0..64"},
                                         {"readers = 99999999999999999999", "0..64"},
                                         {"log = xml", "human, json"},
                                         {"log_level = inf", "debug, info, warn, error"},
                                         {"lang =", "vi, en"}};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err;
        assert_int_equal(read_text(bad[i][0], &err), ERR_INVALID);
        assert_string_equal(err.key, "config.value");
        assert_string_equal(err_arg(&err, "expected"), bad[i][1]);
        assert_non_null(strstr(err.where, ":1"));
    }
}

static void test_a_bad_environment_variable_is_named(void **state)
{
    struct config *c = config_new();
    struct err err = {0};
    (void)state;
    setenv("KHUNG_READERS", "many", 1);
    assert_int_equal(config_read_env(c, &err), ERR_INVALID);
    unsetenv("KHUNG_READERS");
    assert_non_null(strstr(err.where, "KHUNG_READERS"));
    config_free(c);
}

static void test_a_line_without_a_sign_or_without_an_end_is_refused(void **state)
{
    struct err err;
    char *text = malloc(5000);
    (void)state;
    assert_int_equal(read_text("readers 3\n", &err), ERR_INVALID);
    assert_string_equal(err.key, "config.line");
    memset(text, 'a', 4999);
    memcpy(text, "static = ", 9);
    text[4999] = '\0';
    assert_int_equal(read_text(text, &err), ERR_INVALID);
    assert_string_equal(err.key, "config.line");
    free(text);
}

static void test_a_missing_file_is_an_error_that_names_it(void **state)
{
    struct config *c = config_new();
    struct err err = {0};
    (void)state;
    assert_int_equal(config_read_file(c, "/nowhere/khung.conf", &err), ERR_IO);
    assert_string_equal(err_arg(&err, "file"), "/nowhere/khung.conf");
    config_free(c);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_has_a_document_and_a_valid_default),
        cmocka_unit_test(test_the_environment_wins_over_the_file_and_flags_over_both),
        cmocka_unit_test(test_an_unknown_key_names_file_line_and_the_nearest_key),
        cmocka_unit_test(test_a_bad_value_says_what_is_expected),
        cmocka_unit_test(test_a_bad_environment_variable_is_named),
        cmocka_unit_test(test_a_line_without_a_sign_or_without_an_end_is_refused),
        cmocka_unit_test(test_a_missing_file_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
