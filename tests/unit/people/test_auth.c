/* Rules of authentication over real rows: second factor, lockout, passwords, one-time links, a provider's claims. */
#include "fixture.h"

#include <sys/stat.h>

#include "people/auth.h"

enum { STEP = 30000 };

static int open_auth(void **state)
{
    int rc = fixture_open(state);
    struct fixture *f = *state;
    static const struct auth_options o = {.lock_after = 3, .lock_ms = 1000, .lock_most_ms = 5000, .address_after = 6};
    f->host.data_dir = f->dir;
    fixture_ok(f, "auth", auth_open(&f->host, &o, &f->host.auth, &f->err));
    return rc;
}

static int close_auth(void **state)
{
    struct fixture *f = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/auth.key", f->dir);
    unlink(path);
    auth_close(f->host.auth);
    return fixture_close(state);
}

static int64_t account_of(struct fixture *f, const char *name)
{
    struct people_account a;
    assert_int_equal(people_account_find(f->db, name, &a, &f->err), 1);
    return a.id;
}

/* --- codes --- */

static void the_examples_of_rfc_6238(void **state)
{
    static const uint8_t secret[] = "12345678901234567890";
    static const struct {
        int64_t s;
        uint32_t code;
    } examples[] = {{59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
                    {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        assert_int_equal(auth_totp_code(secret, 20, (uint64_t)examples[i].s / 30, 8), examples[i].code);
}

struct factor {
    uint8_t secret[AUTH_TOTP_SECRET];
    char recovery[AUTH_RECOVERY_CODES][AUTH_RECOVERY_TEXT];
};

static const char *code_at(const struct factor *t, int64_t now, char out[16])
{
    snprintf(out, 16, "%06u", auth_totp_code(t->secret, sizeof(t->secret), (uint64_t)(now / STEP), 6));
    return out;
}

static void turn_on(struct fixture *f, int64_t id, struct factor *t)
{
    char text[40], code[16];
    size_t n;
    fixture_ok(f, "enrol", auth_totp_enrol(&f->s, id, text, &f->err));
    assert_true(secret_unbase32(text, strlen(text), t->secret, sizeof(t->secret), &n));
    assert_int_equal(n, AUTH_TOTP_SECRET);
    assert_int_equal(auth_totp_is_on(f->db, id, &f->err), 0);
    fixture_ok(f, "confirm", auth_totp_confirm(&f->s, id, code_at(t, f->s.now, code), t->recovery, &f->err));
    assert_int_equal(auth_totp_is_on(f->db, id, &f->err), 1);
}

static void a_code_is_good_once_and_for_one_step_around(void **state)
{
    struct fixture *f = *state;
    struct factor t;
    char code[16], late[16];
    int64_t id = account_of(f, "lan"), began = f->s.now;
    turn_on(f, id, &t);
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, began, code), &f->err), ERR_DENIED); /* used to confirm */
    f->s.now = began + 10 * STEP;
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now - 2 * STEP, late), &f->err), ERR_DENIED);
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now + 2 * STEP, late), &f->err), ERR_DENIED);
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now - STEP, late), &f->err), 0);
    assert_int_equal(auth_totp_use(&f->s, id, late, &f->err), ERR_DENIED);
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now + STEP, code), &f->err), 0);
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now, code), &f->err), ERR_DENIED); /* before it */
    static const char *const bad[] = {"", "1", "12345", "1234567", "abcdef", "12345\xff", "------", "００００００"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(auth_totp_use(&f->s, id, bad[i], &f->err), ERR_DENIED);
}

static void a_recovery_code_is_good_once_and_for_its_account(void **state)
{
    struct fixture *f = *state;
    struct factor t, other;
    int64_t id = account_of(f, "lan"), root = account_of(f, "root");
    char small[AUTH_RECOVERY_TEXT];
    turn_on(f, id, &t);
    turn_on(f, root, &other);
    assert_int_equal(auth_totp_use(&f->s, root, t.recovery[0], &f->err), ERR_DENIED);
    snprintf(small, sizeof(small), "%s", t.recovery[0]);
    for (char *p = small; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p += 'a' - 'A';
    assert_int_equal(auth_totp_use(&f->s, id, small, &f->err), 0);
    assert_int_equal(auth_totp_use(&f->s, id, t.recovery[0], &f->err), ERR_DENIED);
    assert_int_equal(auth_totp_use(&f->s, id, t.recovery[9], &f->err), 0);
}

static void the_secret_is_sealed_by_the_key_file(void **state)
{
    struct fixture *f = *state;
    struct factor t;
    char path[128], code[16];
    struct stat st;
    size_t n;
    int64_t id = account_of(f, "lan");
    snprintf(path, sizeof(path), "%s/auth.key", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    turn_on(f, id, &t);
    struct stmt *s = store_stmt(f->db, "select secret from auth_totp", &f->err);
    assert_int_equal(stmt_step(s, &f->err), 1);
    const char *sealed = stmt_blob(s, 0, &n);
    assert_null(memmem(sealed, n, t.secret, sizeof(t.secret)));
    stmt_done(s);
    /* Another key: the factor cannot be read, and that is said. */
    auth_close(f->host.auth);
    unlink(path);
    fixture_ok(f, "auth", auth_open(&f->host, NULL, &f->host.auth, &f->err));
    assert_int_equal(auth_totp_use(&f->s, id, code_at(&t, f->s.now + STEP, code), &f->err), ERR_REFUSED);
    assert_string_equal(f->err.key, "auth.totp_key");
    /* A key that others can read is none. */
    struct auth *none;
    chmod(path, 0644);
    assert_int_equal(auth_open(&f->host, NULL, &none, &f->err), ERR_IO);
}

/* --- too many --- */

static int attempt(struct fixture *f, const char *name, const char *address)
{
    return auth_attempt_charge(&f->s, name, address, &f->err);
}

static void a_name_waits_twice_as_long_each_time(void **state)
{
    static const int64_t waits[] = {1000, 2000, 4000, 5000, 5000};
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(attempt(f, "nobody", ""), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(attempt(f, "nobody", ""), ERR_LIMIT);
        f->s.now += waits[i] - 1;
        assert_int_equal(attempt(f, "nobody", ""), ERR_LIMIT);
        assert_string_equal(err_arg(&f->err, "retry_after"), "1");
        f->s.now += 1;
        assert_int_equal(attempt(f, "nobody", ""), 0);
    }
    assert_int_equal(attempt(f, "lan", ""), 0);
    assert_int_equal(auth_attempt_unlock(&f->s, "nobody", &f->err), 0);
    assert_int_equal(attempt(f, "nobody", ""), 0);
    f->s.now += 25 * INT64_C(3600000);
    assert_int_equal(attempt(f, "nobody", ""), 0);
    assert_int_equal(attempt(f, "nobody", ""), 0);
}

static void an_address_waits_whatever_the_name_and_a_network_is_one(void **state)
{
    struct fixture *f = *state;
    char name[16], address[32];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        snprintf(address, sizeof(address), "2001:db8::%d", i + 1);
        assert_int_equal(attempt(f, name, address), 0);
    }
    assert_int_equal(attempt(f, "other", "2001:db8::99"), ERR_LIMIT);
    assert_int_equal(attempt(f, "other", "2001:db8:0:1::1"), 0);
    assert_int_equal(attempt(f, "other", "192.0.2.1"), 0);
}

/* An office behind one address: six mistypings an hour, all day long, lock nobody out; sixty do. */
static void an_address_is_forgiven_with_time_and_a_name_is_not(void **state)
{
    struct fixture *f = *state;
    char name[16];
    for (int i = 0; i < 144; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        assert_int_equal(attempt(f, name, "192.0.2.1"), 0);
        f->s.now += 600000;
    }
    int refused = 0;
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        refused += attempt(f, name, "192.0.2.1") == ERR_LIMIT;
        f->s.now += 1500; /* in between others log in; that takes nothing off */
        assert_true(attempt(f, name, "192.0.2.1") == ERR_LIMIT ||
                    auth_attempt_undo(&f->s, name, "192.0.2.1", &f->err) == 0);
    }
    assert_true(refused > 20);
    f->s.now += 3600000;
    assert_int_equal(attempt(f, "other", "192.0.2.1"), 0);
    assert_int_equal(attempt(f, "n", ""), 0);
    f->s.now += 12 * INT64_C(3600000);
    for (int i = 0; i < 2; i++)
        assert_int_equal(attempt(f, "n", ""), 0);
    assert_int_equal(attempt(f, "n", ""), ERR_LIMIT);
}

static void what_was_right_is_forgiven(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(attempt(f, "lan", "192.0.2.1"), 0);
        assert_int_equal(auth_attempt_forgive(&f->s, "lan", "192.0.2.1", &f->err), 0);
    }
}

/* --- passwords --- */

static void check(struct fixture *f, const struct auth_options *o, const char *password, const char *key)
{
    const char *text = password;
    int rc = auth_password_check(o, &f->a, &text, "nguyen.lan", &f->err);
    if (key) {
        assert_int_equal(rc, ERR_INVALID);
        assert_string_equal(f->err.key, key);
    } else {
        fixture_ok(f, password, rc);
    }
}

static void length_counts_characters_and_nothing_else_is_asked(void **state)
{
    struct fixture *f = *state;
    struct auth_options o = {.password_length = 12};
    char big[AUTH_PASSWORD_MAX + 2];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    check(f, &o, "aaaaaaaaaaa", "auth.password_short");
    check(f, &o, "aaaaaaaaaaaa", NULL);
    check(f, &o, "ếếếếếếếếếếế", "auth.password_short");
    check(f, &o, "ếếếếếếếếếếếế", NULL);
    check(f, &o, "my Nguyen.Lan password", "auth.password_name");
    check(f, &o, big, "auth.password_long");
    /* The same text in another composition is the same password. */
    const char *apart = "mật khẩu của tôi";
    assert_int_equal(auth_password_check(&o, &f->a, &apart, "x", &f->err), 0);
    assert_string_equal(apart, "mật khẩu của tôi");
}

static void the_breached_are_found_by_a_search_in_the_file(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct auth_options o = {.password_length = 12, .breached = path};
    snprintf(path, sizeof(path), "/tmp/khung_breached_%d", (int)getpid());
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int i = 0; i < 1000; i++)
        fprintf(out, "%04X7A4CB4A0CB86F1E6E0D4F9C08A6F0B1E2D3C:%d\r\n", i * 60, i);
    fclose(out);
    check(f, &o, "not breached at all", NULL);
    /* As the first line, in the middle, as the last. */
    for (int where = 0; where < 3; where++) {
        out = fopen(path, "w");
        for (int i = 0; where != 0 && i < 100; i++)
            fprintf(out, "%04X000000000000000000000000000000000000:1\r\n", i);
        fprintf(out, "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:9\r\n"); /* "correct horse battery staple" */
        for (int i = 0; where != 2 && i < 100; i++)
            fprintf(out, "F%03X000000000000000000000000000000000000:12345678\r\n", i);
        fclose(out);
        check(f, &o, "correct horse battery staple", "auth.password_breached");
        check(f, &o, "correct horse battery staplf", NULL);
    }
    out = fopen(path, "w");
    fclose(out);
    check(f, &o, "correct horse battery staple", NULL);
    unlink(path);
    const char *text = "correct horse battery staple";
    assert_int_equal(auth_password_check(&o, &f->a, &text, "x", &f->err), ERR_IO);
}

/* --- links --- */

static const char *token_of(const char *link)
{
    return strrchr(link, '/') + 1;
}

static void a_setup_link_makes_one_administrator_without_business_rights(void **state)
{
    struct fixture *f = *state;
    char link[300], second[300];
    int64_t id, other;
    struct actor actor = {.admin = true};
    fixture_ok(f, "make", auth_link_make(&f->s, AUTH_LINK_SETUP, 0, link, &f->err));
    fixture_ok(f, "make", auth_link_make(&f->s, AUTH_LINK_SETUP, 0, second, &f->err));
    assert_int_equal(auth_link_check(f->db, false, token_of(link), f->s.now, NULL, NULL, &f->err), 0); /* replaced */
    for (int i = 0; i < 3; i++) /* looking uses nothing up */
        assert_int_equal(auth_link_check(f->db, false, token_of(second), f->s.now, NULL, NULL, &f->err), 1);
    assert_int_equal(auth_link_check(f->db, true, token_of(second), f->s.now, NULL, NULL, &f->err), 0); /* no reset */
    assert_int_equal(auth_link_check(f->db, false, token_of(second), f->s.now + 86400001, NULL, NULL, &f->err), 0);
    fixture_ok(f, "setup", auth_setup(&f->s, token_of(second), "boss", "$h", &id, &f->err));
    assert_int_equal(auth_setup(&f->s, token_of(second), "boss2", "$h", &other, &f->err), ERR_NOT_FOUND);
    actor.user = id;
    assert_int_equal(people_policy(f->db, &actor, "user.add", PEOPLE_ANY_UNIT, 0, &f->err), 0);
    assert_int_equal(people_policy(f->db, &actor, "content.create", PEOPLE_ANY_UNIT, 0, &f->err), ERR_DENIED);
    assert_int_equal(people_policy(f->db, &actor, "task.decide", PEOPLE_ANY_UNIT, 0, &f->err), ERR_DENIED);
}

static void a_first_link_ends_when_there_is_an_administrator(void **state)
{
    struct fixture *f = *state;
    char link[300];
    fixture_ok(f, "make", auth_link_make(&f->s, AUTH_LINK_FIRST, 0, link, &f->err));
    assert_int_equal(auth_link_check(f->db, false, token_of(link), f->s.now, NULL, NULL, &f->err), 0); /* root is one */
}

static void a_reset_link_is_of_one_account_and_ends(void **state)
{
    struct fixture *f = *state;
    char link[300], name[64], hash[SECRET_HASH_TEXT];
    int64_t id = account_of(f, "lan");
    fixture_ok(f, "make", auth_link_make(&f->s, AUTH_LINK_RESET, id, link, &f->err));
    assert_int_equal(auth_link_check(f->db, true, token_of(link), f->s.now + 30 * 60000 - 1, NULL, name, &f->err), 1);
    assert_string_equal(name, "lan");
    assert_int_equal(auth_link_check(f->db, true, token_of(link), f->s.now + 30 * 60000, NULL, name, &f->err), 0);
    fixture_ok(f, "reset", auth_reset(&f->s, token_of(link), "$new", &f->err));
    fixture_ok(f, "get", auth_password_get(f->db, id, hash, &f->err));
    assert_string_equal(hash, "$new");
    assert_int_equal(auth_reset(&f->s, token_of(link), "$newer", &f->err), ERR_NOT_FOUND);
    /* A password that is changed otherwise ends links under way. */
    fixture_ok(f, "make", auth_link_make(&f->s, AUTH_LINK_RESET, id, link, &f->err));
    fixture_ok(f, "set", auth_password_set(&f->s, id, "$third", 0, &f->err));
    assert_int_equal(auth_reset(&f->s, token_of(link), "$newer", &f->err), ERR_NOT_FOUND);
    static const char *const bad[] = {"", "x", "/", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(auth_reset(&f->s, bad[i], "$h", &f->err), ERR_NOT_FOUND);
}

/* --- a provider --- */

static void a_subject_keeps_its_account_and_a_name_takes_no_other(void **state)
{
    struct fixture *f = *state;
    struct people_account a;
    struct auth_identity i = {.issuer = "https://op", .subject = "s1", .name = "lan"};
    fixture_ok(f, "first", auth_identity_find(&f->s, &i, &a, &f->err));
    assert_string_equal(a.name, "lan");
    i.name = "renamed";
    fixture_ok(f, "again", auth_identity_find(&f->s, &i, &a, &f->err));
    assert_string_equal(a.name, "lan");
    i = (struct auth_identity){.issuer = "https://op", .subject = "s2", .name = "lan"};
    assert_int_equal(auth_identity_find(&f->s, &i, &a, &f->err), ERR_CONFLICT);
    i = (struct auth_identity){.issuer = "https://op", .subject = "s3", .name = "root"};
    assert_int_equal(auth_identity_find(&f->s, &i, &a, &f->err), ERR_DENIED); /* an administrator */
    i = (struct auth_identity){.issuer = "https://op", .subject = "s3", .name = "new"};
    assert_int_equal(auth_identity_find(&f->s, &i, &a, &f->err), ERR_DENIED);
    i.create = true;
    fixture_ok(f, "made", auth_identity_find(&f->s, &i, &a, &f->err));
    assert_false(a.admin);
    fixture_ok(f, "disable", people_account_disable(f->db, a.id, true, f->s.now, &f->err));
    assert_int_equal(auth_identity_find(&f->s, &i, &a, &f->err), ERR_DENIED);
}

static const char *claim_that_fails(struct fixture *f, const char *claims)
{
    struct auth_jwt t = {.claims = fixture_json(f, claims)};
    struct auth_jwt_wanted w = {.issuer = "https://op",
                                .client_id = "khung",
                                .nonce = "n",
                                .access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
                                .now = 1000000000};
    return auth_jwt_check(&t, &w, &f->err) ? err_arg(&f->err, "detail") : "";
}

#define BASE "\"iss\":\"https://op\",\"sub\":\"s\",\"nonce\":\"n\",\"iat\":1000000"
static void each_claim_is_looked_at(void **state)
{
    static const char *const cases[][2] = {
        {"{" BASE ",\"aud\":\"khung\",\"exp\":1000100}", ""},
        {"{" BASE ",\"aud\":[\"khung\"],\"exp\":1000100.5}", ""},
        {"{" BASE ",\"aud\":[\"khung\",\"x\"],\"azp\":\"khung\",\"exp\":1000100}", ""},
        {"{" BASE ",\"aud\":[\"khung\",\"x\"],\"exp\":1000100}", "azp"},
        {"{" BASE ",\"aud\":\"khung\",\"azp\":\"x\",\"exp\":1000100}", "azp"},
        {"{" BASE ",\"aud\":\"x\",\"exp\":1000100}", "aud"},
        {"{" BASE ",\"exp\":1000100}", "aud"},
        {"{" BASE ",\"aud\":\"khung\"}", "exp"},
        {"{" BASE ",\"aud\":\"khung\",\"exp\":999900}", "exp"},
        {"{" BASE ",\"aud\":\"khung\",\"exp\":\"1000100\"}", "exp"},
        {"{" BASE ",\"aud\":\"khung\",\"exp\":1000100,\"nbf\":1000090}", "nbf"},
        {"{\"iss\":\"https://op/\",\"sub\":\"s\",\"nonce\":\"n\",\"iat\":1,\"aud\":\"khung\",\"exp\":1000100}", "iss"},
        {"{\"iss\":\"https://op\",\"sub\":\"s\",\"nonce\":\"m\",\"iat\":1,\"aud\":\"khung\",\"exp\":1000100}", "nonce"},
        {"{\"iss\":\"https://op\",\"sub\":\"s\",\"iat\":1,\"aud\":\"khung\",\"exp\":1000100}", "nonce"},
        {"{\"iss\":\"https://op\",\"sub\":\"s\",\"nonce\":\"n\",\"iat\":1000090,\"aud\":\"khung\",\"exp\":1000100}",
         "iat"},
        {"{\"iss\":\"https://op\",\"sub\":\"s\",\"nonce\":\"n\",\"aud\":\"khung\",\"exp\":1000100}", "iat"},
        {"{\"iss\":\"https://op\",\"sub\":\"\",\"nonce\":\"n\",\"iat\":1,\"aud\":\"khung\",\"exp\":1000100}", "sub"},
        {"{\"iss\":\"https://op\",\"sub\":7,\"nonce\":\"n\",\"iat\":1,\"aud\":\"khung\",\"exp\":1000100}", "sub"},
        /* OpenID Connect Core's own example */
        {"{" BASE ",\"aud\":\"khung\",\"exp\":1000100,\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}", ""},
        {"{" BASE ",\"aud\":\"khung\",\"exp\":1000100,\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RR\"}", "at_hash"},
        {"[]", "iss"}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(claim_that_fails(f, cases[i][0]), cases[i][1]);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_auth, close_auth)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_6238),
        TEST(a_code_is_good_once_and_for_one_step_around),
        TEST(a_recovery_code_is_good_once_and_for_its_account),
        TEST(the_secret_is_sealed_by_the_key_file),
        TEST(a_name_waits_twice_as_long_each_time),
        TEST(an_address_waits_whatever_the_name_and_a_network_is_one),
        TEST(an_address_is_forgiven_with_time_and_a_name_is_not),
        TEST(what_was_right_is_forgiven),
        TEST(length_counts_characters_and_nothing_else_is_asked),
        TEST(the_breached_are_found_by_a_search_in_the_file),
        TEST(a_setup_link_makes_one_administrator_without_business_rights),
        TEST(a_first_link_ends_when_there_is_an_administrator),
        TEST(a_reset_link_is_of_one_account_and_ends),
        TEST(a_subject_keeps_its_account_and_a_name_takes_no_other),
        TEST(each_claim_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
