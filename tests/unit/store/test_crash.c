/* Killed at each named point of a slice, a commit and a migration: what was answered is there, nothing is there twice,
 * and no slice is there in part. */
#include "lane_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "runtime/crash.h"

enum { WORKS = 12 };

static int answers;

static void tell_answer(struct lane_work *w, const struct err *failed)
{
    unsigned char id = (unsigned char)((struct tried *)w)->id;
    if (!failed && write(answers, &id, 1) != 1) _exit(3);
}

/* Two batches of six; ends itself unless the point ends it. */
static void child(const char *path, const char *at)
{
    struct lane_fixture lf = {.clock = {.is_virtual = true}};
    struct tried t[WORKS] = {{{0}}};
    snprintf(lf.f.path, sizeof(lf.f.path), "%s", path);
    setenv("KHUNG_CRASH_AT", at, 1);
    if (crash_init(&lf.f.err)) _exit(2);
    fixture_open(&lf.f);
    lane_fixture_start(&lf, 6, NULL);
    for (int i = 0; i < WORKS; i++) {
        tried_add(&lf, &t[i], i + 1);
        t[i].work.done = tell_answer;
    }
    lane_run(lf.lane);
    _exit(0);
}

static bool killed_at(struct fixture *f, const char *at)
{
    int pipes[2], status;
    unsigned char id;
    char sql[80];
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        answers = pipes[1];
        child(f->path, at);
    }
    close(pipes[1]);
    waitpid(pid, &status, 0);
    fixture_open(f);
    int answered = 0;
    for (; read(pipes[0], &id, 1) == 1; answered++) {
        snprintf(sql, sizeof(sql), "select count(*) from t where id = %d", id);
        if (number_of(f->db, sql) != 2) fail_msg("%s: work %d was answered and is not there", at, id);
    }
    close(pipes[0]);
    int64_t there = number_of(f->db, "select count(distinct id) from t");
    assert_int_equal(number_of(f->db, "select count(*) from t"), 2 * there);
    assert_true(there % 6 == 0 && there >= answered);
    must_exec(f->db, "delete from t");
    store_close(f->db);
    f->db = NULL;
    if (!WIFSIGNALED(status)) assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void a_lane_that_is_killed_keeps_what_it_answered(void **state)
{
    struct fixture f;
    char at[80];
    int points = 0;
    (void)state;
    fixture_init(&f);
    must_exec(f.db, "create table t(id integer, part integer, load blob, primary key(id, part))");
    store_close(f.db);
    for (const char *const *name = crash_names(); *name; name++) {
        if (strncmp(*name, "lane.", 5) != 0) continue;
        int kills = 0;
        for (int n = 1; n < 20; n++) {
            snprintf(at, sizeof(at), "%s:%d", *name, n);
            if (!killed_at(&f, at)) break;
            kills++;
        }
        if (kills != (strstr(*name, "slice") ? WORKS : 2)) fail_msg("%s was passed %d times", *name, kills);
        points++;
    }
    assert_int_equal(points, 5);
    f.db = NULL;
    fixture_close(&f);
}

static void a_migration_that_is_killed_is_whole_or_not_there(void **state)
{
    static const struct store_migration list[] = {
        {"m/001", "create table a(x); insert into a values(1);"}, {"m/002", "insert into a values(10);"}, {0}};
    const struct store_migration *const lists[] = {list};
    static const char *const points[] = {"store.migrate_before:1", "store.migrate_after:1", "store.migrate_before:2",
                                         "store.migrate_after:2"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        int status;
        fixture_init(&f);
        store_close(f.db);
        pid_t pid = fork();
        if (pid == 0) {
            setenv("KHUNG_CRASH_AT", points[i], 1);
            if (crash_init(&f.err)) _exit(2);
            fixture_open(&f);
            store_migrate(f.db, lists, 1, 1, &f.err);
            _exit(0);
        }
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        fixture_open(&f);
        assert_int_equal(number_of(f.db, "select count(*) from migration"), (int)(i + 1) / 2);
        assert_int_equal(store_migrate(f.db, lists, 1, 1, &f.err), 0);
        assert_int_equal(number_of(f.db, "select sum(x) from a"), 11);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_that_is_killed_keeps_what_it_answered),
        cmocka_unit_test(a_migration_that_is_killed_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
