/* user.add, user.show, user.list, user.disable, user.enable: accounts, for who administers them. */
#include <string.h>

#include "base/locale.h"
#include "people/auth.h"
#include "people/own.h"
#include "people/people_internal.h"
#include "plugin/api_list.h"

/* The verb is the function's name. */
static int enter(struct api_call *c, struct people_account *account)
{
    int rc = people_check(c->s, c->fn->name, PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : people_arg_account(c, &c->args[0], account);
}

static int add(struct api_call *c)
{
    const struct val *o = &c->args[1], *lang = val_get(o, "lang");
    struct people_account_new n = {.name = api_str(&c->args[0]), .admin = val_get_bool(o, "admin", false)};
    struct people_powers *before = NULL;
    int64_t id = 0;
    int rc = people_check(c->s, "user.add", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_powers_read(c->s, false, c->arena, &before, c->err);
    if (rc == 0) rc = people_arg_id(c, &people_person_kind, "person", val_get(o, "person"), &n.person);
    if (rc) return rc;
    n.lang = lang ? api_str(lang) : NULL;
    if (n.lang && strcmp(locale_pick(n.lang), n.lang) != 0)
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "lang", NULL);
    rc = people_account_add(c->s->db, &n, c->s->now, &id, c->err);
    if (rc == 0) rc = people_powers_check(c->s, before, c->arena, c->err);
    if (rc) return rc;
    c->result = val_map();
    if (val_set(c->arena, &c->result, "id", val_int(id)) || val_set(c->arena, &c->result, "name", c->args[0]))
        return people_too_large(c->err);
    return 0;
}

static const char user_sql[] =
    "select c.id, c.name, p.name, p.code, c.lang, c.admin, c.disabled_at, c.created_at from account c"
    " left join person p on p.id = c.person where c.id = ?1";

static int fill(struct api_call *c, struct stmt *s)
{
    static const char *const texts[] = {NULL, "name", "person", "person_code", "lang"};
    struct val *out = &c->result;
    *out = val_map();
    int rc = val_set(c->arena, out, "id", val_int(stmt_int(s, 0)));
    for (int i = 1; rc == 0 && i < 5; i++) {
        const char *text = people_text(s, i, c->arena);
        if (!stmt_is_null(s, i)) rc = text ? val_set(c->arena, out, texts[i], val_str(text)) : ERR_NOMEM;
    }
    if (rc == 0) rc = val_set(c->arena, out, "admin", val_bool(stmt_int(s, 5) != 0));
    if (rc == 0) rc = val_set(c->arena, out, "disabled", val_bool(!stmt_is_null(s, 6)));
    return rc ? rc : val_set(c->arena, out, "created", val_int(stmt_int(s, 7)));
}

static int show(struct api_call *c)
{
    struct people_account account;
    int rc = people_arg_own_account(c, "user.list", NULL, &account);
    if (rc) return rc;
    int totp = auth_totp_is_on(c->s->db, account.id, c->err);
    if (totp < 0) return totp;
    struct stmt *s = store_stmt(c->s->db, user_sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, account.id);
    rc = stmt_step(s, c->err);
    if (rc == 1 && (fill(c, s) || val_set(c->arena, &c->result, "totp", val_bool(totp == 1))))
        rc = people_too_large(c->err);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Somebody must be left who can let others in; the operator of the machine can always make one more. */
static int check_last(struct api_call *c, const struct people_account *account)
{
    static const char sql[] = "select 1 from account where admin = 1 and disabled_at is null and id <> ?1 limit 1";
    int64_t one;
    bool operator= !c->s->actor.user && !c->s->actor.person;
    if (!account->admin || operator) return 0;
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, account->id);
    int rc = people_one(s, &one, c->err);
    return rc ? (rc < 0 ? rc : 0) : err_set(c->err, ERR_CONFLICT, "people.last_admin", NULL);
}

/* For good: whoever is let in again logs in anew, and makes new tokens. */
static int disable(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    if (rc == 0) rc = check_last(c, &account);
    if (rc == 0) rc = people_account_disable(c->s->db, account.id, true, c->s->now, c->err);
    return rc ? rc : auth_session_end_all(c->s, account.id, 0, c->err);
}

static int enable(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    return rc ? rc : people_account_disable(c->s->db, account.id, false, c->s->now, c->err);
}

static const struct list_column columns[] = {
    {"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "c.id"},
    {"name", FIELD_TEXT, LIST_RANGE | LIST_SORT, "c.name"},
    {"person", FIELD_TEXT, LIST_SHOWN, "(select p.name from person p where p.id = c.person)"},
    {"lang", FIELD_TEXT, LIST_SHOWN, "c.lang"},
    {"admin", FIELD_BOOLEAN, LIST_FILTER, "c.admin"},
    {"disabled", FIELD_BOOLEAN, LIST_SHOWN, "c.disabled_at is not null"},
    {0}};
static const struct list user_rows = {
    .name = "users", .order = "name", .key = "id", .columns = columns, .from = "account c"};

static int list(struct api_call *c)
{
    struct list_query q;
    struct list_rows how = {0};
    int rc = people_check(c->s, "user.list", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : api_list(c, &q, &how);
}

static const struct list_column alike_columns[] = {{"name", FIELD_TEXT, LIST_RANGE | LIST_SORT},
                                                   {"person", FIELD_TEXT, LIST_SHOWN},
                                                   {"by", FIELD_JSON, LIST_SHOWN},
                                                   {"others", FIELD_JSON, LIST_SHOWN},
                                                   {0}};
static const struct list alike_rows = {.name = "users alike", .order = "name", .key = "name", .columns = alike_columns};

static int alike(struct api_call *c)
{
    struct val all;
    int rc = people_check(c->s, "user.list", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_alike_all(c->s->db, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
}

const struct api_fn account_functions[] = {
    {"user.add", add, "name:text! options:map{person:any,lang:text,admin:boolean}", "map", API_WRITE, API_HOST, 1,
     "Makes an account: { person, lang, admin }. It logs in by a link (user.reset_link).",
     .gives = "id:integer! name:text!"},
    {"user.show", show, "name:text!", "map", API_READ, API_HOST, 1, "An account: one's own, or as an administrator.",
     .gives = "id:integer! name:text! person:text person_code:text lang:text admin:boolean! disabled:boolean! "
              "created:integer! totp:boolean!"},
    {"user.list", list, "options:map", "list", API_READ, API_HOST, 1, "Accounts.", .list = &user_rows},
    {"user.alike", alike, "options:map", "list", API_READ, API_HOST, 1,
     "Accounts behind which there may be one human: by what they have in common (person, mail, name, subject).",
     .list = &alike_rows},
    {"user.disable", disable, "name:text!", "", API_WRITE, API_HOST, 1,
     "Ends an account, its sessions, its tokens and those that it made for others."},
    {"user.enable", enable, "name:text!", "", API_WRITE, API_HOST, 1,
     "Lets an account in again; its old sessions and tokens stay ended."},
    {0},
};
