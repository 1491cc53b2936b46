/* Roles that are held: in a unit and below (or everywhere), from a day on, without an end or until a day. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

#include "runtime/crash.h"

enum { WORD_MAX = 2 * PEOPLE_VERB_MAX + 2 }; /* longer ones are nobody's (people_may) */

static int check_known(struct store *db, const char *role, struct err *err)
{
    static const char sql[] = "select 1 from role_verb where role = ?1 union all"
                              " select 1 from position_role where role = ?1 limit 1";
    int64_t found;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, role);
    int rc = people_one(s, &found, err);
    return rc ? (rc < 0 ? rc : 0) : err_set(err, ERR_NOT_FOUND, "people.no_role", "role", role, NULL);
}

/* 1 and the row by which all of it is held already. */
static int find_held(struct store *db, const struct people_role *r, int64_t *id, struct err *err)
{
#define HELD_BY(whose)                                                                                                 \
    "select h.id from role_held h where h." whose " = ?1 and h.role = ?3 and " HELD(                                   \
        "h") " and coalesce(h.unit, 0) = ?4 and (h.valid_to is null or (?5 > 0 and h.valid_to >= ?5)) limit 1"
    struct stmt *s = store_stmt(db, r->person ? HELD_BY("person") : HELD_BY("account"), err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->person ? r->person : r->account);
    stmt_bind_int(s, 2, r->from);
    stmt_bind_str(s, 3, r->role);
    stmt_bind_int(s, 4, r->unit);
    stmt_bind_int(s, 5, r->to);
    return people_one(s, id, err);
}

int people_role_give(struct store *db, const struct people_role *r, int64_t *id, struct err *err)
{
    static const char sql[] = "insert into role_held(account, person, role, unit, valid_from, valid_to)"
                              " values(?1, ?2, ?3, ?4, ?5, ?6) returning id";
    int rc = check_known(db, r->role, err);
    if (rc == 0) rc = find_held(db, r, id, err);
    if (rc) return rc;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    if (r->account) stmt_bind_int(s, 1, r->account);
    if (r->person) stmt_bind_int(s, 2, r->person);
    stmt_bind_str(s, 3, r->role);
    if (r->unit) stmt_bind_int(s, 4, r->unit);
    stmt_bind_int(s, 5, r->from);
    if (r->to) stmt_bind_int(s, 6, r->to);
    rc = people_one(s, id, err);
    crash_point("people.role_given");
    return rc < 0 ? rc : 0;
}

int people_role_get(struct store *db, int64_t id, struct arena *a, struct people_role *out, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select account, person, role, unit, valid_from, valid_to from role_held where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1)
        *out = (struct people_role){.id = id,
                                    .account = stmt_int(s, 0),
                                    .person = stmt_int(s, 1),
                                    .role = people_text(s, 2, a),
                                    .unit = stmt_int(s, 3),
                                    .from = stmt_int(s, 4),
                                    .to = stmt_int(s, 5)};
    stmt_done(s);
    return rc == 1 && !out->role ? people_too_large(err) : rc;
}

int people_role_end(struct store *db, const struct people_role *r, int64_t day, struct err *err)
{
    static const char never[] = "delete from role_held where id = ?1 and valid_from >= ?2",
                      end[] = "update role_held set valid_to = ?2 where id = ?1";
    struct stmt *s = store_stmt(db, r->from >= day ? never : end, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_int(s, 2, day);
    return stmt_run(s, err);
}

/* The word as the policy is asked: "content.edit@draft" is content.edit of a draft. So it answers as
 * people_verb_covers does of each word that the caller has there. */
static int check_word(struct session *s, const char *word, int64_t unit, struct err *err)
{
    char verb[WORD_MAX];
    const char *at = strchr(word, '@');
    snprintf(verb, sizeof(verb), "%.*s", (int)strcspn(word, "@"), word);
    return people_check_in(s, verb, unit, at ? at + 1 : NULL, err);
}

int people_role_is_within(struct session *s, const char *role, int64_t unit, struct err *err)
{
    char word[WORD_MAX];
    struct stmt *st = store_stmt(s->db, "select verb from role_verb where role = ?1", err);
    int rc;
    if (!st) return err->code;
    stmt_bind_str(st, 1, role);
    while ((rc = stmt_step(st, err)) == 1) {
        stmt_copy(st, 0, word, sizeof(word));
        rc = check_word(s, word, unit, err);
        if (rc == ERR_DENIED) err_set(err, ERR_DENIED, "people.role_wider", "role", role, "verb", word, NULL);
        if (rc) break;
    }
    stmt_done(st);
    return rc;
}
