/* people.delegate, people.revoke, people.delegations. */
#include "people/delegation.h"

#include "people/people_internal.h"

/* nothing, "editor", or { position =, role =, unit =, body = } */
static int read_scope(struct api_call *c, const struct val *scope, struct people_delegation *d)
{
    const struct val *position = val_get(scope, "position"), *role = val_get(scope, "role");
    if (!scope || scope->type == VAL_NIL) return 0;
    if (scope->type == VAL_STR) {
        d->position = api_str(scope);
        return d->position ? 0 : people_arg_bad(c, "scope", "text", scope);
    }
    if (scope->type != VAL_MAP) return people_arg_bad(c, "scope", "map", scope);
    if (position && !(d->position = api_str(position))) return people_arg_bad(c, "position", "text", position);
    if (role && !(d->role = api_str(role))) return people_arg_bad(c, "role", "text", role);
    int rc = people_arg_id(c, &people_body_kind, "body", val_get(scope, "body"), &d->body);
    return rc ? rc : people_arg_id(c, &people_unit_kind, "unit", val_get(scope, "unit"), &d->unit);
}

/* For others: by the right in the unit of the scope; without one, wherever the giver holds anything: all of that would
 * be passed on. What is held everywhere wants a right that holds everywhere. */
static int may_arrange(struct api_call *c, const struct people_delegation *d)
{
    static const char sql[] = "select unit from position_held h where person = ?1 and " HELD(
        "h") " union select coalesce(unit, 0) from"
             " role_held h where person = ?1 and " HELD("h") " union select b.unit from body_member m join body b on"
                                                             " b.id = m.body where m.person = ?1 and " HELD("m");
    int rc, none = 1;
    if (d->unit) return people_check(c->s, "people.delegate", d->unit, c->err);
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, d->from);
    stmt_bind_int(s, 2, people_day(c->s->host, c->s->now));
    while ((rc = stmt_step(s, c->err)) == 1) {
        none = 0;
        rc = people_check(c->s, "people.delegate", stmt_int(s, 0), c->err);
        if (rc) break;
    }
    stmt_done(s);
    return rc == 0 && none ? people_check(c->s, "people.delegate", PEOPLE_ANY_UNIT, c->err) : rc;
}

static int delegate(struct api_call *c)
{
    const struct val *o = &c->args[0], *until = val_get(o, "until_"), *act = val_get(o, "act");
    struct people_delegation d = {.act = act ? api_str(act) : NULL};
    int64_t last, id;
    struct val nothing = val_nil();
    int rc = people_arg_id(c, &people_person_kind, "from", val_get(o, "from"), &d.from);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "to", val_get(o, "to"), &d.to);
    if (rc == 0) rc = read_scope(c, val_get(o, "scope"), &d);
    if (rc == 0) rc = people_arg_day(c, "since", val_get(o, "since"), &d.since);
    if (rc == 0 && !until) rc = people_arg_bad(c, "until_", "date", &nothing);
    if (rc == 0) rc = people_arg_day(c, "until_", until, &last);
    if (rc) return rc;
    if (!d.from) return people_arg_bad(c, "from", "person", &nothing);
    if (!d.to) return people_arg_bad(c, "to", "person", &nothing);
    d.until = last + 1; /* people name the last day that it holds */
    /* One's own powers, or by the right to arrange it for others. */
    bool own = c->s->actor.person == d.from;
    if (!own) rc = may_arrange(c, &d);
    if (rc == 0 && !own && !c->s->actor.run && c->s->actor.person > 0 && c->s->actor.person == d.to)
        return err_set(c->err, ERR_DENIED, "denied.own_rights", "what", c->fn->name, NULL);
    if (rc == 0) rc = people_delegate(c->s->db, &d, c->s->now, &id, c->err);
    c->result = val_int(id);
    return rc;
}

/* Who gave it, or by the right to arrange delegations. */
static int revoke(struct api_call *c)
{
    struct people_delegation d;
    struct err_num n;
    int64_t id = c->args[0].as.i, day;
    int rc = people_arg_day(c, "on", val_get(&c->args[1], "on"), &day);
    if (rc == 0) rc = people_delegation_get(c->s->db, id, &d, c->arena, c->err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_delegation", "delegation", err_i64(&n, id), NULL);
    bool own = c->s->actor.person > 0 && c->s->actor.person == d.from;
    rc = own ? 0 : may_arrange(c, &d);
    return rc ? rc : people_delegation_revoke(c->s->db, id, day, c->err);
}

static int delegations(struct api_call *c)
{
    int64_t person = 0, day = 0;
    int rc = people_arg_id(c, &people_person_kind, "person", val_get(&c->args[0], "person"), &person);
    if (rc == 0) rc = people_arg_day(c, "at", val_get(&c->args[0], "at"), &day);
    /* One's own are seen by everybody; all, by who may arrange them, and by plugins. */
    bool own = person && person == c->s->actor.person;
    if (rc == 0 && !own && !c->s->actor.plugin) rc = people_check(c->s, "people.delegate", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : people_delegations(c->s->db, person, day, c->arena, &c->result, c->err);
}

const struct api_fn delegation_functions[] = {
    {"people.delegate", delegate, "options:map{from:person!,to:person!,scope:any,since:date,until_:date!,act:text}!",
     "integer", API_WRITE, "people", 1,
     "Lets a person (to) act for another (from) in a scope, from a day to a last one, by the paper "
     "{act}."},
    {"people.revoke", revoke, "delegation:integer! options:map{on:date}", "", API_WRITE, "people", 1,
     "Ends a delegation: on the day {on}, else today, it no longer holds."},
    {"people.delegations", delegations, "options:map{person:person,at:date}", "table[]", API_READ, "people", 1,
     "Delegations that hold on the day {at}, from or to a {person} or all: {id, from, to, position, role, unit, body,"
     " since, until, act, holds}."},
    {0},
};
