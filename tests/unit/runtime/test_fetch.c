/* Outbound HTTP against a small server of our own. */
#include "fetch_server.h"

static const char *const local[] = {"127.0.0.1"};

/* --- the client --- */

static void done(void *ctx, const struct fetch_result *r)
{
    struct fixture *f = ctx;
    f->answers++;
    f->status = r->status;
    f->body_len = r->body_len;
    f->key[0] = f->header[0] = '\0';
    snprintf(f->body, sizeof(f->body), "%s", r->body);
    if (r->failed) snprintf(f->key, sizeof(f->key), "%s", r->failed->key);
    for (size_t i = 0; i < r->nheaders; i++)
        if (strcmp(r->headers[i].name, "x-kind") == 0)
            snprintf(f->header, sizeof(f->header), "%s", r->headers[i].value);
    loop_stop(f->loop);
}

static void open_with(struct fixture *f, const char *private_hosts)
{
    fetcher_free(f->fetcher);
    loop_free(f->loop);
    assert_int_equal(loop_new(&f->loop, NULL), 0);
    struct fetcher_options o = {.loop = f->loop, .private_hosts = private_hosts};
    assert_int_equal(fetcher_new(&o, &f->fetcher, NULL), 0);
    f->answers = f->status = 0;
}

/* Sends it and waits; the result is in the fixture. */
static void send_request(struct fixture *f, const char *path, struct fetch_request r)
{
    char url[200];
    struct err err = {0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", f->port, path);
    open_with(f, "example.net, 127.0.0.1");
    if (!r.url) r.url = url;
    if (!r.hosts) r.hosts = local, r.nhosts = 1;
    if (!r.timeout_ms) r.timeout_ms = 5000;
    r.done = done;
    r.ctx = f;
    assert_int_equal(fetch_start(f->fetcher, &r, &err), 0);
    loop_run(f->loop);
    assert_int_equal(f->answers, 1);
}

static void test_a_response_comes_with_status_headers_and_body(void **state)
{
    struct fixture *f = *state;
    send_request(f, "/ok", (struct fetch_request){0});
    assert_string_equal(f->key, "");
    assert_int_equal(f->status, 200);
    assert_string_equal(f->body, "hello");
    assert_string_equal(f->header, "good");
    send_request(f, "/none", (struct fetch_request){0});
    assert_string_equal(f->key, "");
    assert_int_equal(f->status, 404);
}

static void test_method_headers_and_body_are_sent_as_given(void **state)
{
    struct fixture *f = *state;
    struct fetch_header headers[] = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    send_request(
        f, "/ok?a=b%20c",
        (struct fetch_request){.method = "PUT", .headers = headers, .nheaders = 2, .body = "{\"a\":1}", .body_len = 7});
    assert_non_null(strstr(f->seen, "PUT /ok?a=b%20c HTTP/1.1\r\n"));
    assert_non_null(strstr(f->seen, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(f->seen, "X-Empty:"));
    assert_null(strstr(f->seen, "Expect"));
    assert_non_null(strstr(f->seen, "\r\n\r\n{\"a\":1}"));
}

static void test_what_would_change_the_frame_of_a_request_is_refused(void **state)
{
    struct fixture *f = *state;
    static char long_value[65 << 10];
    memset(long_value, 'x', sizeof(long_value) - 1);
    const struct fetch_header bad[] = {{"X-A", "b\r\nHost: evil"},
                                       {"X-A", "b\nc"},
                                       {"X A", "b"},
                                       {"", "b"},
                                       {"X:A", "b"},
                                       {"Host", "127.0.0.1"},
                                       {"content-LENGTH", "0"},
                                       {"Transfer-Encoding", "chunked"},
                                       {"Connection", "close"},
                                       {"Upgrade", "h2c"},
                                       {"Proxy-Authorization", "b"},
                                       {"X-Long", long_value}};
    open_with(f, "127.0.0.1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {0};
        struct fetch_request r = {
            .url = "http://127.0.0.1/", .headers = &bad[i], .nheaders = 1, .done = done, .ctx = f};
        assert_int_equal(fetch_start(f->fetcher, &r, &err), ERR_INVALID);
        assert_string_equal(err.key, "fetch.header");
    }
    static const char *const methods[] = {"GET / HTTP", "", "CONNECT", "connect", "TRACE", "TRACK", "G\r\nX"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct err err = {0};
        struct fetch_request r = {.url = "http://127.0.0.1/", .method = methods[i], .done = done, .ctx = f};
        assert_int_equal(fetch_start(f->fetcher, &r, &err), ERR_INVALID);
        assert_string_equal(err.key, "fetch.method");
    }
    assert_int_equal(f->answers, 0);
}

static void test_a_host_that_is_not_listed_is_refused(void **state)
{
    static const char *const others[] = {"example.org", "*.0.0.1x", "*.127.0.0.1", "27.0.0.1"};
    struct fixture *f = *state;
    send_request(f, "/ok", (struct fetch_request){.hosts = others, .nhosts = 4});
    assert_string_equal(f->key, "fetch.host");
    send_request(f, "/ok", (struct fetch_request){.hosts = others, .nhosts = 0});
    assert_string_equal(f->key, "fetch.host");
}

static void test_other_schemes_users_and_nonsense_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const all[] = {"*"};
    static const char *const urls[][2] = {{"file:///etc/passwd", ""},
                                          {"ftp://127.0.0.1/", "fetch.scheme"},
                                          {"gopher://127.0.0.1/", "fetch.scheme"},
                                          {"http://a:b@127.0.0.1/", "fetch.url"},
                                          {"http://127.0.0.1/a\r\nX: b", "fetch.url"},
                                          {"http://127.0.0.1 .example.org/", "fetch.url"},
                                          {"http://127.0.0.1:99999/", "fetch.url"},
                                          {"ldap://127.0.0.1/", "fetch.scheme"},
                                          {"http://", "fetch.url"},
                                          {"", "fetch.url"},
                                          {"nonsense", "fetch.url"}};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        send_request(f, "", (struct fetch_request){.url = urls[i][0], .hosts = all, .nhosts = 1});
        if (urls[i][1][0])
            assert_string_equal(f->key, urls[i][1]);
        else
            assert_string_not_equal(f->key, "");
    }
}

static void test_private_addresses_are_refused_unless_granted_by_name(void **state)
{
    static const char *const all[] = {"*"};
    static const char *const urls[] = {"http://127.0.0.1:PORT/ok",
                                       "http://localhost:PORT/ok",
                                       "http://[::1]:PORT/ok",
                                       "http://2130706433:PORT/ok",
                                       "http://0x7f.1:PORT/ok",
                                       "http://[::ffff:127.0.0.1]:PORT/ok",
                                       "http://0.0.0.0:PORT/ok",
                                       "http://0177.0.0.1:PORT/ok",
                                       "http://127.1:PORT/ok",

                                       "http://0:PORT/ok",
                                       "http://017700000001:PORT/ok",
                                       "http://[::]:PORT/ok",
                                       "http://[fe80::1]:PORT/ok",
                                       "http://[0:0:0:0:0:ffff:7f00:1]:PORT/ok",
                                       "http://169.254.169.254/",
                                       "http://100.64.0.1/",
                                       "http://10.1.2.3:22/",
                                       "http://[64:ff9b::7f00:1]:PORT/ok"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char url[100];
        struct fetch_request r = {.url = url, .hosts = all, .nhosts = 1, .timeout_ms = 3000, .done = done, .ctx = f};
        fill_port(url, sizeof(url), urls[i], f->port);
        open_with(f, "intranet");
        assert_int_equal(fetch_start(f->fetcher, &r, NULL), 0);
        loop_run(f->loop);
        if (strcmp(f->key, "fetch.private") != 0) fail_msg("%s: %s", url, f->key);
    }
}

static void test_a_redirect_is_followed_only_when_asked_for(void **state)
{
    struct fixture *f = *state;
    send_request(f, "/found", (struct fetch_request){0});
    assert_int_equal(f->status, 302);
    send_request(f, "/found", (struct fetch_request){.redirects = 3});
    assert_int_equal(f->status, 200);
    assert_string_equal(f->body, "hello");
    send_request(f, "/round", (struct fetch_request){.redirects = 3});
    assert_string_equal(f->key, "fetch.redirects");
}

static void test_a_redirect_passes_the_same_checks(void **state)
{
    static const char *const both[] = {"127.0.0.1", "localhost"};
    struct fixture *f = *state;
    send_request(f, "/elsewhere", (struct fetch_request){.redirects = 3});
    assert_string_equal(f->key, "fetch.host");
    send_request(f, "/elsewhere", (struct fetch_request){.redirects = 3, .hosts = both, .nhosts = 2});
    assert_string_equal(f->key, "fetch.private"); /* localhost was not granted */
    send_request(f, "/file", (struct fetch_request){.redirects = 3});
    assert_string_not_equal(f->key, "");
    assert_null(strstr(f->body, "root:"));
}

static void test_a_302_turns_post_into_get_and_a_307_keeps_it(void **state)
{
    struct fixture *f = *state;
    struct fetch_header type = {"Content-Type", "text/plain"};
    send_request(f, "/found",
                 (struct fetch_request){.redirects = 1, .body = "abc", .body_len = 3, .headers = &type, .nheaders = 1});
    assert_non_null(strstr(f->seen, "GET /ok"));
    assert_null(strstr(f->seen, "Content-Type"));
    send_request(f, "/keep", (struct fetch_request){.redirects = 1, .body = "abc", .body_len = 3});
    assert_non_null(strstr(f->seen, "POST /ok"));
    assert_non_null(strstr(f->seen, "\r\n\r\nabc"));
}

static void test_a_token_is_not_sent_on_to_another_host(void **state)
{
    static const char *const both[] = {"127.0.0.1", "localhost"};
    struct fixture *f = *state;
    struct fetch_header token = {"Authorization", "Bearer secret"};
    char url[100];
    struct fetch_request r = {.url = url,
                              .headers = &token,
                              .nheaders = 1,
                              .redirects = 1,
                              .hosts = both,
                              .nhosts = 2,
                              .done = done,
                              .ctx = f};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/elsewhere", f->port);
    open_with(f, "127.0.0.1 localhost");
    assert_int_equal(fetch_start(f->fetcher, &r, NULL), 0);
    loop_run(f->loop);
    assert_int_equal(f->status, 200);
    assert_null(strstr(f->seen, "secret"));
    send_request(f, "/keep", (struct fetch_request){.headers = &token, .nheaders = 1, .redirects = 1});
    assert_non_null(strstr(f->seen, "Bearer secret"));
}

static void test_size_and_time_are_capped(void **state)
{
    struct fixture *f = *state;
    send_request(f, "/big", (struct fetch_request){.max_bytes = 10000});
    assert_string_equal(f->key, "fetch.too_large");
    send_request(f, "/silent", (struct fetch_request){.timeout_ms = 100});
    assert_string_equal(f->key, "fetch.timeout");
    send_request(f, "/broken", (struct fetch_request){0});
    assert_string_equal(f->key, "fetch.failed");
}

static void test_proxies_of_the_environment_are_ignored(void **state)
{
    struct fixture *f = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    send_request(f, "/ok", (struct fetch_request){0});
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(f->status, 200);
}

static void test_there_is_a_most_of_requests_at_once(void **state)
{
    struct fixture *f = *state;
    struct fetch_request r = {.url = "http://127.0.0.1:1/", .hosts = local, .nhosts = 1, .done = done, .ctx = f};
    struct err err = {0};
    open_with(f, "127.0.0.1");
    fetcher_free(f->fetcher);
    struct fetcher_options o = {.loop = f->loop, .requests = 1};
    assert_int_equal(fetcher_new(&o, &f->fetcher, NULL), 0);
    assert_int_equal(fetch_start(f->fetcher, &r, &err), 0);
    assert_int_equal(fetch_start(f->fetcher, &r, &err), ERR_LIMIT);
    assert_string_equal(err.key, "fetch.busy");
    loop_run(f->loop);
    assert_int_equal(f->answers, 1);
}

struct asker {
    struct fixture *f;
    struct loop *loop;
    pthread_t thread, answered_on;
};

static void done_elsewhere(void *ctx, const struct fetch_result *r)
{
    struct asker *a = ctx;
    a->answered_on = pthread_self();
    done(a->f, r);
    loop_stop(a->loop);
}

static void note_thread(void *arg)
{
    struct asker *a = arg;
    a->thread = pthread_self();
}

static void test_the_answer_comes_on_the_loop_of_the_asker(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f};
    struct loop_thread *thread;
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok", f->port);
    open_with(f, "127.0.0.1");
    assert_int_equal(loop_new(&a.loop, NULL), 0);
    assert_int_equal(loop_thread_start(a.loop, "asker", note_thread, NULL, &a, &thread, NULL), 0);
    struct fetch_request r = {
        .url = url, .hosts = local, .nhosts = 1, .reply = a.loop, .done = done_elsewhere, .ctx = &a};
    assert_int_equal(fetch_start(f->fetcher, &r, NULL), 0);
    loop_run(f->loop);
    loop_thread_join(thread);
    assert_true(pthread_equal(a.thread, a.answered_on));
    assert_int_equal(f->status, 200);
    loop_free(a.loop);
}

static void test_what_is_under_way_at_the_end_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    char url[100];
    struct fetch_request r = {.url = url, .hosts = local, .nhosts = 1, .done = done, .ctx = f};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent", f->port);
    open_with(f, "127.0.0.1");
    assert_int_equal(fetch_start(f->fetcher, &r, NULL), 0);
    loop_step(f->loop, 200);
    loop_step(f->loop, 200);
    fetcher_free(f->fetcher);
    f->fetcher = NULL;
    loop_run(f->loop);
    assert_string_equal(f->key, "fetch.stopped");
}

static int start_server(void **state)
{
    static struct fixture f;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    f.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(f.listener, (struct sockaddr *)&a, len) != 0 || listen(f.listener, 16) != 0) return -1;
    getsockname(f.listener, (struct sockaddr *)&a, &len);
    f.port = ntohs(a.sin_port);
    *state = &f;
    return pthread_create(&f.server, NULL, run_server, &f);
}

static int stop_server(void **state)
{
    struct fixture *f = *state;
    fetcher_free(f->fetcher);
    loop_free(f->loop);
    shutdown(f->listener, SHUT_RDWR);
    close(f->listener);
    return pthread_join(f->server, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_response_comes_with_status_headers_and_body),
        cmocka_unit_test(test_method_headers_and_body_are_sent_as_given),
        cmocka_unit_test(test_what_would_change_the_frame_of_a_request_is_refused),
        cmocka_unit_test(test_a_host_that_is_not_listed_is_refused),
        cmocka_unit_test(test_other_schemes_users_and_nonsense_are_refused),
        cmocka_unit_test(test_private_addresses_are_refused_unless_granted_by_name),
        cmocka_unit_test(test_a_redirect_is_followed_only_when_asked_for),
        cmocka_unit_test(test_a_redirect_passes_the_same_checks),
        cmocka_unit_test(test_a_302_turns_post_into_get_and_a_307_keeps_it),
        cmocka_unit_test(test_a_token_is_not_sent_on_to_another_host),
        cmocka_unit_test(test_size_and_time_are_capped),
        cmocka_unit_test(test_proxies_of_the_environment_are_ignored),
        cmocka_unit_test(test_there_is_a_most_of_requests_at_once),
        cmocka_unit_test(test_the_answer_comes_on_the_loop_of_the_asker),
        cmocka_unit_test(test_what_is_under_way_at_the_end_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
