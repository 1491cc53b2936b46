/* Very many connections. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define HOST "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

static char out[1 << 20];

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static size_t resident_kib(void)
{
    char text[2000] = "";
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *rss = strstr(text, "VmRSS:");
    return rss ? strtoul(rss + 6, NULL, 10) : 0;
}

enum { CROWD = 10000 };

static void raise_files(void)
{
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
}

/* In a process of its own, since both ends together are too many files for one: connects when it is told the port, says
 * "y" when every connection has been answered, and holds them until the pipe closes. */
static void hold_crowd(int in, int outward)
{
    static int fds[CROWD];
    struct fixture f = {0};
    char c;
    raise_files();
    if (read(in, &f.port, sizeof(f.port)) != sizeof(f.port)) _exit(1);
    for (int i = 0; i < CROWD; i++) {
        char answer[600];
        answer[0] = '\0';
        fds[i] = dial(&f);
        say(fds[i], GET("/head"));
        if (i % 10 == 0) say(fds[i], "GET /"); /* and these are in the middle of a head */
        if (!hear(fds[i], answer, sizeof(answer), "local=0")) _exit(1);
    }
    if (write(outward, "y", 1) != 1 || read(in, &c, 1) != 0) _exit(1);
    _exit(0);
}

static void test_ten_thousand_connections_are_held_while_others_are_served(void **state)
{
    struct fixture *f = *state;
    int to[2], from[2];
    char c = 0;
    assert_int_equal(pipe(to) | pipe(from), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(to[1]);
        hold_crowd(to[0], from[1]);
    }
    raise_files();
    open_server(f);
    size_t before = resident_kib();
    assert_int_equal(write(to[1], &f->port, sizeof(f->port)), sizeof(f->port));
    assert_int_equal(read(from[0], &c, 1), 1);
    size_t grown = resident_kib() - before;
    print_message("%d connections: %zu KiB\n", CROWD, grown);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(grown < 24 << 10);
#endif
    int64_t start = now_ms();
    for (int i = 0; i < 100; i++) {
        assert_true(ask(f, LAST("/echo"), out, sizeof(out)));
        assert_int_equal(status_of(out), 200);
    }
    assert_true(now_ms() - start < 3000);
    close(to[1]);
    waitpid(pid, NULL, 0);
    close_server(f);
    for (int i = 0; i < 3; i++)
        close((int[]){to[0], from[0], from[1]}[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ten_thousand_connections_are_held_while_others_are_served, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
