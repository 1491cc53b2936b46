/* people.merge, split, rename, abolish, move; what hangs on a unit. */
#include <string.h>

#include "people/change.h"
#include "people/people_internal.h"

/* merge, split, rename, abolish, move: by the function's own name. */
static int change(struct api_call *c)
{
    struct val spec = val_map();
    const struct val *o = &c->args[0], *dry = val_get(o, "dry_run");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < o->as.map.n; i++)
        if (strcmp(o->as.map.pairs[i].key, "dry_run") != 0)
            rc = val_set(c->arena, &spec, o->as.map.pairs[i].key, o->as.map.pairs[i].v);
    if (rc == 0) rc = val_set(c->arena, &spec, "how", val_str(strchr(c->fn->name, '.') + 1));
    if (rc) return rc == ERR_NOMEM ? people_too_large(c->err) : rc;
    struct session s = *c->s;
    s.arena = c->arena;
    return people_change(&s, &spec, val_is(dry, VAL_BOOL) && dry->as.b, &c->result, c->err);
}

static int hangs(struct api_call *c)
{
    int64_t day;
    int rc = people_arg_day(c, "at", val_get(&c->args[1], "at"), &day);
    return rc ? rc : people_hangs(c->s->db, c->args[0].as.obj.id, day, c->arena, &c->result, c->err);
}

const struct api_fn org_functions[] = {
    {"people.merge", change, "options:map{from:any!,parts:any,into:any!,day:date,act:text,dry_run:boolean}!", "table",
     API_WRITE, "people:change", 1,
     "Units {from} (and {parts} of units) become one, {into}: a unit, or {code, name, kind, parent} of a new one.",
     true},
    {"people.split", change, "options:map{unit:any!,into:list!,day:date,act:text,dry_run:boolean}!", "table", API_WRITE,
     "people:change", 1, "A unit becomes several.", true},
    {"people.rename", change, "options:map{unit:any!,name:text!,day:date,act:text,dry_run:boolean}!", "table",
     API_WRITE, "people:change", 1, "A unit has another name from a day on.", true},
    {"people.abolish", change, "options:map{unit:any!,into:any,day:date,act:text,dry_run:boolean}!", "table", API_WRITE,
     "people:change", 1, "A unit ends; who takes over may be named.", true},
    {"people.move", change, "options:map{unit:any!,parent:any!,day:date,act:text,dry_run:boolean}!", "table", API_WRITE,
     "people:change", 1, "A unit stands below another from a day on.", true},
    {"unit:hangs", hangs, "unit:object:unit! options:map{at:date}", "table", API_READ, "people", 1,
     "What hangs on the unit on the day {at}: {children, holders, roles, delegations, bodies}."},
    {0},
};
