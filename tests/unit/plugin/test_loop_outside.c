/* loop.*: what comes from outside: watched folders, answers of servers. */
#include "fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "runtime/fetch.h"
#include "runtime/loop.h"

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void load(struct fixture *f, const char *init)
{
    fixture_plugin(f, "tick", "", init);
    fixture_reload(f);
}

static void assert_notes(struct fixture *f, const char *expected)
{
    const char *notes = fixture_notes(f);
    if (strcmp(notes, expected) != 0) fail_msg("notes are \"%s\", not \"%s\"", notes, expected);
}

static void watch_tells_of_files_in_a_granted_folder_only(void **state)
{
    struct fixture *f = *state;
    char needs[200], init[800], path[160];
    snprintf(path, sizeof(path), "%s/inbox", f->root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(needs, sizeof(needs), "\"watch:%s\"", path);
    snprintf(init, sizeof(init),
             "loop.watch('%s', function(e) test.note(e.event .. ':' .. e.name) end)\n"
             "test.handler('etc', function() loop.watch('/etc', function() end) end)\n"
             "test.handler('up', function() loop.watch('%s/..', function() end) end)",
             path, path);
    fixture_plugin(f, "tick", needs, init);
    fixture_reload(f);
    assert_int_equal(fixture_try(f, "tick", "etc"), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.watch");
    assert_int_equal(fixture_try(f, "tick", "up"), ERR_DENIED);
    snprintf(path, sizeof(path), "%s/inbox/a.csv", f->root);
    const char *notes = "";
    /* The watching thread may not have begun yet: a file is made until it is noticed. */
    for (int i = 0; i < 20 && !*notes; i++) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fclose(out);
        for (int k = 0; k < 20 && !*notes; k++) {
            usleep(10000);
            lane_run(f->lane);
            notes = fixture_notes(f);
        }
        unlink(path);
    }
    assert_non_null(strstr(notes, ":a.csv"));
}

static void fetch_without_a_service_or_a_host_is_refused(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function() loop.spawn(function()\n"
            "  local ok, e = pcall(loop.fetch, { url = 'http://example.org/' }) test.note(e.code)\n"
            "  ok, e = pcall(loop.fetch, { link = 'x' }) test.note(e.code) end) end)");
    fixture_call(f, "tick", "go");
    assert_notes(f, "loop.no_fetch invalid.option");
}

/* --- a server that answers one request, and the io thread --- */

static void *answer_one(void *arg)
{
    static const char text[] =
        "HTTP/1.1 201 Created\r\nX-Kind: good\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    char request[2048];
    int fd = accept(*(int *)arg, NULL, NULL);
    if (recv(fd, request, sizeof(request), 0) > 0) send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof(request), 0) > 0)
        continue;
    close(fd);
    return NULL;
}

static int listen_here(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *port = ntohs(a.sin_port);
    return fd;
}

static void fetch_waits_for_an_answer_of_a_granted_host(void **state)
{
    struct fixture *f = *state;
    struct loop *io;
    struct loop_thread *thread;
    struct fetcher_options o = {.private_hosts = "127.0.0.1"};
    pthread_t server;
    char init[600];
    int port, listener = listen_here(&port);
    const char *notes = "";
    fixture_ok(f, "loop", loop_new(&io, &f->err));
    o.loop = io;
    fixture_ok(f, "fetcher", fetcher_new(&o, &f->host.fetcher, &f->err));
    fixture_ok(f, "thread", loop_thread_start(io, "io", NULL, NULL, NULL, &thread, &f->err));
    pthread_create(&server, NULL, answer_one, &listener);
    snprintf(init, sizeof(init),
             "loop.spawn(function()\n"
             "  local ok, e = pcall(loop.fetch, { url = 'http://localhost:%d/' }) test.note(tostring(ok))\n"
             "  local r = loop.fetch{ url = 'http://127.0.0.1:%d/x', json = { a = 1 } }\n"
             "  test.note(r.status .. r.body .. r.headers['x-kind']) test.note('end')\nend)",
             port, port);
    fixture_plugin(f, "tick", "'fetch:127.0.0.1'", init);
    fixture_reload(f);
    char all[200] = "";
    for (int i = 0; i < 500 && !strstr(all, "end"); i++) {
        lane_run(f->lane);
        notes = fixture_notes(f);
        size_t at = strlen(all);
        snprintf(all + at, sizeof(all) - at, "%s", notes);
        usleep(5000);
    }
    pthread_join(server, NULL);
    close(listener);
    loop_stop(io);
    loop_thread_join(thread);
    fetcher_free(f->host.fetcher);
    f->host.fetcher = NULL;
    loop_free(io);
    assert_non_null(strstr(all, "false"));
    assert_non_null(strstr(all, "201hellogood end"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(watch_tells_of_files_in_a_granted_folder_only),
        TEST(fetch_without_a_service_or_a_host_is_refused),
        TEST(fetch_waits_for_an_answer_of_a_granted_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
