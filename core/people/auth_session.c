/* Sessions of browsers: on the server, so that they can be listed and ended at once. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "people/auth_internal.h"

enum { SESSIONS_MAX = 100, AGENT_MAX = 200 };

static int end_old(struct session *s, const char *token, struct err *err)
{
    uint8_t hash[DIGEST_LEN];
    if (!token || !secret_hash(token, strlen(token), hash)) return 0;
    struct stmt *st = store_stmt(s->db, "delete from auth_session where hash = ?1", err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, hash, sizeof(hash));
    return stmt_run(st, err);
}

/* Those that have ended, and of one account all but the newest. */
static int tidy(struct session *s, int64_t account, struct err *err)
{
    static const char most[] = "delete from auth_session where account = ?1 and id not in (select id from auth_session"
                               " where account = ?1 order by seen_at desc limit ?2)";
    int rc = auth_run(s->db, "delete from auth_session where expires_at <= ?1", s->now, 0, 0, err);
    return rc ? rc : auth_run(s->db, most, account, SESSIONS_MAX, 0, err);
}

int auth_session_open(struct session *s, const struct auth_session_new *n, char token[SECRET_TEXT], int64_t *id,
                      struct err *err)
{
    static const char sql[] =
        "insert into auth_session(id, hash, account, how, address, agent, created_at, seen_at, expires_at)"
        " values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)";
    uint8_t hash[DIGEST_LEN];
    char agent[AGENT_MAX], place[AUTH_PLACE_LEN];
    int rc = end_old(s, n->old, err);
    if (rc) return rc;
    secret_new(token);
    secret_hash(token, strlen(token), hash);
    snprintf(agent, sizeof(agent), "%s", n->agent ? n->agent : "");
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    *id = id_next(lane_ids(s->lane), s->now);
    stmt_bind_int(st, 1, *id);
    stmt_bind_blob(st, 2, hash, sizeof(hash));
    stmt_bind_int(st, 3, n->account);
    stmt_bind_str(st, 4, n->how);
    stmt_bind_str(st, 5, n->address);
    stmt_bind_str(st, 6, agent);
    stmt_bind_int(st, 7, s->now);
    stmt_bind_int(st, 8, s->now + s->host->auth->o.session_ms);
    rc = stmt_run(st, err);
    if (rc == 0) rc = tidy(s, n->account, err);
    auth_place_of(n->address ? n->address : "", place);
    if (rc == 0 && n->address && *n->address) rc = auth_place_note(s, n->account, place, err);
    return rc ? rc : auth_tell(s, "auth.login", n->account, n->how, err);
}

int auth_session_check(const struct auth *auth, struct store *db, const char *token, size_t len, int64_t now,
                       struct people_login *out, int64_t *seen, struct err *err)
{
    static const char sql[] = "select s.id, c.id, c.person, c.admin, s.seen_at, c.name, c.lang from auth_session s"
                              " join account c on c.id = s.account where s.hash = ?1 and s.expires_at > ?2"
                              " and s.seen_at > ?3 and c.disabled_at is null";
    uint8_t hash[DIGEST_LEN];
    if (!secret_hash(token, len, hash)) return 0;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, hash, sizeof(hash));
    stmt_bind_int(s, 2, now);
    stmt_bind_int(s, 3, now - auth->o.idle_ms);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *out = (struct people_login){.session = stmt_int(s, 0)};
        out->actor = (struct actor){.user = stmt_int(s, 1), .person = stmt_int(s, 2), .admin = stmt_int(s, 3) != 0};
        *seen = stmt_int(s, 4);
        stmt_copy(s, 5, out->name, sizeof(out->name));
        stmt_copy(s, 6, out->lang, sizeof(out->lang));
    }
    stmt_done(s);
    return rc;
}

int64_t auth_session_touch_ms(const struct auth *auth)
{
    return auth->o.idle_ms < 4 * 60000 ? auth->o.idle_ms / 4 : 60000;
}

int auth_session_touch(struct session *s, int64_t id, struct err *err)
{
    return auth_run(s->db, "update auth_session set seen_at = ?2 where id = ?1 and seen_at < ?2", id, s->now, 0, err);
}

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_FILTER, "s.id"},
                                             {"how", FIELD_TEXT, LIST_SHOWN, "s.how"},
                                             {"address", FIELD_TEXT, LIST_SHOWN, "s.address"},
                                             {"agent", FIELD_TEXT, LIST_SHOWN, "s.agent"},
                                             {"created", FIELD_INSTANT, LIST_SHOWN, "s.created_at"},
                                             {"seen", FIELD_INSTANT, LIST_RANGE | LIST_SORT, "s.seen_at"},
                                             {"expires", FIELD_INSTANT, LIST_SHOWN, "s.expires_at"},
                                             {"current", FIELD_BOOLEAN, LIST_SHOWN, "s.id = ?4"},
                                             {0}};
const struct list auth_session_rows = {.name = "sessions",
                                       .order = "-seen",
                                       .key = "id",
                                       .columns = columns,
                                       .from = "auth_session s",
                                       .where = "s.account = ?1 and s.seen_at > ?3 and +s.expires_at > ?2"};

int auth_session_list(const struct auth *auth, struct store *db, int64_t account, int64_t now, int64_t current,
                      const struct list_query *q, struct arena *a, struct val *out, const char **next, struct err *err)
{
    struct list_rows how = {.bound = {val_int(account), val_int(now), val_int(now - auth->o.idle_ms), val_int(current)},
                            .nbound = 4};
    return list_find(db, q, &how, a, out, next, err);
}

int auth_session_owner(struct store *db, int64_t id, int64_t *account, struct err *err)
{
    struct stmt *s = store_stmt(db, "select account from auth_session where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return people_one(s, account, err);
}

int auth_session_end(struct session *s, int64_t id, struct err *err)
{
    struct err_num n;
    int64_t account = 0;
    int rc = auth_session_owner(s->db, id, &account, err);
    if (rc == 1) rc = auth_run(s->db, "delete from auth_session where id = ?1", id, 0, 0, err);
    if (rc) return rc;
    if (account) return auth_tell(s, "auth.session_end", account, NULL, err);
    return err_set(err, ERR_NOT_FOUND, "auth.no_session", "session", err_i64(&n, id), NULL);
}

int auth_session_end_all(struct session *s, int64_t account, int64_t keep, struct err *err)
{
    return auth_run(s->db, "delete from auth_session where account = ?1 and id <> ?2", account, keep, 0, err);
}
