/* Packs: the same bytes each time, and nothing hostile gets through: cut, changed, or signed by somebody careless. */
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

#include "plugin/pack.h"
#include "plugin/pack_place.h"
#include "plugin/trust.h"

static char secret[SIGN_KEY_LEN], key[SIGN_KEY_LEN];
static struct arena arena;
static const struct plugin_file sound[] = {{"init.lua", "return 1\n", 9},
                                           {"locale/en.lua", "return {}\n", 10},
                                           {"plugin.lua", "return { name = \"p\", version = \"1.0\", api = 1 }\n", 48},
                                           {"spec/empty.txt", "", 0}};

/* The sound plugin as a pack. */
static void write_sound(struct buf *out)
{
    struct pack p = {.name = "p", .version = "1.0", .files = (struct plugin_file *)sound, .nfiles = 4};
    struct err err = {0};
    buf_init(out, PACK_BYTES_MAX);
    assert_int_equal(pack_write(&p, secret, out, &err), 0);
}

static int parse(const char *bytes, size_t len, struct pack *out, struct err *err)
{
    arena_reset(&arena);
    err_clear(err);
    return pack_parse(bytes, len, &arena, out, err);
}

/* Signs a head and content that nobody would write. */
static int parse_signed(const char *body, size_t len, struct err *err)
{
    struct buf b;
    struct pack p;
    uint8_t signature[SIGN_LEN];
    buf_init(&b, 2 * PACK_BYTES_MAX);
    buf_printf(&b, "khung-pack 1\nkey %s\n", key);
    buf_add(&b, body, len);
    assert_true(sign_make(secret, b.data, b.len, signature));
    buf_add(&b, signature, sizeof(signature));
    int rc = parse(b.data, b.len, &p, err);
    buf_close(&b);
    return rc;
}

static void test_the_same_files_give_the_same_bytes_and_come_back(void **state)
{
    struct buf a, b;
    struct pack p;
    struct err err;
    (void)state;
    write_sound(&a);
    write_sound(&b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    assert_int_equal(parse(a.data, a.len, &p, &err), 0);
    assert_string_equal(p.key, key);
    assert_string_equal(p.name, "p");
    assert_string_equal(p.version, "1.0");
    assert_int_equal(p.nfiles, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(p.files[i].path, sound[i].path);
        assert_int_equal(p.files[i].len, sound[i].len);
        assert_memory_equal(p.files[i].text, sound[i].text, sound[i].len);
    }
    buf_close(&a);
    buf_close(&b);
}

static void test_each_cut_and_each_changed_byte_is_refused(void **state)
{
    struct buf a;
    struct pack p;
    struct err err;
    (void)state;
    write_sound(&a);
    for (size_t n = 0; n < a.len; n++) {
        char *cut = malloc(n + 1); /* of its own, so that reading past it is seen by the sanitizer */
        memcpy(cut, a.data, n);
        assert_int_not_equal(parse(cut, n, &p, &err), 0);
        free(cut);
    }
    for (size_t i = 0; i < a.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            a.data[i] = (char)(a.data[i] ^ (1 << bit));
            assert_int_not_equal(parse(a.data, a.len, &p, &err), 0);
            a.data[i] = (char)(a.data[i] ^ (1 << bit));
        }
    assert_int_equal(parse(a.data, a.len, &p, &err), 0);
    buf_add(&a, "x", 1);
    assert_int_not_equal(parse(a.data, a.len, &p, &err), 0);
    buf_close(&a);
}

#define ONE "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b" /* "1" */
#define NONE "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD "name p\nversion 1\n"

static void test_a_signature_excuses_nothing(void **state)
{
    static const char *const bodies[] = {"",
                                         "content\n",
                                         HEAD,
                                         HEAD "content\n",
                                         HEAD "file 1 " ONE " ../a.lua\ncontent\n1",
                                         HEAD "file 1 " ONE " a/../b.lua\ncontent\n1",
                                         HEAD "file 1 " ONE " /etc/cron.d/a\ncontent\n1",
                                         HEAD "file 1 " ONE " a//b\ncontent\n1",
                                         HEAD "file 1 " ONE " a/\ncontent\n1",
                                         HEAD "file 1 " ONE " ./a\ncontent\n1",
                                         HEAD "file 1 " ONE " .bashrc\ncontent\n1",
                                         HEAD "file 1 " ONE " a/.git\ncontent\n1",
                                         HEAD "file 1 " ONE " -rf\ncontent\n1",
                                         HEAD "file 1 " ONE " a\\b\ncontent\n1",
                                         HEAD "file 1 " ONE " a b\ncontent\n1",
                                         HEAD "file 1 " ONE " a\r\ncontent\n1",
                                         HEAD "file 1 " ONE " \xc3\xa1\ncontent\n1",
                                         HEAD "file 1 " ONE " 1/2/3/4/5/6/7\ncontent\n1",
                                         HEAD "file 1 " ONE " \ncontent\n1",
                                         HEAD "file 01 " ONE " a\ncontent\n1",
                                         HEAD "file  1 " ONE " a\ncontent\n1",
                                         HEAD "file +1 " ONE " a\ncontent\n1",
                                         HEAD "file -1 " ONE " a\ncontent\n1",
                                         HEAD "file 2 " ONE " a\ncontent\n1",
                                         HEAD "file 0 " NONE " a\ncontent\n1",
                                         HEAD "file 1 " NONE " a\ncontent\n1",
                                         HEAD "file 1 " ONE "\ncontent\n1",
                                         HEAD "file 99999999 " ONE " a\ncontent\n1",
                                         HEAD "file 18446744073709551617 " ONE " a\ncontent\n1",
                                         HEAD "file 1 " ONE " a\nfile 1 " ONE " a\ncontent\n11",
                                         HEAD "file 1 " ONE " b\nfile 1 " ONE " a\ncontent\n11",
                                         HEAD "file 1 " ONE " a\nlink b a\ncontent\n1",
                                         HEAD "file 1 " ONE " a\n1",
                                         "version 1\nname p\nfile 1 " ONE " a\ncontent\n1",
                                         "name ../p\nversion 1\nfile 1 " ONE " a\ncontent\n1",
                                         "name \nversion 1\nfile 1 " ONE " a\ncontent\n1",
                                         "name p\nversion \nfile 1 " ONE " a\ncontent\n1",
                                         "name p\nversion 1/2\nfile 1 " ONE " a\ncontent\n1"};
    struct err err;
    const char fine[] = HEAD "file 1 " ONE " a\ncontent\n1";
    (void)state;
    assert_int_equal(parse_signed(fine, sizeof(fine) - 1, &err), 0);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        if (parse_signed(bodies[i], strlen(bodies[i]), &err) == 0) fail_msg("taken: %s", bodies[i]);
    const char nul[] = HEAD "file 1 " ONE " a\0b\ncontent\n1";
    assert_int_not_equal(parse_signed(nul, sizeof(nul) - 1, &err), 0);
}

static void test_too_many_and_too_large_files_are_refused(void **state)
{
    struct buf b;
    struct err err;
    (void)state;
    buf_init(&b, 32 << 20);
    buf_add_str(&b, HEAD);
    for (int i = 0; i < PLUGIN_FILES_MAX + 1; i++)
        buf_printf(&b, "file 0 " NONE " f%03d\n", i);
    buf_add_str(&b, "content\n");
    assert_int_not_equal(parse_signed(b.data, b.len, &err), 0);
    buf_clear(&b);
    buf_printf(&b, HEAD "file %d " NONE " a\ncontent\n", PLUGIN_BYTES_MAX + 1);
    char *block = calloc(1, PLUGIN_BYTES_MAX + 1);
    buf_add(&b, block, PLUGIN_BYTES_MAX + 1);
    free(block);
    assert_int_not_equal(parse_signed(b.data, b.len, &err), 0);
    buf_close(&b);
}

/* Whatever is taken is written in the one form that there is. */
static void test_what_is_taken_has_one_form(void **state)
{
    const char base[] = HEAD "file 1 " ONE " a\nfile 0 " NONE " b/c.lua\ncontent\n1";
    char body[sizeof(base)];
    struct err err;
    int taken = 0;
    (void)state;
    srand(7);
    for (int round = 0; round < 30000; round++) {
        size_t n = sizeof(base) - 1;
        memcpy(body, base, n);
        for (int k = rand() % 3; k >= 0; k--) {
            size_t at = (size_t)rand() % n;
            switch (rand() % 3) {
            case 0:
                body[at] = (char)rand();
                break;
            case 1:
                body[at] = base[(size_t)rand() % n];
                break;
            default:
                memmove(body + at, body + at + 1, n - at - 1);
                n--;
            }
        }
        if (parse_signed(body, n, &err) != 0) continue;
        taken++;
        struct pack p;
        struct buf first, again;
        uint8_t signature[SIGN_LEN];
        buf_init(&first, PACK_BYTES_MAX);
        buf_init(&again, PACK_BYTES_MAX);
        buf_printf(&first, "khung-pack 1\nkey %s\n", key);
        buf_add(&first, body, n);
        sign_make(secret, first.data, first.len, signature);
        buf_add(&first, signature, sizeof(signature));
        assert_int_equal(parse(first.data, first.len, &p, &err), 0);
        assert_int_equal(pack_write(&p, secret, &again, &err), 0);
        assert_int_equal(first.len, again.len);
        assert_memory_equal(first.data, again.data, first.len);
        buf_close(&first);
        buf_close(&again);
    }
    assert_true(taken > 10); /* letters of names and paths do change */
}

static char top[] = "/tmp/khung-pack-XXXXXX";

static bool is_there(const char *path)
{
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", top, path);
    return access(full, F_OK) == 0;
}

static void test_files_take_their_place_or_nothing_changes(void **state)
{
    struct pack_place *place, *second;
    struct buf a;
    struct pack p;
    struct err err = {0};
    (void)state;
    write_sound(&a);
    assert_int_equal(parse(a.data, a.len, &p, &err), 0);
    assert_int_equal(pack_place_open(top, &place, &err), 0);
    assert_int_equal(pack_place_open(top, &second, &err), ERR_CONFLICT);
    assert_int_equal(pack_place_write(place, &p, &err), 0);
    assert_false(is_there("p"));
    assert_int_equal(pack_place_swap(place, "p", &err), 0);
    assert_true(is_there("p/locale/en.lua"));
    pack_place_close(place);
    /* A newer one without that file; and one that cannot be written. */
    p.nfiles = 1;
    assert_int_equal(pack_place_open(top, &place, &err), 0);
    assert_int_equal(pack_place_write(place, &p, &err), 0);
    assert_int_equal(pack_place_swap(place, "p", &err), 0);
    pack_place_close(place);
    assert_true(is_there("p/init.lua"));
    assert_false(is_there("p/locale"));
    struct plugin_file clash[] = {{"a", "1", 1}, {"a/b", "1", 1}};
    struct pack bad = {.name = "p", .version = "1", .files = clash, .nfiles = 2};
    assert_int_equal(pack_place_open(top, &place, &err), 0);
    assert_int_equal(pack_place_write(place, &bad, &err), ERR_IO);
    pack_place_close(place);
    assert_true(is_there("p/init.lua"));
    assert_false(is_there(".install"));
    buf_close(&a);
}

static void test_trust_is_given_and_taken(void **state)
{
    struct err err = {0};
    struct val list;
    (void)state;
    assert_int_equal(trust_has(top, key, &err), 0);
    assert_int_equal(trust_remove(top, key, &err), ERR_NOT_FOUND);
    assert_int_equal(trust_add(top, "short", "x", &err), ERR_INVALID);
    assert_int_equal(trust_add(top, key, "two\nlines", &err), ERR_INVALID);
    assert_int_equal(trust_add(top, key, "Lan", &err), 0);
    assert_int_equal(trust_add(top, key, "Lan of the province", &err), 0);
    assert_int_equal(trust_has(top, key, &err), 1);
    assert_int_equal(trust_list(top, &arena, &list, &err), 0);
    assert_int_equal(list.as.list.n, 1);
    assert_true(val_is_str(val_get(val_at(&list, 0), "name"), "Lan of the province"));
    assert_int_equal(trust_remove(top, key, &err), 0);
    assert_int_equal(trust_has(top, key, &err), 0);
}

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    sign_new_secret(secret);
    return sign_public_of(secret, key) && mkdtemp(top) ? 0 : -1;
}

static int stop(void **state)
{
    char command[128];
    (void)state;
    arena_close(&arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", top);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_files_give_the_same_bytes_and_come_back),
        cmocka_unit_test(test_each_cut_and_each_changed_byte_is_refused),
        cmocka_unit_test(test_a_signature_excuses_nothing),
        cmocka_unit_test(test_too_many_and_too_large_files_are_refused),
        cmocka_unit_test(test_what_is_taken_has_one_form),
        cmocka_unit_test(test_files_take_their_place_or_nothing_changes),
        cmocka_unit_test(test_trust_is_given_and_taken),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
