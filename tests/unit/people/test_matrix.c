/* The permission matrix: every verb of the program, by every role however it is held, inside and outside the unit, in
 * every state, against tables written by hand. Every door asks this one function (scripts/source_rules.py verbs;
 * tests/service/permissions_doors.test.mjs). */
#include "fixture.h"

#include "people/verb.h"

#define ITEM "draft in_review approved scheduled published retracted archived"
#define RUN "running completed failed blocked cancelled undoing"

/* What the usual roles allow, and an administrator; where a role must be held; which states there are. */
static const struct hand {
    const char *verb, *where, *states, *roles;
    bool admin;
} hand[] = {
    {"audit.erase", "whole", "", "privacy", false},
    {"audit.read", "whole", "", "auditor", false},
    {"content.approve", "unit", ITEM, "editor", false},
    {"content.archive", "unit", ITEM, "editor", false},
    {"content.correct", "unit", ITEM, "editor", false},
    {"content.create", "unit", "", "author editor", false},
    {"content.edit", "unit", ITEM, "author editor", false},
    {"content.publish", "unit", ITEM, "editor", false},
    {"content.read_draft", "unit", ITEM, "author editor reader", false},
    {"content.retract", "unit", ITEM, "editor", false},
    {"content.schedule", "unit", ITEM, "editor", false},
    {"content.send_back", "unit", ITEM, "editor", false},
    {"content.submit", "unit", ITEM, "author editor", false},
    {"flow.operate", "anywhere", RUN, "operator", true},
    {"flow.read", "anywhere", "", "author clerk editor operator reader", false},
    {"flow.retry", "anywhere", "", "operator", false},
    {"flow.start", "anywhere", "", "author clerk editor operator", false},
    {"people.change", "unit", "", "organiser", false},
    {"people.delegate", "unit", "", "organiser", false},
    {"people.export", "whole", "", "organiser", true},
    {"people.grant", "unit", "", "organiser", false},
    {"people.import", "whole", "", "organiser", true},
    {"people.read", "anywhere", "", "organiser", false},
    {"plugin.disable", "anywhere", "", "", true},
    {"plugin.enable", "anywhere", "", "", true},
    {"plugin.grant", "anywhere", "", "", true},
    {"plugin.limits", "anywhere", "", "", true},
    {"plugin.list", "anywhere", "", "", true},
    {"plugin.reload", "anywhere", "", "", true},
    {"report.run", "anywhere", "", "clerk editor operator reader", false},
    {"schedule.read", "anywhere", "", "operator", false},
    {"schedule.write", "anywhere", "", "operator", false},
    {"storage.read", "anywhere", "", "clerk", false},
    {"system.audit_verify", "anywhere", "", "", true},
    {"system.confinement", "anywhere", "", "", true},
    {"system.metrics", "anywhere", "", "", true},
    {"system.outbox", "anywhere", "", "", true},
    {"system.verify", "anywhere", "", "", true},
    {"system.webhook", "anywhere", "", "", true},
    {"task.link", "unit", "", "", false},
    {"task.reassign", "unit", "", "", false},
    {"user.add", "anywhere", "", "", true},
    {"user.disable", "anywhere", "", "", true},
    {"user.edit", "anywhere", "", "", true},
    {"user.enable", "anywhere", "", "", true},
    {"user.explain", "anywhere", "", "", true},
    {"user.identify", "anywhere", "", "", true},
    {"user.list", "anywhere", "", "", true},
    {"user.password", "anywhere", "", "", true},
    {"user.password_rules", "anywhere", "", "", true},
    {"user.reset_link", "anywhere", "", "", true},
    {"user.role", "anywhere", "", "", true},
    {"user.roles", "anywhere", "", "", true},
    {"user.session_end", "anywhere", "", "", true},
    {"user.sessions", "anywhere", "", "", true},
    {"user.setup_link", "anywhere", "", "", true},
    {"user.token", "anywhere", "", "", true},
    {"user.totp_reset", "anywhere", "", "", true},
    {"user.unlock", "anywhere", "", "", true},
};
enum { NHAND = sizeof(hand) / sizeof(hand[0]) };

static const char *const usual[] = {"author", "editor",  "reader",  "operator",
                                    "clerk",  "auditor", "privacy", "organiser"};

/* Roles of an organisation's own, some bound to states: "verb@state …", and what they allow by hand. */
static const struct own {
    const char *role, *verbs, *allows;
} own[] = {
    {"drafter", "content.edit@draft content.edit@retracted", "content.edit@draft content.edit@retracted"},
    {"checker", "content.*@in_review",
     "content.approve@in_review content.archive@in_review content.correct@in_review content.edit@in_review"
     " content.publish@in_review content.read_draft@in_review content.retract@in_review content.schedule@in_review"
     " content.send_back@in_review content.submit@in_review"},
    {"mender", "flow.operate@failed flow.read", "flow.operate@failed flow.read"},
    {"usurper", "user.* plugin.* system.* user.token", ""},
};
enum { NOWN = sizeof(own) / sizeof(own[0]) };

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
    return false;
}

static const struct hand *by_hand(const char *verb)
{
    for (size_t i = 0; i < NHAND; i++)
        if (strcmp(hand[i].verb, verb) == 0) return &hand[i];
    return NULL;
}

static void every_verb_of_the_program_stands_in_the_table_and_no_other(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct people_verb *v = people_verbs; v->name; v++, n++) {
        const struct hand *h = by_hand(v->name);
        if (!h) fail_msg("%s is not in the table written by hand", v->name);
        if (n) assert_true(strcmp(v[-1].name, v->name) < 0);
        assert_string_equal(v->where, h->where);
        assert_int_equal(v->to_admin, h->admin);
        for (size_t i = 0; v->states && v->states[i]; i++)
            assert_true(has_word(h->states, v->states[i]));
        assert_int_equal(v->states == NULL, h->states[0] == '\0');
    }
    assert_int_equal(n, NHAND);
}

/* --- somebody who holds a role, in one of the ways in which one is held --- */

enum way { BY_PERSON, BY_ACCOUNT, BY_POSITION };

static void put(struct fixture *f, const char *sql, const char *a, int64_t b)
{
    struct stmt *s = store_stmt(f->db, sql, &f->err);
    assert_non_null(s);
    stmt_bind_str(s, 1, a);
    if (b) stmt_bind_int(s, 2, b);
    fixture_ok(f, sql, stmt_run(s, &f->err));
}

/* unit 0: tied to none, which a position cannot be. */
static struct actor holder(struct fixture *f, enum way way, const char *role, int64_t unit)
{
    fixture_ok(
        f, "clear",
        store_exec(f->db, "delete from role_held; delete from position_held; delete from position_role", &f->err));
    if (way == BY_PERSON)
        put(f, "insert into role_held(person, role, unit, valid_from) values(9000, ?1, ?2, 0)", role, unit);
    if (way == BY_ACCOUNT)
        put(f, "insert into role_held(account, role, unit, valid_from) values(9000, ?1, ?2, 0)", role, unit);
    if (way == BY_POSITION) put(f, "insert into position_role(position, role) values('seat', ?1)", role, 0);
    if (way == BY_POSITION)
        put(f, "insert into position_held(person, position, unit, valid_from) values(9000, ?1, ?2, 0)", "seat", unit);
    return (struct actor){.user = way == BY_ACCOUNT ? 9000 : 9001, .person = way == BY_ACCOUNT ? 0 : 9000};
}

static bool asked(struct fixture *f, const struct actor *a, const char *verb, int64_t unit, const char *state)
{
    const struct people_act act = {verb, unit, state, fixture_day("2021-01-04")};
    err_clear(&f->err);
    int rc = people_may(f->db, a, &act, &f->err);
    if (rc && rc != ERR_DENIED) fail_msg("%s: %d %s", verb, rc, f->err.key);
    /* Where nothing is said of a state, the short forms say the same. */
    if (!state) assert_int_equal(rc, people_policy(f->db, a, verb, unit, act.day, &f->err));
    return rc == 0;
}

/* Asked in every place and state: `may` says what the hand says of a state ("" none, and not known). */
static size_t ask_everywhere(struct fixture *f, enum way way, const char *role, const struct hand *h,
                             bool (*may)(const void *ctx, const struct hand *h, const char *state), const void *ctx)
{
    const int64_t a = fixture_unit(f, "a"), b = fixture_unit(f, "b"), office = fixture_unit(f, "office");
    const struct place {
        int64_t held, asked;
        bool within;
    } places[] = {{a, a, true},       {office, a, true},        {a, b, false},
                  {a, office, false}, {a, PEOPLE_WHOLE, false}, {a, PEOPLE_ANY_UNIT, true},
                  {0, b, true},       {0, PEOPLE_WHOLE, true},  {0, PEOPLE_ANY_UNIT, true}};
    size_t cells = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct place *p = &places[i];
        if (way == BY_POSITION && !p->held) continue;
        struct actor who = holder(f, way, role, p->held);
        char states[120], *next = states;
        snprintf(states, sizeof(states), "%s", h->states);
        for (char *s = NULL; s || next; cells++) {
            bool yes = p->within && may(ctx, h, s ? s : "");
            if (asked(f, &who, h->verb, p->asked, s) != yes)
                fail_msg("%s by %s (way %d), place %zu, state %s: should be %d", h->verb, role, way, i, s ? s : "-",
                         yes);
            s = next && *next ? next : NULL;
            next = s ? strchr(s, ' ') : NULL;
            if (next) *next++ = '\0';
        }
    }
    return cells;
}

static bool usual_may(const void *ctx, const struct hand *h, const char *state)
{
    (void)state;
    return has_word(h->roles, ctx);
}

static bool own_may(const void *ctx, const struct hand *h, const char *state)
{
    char word[300];
    snprintf(word, sizeof(word), "%s%s%s", h->verb, *state ? "@" : "", state);
    return has_word(ctx, word) || has_word(ctx, h->verb);
}

static void every_verb_by_every_role_in_every_place_and_state(void **state)
{
    struct fixture *f = *state;
    size_t cells = 0;
    for (size_t r = 0; r < sizeof(usual) / sizeof(usual[0]); r++)
        for (size_t i = 0; i < NHAND; i++)
            for (enum way way = BY_PERSON; way <= BY_POSITION; way++)
                cells += ask_everywhere(f, way, usual[r], &hand[i], usual_may, usual[r]);
    print_message("%zu cells\n", cells);
}

static void give(struct fixture *f, const char *role, const char *verbs)
{
    char *json = arena_printf(&f->a, "{\"roles\":[{\"name\":\"%s\",\"verbs\":[\"", role);
    for (const char *p = verbs; *p; p++)
        json = *p == ' ' ? arena_printf(&f->a, "%s\",\"", json) : arena_printf(&f->a, "%s%c", json, *p);
    struct val tree = fixture_json(f, arena_printf(&f->a, "%s\"]}]}", json));
    fixture_ok(f, role, people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
}

static void roles_that_are_bound_to_states_allow_in_those_alone(void **state)
{
    struct fixture *f = *state;
    for (size_t r = 0; r < NOWN; r++) {
        give(f, own[r].role, own[r].verbs);
        for (size_t i = 0; i < NHAND; i++)
            for (enum way way = BY_PERSON; way <= BY_POSITION; way++)
                ask_everywhere(f, way, own[r].role, &hand[i], own_may, own[r].allows);
    }
}

static void administrators_the_anonymous_plugins_runs_and_the_system(void **state)
{
    struct fixture *f = *state;
    const struct {
        struct actor who;
        bool all, admin;
    } actors[] = {{{.user = 9100, .admin = true}, false, true},
                  {{.user = 9100, .person = 9101, .admin = true}, false, true},
                  {{.user = 9102, .person = 9103}, false, false},
                  {{.user = PEOPLE_ANONYMOUS}, false, false},
                  {{.user = PEOPLE_ANONYMOUS, .plugin = "p"}, false, false},
                  {{.plugin = "p"}, false, false},
                  {{.plugin = "p", .run = 1}, true, true},
                  {{0}, true, true}};
    for (size_t n = 0; n < sizeof(actors) / sizeof(actors[0]); n++)
        for (size_t i = 0; i < NHAND; i++)
            for (int64_t unit = PEOPLE_ANY_UNIT; unit < 3; unit++) {
                bool yes = actors[n].all || (actors[n].admin && hand[i].admin);
                if (asked(f, &actors[n].who, hand[i].verb, unit, NULL) != yes)
                    fail_msg("%s by actor %zu in %d: should be %d", hand[i].verb, n, (int)unit, yes);
            }
}

static void words_that_allow_nothing_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum people_verb_wrong wrong;
    } words[] = {{"content.edit", PEOPLE_VERB_OK},
                 {"content.*", PEOPLE_VERB_OK},
                 {"content.edit@draft", PEOPLE_VERB_OK},
                 {"content.*@archived", PEOPLE_VERB_OK},
                 {"flow.*@failed", PEOPLE_VERB_OK},
                 {"awards.grant", PEOPLE_VERB_OK},
                 {"awards.*", PEOPLE_VERB_OK},
                 {"content.aprove", PEOPLE_VERB_UNKNOWN},
                 {"contents", PEOPLE_VERB_OK},
                 {"content.edit@drafts", PEOPLE_VERB_STATE},
                 {"content.edit@", PEOPLE_VERB_STATE},
                 {"content.create@draft", PEOPLE_VERB_STATE},
                 {"content.*@failed", PEOPLE_VERB_STATE},
                 {"flow.read@failed", PEOPLE_VERB_STATE},
                 {"awards.grant@draft", PEOPLE_VERB_STATE},
                 {"@draft", PEOPLE_VERB_STATE},
                 {"", PEOPLE_VERB_OK},
                 {"user.*", PEOPLE_VERB_SYSTEM},
                 {"system.verify", PEOPLE_VERB_SYSTEM}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (people_verb_check(words[i].word) != words[i].wrong)
            fail_msg("%s: %d", words[i].word, people_verb_check(words[i].word));
}

static void a_role_with_a_state_that_never_is_is_not_taken_in(void **state)
{
    struct fixture *f = *state;
    struct val tree = fixture_json(f, "{\"roles\":[{\"name\":\"x\",\"verbs\":[\"content.edit@open\"]}]}");
    assert_int_equal(people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err), ERR_INVALID);
    assert_string_equal(err_arg(&f->err, "field"), "verbs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_verb_of_the_program_stands_in_the_table_and_no_other),
        TEST(every_verb_by_every_role_in_every_place_and_state),
        TEST(roles_that_are_bound_to_states_allow_in_those_alone),
        TEST(administrators_the_anonymous_plugins_runs_and_the_system),
        TEST(words_that_allow_nothing_are_found),
        TEST(a_role_with_a_state_that_never_is_is_not_taken_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
