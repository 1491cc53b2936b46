/* user.token, user.tokens, user.revoke: bearer tokens. One's own are everybody's; those of others, the administrators'.
 *
 * A token that was made by showing a token is good for no more and no longer than that one, and ends with it: whoever
 * steals one cannot make a better one of it. Who made a token is told in the audit and in the list, and what is done by
 * showing it is told with its number ("http 10.0.0.7 r-12ab t-17"). */
#include <string.h>

#include "audit/audit.h"
#include "people/people_internal.h"
#include "people/time.h"
#include "plugin/api_list.h"

enum { TOKENS_MAX = 100, DAYS_MAX = 36500, LABEL_MAX = 200 };

/* As a time, a duration from now on, or a number of days from 1 on. Neither is told: 0, it has no end. */
static int read_expires(struct api_call *c, const struct val *o, int64_t *ms)
{
    const struct val *expires = val_get(o, "expires"), *told = val_get(o, "days");
    int64_t days = val_get_int(o, "days", 0);
    bool has_days = told && told->type != VAL_NIL;
    *ms = 0;
    if (has_days && (days < 1 || days > DAYS_MAX))
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "days", NULL);
    if (has_days) *ms = c->s->now + days * 86400000;
    if (!expires || expires->type == VAL_NIL) return 0;
    int rc = people_deadline(c->s, expires, c->s->now, ms, c->err);
    if (rc == 0 && *ms <= c->s->now) rc = err_set(c->err, ERR_INVALID, "http.parameter", "name", "expires", NULL);
    return rc;
}

/* A label for people; a scope of names of functions and families: "content.read_draft report.*". */
static int read_texts(struct api_call *c, const struct val *o, struct people_token_new *n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.* ";
    const struct val *label = val_get(o, "label"), *scope = val_get(o, "scope");
    bool has_label = label && label->type != VAL_NIL, has_scope = scope && scope->type != VAL_NIL;
    n->label = api_str(label);
    n->scope = api_str(scope);
    if (has_label && (!n->label || strlen(n->label) > LABEL_MAX))
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "label", NULL);
    size_t len = n->scope ? strlen(n->scope) : 0;
    if (has_scope && (len == 0 || strspn(n->scope, letters) < len || strspn(n->scope, " ") == len))
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "scope", NULL);
    return 0;
}

/* What the caller has shown bounds what is made; what is not said is taken over from it. */
static int bound_by(struct api_call *c, const struct people_token *shown, struct people_token_new *n)
{
    struct people_login login = {0};
    memcpy(login.scope, shown->scope, sizeof(login.scope));
    if (shown->scope[0] && !n->scope) n->scope = arena_strdup(c->arena, shown->scope);
    if (shown->expires && !n->expires) n->expires = shown->expires;
    if (shown->scope[0] && !n->scope) return people_too_large(c->err);
    bool wider = shown->expires && n->expires > shown->expires;
    for (const char *p = n->scope; shown->scope[0] && p && *p && !wider;) {
        struct err ignored;
        p += strspn(p, " ");
        char *word = arena_strndup(c->arena, p, strcspn(p, " "));
        if (!word) return people_too_large(c->err);
        wider = *word && people_token_allows(&login, word, &ignored) != 0;
        p += strlen(word);
    }
    return wider ? err_set(c->err, ERR_DENIED, "people.token_wider", NULL) : 0;
}

static int check_many(struct api_call *c, int64_t account)
{
    static const char sql[] = "select count(*) from token where account = ?1 and revoked_at is null"
                              " and (expires_at is null or expires_at > ?2)";
    struct err_num n;
    int64_t have = 0;
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, account);
    stmt_bind_int(s, 2, c->s->now);
    int rc = people_one(s, &have, c->err);
    if (rc < 0 || have < TOKENS_MAX) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_LIMIT, "people.token_many", "most", err_i64(&n, TOKENS_MAX), NULL);
}

static int tell(struct api_call *c, const char *verb, const struct people_account *of, const struct people_token_new *n,
                int64_t id)
{
    struct val after = val_map();
    struct audit_entry e = {.verb = verb, .kind = "token", .id = id, .name = of->name, .after = &after};
    int rc = 0;
    if (n && n->label) rc = val_set(c->arena, &after, "label", val_str(n->label));
    if (rc == 0 && n && n->scope) rc = val_set(c->arena, &after, "scope", val_str(n->scope));
    if (rc == 0 && n && n->expires) rc = val_set(c->arena, &after, "expires", val_int(n->expires));
    if (rc == 0 && c->s->token) rc = val_set(c->arena, &after, "made_with", val_int(c->s->token));
    return rc ? people_too_large(c->err) : audit_add(c->s, &e, c->err);
}

static int answer(struct api_call *c, int64_t id, const char *token, int64_t expires)
{
    char *copy = arena_strdup(c->arena, token);
    c->result = val_map();
    int rc = copy ? val_set(c->arena, &c->result, "token", val_str(copy)) : ERR_NOMEM;
    if (rc == 0) rc = val_set(c->arena, &c->result, "id", val_int(id));
    if (rc == 0 && expires) rc = val_set(c->arena, &c->result, "expires", val_int(expires));
    return rc ? people_too_large(c->err) : 0;
}

static int make(struct api_call *c)
{
    const struct val *o = &c->args[1];
    struct people_account account;
    struct people_token shown;
    char token[PEOPLE_TOKEN_LEN];
    int64_t id = 0;
    int rc = people_arg_own_account(c, "user.token", NULL, &account);
    if (rc) return rc;
    struct people_token_new n = {.account = account.id, .made_by = c->s->actor.user, .made_with = c->s->token};
    rc = read_texts(c, o, &n);
    if (rc == 0) rc = read_expires(c, o, &n.expires);
    if (rc == 0) rc = check_many(c, account.id);
    if (rc == 0 && c->s->token) {
        rc = people_token_get(c->s->db, c->s->token, &shown, c->err);
        if (rc == 0) rc = err_set(c->err, ERR_DENIED, "http.no_token", NULL);
        if (rc == 1) rc = bound_by(c, &shown, &n);
    }
    if (rc == 0) rc = people_token_make(c->s->db, &n, c->s->now, token, &id, c->err);
    if (rc == 0) rc = tell(c, "user.token", &account, &n, id);
    return rc ? rc : answer(c, id, token, n.expires);
}

/* By its number alone on the command line; over REST it must be a token of the account that the path names. */
static int revoke(struct api_call *c)
{
    struct people_account of = {0};
    struct people_token t;
    struct err_num n;
    int64_t id = c->args[0].as.i;
    const char *name = api_str(&c->args[1]);
    int rc = people_token_get(c->s->db, id, &t, c->err);
    if (rc < 0) return rc;
    bool own = rc == 1 && t.account == c->s->actor.user;
    int may = own ? 0 : people_check(c->s, "user.token", PEOPLE_ANY_UNIT, c->err);
    if (may) return may;
    if (rc == 1) rc = people_account_get(c->s->db, t.account, &of, c->err);
    if (rc < 0) return rc;
    if (rc == 0 || (name && strcmp(name, of.name) != 0))
        return err_set(c->err, ERR_NOT_FOUND, "people.no_token", "token", err_i64(&n, id), NULL);
    rc = people_token_revoke(c->s->db, id, c->s->now, c->err);
    return rc ? rc : tell(c, "user.revoke", &of, NULL, id);
}

static const struct list_column columns[] = {
    {"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "t.id"},
    {"label", FIELD_TEXT, LIST_SHOWN, "t.label"},
    {"scope", FIELD_TEXT, LIST_SHOWN, "t.scope"},
    {"created", FIELD_INSTANT, LIST_SHOWN, "t.created_at"},
    {"expires", FIELD_INSTANT, LIST_SHOWN, "t.expires_at"},
    {"revoked", FIELD_INSTANT, LIST_SHOWN, "t.revoked_at"},
    {"made_by", FIELD_TEXT, LIST_SHOWN, "(select m.name from account m where m.id = t.made_by)"},
    {"made_with", FIELD_INTEGER, LIST_SHOWN, "t.made_with"},
    {0}};
static const struct list token_rows = {
    .name = "tokens", .order = "id", .key = "id", .columns = columns, .from = "token t", .where = "t.account = ?1"};

static int list(struct api_call *c)
{
    struct people_account account;
    struct list_query q;
    int rc = people_arg_own_account(c, "user.token", NULL, &account);
    if (rc == 0) rc = api_list_read(c, &c->args[1], &q);
    if (rc) return rc;
    struct list_rows how = {.bound = {val_int(account.id)}, .nbound = 1};
    return api_list(c, &q, &how);
}

const struct api_fn token_functions[] = {
    {"user.token", make, "name:text! options:map{label:text,scope:text,days:integer,expires:any}", "map", API_WRITE,
     API_HOST, 1, "Makes a bearer token, one's own or as an administrator; it is shown this once.", .tells = true,
     .once = "token", .gives = "id:integer! token:text expires:integer withheld:list:text"},
    {"user.revoke", revoke, "id:integer! name:text", "", API_WRITE, API_HOST, 1,
     "Ends one token, and those that were made by showing it.", .tells = true},
    {"user.tokens", list, "name:text! options:map", "list", API_READ, API_HOST, 1,
     "Tokens of an account, without their secrets: one's own, or as an administrator.", .list = &token_rows},
    {0},
};
