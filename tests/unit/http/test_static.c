/* Static files: what is given, and that nothing outside the folder or hidden is. */
#include "fixture.h"

#include <sys/stat.h>

#define LAST(line, headers) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" headers "\r\n"

static char out[4 << 20], top[] = "/tmp/khung-static-XXXXXX", dir[64];

static void put(const char *name, const char *text, size_t n)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", top, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    fclose(file);
}

static void make_dir(const char *name)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", top, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void link_to(const char *to, const char *name)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", top, name);
    assert_int_equal(symlink(to, path), 0);
}

static int make_tree(void **state)
{
    static char large[1 << 20];
    char path[200];
    (void)state;
    if (!mkdtemp(top)) return -1;
    snprintf(dir, sizeof(dir), "%s/www", top);
    memset(large, 'L', sizeof(large));
    make_dir("www");
    make_dir("www/docs");
    put("secret", "SECRET", 6);
    put("www/index.html", "<p>top", 6);
    put("www/docs/index.html", "<p>docs", 7);
    put("www/a.css", "a{}", 3);
    put("www/large.bin", large, sizeof(large));
    put("www/empty.txt", "", 0);
    put("www/.hidden", "SECRET", 6);
    put("www/docs/.env", "SECRET", 6);
    link_to("../secret", "www/out");
    link_to("/etc/passwd", "www/abs");
    link_to("..", "www/up");
    link_to("a.css", "www/alias.css");
    snprintf(path, sizeof(path), "%s/www/pipe", top);
    return mkfifo(path, 0644);
}

static int remove_tree(void **state)
{
    static const char *const names[] = {"www/index.html", "www/docs/index.html",
                                        "www/a.css",      "www/large.bin",
                                        "www/empty.txt",  "www/.hidden",
                                        "www/docs/.env",  "www/out",
                                        "www/abs",        "www/up",
                                        "www/alias.css",  "www/pipe",
                                        "www/new",        "secret"};
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", top, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/www/docs", top);
    rmdir(path);
    rmdir(dir);
    return rmdir(top);
}

static int ask_for(struct fixture *f, const char *text)
{
    assert_true(ask(f, text, out, sizeof(out)));
    return status_of(out);
}

static void start(struct fixture *f)
{
    f->dir = dir;
    open_server(f);
}

static void test_files_and_folders_are_given_with_their_types(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(ask_for(f, LAST("GET /", "")), 200);
    assert_non_null(strstr(out, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(out, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(out, "<p>top"));
    assert_int_equal(ask_for(f, LAST("GET /docs/", "")), 200);
    assert_non_null(strstr(out, "<p>docs"));
    assert_int_equal(ask_for(f, LAST("GET /alias.css", "")), 200);
    assert_non_null(strstr(out, "Content-Type: text/css"));
    assert_int_equal(ask_for(f, LAST("GET /empty.txt", "")), 200);
    assert_non_null(strstr(out, "Content-Length: 0\r\n"));
    assert_int_equal(ask_for(f, LAST("HEAD /a.css", "")), 200);
    assert_non_null(strstr(out, "Content-Length: 3\r\n"));
    assert_null(strstr(out, "a{}"));
    close_server(f);
}

static void test_a_large_file_comes_whole(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(ask_for(f, LAST("GET /large.bin", "")), 200);
    assert_non_null(strstr(out, "Content-Length: 1048576\r\n"));
    const char *body = strstr(out, "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "L"), 1 << 20);
    assert_int_equal(ask_for(f, LAST("HEAD /large.bin", "")), 200);
    assert_null(strstr(out, "LLL"));
    close_server(f);
}

static void test_an_unchanged_file_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    char text[400], etag[100];
    start(f);
    put("www/new", "one", 3);
    assert_int_equal(ask_for(f, LAST("GET /new", "")), 200);
    assert_int_equal(sscanf(strstr(out, "ETag: "), "ETag: %99s", etag), 1);
    snprintf(text, sizeof(text), LAST("GET /new", "If-None-Match: \"x\", W/%s\r\n"), etag);
    assert_int_equal(ask_for(f, text), 304);
    assert_null(strstr(out, "one"));
    put("www/new", "two", 3); /* of the same length, in the same second */
    assert_int_equal(ask_for(f, text), 200);
    assert_non_null(strstr(out, "two"));
    close_server(f);
}

static void test_nothing_outside_or_hidden_is_given(void **state)
{
    static const char *const paths[] = {"/../secret",
                                        "/..%2fsecret",
                                        "/%2e%2e/secret",
                                        "/docs/../../secret",
                                        "/docs/%2e%2e/%2e%2e/secret",
                                        "/./../secret",
                                        "//../secret",
                                        "/out",
                                        "/abs",
                                        "/up/secret",
                                        "/up/www/a.css",
                                        "/.hidden",
                                        "/docs/.env",
                                        "/%2ehidden",
                                        "/docs/%2eenv",
                                        "//etc/passwd",
                                        "/%2fetc/passwd",
                                        "/docs",
                                        "/pipe",
                                        "/none",
                                        "/a.css/",
                                        "/..\\secret",
                                        "/a.css%00.html",
                                        "/proc/self/environ",
                                        "/docs//../../secret"};
    struct fixture *f = *state;
    start(f);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), LAST("GET %s", ""), paths[i]);
        int status = ask_for(f, text);
        if (status != 404 && status != 400) fail_msg("%s: %d", paths[i], status);
        assert_null(strstr(out, "SECRET"));
        assert_null(strstr(out, "root:"));
    }
    close_server(f);
}

static void test_a_path_that_is_too_long_is_not_found(void **state)
{
    struct fixture *f = *state;
    char text[3000] = "GET /";
    start(f);
    memset(text + 5, 'a', 2000);
    strcpy(text + 2005, LAST("", ""));
    assert_int_equal(ask_for(f, text), 404);
    close_server(f);
}

static void test_slow_clients_of_a_large_file_cost_a_piece_each(void **state)
{
    struct fixture *f = *state;
    int fds[30];
    struct http_stats stats;
    f->limits.held_bytes = 8 << 20; /* 30 times the file is more */
    start(f);
    for (int i = 0; i < 30; i++) {
        fds[i] = dial(f);
        say(fds[i], "GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    for (int i = 0; i < 30; i++) {
        assert_true(hear_end(fds[i], out, sizeof(out), 5000));
        assert_int_equal(strlen(strstr(out, "\r\n\r\n") + 4), 1 << 20);
        close(fds[i]);
    }
    http_server_stats(f->server, &stats);
    assert_int_equal(stats.refused, 0);
    close_server(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_and_folders_are_given_with_their_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_large_file_comes_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unchanged_file_is_not_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_outside_or_hidden_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_path_that_is_too_long_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_clients_of_a_large_file_cost_a_piece_each, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
