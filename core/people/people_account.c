/* Accounts: who logs in. An account may stand for a person; an admin account has no business rights
 * by itself. */
#include "people/people_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/crash.h"

static bool is_name(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-") == n;
}

int people_account_add(struct store *db, const struct people_account_new *n, int64_t now, int64_t *id, struct err *err)
{
    if (!n->name || !is_name(n->name)) return err_set(err, ERR_INVALID, "people.account_name", "name", n->name, NULL);
    struct stmt *s = store_stmt(db,
                                "insert into account(name, person, lang, admin, created_at) "
                                "values(?1, ?2, ?3, ?4, ?5) returning id",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, n->name);
    if (n->person) stmt_bind_int(s, 2, n->person);
    if (n->lang) stmt_bind_str(s, 3, n->lang);
    stmt_bind_int(s, 4, n->admin);
    stmt_bind_int(s, 5, now);
    int rc = people_one(s, id, err);
    if (rc == ERR_CONFLICT) return err_set(err, ERR_CONFLICT, "people.account_exists", "name", n->name, NULL);
    return rc < 0 ? rc : 0;
}

#define ACCOUNT_COLUMNS "select id, person, name, lang, admin, disabled_at from account "

static int read_account(struct stmt *s, struct people_account *out, struct err *err)
{
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *out = (struct people_account){.id = stmt_int(s, 0),
                                       .person = stmt_int(s, 1),
                                       .admin = stmt_int(s, 4) != 0,
                                       .disabled = !stmt_is_null(s, 5)};
        stmt_copy(s, 2, out->name, sizeof(out->name));
        stmt_copy(s, 3, out->lang, sizeof(out->lang));
    }
    stmt_done(s);
    return rc;
}

int people_account_find(struct store *db, const char *name, struct people_account *out, struct err *err)
{
    struct stmt *s = store_stmt(db, ACCOUNT_COLUMNS "where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    return read_account(s, out, err);
}

int people_account_actor(struct store *db, const char *name, struct actor *out, struct err *err)
{
    struct people_account account;
    int rc = people_account_find(db, name, &account, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "people.no_account", "name", name, NULL);
    if (account.disabled) return err_set(err, ERR_DENIED, "people.account_off", "name", name, NULL);
    *out = (struct actor){.user = account.id, .person = account.person, .admin = account.admin};
    return 0;
}

int people_account_get(struct store *db, int64_t id, struct people_account *out, struct err *err)
{
    struct stmt *s = store_stmt(db, ACCOUNT_COLUMNS "where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return read_account(s, out, err);
}

static int end_sessions(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from auth_session where account = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return stmt_run(s, err);
}

static int write(struct store *db, const struct people_account *a, struct err *err)
{
    static const char sql[] = "update account set person = ?2, lang = ?3, admin = ?4 where id = ?1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, a->id);
    if (a->person) stmt_bind_int(s, 2, a->person);
    if (a->lang[0]) stmt_bind_str(s, 3, a->lang);
    stmt_bind_int(s, 4, a->admin);
    return stmt_run(s, err);
}

int people_account_set(struct store *db, const struct people_account *a, int64_t now, struct err *err)
{
    struct people_account was;
    int rc = people_account_get(db, a->id, &was, err);
    if (rc == 1) rc = write(db, a, err);
    crash_point("people.account_changed");
    if (rc == 0 && was.person != a->person) rc = people_token_revoke_all(db, a->id, now, err);
    return rc || was.person == a->person ? rc : end_sessions(db, a->id, err);
}

void people_account_hash(const struct people_account *a, char out[DIGEST_HEX])
{
    char text[128];
    uint8_t hash[DIGEST_LEN];
    int n = snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %s %d %d", a->id, a->person, a->lang, a->admin,
                     a->disabled);
    digest_sha256(text, (size_t)n, hash);
    digest_hex(hash, out);
}

int people_account_disable(struct store *db, int64_t id, bool disabled, int64_t now, struct err *err)
{
    struct err_num n;
    struct stmt *s = store_stmt(db, "update account set disabled_at = ?2 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    if (disabled) stmt_bind_int(s, 2, now);
    int rc = stmt_run(s, err);
    if (rc == 0 && store_changes(db)) {
        if (disabled) rc = people_token_revoke_all(db, id, now, err);
        return rc || !disabled ? rc : end_sessions(db, id, err);
    }
    return rc ? rc : err_set(err, ERR_NOT_FOUND, "people.no_account", "name", err_i64(&n, id), NULL);
}

int people_account_is_on(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from account where id = ?1 and disabled_at is null", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int people_entry(struct store *db, int64_t person, struct err *err)
{
    struct stmt *s = store_stmt(db, "select count(*), count(disabled_at) from account where person = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    int rc = stmt_step(s, err);
    int64_t all = rc == 1 ? stmt_int(s, 0) : 0, off = rc == 1 ? stmt_int(s, 1) : 0;
    stmt_done(s);
    if (rc < 0) return rc;
    return all == 0 ? PEOPLE_NO_ACCOUNT : off < all ? PEOPLE_HAS_ACCOUNT : PEOPLE_LOCKED_OUT;
}

int people_is_reachable(struct store *db, int64_t person, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(db, "select 1 from person p where p.id = ?1 and " PEOPLE_CAN_ENTER("p.id"), err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    return people_one(s, &one, err);
}
