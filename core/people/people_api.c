/* people.* and unit:*: arguments to calls, rows to objects. */
#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "base/zone.h"
#include "people/people_internal.h"
#include "people/time.h"

static int bad_arg(struct api_call *c, const char *argument, const char *type, const struct val *got)
{
    return err_set(c->err, ERR_INVALID, "invalid.argument", "function", c->fn->name, "argument", argument, "type", type,
                   "got", val_type_name(got->type), NULL);
}

/* A day from a date, an instant, text or nothing (today). */
static int day_of(struct api_call *c, const char *name, const struct val *v, int64_t *day)
{
    *day = people_day(c->s->host, c->s->now);
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_OBJ && v->as.obj.kind == &date_kind) {
        *day = v->as.obj.id;
        return 0;
    }
    if (v->type == VAL_OBJ && v->as.obj.kind == &instant_kind) {
        *day = people_day(c->s->host, v->as.obj.id);
        return 0;
    }
    struct date d;
    int32_t offset;
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return bad_arg(c, name, "date", v);
    *day = date_days(d.year, d.month, d.day);
    return 0;
}

static int day_option(struct api_call *c, const struct val *options, int64_t *day)
{
    return day_of(c, "at", val_get(options, "at"), day);
}

/* An object of the kind, its id or its code. 0 with *id, ERR_NOT_FOUND; 0 and *id = 0 for nil. */
static int id_of(struct api_call *c, const struct val_kind *kind, const char *name, const struct val *v, int64_t *id)
{
    *id = 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_INT) *id = v->as.i;
    if (v->type == VAL_NUM && v->as.n > 0 && v->as.n < 9e15 && v->as.n == (double)(int64_t)v->as.n)
        *id = (int64_t)v->as.n;
    if (v->type == VAL_OBJ && v->as.obj.kind == kind) *id = v->as.obj.id;
    if (*id) return 0;
    const char *code = v->type == VAL_STR ? api_str(v) : NULL;
    if (!code) return bad_arg(c, name, kind->name, v);
    int rc = kind == &people_unit_kind ? people_unit_by_code(c->s->db, code, id, c->err)
                                       : people_person_by_code(c->s->db, code, id, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, kind == &people_unit_kind ? "people.no_unit" : "people.no_person", "code",
                   code, NULL);
}

/* nil for what is not there: a reader's answer, not an error. */
static int or_nil(struct api_call *c, int rc)
{
    if (rc != ERR_NOT_FOUND && rc < 0) return rc;
    if (rc == ERR_NOT_FOUND) err_clear(c->err);
    if (rc != 1) c->result = val_nil();
    return 0;
}

static int unit_get(struct api_call *c)
{
    int64_t id, day;
    int rc = day_option(c, &c->args[1], &day);
    if (rc == 0) rc = id_of(c, &people_unit_kind, "unit", &c->args[0], &id);
    if (rc == 0) rc = people_unit_get(c->s->db, id, day, c->arena, &c->result, c->err);
    return or_nil(c, rc);
}

static int units(struct api_call *c)
{
    int64_t day;
    int rc = day_option(c, &c->args[0], &day);
    return rc ? rc : people_units(c->s->db, day, c->arena, &c->result, c->err);
}

static int unit_parent(struct api_call *c)
{
    int64_t parent = 0, day;
    int rc = day_option(c, &c->args[1], &day);
    if (rc == 0) rc = people_parent(c->s->db, c->args[0].as.obj.id, day, &parent, c->err);
    if (rc == 1) rc = people_unit_get(c->s->db, parent, day, c->arena, &c->result, c->err);
    return or_nil(c, rc);
}

static int unit_children(struct api_call *c)
{
    int64_t day;
    int rc = day_option(c, &c->args[1], &day);
    return rc ? rc : people_children(c->s->db, c->args[0].as.obj.id, day, c->arena, &c->result, c->err);
}

static int unit_above(struct api_call *c)
{
    const char *kind = c->args[1].type == VAL_STR ? api_str(&c->args[1]) : NULL;
    int64_t above = 0, day;
    int rc = day_option(c, &c->args[2], &day);
    if (rc == 0) rc = people_above(c->s->db, c->args[0].as.obj.id, kind, day, &above, c->err);
    if (rc == 1) rc = people_unit_get(c->s->db, above, day, c->arena, &c->result, c->err);
    return or_nil(c, rc);
}

static int unit_successors(struct api_call *c)
{
    int64_t day;
    int rc = day_option(c, &c->args[1], &day);
    return rc ? rc : people_successors(c->s->db, c->args[0].as.obj.id, day, c->arena, &c->result, c->err);
}

static int person_get(struct api_call *c)
{
    int64_t id;
    int rc = id_of(c, &people_person_kind, "person", &c->args[0], &id);
    if (rc == 0) rc = people_person_get(c->s->db, id, c->arena, &c->result, c->err);
    return or_nil(c, rc);
}

static int holders(struct api_call *c)
{
    const char *position = api_str(&c->args[0]);
    int64_t unit, day;
    int rc = day_option(c, &c->args[2], &day);
    if (rc == 0) rc = id_of(c, &people_unit_kind, "unit", &c->args[1], &unit);
    if (rc) return rc;
    if (!position) return bad_arg(c, "position", "text", &c->args[0]);
    return people_holders(c->s->db, position, unit, day, c->arena, &c->result, c->err);
}

/* The unit that a thing belongs to: a unit itself, an item or another object with a field `unit`.
 */
static int unit_of(struct api_call *c, const struct val *thing, int64_t *unit)
{
    const struct val *field = thing->type == VAL_OBJ ? val_get(thing->as.obj.fields, "unit") : NULL;
    *unit = PEOPLE_ANY_UNIT;
    if (thing->type == VAL_NIL) return 0;
    if (thing->type == VAL_OBJ && thing->as.obj.kind != &people_unit_kind) {
        *unit = 0;
        return field ? id_of(c, &people_unit_kind, "unit", field, unit) : 0;
    }
    return id_of(c, &people_unit_kind, "thing", thing, unit);
}

static void answer(struct api_call *c, bool yes, const char *key)
{
    const char *text = locale_text(locale_pick(c->s->lang), key);
    c->result = val_bool(yes);
    c->result2 = val_str(text ? text : key);
    c->nresults = 2;
}

static int may_decide(struct api_call *c, int64_t person)
{
    struct people_capacity cap;
    int rc = people_may_decide(c->s, &c->args[2], person, c->s->now, &cap, c->err);
    if (rc < 0) return rc;
    answer(c, rc == 1, cap.why);
    return 0;
}

static int may(struct api_call *c)
{
    const char *verb = api_str(&c->args[1]);
    struct actor actor = {0};
    int64_t unit;
    int rc = id_of(c, &people_person_kind, "person", &c->args[0], &actor.person);
    if (rc) return rc;
    if (!verb) return bad_arg(c, "verb", "text", &c->args[1]);
    if (c->args[2].type == VAL_MAP) return may_decide(c, actor.person);
    rc = unit_of(c, &c->args[2], &unit);
    if (rc) return rc;
    rc = people_policy(c->s->db, &actor, verb, unit, people_day(c->s->host, c->s->now), c->err);
    if (rc && rc != ERR_DENIED) return rc;
    if (rc) err_clear(c->err);
    answer(c, rc == 0, rc ? "may.no_role" : "may.role");
    return 0;
}

/* nothing, "editor", or { position =, role =, unit = } */
static int read_scope(struct api_call *c, const struct val *scope, struct people_delegation *d)
{
    const struct val *position = val_get(scope, "position"), *role = val_get(scope, "role");
    if (!scope || scope->type == VAL_NIL) return 0;
    if (scope->type == VAL_STR) {
        d->position = api_str(scope);
        return d->position ? 0 : bad_arg(c, "scope", "text", scope);
    }
    if (scope->type != VAL_MAP) return bad_arg(c, "scope", "map", scope);
    if (position && !(d->position = api_str(position))) return bad_arg(c, "position", "text", position);
    if (role && !(d->role = api_str(role))) return bad_arg(c, "role", "text", role);
    return id_of(c, &people_unit_kind, "unit", val_get(scope, "unit"), &d->unit);
}

static int delegate(struct api_call *c)
{
    const struct val *o = &c->args[0], *until = val_get(o, "until_"), *act = val_get(o, "act");
    struct people_delegation d = {.act = act ? api_str(act) : NULL};
    int64_t last, id;
    struct val nothing = val_nil();
    int rc = id_of(c, &people_person_kind, "from", val_get(o, "from"), &d.from);
    if (rc == 0) rc = id_of(c, &people_person_kind, "to", val_get(o, "to"), &d.to);
    if (rc == 0) rc = read_scope(c, val_get(o, "scope"), &d);
    if (rc == 0) rc = day_of(c, "since", val_get(o, "since"), &d.since);
    if (rc == 0 && !until) rc = bad_arg(c, "until_", "date", &nothing);
    if (rc == 0) rc = day_of(c, "until_", until, &last);
    if (rc) return rc;
    if (!d.from) return bad_arg(c, "from", "person", &nothing);
    if (!d.to) return bad_arg(c, "to", "person", &nothing);
    d.until = last + 1; /* people name the last day that it holds */
    /* One's own powers, or by the right to arrange it for others. */
    bool own = c->s->actor.person == d.from;
    if (!own) rc = people_check(c->s, "people.delegate", d.unit ? d.unit : PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_delegate(c->s->db, &d, c->s->now, &id, c->err);
    c->result = val_int(id);
    return rc;
}

static int import_tree(struct api_call *c)
{
    int64_t day = people_day(c->s->host, c->s->now);
    int rc = people_check(c->s, "people.import", 0, c->err);
    return rc ? rc : people_import(c->s->db, &c->args[0], c->s->now, day, c->arena, &c->result, c->err);
}

const struct api_fn people_functions[] = {
    {"people.unit", unit_get, "unit:any! options:map{at:date}", "Unit?", API_READ, "people", 1,
     "The unit with an id or a code, as it is on the day {at}."},
    {"people.units", units, "options:map{at:date}", "Unit[]", API_READ, "people", 1,
     "All units of the day {at}, by code."},
    {"unit:parent", unit_parent, "unit:object:unit! options:map{at:date}", "Unit?", API_READ, "people", 1,
     "The unit above on the day {at}."},
    {"unit:children", unit_children, "unit:object:unit! options:map{at:date}", "Unit[]", API_READ, "people", 1,
     "The units below on the day {at}, by code."},
    {"unit:above", unit_above, "unit:object:unit! kind:text options:map{at:date}", "Unit?", API_READ, "people", 1,
     "The nearest unit above of a kind; without a kind the one at the top."},
    {"unit:successors", unit_successors, "unit:object:unit! options:map{at:date}", "table[]", API_READ, "people", 1,
     "What became of the unit: {unit, day, how}."},
    {"people.person", person_get, "person:any!", "Person?", API_READ, "people", 1, "The person with an id or a code."},
    {"people.holders", holders, "position:text! unit:any! options:map{at:date}", "Person[]", API_READ, "people", 1,
     "Who holds a position in a unit on the day {at}."},
    {"people.may", may, "person:any! verb:text! thing:any", "boolean, string", API_READ, "people", 1,
     "May the person do this to a thing (an item, a unit) or decide for a target? With the "
     "reason."},
    {"people.delegate", delegate, "options:map{from:person!,to:person!,scope:any,since:date,until_:date!,act:text}!",
     "integer", API_WRITE, "people", 1,
     "Lets {to} act for {from} in a {scope}, {since} a day {until_} the last one, by the paper "
     "{act}."},
    {"people.import", import_tree, "tree:map!", "table", API_WRITE, "people:import", 1,
     "Reads units, positions, persons, holders, roles, users and calendars; can be repeated.", true},
    {0},
};

void people_add_api(struct api *api, struct host *host)
{
    api_add(api, people_functions, host);
    api_add(api, date_functions, host);
    api_add(api, text_functions, host);
}

void people_attach(struct host *host)
{
    people_field_time(host, &host->time);
}
