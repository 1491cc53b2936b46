/* One slice: the erasure of the audit is begun, the person gets a pseudonym, accounts end with all that logs in. */
#include "people/people_erase.h"
#include "people/people_find.h"

#include <stdio.h>
#include <string.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "people/auth_internal.h"

/* --- by what they are known --- */

static int add_texts(struct stmt *s, struct arena *a, struct val *texts, struct val *ids, struct err *err)
{
    int rc;
    while ((rc = stmt_step(s, err)) == 1) {
        int full = ids ? val_add(a, ids, val_int(stmt_int(s, 0))) : 0;
        for (int i = 1; !full && i < stmt_columns(s); i++) {
            const char *text = stmt_is_null(s, i) ? "" : people_text(s, i, a);
            full = !text ? ERR_NOMEM : *text ? val_add(a, texts, val_str(text)) : 0;
        }
        if (full) rc = people_too_large(err);
        if (full) break;
    }
    stmt_done(s);
    return rc;
}

int people_traces(struct store *db, int64_t person, struct arena *a, struct audit_traces *out, struct err *err)
{
    struct err_num n;
    *out = (struct audit_traces){.person = person, .accounts = val_list(), .texts = val_list()};
    struct stmt *s = store_stmt(db, "select id, name, email, code from person where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    int rc = add_texts(s, a, &out->texts, NULL, err);
    if (rc == 0 && out->texts.as.list.n == 0)
        return err_set(err, ERR_NOT_FOUND, "people.no_person", "code", err_i64(&n, person), NULL);
    if (rc == 0) out->code = val_cstr(a, val_at(&out->texts, out->texts.as.list.n - 1)); /* the last column */
    s = rc ? NULL : store_stmt(db, "select id, name from account where person = ?1 order by id", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    return add_texts(s, a, &out->texts, &out->accounts, err);
}

/* --- may they? --- */

static int in_office(struct store *db, int64_t person, int64_t day, char *what, size_t cap, struct err *err)
{
    static const char sql[] =
        "select coalesce(p.title, h.position) from position_held h left join position p"
        " on p.code = h.position where h.person = ?1 and " HELD(
            "h") " union all "
                 "select b.name from body_member m join body b on b.id = m.body where m.person = ?1 and " HELD(
                     "m") " limit 1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    int rc = stmt_step(s, err);
    if (rc == 1) stmt_copy(s, 0, what, cap);
    stmt_done(s);
    return rc;
}

int people_may_erase(struct session *s, int64_t person, struct err *err)
{
    char office[200] = "";
    int rc = people_check(s, "audit.erase", PEOPLE_WHOLE, err);
    if (rc) return rc;
    if (s->actor.person == person) return err_set(err, ERR_REFUSED, "people.erase_self", NULL);
    rc = in_office(s->db, person, people_day(s->host, s->now), office, sizeof(office), err);
    return rc == 1 ? err_set(err, ERR_REFUSED, "people.erase_office", "office", office, NULL) : rc;
}

/* --- doing it --- */

static int rename_one(struct session *s, const char *sql, int64_t id, const char *lang, struct err *err)
{
    char code[40], num[24];
    struct buf name;
    snprintf(num, sizeof(num), "%lld", (long long)id);
    snprintf(code, sizeof(code), "erased-%s", num);
    buf_init(&name, 400);
    locale_format(&name, lang, "people.pseudonym", "number", num, NULL);
    struct stmt *st = store_stmt(s->db, sql, err);
    if (st) {
        stmt_bind_int(st, 1, id);
        stmt_bind_str(st, 2, code);
        if (stmt_bind_count(st) > 2) stmt_bind_int(st, 3, s->now);
        if (stmt_bind_count(st) > 3) stmt_bind_str(st, 4, name.data ? name.data : code);
    }
    int rc = st ? stmt_run(st, err) : err->code;
    buf_close(&name);
    return rc;
}

static int end_account(struct session *s, int64_t id, struct err *err)
{
    static const char *const sql[] = {
        "delete from auth_attempt where who = 'n:' || (select name from account where id = ?1)",
        "delete from auth_attempt where who >= 'k:' || ?1 || ' ' and who < 'k:' || ?1 || '!'",
        "delete from auth_session where account = ?1",
        "delete from auth_place where account = ?1",
        "delete from auth_password where account = ?1",
        "delete from auth_totp where account = ?1",
        "delete from auth_recovery where account = ?1",
        "delete from auth_link where account = ?1",
        "delete from auth_identity where account = ?1",
        "update token set label = null where account = ?1",
    };
    int rc = people_token_revoke_all(s->db, id, s->now, err);
    for (size_t i = 0; rc == 0 && i < sizeof(sql) / sizeof(sql[0]); i++)
        rc = auth_run(s->db, sql[i], id, s->now, 0, err);
    crash_point("people.erase_half");
    return rc ? rc
              : rename_one(s, "update account set name = ?2, disabled_at = coalesce(disabled_at, ?3) where id = ?1", id,
                           s->host->lang, err);
}

/* Is it the one who was erased before, and nobody to whom the number was given since? */
static int check_digest(struct store *db, const struct audit_traces *t, const char *digest, struct err *err)
{
    char hex[DIGEST_HEX];
    int rc = digest ? audit_erase_digest(db, t->code ? t->code : "", hex, err) : 0;
    return rc == 0 && digest && strcmp(digest, hex) != 0 ? err_set(err, ERR_REFUSED, "people.erase_other", NULL) : rc;
}

int people_erase(struct session *s, int64_t person, const struct audit_wish *wish, int64_t *id, struct err *err)
{
    struct audit_traces t = {0};
    int rc = people_may_erase(s, person, err);
    if (rc == 0) rc = people_traces(s->db, person, s->arena, &t, err);
    if (rc == 0) rc = check_digest(s->db, &t, wish->digest, err);
    if (rc == 0) rc = audit_erase_begin(s, &t, wish, id, err);
    for (size_t i = 0; rc == 0 && i < t.accounts.as.list.n; i++)
        rc = end_account(s, t.accounts.as.list.items[i].as.i, err);
    if (rc == 0)
        rc = rename_one(s, "update person set code = ?2, name = coalesce(?4, ?3, code), email = null where id = ?1",
                        person, s->host->lang, err);
    return rc ? rc : people_words_put(s->db, PEOPLE_FIND_PERSON, person, "", err);
}
