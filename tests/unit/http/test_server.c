/* Connections: order, deadlines, limits, late replies, streams, the stop. */
#include "fixture.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#define HOST "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

static char out[12 << 20];

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void await(_Atomic int *what, int n)
{
    for (int i = 0; i < 5000 && atomic_load(what) < n; i++)
        usleep(1000);
    assert_true(atomic_load(what) >= n);
}

static void test_pipelined_requests_are_answered_in_order_though_the_first_is_late(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    int slow = dial(f), other = dial(f);
    say(slow, GET("/hold") "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\ntwo" LAST("/none"));
    await(&f->handled, 1);
    say(other, GET("/release"));
    assert_true(hear_end(slow, out, sizeof(out), 5000));
    const char *first = strstr(out, "\r\n\r\nheld"), *second = strstr(out, "\r\n\r\ntwo"),
               *third = strstr(out, "404 Not");
    assert_true(first && second && third && first < second && second < third);
    assert_int_equal(count_of(out, "X-Request-Id: "), 3);
    close(slow);
    close(other);
    close_server(f);
}

struct writer {
    int fd;
    const char *text;
};

static void *write_all(void *arg)
{
    struct writer *w = arg;
    say(w->fd, w->text);
    return NULL;
}

static void test_thousands_of_pipelined_requests_are_answered_each(void **state)
{
    struct fixture *f = *state;
    enum { N = 5000 };
    char *text = malloc(N * 60 + 200);
    size_t at = 0;
    pthread_t thread;
    open_server(f);
    for (int i = 0; i < N; i++)
        at += (size_t)snprintf(text + at, 60, "GET /head?%d HTTP/1.1\r\n" HOST "\r\n", i);
    memcpy(text + at, LAST("/none"), sizeof(LAST("/none")));
    struct writer w = {dial(f), text};
    assert_int_equal(pthread_create(&thread, NULL, write_all, &w), 0);
    assert_true(hear_end(w.fd, out, sizeof(out), 5000));
    pthread_join(thread, NULL);
    assert_int_equal(count_of(out, "X-Request-Id: "), N + 1);
    assert_non_null(strstr(out, "/head?4999 "));
    free(text);
    close(w.fd);
    close_server(f);
}

static void test_a_late_reply_to_a_client_that_has_left_is_dropped(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    for (int i = 0; i < 20; i++) {
        int fd = dial(f);
        struct linger reset = {.l_onoff = 1};
        say(fd, GET("/hold"));
        await(&f->handled, i + 1);
        if (i % 2) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    assert_true(ask(f, LAST("/release"), out, sizeof(out)));
    assert_int_equal(status_of(out), 200);
    assert_true(ask(f, LAST("/head"), out, sizeof(out)));
    assert_int_equal(status_of(out), 200);
    close_server(f);
}

static void test_a_request_id_is_taken_over_if_it_is_sane(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(
        ask(f, "GET /head HTTP/1.1\r\n" HOST "X-Request-Id: abc-1.2\r\nConnection: close\r\n\r\n", out, sizeof(out)));
    assert_non_null(strstr(out, "\r\nX-Request-Id: abc-1.2\r\n"));
    assert_true(
        ask(f, "GET /head HTTP/1.1\r\n" HOST "X-Request-Id: a b<>\r\nConnection: close\r\n\r\n", out, sizeof(out)));
    assert_null(strstr(out, "a b<>"));
    assert_non_null(strstr(out, "\r\nX-Request-Id: "));
    close_server(f);
}

static void test_head_has_the_length_but_no_body(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(ask(f, "HEAD /big HTTP/1.1\r\n" HOST "\r\n" LAST("/echo"), out, sizeof(out)));
    assert_non_null(strstr(out, "Content-Length: 8388608\r\n"));
    assert_int_equal(count_of(out, "HTTP/1.1 200 OK"), 2);
    assert_null(strstr(out, "bbbb"));
    close_server(f);
}

static void test_http_1_0_is_closed_or_kept_as_asked(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(
        ask(f, "GET /head HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /head HTTP/1.0\r\n\r\n", out, sizeof(out)));
    assert_int_equal(count_of(out, "HTTP/1.1 200 OK"), 2);
    assert_int_equal(count_of(out, "Connection: keep-alive"), 1);
    assert_int_equal(count_of(out, "Connection: close"), 1);
    close_server(f);
}

static void test_a_body_is_asked_for_by_100_continue(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    int fd = dial(f);
    out[0] = '\0';
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
    assert_true(hear(fd, out, sizeof(out), "HTTP/1.1 100 Continue\r\n\r\n"));
    say(fd, "hi");
    assert_true(hear(fd, out, sizeof(out), "\r\n\r\nhi"));
    close(fd);
    close_server(f);
}

static void test_a_refusal_arrives_though_the_client_is_still_sending(void **state)
{
    struct fixture *f = *state;
    char block[10000];
    memset(block, 'x', sizeof(block));
    open_server(f);
    for (int i = 0; i < 5; i++) {
        int fd = dial(f);
        say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n");
        for (int k = 0; k < 100; k++)
            say_bytes(fd, block, sizeof(block));
        assert_true(hear_end(fd, out, sizeof(out), 5000));
        assert_int_equal(status_of(out), 413);
        close(fd);
    }
    close_server(f);
}

static void short_deadlines(struct fixture *f)
{
    f->limits.header_ms = 400;
    f->limits.idle_ms = 500;
    f->limits.stall_ms = 600;
}

static void test_slow_heads_and_silent_connections_are_closed_in_time(void **state)
{
    struct fixture *f = *state;
    short_deadlines(f);
    open_server(f);
    int silent = dial(f), slow = dial(f), blank = dial(f), kept = dial(f);
    int64_t start = now_ms();
    bool is_open = true;
    say(kept, GET("/head"));
    for (int i = 0; i < 30 && is_open; i++) { /* one letter each 50 ms never ends by itself */
        struct pollfd p = {.fd = slow, .events = POLLIN};
        say(slow, i ? "a" : "GET /");
        say(blank, "\r\n");
        is_open = poll(&p, 1, 50) == 0;
    }
    assert_true(now_ms() - start < 1200);
    assert_true(hear_end(slow, out, sizeof(out), 3000));
    assert_int_equal(status_of(out), 408);
    assert_true(hear_end(silent, out, sizeof(out), 1500));
    assert_string_equal(out, "");
    assert_true(hear_end(blank, out, sizeof(out), 1500));
    assert_true(hear_end(kept, out, sizeof(out), 1500));
    assert_int_equal(status_of(out), 200);
    for (int i = 0; i < 4; i++)
        close((int[]){silent, slow, blank, kept}[i]);
    close_server(f);
}

static void test_a_slow_body_is_refused_after_its_grace(void **state)
{
    struct fixture *f = *state;
    f->limits.body_rate = 1000;
    open_server(f);
    int fd = dial(f), good = dial(f);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4000\r\n\r\n");
    say(good, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 14000\r\nConnection: close\r\n\r\n");
    int64_t start = now_ms();
    bool is_open = true;
    char block[200];
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 70; i++) { /* 10 bytes a second here, 2000 there */
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (is_open) say(fd, "x");
        say_bytes(good, block, sizeof(block));
        if (is_open && poll(&p, 1, 0) > 0) is_open = false;
        usleep(100000);
    }
    assert_false(is_open);
    assert_true(now_ms() - start < 9000);
    assert_true(hear_end(fd, out, sizeof(out), 3000));
    assert_int_equal(status_of(out), 408);
    assert_true(hear_end(good, out, sizeof(out), 3000));
    assert_int_equal(status_of(out), 200);
    close(fd);
    close(good);
    close_server(f);
}

static void test_a_client_that_takes_nothing_is_dropped(void **state)
{
    struct fixture *f = *state;
    short_deadlines(f);
    open_server(f);
    int lazy = dial(f), source = dial(f);
    say(lazy, GET("/big"));
    say(source, GET("/long"));
    usleep(1500000);
    assert_true(hear_end(lazy, out, sizeof(out), 3000));
    assert_true(strlen(out) < 8 << 20);
    assert_true(f->pieces < LONG_PIECES / 2); /* back pressure: the source was not emptied into memory */
    assert_true(hear_end(source, out, sizeof(out), 3000));
    close(lazy);
    close(source);
    close_server(f);
}

static void test_connections_in_all_and_of_one_address_are_limited(void **state)
{
    struct fixture *f = *state;
    int fds[20];
    f->limits.connections = 15;
    f->limits.per_address = 10;
    open_server(f);
    for (int i = 0; i < 12; i++)
        fds[i] = dial(f);
    for (int i = 10; i < 12; i++) {
        assert_true(hear_end(fds[i], out, sizeof(out), 5000));
        assert_int_equal(status_of(out), 503);
        const char *body = strstr(out, "\r\n\r\n") + 4, *length = strstr(out, "Content-Length: ");
        assert_int_equal(strlen(body), strtoul(length + 16, NULL, 10));
    }
    close(fds[0]);
    usleep(50000);
    assert_true(ask(f, LAST("/head"), out, sizeof(out))); /* a place was given back */
    assert_int_equal(status_of(out), 200);
    for (int i = 1; i < 12; i++)
        close(fds[i]);
    close_server(f);
}

static void test_what_all_requests_hold_together_is_limited(void **state)
{
    struct fixture *f = *state;
    enum { N = 40, SIZE = 200000, ROOM = (4 << 20) / SIZE };
    int fds[N];
    char *block = malloc(SIZE);
    int refused = 0, served = 0;
    memset(block, 'x', SIZE);
    f->limits.held_bytes = 4 << 20;
    open_server(f);
    for (int i = 0; i < N; i++) {
        fds[i] = dial(f);
        say(fds[i], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 200001\r\nConnection: close\r\n\r\n");
        say_bytes(fds[i], block, SIZE);
    }
    for (int tries = 0; tries < 500 && refused < N - ROOM; tries++) { /* nobody else can be done: a byte is missing */
        refused = 0;
        for (int i = 0; i < N; i++)
            refused += poll(&(struct pollfd){.fd = fds[i], .events = POLLIN}, 1, 0) > 0;
        usleep(10000);
    }
    assert_in_range(refused, N - ROOM, N - ROOM + 2);
    for (int i = 0; i < N; i++) {
        say(fds[i], "!");
        assert_true(hear_end(fds[i], out, sizeof(out), 5000));
        served += status_of(out) == 200;
        assert_true(status_of(out) == 200 || status_of(out) == 503);
        close(fds[i]);
    }
    assert_int_equal(served + refused, N);
    assert_true(ask(f, LAST("/head"), out, sizeof(out)));
    assert_int_equal(status_of(out), 200);
    free(block);
    close_server(f);
}

static void release(struct mail *m)
{
    struct fixture *f = ((struct order *)m)->f;
    for (int i = 0; i < f->nheld; i++)
        reply_text(f->held[i], 200, "held");
}

static void test_a_stop_finishes_what_is_handled_and_closes_the_rest(void **state)
{
    struct fixture *f = *state;
    struct order order = {.mail = {.deliver = on_stop}, .f = f};
    open_server(f);
    int held = dial(f), idle = dial(f), half = dial(f), gone = dial(f);
    say(held, GET("/hold"));
    say(gone, GET("/hold"));
    say(half, "GET /head HTTP/1.1\r\n");
    await(&f->handled, 2);
    close(gone);
    loop_post(f->loop, &order.mail);
    assert_true(hear_end(idle, out, sizeof(out), 3000));
    assert_true(hear_end(half, out, sizeof(out), 3000));
    assert_false(atomic_load(&f->stopped));
    struct order answer = {.mail = {.deliver = release}, .f = f}; /* as a job's that ends now */
    loop_post(f->loop, &answer.mail);
    assert_true(hear_end(held, out, sizeof(out), 3000));
    assert_non_null(strstr(out, "\r\n\r\nheld"));
    assert_non_null(strstr(out, "Connection: close"));
    loop_thread_join(f->thread);
    assert_true(atomic_load(&f->stopped));
    loop_free(f->loop);
    http_server_free(f->server);
    for (int i = 0; i < 3; i++)
        close((int[]){held, idle, half}[i]);
}

static void test_the_socket_of_the_machine_serves_and_is_private(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct stat st;
    char path[] = "/tmp/khung-http-XXXXXX";
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    close(mkstemp(path));
    f->limits.connections = 1; /* it does not count */
    assert_int_equal(loop_new(&f->loop, &err), 0);
    assert_int_equal(http_server_new(f->loop, &f->limits, handle, f, &f->server, &err), 0);
    int local;
    assert_int_equal(http_server_bind_unix(path, &local, &err), 0);
    assert_int_equal(http_server_listen_unix_on(f->server, local, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(loop_thread_start(f->loop, "http", NULL, NULL, NULL, &f->thread, &err), 0);
    memcpy(a.sun_path, path, sizeof(path));
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&a, sizeof(a)), 0);
        out[0] = '\0';
        say(fds[i], GET("/head"));
        assert_true(hear(fds[i], out, sizeof(out), "peer= local=1"));
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close_server(f);
    unlink(path);
}

static void test_an_address_that_is_taken_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct http_server *second;
    struct loop *loop;
    struct err err = {0};
    open_server(f);
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(http_server_new(loop, &f->limits, handle, f, &second, &err), 0);
    assert_int_equal(http_server_listen(second, "127.0.0.1", f->port, &err), ERR_IO);
    assert_string_equal(err.key, "http.listen");
    loop_free(loop);
    http_server_free(second);
    close_server(f);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pipelined_requests_are_answered_in_order_though_the_first_is_late),
        TEST(test_thousands_of_pipelined_requests_are_answered_each),
        TEST(test_a_late_reply_to_a_client_that_has_left_is_dropped),
        TEST(test_a_request_id_is_taken_over_if_it_is_sane),
        TEST(test_head_has_the_length_but_no_body),
        TEST(test_http_1_0_is_closed_or_kept_as_asked),
        TEST(test_a_body_is_asked_for_by_100_continue),
        TEST(test_a_refusal_arrives_though_the_client_is_still_sending),
        TEST(test_slow_heads_and_silent_connections_are_closed_in_time),
        TEST(test_a_slow_body_is_refused_after_its_grace),
        TEST(test_a_client_that_takes_nothing_is_dropped),
        TEST(test_connections_in_all_and_of_one_address_are_limited),
        TEST(test_what_all_requests_hold_together_is_limited),
        TEST(test_a_stop_finishes_what_is_handled_and_closes_the_rest),
        TEST(test_the_socket_of_the_machine_serves_and_is_private),
        TEST(test_an_address_that_is_taken_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
