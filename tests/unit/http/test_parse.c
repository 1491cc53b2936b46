/* What is read and what is refused, with which status. */
#include "fixture.h"

#define HOST "Host: x\r\n"
#define CLOSE "Connection: close\r\n"

static char out[1 << 20];

struct row {
    const char *text;
    int status;
};

static void expect(struct fixture *f, const struct row *rows, size_t n)
{
    open_server(f);
    for (size_t i = 0; i < n; i++) {
        if (!ask(f, rows[i].text, out, sizeof(out))) fail_msg("left open: %s", rows[i].text);
        if (status_of(out) != rows[i].status) fail_msg("%d expected for %s: %s", rows[i].status, rows[i].text, out);
        if (count_of(out, "\r\nX-Request-Id: ") != 1) fail_msg("answered twice: %s: %s", rows[i].text, out);
        if (rows[i].status >= 400) {
            assert_non_null(strstr(out, "Content-Type: application/problem+json\r\n"));
            assert_non_null(strstr(out, "Connection: close\r\n"));
            assert_non_null(strstr(out, "\r\nX-Request-Id: "));
            assert_null(strstr(out, "X-Request-Id: \r\n"));
        }
    }
    assert_int_equal(f->handled, n > 0 && rows[0].status == 200 ? (int)n : 0);
    close_server(f);
}
#define EXPECT(f, rows) expect(f, rows, sizeof(rows) / sizeof((rows)[0]))

static void test_sound_requests_are_handled(void **state)
{
    static const struct row rows[] = {
        {"GET /head HTTP/1.1\r\n" HOST CLOSE "\r\n", 200},
        {"GET /head HTTP/1.0\r\n\r\n", 200},
        {"\r\n\r\nGET /head HTTP/1.1\r\n" HOST CLOSE "\r\n", 200},
        {"GET http://x/head HTTP/1.1\r\n" HOST CLOSE "\r\n", 200},
        {"GET /head HTTP/1.1\r\nHost:\r\n" CLOSE "\r\n", 200},
        {"GET /head HTTP/1.1\r\nHost: [::1]:8080\r\n" CLOSE "\r\n", 200},
        {"GET /head HTTP/1.1\r\n" HOST CLOSE "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200},
        {"PUT /echo HTTP/1.1\r\n" HOST CLOSE "Content-Length: 3\r\n\r\nabc", 200},
        {"POST /echo HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200},
        {"POST /echo HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", 200},
    };
    EXPECT(*state, rows);
}

static void test_each_malformed_head_is_refused_with_400(void **state)
{
    static const struct row rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Host: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n", 400},
        {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
        {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\rContent-Length: 5\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X: a\r\rb\r\n\r\n", 400},
        {"GET / HTTP/1.1\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "X(y): a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET head HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET  HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a%0d%0ab HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a%7f HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%c3%28 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /../x HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a/..%2f..%2fx HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a/%2e%2e HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a\\..\\b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET ftp://x/a HTTP/1.1\r\n" HOST "\r\n", 400},
    };
    EXPECT(*state, rows);
}

static void test_two_ways_to_say_the_length_are_refused(void **state)
{
    static const struct row rows[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551618\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}", 400},
    };
    EXPECT(*state, rows);
}

static void test_what_is_not_spoken_here_is_said_so(void **state)
{
    static const struct row rows[] = {
        {"FROB / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"CONNECT x:443 HTTP/1.1\r\n" HOST "\r\n", 501},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/0.9\r\n" HOST "\r\n", 505},
        {"GET / HTTP/1.2\r\n" HOST "\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"POST / HTTP/1.1\r\n" HOST "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417},
    };
    EXPECT(*state, rows);
}

static void test_a_nul_in_the_head_is_refused(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\n" HOST "X: a@b\r\n\r\n",
                                        "GET / HTTP/1.1\r\n" HOST "X@: a\r\n\r\n", "GET /@ HTTP/1.1\r\n" HOST "\r\n",
                                        "@GET / HTTP/1.1\r\n" HOST "\r\n"};
    struct fixture *f = *state;
    open_server(f);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[100];
        size_t n = strlen(texts[i]);
        memcpy(text, texts[i], n);
        *(char *)memchr(text, '@', n) = '\0';
        assert_true(ask_bytes(f, text, n, out, sizeof(out)));
        assert_int_equal(status_of(out), 400);
    }
    assert_int_equal(f->handled, 0);
    close_server(f);
}

/* Sends `before`, n times `c`, and `after`. */
static int flood(struct fixture *f, const char *before, char c, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n + strlen(after) + 1);
    size_t at = strlen(before);
    memcpy(text, before, at);
    memset(text + at, c, n);
    memcpy(text + at + n, after, strlen(after) + 1);
    bool ended = ask_bytes(f, text, at + n + strlen(after), out, sizeof(out));
    free(text);
    if (!ended) fail_msg("left open: %s… %zu × %c", before, n, c);
    return status_of(out);
}

static void test_caps_on_url_headers_and_body(void **state)
{
    struct fixture *f = *state;
    char many[8000] = "GET / HTTP/1.1\r\n" HOST;
    f->limits.body_bytes = 1000;
    open_server(f);
    assert_int_equal(flood(f, "GET /", 'a', 9000, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    assert_int_equal(flood(f, "GET /", 'a', 300000, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    assert_int_equal(flood(f, "GET / HTTP/1.1\r\n" HOST "X: ", 'a', 17000, "\r\n\r\n"), 431);
    assert_int_equal(flood(f, "GET / HTTP/1.1\r\n" HOST, 'a', 300000, ": b\r\n\r\n"), 431);
    for (int i = 0; i < 120; i++)
        snprintf(many + strlen(many), 20, "X%d: a\r\n", i);
    strcat(many, "\r\n");
    assert_true(ask(f, many, out, sizeof(out)));
    assert_int_equal(status_of(out), 431);
    assert_int_equal(flood(f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 'a', 1001, ""), 413);
    assert_int_equal(flood(f, "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n\r\n", 'a', 3000000, ""), 413);
    assert_int_equal(flood(f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffff\r\n", 'a', 10, ""),
                     413);
    assert_int_equal(flood(f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2;", 'a', 20000, "\r\n"),
                     431);
    assert_int_equal(
        flood(f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'a', 20000, "\r\n\r\n"), 431);
    assert_int_equal(flood(f, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", '0', 200000, ""), 413);
    assert_int_equal(f->handled, 0);
    close_server(f);
}

static void test_bodies_come_whole_however_they_are_cut(void **state)
{
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" CLOSE "\r\n"
                               "4\r\nWiki\r\n5;x=\"y\"\r\npedia\r\n0\r\nX-Trailer: t\r\n\r\n";
    struct fixture *f = *state;
    open_server(f);
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        int fd = dial(f);
        say_bytes(fd, text, cut);
        if (cut % 4 == 0) usleep(500); /* a segment of its own, now and then */
        say_bytes(fd, text + cut, sizeof(text) - 1 - cut);
        assert_true(hear_end(fd, out, sizeof(out), 5000));
        close(fd);
        assert_int_equal(status_of(out), 200);
        assert_non_null(strstr(out, "\r\n\r\nWikipedia"));
    }
    close_server(f);
}

/* Trailers once moved the buffer in which the headers lie. */
static void test_trailers_leave_the_head_alone(void **state)
{
    struct fixture *f = *state;
    char text[9000] =
        "POST /head?q HTTP/1.1\r\n" HOST "X-Test: kept\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\n0\r\n";
    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), 80, "X-Trailer: %060d\r\n", i);
    strcat(text, "\r\n");
    open_server(f);
    assert_true(ask(f, text, out, sizeof(out)));
    assert_non_null(strstr(out, "POST /head?q x=kept trailer=- peer=127.0.0.1 local=0"));
    close_server(f);
}

static void test_path_and_query_are_taken_apart(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(ask(f, "GET /h%65ad?a=%20b&c#d HTTP/1.1\r\n" HOST CLOSE "\r\n", out, sizeof(out)));
    assert_non_null(strstr(out, "GET /head?a=%20b&c x="));
    assert_true(ask(f, "GET http://x?q HTTP/1.1\r\n" HOST CLOSE "\r\n", out, sizeof(out)));
    assert_int_equal(status_of(out), 404); /* of "/" */
    close_server(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sound_requests_are_handled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_malformed_head_is_refused_with_400, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_ways_to_say_the_length_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_spoken_here_is_said_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_nul_in_the_head_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_caps_on_url_headers_and_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bodies_come_whole_however_they_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailers_leave_the_head_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path_and_query_are_taken_apart, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
