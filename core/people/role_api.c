/* user.role, user.roles, user.role_end, people.role_list: which roles there are, who holds them, and who gives them.
 *
 * An administrator gives any role; all others need people.grant in the unit, and give what they may do there
 * themselves. Nobody gives one to themself (people/own.h): the first ones are given on the machine. A role is the
 * account's: it allows verbs. Tasks that are asked of a role are decided by persons who hold it: administrators give it
 * to the account's person instead ({of = "person"}). What was is not changed: a role begins and ends today or later. */
#include "audit/audit.h"
#include "base/date.h"
#include "people/own.h"
#include "people/people_internal.h"
#include "plugin/api_list.h"

/* May the caller give roles at all, and any of them? Whoever may not learns nothing of which accounts there are. */
static int enter(struct api_call *c, bool *any, struct people_account *account)
{
    int rc = people_check(c->s, "user.role", PEOPLE_ANY_UNIT, c->err);
    *any = rc == 0;
    if (rc == ERR_DENIED) {
        err_clear(c->err);
        rc = people_check(c->s, "people.grant", PEOPLE_ANY_UNIT, c->err);
    }
    return rc ? rc : people_arg_account(c, &c->args[0], account);
}

/* This role, here: nobody passes on more than they have. */
static int may_pass(struct api_call *c, const struct people_role *r)
{
    int64_t unit = r->unit ? r->unit : PEOPLE_WHOLE;
    int rc = people_check(c->s, "people.grant", unit, c->err);
    return rc ? rc : people_role_is_within(c->s, r->role, unit, c->err);
}

static int tell(struct api_call *c, const char *verb, const struct people_account *to, const struct people_role *r)
{
    struct val after = val_map();
    char from[16], until[16];
    struct audit_entry e = {
        .verb = verb, .kind = "user", .id = to->id, .name = to->name, .unit = r->unit, .after = &after};
    date_format_day(r->from, from);
    int rc = val_set(c->arena, &after, "role", val_str(r->role));
    if (rc == 0) rc = val_set(c->arena, &after, "id", val_int(r->id));
    if (rc == 0 && r->person) rc = val_set(c->arena, &after, "of", val_str("person"));
    if (rc == 0 && r->from > PEOPLE_ALWAYS) rc = val_set(c->arena, &after, "since", val_str(from));
    if (rc == 0 && r->to) {
        date_format_day(r->to - 1, until);
        rc = val_set(c->arena, &after, "until", val_str(until));
    }
    return rc ? people_too_large(c->err) : audit_add(c->s, &e, c->err);
}

/* A unit that is there on the day. */
static int read_unit(struct api_call *c, const struct val *v, int64_t day, int64_t *unit)
{
    struct err_num n;
    int64_t one;
    int rc = people_arg_id(c, &people_unit_kind, "unit", v, unit);
    if (rc || !*unit) return rc;
    struct stmt *s = store_stmt(c->s->db, "select 1 from unit u where u.id = ?1 and " HELD("u"), c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, *unit);
    stmt_bind_int(s, 2, day);
    rc = people_one(s, &one, c->err);
    if (rc) return rc < 0 ? rc : 0;
    const char *code = v->type == VAL_STR ? api_str(v) : err_i64(&n, *unit);
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
}

static int read_days(struct api_call *c, const struct val *o, struct people_role *r)
{
    const struct val *until = val_get(o, "until_");
    int64_t today = people_day(c->s->host, c->s->now), last = 0;
    bool ends = until && until->type != VAL_NIL;
    int rc = people_arg_day(c, "since", val_get(o, "since"), &r->from);
    if (rc == 0 && ends) rc = people_arg_day(c, "until_", until, &last);
    if (rc) return rc;
    r->to = ends ? last + 1 : 0; /* people name the last day that it holds */
    if (r->from >= today && (!ends || r->to > r->from)) return 0;
    return err_set(c->err, ERR_INVALID, "people.role_dates", NULL);
}

/* The account itself, or its person: whoever holds a role as a person decides what is asked of the role, too. */
static int read_whose(struct api_call *c, const struct val *of, const struct people_account *to, bool any,
                      struct people_role *r)
{
    bool person = val_is_str(of, "person");
    if (person && !any) return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "user.role", NULL);
    if (person && !to->person) return err_set(c->err, ERR_NOT_FOUND, "people.no_person", "code", to->name, NULL);
    if (of && of->type != VAL_NIL && !person && !val_is_str(of, "account"))
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "of", NULL);
    *(person ? &r->person : &r->account) = person ? to->person : to->id;
    return 0;
}

static int give(struct api_call *c)
{
    struct people_account to;
    struct people_role r = {.role = api_str(&c->args[1])};
    struct people_powers *before = NULL;
    bool any;
    int rc = enter(c, &any, &to);
    if (rc == 0) rc = read_days(c, &c->args[3], &r);
    if (rc == 0) rc = read_unit(c, &c->args[2], r.from, &r.unit);
    if (rc == 0 && !any) rc = may_pass(c, &r);
    if (rc == 0) rc = read_whose(c, val_get(&c->args[3], "of"), &to, any, &r);
    if (rc == 0) rc = people_powers_read(c->s, false, c->arena, &before, c->err);
    if (rc) return rc;
    rc = people_role_give(c->s->db, &r, &r.id, c->err);
    if (rc < 0) return rc;
    c->result = val_map();
    if (val_set(c->arena, &c->result, "id", val_int(r.id)) ||
        (rc == 1 && val_set(c->arena, &c->result, "existed", val_bool(true))))
        return people_too_large(c->err);
    if (rc == 1) return 0; /* nothing was changed */
    rc = people_powers_check(c->s, before, c->arena, c->err);
    return rc ? rc : tell(c, "user.role", &to, &r);
}

static int no_such(struct api_call *c, int64_t id)
{
    struct err_num n;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_role_held", "id", err_i64(&n, id), NULL);
}

static int end(struct api_call *c)
{
    struct people_account of;
    struct people_role r;
    bool any;
    int64_t id = c->args[1].as.i, day = 0;
    int rc = enter(c, &any, &of);
    if (rc == 0) rc = people_arg_day(c, "on", val_get(&c->args[2], "on"), &day);
    if (rc == 0) rc = people_role_get(c->s->db, id, c->arena, &r, c->err);
    if (rc < 0) return rc;
    bool is_of = rc == 1 && (r.account == of.id || (r.person && r.person == of.person));
    if (!is_of || (r.to && r.to <= day)) return no_such(c, id);
    if (day < people_day(c->s->host, c->s->now)) return err_set(c->err, ERR_INVALID, "people.role_dates", NULL);
    rc = any ? 0 : may_pass(c, &r);
    if (rc == 0) rc = people_role_end(c->s->db, &r, day, c->err);
    r.to = day;
    return rc ? rc : tell(c, "user.role_end", &of, &r);
}

/* --- lists --- */

static const struct list_column held_columns[] = {{"id", FIELD_INTEGER, LIST_FILTER | LIST_SORT},
                                                  {"role", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                  {"unit", FIELD_TEXT, LIST_FILTER},
                                                  {"since", FIELD_DATE, LIST_SHOWN},
                                                  {"until", FIELD_DATE, LIST_SHOWN},
                                                  {"of", FIELD_TEXT, LIST_FILTER},
                                                  {0}};
static const struct list held_roles = {.name = "roles of a user", .order = "id", .key = "id", .columns = held_columns};

static int set_cell(struct stmt *s, int col, const char *name, struct arena *a, struct val *row)
{
    const char *text = people_text(s, col, a);
    if (stmt_is_null(s, col)) return 0;
    return text ? val_set(a, row, name, val_str(text)) : ERR_NOMEM;
}

/* Those of today and later: of the account itself, and of its person. */
static int read_held(struct api_call *c, const struct people_account *of, struct val *all)
{
#define SHOWN(whose)                                                                                                   \
    "select h.id, h.role, (select u.code from unit u where u.id = h.unit),"                                            \
    " iif(h.valid_from > ?4, date(h.valid_from * 86400, 'unixepoch'), null),"                                          \
    " date((h.valid_to - 1) * 86400, 'unixepoch'), '" whose "' from role_held h where h." whose
    static const char sql[] = SHOWN("account") " = ?1 and (h.valid_to is null or h.valid_to > ?2) union all " SHOWN(
        "person") " = ?3 and (h.valid_to is null or h.valid_to > ?2)";
    static const char *const names[] = {"id", "role", "unit", "since", "until", "of"};
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    int rc;
    *all = val_list();
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, of->id);
    stmt_bind_int(s, 2, people_day(c->s->host, c->s->now));
    stmt_bind_int(s, 3, of->person); /* 0: none, as ids begin at 1 */
    stmt_bind_int(s, 4, PEOPLE_ALWAYS);
    while ((rc = stmt_step(s, c->err)) == 1) {
        struct val row = val_map();
        int full = val_set(c->arena, &row, "id", val_int(stmt_int(s, 0)));
        for (int i = 1; full == 0 && i < 6; i++)
            full = set_cell(s, i, names[i], c->arena, &row);
        if (full || val_add(c->arena, all, row)) {
            rc = people_too_large(c->err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

static int list_held(struct api_call *c)
{
    struct people_account of;
    struct val all;
    int rc = people_arg_own_account(c, "user.roles", "people.read", &of);
    if (rc == 0) rc = read_held(c, &of, &all);
    return rc ? rc : api_list_slice(c, &c->args[1], &all);
}

static const struct list_column role_columns[] = {
    {"role", FIELD_TEXT, LIST_FILTER | LIST_SORT}, {"verbs", FIELD_TEXT, LIST_SHOWN}, {0}};
static const struct list role_rows = {.name = "roles", .order = "role", .key = "role", .columns = role_columns};

static int list_roles(struct api_call *c)
{
    static const char sql[] =
        "select r.role, (select group_concat(v.verb, ' ') from (select verb from role_verb where role = r.role order by"
        " verb) v) from (select role from role_verb union select role from position_role) r";
    struct val all = val_list();
    int rc;
    if (c->s->actor.user == PEOPLE_ANONYMOUS)
        return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    while ((rc = stmt_step(s, c->err)) == 1) {
        struct val row = val_map();
        if (set_cell(s, 0, "role", c->arena, &row) || set_cell(s, 1, "verbs", c->arena, &row) ||
            val_add(c->arena, &all, row)) {
            rc = people_too_large(c->err);
            break;
        }
    }
    stmt_done(s);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
}

const struct api_fn role_functions[] = {
    {"user.role", give, "name:text! role:text! unit:any options:map{since:date,until_:date,of:text}", "map", API_WRITE,
     API_HOST, 1,
     "Gives a role in a unit and below (without one: everywhere), from a day to a last one; of \"person\": to the "
     "person, "
     "who then decides what is asked of the role.",
     .tells = true, .gives = "id:integer! existed:boolean"},
    {"user.role_end", end, "name:text! id:integer! options:map{on:date}", "", API_WRITE, API_HOST, 1,
     "Takes a role away: on the day {on}, else today, it no longer holds.", .tells = true},
    {"user.roles", list_held, "name:text! options:map", "list", API_READ, API_HOST, 1,
     "Roles of an account, its own and its person's, of today and later.", .list = &held_roles},
    {"people.role_list", list_roles, "options:map", "list", API_READ, API_HOST, 1,
     "Roles that there are, with their verbs.", .list = &role_rows},
    {0},
};
