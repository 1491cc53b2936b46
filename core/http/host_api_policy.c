/* Who may do what, and why: asked about persons, units, items and tasks. */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "content/content.h"
#include "flow/flow.h"
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/explain.h"
#include "people/verb.h"
#include "plugin/api_list.h"

/* What a question is about: "task:17", "unit:CODE", "item:17", or nothing. */
struct thing {
    bool is_task;
    struct val task; /* as flow_read_task says it */
    int64_t unit;
    const char *state;
};

/* The unit in which a task is asked: there it is handed on, and links to it are given (flow_task_unit). */
static int64_t asked_in(const struct val *to)
{
    for (size_t i = 0; val_at(to, i); i++) {
        const struct val *unit = val_get(val_at(to, i), "unit");
        if (val_is(unit, VAL_OBJ)) return unit->as.obj.id;
        if (val_is(unit, VAL_INT) && unit->as.i) return unit->as.i;
    }
    return PEOPLE_ANY_UNIT;
}

static int read_thing(struct api_call *c, const struct val *v, struct thing *out)
{
    const char *text = api_str(v), *colon = text ? strchr(text, ':') : NULL;
    struct err_num n;
    *out = (struct thing){.unit = PEOPLE_ANY_UNIT};
    if (!v || v->type == VAL_NIL) return 0;
    if (!colon) return err_set(c->err, ERR_INVALID, "http.parameter", "name", "thing", NULL);
    int64_t id = strtoll(colon + 1, NULL, 10);
    if (strncmp(text, "unit:", 5) == 0) {
        struct val code = val_str(colon + 1);
        return host_api_find_unit(c, &code, &out->unit);
    }
    if (strncmp(text, "task:", 5) == 0) {
        out->is_task = true;
        int rc = flow_read_task(c->s, id, c->arena, &out->task, c->err);
        out->unit = rc == 1 ? asked_in(val_get(&out->task, "to")) : PEOPLE_ANY_UNIT;
        return rc ? (rc < 0 ? rc : 0) : err_set(c->err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    }
    if (strncmp(text, "item:", 5) != 0) return err_set(c->err, ERR_INVALID, "http.parameter", "name", "thing", NULL);
    struct content_version version = {0};
    int rc = content_item_version(c->s->db, id, &version, c->err);
    out->unit = version.unit;
    out->state = content_state_name(version.state);
    return rc;
}

/* About oneself anybody may ask; about others, who may see the accounts. */
static int may_ask(struct api_call *c, int64_t account)
{
    if (account && account == c->s->actor.user) return 0;
    return people_check(c->s, "user.explain", PEOPLE_ANY_UNIT, c->err);
}

/* Who else they may be: whoever looks for why a text may not be approved, or may, sees both accounts. */
static int add_alike(struct api_call *c, int64_t account, int64_t person, struct val *out)
{
    struct val list;
    if (out->type != VAL_MAP) return 0;
    int rc = people_alike(c->s->db, account, person, c->arena, &list, c->err);
    if (rc || list.as.list.n == 0) return rc;
    return val_set(c->arena, out, "alike", list) ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* What both questions are about. */
struct question {
    struct thing thing;
    struct people_act act;
    const struct val *to; /* of whom a task is asked that is to be decided; NULL: a verb of roles */
};

static int read_question(struct api_call *c, const char *verb, const struct val *thing, const struct val *options,
                         struct question *q)
{
    int64_t day;
    bool decides = verb && strcmp(verb, "decide") == 0;
    int rc = host_api_day(c, options, "at", people_day(c->s->host, c->s->now), &day);
    if (rc == 0) rc = read_thing(c, thing, &q->thing);
    if (rc == 0 && !decides) rc = people_verb_known(c->s->db, verb ? verb : "", c->err);
    if (rc) return rc;
    if (decides && !q->thing.is_task) return err_set(c->err, ERR_INVALID, "people.verb_decide", NULL);
    q->to = decides ? val_get(&q->thing.task, "to") : NULL;
    if (q->to && q->to->as.list.n == 0) /* whom it was asked of is not kept */
        return err_set(c->err, ERR_CONFLICT, "flow.task_closed", "task", api_str(thing) + strlen("task:"), NULL);
    q->act = (struct people_act){
        .verb = verb, .unit = people_verb_unit(verb, q->thing.unit), .state = q->thing.state, .day = day};
    return 0;
}

/* An account that is off decides nothing, though its person might by another one. */
static int explain(struct api_call *c, const struct people_account *account, const struct question *q)
{
    struct actor actor = {.user = account->id, .person = account->person, .admin = account->admin};
    if (!q->to || account->disabled || !account->person)
        return people_explain_verb(c->s->db, &actor, &q->act, c->s->lang, c->arena, &c->result, c->err);
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(q->to, i) && !val_get_bool(&c->result, "may", false); i++)
        rc = people_explain(c->s->db, val_at(q->to, i), account->person, q->act.day, c->s->lang, c->arena, &c->result,
                            c->err);
    return rc;
}

static int why(struct api_call *c)
{
    struct people_account account;
    struct question q;
    const char *name = api_str(&c->args[0]);
    int rc = people_account_find(c->s->db, name ? name : "", &account, c->err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", name ? name : "", NULL);
    rc = may_ask(c, account.id);
    if (rc == 0) rc = read_question(c, api_str(&c->args[1]), &c->args[2], &c->args[3], &q);
    if (rc == 0) rc = explain(c, &account, &q);
    return rc ? rc : add_alike(c, account.id, account.person, &c->result);
}

#define ALIKE "list{user:text!,by:list:text!}"
static const struct list_column who_columns[] = {{"id", FIELD_INTEGER, LIST_UP},
                                                 {"account", FIELD_INTEGER, LIST_SHOWN},
                                                 {"person", FIELD_JSON, LIST_SHOWN, .gives = "@Person"},
                                                 {"user", FIELD_TEXT, LIST_SHOWN},
                                                 {"may", FIELD_BOOLEAN, LIST_SHOWN},
                                                 {"kind", FIELD_TEXT, LIST_SHOWN},
                                                 {"verb", FIELD_TEXT, LIST_SHOWN},
                                                 {"state", FIELD_TEXT, LIST_SHOWN},
                                                 {"roles", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},
                                                 {"role", FIELD_TEXT, LIST_SHOWN},
                                                 {"position", FIELD_TEXT, LIST_SHOWN},
                                                 {"title", FIELD_TEXT, LIST_SHOWN},
                                                 {"unit", FIELD_JSON, LIST_SHOWN, .gives = "@Unit"},
                                                 {"body", FIELD_JSON, LIST_SHOWN, .gives = "@Body"},
                                                 {"capacity", FIELD_TEXT, LIST_SHOWN},
                                                 {"since", FIELD_DATE, LIST_SHOWN},
                                                 {"until", FIELD_DATE, LIST_SHOWN},
                                                 {"act", FIELD_TEXT, LIST_SHOWN},
                                                 {"wanted", FIELD_TEXT, LIST_SHOWN},
                                                 {"delegation", FIELD_INTEGER, LIST_SHOWN},
                                                 {"on_behalf_of", FIELD_JSON, LIST_SHOWN, .gives = "@Person"},
                                                 {"delegated_until", FIELD_DATE, LIST_SHOWN},
                                                 {"sentence", FIELD_TEXT, LIST_SHOWN},
                                                 {"alike", FIELD_JSON, LIST_SHOWN, .gives = ALIKE},
                                                 {0}};
static const struct list_option who_options[] = {{"at", "date", "As of a day."}, {0}};
static const struct list who_list = {
    .name = "who can", .order = "id", .key = "account", .columns = who_columns, .options = who_options};

/* One more is asked for than the page holds: then there is a next one. */
static int page_of_verb(struct api_call *c, const struct list_query *q, const struct people_act *act)
{
    bool begins = q->after.type != VAL_INT || q->after_key.type != VAL_INT;
    struct people_who who = {.act = *act,
                             .lang = c->s->lang,
                             .limit = q->limit + 1,
                             .after = begins ? -1 : q->after.as.i,
                             .after_account = begins ? 0 : q->after_key.as.i};
    int rc = people_who_can(c->s->db, &who, c->arena, &c->result, c->err);
    for (size_t i = 0; rc == 0 && i < c->result.as.list.n; i++)
        rc = add_alike(c, val_get_int(val_at(&c->result, i), "account", 0), val_get_int(val_at(&c->result, i), "id", 0),
                       &c->result.as.list.items[i]);
    if (rc || (int64_t)c->result.as.list.n <= q->limit) return rc ? rc : list_pick(q, c->arena, &c->result, c->err);
    const struct val *last = &c->result.as.list.items[--c->result.as.list.n - 1];
    rc = list_cursor(q, *val_get(last, "id"), *val_get(last, "account"), c->arena, &c->s->next, c->err);
    return rc ? rc : list_pick(q, c->arena, &c->result, c->err);
}

static bool is_told(const struct val *all, int64_t person)
{
    for (size_t i = 0; i < all->as.list.n; i++)
        if (val_get_int(&all->as.list.items[i], "id", 0) == person) return true;
    return false;
}

/* Each account of a person that may decide; one who has none decides by a link, and is told without. */
static int add_decider(struct api_call *c, const struct val *one, int64_t person, struct val *all)
{
    struct val users;
    int rc = people_users_of(c->s->db, person, c->arena, &users, c->err);
    for (size_t i = 0; rc == 0 && (i < users.as.list.n || i == 0); i++) {
        const struct val *user = val_at(&users, i);
        struct val row = val_map();
        for (size_t k = 0; rc == 0 && k < one->as.map.n; k++)
            rc = val_set(c->arena, &row, one->as.map.pairs[k].key, one->as.map.pairs[k].v);
        if (rc == 0) rc = val_set(c->arena, &row, "id", val_int(person));
        if (rc == 0) rc = val_set(c->arena, &row, "account", val_int(val_get_int(user, "id", 0)));
        if (rc == 0 && user) rc = val_set(c->arena, &row, "user", *val_get(user, "name"));
        if (rc == 0) rc = add_alike(c, val_get_int(user, "id", 0), person, &row);
        if (rc == 0) rc = val_add(c->arena, all, row);
    }
    return rc == ERR_NOMEM ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : rc;
}

/* Who may by several of those that are asked is told once. */
static int add_deciders(struct api_call *c, const struct val *target, int64_t day, struct val *all)
{
    struct val some;
    int rc = people_deciders(c->s->db, target, day, c->s->lang, c->arena, &some, c->err);
    for (size_t i = 0; rc == 0 && i < some.as.list.n; i++) {
        const struct val *person = val_get(val_at(&some, i), "person");
        int64_t id = val_is(person, VAL_OBJ) ? person->as.obj.id : 0;
        if (id && !is_told(all, id)) rc = add_decider(c, val_at(&some, i), id, all);
    }
    return rc;
}

static int who_can(struct api_call *c)
{
    struct question q;
    struct list_query page;
    struct val all = val_list();
    int rc = may_ask(c, 0);
    if (rc == 0) rc = api_list_read(c, &c->args[2], &page);
    if (rc == 0) rc = read_question(c, api_str(&c->args[0]), &c->args[1], &c->args[2], &q);
    if (rc || !q.to) return rc ? rc : page_of_verb(c, &page, &q.act);
    for (size_t i = 0; rc == 0 && val_at(q.to, i); i++)
        rc = add_deciders(c, val_at(q.to, i), q.act.day, &all);
    return rc ? rc : api_list_slice(c, &c->args[2], &all);
}

static const struct list_column verb_columns[] = {{"verb", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                  {"given", FIELD_TEXT, LIST_FILTER},
                                                  {"where", FIELD_TEXT, LIST_FILTER},
                                                  {"states", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},
                                                  {"roles", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},
                                                  {0}};
static const struct list verb_list = {.name = "verbs", .order = "verb", .key = "verb", .columns = verb_columns};

/* What may be asked for is no secret; which roles there are is for who has logged in. */
static int verbs(struct api_call *c)
{
    struct val all;
    if (c->s->actor.user == PEOPLE_ANONYMOUS)
        return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
    int rc = people_verb_list(c->s->db, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
}

static const struct api_fn functions[] = {
    {"policy.why", why, "user:text! verb:text! thing:text options:map", "map", API_READ, API_HOST, 1,
     "Why a user may do something, or may not; decide with task:ID.",
     .gives = "may:boolean! kind:text! verb:text state:text sentence:text! person:@Person wanted:text role:text "
              "roles:list:text "
              "position:text title:text unit:@Unit body:@Body capacity:text since:text until:text act:text "
              "delegation:integer on_behalf_of:@Person delegated_until:text alike:" ALIKE},
    {"policy.who_can", who_can, "verb:text! thing:text options:map", "list", API_READ, API_HOST, 1,
     "Who may do something; decide with task:ID.", .list = &who_list},
    {"policy.verbs", verbs, "options:map", "list", API_READ, API_HOST, 1,
     "What the policy is asked for: who gives it, where it must hold, states that it may be bound to, roles that allow "
     "it.",
     .list = &verb_list},
    {0},
};

void host_api_attach_policy(struct host *host)
{
    api_add(host->api, functions, NULL);
}
