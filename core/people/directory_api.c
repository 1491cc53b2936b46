/* Who and what is there, in pages: sessions of accounts, persons, positions and who holds them, bodies and their
 * members, units, delegations. For REST and the command line; each list is data (store/list.h). */
#include "people/auth.h"
#include "people/delegation.h"
#include "people/people_find.h"
#include "people/people_internal.h"
#include "plugin/api_list.h"

#define DAY(column) "date(" column " * 86400, 'unixepoch')"
#define LAST_DAY(column) "date((" column " - 1) * 86400, 'unixepoch')"
#define UNIT_CODE(id) "(select x.code from unit x where x.id = " id ")"
#define PERSON_CODE(id) "(select x.code from person x where x.id = " id ")"
#define UNIT_ID "(select x.id from unit x where x.code = "
#define PERSON_ID "(select x.id from person x where x.code = "

enum { KEY = LIST_FILTER | LIST_SORT, RANGE_KEY = LIST_RANGE | LIST_SORT };

static const struct list_option at_day[] = {{"at", "date", "The day that is meant; else today."}, {0}};

static const struct list_column person_columns[] = {{"id", FIELD_INTEGER, RANGE_KEY, "p.id"},
                                                    {"code", FIELD_TEXT, RANGE_KEY, "p.code"},
                                                    {"name", FIELD_TEXT, LIST_SHOWN, "p.name"},
                                                    {"email", FIELD_TEXT, LIST_FILTER, "p.email"},
                                                    {0}};
static const struct list directory_persons = {
    .name = "persons", .order = "code", .key = "id", .columns = person_columns, .from = "person p"};

static const struct list_column position_columns[] = {{"code", FIELD_TEXT, RANGE_KEY, "p.code"},
                                                      {"title", FIELD_TEXT, LIST_SHOWN, "p.title"},
                                                      {"deputy_of", FIELD_TEXT, LIST_SHOWN, "p.deputy_of"},
                                                      {"rank", FIELD_INTEGER, LIST_SHOWN, "p.rank"},
                                                      {0}};
static const struct list directory_positions = {
    .name = "positions", .order = "code", .key = "code", .columns = position_columns, .from = "position p"};

static const struct list_column holder_columns[] = {
    {"id", FIELD_INTEGER, RANGE_KEY, "h.id"},
    {"position", FIELD_TEXT, LIST_FILTER, "h.position"},
    {"person", FIELD_TEXT, LIST_FILTER, PERSON_CODE("h.person"), .by = "h.person", .lookup = PERSON_ID},
    {"unit", FIELD_TEXT, LIST_FILTER, UNIT_CODE("h.unit"), .by = "h.unit", .lookup = UNIT_ID},
    {"from", FIELD_DATE, LIST_SHOWN, DAY("h.valid_from")},
    {"to", FIELD_DATE, LIST_SHOWN, DAY("h.valid_to")},
    {"act", FIELD_TEXT, LIST_SHOWN, "h.act"},
    {0}};
static const struct list directory_holders = {.name = "holders",
                                              .order = "id",
                                              .key = "id",
                                              .columns = holder_columns,
                                              .from = "position_held h",
                                              .where = "+" HELD("h"),
                                              .options = at_day};

static const struct list_column body_columns[] = {
    {"id", FIELD_INTEGER, RANGE_KEY, "b.id"},
    {"code", FIELD_TEXT, RANGE_KEY, "b.code"},
    {"name", FIELD_TEXT, LIST_SHOWN, "b.name"},
    {"unit", FIELD_TEXT, LIST_FILTER, UNIT_CODE("b.unit"), .by = "b.unit", .lookup = UNIT_ID},
    {"from", FIELD_DATE, LIST_SHOWN, DAY("b.valid_from")},
    {"to", FIELD_DATE, LIST_SHOWN, DAY("b.valid_to")},
    {0}};
static const struct list directory_bodies = {.name = "bodies",
                                             .order = "code",
                                             .key = "id",
                                             .columns = body_columns,
                                             .from = "body b",
                                             .where = HELD("b"),
                                             .options = at_day};

static const struct list_column member_columns[] = {
    {"id", FIELD_INTEGER, RANGE_KEY, "m.id"},
    {"body", FIELD_TEXT, LIST_FILTER, "(select b.code from body b where b.id = m.body)", .by = "m.body",
     .lookup = "(select b.id from body b where b.code = "},
    {"person", FIELD_TEXT, LIST_FILTER, PERSON_CODE("m.person"), .by = "m.person", .lookup = PERSON_ID},
    {"capacity", FIELD_TEXT, LIST_SHOWN, "m.capacity"},
    {"from", FIELD_DATE, LIST_SHOWN, DAY("m.valid_from")},
    {"to", FIELD_DATE, LIST_SHOWN, DAY("m.valid_to")},
    {"act", FIELD_TEXT, LIST_SHOWN, "m.act"},
    {0}};
static const struct list directory_members = {.name = "members",
                                              .order = "id",
                                              .key = "id",
                                              .columns = member_columns,
                                              .from = "body_member m",
                                              .where = "+" HELD("m"),
                                              .options = at_day};

static const struct list_column unit_columns[] = {{"id", FIELD_INTEGER, RANGE_KEY, "u.id"},
                                                  {"code", FIELD_TEXT, RANGE_KEY, "u.code"},
                                                  {"name", FIELD_TEXT, LIST_SHOWN, PEOPLE_UNIT_NAME},
                                                  {"kind", FIELD_TEXT, LIST_FILTER, "u.kind"},
                                                  {0}};
static const struct list directory_units = {.name = "units",
                                            .order = "code",
                                            .key = "id",
                                            .columns = unit_columns,
                                            .from = "unit u",
                                            .where = HELD("u"),
                                            .options = at_day};

static const struct list_option delegation_options[] = {
    {"at", "date", "The day on which they hold; else today."}, {"person", "person", "From or to this person."}, {0}};
static const struct list_column delegation_columns[] = {
    {"id", FIELD_INTEGER, RANGE_KEY, "d.id"},
    {"from", FIELD_TEXT, LIST_FILTER, PERSON_CODE("d.from_person"), .by = "d.from_person", .lookup = PERSON_ID},
    {"to", FIELD_TEXT, LIST_FILTER, PERSON_CODE("d.to_person"), .by = "d.to_person", .lookup = PERSON_ID},
    {"position", FIELD_TEXT, LIST_SHOWN, "d.position"},
    {"role", FIELD_TEXT, LIST_SHOWN, "d.role"},
    {"unit", FIELD_TEXT, LIST_FILTER, UNIT_CODE("d.unit"), .by = "d.unit", .lookup = UNIT_ID},
    {"body", FIELD_TEXT, LIST_SHOWN, "d.body"},
    {"since", FIELD_DATE, LIST_SHOWN, DAY("d.valid_from")},
    {"until", FIELD_DATE, LIST_SHOWN, LAST_DAY("d.valid_to")},
    {"act", FIELD_TEXT, LIST_SHOWN, "d.act"},
    {"holds", FIELD_BOOLEAN, LIST_SHOWN, NULL},
    {0}};
static const struct list directory_delegations = {.name = "delegations",
                                                  .order = "id",
                                                  .key = "id",
                                                  .columns = delegation_columns,
                                                  .from = "delegation d",
                                                  .where = "+" HELD("d"),
                                                  .select = PEOPLE_DELEGATION_COLUMNS,
                                                  .options = delegation_options};

/* The page of a list that holds on a day: ?2. */
static int list_of_day(struct api_call *c)
{
    struct list_query q;
    int64_t day;
    int rc = people_arg_day(c, "at", val_get(&c->args[0], "at"), &day);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    struct list_rows how = {.bound = {val_nil(), val_int(day)}, .nbound = 2};
    return rc ? rc : api_list(c, &q, &how);
}

static int list_all(struct api_call *c)
{
    struct list_query q;
    struct list_rows how = {0};
    int rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : api_list(c, &q, &how);
}

static int persons(struct api_call *c)
{
    int rc = people_check(c->s, "people.read", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : list_all(c);
}

/* Holders of positions, members of bodies. */
static int holders(struct api_call *c)
{
    int rc = people_check(c->s, "people.read", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : list_of_day(c);
}

/* The tree is everybody's who is known. */
static int known(struct api_call *c)
{
    if (c->s->actor.user != PEOPLE_ANONYMOUS) return 0;
    return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
}

static int positions(struct api_call *c)
{
    int rc = known(c);
    return rc ? rc : list_all(c);
}

static int dated(struct api_call *c)
{
    int rc = known(c);
    return rc ? rc : list_of_day(c);
}

static int sessions(struct api_call *c)
{
    struct people_account account;
    struct list_query q;
    int rc = people_check(c->s, "user.sessions", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_arg_account(c, &c->args[0], &account);
    if (rc == 0) rc = api_list_read(c, &c->args[1], &q);
    if (rc) return rc;
    return auth_session_list(c->s->host->auth, c->s->db, account.id, c->s->now, 0, &q, c->arena, &c->result,
                             &c->s->next, c->err);
}

/* One's own are seen by everybody; all, by who may arrange them. */
static int delegations(struct api_call *c)
{
    struct list_query q;
    int64_t person = 0, day = 0;
    int rc = people_arg_id(c, &people_person_kind, "person", val_get(&c->args[0], "person"), &person);
    if (rc == 0) rc = people_arg_day(c, "at", val_get(&c->args[0], "at"), &day);
    if (rc == 0 && !(person && person == c->s->actor.person))
        rc = people_check(c->s, "people.delegate", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    if (rc) return rc;
    struct people_delegation_reader reader = {c->s->db, day};
    struct list_rows how = {.bound = {val_int(person), val_int(day)},
                            .nbound = 2,
                            .where = person ? "(d.from_person = ?1 or d.to_person = ?1)" : NULL,
                            .read = people_delegation_show,
                            .ctx = &reader};
    return api_list(c, &q, &how);
}

static const char *const find_kinds[] = {"person", "unit", NULL};

static int find(struct api_call *c)
{
    const char *kind = api_str(&c->args[0]), *text = api_str(&c->args[1]);
    for (int i = 0; kind && find_kinds[i]; i++)
        if (strcmp(kind, find_kinds[i]) == 0)
            return people_find(c->s, (enum people_find_kind)(i + 1), text ? text : "", c->arena, &c->result, c->err);
    return err_set(c->err, ERR_INVALID, "people.find_kind", NULL);
}

const struct api_fn directory_functions[] = {
    {"user.sessions", sessions, "name:text! options:map", "list", API_READ, API_HOST, 1, "Sessions of an account.",
     .guarded = true, .list = &auth_session_rows},
    {"people.person_list", persons, "options:map", "list", API_READ, API_HOST, 1, "Persons.", .guarded = true,
     .list = &directory_persons},
    {"people.position_list", positions, "options:map", "list", API_READ, API_HOST, 1, "Positions.",
     .list = &directory_positions},
    {"people.holder_list", holders, "options:map", "list", API_READ, API_HOST, 1,
     "Who holds which position where, on the day {at}, else today.", .guarded = true, .list = &directory_holders},
    {"people.member_list", holders, "options:map", "list", API_READ, API_HOST, 1,
     "Who sits in which body, on the day {at}, else today.", .guarded = true, .list = &directory_members},
    {"people.body_list", dated, "options:map", "list", API_READ, API_HOST, 1, "Bodies of a day {at}, else of today.",
     .list = &directory_bodies},
    {"org.units", dated, "options:map", "list", API_READ, API_HOST, 1, "The units of a day {at}, else of today.",
     .list = &directory_units},
    {"people.find", find, "kind:text! name:text!", "list", API_READ, API_HOST, 1,
     "Persons or units (kind) by beginnings of the words of their name, without marks: { id, code, name, where }.",
     .gives = "id:integer! code:text name:text where:text"},
    {"people.delegation_list", delegations, "options:map", "list", API_READ, API_HOST, 1,
     "Delegations that hold on the day {at}, from or to a {person} or all.", .list = &directory_delegations},
    {0},
};
