/* Who may run a report: a verb in the unit that a parameter names, and a role if one is asked for. */
#include "report/report_internal.h"

#include "people/people.h"

static bool is_system(const struct actor *a)
{
    return !a->user && !a->person && !a->admin;
}

static int check_role(struct report_run *run, int64_t unit, struct err *err)
{
    struct session *s = run->s;
    struct people_capacity cap;
    struct val target = val_map();
    if (val_set(run->arena, &target, "role", val_str(run->def->role)) ||
        (unit > 0 && val_set(run->arena, &target, "unit", val_int(unit))))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = people_may_decide(s, &target, s->actor.person, s->now, &cap, err);
    if (rc == 0) rc = err_set(err, ERR_DENIED, "denied.report", "report", run->def->name, "role", run->def->role, NULL);
    return rc < 0 ? rc : 0;
}

int report_access_check(struct report_run *run, struct err *err)
{
    const struct report_def *def = run->def;
    struct session *s = run->s;
    int64_t unit = PEOPLE_ANY_UNIT;
    /* Without the parameter the report is about everything: only a role for everything is enough. */
    if (def->unit_param) unit = val_get_int(&run->params, def->unit_param, 0);
    int rc = people_policy(s->db, &s->actor, def->verb, unit, people_day(s->host, s->now), err);
    if (rc || !def->role || is_system(&s->actor)) return rc;
    return check_role(run, unit, err);
}
