/* Passwords, sessions, locks and links of accounts, for who administers them: a command on the machine, an
 * administrator. */
#include <string.h>

#include "http/host_api_parts.h"
#include "people/auth.h"
#include "people/people.h"

static int out_of_memory(struct api_call *c)
{
    return err_set(c->err, ERR_NOMEM, "memory", NULL);
}

/* The verb is the function's name; the account that the first argument names. */
static int enter(struct api_call *c, struct people_account *account)
{
    int rc = people_check(c->s, c->fn->name, PEOPLE_ANY_UNIT, c->err);
    const char *name = api_str(&c->args[0]);
    if (rc || !account) return rc;
    rc = people_account_find(c->s->db, name ? name : "", account, c->err);
    return rc == 0 ? err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", name, NULL) : rc < 0 ? rc : 0;
}

static int password_rules(struct api_call *c)
{
    const struct auth_options *o = &c->s->host->auth->o;
    int rc = enter(c, NULL);
    if (rc) return rc;
    c->result = val_map();
    rc = val_set(c->arena, &c->result, "length", val_int(o->password_length));
    if (rc == 0 && o->breached && *o->breached) rc = val_set(c->arena, &c->result, "breached", val_str(o->breached));
    return rc ? out_of_memory(c) : 0;
}

/* The command makes the hash: it takes 0.1 s, which the lane has not got. */
static int password(struct api_call *c)
{
    struct people_account account;
    const char *hash = api_str(&c->args[1]);
    int rc = enter(c, &account);
    if (rc) return rc;
    if (!hash || strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31) != 0 || strlen(hash) >= SECRET_HASH_TEXT)
        return err_set(c->err, ERR_INVALID, "http.parameter", "name", "hash", NULL);
    rc = auth_password_set(c->s, account.id, hash, 0, c->err);
    return rc ? rc : auth_attempt_unlock(c->s, account.name, c->err);
}

/* By its number alone on the command line; over REST it must be one of the account that the path names. */
static int session_end(struct api_call *c)
{
    struct people_account account = {0};
    const char *name = api_str(&c->args[1]);
    struct err_num n;
    int64_t owner = 0, id = c->args[0].as.i;
    int rc = enter(c, NULL);
    if (rc == 0 && name) {
        rc = people_account_find(c->s->db, name, &account, c->err);
        if (rc >= 0) rc = auth_session_owner(c->s->db, id, &owner, c->err);
        if (rc < 0) return rc;
        if (!owner || owner != account.id)
            return err_set(c->err, ERR_NOT_FOUND, "auth.no_session", "session", err_i64(&n, id), NULL);
        rc = 0;
    }
    return rc ? rc : auth_session_end(c->s, id, c->err);
}

static int unlock(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    return rc ? rc : auth_attempt_unlock(c->s, account.name, c->err);
}

static int totp_reset(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    return rc ? rc : auth_totp_remove(c->s, account.id, c->err);
}

static int setup_link(struct api_call *c)
{
    char link[300];
    int rc = enter(c, NULL);
    if (rc == 0) rc = auth_link_make(c->s, AUTH_LINK_SETUP, 0, link, c->err);
    char *copy = rc == 0 ? arena_strdup(c->arena, link) : NULL;
    if (rc) return rc;
    c->result = val_map();
    return copy && val_set(c->arena, &c->result, "link", val_str(copy)) == 0 ? 0 : out_of_memory(c);
}

/* For a new password; whoever gets it from the administrator is asked to choose one. */
static int reset_link(struct api_call *c)
{
    struct people_account account;
    char link[300];
    int rc = enter(c, &account);
    if (rc == 0 && account.disabled)
        rc = err_set(c->err, ERR_CONFLICT, "people.account_off", "name", account.name, NULL);
    if (rc == 0) rc = auth_link_make(c->s, AUTH_LINK_RESET, account.id, link, c->err);
    if (rc) return rc;
    char *copy = arena_strdup(c->arena, link);
    struct val expires = val_int(c->s->now + c->s->host->auth->o.link_ms);
    c->result = val_map();
    return copy && val_set(c->arena, &c->result, "link", val_str(copy)) == 0 &&
                   val_set(c->arena, &c->result, "expires", expires) == 0
               ? 0
               : out_of_memory(c);
}

static int identify(struct api_call *c)
{
    struct people_account account;
    int rc = enter(c, &account);
    return rc ? rc : auth_identity_link(c->s, api_str(&c->args[1]), api_str(&c->args[2]), account.id, c->err);
}

static const struct api_fn functions[] = {
    {"user.password_rules", password_rules, "", "map", API_READ, API_HOST, 1, "What a password must be like."},
    {"user.password", password, "name:text! hash:text!", "", API_WRITE, API_HOST, 1,
     "Sets a password, as its argon2id hash; ends all sessions.", .tells = true},
    {"user.session_end", session_end, "id:integer! name:text", "", API_WRITE, API_HOST, 1, "Ends one session.",
     .tells = true},
    {"user.unlock", unlock, "name:text!", "", API_WRITE, API_HOST, 1, "Forgets failed logins of an account."},
    {"user.totp_reset", totp_reset, "name:text!", "", API_WRITE, API_HOST, 1,
     "Takes the second factor off: its owner has lost it."},
    {"user.setup_link", setup_link, "", "map", API_WRITE, API_HOST, 1,
     "A link, good once and for a day, that makes one more administrator.", .tells = true, .once = "link",
     .gives = "link:text withheld:list:text"},
    {"user.reset_link", reset_link, "name:text!", "map", API_WRITE, API_HOST, 1,
     "A link, good once and for half an hour, by which the owner of an account chooses a password.", .tells = true,
     .once = "link", .gives = "link:text expires:integer! withheld:list:text"},
    {"user.identify", identify, "name:text! issuer:text! subject:text!", "", API_WRITE, API_HOST, 1,
     "Lets a provider's subject log in as an account; the only way for an administrator's.", .tells = true},
    {0},
};

void host_api_attach_auth(struct host *host)
{
    api_add(host->api, functions, NULL);
}
