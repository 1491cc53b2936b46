/* Every statement of people/ finds its rows by an index: none of them reads through a table that grows. */
#include "fixture.h"

#include "people/exchange.h"
#include "people/explain.h"
#include "people/people_find.h"
#include "people/people_list.h"
#include "store/store_test.h"

enum { SEEN_MAX = 400 };

struct seen {
    struct arena *a;
    const char *sql[SEEN_MAX];
    size_t n;
};

static void see(void *ctx, const char *sql)
{
    struct seen *seen = ctx;
    for (size_t i = 0; i < seen->n; i++)
        if (strcmp(seen->sql[i], sql) == 0) return;
    assert_true(seen->n < SEEN_MAX);
    seen->sql[seen->n++] = arena_strdup(seen->a, sql);
}

/* Those that are meant to give all: exports, and lists with an end. */
static bool is_whole(const char *sql)
{
    for (const struct people_list *l = people_lists; l->name; l++)
        if (l->give && strcmp(l->give, sql) == 0) return true;
    return strstr(sql, " limit 20000") || strstr(sql, "from migration");
}

/* Rows of a query itself, and what no organisation has many of. */
static bool may_be_scanned(const char *name)
{
    static const char *const names[] = {"up", "down", "holder", "made", "CONSTANT", "(subquery", "(join", "pairs"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

static int scans(struct fixture *f, const char *sql)
{
    int found = 0;
    char *explain = arena_printf(&f->a, "explain query plan %s", sql);
    struct stmt *s = store_stmt(f->db, explain, &f->err);
    if (!s) fail_msg("%s: %s", sql, f->err.key);
    while (stmt_step(s, &f->err) == 1) {
        size_t len;
        const char *line = stmt_text(s, 3, &len);
        if (strncmp(line, "SCAN ", 5) != 0 || may_be_scanned(line + 5)) continue;
        print_error("%s\n    %s\n", line, sql);
        found++;
    }
    stmt_done(s);
    return found;
}

static const char *const calls[][2] = {
    {"people.import",
     "[{\"persons\":[{\"code\":\"x\",\"name\":\"X\"}],\"bodies\":[{\"code\":\"c\",\"name\":\"C\",\"unit\":\"a\"}],"
     "\"body_terms\":[{\"body\":\"c\",\"name\":\"1\",\"from\":\"2021-01-01\"}],"
     "\"body_members\":[{\"body\":\"c\",\"person\":\"mai\",\"term\":\"1\"}],"
     "\"unit_names\":[{\"unit\":\"a\",\"name\":\"A0\",\"from\":\"1999-01-01\"}],"
     "\"unit_parents\":[{\"unit\":\"a\",\"parent\":\"province\",\"from\":\"1999-01-01\"}],"
     "\"successors\":[{\"unit\":\"a\",\"successor\":\"b\",\"day\":\"1999-01-01\",\"how\":\"split\"}],"
     "\"delegations\":[{\"from\":\"lan\",\"to\":\"hoa\",\"since\":\"2021-01-01\",\"until\":\"2021-01-09\"}]}]"},
    {"people.unit", "[\"a\"]"},
    {"people.units", "[]"},
    {"people.find", "[\"person\",\"la\"]"},
    {"people.find", "[\"unit\",\"a\"]"},
    {"people.person", "[\"lan\"]"},
    {"people.holders", "[\"editor\",\"office\"]"},
    {"people.may", "[\"lan\",\"content.publish\",\"a\"]"},
    {"people.may", "[\"lan\",\"decide\",{\"role\":\"editor\"}]"},
    {"people.delegate", "[{\"from\":\"lan\",\"to\":\"mai\",\"until_\":\"2021-01-09\"}]"},
    {"people.delegations", "[]"},
    {"people.delegations", "[{\"person\":\"lan\"}]"},
    {"people.revoke", "[1]"},
    {"user.add", "[\"hoa\",{\"person\":\"hoa\"}]"},
    {"user.edit", "[\"hoa\",{\"lang\":\"en\"}]"},
    {"user.role", "[\"hoa\",\"author\",\"a\"]"},
    {"user.roles", "[\"hoa\"]"},
    {"user.role_end", "[\"hoa\",1]"},
    {"user.edit", "[\"hoa\",{\"person\":\"\"}]"},
    {"user.token", "[\"hoa\"]"},
    {"user.tokens", "[\"hoa\"]"},
    {"user.revoke", "[1]"},
    {"people.member_list", "[{\"body\":\"c\"}]"},
    {"people.service", "[\"lan\"]"},
    {"people.body", "[\"c\"]"},
    {"people.explain", "[\"lan\",{\"position\":\"editor\",\"unit\":\"office\"}]"},
    {"people.explain", "[\"hoa\",{\"position\":\"editor\",\"unit\":\"a\"}]"},
    {"people.explain", "[\"hoa\",{\"role\":\"editor\",\"unit\":\"a\"}]"},
    {"people.explain", "[\"hoa\",{\"body\":\"c\"}]"},
    {"people.explain", "[\"hoa\",{\"person\":\"mai\"}]"},
    {"people.deciders", "[{\"position\":\"editor\",\"unit\":\"office\"}]"},
    {"people.deciders", "[{\"role\":\"editor\",\"unit\":\"office\"}]"},
    {"people.deciders", "[{\"person\":\"mai\"}]"},
    {"people.deciders", "[{\"body\":\"c\"}]"},
    {"people.signature", "[{\"as\":\"chair\",\"by\":\"lan\",\"on_behalf_of\":\"mai\"}]"},
    {"people.signature", "[{\"as\":\"body:c\",\"by\":\"mai\"}]"},
    {"people.rename", "[{\"unit\":\"a\",\"name\":\"A1\",\"day\":\"2022-01-01\"}]"},
    {"people.move", "[{\"unit\":\"a\",\"parent\":\"province\",\"day\":\"2022-02-01\"}]"},
    {"people.split", "[{\"unit\":\"b\",\"into\":[\"b\",{\"code\":\"b2\",\"name\":\"B2\"}],\"day\":\"2022-01-01\"}]"},
    {"people.merge", "[{\"from\":[\"a\",\"b\"],\"into\":{\"code\":\"ab\",\"name\":\"AB\"},\"day\":\"2025-07-01\"}]"},
    {"people.abolish", "[{\"unit\":\"office\",\"into\":\"province\",\"day\":\"2025-07-02\"}]"},
};

static void ask_the_rest(struct fixture *f)
{
    struct val list;
    struct people_account account;
    struct people_login login;
    struct people_token_new n = {.account = 1};
    char token[PEOPLE_TOKEN_LEN];
    int64_t id, given, unit = fixture_unit(f, "a"), day = fixture_day("2021-01-04");
    struct actor lan = {.user = 1, .person = fixture_person(f, "lan")};
    struct val t = fixture_json(f, "{\"body\":\"c\"}"), role = fixture_json(f, "{\"role\":\"editor\"}");
    struct val position = fixture_json(f, "{\"position\":\"editor\"}"), args = val_list();
    val_add(&f->a, &args, val_obj(&people_unit_kind, unit, 0, NULL));
    static const char *const methods[] = {"unit:parent", "unit:children", "unit:above", "unit:successors",
                                          "unit:hangs"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        fixture_ok(f, methods[i], fixture_try(f, methods[i], args, &list));
    fixture_ok(f, "can", people_can_anybody(&f->s, &t, f->s.now, &f->err));
    fixture_ok(f, "can", people_can_anybody(&f->s, &role, f->s.now, &f->err));
    fixture_ok(f, "can", people_can_anybody(&f->s, &position, f->s.now, &f->err));
    fixture_ok(f, "only", people_only_unit(f->db, "editor", day, &id, &f->err));
    fixture_ok(f, "has", people_has_holder(f->db, "editor", unit, day, &f->err));
    fixture_ok(f, "within", people_is_within(f->db, unit, unit, day, &f->err));
    fixture_ok(f, "why",
               people_explain_verb(f->db, &lan,
                                   &(struct people_act){.verb = "content.publish", .unit = unit, .day = day}, "en",
                                   &f->a, &list, &f->err));
    struct people_who who = {
        .act = {.verb = "content.publish", .unit = unit, .day = day}, .lang = "en", .limit = 10, .after = -1};
    fixture_ok(f, "who", people_who_can(f->db, &who, &f->a, &list, &f->err));
    who.act.verb = "user.list";
    fixture_ok(f, "admins", people_who_can(f->db, &who, &f->a, &list, &f->err));
    fixture_ok(f, "users", people_users_of(f->db, lan.person, &f->a, &list, &f->err));
    fixture_ok(f, "known", people_verb_known(f->db, "content.publish", &f->err));
    assert_int_equal(people_verb_known(f->db, "contents.publish", &f->err), ERR_INVALID);
    err_clear(&f->err);
    fixture_ok(f, "account", people_account_find(f->db, "lan", &account, &f->err));
    fixture_ok(f, "disable", people_account_disable(f->db, account.id, false, f->s.now, &f->err));
    struct people_role r = {.account = account.id, .role = "editor", .unit = unit, .from = day};
    fixture_ok(f, "role", people_role_give(f->db, &r, &given, &f->err));
    fixture_ok(f, "token", people_token_make(f->db, &n, f->s.now, token, &id, &f->err));
    fixture_ok(f, "check", people_token_check(f->db, token, PEOPLE_TOKEN_LEN, f->s.now, &login, &f->err));
    fixture_ok(f, "revoke", people_token_revoke(f->db, id, f->s.now, &f->err));
    fixture_ok(f, "revoke", people_token_revoke_all(f->db, account.id, f->s.now, &f->err));
    fixture_ok(f, "alike", people_alike(f->db, account.id, 0, &f->a, &list, &f->err));
    fixture_ok(f, "alike", people_alike_all(f->db, &f->a, &list, &f->err));
    fixture_ok(f, "fill", people_words_fill(f->db, &f->err));
    fixture_ok(f, "give", people_give(f->db, day, &f->a, &list, &f->err));
}

static void no_statement_reads_through_a_table(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = arena_alloc(&f->a, sizeof(*seen));
    int found = 0;
    seen->a = &f->a;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        fixture_call(f, calls[i][0], calls[i][1]);
        store_test_statements(f->db, see, seen);
        if (i == 0) ask_the_rest(f);
    }
    assert_true(seen->n > 60);
    for (size_t i = 0; i < seen->n; i++)
        if (!is_whole(seen->sql[i]) && strncmp(seen->sql[i], "explain", 7) != 0 && !strstr(seen->sql[i], "savepoint") &&
            !strstr(seen->sql[i], "SAVEPOINT"))
            found += scans(f, seen->sql[i]);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(no_statement_reads_through_a_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
