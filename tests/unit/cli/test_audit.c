/* The audit in a host with a virtual clock: anchors by the day, the index beside the reading of all rows. */
#include "fixture.h"

#include "audit/audit.h"
#include "audit/audit_line.h"
#include "audit/audit_seal.h"

enum { DAY = 86400000 };

static const char source[] = "local rows = storage.table('row', { fields = { n = 'integer!' } })\n"
                             "test.handler('go', function()\n"
                             "  local id = rows:insert { n = 1 }\n"
                             "  pcall(function() rows:update(id, { n = 'no' }) end)\n"
                             "  rows:update(id, { n = 2 })\n"
                             "  storage.kv.set('k' .. test.number(), 1)\n"
                             "end)\n"
                             "test.handler('broken', function() rows:insert { n = 3 } error('no') end)\n";

static void open_one(struct fixture *f)
{
    fixture_open(f);
    fixture_plugin(f, "p", FIXTURE_NEEDS, source);
    fixture_reload(f);
}

static void go(struct fixture *f, const char *handler)
{
    fixture_number++;
    fixture_run(f, "p", handler, NULL);
}

static int64_t count_anchors(struct fixture *f)
{
    struct val list;
    fixture_ok(f, "anchors", audit_anchors(f->app.db, 100, &f->a, &list, &f->err));
    return (int64_t)list.as.list.n;
}

static void a_day_that_changes_something_has_one_anchor(void **state)
{
    struct fixture f;
    struct audit_break b;
    (void)state;
    open_one(&f);
    go(&f, "go");
    int64_t first = count_anchors(&f);
    for (int day = 0; day < 3; day++) {
        clock_set(&f.app.host.clock, f.app.host.clock.virtual_ms + DAY);
        go(&f, "go");
        go(&f, "go");
    }
    assert_int_equal(count_anchors(&f), first + 3);
    fixture_restart(&f);
    go(&f, "go");
    assert_int_equal(count_anchors(&f), first + 3);
    assert_int_equal(audit_verify(f.app.db, NULL, &b, &f.err), 0);
    fixture_close(&f);
}

static size_t found(struct fixture *f, const struct audit_filter *filter)
{
    struct val rows;
    int64_t next;
    fixture_ok(f, "find", audit_find(f->app.db, filter, &f->a, &rows, &next, &f->err));
    return rows.as.list.n;
}

static bool index_some(struct fixture *f)
{
    bool more;
    fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
    fixture_ok(f, "index", audit_index_some(f->app.db, &more, &f->err));
    fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
    return more;
}

static void the_index_gives_what_reading_gives(void **state)
{
    struct fixture f;
    struct audit_filter one = {.kind = "storage", .name = "k7", .limit = 1000};
    struct audit_filter verbs = {.verb = "storage.*", .limit = 1000};
    (void)state;
    open_one(&f);
    fixture_number = 0;
    for (int i = 0; i < 300; i++)
        go(&f, "go");
    size_t read = found(&f, &one), all = found(&f, &verbs);
    assert_int_equal(read, 1);
    assert_int_equal(all, 900);
    assert_true(index_some(&f)); /* 200 rows at once: there is more */
    assert_int_equal(found(&f, &one), read);
    while (index_some(&f)) {
    }
    assert_int_equal(found(&f, &one), read);
    assert_int_equal(found(&f, &verbs), all);
    fixture_close(&f);
}

static void what_has_a_number_and_a_name_is_found_by_either(void **state)
{
    struct fixture f;
    (void)state;
    open_one(&f);
    fixture_call(&f, "user.add", "[\"an\"]");
    struct val token = fixture_call(&f, "user.token", "[\"an\"]");
    struct audit_filter by_name = {.kind = "token", .name = "an"};
    struct audit_filter by_id = {.kind = "token", .id = val_get_int(&token, "id", 0)};
    assert_int_equal(found(&f, &by_id), 1);
    while (index_some(&f)) {
    }
    assert_int_equal(found(&f, &by_id), 1);
    assert_int_equal(found(&f, &by_name), 1);
    fixture_close(&f);
}

static void what_is_rolled_back_was_not_told(void **state)
{
    struct fixture f;
    struct audit_filter all = {.verb = "storage.insert"};
    (void)state;
    open_one(&f);
    go(&f, "broken");
    assert_int_equal(found(&f, &all), 0);
    go(&f, "go");
    go(&f, "broken");
    go(&f, "go");
    assert_int_equal(found(&f, &all), 2);
    fixture_close(&f);
}

static void large_and_deep_values_are_told_by_their_digest(void **state)
{
    struct fixture f;
    struct val rows;
    int64_t next;
    (void)state;
    fixture_open(&f);
    fixture_plugin(&f, "p", FIXTURE_NEEDS,
                   "test.handler('large', function() storage.kv.set('large', ('x'):rep(50000)) end)\n"
                   "test.handler('deep', function() local t = {} for i = 1, 29 do t = { t } end "
                   "storage.kv.set('deep', t) end)\n");
    fixture_reload(&f);
    fixture_ok(&f, "large", fixture_run(&f, "p", "large", NULL));
    fixture_ok(&f, "deep", fixture_run(&f, "p", "deep", NULL));
    struct audit_filter large = {.name = "large"}, deep = {.name = "deep"};
    fixture_ok(&f, "find", audit_find(f.app.db, &large, &f.a, &rows, &next, &f.err));
    const struct val *after = val_get(val_at(&rows, 0), "after");
    assert_true(val_get_int(after, "bytes", 0) > 50000);
    assert_int_equal(found(&f, &deep), 1);
    fixture_close(&f);
}

/* Rows of a database from before there were seals: no salt, and the hash over all of it. */
static void make_old(struct fixture *f)
{
    struct store *db = f->app.db;
    uint8_t hash[DIGEST_LEN] = {0};
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit order by id", &f->err);
    while (stmt_step(s, &f->err) == 1) {
        struct audit_row r;
        const uint8_t *was;
        audit_read_row(s, &r, &was);
        r.salt = NULL;
        assert_int_equal(audit_hash(hash, &r, hash, NULL), 0);
        struct stmt *u = store_stmt(db, "update audit set salt = null, hash = ?2 where id = ?1", &f->err);
        stmt_bind_int(u, 1, r.id);
        stmt_bind_blob(u, 2, hash, sizeof(hash));
        fixture_ok(f, "old", stmt_run(u, &f->err));
    }
    stmt_done(s);
    fixture_ok(f, "anchors", store_exec(db, "delete from audit_anchor", &f->err));
}

static void rows_from_before_there_were_seals_are_verified_and_go_on(void **state)
{
    struct fixture f;
    struct audit_break b;
    (void)state;
    open_one(&f);
    go(&f, "go");
    make_old(&f);
    assert_int_equal(audit_verify(f.app.db, NULL, &b, &f.err), 0);
    go(&f, "go");
    assert_int_equal(audit_verify(f.app.db, NULL, &b, &f.err), 0);
    fixture_ok(&f, "change", store_exec(f.app.db, "update audit set at = at + 1 where id = 1", &f.err));
    assert_int_equal(audit_verify(f.app.db, NULL, &b, &f.err), 1);
    assert_int_equal(b.row, 1);
    fixture_close(&f);
}

struct one {
    int64_t n, seen;
};

static bool only(void *ctx, const struct audit_sealed *v)
{
    struct one *o = ctx;
    o->seen++;
    return v->n == o->n;
}

/* Each value of each row in turn, then all of them: the digest stays what it was, and is another when a byte is
 * changed. */
static void any_value_can_be_erased_and_the_digest_stays(void **state)
{
    struct fixture f;
    (void)state;
    open_one(&f);
    go(&f, "go");
    struct stmt *s = store_stmt(f.app.db, "select " AUDIT_COLUMNS " from audit order by id", &f.err);
    int64_t rows = 0, erased = 0, n;
    while (stmt_step(s, &f.err) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
        struct one o = {.n = 1};
        struct audit_erasing e = {.wants = only, .ctx = &o};
        audit_read_row(s, &r, &hash);
        assert_int_equal(audit_row_digest(&r, want, &n), 0);
        assert_int_equal(n, 0);
        buf_init(&e.body, AUDIT_BATCH_MAX);
        buf_init(&e.salts, SEALS_MAX);
        for (o.n = 1; o.n == 1 || o.n <= o.seen; o.n++) {
            o.seen = 0;
            assert_int_equal(audit_without(&r, &e), 0);
            struct audit_row left = r;
            left.body = e.body.data;
            left.len = e.body.len;
            left.salt = (const uint8_t *)e.salts.data;
            left.salt_len = e.salts.len;
            if (e.is_address) left.c.from[0] = '\0';
            assert_int_equal(audit_row_digest(&left, got, &n), 0);
            assert_int_equal(n, e.n);
            assert_memory_equal(want, got, DIGEST_LEN);
            erased += n;
            e.salts.data[e.salts.len - 1] ^= 1;
            if (audit_row_digest(&left, got, NULL) == 0) assert_memory_not_equal(want, got, DIGEST_LEN);
        }
        buf_close(&e.body);
        buf_close(&e.salts);
        rows++;
    }
    stmt_done(s);
    assert_true(rows > 0 && erased > 1);
    fixture_close(&f);
}

/* Proofs and digests are Base64, and + at the front of a cell is guarded for spreadsheets. */
static void a_proof_that_looks_like_a_formula_is_read_back(void **state)
{
    struct arena a;
    struct buf b;
    struct audit_line line;
    uint8_t digest[DIGEST_LEN];
    char text[DIGEST_BASE64(DIGEST_LEN)];
    (void)state;
    arena_init(&a, 1 << 20);
    for (int first = 0; first < 256; first++) {
        buf_init(&b, 10000);
        memset(digest, first, sizeof(digest));
        digest_base64(digest, sizeof(digest), false, text, sizeof(text));
        audit_line_omitted(AUDIT_CSV, 7, digest, 1, &b);
        assert_true(audit_line_read(AUDIT_CSV, b.data, b.len, &a, &line));
        assert_int_equal(line.row, 7);
        assert_string_equal(line.proof, text);
        buf_close(&b);
    }
    arena_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_that_changes_something_has_one_anchor),
        cmocka_unit_test(the_index_gives_what_reading_gives),
        cmocka_unit_test(what_has_a_number_and_a_name_is_found_by_either),
        cmocka_unit_test(what_is_rolled_back_was_not_told),
        cmocka_unit_test(large_and_deep_values_are_told_by_their_digest),
        cmocka_unit_test(rows_from_before_there_were_seals_are_verified_and_go_on),
        cmocka_unit_test(any_value_can_be_erased_and_the_digest_stays),
        cmocka_unit_test(a_proof_that_looks_like_a_formula_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
