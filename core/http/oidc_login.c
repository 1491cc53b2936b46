/* The login that is under way stands in the browser that began it: sealed, so that nobody reads or makes one, and good
 * for ten minutes. So a callback that another browser is sent to finds none, and a restart in between does no harm. */
#include <stdio.h>
#include <string.h>

#include "http/oidc.h"
#include "plugin/host.h"

bool oidc_login_seal(struct host *host, const struct oidc_login *l, char out[OIDC_LOGIN_TEXT])
{
    uint8_t sealed[sizeof(*l) + SECRET_SEAL_MORE];
    secret_seal(host->auth->oidc_key, l, sizeof(*l), "login", sealed);
    return secret_base64(sealed, sizeof(sealed), out, OIDC_LOGIN_TEXT) > 0;
}

bool oidc_login_open(struct host *host, const char *text, size_t len, int64_t now, struct oidc_login *out)
{
    uint8_t sealed[sizeof(*out) + SECRET_SEAL_MORE];
    size_t n;
    if (!secret_unbase64(text, len, sealed, sizeof(sealed), &n) || n != sizeof(sealed)) return false;
    return secret_open(host->auth->oidc_key, sealed, n, "login", (uint8_t *)out) && out->expires > now;
}
