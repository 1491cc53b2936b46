/* The one policy: deny by default, roles allow verbs in their units, admins have system verbs and
 * nothing else. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

#include "people/verb.h"

/* ?3 person, ?4 account, ?1 the unit: -1 anywhere, 0 untied roles only; the verb as PEOPLE_VERB_ROWS has it. */
static const char policy_sql[] =
    WITH_UP "select 1 from role_held h join role_verb v on v.role = h.role and " PEOPLE_VERB_ROWS(
        "v") ""
             " where h.person = ?3 and " HELD(
                 "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
                      " union all select 1 from role_held h join role_verb v on v.role = h.role and "
                      "" PEOPLE_VERB_ROWS(
                          "v") ""
                               " where h.account = ?4 and " HELD(
                                   "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
                                        " union all select 1 from position_held h join position_role r on "
                                        "r.position = h.position"
                                        " join role_verb v on v.role = r.role and " PEOPLE_VERB_ROWS(
                                            "v") ""
                                                 " where h.person = ?3 and " HELD(
                                                     "h") " and (?1 = -1 or h.unit in (select id from up)) limit 1";

void people_family(const struct people_act *act, struct people_words *w)
{
    snprintf(w->family, sizeof(w->family), "%.*s.*", (int)strcspn(act->verb, "."), act->verb);
}

void people_act_bind(struct stmt *s, const struct people_act *act, struct people_words *w)
{
    people_family(act, w);
    stmt_bind_int(s, 1, act->unit);
    stmt_bind_int(s, 2, act->day);
    stmt_bind_str(s, 5, act->verb);
    stmt_bind_str(s, 6, w->family);
    if (!act->state) return;
    snprintf(w->bound, sizeof(w->bound), "%s@%s", act->verb, act->state);
    stmt_bind_str(s, 7, w->bound);
    snprintf(w->family_bound, sizeof(w->family_bound), "%s@%s", w->family, act->state);
    stmt_bind_str(s, 8, w->family_bound);
}

static int has_verb(struct store *db, const struct actor *actor, const struct people_act *act, struct err *err)
{
    int64_t one;
    struct people_words words;
    struct stmt *s = store_stmt(db, policy_sql, err);
    if (!s) return err->code;
    people_act_bind(s, act, &words);
    /* Ids start at 1, so an absent person or account matches no row. */
    stmt_bind_int(s, 3, actor->person);
    stmt_bind_int(s, 4, actor->user);
    return people_one(s, &one, err);
}

int people_may(struct store *db, const struct actor *actor, const struct people_act *act, struct err *err)
{
    int rc = 0;
    if (actor->run) return 0;
    if (!actor->user && !actor->person && !actor->plugin) return 0;
    if (actor->admin && people_verb_of_admins(act->verb)) return 0;
    bool known = actor->user > 0 || actor->person > 0;
    bool is_long = strlen(act->verb) > PEOPLE_VERB_MAX || (act->state && strlen(act->state) > PEOPLE_VERB_MAX);
    if (known && !is_long && !people_verb_is_system(act->verb)) rc = has_verb(db, actor, act, err);
    if (rc == 1) return 0;
    return rc < 0 ? rc : err_set(err, ERR_DENIED, "denied.verb", "verb", act->verb, NULL);
}

int people_policy(struct store *db, const struct actor *actor, const char *verb, int64_t unit, int64_t day,
                  struct err *err)
{
    return people_may(db, actor, &(struct people_act){.verb = verb, .unit = unit, .day = day}, err);
}

int people_check_in(struct session *s, const char *verb, int64_t unit, const char *state, struct err *err)
{
    const struct people_act act = {.verb = verb, .unit = unit, .state = state, .day = people_day(s->host, s->now)};
    bool own = s->mode == SESSION_HOOK || s->mode == SESSION_LOOP || s->actor.is_operator;
    /* The code of a hook, a loop job or an operator's command is not what the user asked for: its capabilities have
     * been checked already. */
    if (own && s->actor.plugin && !people_verb_is_system(verb)) return 0;
    return people_may(s->db, &s->actor, &act, err);
}

int people_check(struct session *s, const char *verb, int64_t unit, struct err *err)
{
    return people_check_in(s, verb, unit, NULL, err);
}
