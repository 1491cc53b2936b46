/* people.* and unit:*: arguments to calls, rows to objects. */
#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "base/zone.h"
#include "people/explain.h"
#include "people/people_internal.h"
#include "people/time.h"

static int day_option(struct api_call *c, const struct val *options, int64_t *day)
{
    return people_arg_day(c, "at", val_get(options, "at"), day);
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
    if (rc == 0) rc = people_arg_id(c, &people_unit_kind, "unit", &c->args[0], &id);
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
    int rc = people_arg_id(c, &people_person_kind, "person", &c->args[0], &id);
    if (rc == 0) rc = people_person_get(c->s->db, id, c->arena, &c->result, c->err);
    return or_nil(c, rc);
}

static int holders(struct api_call *c)
{
    const char *position = api_str(&c->args[0]);
    int64_t unit, day;
    int rc = day_option(c, &c->args[2], &day);
    if (rc == 0) rc = people_arg_id(c, &people_unit_kind, "unit", &c->args[1], &unit);
    if (rc) return rc;
    if (!position) return people_arg_bad(c, "position", "text", &c->args[0]);
    return people_holders(c->s->db, position, unit, day, c->arena, &c->result, c->err);
}

/* Full years by the calendar, as if all of it were one piece that ends today. */
static int64_t full_years(int64_t from, int64_t to)
{
    struct date a, b;
    date_from_days(from, &a);
    date_from_days(to, &b);
    return b.year - a.year - (b.month < a.month || (b.month == a.month && b.day < a.day));
}

static int service(struct api_call *c)
{
    const struct val *position = val_get(&c->args[1], "position");
    int64_t person, day, days = 0;
    int rc = day_option(c, &c->args[1], &day);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "person", &c->args[0], &person);
    if (rc == 0) rc = people_service(c->s->db, person, api_str(position), day, &days, c->err);
    if (rc) return rc;
    c->result = val_map();
    rc = val_set(c->arena, &c->result, "days", val_int(days));
    if (rc == 0) rc = val_set(c->arena, &c->result, "years", val_int(full_years(day + 1 - days, day + 1)));
    return rc ? people_too_large(c->err) : 0;
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
        return field ? people_arg_id(c, &people_unit_kind, "unit", field, unit) : 0;
    }
    return people_arg_id(c, &people_unit_kind, "thing", thing, unit);
}

static void answer(struct api_call *c, bool yes, const char *key)
{
    const char *text = locale_text(locale_pick(c->s->lang), key);
    c->result = val_bool(yes);
    c->result2 = val_str(text ? text : key);
    c->nresults = 2;
}

static int may_decide(struct api_call *c, int64_t person, int64_t day)
{
    struct people_wanted w;
    struct people_capacity cap;
    int rc = people_wanted_read(c->s->db, c->arena, &c->args[2], &w, c->err);
    if (rc == 0) rc = people_decide_on(c->s->db, &w, person, day, &cap, c->err);
    if (rc < 0) return rc;
    const char *why;
    c->result = val_bool(rc == 1);
    rc = people_capacity_why(c->s->db, &cap, person, day, c->s->lang, c->arena, &why, c->err);
    c->result2 = val_str(rc ? "" : why);
    c->nresults = 2;
    return rc;
}

static int may(struct api_call *c)
{
    const char *verb = api_str(&c->args[1]);
    struct actor actor = {0};
    int64_t unit, day;
    int rc = people_arg_id(c, &people_person_kind, "person", &c->args[0], &actor.person);
    if (rc == 0) rc = day_option(c, &c->args[3], &day);
    if (rc) return rc;
    if (!verb) return people_arg_bad(c, "verb", "text", &c->args[1]);
    if (c->args[2].type == VAL_MAP) return may_decide(c, actor.person, day);
    rc = unit_of(c, &c->args[2], &unit);
    if (rc) return rc;
    /* Whoever asks for themself has the roles of their account, too. */
    if (actor.person == c->s->actor.person && c->s->actor.user > 0) actor.user = c->s->actor.user;
    const struct val *state = val_get(c->args[2].type == VAL_OBJ ? c->args[2].as.obj.fields : NULL, "state");
    rc = people_may(c->s->db, &actor, &(struct people_act){verb, unit, state ? api_str(state) : NULL, day}, c->err);
    if (rc && rc != ERR_DENIED) return rc;
    if (rc) err_clear(c->err);
    answer(c, rc == 0, rc ? "may.no_role" : "may.role");
    return 0;
}

static int import_tree(struct api_call *c)
{
    int64_t day = people_day(c->s->host, c->s->now);
    int rc = people_check(c->s, "people.import", PEOPLE_WHOLE, c->err);
    return rc ? rc : people_import_by(c->s, &c->args[0], day, c->arena, &c->result, c->err);
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
    {"people.service", service, "person:any! options:map{position:text,at:date}", "table", API_READ, "people", 1,
     "How long a person has held a {position} (or any) up to the day {at}, pauses left out: {days, years}."},
    {"people.may", may, "person:any! verb:text! thing:any options:map{at:date}", "boolean, string", API_READ, "people",
     1,
     "May the person do this to a thing (an item, a unit) or decide for a target, on the day {at}? With the reason."},
    {"people.import", import_tree, "tree:map!", "table", API_WRITE, "people:import", 1,
     "Reads units, positions, persons, holders, roles, users and calendars; can be repeated. Accounts and their e-mail "
     "are changed by who may user.add.",
     true},
    {0},
};

void people_add_api(struct api *api, struct host *host)
{
    api_add(api, people_functions, host);
    api_add(api, org_functions, host);
    api_add(api, body_functions, host);
    api_add(api, position_functions, host);
    api_add(api, delegation_functions, host);
    api_add(api, date_functions, host);
    api_add(api, text_functions, host);
    api_add(api, directory_functions, host);
    api_add(api, account_functions, host);
    api_add(api, token_functions, host);
    api_add(api, role_functions, host);
}

void people_attach(struct host *host)
{
    people_field_time(host, &host->time);
}
