/* Passwords by NIST SP 800-63B: long enough, not known to others, and no other rule. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "people/auth_internal.h"

/* For names without an account: a hash of nothing, so that they take as long. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static int letters(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* One and the same password, however a keyboard puts its marks together. */
static int normal(struct arena *a, const char *given, const char **out, struct err *err)
{
    size_t n = strlen(given), len;
    if (n > AUTH_PASSWORD_MAX) return err_set(err, ERR_INVALID, "auth.password_long", NULL);
    int rc = text_nfc(a, given, n, out, &len, err);
    if (rc == 0 && (*out)[len]) *out = arena_strndup(a, *out, len);
    return rc || *out ? rc : err_set(err, ERR_NOMEM, "memory", NULL);
}

static bool holds_name(const char *password, const char *name)
{
    size_t n = strlen(name);
    return n >= 4 && strcasestr(password, name) != NULL;
}

int auth_password_check(const struct auth_options *o, struct arena *a, const char **password, const char *name,
                        struct err *err)
{
    struct err_num num;
    int rc = normal(a, *password, password, err);
    if (rc) return rc;
    if (letters(*password) < o->password_length)
        return err_set(err, ERR_INVALID, "auth.password_short", "least", err_i64(&num, o->password_length), NULL);
    if (holds_name(*password, name)) return err_set(err, ERR_INVALID, "auth.password_name", NULL);
    if (!o->breached || !*o->breached) return 0;
    rc = auth_breached(o->breached, *password, err);
    return rc == 1 ? err_set(err, ERR_INVALID, "auth.password_breached", NULL) : rc;
}

int auth_password_hash(const char *password, char out[SECRET_HASH_TEXT], struct err *err)
{
    return secret_password_hash(password, strlen(password), out) ? 0 : err_set(err, ERR_NOMEM, "memory", NULL);
}

bool auth_password_is(const char *hash, struct arena *a, const char *given)
{
    const char *password;
    struct err ignored;
    if (normal(a, given, &password, &ignored) != 0) password = "";
    bool is = secret_password_is(*hash ? hash : nobody, password, strlen(password));
    return is && *hash && *password;
}

int auth_password_get(struct store *db, int64_t account, char out[SECRET_HASH_TEXT], struct err *err)
{
    struct stmt *s = store_stmt(db, "select hash from auth_password where account = ?1", err);
    out[0] = '\0';
    if (!s) return err->code;
    stmt_bind_int(s, 1, account);
    int rc = stmt_step(s, err);
    if (rc == 1) stmt_copy(s, 0, out, SECRET_HASH_TEXT);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int auth_password_set(struct session *s, int64_t account, const char *hash, int64_t keep, struct err *err)
{
    static const char sql[] = "insert into auth_password(account, hash, changed_at) values(?1, ?2, ?3)"
                              " on conflict(account) do update set hash = ?2, changed_at = ?3";
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    stmt_bind_str(st, 2, hash);
    stmt_bind_int(st, 3, s->now);
    int rc = stmt_run(st, err);
    crash_point("auth.password_set");
    if (rc == 0) rc = auth_session_end_all(s, account, keep, err);
    if (rc) return rc;
    rc = auth_run(s->db, "update auth_link set used_at = ?3 where kind = ?2 and account = ?1 and used_at is null",
                  account, AUTH_LINK_RESET, s->now, err);
    return rc ? rc : auth_tell(s, "auth.password", account, NULL, err);
}
