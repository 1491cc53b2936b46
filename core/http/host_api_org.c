/* The organisation from outside: taking it in, giving it out, changing its tree, and why somebody may. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "content/content.h"
#include "flow/flow.h"
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/change.h"
#include "people/exchange.h"
#include "people/explain.h"
#include "plugin/api_list.h"

enum { FILES_MAX = 64 };

static int bad(struct api_call *c, const char *name)
{
    return err_set(c->err, ERR_INVALID, "http.parameter", "name", name, NULL);
}

/* A day in options; `otherwise` when it is not there. */
static int day_of(struct api_call *c, const struct val *options, const char *name, int64_t otherwise, int64_t *day)
{
    const struct val *v = val_get(options, name);
    struct date d;
    int32_t offset;
    *day = otherwise;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return bad(c, name);
    *day = date_days(d.year, d.month, d.day);
    return 0;
}

static int64_t today(const struct api_call *c)
{
    return people_day(c->s->host, c->s->now);
}

/* { files = { { name, text }, … } }, or the lists themselves. */
static int read_files(struct api_call *c, const struct val *in, struct people_file *files, size_t *n)
{
    const struct val *list = val_get(in, "files");
    *n = 0;
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *text = val_get(val_at(list, i), "text");
        const char *name = api_str(val_get(val_at(list, i), "name"));
        if (i == FILES_MAX || !name || !val_is(text, VAL_STR)) return bad(c, "files");
        files[(*n)++] = (struct people_file){name, text->as.str.s, text->as.str.len};
    }
    return 0;
}

/* The audit keeps which files were taken in: their text would keep, in its midst, who is to be erased. */
static int tell_files(struct api_call *c, const struct people_file *files, size_t n)
{
    struct val list = val_list(), told = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        uint8_t hash[DIGEST_LEN];
        char *hex = arena_alloc(c->arena, DIGEST_HEX);
        struct val one = val_map();
        if (!hex) return ERR_NOMEM;
        digest_sha256(files[i].text, files[i].len, hash);
        digest_hex(hash, hex);
        rc = val_set(c->arena, &one, "name", val_str(files[i].name));
        if (rc == 0) rc = val_set(c->arena, &one, "bytes", val_int((int64_t)files[i].len));
        if (rc == 0) rc = val_set(c->arena, &one, "sha256", val_str(hex));
        if (rc == 0) rc = val_add(c->arena, &list, one);
    }
    if (rc == 0) rc = val_set(c->arena, &told, "files", list);
    c->args[0] = told;
    return rc;
}

static int import(struct api_call *c)
{
    struct people_file *files = arena_alloc(c->arena, FILES_MAX * sizeof(*files));
    const struct val *in = &c->args[0];
    struct val report;
    struct buf text;
    size_t n;
    int rc = people_check(c->s, "people.import", PEOPLE_WHOLE, c->err);
    if (rc == 0 && !files) rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) rc = read_files(c, in, files, &n);
    if (rc) return rc;
    buf_init(&text, 64 << 20);
    if (!val_get(in, "files")) {
        json_write(&text, in);
        files[n++] = (struct people_file){"organisation.json", text.data ? text.data : "", text.len};
    }
    struct people_take take = {.files = files,
                               .nfiles = n,
                               .by = c->s,
                               .preview = val_get_bool(&c->args[1], "preview", false),
                               .now = c->s->now,
                               .day = today(c),
                               .lang = c->s->lang};
    rc = buf_ok(&text) ? people_take(c->s->db, &take, c->arena, &report, c->err)
                       : err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&text);
    if (rc) return rc;
    if (val_get(in, "files") && tell_files(c, files, n) != 0) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    c->result = take.preview ? report : *val_get(&report, "lists");
    return 0;
}

static int give(struct api_call *c)
{
    int64_t day;
    int rc = people_check(c->s, "people.export", PEOPLE_WHOLE, c->err);
    if (rc == 0) rc = day_of(c, &c->args[0], "at", PEOPLE_ALL_DAYS, &day);
    return rc ? rc : people_give(c->s->db, day, c->arena, &c->result, c->err);
}

static int find_unit(struct api_call *c, const struct val *code, int64_t *unit)
{
    const char *text = api_str(code);
    int rc = people_unit_by_code(c->s->db, text ? text : "", unit, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", text ? text : "", NULL);
}

/* All that hangs on a unit is shown to who may change it; to others, the units below. */
static int read_hangs(struct api_call *c, int64_t unit, int64_t day)
{
    struct val list;
    int rc = people_check(c->s, "people.change", unit, c->err);
    if (rc == 0) return people_hangs(c->s->db, unit, day, c->arena, &c->result, c->err);
    if (rc != ERR_DENIED) return rc;
    err_clear(c->err);
    c->result = val_map();
    rc = people_children(c->s->db, unit, day, c->arena, &list, c->err);
    return rc ? rc : val_set(c->arena, &c->result, "children", list);
}

/* Days of this list are numbers: outside they are dates. */
static int show_days(struct api_call *c, struct val *rows)
{
    for (size_t i = 0; i < rows->as.list.n; i++) {
        struct val *row = &rows->as.list.items[i];
        char *text = arena_alloc(c->arena, 16);
        if (!text) return ERR_NOMEM;
        date_format_day(val_get_int(row, "day", 0), text);
        if (val_set(c->arena, row, "day", val_str(text))) return ERR_NOMEM;
    }
    return 0;
}

static int unit_show(struct api_call *c)
{
    int64_t unit = 0, day = 0;
    struct val v, next;
    if (c->s->actor.user == PEOPLE_ANONYMOUS)
        return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
    int rc = day_of(c, &c->args[1], "at", today(c), &day);
    if (rc == 0) rc = find_unit(c, &c->args[0], &unit);
    if (rc == 0) rc = people_unit_get(c->s->db, unit, day, c->arena, &v, c->err);
    if (rc == 1) rc = read_hangs(c, unit, day);
    if (rc == 0) rc = val_set(c->arena, &c->result, "unit", v);
    if (rc == 0) rc = people_successors(c->s->db, unit, day, c->arena, &next, c->err);
    if (rc == 0) rc = show_days(c, &next);
    if (rc == 0) rc = val_set(c->arena, &c->result, "successors", next);
    return rc == ERR_NOMEM ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : rc;
}

/* Open tasks that are asked in a unit: who decides them from that day on is another question than this change. */
static int count_tasks(struct api_call *c, const struct val *units, int64_t *n)
{
    int rc = 0;
    *n = 0;
    for (size_t i = 0; rc == 0 && val_at(units, i); i++) {
        int64_t here = 0;
        rc = flow_count_tasks_in(c->s->db, val_at(units, i)->as.obj.id, &here, c->err);
        *n += here;
    }
    return rc;
}

static int change(struct api_call *c)
{
    const struct val *spec = &c->args[0];
    int64_t tasks;
    struct session s = *c->s;
    s.arena = c->arena;
    int rc = people_change(&s, spec, val_get_bool(&c->args[1], "dry_run", false), &c->result, c->err);
    if (rc == 0) rc = count_tasks(c, val_get(&c->result, "ended"), &tasks);
    if (rc == 0 && val_set(c->arena, &c->result, "open_tasks", val_int(tasks)))
        rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

/* What a question is about: "task:17", "unit:CODE", "item:17", or nothing. */
struct thing {
    bool is_task;
    struct val task; /* as flow_read_task says it */
    int64_t unit;
    const char *state;
};

static int read_thing(struct api_call *c, const struct val *v, struct thing *out)
{
    const char *text = api_str(v), *colon = text ? strchr(text, ':') : NULL;
    struct err_num n;
    *out = (struct thing){.unit = PEOPLE_ANY_UNIT};
    if (!v || v->type == VAL_NIL) return 0;
    if (!colon) return bad(c, "thing");
    int64_t id = strtoll(colon + 1, NULL, 10);
    if (strncmp(text, "unit:", 5) == 0) {
        struct val code = val_str(colon + 1);
        return find_unit(c, &code, &out->unit);
    }
    if (strncmp(text, "task:", 5) == 0) {
        out->is_task = true;
        int rc = flow_read_task(c->s, id, c->arena, &out->task, c->err);
        return rc ? (rc < 0 ? rc : 0) : err_set(c->err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    }
    if (strncmp(text, "item:", 5) != 0) return bad(c, "thing");
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

static int explain(struct api_call *c, const struct people_account *account)
{
    struct thing thing;
    int64_t day;
    const char *verb = api_str(&c->args[1]);
    int rc = day_of(c, &c->args[3], "at", today(c), &day);
    if (rc == 0) rc = read_thing(c, &c->args[2], &thing);
    if (rc) return rc;
    if (thing.is_task && strcmp(verb, "decide") == 0) {
        const struct val *to = val_get(&thing.task, "to");
        for (size_t i = 0; val_at(to, i); i++) {
            rc =
                people_explain(c->s->db, val_at(to, i), account->person, day, c->s->lang, c->arena, &c->result, c->err);
            if (rc || val_get_bool(&c->result, "may", false)) return rc;
        }
        return 0;
    }
    struct actor actor = {.user = account->id, .person = account->person, .admin = account->admin};
    struct people_act act = {.verb = verb, .unit = thing.unit, .state = thing.state, .day = day};
    return people_explain_verb(c->s->db, &actor, &act, c->s->lang, c->arena, &c->result, c->err);
}

static int why(struct api_call *c)
{
    struct people_account account;
    const char *name = api_str(&c->args[0]);
    int rc = people_account_find(c->s->db, name ? name : "", &account, c->err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", name ? name : "", NULL);
    rc = may_ask(c, account.id);
    if (rc == 0) rc = explain(c, &account);
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

/* Who may by several of those that are asked is told once. */
static int add_decider(struct api_call *c, struct val one, struct val *all)
{
    const struct val *person = val_get(&one, "person");
    int64_t id = val_is(person, VAL_OBJ) ? person->as.obj.id : val_is(person, VAL_INT) ? person->as.i : 0;
    for (size_t i = 0; i < all->as.list.n; i++)
        if (val_get_int(&all->as.list.items[i], "id", 0) == id) return 0;
    int rc = val_set(c->arena, &one, "id", val_int(id));
    if (rc == 0) rc = val_set(c->arena, &one, "account", val_int(0));
    if (rc == 0) rc = add_alike(c, 0, id, &one);
    return rc || val_add(c->arena, all, one) ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int who_can(struct api_call *c)
{
    struct thing thing;
    struct list_query q;
    int64_t day;
    const char *verb = api_str(&c->args[0]);
    int rc = may_ask(c, 0);
    if (rc == 0) rc = api_list_read(c, &c->args[2], &q);
    if (rc == 0) rc = day_of(c, &c->args[2], "at", today(c), &day);
    if (rc == 0) rc = read_thing(c, &c->args[1], &thing);
    if (rc) return rc;
    struct people_act act = {.verb = verb, .unit = thing.unit, .state = thing.state, .day = day};
    if (!thing.is_task || strcmp(verb, "decide") != 0) return page_of_verb(c, &q, &act);
    const struct val *to = val_get(&thing.task, "to");
    struct val all = val_list();
    for (size_t i = 0; rc == 0 && val_at(to, i); i++) {
        struct val some;
        rc = people_deciders(c->s->db, val_at(to, i), day, c->s->lang, c->arena, &some, c->err);
        for (size_t k = 0; rc == 0 && k < some.as.list.n; k++)
            rc = add_decider(c, some.as.list.items[k], &all);
    }
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

#define HANGING "list{id:integer!,person:text,what:text,until:date}"

static const struct api_fn functions[] = {
    {"org.import", import, "tree:map! options:map{preview:boolean}", "map", API_WRITE, API_HOST, 1,
     "Takes an organisation in, from lists or from { files = { { name, text } } }; idempotent by code. Nobody takes in "
     "more rights for themself; accounts and their e-mail are changed by who may user.add.",
     true, .gives = "*"},
    {"org.export", give, "options:map", "map", API_READ, API_HOST, 1,
     "Gives the organisation out: its whole history, or what holds on a day {at}.", .guarded = true,
     .gives =
         "units:list:map unit_names:list:map unit_parents:list:map roles:list:map positions:list:map persons:list:map "
         "bodies:list:map body_terms:list:map body_members:list:map holders:list:map delegations:list:map "
         "users:list:map role_holders:list:map calendar:list:map changes:list:map successors:list:map"},
    {"org.unit", unit_show, "code:text! options:map", "map", API_READ, API_HOST, 1,
     "A unit of a day {at}, what hangs on it, and what became of it.",
     .gives = "unit:@Unit! children:@Unit[]! holders:" HANGING " roles:" HANGING " delegations:" HANGING
              " bodies:" HANGING " successors:list{unit:@Unit,day:date!,how:text!}!"},
    {"org.change", change, "change:map! options:map{dry_run:boolean}", "map", API_WRITE, API_HOST, 1,
     "Changes the tree: { how = merge | split | rename | abolish | move, … }.", true,
     .gives = "how:text! day:text! ended:@Unit[] made:@Unit[] moved:@Unit[] renamed:@Unit[] holders:" HANGING
              " roles:" HANGING " delegations:" HANGING " bodies:" HANGING " unchanged:boolean open_tasks:integer"},
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

void host_api_attach_org(struct host *host)
{
    api_add(host->api, functions, NULL);
}
