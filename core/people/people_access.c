/* Who may call what a plugin declares: a verb in the unit that a parameter names, and a role if one is asked for. */
#include "people/people_internal.h"

#include <string.h>

#include "people/params.h"

int people_access_parse(const struct val *spec, const struct field_list *params, struct arena *a,
                        struct people_access *out, const char **wrong)
{
    *wrong = val_type_name(spec->type);
    if (spec->type == VAL_LIST && spec->as.list.n == 0) return 0;
    if (spec->type != VAL_MAP) return ERR_INVALID;
    for (size_t i = 0; i < spec->as.map.n; i++) {
        const char *key = spec->as.map.pairs[i].key, *text = val_cstr(a, &spec->as.map.pairs[i].v);
        *wrong = key;
        if (!text) return ERR_INVALID;
        if (strcmp(key, "role") == 0) {
            out->role = text;
        } else if (strcmp(key, "verb") == 0) {
            out->verb = text;
        } else if (strcmp(key, "unit") == 0 && strncmp(text, "param:", 6) == 0) {
            const struct field *f = field_find(params, text + 6);
            *wrong = text;
            if (!f || f->type != FIELD_UNIT) return ERR_INVALID;
            out->unit_param = f->name;
        } else {
            return ERR_INVALID;
        }
    }
    return 0;
}

static bool is_system(const struct actor *a)
{
    return !a->user && !a->person && !a->admin;
}

static int check_role(struct session *s, const struct people_access *access, int64_t unit, const char *denied,
                      const char *name, struct err *err)
{
    struct people_capacity cap;
    struct val target = val_map();
    if (val_set(s->arena, &target, "role", val_str(access->role)) ||
        (unit > 0 && val_set(s->arena, &target, "unit", val_int(unit))))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = people_may_decide(s, &target, s->actor.person, s->now, &cap, err);
    if (rc == 0) rc = err_set(err, ERR_DENIED, denied, "name", name, "role", access->role, NULL);
    return rc < 0 ? rc : 0;
}

int people_access_check(struct session *s, const struct people_access *access, const struct val *params,
                        const char *denied, const char *name, struct err *err)
{
    int64_t unit = access->unit_param ? val_get_int(params, access->unit_param, 0) : PEOPLE_ANY_UNIT;
    int rc = 0;
    if (access->verb) rc = people_policy(s->db, &s->actor, access->verb, unit, people_day(s->host, s->now), err);
    if (rc || !access->role || is_system(&s->actor)) return rc;
    return check_role(s, access, unit, denied, name, err);
}
