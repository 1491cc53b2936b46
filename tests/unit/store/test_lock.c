/* The data directory belongs to one process. */
#include "fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* In another process: 0 locked, 1 refused with our number, 2 something else. */
static int try_elsewhere(const char *dir, pid_t holder)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct store_lock *l;
        struct err err = {0};
        int rc = store_lock_dir(dir, &l, &err);
        if (rc == 0) _exit(0);
        bool told = rc == ERR_CONFLICT && strcmp(err.key, "data.locked") == 0 &&
                    strtol(err_arg(&err, "pid"), NULL, 10) == holder && strcmp(err_arg(&err, "dir"), dir) == 0;
        _exit(told ? 1 : 2);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

static void remove_dir(const char *dir)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/lock", dir);
    unlink(path);
    rmdir(dir);
}

static void a_second_process_is_refused_and_told_whose_it_is(void **state)
{
    char dir[] = "/tmp/khung-lock-XXXXXX";
    struct store_lock *l;
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(store_lock_dir(dir, &l, &err), 0);
    assert_int_equal(try_elsewhere(dir, getpid()), 1);
    store_unlock_dir(l);
    assert_int_equal(try_elsewhere(dir, getpid()), 0);
    remove_dir(dir);
}

static void the_lock_of_a_killed_process_is_free(void **state)
{
    char dir[] = "/tmp/khung-lock-XXXXXX", ready;
    int pipes[2];
    struct store_lock *l;
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (store_lock_dir(dir, &l, &err) == 0 && write(pipes[1], "x", 1) == 1) pause();
        _exit(1);
    }
    assert_int_equal(read(pipes[0], &ready, 1), 1);
    assert_int_equal(store_lock_dir(dir, &l, &err), ERR_CONFLICT);
    assert_int_equal(strtol(err_arg(&err, "pid"), NULL, 10), pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(store_lock_dir(dir, &l, &err), 0);
    store_unlock_dir(l);
    close(pipes[0]);
    close(pipes[1]);
    remove_dir(dir);
}

static void a_missing_directory_is_made_for_its_owner_alone(void **state)
{
    char dir[] = "/tmp/khung-lock-XXXXXX", below[80];
    struct stat st;
    struct store_lock *l;
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(below, sizeof(below), "%s/data", dir);
    assert_int_equal(store_lock_dir(below, &l, &err), 0);
    assert_int_equal(stat(below, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    store_unlock_dir(l);
    remove_dir(below);
    snprintf(below, sizeof(below), "%s/no/such", dir);
    assert_int_equal(store_lock_dir(below, &l, &err), ERR_IO);
    assert_string_equal(err.key, "data.dir");
    assert_true(strlen(err_arg(&err, "detail")) > 0);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_process_is_refused_and_told_whose_it_is),
        cmocka_unit_test(the_lock_of_a_killed_process_is_free),
        cmocka_unit_test(a_missing_directory_is_made_for_its_owner_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
