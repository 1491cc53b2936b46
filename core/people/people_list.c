/* The lists. A statement gives a column's value as text or integer; days as numbers, words with blanks between. */
#include "people/people_list.h"

#include <string.h>

/* Holds on the day, or any day is meant. */
#define GIVEN(t) "(?2 is null or (" HELD(t) "))"

static const struct people_column units[] = {{"code", CELL_CODE, false},      {"name", CELL_TEXT, false},
                                             {"kind", CELL_TEXT, false},      {"parent", CELL_UNIT, false},
                                             {"from", CELL_DATE, false},      {"to", CELL_DATE, false},
                                             {"name_from", CELL_DATE, false}, {"parent_from", CELL_DATE, false},
                                             {"names", CELL_ANY, false},      {0}};
static const struct people_column unit_names[] = {
    {"unit", CELL_UNIT, true}, {"name", CELL_TEXT, true}, {"from", CELL_DATE, false}, {0}};
static const struct people_column unit_parents[] = {
    {"unit", CELL_UNIT, true}, {"parent", CELL_UNIT, true}, {"from", CELL_DATE, false}, {0}};
static const struct people_column changes[] = {{"how", CELL_TEXT, true},     {"from", CELL_UNITS, false},
                                               {"unit", CELL_UNITS, false},  {"parts", CELL_UNITS, false},
                                               {"into", CELL_ANY, false},    {"name", CELL_TEXT, false},
                                               {"parent", CELL_UNIT, false}, {"day", CELL_DATE, true},
                                               {"act", CELL_TEXT, false},    {0}};
static const struct people_column successors[] = {{"unit", CELL_UNIT, true}, {"day", CELL_DATE, true},
                                                  {"how", CELL_TEXT, true},  {"successor", CELL_UNIT, false},
                                                  {"act", CELL_TEXT, false}, {0}};
static const struct people_column roles[] = {{"name", CELL_TEXT, true}, {"verbs", CELL_VERBS, false}, {0}};
static const struct people_column positions[] = {{"code", CELL_CODE, true},    {"title", CELL_TEXT, false},
                                                 {"roles", CELL_WORDS, false}, {"deputy_of", CELL_TEXT, false},
                                                 {"rank", CELL_NUMBER, false}, {0}};
static const struct people_column persons[] = {
    {"code", CELL_CODE, true}, {"name", CELL_TEXT, true}, {"email", CELL_TEXT, false}, {0}};
static const struct people_column bodies[] = {{"code", CELL_CODE, true}, {"name", CELL_TEXT, true},
                                              {"unit", CELL_UNIT, true}, {"from", CELL_DATE, false},
                                              {"to", CELL_DATE, false},  {0}};
static const struct people_column body_terms[] = {
    {"body", CELL_BODY, true}, {"name", CELL_TEXT, true}, {"from", CELL_DATE, false}, {"to", CELL_DATE, false}, {0}};
static const struct people_column body_members[] = {{"body", CELL_BODY, true},      {"person", CELL_PERSON, true},
                                                    {"capacity", CELL_TEXT, false}, {"term", CELL_TEXT, false},
                                                    {"from", CELL_DATE, false},     {"to", CELL_DATE, false},
                                                    {"act", CELL_TEXT, false},      {0}};
static const struct people_column holders[] = {{"position", CELL_TEXT, true},
                                               {"person", CELL_PERSON, true},
                                               {"unit", CELL_UNIT, true},
                                               {"from", CELL_DATE, false},
                                               {"to", CELL_DATE, false},
                                               {"act", CELL_TEXT, false},
                                               {0}};
static const struct people_column delegations[] = {{"from", CELL_PERSON, true},    {"to", CELL_PERSON, true},
                                                   {"position", CELL_TEXT, false}, {"role", CELL_TEXT, false},
                                                   {"unit", CELL_UNIT, false},     {"body", CELL_BODY, false},
                                                   {"since", CELL_DATE, true},     {"until", CELL_DATE, true},
                                                   {"act", CELL_TEXT, false},      {0}};
static const struct people_column users[] = {{"name", CELL_CODE, true},      {"person", CELL_PERSON, false},
                                             {"lang", CELL_TEXT, false},     {"admin", CELL_BOOL, false},
                                             {"disabled", CELL_BOOL, false}, {0}};
static const struct people_column role_holders[] = {{"role", CELL_TEXT, true},
                                                    {"person", CELL_PERSON, false},
                                                    {"user", CELL_USER, false},
                                                    {"unit", CELL_UNIT, false},
                                                    {"from", CELL_DATE, false},
                                                    {"to", CELL_DATE, false},
                                                    {0}};
static const struct people_column calendar[] = {{"year", CELL_NUMBER, true},
                                                {"weekend", CELL_WORDS, false},
                                                {"holidays", CELL_DATES, false},
                                                {"working", CELL_DATES, false},
                                                {0}};

#define UNIT_CODE(id) "(select u2.code from unit u2 where u2.id = " id ")"
#define PERSON_CODE(id) "(select p2.code from person p2 where p2.id = " id ")"
#define BODY_CODE(id) "(select b2.code from body b2 where b2.id = " id ")"

/* Days of the year y that are so. */
#define CALENDAR_DAYS(which)                                                                                           \
    "(select group_concat(day, ' ') from (select date(d.day * 86400, 'unixepoch') as day from calendar_day d "         \
    "where " which                                                                                                     \
    " and d.day between strftime('%s', y.year || '-01-01') / 86400 and strftime('%s', y.year || '-12-31') /"           \
    " 86400 order by d.day))"

const struct people_list people_lists[] = {
    {"units", units, "code",
     "select u.code, n.name, u.kind, " UNIT_CODE(
         "p.parent") " as parent, u.valid_from as \"from\", u.valid_to as"
                     " \"to\", nullif(n.valid_from, u.valid_from) as name_from, nullif(p.valid_from, u.valid_from) as "
                     "parent_from from"
                     " unit u left join unit_name n on n.unit = u.id and n.valid_from = (select max(m.valid_from) from "
                     "unit_name m where"
                     " m.unit = u.id and (?2 is null or m.valid_from <= ?2)) left join unit_parent p on p.unit = u.id "
                     "and p.valid_from ="
                     " (select max(q.valid_from) from unit_parent q where q.unit = u.id and (?2 is null or "
                     "q.valid_from <= ?2)) where " GIVEN("u") " order by u.code"},
    {"unit_names", unit_names, "unit from",
     "select u.code as unit, n.name, n.valid_from as \"from\" from unit_name n join unit u on u.id = n.unit where ?2 is"
     " null and n.valid_from < (select max(m.valid_from) from unit_name m where m.unit = n.unit) order by u.code,"
     " n.valid_from"},
    {"unit_parents", unit_parents, "unit from",
     "select u.code as unit, " UNIT_CODE(
         "p.parent") " as parent, p.valid_from as \"from\" from unit_parent p join unit u"
                     " on u.id = p.unit where ?2 is null and p.valid_from < (select max(q.valid_from) from unit_parent "
                     "q where q.unit ="
                     " p.unit) order by u.code, p.valid_from"},
    {"successors", successors, "unit day successor",
     "select u.code as unit, r.day, r.how, " UNIT_CODE(
         "r.successor") " as successor, r.act from unit_successor r join"
                        " unit u on u.id = r.unit where ?2 is null order by u.code, r.day, 4"},
    {"changes", changes, "how day from unit", NULL},
    {"roles", roles, "name",
     "select r.role as name, (select group_concat(verb, ' ') from (select v.verb from role_verb v where v.role = r.role"
     " order by v.verb)) as verbs from role_verb r group by r.role order by r.role"},
    {"positions", positions, "code",
     "select p.code, p.title, (select group_concat(role, ' ') from (select r.role from position_role r where "
     "r.position ="
     " p.code order by r.role)) as roles, p.deputy_of, p.rank from position p order by p.code"},
    {"persons", persons, "code", "select code, name, email from person order by code"},
    {"bodies", bodies, "code",
     "select b.code, b.name, " UNIT_CODE(
         "b.unit") " as unit, b.valid_from as \"from\", b.valid_to as \"to\" from body b"
                   " where " GIVEN("b") " order by b.code"},
    {"body_terms", body_terms, "body from",
     "select " BODY_CODE("t.body") " as body, t.name, t.valid_from as \"from\", t.valid_to as \"to\" from body_term t"
                                   " where " GIVEN("t") " order by 1, t.valid_from"},
    {"body_members", body_members, "body person from",
     "select " BODY_CODE("m.body") " as body, " PERSON_CODE(
         "m.person") " as person, m.capacity, m.valid_from as"
                     " \"from\", m.valid_to as \"to\", m.act from body_member m where " GIVEN(
                         "m") " order by 1, 2, m.valid_from"},
    {"holders", holders, "position person unit from",
     "select h.position, " PERSON_CODE("h.person") " as person, " UNIT_CODE(
         "h.unit") " as unit, h.valid_from as"
                   " \"from\", h.valid_to as \"to\", h.act from position_held h where " GIVEN(
                       "h") " order by 3, 1, 2, h.valid_from"},
    {"delegations", delegations, "from to position role unit body since",
     "select " PERSON_CODE("d.from_person") " as \"from\", " PERSON_CODE(
         "d.to_person") " as \"to\", d.position, d.role,"
                        " " UNIT_CODE("d.unit") " as unit, " BODY_CODE(
                            "d.body") " as body, d.valid_from as since, d.valid_to - 1 as until,"
                                      " d.act from delegation d where " GIVEN("d") " order by 1, 2, since, 3, 4, 5, 6"},
    {"users", users, "name",
     "select c.name, " PERSON_CODE("c.person") " as person, c.lang, c.admin, c.disabled_at is not null as disabled from"
                                               " account c order by c.name"},
    {"role_holders", role_holders, "role person user unit from",
     "select h.role, " PERSON_CODE(
         "h.person") " as person, (select c.name from account c where c.id = h.account) as"
                     " user, " UNIT_CODE("h.unit") " as unit, h.valid_from as \"from\", h.valid_to as \"to\" from "
                                                   "role_held h where " GIVEN(
                                                       "h") " order by 1, 2, 3, 4, h.valid_from"},
    {"calendar", calendar, "year",
     "select y.year, trim(iif(weekend & 1, 'sun ', '') || iif(weekend & 2, 'mon ', '') || iif(weekend & 4, 'tue ', '')"
     " || iif(weekend & 8, 'wed ', '') || iif(weekend & 16, 'thu ', '') || iif(weekend & 32, 'fri ', '') ||"
     " iif(weekend & 64, 'sat', '')) as weekend, " CALENDAR_DAYS("d.works = 0") " as holidays, " CALENDAR_DAYS(
         "d.works <> 0") " as working from calendar_year y order by y.year"},
    {0}};

const struct people_list *people_list_find(const char *name, size_t len)
{
    for (const struct people_list *l = people_lists; l->name; l++)
        if (strlen(l->name) == len && memcmp(l->name, name, len) == 0) return l;
    return NULL;
}

const struct people_column *people_column_find(const struct people_list *list, const char *name)
{
    for (const struct people_column *c = list->columns; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

bool people_cell_is_list(enum people_cell_type type)
{
    return type == CELL_UNITS || type == CELL_WORDS || type == CELL_VERBS || type == CELL_DATES;
}
