/* Who did what when several act in one transaction: what runs do beside an actor stands in the actor's row, and is
 * nobody's but theirs. */
#include "fixture.h"

#include "audit/audit.h"
#include "audit/audit_seal.h"

/* One that acts: a letter a user and person of that number, a digit a run. '(' a mark, ')' rolls back to it. */
struct acts {
    struct lane_work work;
    struct fixture *f;
    const char *who;
    int64_t id;
};

static int act(struct acts *a, char who, struct err *err)
{
    struct session s;
    app_session(&a->f->app, &s, &a->f->a);
    bool is_run = who >= '0' && who <= '9';
    s.actor = is_run ? (struct actor){.run = who, .plugin = who == '9' ? "nine" : "other"}
                     : (struct actor){.user = who, .person = who};
    s.origin = is_run ? NULL : "cli";
    struct val text = val_str("a text that is sealed"), after = val_map();
    assert_int_equal(val_set(&a->f->a, &after, "text", text), 0);
    char name[2] = {who, '\0'};
    return audit_add(
        &s, &(struct audit_entry){.verb = "test.act", .kind = "thing", .id = ++a->id, .name = name, .after = &after},
        err);
}

static int run_acts(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct acts *a = (struct acts *)w;
    int rc = 0;
    for (const char *c = a->who; rc == 0 && *c; c++) {
        if (*c == '(')
            rc = store_mark(lane_db(lane), err);
        else if (*c == ')')
            store_mark_rollback(lane_db(lane));
        else
            rc = act(a, *c, err);
    }
    return rc;
}

static void done_acts(struct lane_work *w, const struct err *failed)
{
    (void)w;
    if (failed) fail_msg("%s", failed->key);
}

static void tell(struct fixture *f, const char *who)
{
    struct acts a = {.work = {.run = run_acts, .done = done_acts}, .f = f, .who = who};
    lane_add(f->app.lane, &a.work);
    app_run(&f->app);
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->app.db, sql, &f->err);
    assert_int_equal(stmt_step(s, &f->err), 1);
    int64_t n = stmt_int(s, 0);
    stmt_done(s);
    return n;
}

static int64_t rows_of(struct fixture *f)
{
    return number(f, "select count(*) from audit where instr(body, 'test.act')");
}

/* What is found, oldest first, each by its letter; each entry shows its own actor and no other. */
static void expect(struct fixture *f, const struct audit_filter *filter, const char *want)
{
    struct val list;
    int64_t next;
    char got[2000] = "";
    fixture_ok(f, "find", audit_find(f->app.db, filter, &f->a, &list, &next, &f->err));
    for (size_t i = list.as.list.n; i > 0; i--) {
        const struct val *e = val_at(&list, i - 1);
        char who = val_get(e, "name")->as.str.s[0];
        bool is_run = who >= '0' && who <= '9';
        strncat(got, &who, 1);
        assert_int_equal(val_get_int(e, "run", 0), is_run ? who : 0);
        assert_int_equal(val_get_int(e, "user", 0), is_run ? 0 : who);
        assert_int_equal(val_get_int(e, "person", 0), is_run ? 0 : who);
        assert_int_equal(val_get(e, "from") != NULL, !is_run);
        const char *plugin = is_run ? (who == '9' ? "nine" : "other") : NULL;
        if (plugin) assert_true(val_is_str(val_get(e, "plugin"), plugin));
        if (!plugin) assert_null(val_get(e, "plugin"));
    }
    assert_string_equal(got, want);
}

static void expect_whole(struct fixture *f)
{
    struct audit_break b;
    assert_int_equal(audit_verify(f->app.db, NULL, &b, &f->err), 0);
}

static const struct audit_filter all = {.verb = "test.act", .limit = 1000};

static void runs_stand_in_the_row_of_who_acts_beside_them(void **state)
{
    struct fixture *f = *state;
    struct audit_filter of_a = {.verb = "test.act", .person = 'a'}, of_nine = {.verb = "test.act", .run = '9'};
    tell(f, "a99a8b9");
    assert_int_equal(rows_of(f), 2);
    expect(f, &all, "a99a8b9");
    expect(f, &of_a, "aa");
    expect(f, &of_nine, "999");
    tell(f, "98a");
    assert_int_equal(rows_of(f), 4);
    expect(f, &all, "a99a8b998a");
    expect(f, &of_a, "aaa");
    expect_whole(f);
}

static void each_is_found_by_its_thing_before_and_after_it_is_indexed(void **state)
{
    struct fixture *f = *state;
    struct audit_filter third = {.kind = "thing", .id = 3}, named = {.kind = "thing", .name = "8"};
    struct audit_filter by_run = {.run = '8'}, by_person = {.person = 'a'};
    bool more = true;
    tell(f, "a98a");
    for (int i = 0; i < 2; i++) {
        expect(f, &third, "8");
        expect(f, &named, "8");
        expect(f, &by_run, "8");
        expect(f, &by_person, "aa");
        while (more) {
            fixture_ok(f, "begin", store_begin(f->app.db, &f->err));
            fixture_ok(f, "index", audit_index_some(f->app.db, &more, &f->err));
            fixture_ok(f, "commit", store_commit(f->app.db, &f->err));
        }
    }
}

static void what_is_rolled_back_between_them_takes_nobody_along(void **state)
{
    static const struct {
        const char *told, *kept;
    } cases[] = {{"a(9)a", "aa"},  {"a(9)9", "a9"},    {"a9(8)9", "a99"}, {"a9(a)9", "a99"},      {"a(9(8)a)8", "a8"},
                 {"(a9)9a", "9a"}, {"a(b9)9b", "a9b"}, {"9(a)8", "98"},   {"a(999b888)a9", "aa9"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        (void)state;
        fixture_open(&f);
        tell(&f, cases[i].told);
        expect(&f, &all, cases[i].kept);
        expect_whole(&f);
        fixture_close(&f);
    }
}

static void a_full_row_takes_in_nobody_else(void **state)
{
    struct fixture *f = *state;
    char who[901] = "";
    for (int i = 0; i < 900; i++)
        who[i] = i % 2 ? '8' : 'a';
    tell(f, who);
    expect(f, &all, who);
    int64_t rows = rows_of(f);
    assert_true(rows > 3 && rows < 20);
    assert_true(number(f, "select max(length(body)) from audit") < 8200);
    expect_whole(f);
}

/* So many that two threads make the digests. */
static void many_rows_make_one_chain(void **state)
{
    struct fixture *f = *state;
    char who[1001] = "";
    for (int i = 0; i < 1000; i++)
        who[i] = (char)('a' + i % 26);
    for (int i = 0; i < 5; i++)
        tell(f, who);
    assert_int_equal(rows_of(f), 5000);
    expect_whole(f);
    fixture_ok(f, "change", store_exec(f->app.db, "update audit set person = 7 where id = 2000", &f->err));
    struct audit_break b;
    assert_int_equal(audit_verify(f->app.db, NULL, &b, &f->err), 1);
    assert_int_equal(b.row, 2000);
}

/* More than a transaction may tell: the slice is undone, and those before and after it are told whole. */
struct too_much {
    struct lane_work work;
    struct fixture *f;
    bool failed;
};

static int run_too_much(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct too_much *t = (struct too_much *)w;
    static char text[3500];
    struct session s;
    struct val after = val_map(), value;
    int rc = 0;
    (void)lane;
    memset(text, 'x', sizeof(text) - 1);
    value = val_str(text);
    app_session(&t->f->app, &s, &t->f->a);
    s.actor = (struct actor){.user = 'z', .person = 'z'};
    assert_int_equal(val_set(&t->f->a, &after, "text", value), 0);
    while (rc == 0)
        rc = audit_add(&s, &(struct audit_entry){.verb = "test.act", .kind = "thing", .id = 1, .after = &after}, err);
    return rc;
}

static void done_too_much(struct lane_work *w, const struct err *failed)
{
    ((struct too_much *)w)->failed = failed && strcmp(failed->key, "audit.batch") == 0;
}

static void who_tells_too_much_takes_nobody_along(void **state)
{
    struct fixture *f = *state;
    struct acts before = {.work = {.run = run_acts, .done = done_acts}, .f = f, .who = "a9a"};
    struct too_much much = {.work = {.run = run_too_much, .done = done_too_much}, .f = f};
    struct acts after = {.work = {.run = run_acts, .done = done_acts}, .f = f, .who = "b8"};
    lane_add(f->app.lane, &before.work);
    lane_add(f->app.lane, &much.work);
    lane_add(f->app.lane, &after.work);
    app_run(&f->app);
    assert_true(much.failed);
    expect(f, &all, "a9ab8");
    expect_whole(f);
}

/* The row and its digest; what it holds is borrowed until the statement is done. */
static struct stmt *read_first(struct fixture *f, struct audit_row *r, uint8_t digest[DIGEST_LEN])
{
    const uint8_t *hash;
    struct stmt *s =
        store_stmt(f->app.db, "select " AUDIT_COLUMNS " from audit where instr(body, 'test.act')", &f->err);
    assert_int_equal(stmt_step(s, &f->err), 1);
    audit_read_row(s, r, &hash);
    assert_int_equal(audit_row_digest(r, digest, NULL), 0);
    return s;
}

/* Each byte of a row in turn: whose act it was is part of the chain. */
static void who_acted_cannot_be_changed(void **state)
{
    struct fixture *f = *state;
    uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
    tell(f, "a9a");
    struct audit_row r;
    struct stmt *s = read_first(f, &r, want);
    char *body = arena_alloc(&f->a, r.len);
    const char *was = r.body;
    r.body = body;
    for (size_t i = 0; i < r.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(body, was, r.len);
            body[i] ^= (char)(1 << bit);
            if (audit_row_digest(&r, got, NULL) == 0) assert_memory_not_equal(want, got, DIGEST_LEN);
        }
    stmt_done(s);
}

static bool any(void *ctx, const struct audit_sealed *v)
{
    (void)ctx;
    (void)v;
    return true;
}

static void values_are_erased_and_who_acted_stays(void **state)
{
    struct fixture *f = *state;
    uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
    struct audit_erasing e = {.wants = any};
    tell(f, "a98a");
    struct audit_row r;
    struct stmt *s = read_first(f, &r, want);
    buf_init(&e.body, AUDIT_BATCH_MAX);
    buf_init(&e.salts, SEALS_MAX);
    assert_int_equal(audit_without(&r, &e), 0);
    assert_int_equal(e.n, 9); /* the address, and a name and a text of each */
    r.body = e.body.data;
    r.len = e.body.len;
    r.salt = (const uint8_t *)e.salts.data;
    r.salt_len = e.salts.len;
    r.c.from[0] = '\0';
    assert_int_equal(audit_row_digest(&r, got, NULL), 0);
    assert_memory_equal(want, got, DIGEST_LEN);
    struct val list = val_list();
    assert_int_equal(audit_show_row(&r, &f->a, &list), 0);
    assert_int_equal(list.as.list.n, 4);
    assert_int_equal(val_get_int(val_at(&list, 1), "run", 0), '9');
    assert_int_equal(val_get_int(val_at(&list, 3), "person", 0), 'a');
    stmt_done(s);
    buf_close(&e.body);
    buf_close(&e.salts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ONE(runs_stand_in_the_row_of_who_acts_beside_them),
                                       ONE(each_is_found_by_its_thing_before_and_after_it_is_indexed),
                                       cmocka_unit_test(what_is_rolled_back_between_them_takes_nobody_along),
                                       ONE(a_full_row_takes_in_nobody_else),
                                       ONE(many_rows_make_one_chain),
                                       ONE(who_tells_too_much_takes_nobody_along),
                                       ONE(who_acted_cannot_be_changed),
                                       ONE(values_are_erased_and_who_acted_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
