/* The second factor: codes of an app (RFC 6238), and codes on paper for the day on which the app is lost.
 *
 * A code is good in its own half minute and in the two beside it, and once: the step that was used is kept, and none at
 * or before it is taken again. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/sha1.h"
#include "people/auth_internal.h"

enum { STEP_MS = 30000, AROUND = 1, DIGITS = 6, SEALED = AUTH_TOTP_SECRET + SECRET_SEAL_MORE, RECOVERY_BYTES = 10 };

uint32_t auth_totp_code(const uint8_t *secret, size_t n, uint64_t step, int digits)
{
    uint8_t counter[8], mac[SHA1_LEN];
    uint32_t most = 1;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    sha1_hmac(secret, n, counter, sizeof(counter), mac);
    const uint8_t *p = mac + (mac[SHA1_LEN - 1] & 15);
    uint32_t v = (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (int i = 0; i < digits; i++)
        most *= 10;
    return v % most;
}

static void about_of(int64_t account, char out[32])
{
    snprintf(out, 32, "totp:%lld", (long long)account);
}

struct factor {
    uint8_t secret[AUTH_TOTP_SECRET];
    bool confirmed;
    int64_t last_step;
};

/* 1, 0 none, or an error: ERR_CORRUPT "auth.totp_key" when the key file is not the one it was sealed with. */
static int read_factor(struct session *s, int64_t account, struct factor *f, struct err *err)
{
    char about[32];
    size_t n;
    struct stmt *st =
        store_stmt(s->db, "select secret, confirmed_at, last_step from auth_totp where account = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        const void *sealed = stmt_blob(st, 0, &n);
        about_of(account, about);
        f->confirmed = !stmt_is_null(st, 1);
        f->last_step = stmt_int(st, 2);
        if (n != SEALED || !secret_open(s->host->auth->totp_key, sealed, n, about, f->secret))
            rc = err_set(err, ERR_REFUSED, "auth.totp_key", NULL);
    }
    stmt_done(st);
    return rc;
}

int auth_totp_is_on(struct store *db, int64_t account, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(db, "select 1 from auth_totp where account = ?1 and confirmed_at is not null", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, account);
    return people_one(s, &one, err);
}

int auth_totp_enrol(struct session *s, int64_t account, char secret[40], struct err *err)
{
    static const char sql[] = "insert or replace into auth_totp(account, secret, confirmed_at, last_step)"
                              " values(?1, ?2, null, 0)";
    uint8_t bytes[AUTH_TOTP_SECRET], sealed[SEALED];
    char about[32];
    int rc = auth_totp_is_on(s->db, account, err);
    if (rc) return rc < 0 ? rc : err_set(err, ERR_CONFLICT, "auth.totp_is_on", NULL);
    digest_random(bytes, sizeof(bytes));
    about_of(account, about);
    secret_seal(s->host->auth->totp_key, bytes, sizeof(bytes), about, sealed);
    secret_base32(bytes, sizeof(bytes), secret, 40);
    secret_forget(bytes, sizeof(bytes));
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    stmt_bind_blob(st, 2, sealed, sizeof(sealed));
    return stmt_run(st, err);
}

/* The step that a code is of, later than the last one used; 0: none. */
static int64_t step_of(const struct factor *f, const char *code, int64_t now)
{
    int64_t found = 0;
    char good[16];
    if (strlen(code) != DIGITS || strspn(code, "0123456789") != DIGITS) return 0;
    for (int64_t step = now / STEP_MS - AROUND; step <= now / STEP_MS + AROUND; step++) {
        snprintf(good, sizeof(good), "%06u", auth_totp_code(f->secret, sizeof(f->secret), (uint64_t)step, DIGITS));
        if (secret_equal(good, code) && step > f->last_step && !found) found = step;
    }
    return found;
}

static int wrong(struct err *err)
{
    return err_set(err, ERR_DENIED, "auth.totp_wrong", NULL);
}

/* Ten bytes as "ABCD-EFGH-IJKL-MNOP"; kept is the sum of the bytes, so that hyphens and small letters do not matter. */
static int add_recovery(struct session *s, int64_t account, char out[AUTH_RECOVERY_TEXT], struct err *err)
{
    uint8_t bytes[RECOVERY_BYTES], hash[DIGEST_LEN];
    char text[20];
    digest_random(bytes, sizeof(bytes));
    digest_sha256(bytes, sizeof(bytes), hash);
    secret_base32(bytes, sizeof(bytes), text, sizeof(text));
    snprintf(out, AUTH_RECOVERY_TEXT, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8, text + 12);
    struct stmt *st = store_stmt(s->db, "insert into auth_recovery(account, hash) values(?1, ?2)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    stmt_bind_blob(st, 2, hash, sizeof(hash));
    return stmt_run(st, err);
}

int auth_totp_confirm(struct session *s, int64_t account, const char *code,
                      char recovery[AUTH_RECOVERY_CODES][AUTH_RECOVERY_TEXT], struct err *err)
{
    struct factor f;
    int rc = read_factor(s, account, &f, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "auth.totp_none", NULL);
    if (rc < 0) return rc;
    if (f.confirmed) return err_set(err, ERR_CONFLICT, "auth.totp_is_on", NULL);
    int64_t step = step_of(&f, code, s->now);
    if (!step) return wrong(err);
    rc = auth_run(s->db, "update auth_totp set confirmed_at = ?2, last_step = ?3 where account = ?1", account, s->now,
                  step, err);
    if (rc == 0) rc = auth_run(s->db, "delete from auth_recovery where account = ?1", account, 0, 0, err);
    for (int i = 0; rc == 0 && i < AUTH_RECOVERY_CODES; i++)
        rc = add_recovery(s, account, recovery[i], err);
    return rc ? rc : auth_tell(s, "auth.totp_on", account, NULL, err);
}

static int use_recovery(struct session *s, int64_t account, const char *code, struct err *err)
{
    uint8_t bytes[RECOVERY_BYTES], hash[DIGEST_LEN];
    size_t n;
    if (!secret_unbase32(code, strlen(code), bytes, sizeof(bytes), &n) || n != sizeof(bytes)) return wrong(err);
    digest_sha256(bytes, sizeof(bytes), hash);
    struct stmt *st = store_stmt(s->db, "delete from auth_recovery where account = ?1 and hash = ?2", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    stmt_bind_blob(st, 2, hash, sizeof(hash));
    int rc = stmt_run(st, err);
    if (rc) return rc;
    return store_changes(s->db) == 1 ? 0 : wrong(err);
}

int auth_totp_use(struct session *s, int64_t account, const char *code, struct err *err)
{
    struct factor f;
    int rc = read_factor(s, account, &f, err);
    if (rc < 0) return rc;
    if (rc == 0 || !f.confirmed) return wrong(err);
    int64_t step = step_of(&f, code, s->now);
    if (!step) return use_recovery(s, account, code, err);
    rc = auth_run(s->db, "update auth_totp set last_step = ?2 where account = ?1 and last_step < ?2", account, step, 0,
                  err);
    crash_point("auth.totp_used");
    return rc;
}

int auth_totp_remove(struct session *s, int64_t account, struct err *err)
{
    int rc = auth_run(s->db, "delete from auth_recovery where account = ?1", account, 0, 0, err);
    return rc ? rc : auth_run(s->db, "delete from auth_totp where account = ?1", account, 0, 0, err);
}
