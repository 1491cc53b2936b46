/* Who may do something: from the verb's side, where people_explain_verb comes from the account's. */
#include <string.h>

#include "people/explain.h"
#include "people/people_internal.h"
#include "people/verb.h"

/* From the verb's side: its roles, then who has them, and the administrators if ?9 is 1; as (person, account). Whether
 * they may is asked of each. */
static const char who_sql[] = WITH_UP
    "select p, u, name, admin from ("
    "select h.person as p, coalesce(c.id, 0) as u, c.name, coalesce(c.admin, 0) as admin, c.disabled_at as off"
    " from role_verb v join role_held h on h.role = v.role and"
    " h.person is not null left join account c on c.person = h.person where " PEOPLE_VERB_ROWS("v") " and " HELD(
        "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
             " union select coalesce(c.person, 0), c.id, c.name, c.admin, c.disabled_at from role_verb v join "
             "role_held h on h.role = v.role"
             " and h.account is not null join account c on c.id = h.account where " PEOPLE_VERB_ROWS("v") " and " HELD(
                 "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
                      " union select h.person, coalesce(c.id, 0), c.name, coalesce(c.admin, 0), c.disabled_at"
                      " from role_verb v join position_role r"
                      " on r.role = v.role join position_held h on h.position = r.position"
                      " left join account c on c.person = h.person where " PEOPLE_VERB_ROWS("v") " and " HELD(
                          "h") " and (?1 = -1 or h.unit in (select id from up))"
                               " union select coalesce(person, 0), id, name, admin, disabled_at from account where "
                               "admin = ?9)"
                               " where off is null and (p, u) > (?3, ?4)"
                               " order by p, u";

static int show_who(struct store *db, struct stmt *s, struct arena *a, struct val *one, struct err *err)
{
    struct val person = val_nil();
    const char *user = people_text(s, 2, a);
    int rc = val_set(a, one, "id", val_int(stmt_int(s, 0)));
    if (rc == 0) rc = val_set(a, one, "account", val_int(stmt_int(s, 1)));
    if (rc) return people_too_large(err);
    if (stmt_int(s, 0)) rc = people_person_get(db, stmt_int(s, 0), a, &person, err);
    if (rc == 1) rc = val_set(a, one, "person", person);
    if (rc == 0 && user) rc = val_set(a, one, "user", val_str(user));
    return rc;
}

int people_who_can(struct store *db, const struct people_who *who, struct arena *a, struct val *out, struct err *err)
{
    struct people_words words;
    int rc = 0;
    struct stmt *s = store_stmt(db, who_sql, err);
    if (!s) return err->code;
    people_act_bind(s, &who->act, &words);
    stmt_bind_int(s, 3, who->after);
    stmt_bind_int(s, 4, who->after_account);
    stmt_bind_int(s, 9, people_verb_of_admins(who->act.verb) ? 1 : -1);
    *out = val_list();
    while ((int64_t)out->as.list.n < who->limit && (rc = stmt_step(s, err)) == 1) {
        struct actor actor = {.person = stmt_int(s, 0), .user = stmt_int(s, 1), .admin = stmt_int(s, 3) != 0};
        struct val one;
        rc = people_explain_verb(db, &actor, &who->act, who->lang, a, &one, err);
        if (rc == 0 && !val_get_bool(&one, "may", false)) continue;
        if (rc == 0) rc = show_who(db, s, a, &one, err);
        if (rc == 0 && val_add(a, out, one)) rc = people_too_large(err);
        if (rc) break;
    }
    stmt_done(s);
    return rc > 0 ? 0 : rc;
}

int people_users_of(struct store *db, int64_t person, struct arena *a, struct val *out, struct err *err)
{
    int rc;
    struct stmt *s = store_stmt(
        db, "select id, name from account where person = ?1 and disabled_at is null order by id limit 100", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val one = val_map();
        const char *name = people_text(s, 1, a);
        if (!name || val_set(a, &one, "id", val_int(stmt_int(s, 0))) || val_set(a, &one, "name", val_str(name)) ||
            val_add(a, out, one)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

/* A plugin's verb is one that a role names, by itself or with its family; states go with the program's alone. */
static int is_named(struct store *db, const char *verb, struct err *err)
{
    int64_t one;
    struct people_words words;
    struct people_act act = {.verb = verb};
    struct stmt *s = store_stmt(db, "select 1 from role_verb where verb in (?1, ?2) limit 1", err);
    if (!s) return err->code;
    people_family(&act, &words);
    stmt_bind_str(s, 1, verb);
    stmt_bind_str(s, 2, words.family);
    return people_one(s, &one, err);
}

int people_verb_known(struct store *db, const char *verb, struct err *err)
{
    bool fits = strlen(verb) <= PEOPLE_VERB_MAX;
    int rc = people_verb_find(verb) ? 1 : 0;
    if (rc == 0 && fits && !strpbrk(verb, "@*") && people_verb_check(verb) == PEOPLE_VERB_OK)
        rc = is_named(db, verb, err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(err, ERR_INVALID, "people.no_verb", "verb", fits ? verb : "…", "nearest", people_verb_nearest(verb),
                   NULL);
}

int64_t people_verb_unit(const char *verb, int64_t unit)
{
    const struct people_verb *v = people_verb_find(verb);
    if (!v || strcmp(v->where, "unit") == 0) return unit;
    return strcmp(v->where, "whole") == 0 ? PEOPLE_WHOLE : PEOPLE_ANY_UNIT;
}
