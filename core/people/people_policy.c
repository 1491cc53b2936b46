/* The one policy: deny by default, roles allow verbs in their units, admins have system verbs and
 * nothing else. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

/* Verbs that no role can give. */
static bool is_system_verb(const char *verb)
{
    static const char *const prefixes[] = {"plugin.", "user.", "system."};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(verb, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

static bool is_admin_verb(const char *verb)
{
    return is_system_verb(verb) || strcmp(verb, "flow.operate") == 0 || strcmp(verb, "people.import") == 0 ||
           strcmp(verb, "people.export") == 0;
}

/* ?3 person, ?4 account, ?5 the verb, ?6 its family ("content.*"), ?1 the unit: -1 anywhere, 0
 * untied roles only. */
static const char policy_sql[] = WITH_UP
    "select 1 from role_held h join role_verb v on v.role = h.role and v.verb in (?5, ?6)"
    " where h.person = ?3 and " HELD(
        "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
             " union all select 1 from role_held h join role_verb v on v.role = h.role and "
             "v.verb in (?5, ?6)"
             " where h.account = ?4 and " HELD("h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
                                                    " union all select 1 from position_held h join position_role r on "
                                                    "r.position = h.position"
                                                    " join role_verb v on v.role = r.role and v.verb in (?5, ?6)"
                                                    " where h.person = ?3 and " HELD(
                                                        "h") " and (?1 = -1 or h.unit in (select id from up)) limit 1";

static int has_verb(struct store *db, const struct actor *actor, const char *verb, int64_t unit, int64_t day,
                    struct err *err)
{
    char family[64];
    int64_t one;
    const char *dot = strchr(verb, '.');
    snprintf(family, sizeof(family), "%.*s.*", dot ? (int)(dot - verb) : (int)strlen(verb), verb);
    struct stmt *s = store_stmt(db, policy_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    /* Ids start at 1, so an absent person or account matches no row. */
    stmt_bind_int(s, 3, actor->person);
    stmt_bind_int(s, 4, actor->user);
    stmt_bind_str(s, 5, verb);
    stmt_bind_str(s, 6, family);
    return people_one(s, &one, err);
}

int people_policy(struct store *db, const struct actor *actor, const char *verb, int64_t unit, int64_t day,
                  struct err *err)
{
    int rc = 0;
    if (actor->run) return 0;
    if (!actor->user && !actor->person && !actor->plugin) return 0;
    if (actor->admin && is_admin_verb(verb)) return 0;
    if (!is_system_verb(verb) && (actor->user > 0 || actor->person > 0)) rc = has_verb(db, actor, verb, unit, day, err);
    if (rc == 1) return 0;
    return rc < 0 ? rc : err_set(err, ERR_DENIED, "denied.verb", "verb", verb, NULL);
}

int people_check(struct session *s, const char *verb, int64_t unit, struct err *err)
{
    bool own = s->mode == SESSION_HOOK || s->mode == SESSION_LOOP || s->actor.is_operator;
    /* The code of a hook, a loop job or an operator's command is not what the user asked for: its capabilities have
     * been checked already. */
    if (own && s->actor.plugin && !is_system_verb(verb)) return 0;
    return people_policy(s->db, &s->actor, verb, unit, people_day(s->host, s->now), err);
}
