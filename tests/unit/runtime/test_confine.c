/* The locks of the process: a child shuts itself in and then tries what an attacker would. Where the kernel has no such
 * lock the test says so and is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/confine.h"
#include "runtime/log.h"

static char top[] = "/tmp/khung-confine-XXXXXX", data[64], plugins[64], other[64];

enum { FINE = 0, WRONG_START = 99, KILLED = 1000 };

/* Runs `attempt` in a child that has confined itself: its errno, 0 when it got through, KILLED + the signal. */
static int confined(int (*attempt)(void), enum confine_mode mode)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        const char *read[] = {plugins};
        struct confine_options o = {.mode = mode, .data_dir = data, .read = read, .nread = 1};
        struct confine c;
        struct err err = {0};
        log_init(LOG_ERROR + 1, false);
        if (confine_start(&o, &c, &err) != 0) _exit(WRONG_START);
        _exit(attempt());
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool has(bool landlock)
{
    struct confine c;
    struct err err = {0};
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_options o = {.mode = CONFINE_AUTO, .data_dir = data};
        log_init(LOG_ERROR + 1, false);
        _exit(confine_start(&o, &c, &err) == 0 && (landlock ? c.landlock > 0 : c.seccomp) ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    print_message("skipped: this kernel refuses %s\n", landlock ? "Landlock" : "seccomp filters");
    return false;
}

static int answer(long rc)
{
    return rc >= 0 ? FINE : errno;
}

static int open_in(const char *dir, const char *name, int flags)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return answer(open(path, flags | O_CLOEXEC, 0600));
}

static int read_shadow(void)
{
    return open_in("/etc", "shadow", O_RDONLY);
}

static int read_environment_of_init(void)
{
    return open_in("/proc/1", "environ", O_RDONLY);
}

static int read_other(void)
{
    return open_in(other, "file", O_RDONLY);
}

static int write_other(void)
{
    return open_in(other, "new", O_WRONLY | O_CREAT);
}

static int write_plugin(void)
{
    return open_in(plugins, "init.lua", O_WRONLY);
}

static int link_other_into_data(void)
{
    char from[128], to[128];
    snprintf(from, sizeof(from), "%s/file", other);
    snprintf(to, sizeof(to), "%s/stolen", data);
    return answer(rename(from, to));
}

static int read_plugin(void)
{
    return open_in(plugins, "init.lua", O_RDONLY);
}

static int write_data(void)
{
    return open_in(data, "new", O_RDWR | O_CREAT);
}

static int read_zone(void)
{
    return open_in("/usr/share/zoneinfo", "UTC", O_RDONLY);
}

static void test_files_outside_are_shut(void **state)
{
    (void)state;
    if (!has(true)) skip();
    assert_int_equal(confined(read_shadow, CONFINE_ON), EACCES);
    assert_int_equal(confined(read_environment_of_init, CONFINE_ON), EACCES);
    assert_int_equal(confined(read_other, CONFINE_ON), EACCES);
    assert_int_equal(confined(write_other, CONFINE_ON), EACCES);
    assert_int_equal(confined(write_plugin, CONFINE_ON), EACCES);
    int moved = confined(link_other_into_data, CONFINE_ON);
    assert_true(moved == EACCES || moved == EXDEV);
}

static void test_what_the_service_needs_stays_open(void **state)
{
    (void)state;
    assert_int_equal(confined(read_plugin, CONFINE_AUTO), FINE);
    assert_int_equal(confined(write_data, CONFINE_AUTO), FINE);
    assert_int_equal(confined(read_zone, CONFINE_AUTO), FINE);
}

static void test_nothing_is_shut_when_it_is_off(void **state)
{
    (void)state;
    assert_int_equal(confined(write_other, CONFINE_OFF), FINE);
}

static int run_a_shell(void)
{
    return answer(execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL));
}

static int trace(void)
{
    return answer(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static void go_on(int signal)
{
    (void)signal;
}

static int take_the_handler_and_run(void)
{
    signal(SIGSYS, go_on);
    return run_a_shell();
}

static int block_the_signal_and_run(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    return run_a_shell();
}

static int read_memory_of_parent(void)
{
    return answer(syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL));
}

static void test_what_only_an_attacker_calls_ends_the_process(void **state)
{
    (void)state;
    if (!has(false)) skip();
    assert_int_equal(confined(run_a_shell, CONFINE_ON), KILLED + SIGSYS);
    assert_int_equal(confined(trace, CONFINE_ON), KILLED + SIGSYS);
    assert_int_equal(confined(take_the_handler_and_run, CONFINE_ON), KILLED + SIGSYS);
    assert_int_equal(confined(block_the_signal_and_run, CONFINE_ON), KILLED + SIGSYS);
    assert_int_equal(confined(read_memory_of_parent, CONFINE_ON), KILLED + SIGSYS);
}

static void test_the_log_says_which_call_ended_it(void **state)
{
    char line[256] = "";
    int pipes[2], old = dup(STDERR_FILENO);
    (void)state;
    if (!has(false)) skip();
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    int how = confined(run_a_shell, CONFINE_ON);
    dup2(old, STDERR_FILENO);
    close(old);
    close(pipes[1]);
    assert_int_equal(how, KILLED + SIGSYS);
    assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
    close(pipes[0]);
    assert_non_null(strstr(line, " error confine.refused call=execve\n"));
}

static int raw_socket(void)
{
    return answer(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

static int packet_socket(void)
{
    return answer(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static int local_socket(void)
{
    return answer(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int ring(void)
{
    return answer(syscall(SYS_io_uring_setup, 1U, NULL));
}

static int child_process(void)
{
    return answer(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int writable_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : FINE;
}

static int anonymous_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : FINE;
}

static int memory_to_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? WRONG_START : answer(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int kill_parent(void)
{
    return answer(kill(getppid(), 0));
}

static int file_in_memory(void)
{
    return answer(memfd_create("x", 0));
}

static int signal_with_high_bits(void)
{
    char action[64] = {0};
    return answer(syscall(SYS_rt_sigaction, (1ULL << 32) | SIGSYS, action, NULL, 8UL));
}

static void test_other_calls_do_not_exist(void **state)
{
    (void)state;
    if (!has(false)) skip();
    assert_int_equal(confined(raw_socket, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(packet_socket, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(local_socket, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(ring, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(child_process, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(writable_code, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(anonymous_code, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(memory_to_code, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(kill_parent, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(file_in_memory, CONFINE_ON), ENOSYS);
    assert_int_equal(confined(signal_with_high_bits, CONFINE_ON), ENOSYS);
}

static int bind_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? WRONG_START : answer(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static void test_no_further_port_is_opened(void **state)
{
    struct confine c;
    struct err err = {0};
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_options o = {.mode = CONFINE_AUTO, .data_dir = data};
        log_init(LOG_ERROR + 1, false);
        _exit(confine_start(&o, &c, &err) == 0 ? c.landlock : 0);
    }
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) < 4) {
        print_message("skipped: Landlock's level is %d, 4 is needed\n", WEXITSTATUS(status));
        skip();
    }
    assert_int_equal(confined(bind_port, CONFINE_ON), EACCES);
}

static void *think(void *arg)
{
    pthread_setname_np(pthread_self(), "lane");
    *(int *)arg = open_in("/etc", "shadow", O_RDONLY);
    return NULL;
}

static int threads_and_names(void)
{
    struct addrinfo *found = NULL;
    pthread_t t;
    int got = -1;
    if (pthread_create(&t, NULL, think, &got) != 0) return 1;
    pthread_join(t, NULL);
    if (got != EACCES && got != ENOENT) return 2;
    if (getaddrinfo("localhost", "80", NULL, &found) != 0) return 3;
    freeaddrinfo(found);
    char *block = malloc(64 << 20);
    if (!block) return 4;
    memset(block, 1, 64 << 20);
    free(block);
    return FINE;
}

static void test_threads_names_and_memory_work_and_are_shut_in_as_well(void **state)
{
    (void)state;
    if (!has(true)) skip();
    assert_int_equal(confined(threads_and_names, CONFINE_ON), FINE);
}

static int look(void)
{
    struct confine c = {.started = true, .mode = CONFINE_AUTO, .landlock = 1};
    struct confine_part parts[CONFINE_PARTS];
    confine_look(&c, parts);
    int bits = 0;
    for (int i = 1; i < CONFINE_PARTS; i++) /* without the user */
        bits |= parts[i].ok << i;
    return bits;
}

static void test_looking_tells_the_truth(void **state)
{
    (void)state;
    if (!has(true) || !has(false)) skip();
    int free_now = look(); /* this process: only the files of names can be read */
    assert_int_equal(free_now & 0x1e, 0);
    assert_int_equal(free_now & 0x40, 0x40);
    assert_int_equal(confined(look, CONFINE_ON) | 0x10, 0x7e); /* listening: later kernels only */
    assert_int_equal(confined(look, CONFINE_OFF) & 0x1e, 0);
}

/* 0, or the code of the refusal; in a child. */
static int become(const char *user, const char *dir, bool *dropped)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct err err = {0};
        log_init(LOG_ERROR + 1, false);
        int rc = confine_user(user, dir, &err);
        if (rc == 0 && geteuid() != 0 && open_in(dir, "new", O_RDWR | O_CREAT) != FINE) _exit(WRONG_START);
        _exit(rc ? -rc : geteuid() != 0 ? 50 : 0);
    }
    waitpid(pid, &status, 0);
    *dropped = WEXITSTATUS(status) == 50;
    return *dropped ? 0 : -WEXITSTATUS(status);
}

static void test_root_becomes_the_user_of_the_settings(void **state)
{
    char dir[128];
    bool dropped;
    (void)state;
    assert_int_equal(become("", data, &dropped), 0);
    assert_false(dropped);
    assert_int_equal(become("nobody-of-that-name", data, &dropped), ERR_NOT_FOUND);
    if (geteuid() != 0) {
        print_message("skipped: only root can become somebody else\n");
        skip();
    }
    assert_int_equal(become("root", data, &dropped), ERR_INVALID);
    assert_int_equal(become("nobody", data, &dropped), ERR_DENIED); /* it is root's */
    assert_int_equal(chmod(top, 0755), 0);
    snprintf(dir, sizeof(dir), "%s/theirs", top);
    assert_int_equal(become("nobody", dir, &dropped), 0);
    assert_true(dropped);
    assert_int_equal(become("nobody", dir, &dropped), 0);
}

static int make_folders(void **state)
{
    char path[128];
    (void)state;
    if (!mkdtemp(top)) return -1;
    snprintf(data, sizeof(data), "%s/data", top);
    snprintf(plugins, sizeof(plugins), "%s/plugins", top);
    snprintf(other, sizeof(other), "%s/other", top);
    mkdir(data, 0700);
    mkdir(plugins, 0700);
    mkdir(other, 0700);
    snprintf(path, sizeof(path), "%s/init.lua", plugins);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    snprintf(path, sizeof(path), "%s/file", other);
    return close(open(path, O_WRONLY | O_CREAT, 0600));
}

static int remove_folders(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", top);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_outside_are_shut),
        cmocka_unit_test(test_what_the_service_needs_stays_open),
        cmocka_unit_test(test_nothing_is_shut_when_it_is_off),
        cmocka_unit_test(test_what_only_an_attacker_calls_ends_the_process),
        cmocka_unit_test(test_the_log_says_which_call_ended_it),
        cmocka_unit_test(test_other_calls_do_not_exist),
        cmocka_unit_test(test_no_further_port_is_opened),
        cmocka_unit_test(test_threads_names_and_memory_work_and_are_shut_in_as_well),
        cmocka_unit_test(test_looking_tells_the_truth),
        cmocka_unit_test(test_root_becomes_the_user_of_the_settings),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
