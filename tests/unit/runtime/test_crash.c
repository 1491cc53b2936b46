/* Crash points: the process dies at the wanted passing of the wanted point, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/crash.h"

/* The passing at which a child died, or 0: it lived. */
static int died_at(const char *wanted, const char *point, int passings)
{
    int pipes[2], status, seen = 0;
    char c;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("KHUNG_CRASH_AT", wanted, 1);
        crash_init();
        for (int i = 0; i < passings; i++) {
            if (write(pipes[1], "x", 1) != 1) _exit(1);
            crash_point(point);
        }
        _exit(0);
    }
    close(pipes[1]);
    waitpid(pid, &status, 0);
    while (read(pipes[0], &c, 1) == 1)
        seen++;
    close(pipes[0]);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? seen : 0;
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
    assert_int_equal(died_at("lane.before:1", "lane.before_commit", 5), 0);
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
        cmocka_unit_test(test_each_name_stands_once_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
