/* The policy told in full: by which role somebody may do something in a unit, or which roles would do. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "people/explain.h"
#include "people/people_reason.h"
#include "people/verb.h"

/* As the policy asks, with what it is by. The role that is nearest to the unit is told first. */
static const char by_sql[] = WITH_UP
    "select h.role, null, null, h.unit, h.valid_from, h.valid_to from role_held h join role_verb v on v.role = h.role"
    " and " PEOPLE_VERB_ROWS("v") " where h.person = ?3 and " HELD(
        "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
             " union all select h.role, null, null, h.unit, h.valid_from, h.valid_to from role_held h join role_verb v"
             " on v.role = h.role and " PEOPLE_VERB_ROWS("v") " where h.account = ?4 and " HELD(
                 "h") " and (?1 = -1 or h.unit is null or h.unit in (select id from up))"
                      " union all select r.role, h.position, p.title, h.unit, h.valid_from, h.valid_to"
                      " from position_held h join position_role r on r.position = h.position join role_verb v on"
                      " v.role = r.role and " PEOPLE_VERB_ROWS(
                          "v") " left join position p on p.code = h.position"
                               " where h.person = ?3 and " HELD(
                                   "h") " and (?1 = -1 or h.unit in (select id from up)) limit 1";

/* 1 and by what. */
static int find_by(struct store *db, const struct actor *actor, const struct people_act *act, struct arena *a,
                   struct people_holding *out, struct err *err)
{
    struct people_words words;
    struct stmt *s = store_stmt(db, by_sql, err);
    if (!s) return err->code;
    people_act_bind(s, act, &words);
    stmt_bind_int(s, 3, actor->person);
    stmt_bind_int(s, 4, actor->user);
    int rc = stmt_step(s, err);
    if (rc == 1)
        *out = (struct people_holding){.role = people_text(s, 0, a),
                                       .position = people_text(s, 1, a),
                                       .title = people_text(s, 2, a),
                                       .unit = stmt_int(s, 3),
                                       .since = stmt_int(s, 4),
                                       .until = stmt_is_null(s, 5) ? INT64_MAX : stmt_int(s, 5)};
    stmt_done(s);
    return rc;
}

/* Also those that allow it in some states: "@" comes just before "A". */
static const char roles_sql[] = "select role, verb from role_verb where verb in (?1, ?2) or (verb >= ?1 || '@' and verb"
                                " < ?1 || 'A') or (verb >= ?2 || '@' and verb < ?2 || 'A') order by role, verb";

/* The roles that allow a verb, as a list and as "editor, clerk (draft)". */
static int roles_for(struct store *db, const char *verb, struct arena *a, struct val *list, const char **text,
                     struct err *err)
{
    const char *dot = strchr(verb, '.');
    const char *family = arena_printf(a, "%.*s.*", dot ? (int)(dot - verb) : (int)strlen(verb), verb);
    int rc;
    *list = val_list();
    *text = "";
    if (!family) return people_too_large(err);
    struct stmt *s = store_stmt(db, roles_sql, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, verb);
    stmt_bind_str(s, 2, family);
    while ((rc = stmt_step(s, err)) == 1) {
        const char *role = people_text(s, 0, a), *word = people_text(s, 1, a), *at = word ? strchr(word, '@') : NULL;
        const struct val *last = list->as.list.n ? val_at(list, list->as.list.n - 1) : NULL;
        if (role && at) role = arena_printf(a, "%s (%s)", role, at + 1);
        if (role && last && val_is_str(last, role)) continue;
        const char *more = role ? arena_printf(a, "%s%s%s", *text, **text ? ", " : "", role) : NULL;
        if (!more || val_add(a, list, val_str(role))) {
            rc = people_too_large(err);
            break;
        }
        *text = more;
    }
    stmt_done(s);
    return rc;
}

static int show_holding(struct store *db, const struct people_holding *h, int64_t day, struct arena *a, struct val *out,
                        struct err *err)
{
    struct val unit;
    int rc = val_set(a, out, "role", val_str(h->role));
    if (rc == 0 && h->position) rc = val_set(a, out, "position", val_str(h->position));
    if (rc == 0 && h->title) rc = val_set(a, out, "title", val_str(h->title));
    if (rc == 0 && h->unit && people_unit_get(db, h->unit, day, a, &unit, err) == 1) rc = val_set(a, out, "unit", unit);
    if (rc == 0 && h->until != INT64_MAX) rc = people_set_day(a, out, "until", h->until - 1);
    return rc;
}

/* The sentence, and what stands beside it. */
static int tell(struct store *db, const struct people_act *act, const char *kind, const struct people_holding *h,
                const char *lang, struct arena *a, struct val *out, struct err *err)
{
    const char *verb = act->verb;
    int64_t day = act->day;
    const char *by = "", *key = "explain.verb.none", *roles = "";
    bool may = h || strcmp(kind, "admin") == 0 || strcmp(kind, "system") == 0;
    struct val list = val_list();
    int rc = h || strcmp(kind, "none") != 0 ? 0 : roles_for(db, verb, a, &list, &roles, err);
    if (rc) return rc;
    if (h) key = h->position ? "explain.verb.position" : "explain.verb.role";
    static const char *const others[][2] = {{"admin", "explain.verb.admin"},
                                            {"system", "explain.verb.system"},
                                            {"disabled", "explain.verb.disabled"},
                                            {"no_person", "explain.verb.no_person"}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(kind, others[i][0]) == 0) key = others[i][1];
    if (!h && !*roles && strcmp(kind, "none") == 0) key = "explain.verb.no_role";
    if (h) by = people_holding_text(db, h, day, true, lang, a, err);
    const char *pairs[] = {"verb", verb, "by", by ? by : "", "role", h ? h->role : "", "roles", roles, NULL};
    const char *text = people_sentence(a, lang, key, pairs);
    if (!text || !by) return people_too_large(err);
    rc = val_set(a, out, "may", val_bool(may));
    if (rc == 0) rc = val_set(a, out, "kind", val_str(kind));
    if (rc == 0) rc = val_set(a, out, "verb", val_str(verb));
    if (rc == 0 && act->state) rc = val_set(a, out, "state", val_str(act->state));
    if (rc == 0 && h) rc = show_holding(db, h, day, a, out, err);
    if (rc == 0 && list.as.list.n) rc = val_set(a, out, "roles", list);
    if (rc == 0) rc = val_set(a, out, "sentence", val_str(text));
    return rc ? people_too_large(err) : 0;
}

/* Whatever its roles are: an account that is off may nothing, one without a person is asked nothing. */
static int is_out(struct store *db, const struct actor *actor, const struct people_act *act, const char **never,
                  struct err *err)
{
    int rc = actor->user > 0 ? people_account_is_on(db, actor->user, err) : 1;
    if (rc == 0)
        *never = "disabled";
    else if (strcmp(act->verb, "decide") == 0 && actor->person <= 0)
        *never = "no_person";
    return rc;
}

int people_explain_verb(struct store *db, const struct actor *actor, const struct people_act *act, const char *lang,
                        struct arena *a, struct val *out, struct err *err)
{
    struct people_holding h;
    const char *never = NULL;
    *out = val_map();
    int rc = is_out(db, actor, act, &never, err);
    if (rc < 0) return rc;
    if (never) return tell(db, act, never, NULL, lang, a, out, err);
    rc = people_may(db, actor, act, err);
    if (rc && rc != ERR_DENIED) return rc;
    if (rc) err_clear(err);
    if (rc) return tell(db, act, "none", NULL, lang, a, out, err);
    rc = find_by(db, actor, act, a, &h, err);
    if (rc < 0) return rc;
    return tell(db, act, rc == 1 ? "role" : actor->admin ? "admin" : "system", rc == 1 ? &h : NULL, lang, a, out, err);
}

static int add_states(struct arena *a, const char *const *states, struct val *row)
{
    struct val list = val_list();
    int rc = 0;
    for (size_t i = 0; rc == 0 && states[i]; i++)
        rc = val_add(a, &list, val_str(states[i]));
    return rc ? rc : val_set(a, row, "states", list);
}

int people_verb_list(struct store *db, struct arena *a, struct val *out, struct err *err)
{
    *out = val_list();
    for (const struct people_verb *v = people_verbs; v->name; v++) {
        struct val row = val_map(), roles = val_list();
        const char *text;
        int rc = v->by_role ? roles_for(db, v->name, a, &roles, &text, err) : 0;
        if (rc) return rc;
        rc = val_set(a, &row, "verb", val_str(v->name));
        if (rc == 0)
            rc = val_set(a, &row, "given", val_str(v->by_role && v->to_admin ? "both" : v->by_role ? "role" : "admin"));
        if (rc == 0) rc = val_set(a, &row, "where", val_str(v->where));
        if (rc == 0 && v->states) rc = add_states(a, v->states, &row);
        if (rc == 0) rc = val_set(a, &row, "roles", roles);
        if (rc || val_add(a, out, row)) return people_too_large(err);
    }
    return 0;
}
