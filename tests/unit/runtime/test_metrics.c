/* The text format of metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "runtime/metrics.h"

static void a_family_is_its_help_its_type_and_its_samples(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    metrics_family(&b, "khung_runs", METRICS_GAUGE, "Runs.");
    metrics_int(&b, "khung_runs", 7, "state", "failed", "plugin", "p", NULL);
    metrics_family(&b, "khung_x_total", METRICS_COUNTER, "X.");
    metrics_int(&b, "khung_x_total", INT64_MAX, NULL);
    assert_string_equal(b.data, "# HELP khung_runs Runs.\n# TYPE khung_runs gauge\n"
                                "khung_runs{state=\"failed\",plugin=\"p\"} 7\n"
                                "# HELP khung_x_total X.\n# TYPE khung_x_total counter\n"
                                "khung_x_total 9223372036854775807\n");
    buf_close(&b);
}

static void what_would_end_a_label_is_escaped(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    metrics_int(&b, "x", -1, "plugin", "a\"b\\c\nd} 9\n", NULL);
    assert_string_equal(b.data, "x{plugin=\"a\\\"b\\\\c\\nd} 9\\n\"} -1\n");
    buf_close(&b);
}

static void times_are_seconds(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    metrics_seconds(&b, "x", 1500000001);
    metrics_seconds(&b, "x", 0);
    assert_string_equal(b.data, "x 1.500000001\nx 0.000000000\n");
    buf_close(&b);
}

static void the_process_knows_its_memory_and_does_without(void **state)
{
    struct process p;
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    process_open(&p);
    process_metrics(&p, &b);
    assert_non_null(strstr(b.data, "\nprocess_resident_memory_bytes "));
    assert_non_null(strstr(b.data, "\nprocess_start_time_seconds 1"));
    process_close(&p);
    buf_clear(&b);
    process_metrics(&p, &b);
    assert_null(strstr(b.data, "memory"));
    assert_non_null(strstr(b.data, "\nprocess_cpu_seconds_total "));
    buf_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_its_help_its_type_and_its_samples),
        cmocka_unit_test(what_would_end_a_label_is_escaped),
        cmocka_unit_test(times_are_seconds),
        cmocka_unit_test(the_process_knows_its_memory_and_does_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
