/* Crash points: the process dies at the wanted passing of the wanted point, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "runtime/crash.h"

/* How many of the points, in their order and closed by NULL, a child passed until it died there; 0: it lived. */
static int died_along(const char *wanted, const char *const *points)
{
    int pipes[2], status, seen = 0;
    struct err err;
    char c;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("KHUNG_CRASH_AT", wanted, 1);
        if (crash_init(&err)) _exit(2);
        for (; *points; points++) {
            if (write(pipes[1], "x", 1) != 1) _exit(1);
            crash_point(*points);
        }
        _exit(0);
    }
    close(pipes[1]);
    waitpid(pid, &status, 0);
    while (read(pipes[0], &c, 1) == 1)
        seen++;
    close(pipes[0]);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return seen;
    assert_int_equal(WEXITSTATUS(status), 0);
    return 0;
}

/* The same of one point that is passed so often. */
static int died_at(const char *wanted, const char *point, int passings)
{
    const char *points[8] = {0};
    assert_true(passings < 8);
    for (int i = 0; i < passings; i++)
        points[i] = point;
    return died_along(wanted, points);
}

static void test_the_process_dies_at_the_wanted_passing(void **state)
{
    (void)state;
    assert_int_equal(died_at("lane.before_commit:3", "lane.before_commit", 5), 3);
    assert_int_equal(died_at("lane.before_commit", "lane.before_commit", 5), 1);
}

static void test_other_points_are_passed(void **state)
{
    (void)state;
    assert_int_equal(died_at("lane.before_commit:1", "lane.after_commit", 5), 0);
    assert_int_equal(died_at("lane.before_commit:6", "lane.before_commit", 5), 0);
}

static void test_a_way_is_gone_step_by_step(void **state)
{
    static const char *const points[] = {
        "lane.before_commit", "lane.after_commit",  "flow.before_step", "lane.before_commit", "lane.after_commit",
        "lane.before_done",   "lane.before_commit", "flow.before_step", "lane.before_commit", NULL};
    (void)state;
    assert_int_equal(died_along("lane.before_commit", points), 1);
    assert_int_equal(died_along("flow.before_step>lane.before_commit", points), 4);
    assert_int_equal(died_along("flow.before_step>lane.after_commit", points), 5);
    assert_int_equal(died_along("flow.before_step:1>lane.before_commit:2", points), 7);
    assert_int_equal(died_along("flow.before_step:2>lane.before_commit", points), 9);
    assert_int_equal(died_along("flow.before_step:2>lane.after_commit", points), 0);
    assert_int_equal(died_along("flow.before_step:3>lane.before_commit", points), 0);
    assert_int_equal(died_along("lane.before_commit>lane.before_commit", points), 4);
    assert_int_equal(died_along("lane.before_done>lane.before_commit>flow.before_step", points), 8);
    assert_int_equal(died_along("lane.before_done>flow.before_step>lane.before_commit>lane.after_commit", points), 0);
}

static void test_what_is_no_way_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        ">",
        "lane.before:1",
        "lane.before_commit:",
        "lane.before_commit:0",
        "lane.before_commit:-1",
        "lane.before_commit:1x",
        "lane.before_commit:99999999999999999999",
        "lane.before_commit ",
        "lane.before_commit>",
        ">lane.before_commit",
        "lane.before_commit>>lane.after_commit",
        "lane.before_commit>nothing",
        "lane.before_commit>lane.after_commit>flow.after_step>flow.before_step>turn.given",
        NULL};
    (void)state;
    for (const char *const *text = texts; *text; text++) {
        struct err err;
        err_clear(&err);
        setenv("KHUNG_CRASH_AT", *text, 1);
        if (crash_init(&err) != ERR_INVALID) fail_msg("\"%s\" is taken", *text);
        assert_string_equal(err.key, "runtime.crash_at");
        crash_point("lane.before_commit"); /* and nothing is armed */
    }
    unsetenv("KHUNG_CRASH_AT");
}

enum { THREADS = 4, PASSINGS = 5000 };

static void *pass_both(void *arg)
{
    for (int i = 0; i < PASSINGS; i++) {
        crash_point("lane.before_slice");
        crash_point("lane.after_slice");
    }
    return arg;
}

/* However threads come between each other: each passing counts once. */
static void test_threads_pass_the_first_together(void **state)
{
    static const struct {
        const char *way;
        bool dies;
    } ways[] = {{"lane.before_slice:20000>lane.after_slice:1", true},
                {"lane.before_slice:20001>lane.after_slice:1", false},
                {"lane.before_slice:10000>lane.after_slice:1000", true},
                {"lane.before_slice:1>lane.after_slice:20001", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t threads[THREADS];
            struct err err;
            setenv("KHUNG_CRASH_AT", ways[i].way, 1);
            if (crash_init(&err)) _exit(2);
            for (int n = 0; n < THREADS; n++)
                if (pthread_create(&threads[n], NULL, pass_both, NULL)) _exit(3);
            for (int n = 0; n < THREADS; n++)
                pthread_join(threads[n], NULL);
            _exit(0);
        }
        waitpid(pid, &status, 0);
        if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) != ways[i].dies) fail_msg("%s", ways[i].way);
        if (!ways[i].dies) assert_int_equal(status, 0);
    }
}

static void test_each_name_stands_once_in_the_list(void **state)
{
    const char *const *names = crash_names();
    (void)state;
    assert_non_null(names[0]);
    for (int i = 0; names[i]; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_process_dies_at_the_wanted_passing),
        cmocka_unit_test(test_other_points_are_passed),
        cmocka_unit_test(test_a_way_is_gone_step_by_step),
        cmocka_unit_test(test_what_is_no_way_is_refused),
        cmocka_unit_test(test_threads_pass_the_first_together),
        cmocka_unit_test(test_each_name_stands_once_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
