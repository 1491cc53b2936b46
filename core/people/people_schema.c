/* The tables of the organisation. Everything about it is dated, since old records keep the tree,
 * the names and the holders of their day; intervals are [valid_from, valid_to) in days. What a role
 * allows is rows, too. */
#include "people/people.h"

static const char units[] = "create table unit("
                            " id integer primary key,"
                            " code text not null unique,"
                            " kind text not null,"
                            " valid_from integer not null,"
                            " valid_to integer);"
                            "create table unit_name("
                            " unit integer not null, valid_from integer not null, valid_to integer, name text not null,"
                            " primary key(unit, valid_from)) without rowid;"
                            "create table unit_parent("
                            " unit integer not null, valid_from integer not null, valid_to integer, parent integer not "
                            "null,"
                            " primary key(unit, valid_from)) without rowid;"
                            "create index unit_parent_down on unit_parent(parent, unit, valid_from, valid_to);"
                            "create table unit_successor("
                            " unit integer not null, day integer not null, successor integer not null default 0,"
                            " how text not null check(how in ('merge','split','rename','abolish')), act text,"
                            " primary key(unit, day, successor)) without rowid;";

static const char persons[] =
    "create table person("
    " id integer primary key, code text not null unique, name text not null, email text);"
    "create table position(code text primary key, title text not null) without rowid;"
    "create table position_role("
    " position text not null, role text not null, primary key(position, role)) without rowid;"
    "create index position_role_role on position_role(role);"
    "create table position_held("
    " id integer primary key, person integer not null, position text not null, unit integer not "
    "null,"
    " valid_from integer not null, valid_to integer, act text);"
    "create unique index position_held_unit on position_held(position, unit, person, valid_from);"
    "create index position_held_person on position_held(person, position, unit);"
    "create table role_held("
    " id integer primary key, person integer, account integer, role text not null, unit integer,"
    " valid_from integer not null, valid_to integer,"
    " check((person is null) <> (account is null)));"
    "create index role_held_person on role_held(person, role) where person is not null;"
    "create index role_held_account on role_held(account, role) where account is not null;"
    "create index role_held_role on role_held(role, unit);"
    "create table role_verb(role text not null, verb text not null, primary key(role, verb)) "
    "without rowid;"
    "create table delegation("
    " id integer primary key, from_person integer not null, to_person integer not null,"
    " position text, role text, unit integer, valid_from integer not null, valid_to integer not "
    "null,"
    " act text, created_at integer not null,"
    " check(from_person <> to_person), check(valid_to > valid_from));"
    "create index delegation_to on delegation(to_person, valid_to);"
    "create index delegation_from on delegation(from_person, valid_to);";

static const char accounts[] =
    "create table account("
    " id integer primary key, name text not null unique, person integer, lang text,"
    " admin integer not null default 0, created_at integer not null, disabled_at integer);"
    "create index account_person on account(person) where person is not null;"
    "create table token("
    " id integer primary key, hash blob not null unique, account integer not null, label text, "
    "scope text,"
    " created_at integer not null, expires_at integer, revoked_at integer);"
    "create index token_account on token(account);"
    "create table calendar_year(year integer primary key, weekend integer not null);"
    "create table calendar_day(day integer primary key, works integer not null, name text);";

/* What the usual roles allow; an organisation changes these rows by its import. */
static const char roles[] =
    "insert into role_verb(role, verb) values"
    "('author','content.create'),('author','content.edit'),('author','content.submit'),"
    "('author','content.read_draft'),('author','flow.start'),('author','flow.read'),('author','"
    "task.decide'),"
    "('editor','content.create'),('editor','content.edit'),('editor','content.submit'),"
    "('editor','content.read_draft'),('editor','content.approve'),('editor','content.send_back'),"
    "('editor','content.schedule'),('editor','content.publish'),('editor','content.correct'),"
    "('editor','content.retract'),('editor','content.archive'),('editor','flow.start'),('editor','"
    "flow.read'),"
    "('editor','task.decide'),('editor','report.run'),"
    "('reader','content.read_draft'),('reader','flow.read'),('reader','report.run'),"
    "('operator','flow.*'),('operator','schedule.*'),('operator','report.run'),"
    "('clerk','storage.read'),('clerk','storage.write'),('clerk','flow.start'),('clerk','flow.read'"
    "),"
    "('clerk','task.decide'),('clerk','report.run');";

static const char auditor[] = "insert into role_verb(role, verb) values('auditor','audit.read');";

static const char privacy[] = "insert into role_verb(role, verb) values('privacy','audit.erase');";

static const char place[] = "create table place(name text primary key, value text not null) without rowid;";

/* Bodies with terms and members; a position may be the deputy of another; who may change the organisation. */
static const char bodies[] =
    "create table body("
    " id integer primary key, code text not null unique, name text not null, unit integer not null,"
    " valid_from integer not null, valid_to integer);"
    "create index body_unit on body(unit);"
    "create table body_term("
    " body integer not null, valid_from integer not null, valid_to integer, name text not null,"
    " primary key(body, valid_from)) without rowid;"
    "create table body_member("
    " id integer primary key, body integer not null, person integer not null, capacity text,"
    " valid_from integer not null, valid_to integer, act text);"
    "create unique index body_member_body on body_member(body, person, valid_from);"
    "create index body_member_person on body_member(person, body);"
    "alter table position add column deputy_of text;"
    "alter table position add column rank integer;"
    "alter table delegation add column body integer;"
    "create index delegation_unit on delegation(unit) where unit is not null;"
    "create index position_held_here on position_held(unit);"
    "create index role_held_unit on role_held(unit) where unit is not null;"
    "create index role_verb_verb on role_verb(verb, role);"
    "create index unit_successor_next on unit_successor(successor, unit, day);"
    "insert into role_verb(role, verb) values('organiser','people.*');";

/* What lists are filtered by. */
static const char lists[] = "create index person_email on person(email) where email is not null;"
                            "create index account_admin on account(admin);"
                            "create index unit_kind on unit(kind, code);";

/* Who made a token, and by showing which other one. */
static const char tokens[] = "alter table token add column made_by integer;"
                             "alter table token add column made_with integer;"
                             "create index token_made_with on token(made_with) where made_with is not null;";

/* With an account end the tokens that it made for others. */
static const char makers[] = "create index token_made_by on token(made_by) where made_by is not null;";

/* What nobody ever asked for: whoever is asked decides, and tables are their plugin's. */
static const char verbs[] = "delete from role_verb where role in ('author','editor','clerk') and verb in"
                            " ('task.decide','storage.write');";

/* Folded words of the names of persons (kind 1) and units (2), by which they are found. */
static const char words[] = "create table people_word(kind integer not null, word text not null, id integer not null,"
                            " primary key(kind, word, id)) without rowid;"
                            "create index people_word_of on people_word(kind, id, word);";

/* Who has the same address, whichever way it is written. */
static const char alike[] = "create index person_mail on person(lower(email)) where email is not null;";

const struct store_migration people_migrations[] = {
    {"people/001", units},       {"people/002", persons},   {"people/003", accounts},
    {"people/004", roles},       {"people/005", place},     {"people/alike", alike},
    {"people/audit", auditor},   {"people/bodies", bodies}, {"people/lists", lists},
    {"people/privacy", privacy}, {"people/tokens", tokens}, {"people/tokens_made", makers},
    {"people/verbs", verbs},     {"people/words", words},   {0},
};
