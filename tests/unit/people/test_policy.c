/* The policy and the tokens. */
#include "base/clock.h"
#include "fixture.h"
#include "people/verb.h"

static int ask(struct fixture *f, struct actor a, const char *verb, int64_t unit)
{
    err_clear(&f->err);
    return people_policy(f->db, &a, verb, unit, fixture_day("2021-01-04"), &f->err);
}

static void nothing_is_allowed_without_a_role(void **state)
{
    struct fixture *f = *state;
    struct actor mai = {.user = 77, .person = fixture_person(f, "mai")};
    struct actor anonymous = {.user = PEOPLE_ANONYMOUS}, plugin = {.plugin = "portal"};
    assert_int_equal(ask(f, mai, "content.read_draft", fixture_unit(f, "a")), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.verb");
    assert_string_equal(err_arg(&f->err, "verb"), "content.read_draft");
    assert_int_equal(ask(f, anonymous, "content.read_draft", PEOPLE_ANY_UNIT), ERR_DENIED);
    assert_int_equal(ask(f, plugin, "content.create", fixture_unit(f, "a")), ERR_DENIED);
}

static void role_reaches_its_unit_and_what_is_below(void **state)
{
    struct fixture *f = *state;
    struct actor hoa = {.person = fixture_person(f, "hoa")}, lan = {.person = fixture_person(f, "lan")};
    assert_int_equal(ask(f, hoa, "content.create", fixture_unit(f, "a")), 0);
    assert_int_equal(ask(f, hoa, "content.create", fixture_unit(f, "b")), ERR_DENIED);
    assert_int_equal(ask(f, hoa, "content.create", fixture_unit(f, "office")), ERR_DENIED);
    assert_int_equal(ask(f, hoa, "content.create", 0), ERR_DENIED);
    assert_int_equal(ask(f, hoa, "content.create", PEOPLE_ANY_UNIT), 0);
    assert_int_equal(ask(f, hoa, "content.publish", fixture_unit(f, "a")), ERR_DENIED);
    /* By a position that carries the role. */
    assert_int_equal(ask(f, lan, "content.publish", fixture_unit(f, "a")), 0);
    assert_int_equal(ask(f, lan, "content.publish", fixture_unit(f, "province")), ERR_DENIED);
    assert_int_equal(
        people_policy(f->db, &lan, "content.publish", fixture_unit(f, "a"), fixture_day("2021-02-01"), &f->err),
        ERR_DENIED);
}

static void family_of_verbs_is_one_row(void **state)
{
    struct fixture *f = *state;
    struct people_account root;
    int64_t given, again;
    people_account_find(f->db, "lan", &root, &f->err);
    struct people_role r = {.account = root.id, .role = "operator"};
    fixture_ok(f, "give", people_role_give(f->db, &r, &given, &f->err));
    assert_int_equal(people_role_give(f->db, &r, &again, &f->err), 1);
    assert_int_equal(again, given);
    assert_int_equal(fixture_count(f, "select count(*) from role_held where role = 'operator'"), 1);
    struct actor a = {.user = root.id};
    assert_int_equal(ask(f, a, "flow.cancel", 0), 0);
    assert_int_equal(ask(f, a, "schedule.write", 0), 0);
    assert_int_equal(ask(f, a, "flowers.pick", 0), ERR_DENIED);
    r.role = "emperor";
    assert_int_equal(people_role_give(f->db, &r, &given, &f->err), ERR_NOT_FOUND);
}

/* Who has the one word may give the other: as it is compared (people_verb_covers) and as the policy answers. */
static void a_role_is_within_what_covers_it(void **state)
{
    struct fixture *f = *state;
    static const char *const words[] = {
        "content.edit",
        "content.edit@draft",
        "content.edit@in_review",
        "content.*",
        "content.*@draft",
        "content.*@in_review",
        "content.edi",
        "content.approve@draft",
        "flow.read",
        "flow.*",
        "flow.operate@failed",
        "own",
        "own.x",
        "own.*",
    };
    static const bool edit_covers[] = {true, true, true, false},
                      family_draft_covers[] = {false, true, false, false, true};
    static const char row[] = "insert or replace into role_verb(role, verb) values('%s', '%s')";
    size_t n = sizeof(words) / sizeof(words[0]);
    f->s.actor = (struct actor){.user = 77, .person = fixture_person(f, "mai")};
    fixture_ok(f, "held",
               store_exec(f->db,
                          "insert into role_held(person, role, unit, valid_from) select p.id, 'had', u.id, 0 from"
                          " person p, unit u where p.code = 'mai' and u.code = 'a'",
                          &f->err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            fixture_ok(f, "clear", store_exec(f->db, "delete from role_verb where role in ('had','has')", &f->err));
            fixture_ok(f, "had", store_exec(f->db, arena_printf(&f->a, row, "had", words[i]), &f->err));
            fixture_ok(f, "has", store_exec(f->db, arena_printf(&f->a, row, "has", words[k]), &f->err));
            err_clear(&f->err);
            int rc = people_role_is_within(&f->s, "has", fixture_unit(f, "a"), &f->err);
            if ((rc == 0) != people_verb_covers(words[i], words[k]))
                fail_msg("%s gives %s: %d", words[i], words[k], rc);
            if (rc) assert_string_equal(err_arg(&f->err, "verb"), words[k]);
            assert_int_equal(people_role_is_within(&f->s, "has", fixture_unit(f, "b"), &f->err), ERR_DENIED);
        }
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(people_verb_covers("content.edit", words[k]), edit_covers[k]);
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(people_verb_covers("content.*@draft", words[k]), family_draft_covers[k]);
}

static void admin_has_system_verbs_and_no_business_rights(void **state)
{
    struct fixture *f = *state;
    struct actor admin = {.user = 999, .admin = true}, lan = {.person = fixture_person(f, "lan")};
    static const char *const may[] = {"plugin.reload", "user.add", "system.verify", "flow.operate", "people.import"};
    static const char *const not [] = {"content.read_draft", "content.publish", "task.decide", "flow.start",
                                       "storage.write"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ask(f, admin, may[i], 0), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ask(f, admin, not [i], PEOPLE_ANY_UNIT), ERR_DENIED);
    /* No role gives a system verb, whatever its rows say. */
    fixture_ok(f, "row", store_exec(f->db, "insert into role_verb values('editor', 'user.*')", &f->err));
    assert_int_equal(ask(f, lan, "user.add", PEOPLE_ANY_UNIT), ERR_DENIED);
}

static void system_and_runs_act_by_procedure_hooks_by_their_plugin(void **state)
{
    struct fixture *f = *state;
    struct session hook = f->s;
    assert_int_equal(ask(f, (struct actor){0}, "content.publish", 0), 0);
    assert_int_equal(ask(f, (struct actor){.plugin = "p", .run = 7}, "content.publish", 0), 0);
    hook.mode = SESSION_HOOK;
    hook.actor = (struct actor){.user = PEOPLE_ANONYMOUS, .plugin = "p"};
    assert_int_equal(people_check(&hook, "content.read_draft", 0, &f->err), 0);
    assert_int_equal(people_check(&hook, "user.add", 0, &f->err), ERR_DENIED);
    hook.mode = SESSION_READ;
    assert_int_equal(people_check(&hook, "content.read_draft", 0, &f->err), ERR_DENIED);
}

static struct people_account account(struct fixture *f, const char *name)
{
    struct people_account a;
    assert_int_equal(people_account_find(f->db, name, &a, &f->err), 1);
    return a;
}

static int check(struct fixture *f, const char *token, int64_t now, struct people_login *login)
{
    return people_token_check(f->db, token, strlen(token), now, login, &f->err);
}

static void token_is_the_account_and_only_its_digest_is_kept(void **state)
{
    struct fixture *f = *state;
    struct people_account lan = account(f, "lan");
    struct people_token_new n = {.account = lan.id, .label = "phone"};
    struct people_login login;
    char token[PEOPLE_TOKEN_LEN], other[PEOPLE_TOKEN_LEN];
    int64_t id;
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, token, &id, &f->err));
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, other, &id, &f->err));
    assert_int_equal(strlen(token), 35);
    assert_memory_equal(token, "kh_", 3);
    assert_string_not_equal(token, other);
    assert_int_equal(check(f, token, f->s.now, &login), 1);
    assert_int_equal(login.actor.user, lan.id);
    assert_int_equal(login.actor.person, fixture_person(f, "lan"));
    assert_string_equal(login.lang, "vi");
    assert_false(login.actor.admin);
    struct stmt *s = store_stmt(f->db, "select count(*) from token where instr(hash, ?1) > 0 or label = ?1", &f->err);
    stmt_bind_str(s, 1, token);
    assert_int_equal(stmt_step(s, &f->err), 1);
    assert_int_equal(stmt_int(s, 0), 0);
    stmt_done(s);
    token[20] = token[20] == 'A' ? 'B' : 'A';
    assert_int_equal(check(f, token, f->s.now, &login), 0);
    assert_int_equal(check(f, "", f->s.now, &login), 0);
    assert_int_equal(check(f, "kh_short", f->s.now, &login), 0);
}

static void token_ends_by_time_by_revocation_and_with_its_account(void **state)
{
    struct fixture *f = *state;
    struct people_account lan = account(f, "lan");
    struct people_token_new n = {.account = lan.id, .expires = f->s.now + 1000};
    struct people_login login;
    char token[PEOPLE_TOKEN_LEN], lasting[PEOPLE_TOKEN_LEN];
    int64_t id, second;
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, token, &id, &f->err));
    n.expires = 0;
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, lasting, &second, &f->err));
    assert_int_equal(check(f, token, f->s.now + 999, &login), 1);
    assert_int_equal(check(f, token, f->s.now + 1000, &login), 0);
    fixture_ok(f, "disable", people_account_disable(f->db, lan.id, true, f->s.now, &f->err));
    assert_int_equal(check(f, lasting, f->s.now, &login), 0);
    fixture_ok(f, "enable", people_account_disable(f->db, lan.id, false, f->s.now, &f->err));
    assert_int_equal(check(f, lasting, f->s.now, &login), 0);
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, lasting, &second, &f->err));
    assert_int_equal(check(f, lasting, f->s.now, &login), 1);
    fixture_ok(f, "revoke", people_token_revoke(f->db, second, f->s.now, &f->err));
    assert_int_equal(check(f, lasting, f->s.now, &login), 0);
    assert_int_equal(people_token_revoke(f->db, 12345, f->s.now, &f->err), ERR_NOT_FOUND);
}

static void token_is_good_for_its_scope_only(void **state)
{
    struct fixture *f = *state;
    struct people_token_new n = {.account = account(f, "lan").id, .scope = "content.read_draft report.*"};
    struct people_login login;
    char token[PEOPLE_TOKEN_LEN];
    int64_t id;
    fixture_ok(f, "make", people_token_make(f->db, &n, f->s.now, token, &id, &f->err));
    assert_int_equal(check(f, token, f->s.now, &login), 1);
    assert_int_equal(people_token_allows(&login, "content.read_draft", &f->err), 0);
    assert_int_equal(people_token_allows(&login, "report.run", &f->err), 0);
    assert_int_equal(people_token_allows(&login, "reporter.run", &f->err), ERR_DENIED);
    assert_int_equal(people_token_allows(&login, "content.read", &f->err), ERR_DENIED);
    assert_int_equal(people_token_allows(&login, "content.publish", &f->err), ERR_DENIED);
    assert_string_equal(f->err.key, "denied.token");
    n.account = 424242;
    assert_int_equal(people_token_make(f->db, &n, f->s.now, token, &id, &f->err), ERR_NOT_FOUND);
    assert_int_equal(token[0], 0);
}

static void account_names_are_unique_and_plain(void **state)
{
    struct fixture *f = *state;
    struct people_account_new n = {.name = "lan"};
    int64_t id;
    assert_int_equal(people_account_add(f->db, &n, 0, &id, &f->err), ERR_CONFLICT);
    assert_string_equal(f->err.key, "people.account_exists");
    n.name = "a b";
    assert_int_equal(people_account_add(f->db, &n, 0, &id, &f->err), ERR_INVALID);
    n.name = "";
    assert_int_equal(people_account_add(f->db, &n, 0, &id, &f->err), ERR_INVALID);
}

/* Prints what a check costs; the bound only catches a scan. */
static void policy_and_token_stay_quick_with_many_rows(void **state)
{
    struct fixture *f = *state;
    struct people_token_new n = {.account = account(f, "lan").id};
    struct people_login login;
    char token[PEOPLE_TOKEN_LEN];
    int64_t id;
    for (int i = 0; i < 20000; i++)
        fixture_ok(f, "make", people_token_make(f->db, &n, 0, token, &id, &f->err));
    fixture_ok(f, "rows",
               store_exec(f->db,
                          "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)"
                          " insert into role_held(person, role, unit, valid_from) select 1000 + i, 'author', 1, 0"
                          " from n",
                          &f->err));
    int64_t start = clock_mono_ns();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(check(f, token, f->s.now, &login), 1);
    int64_t tokens = (clock_mono_ns() - start) / 1000;
    struct actor hoa = {.person = fixture_person(f, "hoa")};
    int64_t unit = fixture_unit(f, "a");
    start = clock_mono_ns();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ask(f, hoa, "content.create", unit), 0);
    int64_t policies = (clock_mono_ns() - start) / 1000;
    print_message("token check %d ns, policy %d ns\n", (int)tokens, (int)policies);
    assert_true(tokens < 200000 && policies < 500000);
}

/* lan is the editor until 31/01/2021, and lends mai what she is until then. Hanoi is seven hours ahead of UTC: by UTC
 * the last day ends at 17:00, and nobody can say another zone. */
static void a_day_begins_and_ends_at_midnight_of_the_organisation(void **state)
{
    struct fixture *f = *state;
    static const int64_t midnight = 1612112400000; /* 2021-01-31T17:00Z: 01/02 in Hanoi */
    static const char lend[] = "{\"delegations\":[{\"from\":\"lan\",\"to\":\"mai\",\"position\":\"editor\",\"unit\":"
                               "\"office\",\"since\":\"2021-01-05\",\"until\":\"2021-01-31\"}],\"role_holders\":[{"
                               "\"person\":\"hoa\",\"role\":\"author\",\"unit\":\"b\",\"from\":\"2021-02-01\"}]}";
    struct val tree = fixture_json(f, lend), target = fixture_json(f, "{\"position\":\"editor\"}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    val_set(&f->a, &target, "unit", val_int(fixture_unit(f, "office")));
    int64_t lan = fixture_person(f, "lan"), mai = fixture_person(f, "mai"), hoa = fixture_person(f, "hoa");
    static const struct {
        int64_t at;
        bool old, new;
    } times[] = {{midnight - 1, true, false},
                 {midnight, false, true},
                 {midnight + 25200000, false, true},
                 {midnight - 86400000, true, false},
                 {midnight - 1, true, false}};
    static const char *const elsewhere[] = {"Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Kiritimati", "UTC"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        for (size_t z = 0; z < 4; z++) {
            struct people_capacity cap;
            f->s.now = times[i].at;
            f->s.zone = elsewhere[z]; /* of who asks */
            assert_int_equal(people_may_decide(&f->s, &target, lan, f->s.now, &cap, &f->err), times[i].old);
            assert_int_equal(people_may_decide(&f->s, &target, mai, f->s.now, &cap, &f->err), times[i].old);
            f->s.actor = (struct actor){.user = 1, .person = lan};
            int rc = people_check(&f->s, "content.publish", fixture_unit(f, "a"), &f->err);
            assert_int_equal(rc == 0, times[i].old);
            f->s.actor = (struct actor){.user = 77, .person = hoa};
            rc = people_check(&f->s, "content.create", fixture_unit(f, "b"), &f->err);
            assert_int_equal(rc == 0, times[i].new);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_allowed_without_a_role),
        TEST(role_reaches_its_unit_and_what_is_below),
        TEST(a_day_begins_and_ends_at_midnight_of_the_organisation),
        TEST(family_of_verbs_is_one_row),
        TEST(a_role_is_within_what_covers_it),
        TEST(admin_has_system_verbs_and_no_business_rights),
        TEST(system_and_runs_act_by_procedure_hooks_by_their_plugin),
        TEST(token_is_the_account_and_only_its_digest_is_kept),
        TEST(token_ends_by_time_by_revocation_and_with_its_account),
        TEST(token_is_good_for_its_scope_only),
        TEST(account_names_are_unique_and_plain),
        TEST(policy_and_token_stay_quick_with_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
