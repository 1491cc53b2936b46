/* The log is copied into the file by a thread beside the writer. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "runtime/crash.h"

enum { PAGES = 50, MOST = 20000 };

static void open_beside(struct fixture *f)
{
    struct store_options o = {
        .path = f->path, .role = STORE_WRITER, .no_sync = true, .copies_beside = true, .checkpoint_pages = PAGES};
    assert_int_equal(store_open(&o, &f->db, &f->err), 0);
}

static void begin_beside(struct fixture *f)
{
    fixture_init(f);
    store_close(f->db);
    open_beside(f);
    must_exec(f->db, "create table t(a integer primary key, b blob)");
}

/* Writes until the log has begun anew so many times; how many rows. */
static int write_until(struct fixture *f, int times)
{
    int64_t was = 0;
    for (int n = 1; n < MOST; n++) {
        must_exec(f->db, "insert into t(b) values(zeroblob(5000))");
        int64_t now = store_wal_bytes(f->db);
        times -= now < was;
        was = now;
        if (times == 0) return n;
    }
    fail_msg("the log grows and grows");
    return 0;
}

static void report(void *ctx, const char *line)
{
    (void)ctx;
    fail_msg("%s", line);
}

static void expect_rows(struct fixture *f, int n)
{
    store_close(f->db);
    fixture_open(f);
    assert_int_equal(number_of(f->db, "select count(*) from t where length(b) = 5000"), n);
    assert_int_equal(store_check(f->db, report, NULL, &f->err), 0);
}

static void the_log_begins_anew_again_and_again(void **state)
{
    struct fixture f;
    (void)state;
    begin_beside(&f);
    expect_rows(&f, write_until(&f, 10));
    fixture_close(&f);
}

static void a_reader_that_stays_only_delays_it(void **state)
{
    struct fixture f;
    struct store *reader;
    (void)state;
    begin_beside(&f);
    struct store_options r = {.path = f.path, .role = STORE_READER};
    assert_int_equal(store_open(&r, &reader, &f.err), 0);
    assert_int_equal(store_begin(reader, &f.err), 0);
    for (int i = 0; i < 400; i++)
        must_exec(f.db, "insert into t(b) values(zeroblob(5000))");
    assert_true(store_wal_bytes(f.db) > 400 * 4120);
    store_rollback(reader);
    int n = write_until(&f, 2);
    store_close(reader);
    expect_rows(&f, 400 + n);
    fixture_close(&f);
}

/* The thread opens the file by its name: when that fails the writer does all itself. */
static void without_the_thread_the_writer_copies(void **state)
{
    struct fixture f;
    char away[128];
    (void)state;
    begin_beside(&f);
    snprintf(away, sizeof(away), "%s-away", f.path);
    assert_int_equal(rename(f.path, away), 0);
    int n = write_until(&f, 5);
    assert_int_equal(rename(away, f.path), 0);
    n += write_until(&f, 5); /* and it is tried again */
    expect_rows(&f, n);
    fixture_close(&f);
}

/* Tells each row that is committed. The writer copies itself what a reader has kept from being copied. */
static void child(struct fixture *f, int to, const char *at)
{
    struct store_options r = {.path = f->path, .role = STORE_READER};
    struct store *reader;
    setenv("KHUNG_CRASH_AT", at, 1);
    if (crash_init(&f->err)) _exit(6);
    open_beside(f);
    bool is_kept = strncmp(at, "store.log_rest", 14) == 0;
    if (is_kept && (store_open(&r, &reader, &f->err) || store_begin(reader, &f->err))) _exit(5);
    for (int n = 0; n < MOST; n++) {
        must_exec(f->db, "insert into t(b) values(zeroblob(5000))");
        if (write(to, "", 1) != 1) _exit(3);
    }
    _exit(4);
}

static void who_is_killed_while_it_is_copied_keeps_all(void **state)
{
    static const char *const points[] = {"store.log_begun:1",  "store.log_begun:3", "store.log_copied:1",
                                         "store.log_copied:4", "store.log_rest:1",  "store.log_rest:2"};
    struct fixture f;
    int done = 0;
    (void)state;
    begin_beside(&f);
    store_close(f.db);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        int pipes[2], status;
        char byte;
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            child(&f, pipes[1], points[i]);
        }
        close(pipes[1]);
        while (read(pipes[0], &byte, 1) == 1)
            done++;
        close(pipes[0]);
        waitpid(pid, &status, 0);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) fail_msg("%s is never passed", points[i]);
        fixture_open(&f);
        int64_t there = number_of(f.db, "select count(*) from t where length(b) = 5000");
        if (there != done && there != done + 1) fail_msg("%s: %lld rows of %d", points[i], (long long)there, done);
        assert_int_equal(store_check(f.db, report, NULL, &f.err), 0);
        done = (int)there;
        store_close(f.db);
    }
    fixture_open(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_log_begins_anew_again_and_again),
                                       cmocka_unit_test(a_reader_that_stays_only_delays_it),
                                       cmocka_unit_test(without_the_thread_the_writer_copies),
                                       cmocka_unit_test(who_is_killed_while_it_is_copied_keeps_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
