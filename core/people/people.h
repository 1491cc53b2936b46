/* People: the organisation (all dated), accounts and tokens, and who may do what.
 *
 * Units have parents, names and successors with dates; persons hold positions and roles from–to; a
 * delegation lets one act for another. Days are int64_t days since 1970-01-01 in the organisation's
 * zone; an interval is [from, to), `to` null while it is open. Functions take a connection and keep
 * nothing: any thread with a connection of its own may call those that read.
 *
 *     int64_t day = people_day(host, now);
 *     rc = people_check(s, "content.publish", unit, err);      // 0, or ERR_DENIED "denied.verb" */
#ifndef KHUNG_PEOPLE_H
#define KHUNG_PEOPLE_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/val.h"
#include "plugin/session.h"
#include "store/store.h"

struct field_list;
struct api;
struct host;

extern const struct store_migration people_migrations[];
extern const struct val_kind people_unit_kind, people_person_kind, people_body_kind;

/* How local times in text are read: fills host->time. */
void people_attach(struct host *host);
/* people.*, unit:*, date.*, instant:*, number.*, text.*, json.*, id.*. */
void people_add_api(struct api *api, struct host *host);

/* The local day of an instant in the organisation's zone. */
int64_t people_day(const struct host *host, int64_t now);

/* The organisation's time zone and language: as given (and then kept), as kept, or those of Việt Nam. */
struct people_place {
    char zone[64], lang[8];
};
int people_place(struct store *db, const char *zone, const char *lang, struct people_place *out, struct err *err);

/* Units. 1 found, 0 not, or an error. Objects have code, name, kind (as of the day) and text. */
int people_unit_get(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out, struct err *err);
int people_unit_by_code(struct store *db, const char *code, int64_t *id, struct err *err);
/* A map of fields in which units and persons may stand as codes: with ids in their place. Borrows from `in`.
 * ERR_NOT_FOUND "people.no_unit", "people.no_person". */
int people_codes(struct store *db, const struct field_list *fields, const struct val *in, struct arena *a,
                 struct val *out, struct err *err);
int people_parent(struct store *db, int64_t unit, int64_t day, int64_t *parent, struct err *err);
/* Lists of unit objects, by code. */
int people_children(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err);
int people_units(struct store *db, int64_t day, struct arena *a, struct val *out, struct err *err);
/* The nearest unit above of a kind; kind NULL: the one at the top. */
int people_above(struct store *db, int64_t unit, const char *kind, int64_t day, int64_t *above, struct err *err);
/* { {unit =, day =, how = "merge" | "split" | "rename" | "abolish"}, … } */
int people_successors(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err);
/* 1 when `unit` is `top` or stands below it. */
int people_is_within(struct store *db, int64_t unit, int64_t top, int64_t day, struct err *err);

/* Persons. Objects have code, name and text. */
int people_person_get(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err);
int people_person_by_code(struct store *db, const char *code, int64_t *id, struct err *err);
int people_holders(struct store *db, const char *position, int64_t unit, int64_t day, struct arena *a, struct val *out,
                   struct err *err);
int people_has_holder(struct store *db, const char *position, int64_t unit, int64_t day, struct err *err); /* 1, 0 */
/* Its title; NULL when there is no such position. */
int people_position_title(struct store *db, const char *position, struct arena *a, const char **out, struct err *err);
/* The only unit with a holder of this position. ERR_INVALID "people.position_unit" when there is
 * none or several. */
int people_only_unit(struct store *db, const char *position, int64_t day, int64_t *unit, struct err *err);

/* Bodies: councils, committees, panels. Objects have code, name, text, unit (an id) and, on a day within one, term. */
int people_body_get(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out, struct err *err);
int people_body_by_code(struct store *db, const char *code, int64_t *id, struct err *err);
/* Person objects, by id, each with a field capacity if the seat has one ("chair"). */
int people_members(struct store *db, int64_t body, int64_t day, struct arena *a, struct val *out, struct err *err);
int people_is_member(struct store *db, int64_t body, int64_t person, int64_t day, struct err *err); /* 1, 0 */

/* How many days a person has held positions (NULL: any) up to and including a day. Days on which they held several
 * count once; what has no first day does not count. */
int people_service(struct store *db, int64_t person, const char *position, int64_t day, int64_t *days, struct err *err);

/* Who may decide what was asked of `target`: { person = } | { position =, unit = } | { role =, unit = } | { body = }.
 * 1 yes, with the capacity; 0 no, with cap->why a key of the catalogue. people/explain.h says why in full. */
struct people_capacity {
    char as[96];          /* "editor", "role:council", "body:panel", "person" */
    int64_t unit;         /* in which unit, or 0 */
    int64_t on_behalf_of; /* the person whose delegation is used, or 0 */
    int64_t delegation;
    const char *why; /* "may.holder" "may.role" "may.named" "may.member" "may.delegate" "may.none" */
};
int people_may_decide(struct session *s, const struct val *target, int64_t person, int64_t now,
                      struct people_capacity *cap, struct err *err);
/* 1 when at least one person may decide it now, and can come in to do it: 0 makes the task an orphan. */
int people_can_anybody(struct session *s, const struct val *target, int64_t now, struct err *err);

/* Whom a target reaches: all who may decide it today. Each person once; more than `most` are ERR_LIMIT
 * "people.too_many". Adds to the crowd; texts live in the arena. */
struct people_reached {
    int64_t person;
    const char *name, *email, *lang; /* email, lang: NULL when not known */
};
struct people_crowd {
    struct people_reached *of;
    size_t n, cap, most;
    bool ids_only; /* of those who hold it themselves; names and addresses are not read */
    bool can_act;  /* without those who cannot come in, unless one who stands in for them can */
};
int people_reach(struct session *s, const struct val *target, struct arena *a, struct people_crowd *crowd,
                 struct err *err);

/* The one policy. 0, or ERR_DENIED "denied.verb" {verb}. Deny by default: a verb is allowed by a
 * role that is held in the unit or above it (or by a position that carries the role). The system
 * itself (an actor that is all 0) and a run may do everything; an admin has system verbs only
 * (plugin.* user.* system.* flow.operate people.import people.export). */
enum {
    PEOPLE_ANONYMOUS = -1, /* actor.user of a request without a token: may nothing */
    PEOPLE_ANY_UNIT = -1,  /* unit: a role anywhere is enough */
    PEOPLE_WHOLE = 0,      /* unit: a role that is not tied to one: what concerns the whole organisation */
};
struct people_act {
    const char *verb;
    int64_t unit;
    const char *state; /* of the thing, for what a role allows in some states only (people/verb.h); NULL: not known */
    int64_t day;
};
int people_may(struct store *db, const struct actor *actor, const struct people_act *act, struct err *err);
/* Of what has no state, or where it is not known: what holds in some states only does not count. */
int people_policy(struct store *db, const struct actor *actor, const char *verb, int64_t unit, int64_t day,
                  struct err *err);
/* The same for a session: hooks, loop jobs and operators' commands of a plugin act by the plugin's own capabilities. */
int people_check(struct session *s, const char *verb, int64_t unit, struct err *err);
int people_check_in(struct session *s, const char *verb, int64_t unit, const char *state, struct err *err);

/* Reads an organisation from a tree: units, positions, persons, holders, roles, users, calendar.
 * Idempotent by code. `done` (may be NULL) gets the numbers of rows written by kind. */
int people_import(struct store *db, const struct val *tree, int64_t now, int64_t day, struct arena *a, struct val *done,
                  struct err *err);
/* The same for a session, at its time. Whoever chooses an account's person, or the address to which a link for a new
 * password is sent, has the account: so accounts, and the e-mail of persons who have one, are made and changed by who
 * may add accounts (user.add), and that is told to the audit by name. For others such rows may repeat what is there;
 * else ERR_DENIED "denied.accounts" {rows}. Nor does anybody take in more rights for themself (own.h). */
int people_import_by(struct session *s, const struct val *tree, int64_t day, struct arena *a, struct val *done,
                     struct err *err);
/* Which rows would give the session's account more: a list of { list, entry, what }. All of it is taken in to see that:
 * the caller rolls it back. */
int people_import_gains(struct session *s, const struct val *tree, int64_t day, struct arena *a, struct val *rows,
                        struct err *err);

/* Persons who may be one and the same human as person ?N, which is itself one of them: whoever reads their mail has the
 * accounts of all. A select of ids, for a statement that keeps duties apart. */
#define PEOPLE_ALIKE(n)                                                                                                \
    "select " n                                                                                                        \
    " union all select q.id from person p join person q on lower(q.email) = lower(p.email) and q.id <> p.id"           \
    " where p.id = " n " and p.email is not null and q.email is not null"
/* Other accounts of who may be the same human as this account, or this person (0: none): a list of { user, by }; by is
 * a list of "person", "mail", "name", "subject". And all accounts of which there are such: { name, person, by, others
 * }. */
int people_alike(struct store *db, int64_t account, int64_t person, struct arena *a, struct val *out, struct err *err);
int people_alike_all(struct store *db, struct arena *a, struct val *out, struct err *err);

/* Accounts. */
struct people_account {
    int64_t id, person;
    char name[64], lang[8];
    bool admin, disabled;
};
struct people_account_new {
    const char *name;
    int64_t person;   /* 0: none */
    const char *lang; /* NULL: the organisation's */
    bool admin;
};
int people_account_add(struct store *db, const struct people_account_new *n, int64_t now, int64_t *id, struct err *err);
int people_account_find(struct store *db, const char *name, struct people_account *out, struct err *err); /* 1, 0 */
int people_account_get(struct store *db, int64_t id, struct people_account *out, struct err *err);        /* 1, 0 */
/* Who acts by an account. ERR_NOT_FOUND "people.no_account", ERR_DENIED "people.account_off". */
int people_account_actor(struct store *db, const char *name, struct actor *out, struct err *err);
int people_account_is_on(struct store *db, int64_t id, struct err *err); /* 1; 0: disabled, or none */
int people_account_disable(struct store *db, int64_t id, bool disabled, int64_t now, struct err *err);
/* Person, language and whether it is an administrator's. Of another person than before, whoever is logged in as it is
 * not any more: sessions and tokens end. */
int people_account_set(struct store *db, const struct people_account *a, int64_t now, struct err *err);
/* What stands in it, as a digest: is it still the account that was read? */
void people_account_hash(const struct people_account *a, char out[DIGEST_HEX]);
/* How a person gets in: not at all, by an account, or not any more (all accounts are switched off). */
enum people_entry { PEOPLE_NO_ACCOUNT, PEOPLE_HAS_ACCOUNT, PEOPLE_LOCKED_OUT };
int people_entry(struct store *db, int64_t person, struct err *err);        /* one of these, or an error */
int people_is_reachable(struct store *db, int64_t person, struct err *err); /* 1; 0: locked out, or nobody */
/* SQL: the person of a column can come in. One without any account can, by a signed link. */
#define PEOPLE_CAN_ENTER(person)                                                                                       \
    "(not exists(select 1 from account own where own.person = " person                                                 \
    ") or exists(select 1 from account own where own.person = " person " and own.disabled_at is null))"

/* A role that is held in a unit and below (unit 0: everywhere), [from, to) in days; to 0: open. */
struct people_role {
    int64_t id, account, person, unit, from, to; /* account or person: whose; the other is 0 */
    const char *role;
};
/* Gives it. 0 and *id; 1: it is held already, by *id. ERR_NOT_FOUND "people.no_role". */
int people_role_give(struct store *db, const struct people_role *r, int64_t *id, struct err *err);
int people_role_get(struct store *db, int64_t id, struct arena *a, struct people_role *out, struct err *err); /* 1, 0 */
int people_role_end(struct store *db, const struct people_role *r, int64_t day, struct err *err);
/* May the caller do in the unit all that the role allows? 0, or ERR_DENIED "people.role_wider" {role, verb}. */
int people_role_is_within(struct session *s, const char *role, int64_t unit, struct err *err);

/* Tokens: bearer secrets, of which only the SHA-256 is kept. */
enum { PEOPLE_TOKEN_LEN = 43 };
struct people_token_new {
    int64_t account;
    const char *label; /* "phone", or NULL */
    const char *scope; /* verbs it is good for, separated by spaces ("content.read_draft report.*");
                          NULL: all */
    int64_t expires;   /* ms; 0: never */
    int64_t made_by;   /* the account that made it; 0: the operator */
    int64_t made_with; /* the token that was shown for it; 0: none */
};
/* The token is shown this once. */
int people_token_make(struct store *db, const struct people_token_new *n, int64_t now, char out[PEOPLE_TOKEN_LEN],
                      int64_t *id, struct err *err);
struct people_login {
    struct actor actor;
    int64_t token, session; /* one of them: what it was made known by */
    char name[64], lang[8], scope[160];
};
/* 1 and the actor; 0: no such token, expired, revoked or the account is disabled. One indexed read,
 * no write. */
int people_token_check(struct store *db, const char *token, size_t len, int64_t now, struct people_login *out,
                       struct err *err);
/* Is the verb within the token's scope? ERR_DENIED "denied.token" {verb}. */
int people_token_allows(const struct people_login *login, const char *verb, struct err *err);
struct people_token {
    int64_t id, account, expires;
    char scope[160];
};
int people_token_get(struct store *db, int64_t id, struct people_token *out, struct err *err); /* 1, 0 */
/* With those that were made by showing it. */
int people_token_revoke(struct store *db, int64_t id, int64_t now, struct err *err);
/* An account's own; what it made for others stays. */
int people_token_revoke_all(struct store *db, int64_t account, int64_t now, struct err *err);

#endif
