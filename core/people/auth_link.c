/* One-time links: to become an administrator, to set a new password. What a link does and that it is used up is one
 * slice, so that it is both or neither; to look at one uses nothing up. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "people/auth_internal.h"

enum { SETUP_MS = 24 * 3600 * 1000 };

static int insert(struct session *s, enum auth_link_kind kind, int64_t account, const uint8_t hash[DIGEST_LEN],
                  int64_t expires, struct err *err)
{
    static const char sql[] =
        "insert into auth_link(hash, kind, account, created_at, expires_at) values(?1, ?2, ?3, ?4, ?5)";
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, hash, DIGEST_LEN);
    stmt_bind_int(st, 2, kind);
    stmt_bind_int(st, 3, account);
    stmt_bind_int(st, 4, s->now);
    stmt_bind_int(st, 5, expires);
    return stmt_run(st, err);
}

int auth_link_make(struct session *s, enum auth_link_kind kind, int64_t account, char out[300], struct err *err)
{
    const struct auth_options *o = &s->host->auth->o;
    char token[SECRET_TEXT];
    uint8_t hash[DIGEST_LEN];
    int64_t ends = s->now + (kind == AUTH_LINK_RESET ? o->link_ms : SETUP_MS);
    secret_new(token);
    secret_hash(token, strlen(token), hash);
    snprintf(out, 300, "%.200s/auth/%s/%s", o->url, kind == AUTH_LINK_RESET ? "reset" : "setup", token);
    int rc = auth_run(s->db, "delete from auth_link where kind = ?1 and account = ?2 or expires_at < ?3", kind, account,
                      s->now - SETUP_MS, err);
    if (rc == 0) rc = insert(s, kind, account, hash, ends, err);
    return rc ? rc : auth_tell(s, "auth.link", account, kind == AUTH_LINK_RESET ? "reset" : "setup", err);
}

/* A first link is none once there is an administrator. */
static const char good[] =
    "select l.account, c.name from auth_link l left join account c on c.id = l.account"
    " where l.hash = ?1 and l.used_at is null and l.expires_at > ?2 and (l.kind = 2) = ?3"
    " and (l.kind <> 0 or not exists (select 1 from account where admin = 1 and disabled_at is null))"
    " and (l.account = 0 or c.disabled_at is null)";

int auth_link_check(struct store *db, bool reset, const char *token, int64_t now, int64_t *account, char name[64],
                    struct err *err)
{
    uint8_t hash[DIGEST_LEN];
    if (!secret_hash(token, strlen(token), hash)) return 0;
    struct stmt *s = store_stmt(db, good, err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, hash, sizeof(hash));
    stmt_bind_int(s, 2, now);
    stmt_bind_int(s, 3, reset);
    int rc = stmt_step(s, err);
    if (rc == 1 && account) *account = stmt_int(s, 0);
    if (rc == 1 && name) stmt_copy(s, 1, name, 64);
    stmt_done(s);
    return rc;
}

int auth_link_use(struct session *s, bool reset, const char *token, int64_t *account, struct err *err)
{
    uint8_t hash[DIGEST_LEN];
    int rc = auth_link_check(s->db, reset, token, s->now, account, NULL, err);
    if (rc < 0) return rc;
    if (rc == 0 || !secret_hash(token, strlen(token), hash)) return err_set(err, ERR_NOT_FOUND, "auth.link", NULL);
    struct stmt *st = store_stmt(s->db, "update auth_link set used_at = ?2 where hash = ?1", err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, hash, sizeof(hash));
    stmt_bind_int(st, 2, s->now);
    rc = stmt_run(st, err);
    crash_point("auth.link_used");
    return rc;
}

int auth_is_new(struct store *db, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(db, "select 1 from account limit 1", err);
    if (!s) return err->code;
    int rc = people_one(s, &one, err);
    return rc < 0 ? rc : rc == 0;
}

int auth_setup(struct session *s, const char *token, const char *name, const char *hash, int64_t *account,
               struct err *err)
{
    struct people_account_new n = {.name = name, .lang = s->lang, .admin = true};
    int64_t nobody;
    int rc = auth_link_use(s, false, token, &nobody, err);
    if (rc == 0) rc = people_account_add(s->db, &n, s->now, account, err);
    if (rc == 0) rc = auth_tell(s, "auth.setup", *account, name, err);
    return rc ? rc : auth_password_set(s, *account, hash, 0, err);
}

/* 1 and the address to which mail of this account goes. */
static int address_of(struct store *db, int64_t account, struct arena *a, const char **out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select p.email from account c join person p on p.id = c.person"
                                " where c.id = ?1 and c.disabled_at is null and p.email is not null",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, account);
    int rc = stmt_step(s, err);
    if (rc == 1) *out = people_text(s, 0, a);
    stmt_done(s);
    return rc == 1 && !*out ? people_too_large(err) : rc;
}

int auth_reset_ask(struct session *s, const char *name, struct err *err)
{
    struct people_account account;
    struct val data = val_map();
    const char *to = NULL;
    char link[300];
    int rc = people_account_find(s->db, name, &account, err);
    if (rc == 1) rc = address_of(s->db, account.id, s->arena, &to, err);
    if (rc <= 0) return rc;
    rc = auth_link_make(s, AUTH_LINK_RESET, account.id, link, err);
    if (rc) return rc;
    rc = val_set(s->arena, &data, "name", val_str(account.name));
    if (rc == 0) rc = val_set(s->arena, &data, "link", val_str(link));
    if (rc == 0) rc = val_set(s->arena, &data, "minutes", val_int(s->host->auth->o.link_ms / 60000));
    if (rc) return people_too_large(err);
    struct auth_mail mail = {.person = account.person,
                             .to = to,
                             .lang = account.lang[0] ? account.lang : s->host->lang,
                             .template = "auth.reset",
                             .data = &data};
    return auth_send_mail(s, &mail, err);
}

int auth_reset(struct session *s, const char *token, const char *hash, struct err *err)
{
    int64_t account;
    char name[64];
    int rc = auth_link_check(s->db, true, token, s->now, NULL, name, err);
    if (rc >= 0) rc = auth_link_use(s, true, token, &account, err);
    if (rc == 0) rc = auth_password_set(s, account, hash, 0, err);
    return rc ? rc : auth_attempt_unlock(s, name, err);
}
