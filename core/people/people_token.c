/* Bearer tokens: 24 random bytes in base64url behind "kh_". Only the SHA-256 is kept: the bytes are
 * random, so no slow hash is needed, and a check is one read by a unique index. Nothing is written
 * when one is used. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "runtime/crash.h"

enum { TOKEN_BYTES = 24, TOKEN_TEXT = 3 + TOKEN_BYTES / 3 * 4 };
_Static_assert((int)TOKEN_TEXT < (int)PEOPLE_TOKEN_LEN, "a token and its NUL fit");

static void format(const uint8_t bytes[TOKEN_BYTES], char out[PEOPLE_TOKEN_LEN])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    memcpy(out, "kh_", 3);
    for (size_t i = 0, at = 3; i < TOKEN_BYTES; i += 3, at += 4) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            out[at + k] = letters[v >> (18 - 6 * k) & 63];
    }
    out[TOKEN_TEXT] = '\0';
}

int people_token_make(struct store *db, const struct people_token_new *n, int64_t now, char out[PEOPLE_TOKEN_LEN],
                      int64_t *id, struct err *err)
{
    static const char sql[] =
        "insert into token(hash, account, label, scope, created_at, expires_at, made_by, made_with)"
        " select ?1, c.id, ?3, ?4, ?5, ?6, ?7, ?8 from account c where c.id = ?2 returning id";
    uint8_t bytes[TOKEN_BYTES], hash[DIGEST_LEN];
    struct err_num num;
    if (n->scope && strlen(n->scope) >= sizeof(((struct people_login *)0)->scope))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    digest_random(bytes, sizeof(bytes));
    format(bytes, out);
    digest_sha256(out, TOKEN_TEXT, hash);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, hash, sizeof(hash));
    stmt_bind_int(s, 2, n->account);
    if (n->label) stmt_bind_str(s, 3, n->label);
    if (n->scope) stmt_bind_str(s, 4, n->scope);
    stmt_bind_int(s, 5, now);
    if (n->expires) stmt_bind_int(s, 6, n->expires);
    if (n->made_by > 0) stmt_bind_int(s, 7, n->made_by);
    if (n->made_with) stmt_bind_int(s, 8, n->made_with);
    int rc = people_one(s, id, err);
    crash_point("people.token_made");
    if (rc == 1) return 0;
    memset(out, 0, PEOPLE_TOKEN_LEN);
    return rc ? rc : err_set(err, ERR_NOT_FOUND, "people.no_account", "name", err_i64(&num, n->account), NULL);
}

int people_token_check(struct store *db, const char *token, size_t len, int64_t now, struct people_login *out,
                       struct err *err)
{
    static const char sql[] = "select t.id, c.id, c.person, c.admin, c.name, c.lang, t.scope from "
                              "token t join account c on c.id = t.account"
                              " where t.hash = ?1 and t.revoked_at is null and (t.expires_at is "
                              "null or t.expires_at > ?2)"
                              " and c.disabled_at is null";
    uint8_t hash[DIGEST_LEN];
    if (len != TOKEN_TEXT || memcmp(token, "kh_", 3) != 0) return 0;
    digest_sha256(token, len, hash);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, hash, sizeof(hash));
    stmt_bind_int(s, 2, now);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *out = (struct people_login){.token = stmt_int(s, 0)};
        out->actor.user = stmt_int(s, 1);
        out->actor.person = stmt_int(s, 2);
        out->actor.admin = stmt_int(s, 3) != 0;
        stmt_copy(s, 4, out->name, sizeof(out->name));
        stmt_copy(s, 5, out->lang, sizeof(out->lang));
        stmt_copy(s, 6, out->scope, sizeof(out->scope));
    }
    stmt_done(s);
    return rc;
}

int people_token_allows(const struct people_login *login, const char *verb, struct err *err)
{
    const char *p = login->scope;
    size_t want = strlen(verb);
    if (!*p) return 0;
    while (*p) {
        p += strspn(p, " ");
        size_t n = strcspn(p, " ");
        bool family = n >= 2 && p[n - 1] == '*' && p[n - 2] == '.';
        if (n == want && strncmp(p, verb, n) == 0) return 0;
        if (family && want > n - 1 && strncmp(p, verb, n - 1) == 0) return 0;
        p += n;
    }
    return err_set(err, ERR_DENIED, "denied.token", "verb", verb, NULL);
}

int people_token_get(struct store *db, int64_t id, struct people_token *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select account, expires_at, scope from token where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *out = (struct people_token){.id = id, .account = stmt_int(s, 0), .expires = stmt_int(s, 1)};
        stmt_copy(s, 2, out->scope, sizeof(out->scope));
    }
    stmt_done(s);
    return rc;
}

static int revoke(struct store *db, const char *sql, int64_t id, int64_t now, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, now);
    return stmt_run(s, err);
}

/* Whoever has stolen one may have made others by it. */
int people_token_revoke(struct store *db, int64_t id, int64_t now, struct err *err)
{
    static const char sql[] = "with recursive made(id) as (select ?1 union"
                              " select t.id from made join token t on t.made_with = made.id)"
                              " update token set revoked_at = ?2 where id in (select id from made)"
                              " and revoked_at is null";
    struct people_token t;
    struct err_num n;
    int rc = people_token_get(db, id, &t, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "people.no_token", "token", err_i64(&n, id), NULL);
    return rc < 0 ? rc : revoke(db, sql, id, now, err);
}

/* Its own, those that it made for others, and all that was made by showing one of them. */
int people_token_revoke_all(struct store *db, int64_t account, int64_t now, struct err *err)
{
    static const char sql[] = "with recursive made(id) as (select id from token where account = ?1"
                              " union select id from token where made_by = ?1"
                              " union select t.id from made join token t on t.made_with = made.id)"
                              " update token set revoked_at = ?2 where id in (select id from made)"
                              " and revoked_at is null";
    return revoke(db, sql, account, now, err);
}
