/* Accounts of an OIDC provider. The subject is the identity: it never changes and is given to nobody else. A name can
 * often be chosen by its owner, so it finds an account once, never an administrator's, and never one that another
 * subject has. */
#include <string.h>

#include "people/auth_internal.h"

/* 1 and the account that the subject has. */
static int by_subject(struct store *db, const char *issuer, const char *subject, int64_t *account, struct err *err)
{
    struct stmt *s = store_stmt(db, "select account from auth_identity where issuer = ?1 and subject = ?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, issuer);
    stmt_bind_str(s, 2, subject);
    return people_one(s, account, err);
}

static int account_by_id(struct store *db, int64_t id, struct people_account *out, struct err *err)
{
    char name[64];
    struct stmt *s = store_stmt(db, "select name from account where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) stmt_copy(s, 0, name, sizeof(name));
    stmt_done(s);
    return rc == 1 ? people_account_find(db, name, out, err) : rc;
}

int auth_identity_link(struct session *s, const char *issuer, const char *subject, int64_t account, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db, "insert into auth_identity(issuer, subject, account, created_at) values(?1, ?2, ?3, ?4)", err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, issuer);
    stmt_bind_str(st, 2, subject);
    stmt_bind_int(st, 3, account);
    stmt_bind_int(st, 4, s->now);
    int rc = stmt_run(st, err);
    if (rc == ERR_CONFLICT) return err_set(err, ERR_CONFLICT, "oidc.taken", NULL);
    return rc ? rc : auth_tell(s, "auth.identify", account, issuer, err);
}

static int no_account(const struct auth_identity *i, struct err *err)
{
    return err_set(err, ERR_DENIED, "oidc.no_account", "name", i->name ? i->name : "", "subject", i->subject, NULL);
}

static int by_name(struct session *s, const struct auth_identity *i, struct people_account *out, struct err *err)
{
    if (!i->name || !*i->name) return no_account(i, err);
    int rc = people_account_find(s->db, i->name, out, err);
    if (rc < 0) return rc;
    if (rc == 1 && out->admin) return no_account(i, err);
    if (rc == 0) {
        struct people_account_new n = {.name = i->name};
        int64_t id;
        if (!i->create) return no_account(i, err);
        rc = people_account_add(s->db, &n, s->now, &id, err);
        if (rc == 0) rc = people_account_find(s->db, i->name, out, err);
        if (rc < 0) return rc;
    }
    return auth_identity_link(s, i->issuer, i->subject, out->id, err);
}

int auth_identity_find(struct session *s, const struct auth_identity *i, struct people_account *out, struct err *err)
{
    int64_t id;
    int rc = by_subject(s->db, i->issuer, i->subject, &id, err);
    if (rc == 1)
        rc = account_by_id(s->db, id, out, err) == 1 ? 0 : no_account(i, err);
    else if (rc == 0)
        rc = by_name(s, i, out, err);
    if (rc == 0 && out->disabled) rc = no_account(i, err);
    return rc;
}
