/* A provider of OpenID Connect: what it says of itself (discovery), its keys, and its answer to a code.
 *
 * On the io thread; what is fetched comes back there. Discovery is kept for a day and keys until a token names one that
 * is not among them, at most one fetch of keys in half a minute. */
#ifndef KHUNG_HTTP_OIDC_H
#define KHUNG_HTTP_OIDC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "people/auth.h"

struct host;

/* As configured; borrowed. */
struct oidc_options {
    const char *issuer, *client_id;
    const char *secret; /* NULL or "": a public client */
    const char *scopes; /* "openid profile email" */
    const char *claim;  /* that names the account: "preferred_username"; "email" must be verified */
    bool create;        /* accounts that are not there are made */
};

struct oidc;
struct oidc *oidc_new(const struct oidc_options *o, struct host *host); /* NULL when no issuer is set */
void oidc_free(struct oidc *p);
const struct oidc_options *oidc_options(const struct oidc *p);

/* What a login carries from its start to the callback, sealed in a cookie of the browser that began it. */
struct oidc_login {
    char state[SECRET_TEXT], nonce[SECRET_TEXT], verifier[SECRET_TEXT];
    char return_to[200]; /* a path here, or "" */
    int64_t expires;
};
enum { OIDC_LOGIN_TEXT = 800, OIDC_LOGIN_MS = 600000 };
bool oidc_login_seal(struct host *host, const struct oidc_login *l, char out[OIDC_LOGIN_TEXT]);
bool oidc_login_open(struct host *host, const char *text, size_t len, int64_t now, struct oidc_login *out);

/* Called once, on the io thread, maybe before the call returns. err NULL: done. */
typedef void (*oidc_done)(void *ctx, const struct err *err);
/* The provider's addresses are known. */
void oidc_prepare(struct oidc *p, oidc_done done, void *ctx);
/* Where the browser is to go; after oidc_prepare. */
char *oidc_login_url(struct oidc *p, const struct oidc_login *l, struct arena *a);
/* A code for the claims of a checked id_token, which live in `a`. */
void oidc_redeem(struct oidc *p, const char *code, const struct oidc_login *l, struct arena *a, struct val *claims,
                 oidc_done done, void *ctx);

#endif
