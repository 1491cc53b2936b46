/* Files: bytes by their digest, rows, what they hang on, who sees them, the sweep, what verify finds. A real database
 * and a real folder, a lane without a loop, a virtual clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "file/file_internal.h"

enum { HOUR = 3600000, DAY = 24 * HOUR };

struct fixture {
    char dir[64], path[96];
    struct host host;
    struct store *db;
    struct session s;
    struct arena a;
    struct err err;
    int64_t seen_thing; /* of kind "thing": the one that may be seen */
    char found[8][48];
    int nfound;
};

static void ok(struct fixture *f, int rc)
{
    if (rc < 0) fail_msg("%d %s %s", rc, f->err.key, f->err.args);
}

static int seen(void *ctx, struct session *s, int64_t file, int64_t id, struct err *err)
{
    (void)s;
    (void)file;
    (void)err;
    return id == ((struct fixture *)ctx)->seen_thing;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct store_migration *const lists[] = {quota_migrations, audit_migrations, file_migrations};
    snprintf(f->dir, sizeof(f->dir), "/tmp/khung-file-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->dir);
    struct store_options o = {.path = f->path, .role = STORE_WRITER, .no_sync = true};
    ok(f, store_open(&o, &f->db, &f->err));
    ok(f, store_migrate(f->db, lists, 3, 1, &f->err));
    clock_init_real(&f->host.clock);
    f->host.data_dir = f->dir;
    struct lane_options lane = {.db = f->db, .clock = &f->host.clock};
    ok(f, lane_new(&lane, &f->host.lane, &f->err));
    f->host.files = files_new(&f->host);
    files_add_kind(f->host.files, "thing", seen, f);
    arena_init(&f->a, 8 << 20);
    f->s = (struct session){.mode = SESSION_WRITE, .host = &f->host, .db = f->db, .lane = f->host.lane, .arena = &f->a};
    f->s.now = lane_now(f->host.lane);
    f->s.actor.user = 7;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    lane_free(f->host.lane);
    files_free(f->host.files);
    store_close(f->db);
    arena_close(&f->a);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void keep(struct fixture *f, const char *text, char hash[DIGEST_HEX])
{
    struct file_bytes *b;
    ok(f, file_bytes_new(f->dir, 1 << 20, &b, &f->err));
    ok(f, file_bytes_add(b, text, strlen(text), &f->err));
    ok(f, file_bytes_keep(b, &f->err));
    memcpy(hash, file_bytes_hash(b), DIGEST_HEX);
    file_bytes_free(b);
}

static int64_t add(struct fixture *f, const char *text)
{
    char hash[DIGEST_HEX];
    struct val out;
    keep(f, text, hash);
    struct file_new n = {.hash = hash, .type = "text/plain", .name = "a.txt", .size = (int64_t)strlen(text)};
    ok(f, store_begin(f->db, &f->err));
    ok(f, file_add(&f->s, &n, &out, &f->err));
    ok(f, store_commit(f->db, &f->err));
    return val_get_int(&out, "id", 0);
}

static int may_see(struct fixture *f, int64_t id)
{
    struct file_row row;
    assert_int_equal(file_load(f->db, id, &row, &f->err), 1);
    return file_may_see(&f->s, &row, &f->err);
}

static void hang(struct fixture *f, int64_t id, struct file_thing on)
{
    ok(f, store_begin(f->db, &f->err));
    ok(f, file_hang(&f->s, id, &on, &f->err));
    ok(f, store_commit(f->db, &f->err));
}

static void let_go(struct fixture *f, struct file_thing on)
{
    ok(f, store_begin(f->db, &f->err));
    ok(f, file_let_go(&f->s, &on, &f->err));
    ok(f, store_commit(f->db, &f->err));
}

static bool is_there(struct fixture *f, const char *hash)
{
    char path[FILE_PATH_LEN];
    struct stat st;
    file_bytes_path(f->dir, hash, path);
    return stat(path, &st) == 0;
}

static void note(void *ctx, const struct err *finding)
{
    struct fixture *f = ctx;
    if (f->nfound < 8) snprintf(f->found[f->nfound++], sizeof(f->found[0]), "%s", finding->key);
}

static void verify(struct fixture *f)
{
    f->nfound = 0;
    ok(f, file_verify(&f->s, note, f, &f->err));
}

static void test_bytes_are_kept_under_their_digest(void **state)
{
    struct fixture *f = *state;
    char hash[DIGEST_HEX], again[DIGEST_HEX], bytes[8] = "";
    keep(f, "abc", hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    keep(f, "abc", again);
    assert_string_equal(hash, again);
    int fd = file_bytes_open(f->dir, hash);
    assert_int_equal(read(fd, bytes, sizeof(bytes)), 3);
    close(fd);
    assert_string_equal(bytes, "abc");
    assert_int_equal(file_bytes_there(f->dir, hash, 3), 1);
    assert_int_equal(file_bytes_there(f->dir, hash, 4), 0);
}

static void test_more_than_the_most_is_refused_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct file_bytes *b;
    char command[160];
    ok(f, file_bytes_new(f->dir, 5, &b, &f->err));
    ok(f, file_bytes_add(b, "12345", 5, &f->err));
    assert_int_equal(file_bytes_add(b, "6", 1, &f->err), ERR_LIMIT);
    assert_string_equal(f->err.key, "file.size");
    file_bytes_free(b);
    snprintf(command, sizeof(command), "test -z \"$(ls %s/files/tmp)\"", f->dir);
    assert_int_equal(system(command), 0);
}

static void test_types_are_told_by_the_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *type;
    } all[] = {{"%PDF-1.7\n", 9, "application/pdf"},
               {"\x89PNG\r\n\x1a\n", 8, "image/png"},
               {"\xff\xd8\xff\xe0", 4, "image/jpeg"},
               {"RIFF\1\2\3\4WEBPVP8 ", 16, "image/webp"},
               {"<html><script>1</script>", 24, "text/plain; charset=utf-8"},
               {"<svg onload=1>", 14, "text/plain; charset=utf-8"},
               {"Đề án", 9, "text/plain; charset=utf-8"},
               {"Đề á\xc3", 9, "application/octet-stream"},
               {"a\0b", 3, "application/octet-stream"},
               {"", 0, "application/octet-stream"},
               {"PK\3\4..........................word/document.xml", 47,
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
               {"PK\3\4..........................a.txt", 35, "application/zip"}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_string_equal(file_type_of(all[i].bytes, all[i].n), all[i].type);
}

static void test_names_are_cleaned(void **state)
{
    (void)state;
    static const char *const all[][2] = {{"Đề án 06.pdf", "Đề án 06.pdf"},
                                         {"../../etc/passwd", "passwd"},
                                         {"C:\\Users\\an\\bao cao.docx", "bao cao.docx"},
                                         {"..", "file"},
                                         {"", "file"},
                                         {"a/", "file"},
                                         {".htaccess", "htaccess"},
                                         {"a\r\nX: y.txt", "aX y.txt"},
                                         {"a\"b.txt", "ab.txt"},
                                         {"\xff\xfe.txt", "txt"},
                                         {"2020–2021.xls", "2020–2021.xls"},
                                         {"a\xe2\x80\xae"
                                          "fdp.exe",
                                          "afdp.exe"},
                                         {"a.txt. . ", "a.txt"}};
    char out[FILE_NAME_MAX + 1], longest[1000];
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        file_name_clean(all[i][0], strlen(all[i][0]), out);
        assert_string_equal(out, all[i][1]);
    }
    memset(longest, 'x', sizeof(longest));
    file_name_clean(longest, sizeof(longest), out);
    assert_int_equal(strlen(out), FILE_NAME_MAX);
}

static void test_a_row_without_its_bytes_is_not_made(void **state)
{
    struct fixture *f = *state;
    struct val out;
    struct file_new n = {.hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                         .type = "text/plain",
                         .name = "a",
                         .size = 3};
    ok(f, store_begin(f->db, &f->err));
    assert_int_equal(file_add(&f->s, &n, &out, &f->err), ERR_CONFLICT);
    store_rollback(f->db);
}

static void test_one_that_hangs_on_nothing_is_its_own_account_s(void **state)
{
    struct fixture *f = *state;
    int64_t id = add(f, "one");
    assert_int_equal(may_see(f, id), 1);
    f->s.actor.user = 8;
    assert_int_equal(may_see(f, id), 0);
    f->s.actor.user = -1;
    assert_int_equal(may_see(f, id), 0);
    f->s.actor.user = 0; /* the system */
    assert_int_equal(may_see(f, id), 1);
    f->s.actor.plugin = "p";
    assert_int_equal(may_see(f, id), 0);
}

static void test_one_that_hangs_is_seen_by_what_it_hangs_on(void **state)
{
    struct fixture *f = *state;
    int64_t id = add(f, "one");
    hang(f, id, (struct file_thing){.kind = "thing", .id = 1});
    assert_int_equal(may_see(f, id), 0);
    f->s.actor.user = 8;
    f->seen_thing = 1;
    assert_int_equal(may_see(f, id), 1);
    f->seen_thing = 2;
    assert_int_equal(may_see(f, id), 0);
    hang(f, id, (struct file_thing){.kind = "thing", .id = 2});
    assert_int_equal(may_see(f, id), 1);
    hang(f, id, (struct file_thing){.kind = "table:p.row", .id = 1, .plugin = "p"});
    f->seen_thing = 0;
    assert_int_equal(may_see(f, id), 0);
    f->s.actor.plugin = "p";
    assert_int_equal(may_see(f, id), 1);
    f->s.actor.plugin = "q";
    assert_int_equal(may_see(f, id), 0);
}

static void test_hanging_twice_counts_once(void **state)
{
    struct fixture *f = *state;
    struct file_thing on = {.kind = "thing", .id = 1};
    struct file_row row;
    int64_t id = add(f, "one");
    hang(f, id, on);
    hang(f, id, on);
    assert_int_equal(file_load(f->db, id, &row, &f->err), 1);
    assert_int_equal(row.hung, 1);
    let_go(f, on);
    let_go(f, on);
    assert_int_equal(file_load(f->db, id, &row, &f->err), 1);
    assert_int_equal(row.hung, 0);
    verify(f);
    assert_int_equal(f->nfound, 0);
}

static void test_so_many_may_hang_on_nothing(void **state)
{
    struct fixture *f = *state;
    char text[16];
    struct val out;
    for (int i = 0; i < FILES_LOOSE_MAX; i++) {
        snprintf(text, sizeof(text), "text %d", i);
        int64_t id = add(f, text);
        if (i == 0) hang(f, id, (struct file_thing){.kind = "thing", .id = 1});
    }
    add(f, "one more");
    char hash[DIGEST_HEX];
    keep(f, "too many", hash);
    struct file_new n = {.hash = hash, .type = "text/plain", .name = "a", .size = 8};
    ok(f, store_begin(f->db, &f->err));
    assert_int_equal(file_add(&f->s, &n, &out, &f->err), ERR_LIMIT);
    assert_string_equal(f->err.key, "file.loose");
    store_rollback(f->db);
}

static void test_verify_names_what_is_missing_or_differs(void **state)
{
    struct fixture *f = *state;
    char hash[DIGEST_HEX], path[FILE_PATH_LEN];
    add(f, "first");
    add(f, "second");
    verify(f);
    assert_int_equal(f->nfound, 0);
    keep(f, "first", hash);
    file_bytes_path(f->dir, hash, path);
    FILE *file = fopen(path, "w");
    fputs("fi?st", file);
    fclose(file);
    verify(f);
    assert_int_equal(f->nfound, 1);
    assert_string_equal(f->found[0], "verify.file_differs");
    assert_int_equal(unlink(path), 0);
    verify(f);
    assert_string_equal(f->found[0], "verify.file_missing");
    ok(f, store_exec(f->db, "insert into file_use values(99, 'thing', 1, 0, null)", &f->err));
    verify(f);
    assert_string_equal(f->found[0], "verify.file_row");
}

/* The whole round of the sweep, with a clock that is `ms` ahead. */
static void sweep(struct fixture *f, int64_t ms)
{
    f->host.clock.offset_ms += ms;
    lane_run(f->host.lane);
    for (int i = 0; i < 400; i++) {
        f->host.clock.offset_ms += 20;
        lane_run(f->host.lane);
    }
}

static void test_the_sweep_takes_what_nobody_needs_after_a_day(void **state)
{
    struct fixture *f = *state;
    char loose[DIGEST_HEX], kept[DIGEST_HEX], orphan[DIGEST_HEX];
    struct file_row row;
    keep(f, "loose", loose);
    keep(f, "kept", kept);
    keep(f, "orphan", orphan);
    int64_t a = add(f, "loose"), b = add(f, "kept");
    hang(f, b, (struct file_thing){.kind = "thing", .id = 1});
    files_start(f->host.files, f->host.lane);
    sweep(f, 23 * HOUR);
    assert_true(is_there(f, loose) && is_there(f, orphan));
    sweep(f, 2 * HOUR);
    assert_int_equal(file_load(f->db, a, &row, &f->err), 0);
    assert_int_equal(file_load(f->db, b, &row, &f->err), 1);
    assert_true(is_there(f, kept));
    assert_false(is_there(f, loose));
    assert_false(is_there(f, orphan));
    verify(f);
    assert_int_equal(f->nfound, 0);
}

static void test_the_sweep_spares_bytes_that_another_row_names(void **state)
{
    struct fixture *f = *state;
    char hash[DIGEST_HEX];
    struct file_row row;
    int64_t a = add(f, "same"), b = add(f, "same");
    keep(f, "same", hash);
    hang(f, b, (struct file_thing){.kind = "thing", .id = 1});
    files_start(f->host.files, f->host.lane);
    sweep(f, 25 * HOUR);
    assert_int_equal(file_load(f->db, a, &row, &f->err), 0);
    assert_true(is_there(f, hash));
    verify(f);
    assert_int_equal(f->nfound, 0);
}

struct late_work {
    struct lane_work work;
    struct fixture *f;
    const char *hash;
};

static int run_late(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct late_work *l = (struct late_work *)w;
    struct val out;
    struct file_new n = {.hash = l->hash, .type = "text/plain", .name = "a", .size = 4};
    (void)lane;
    return file_add(&l->f->s, &n, &out, err);
}

static void done_late(struct lane_work *w, const struct err *failed)
{
    (void)w;
    assert_null(failed);
}

/* In the batch of the sweep itself, behind it: the bytes are still there, and must stay. */
static void test_the_sweep_spares_bytes_that_come_again_meanwhile(void **state)
{
    struct fixture *f = *state;
    char hash[DIGEST_HEX];
    struct late_work late = {{.run = run_late, .done = done_late}, f, hash};
    add(f, "same");
    keep(f, "same", hash);
    files_start(f->host.files, f->host.lane);
    f->host.clock.offset_ms += 25 * HOUR;
    f->host.files->source.collect(&f->host.files->source, f->host.lane, 0, 1);
    lane_add(f->host.lane, &late.work);
    lane_run(f->host.lane);
    assert_true(is_there(f, hash));
    verify(f);
    assert_int_equal(f->nfound, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_are_kept_under_their_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_than_the_most_is_refused_and_leaves_nothing, setup, teardown),
        cmocka_unit_test(test_types_are_told_by_the_bytes),
        cmocka_unit_test(test_names_are_cleaned),
        cmocka_unit_test_setup_teardown(test_a_row_without_its_bytes_is_not_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_hangs_on_nothing_is_its_own_account_s, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_hangs_is_seen_by_what_it_hangs_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hanging_twice_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_so_many_may_hang_on_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify_names_what_is_missing_or_differs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_sweep_takes_what_nobody_needs_after_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_sweep_spares_bytes_that_another_row_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_sweep_spares_bytes_that_come_again_meanwhile, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
