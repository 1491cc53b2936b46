/* people.body, body:members; why somebody may decide; the lines above a signature. */
#include "people/explain.h"
#include "people/people_internal.h"

static int day_option(struct api_call *c, const struct val *options, int64_t *day)
{
    return people_arg_day(c, "at", val_get(options, "at"), day);
}

static int body_get(struct api_call *c)
{
    int64_t id = 0, day = 0;
    int rc = day_option(c, &c->args[1], &day);
    if (rc == 0) rc = people_arg_id(c, &people_body_kind, "body", &c->args[0], &id);
    if (rc == 0) rc = people_body_get(c->s->db, id, day, c->arena, &c->result, c->err);
    if (rc != ERR_NOT_FOUND && rc < 0) return rc;
    if (rc == ERR_NOT_FOUND) err_clear(c->err);
    if (rc != 1) c->result = val_nil();
    return 0;
}

static int members(struct api_call *c)
{
    int64_t day;
    int rc = day_option(c, &c->args[1], &day);
    return rc ? rc : people_members(c->s->db, c->args[0].as.obj.id, day, c->arena, &c->result, c->err);
}

/* Units, bodies and persons in a target may stand as codes. */
static int resolve(struct api_call *c, const struct val *target, struct val *out)
{
    int64_t unit, person;
    int rc = 0;
    *out = *target;
    if (target->type != VAL_MAP) return 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < target->as.map.n; i++)
        rc = val_set(c->arena, out, target->as.map.pairs[i].key, target->as.map.pairs[i].v);
    if (rc == 0) rc = people_arg_id(c, &people_unit_kind, "unit", val_get(target, "unit"), &unit);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "person", val_get(target, "person"), &person);
    if (rc == 0 && unit) rc = val_set(c->arena, out, "unit", val_int(unit));
    if (rc == 0 && person) rc = val_set(c->arena, out, "person", val_int(person));
    return rc == ERR_NOMEM ? people_too_large(c->err) : rc;
}

static int explain(struct api_call *c)
{
    int64_t person = 0, day = 0;
    struct val target;
    int rc = day_option(c, &c->args[2], &day);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "person", &c->args[0], &person);
    if (rc == 0) rc = resolve(c, &c->args[1], &target);
    return rc ? rc : people_explain(c->s->db, &target, person, day, c->s->lang, c->arena, &c->result, c->err);
}

static int deciders(struct api_call *c)
{
    int64_t day;
    struct val target;
    int rc = day_option(c, &c->args[1], &day);
    if (rc == 0) rc = resolve(c, &c->args[0], &target);
    return rc ? rc : people_deciders(c->s->db, &target, day, c->s->lang, c->arena, &c->result, c->err);
}

static int signature(struct api_call *c)
{
    const struct val *o = &c->args[0], *as = val_get(o, "as");
    struct people_signature sig = {.as = api_str(as)};
    const char *lines, *name = "";
    int rc = day_option(c, o, &sig.day);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "by", val_get(o, "by"), &sig.person);
    if (rc == 0)
        rc = people_arg_id(c, &people_person_kind, "on_behalf_of", val_get(o, "on_behalf_of"), &sig.on_behalf_of);
    if (rc == 0) rc = people_arg_id(c, &people_unit_kind, "unit", val_get(o, "unit"), &sig.unit);
    if (rc == 0 && !sig.as) rc = people_arg_bad(c, "as", "text", as ? as : o);
    if (rc == 0) rc = people_signature_lines(c->s->db, &sig, c->s->lang, c->arena, &lines, c->err);
    if (rc == 0) rc = people_signature_name(c->s->db, &sig, c->s->lang, c->arena, &name, c->err);
    if (rc) return rc;
    c->result = val_str(lines);
    c->result2 = val_str(name);
    c->nresults = 2;
    return 0;
}

const struct api_fn body_functions[] = {
    {"people.body", body_get, "body:any! options:map{at:date}", "Body?", API_READ, "people", 1,
     "The body (council, committee, panel) with an id or a code, with its term of the day {at}."},
    {"body:members", members, "body:object:body! options:map{at:date}", "Person[]", API_READ, "people", 1,
     "Its members on the day {at}; a field capacity says what a member is in it."},
    {"people.explain", explain, "person:any! target:any! options:map{at:date}", "table", API_READ, "people", 1,
     "Why the person may decide what is asked of a target, or why not, on the day {at}: {may, kind, position, title,"
     " unit, until, on_behalf_of, act, sentence}."},
    {"people.deciders", deciders, "target:any! options:map{at:date}", "table[]", API_READ, "people", 1,
     "All who may decide what is asked of a target on the day {at}, each with the reason."},
    {"people.signature", signature, "answer:map!", "string, string", API_READ, "people", 1,
     "The lines above a signature, from an answer {as, by, on_behalf_of, at} and the {unit} that it is about: in what"
     " capacity somebody decided, and for whom; and the name for the record (\"B for A\")."},
    {0},
};
