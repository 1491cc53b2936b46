/* Authentication: passwords, sessions, second factor, lockout, one-time links, accounts of an OIDC provider.
 *
 * Rules and rows; what travels over HTTP is core/http/auth_*.c. Functions with a session change rows and run in a slice
 * of the lane; those with a connection read, on any thread. What a client holds is random and kept as a SHA-256 alone.
 * Nothing here gives a right: an account has what its roles give it.
 *
 *     auth_attempt_charge(s, name, address, err)        // before a password is looked at: 429 when too many
 *     auth_password_is(hash, given)                     // on the pool: 0.1 s
 *     auth_attempt_forgive(...); auth_session_open(...) // what was right */
#ifndef KHUNG_AUTH_H
#define KHUNG_AUTH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/val.h"
#include "people/people.h"
#include "store/list.h"

extern const struct store_migration auth_migrations[];

struct auth_options {
    const char *url;               /* how people reach the service: "https://khung.example"; no slash at the end */
    bool is_public;                /* the address was told; else it is the one that is listened on */
    int password_length;           /* least characters; 0: 12 */
    const char *breached;          /* file of SHA-1 sums, sorted; NULL or "": none */
    int lock_after;                /* failures of one name before it must wait; 0: 5 */
    int64_t lock_ms, lock_most_ms; /* the first wait, doubled each time; 30 s up to 15 min */
    int address_after;             /* the same of one address; 0: 50 */
    int64_t idle_ms, session_ms;   /* a session ends; 12 h unused, 30 days at most */
    int64_t link_ms;               /* of a reset; 30 min */
};

/* Filled at the start, read only then. */
struct auth_mail {
    int64_t person;
    const char *to, *lang, *template;
    const struct val *data;
};
typedef int (*auth_mailer)(void *ctx, struct session *s, const struct auth_mail *m, struct err *err);

struct auth {
    struct auth_options o;
    auth_mailer mailer;
    void *mailer_ctx;
    uint8_t csrf_key[32], totp_key[32], oidc_key[32], once_key[32];
};
/* The key file DATA/auth.key is made when it is not there. `o` borrows its texts. */
int auth_open(struct host *host, const struct auth_options *o, struct auth **out, struct err *err);
void auth_close(struct auth *a);
void auth_set_mailer(struct auth *a, auth_mailer mailer, void *ctx);

/* --- passwords --- */

enum { AUTH_PASSWORD_MAX = 1024 };
/* NFC, length, not the account's name, not known to be breached (reads the file). `password` becomes the text that is
 * hashed. ERR_INVALID "auth.password_short" {least}, "auth.password_long", "auth.password_name",
 * "auth.password_breached". */
int auth_password_check(const struct auth_options *o, struct arena *a, const char **password, const char *name,
                        struct err *err);
/* Of the pool's threads. ERR_NOMEM. */
int auth_password_hash(const char *password, char out[SECRET_HASH_TEXT], struct err *err);
/* `hash` "" (no such account, or it has no password): takes as long, and is false. */
bool auth_password_is(const char *hash, struct arena *a, const char *given);
/* "" when there is none. */
int auth_password_get(struct store *db, int64_t account, char out[SECRET_HASH_TEXT], struct err *err);
/* Ends the sessions of the account but `keep` (0: all), links to a reset too. */
int auth_password_set(struct session *s, int64_t account, const char *hash, int64_t keep, struct err *err);
/* 1: the password is in the file of SHA-1 sums (as HIBP gives it: upper case, sorted, ":count" behind), 0, or ERR_IO.
 */
int auth_breached(const char *file, const char *password, struct err *err);

/* --- too many failures --- */

/* Counts a try of this name and of this address before it is made. ERR_LIMIT "auth.locked" {retry_after}: it may not be
 * made, and was not counted. `address` "": the machine itself. */
int auth_attempt_charge(struct session *s, const char *name, const char *address, struct err *err);
/* It was right: the name's count is gone (from where it comes, if it has come from there before), the address has one
 * less. */
int auth_attempt_forgive(struct session *s, const char *name, const char *address, struct err *err);
/* It was neither (a second factor is asked for). */
int auth_attempt_undo(struct session *s, const char *name, const char *address, struct err *err);
/* Every count of the name. */
int auth_attempt_unlock(struct session *s, const char *name, struct err *err);

/* --- sessions --- */

struct auth_session_new {
    int64_t account;
    const char *how;             /* "password", "totp", "oidc" */
    const char *address, *agent; /* for the list */
    const char *old;             /* the cookie that came with the login: that session ends. NULL: none */
};
int auth_session_open(struct session *s, const struct auth_session_new *n, char token[SECRET_TEXT], int64_t *id,
                      struct err *err);
/* 1 and who it is, login->session set; 0: none, ended, or the account is. One indexed read, no write. `seen`: when its
 * use was last written. */
int auth_session_check(const struct auth *auth, struct store *db, const char *token, size_t len, int64_t now,
                       struct people_login *out, int64_t *seen, struct err *err);
/* It was used; written once a minute at most. */
int auth_session_touch(struct session *s, int64_t id, struct err *err);
int64_t auth_session_touch_ms(const struct auth *auth);
/* A page of an account's; `current`: the session that asks, or 0. */
extern const struct list auth_session_rows;
int auth_session_list(const struct auth *auth, struct store *db, int64_t account, int64_t now, int64_t current,
                      const struct list_query *q, struct arena *a, struct val *out, const char **next, struct err *err);
/* Whose it is: 1, 0. */
int auth_session_owner(struct store *db, int64_t id, int64_t *account, struct err *err);
int auth_session_end(struct session *s, int64_t id, struct err *err);
int auth_session_end_all(struct session *s, int64_t account, int64_t keep, struct err *err);

/* --- second factor --- */

enum { AUTH_TOTP_SECRET = 20, AUTH_RECOVERY_CODES = 10, AUTH_RECOVERY_TEXT = 20 };
/* RFC 6238 with SHA-1, 30 s, six digits, as the apps want it. */
uint32_t auth_totp_code(const uint8_t *secret, size_t n, uint64_t step, int digits);
/* A new secret, not in force before it is confirmed. As base32. ERR_CONFLICT "auth.totp_is_on". */
int auth_totp_enrol(struct session *s, int64_t account, char secret[40], struct err *err);
/* The first right code; gives recovery codes, shown this once. ERR_DENIED "auth.totp_wrong", ERR_NOT_FOUND
 * "auth.totp_none". */
int auth_totp_confirm(struct session *s, int64_t account, const char *code,
                      char recovery[AUTH_RECOVERY_CODES][AUTH_RECOVERY_TEXT], struct err *err);
/* 1 on, 0 off. */
int auth_totp_is_on(struct store *db, int64_t account, struct err *err);
/* 0: right, and used up; a code of the app or a recovery code. ERR_DENIED "auth.totp_wrong". */
int auth_totp_use(struct session *s, int64_t account, const char *code, struct err *err);
int auth_totp_remove(struct session *s, int64_t account, struct err *err);

/* --- one-time links --- */

enum auth_link_kind {
    AUTH_LINK_FIRST, /* of the first start: good while there is no administrator */
    AUTH_LINK_SETUP, /* another administrator */
    AUTH_LINK_RESET  /* a new password */
};
/* The link's text, whole. Older ones of the kind and account end. */
int auth_link_make(struct session *s, enum auth_link_kind kind, int64_t account, char out[300], struct err *err);
/* 1 good, 0 not. `account` (may be NULL) gets whose it is. Uses nothing up. */
int auth_link_check(struct store *db, bool reset, const char *token, int64_t now, int64_t *account, char name[64],
                    struct err *err);
/* ERR_NOT_FOUND "auth.link". */
int auth_link_use(struct session *s, bool reset, const char *token, int64_t *account, struct err *err);
/* No account is there yet. 1, 0. */
int auth_is_new(struct store *db, struct err *err);
/* Makes the administrator whom a setup link is for; the link, the account and its password in one slice. */
int auth_setup(struct session *s, const char *token, const char *name, const char *hash, int64_t *account,
               struct err *err);
/* Mails a link, if there is such an account and it has an address; says nothing of that. */
int auth_reset_ask(struct session *s, const char *name, struct err *err);
int auth_reset(struct session *s, const char *token, const char *hash, struct err *err);

/* The one way to mail: texts of `template` in core/locale (auth.reset: "mail.auth.reset.subject", ".text"), filled from
 * `data`. Without a mailer (notify sets it) nothing is sent. */
int auth_send_mail(struct session *s, const struct auth_mail *m, struct err *err);

/* --- accounts of a provider --- */

/* A token of a provider (OpenID Connect Core 3.1.3.7), checked but for its signature. All borrow the arena. */
struct auth_jwt {
    const char *alg, *kid; /* kid NULL: none */
    const char *text;      /* what is signed */
    size_t text_len;
    const uint8_t *signature;
    size_t signature_len;
    struct val claims;
};
/* ERR_DENIED "oidc.token" {detail}: no such token at all. */
int auth_jwt_parse(const char *token, size_t len, struct arena *a, struct auth_jwt *out, struct err *err);
struct auth_jwt_wanted {
    const char *issuer, *client_id, *nonce, *access_token; /* access_token NULL: at_hash is not looked at */
    int64_t now;
};
/* iss, aud, azp, exp, iat, nbf, nonce, at_hash. ERR_DENIED "oidc.token" {detail: the claim}. */
int auth_jwt_check(const struct auth_jwt *t, const struct auth_jwt_wanted *w, struct err *err);
/* The signature by one of a key set's keys. 1 good; 0: no key of that name is in it; ERR_DENIED "oidc.token"
 * {detail: "alg", "signature"}. */
int auth_jwt_verify(const struct auth_jwt *t, const struct val *jwks, struct arena *a, struct err *err);

struct auth_identity {
    const char *issuer, *subject;
    const char *name; /* of the claim that names the account; NULL: none */
    bool create;      /* an account that is not there is made */
};
/* Whose it is. The first time by the name; then by the subject alone, whatever the name has become. An administrator's
 * account is never taken by its name. ERR_DENIED "oidc.no_account" {name}, "oidc.taken" {name}. */
int auth_identity_find(struct session *s, const struct auth_identity *i, struct people_account *out, struct err *err);
int auth_identity_link(struct session *s, const char *issuer, const char *subject, int64_t account, struct err *err);

#endif
