/* user.add, user.edit, user.show, user.list, user.disable, user.enable: accounts, for who administers them. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
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

static int bad(struct api_call *c, const char *name)
{
    return err_set(c->err, ERR_INVALID, "http.parameter", "name", name, NULL);
}

/* Into *a, what is there; nil: nobody, the organisation's language. */
static int read_fields(struct api_call *c, const struct val *o, struct people_account *a)
{
    const struct val *person = val_get(o, "person"), *lang = val_get(o, "lang"), *admin = val_get(o, "admin");
    const char *word = lang && lang->type != VAL_NIL ? api_str(lang) : "";
    if (!word || (*word && strcmp(locale_pick(word), word) != 0)) return bad(c, "lang");
    if (admin && admin->type != VAL_BOOL) return bad(c, "admin");
    if (lang) snprintf(a->lang, sizeof(a->lang), "%s", word);
    if (admin) a->admin = admin->as.b;
    if (val_is_str(person, "")) a->person = 0;
    return !person || val_is_str(person, "") ? 0 : people_arg_id(c, &people_person_kind, "person", person, &a->person);
}

static int add(struct api_call *c)
{
    struct people_account a = {0};
    struct people_powers *before = NULL;
    int64_t id = 0;
    int rc = people_check(c->s, "user.add", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_powers_read(c->s, false, c->arena, &before, c->err);
    if (rc == 0) rc = read_fields(c, &c->args[1], &a);
    if (rc) return rc;
    struct people_account_new n = {
        .name = api_str(&c->args[0]), .person = a.person, .lang = a.lang[0] ? a.lang : NULL, .admin = a.admin};
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

static int answer(struct api_call *c, const struct people_account *account)
{
    char *hash = arena_alloc(c->arena, DIGEST_HEX);
    int totp = auth_totp_is_on(c->s->db, account->id, c->err);
    if (totp < 0) return totp;
    if (!hash) return people_too_large(c->err);
    people_account_hash(account, hash);
    struct stmt *s = store_stmt(c->s->db, user_sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, account->id);
    int rc = stmt_step(s, c->err);
    if (rc == 1 && (fill(c, s) || val_set(c->arena, &c->result, "totp", val_bool(totp == 1)) ||
                    val_set(c->arena, &c->result, "hash", val_str(hash))))
        rc = people_too_large(c->err);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int show(struct api_call *c)
{
    struct people_account account;
    int rc = people_arg_own_account(c, "user.list", NULL, &account);
    return rc ? rc : answer(c, &account);
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

/* { person, lang, admin } of one side, where they differ. */
static int told(struct api_call *c, const struct people_account *a, const struct people_account *other, struct val *out)
{
    struct val person = a->person ? val_int(a->person) : val_nil(), lang = a->lang[0] ? val_str(a->lang) : val_nil();
    int rc = 0;
    *out = val_map();
    if (a->person != other->person) rc = val_set(c->arena, out, "person", person);
    if (rc == 0 && strcmp(a->lang, other->lang) != 0) rc = val_set(c->arena, out, "lang", lang);
    if (rc == 0 && a->admin != other->admin) rc = val_set(c->arena, out, "admin", val_bool(a->admin));
    return rc;
}

static int tell_edit(struct api_call *c, const struct people_account *was, const struct people_account *now)
{
    struct val before, after;
    if (told(c, was, now, &before) || told(c, now, was, &after)) return people_too_large(c->err);
    return audit_add(
        c->s,
        &(struct audit_entry){
            .verb = "user.edit", .kind = "user", .id = now->id, .name = now->name, .before = &before, .after = &after},
        c->err);
}

static bool is_same(const struct people_account *a, const struct people_account *b)
{
    return a->person == b->person && a->admin == b->admin && strcmp(a->lang, b->lang) == 0;
}

static int edit(struct api_call *c)
{
    struct people_account was, now;
    struct people_powers *before = NULL;
    int rc = enter(c, &was);
    if (rc) return rc;
    now = was;
    rc = read_fields(c, &c->args[1], &now);
    if (rc == 0 && !now.admin) rc = check_last(c, &was);
    if (rc == 0) rc = people_powers_read(c->s, false, c->arena, &before, c->err);
    if (rc || is_same(&was, &now)) return rc ? rc : answer(c, &now);
    rc = people_account_set(c->s->db, &now, c->s->now, c->err);
    if (rc == 0) rc = people_powers_check(c->s, before, c->arena, c->err);
    if (rc == 0) rc = tell_edit(c, &was, &now);
    return rc ? rc : answer(c, &now);
}

/* For good: whoever is let in again logs in anew, and makes new tokens. */
static int disable(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    if (rc == 0) rc = check_last(c, &account);
    return rc ? rc : people_account_disable(c->s->db, account.id, true, c->s->now, c->err);
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
                                                   {"by", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},
                                                   {"others", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},
                                                   {0}};
static const struct list alike_rows = {.name = "users alike", .order = "name", .key = "name", .columns = alike_columns};

static int alike(struct api_call *c)
{
    struct val all;
    int rc = people_check(c->s, "user.list", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = people_alike_all(c->s->db, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
}

#define USER                                                                                                           \
    "id:integer! name:text! person:text person_code:text lang:text admin:boolean! disabled:boolean! created:integer! " \
    "totp:boolean! hash:text!"

const struct api_fn account_functions[] = {
    {"user.add", add, "name:text! options:map{person:any,lang:text,admin:boolean}", "map", API_WRITE, API_HOST, 1,
     "Makes an account: { person, lang, admin }. It logs in by a link for a new password.",
     .gives = "id:integer! name:text!"},
    {"user.edit", edit, "name:text! changes:map{person:any,lang:text,admin:boolean}!", "map", API_WRITE, API_HOST, 1,
     "Changes whose account it is (none: nobody's), its language, or whether it is an administrator's. Of another "
     "person, its sessions and tokens end.",
     .tells = true, .tagged = "hash", .gives = USER},
    {"user.show", show, "name:text!", "map", API_READ, API_HOST, 1, "An account: one's own, or as an administrator.",
     .tagged = "hash", .gives = USER},
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
