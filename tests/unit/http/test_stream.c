/* Responses in pieces. */
#include "fixture.h"

#define HOST "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

static char out[12 << 20];

static void test_a_stream_comes_whole_in_chunks_and_the_connection_goes_on(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(ask(f, GET("/stream") LAST("/echo"), out, sizeof(out)));
    assert_int_equal(count_of(out, "\r\n2710\r\n"), PIECES);
    assert_non_null(strstr(out, "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(out, "\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(ask(f, LAST("/known"), out, sizeof(out)));
    assert_non_null(strstr(out, "Content-Length: 3000000\r\n"));
    assert_int_equal(strlen(strstr(out, "\r\n\r\n") + 4), 3000000);
    assert_true(ask(f, "GET /stream HTTP/1.0\r\n\r\n", out, sizeof(out)));
    assert_null(strstr(out, "chunked"));
    assert_int_equal(strlen(strstr(out, "\r\n\r\n") + 4), 3000000);
    assert_true(ask(f, "HEAD /stream HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", out, sizeof(out)));
    assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\n");
    close_server(f);
}

static void test_a_stream_that_breaks_off_is_seen_to_be_cut(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    assert_true(ask(f, GET("/cut"), out, sizeof(out)));
    assert_int_equal(count_of(out, "\r\n2710\r\n"), 2);
    assert_null(strstr(out, "\r\n0\r\n\r\n"));
    close_server(f);
}

static void test_the_source_of_a_stream_learns_that_the_client_has_left(void **state)
{
    struct fixture *f = *state;
    open_server(f);
    for (int i = 0; i < 10; i++) {
        int fd = dial(f);
        out[0] = '\0';
        say(fd, GET("/stream"));
        assert_true(hear(fd, out, 5000, "ppp"));
        close(fd);
    }
    assert_true(ask(f, LAST("/head"), out, sizeof(out)));
    close_server(f); /* the stop waits for every source */
}

static void end_slow(struct mail *m)
{
    struct fixture *f = ((struct order *)m)->f;
    http_stream_end(f->slow->request, false);
    free(f->slow);
}

static void test_a_stop_waits_for_a_source_whose_client_has_left(void **state)
{
    struct fixture *f = *state;
    struct order stop = {.mail = {.deliver = on_stop}, .f = f}, end = {.mail = {.deliver = end_slow}, .f = f};
    char text[5000] = "";
    open_server(f);
    int fd = dial(f);
    say(fd, GET("/lazy"));
    assert_true(hear(fd, text, sizeof(text), "ppp"));
    close(fd);
    for (int i = 0; i < 5000 && atomic_load(&f->handled) < 2; i++)
        usleep(1000);
    assert_int_equal(f->handled, 2); /* the source knows */
    loop_post(f->loop, &stop.mail);
    usleep(100000);
    assert_false(atomic_load(&f->stopped));
    loop_post(f->loop, &end.mail);
    loop_thread_join(f->thread);
    assert_true(atomic_load(&f->stopped));
    loop_free(f->loop);
    http_server_free(f->server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_stream_comes_whole_in_chunks_and_the_connection_goes_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_that_breaks_off_is_seen_to_be_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_source_of_a_stream_learns_that_the_client_has_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stop_waits_for_a_source_whose_client_has_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
