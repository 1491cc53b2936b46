/* A provider's token: taken apart, its claims looked at, its signature checked by the key set. Two algorithms are
 * known, both of public keys; "none" and keys that both sides have are not among them. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "people/auth_internal.h"
#include "runtime/signature.h"

enum { TOKEN_MAX = 64 << 10, SKEW_S = 60, KEY_MAX = 1100 };

static int bad(const char *what, struct err *err)
{
    return err_set(err, ERR_DENIED, "oidc.token", "detail", what, NULL);
}

static int decode(const char *text, size_t len, struct arena *a, uint8_t **out, size_t *n)
{
    *out = arena_alloc(a, len + 1);
    return *out && secret_unbase64(text, len, *out, len, n) ? 0 : ERR_PROTOCOL;
}

static int decode_map(const char *text, size_t len, struct arena *a, struct val *out)
{
    uint8_t *bytes;
    size_t n;
    struct err ignored;
    if (decode(text, len, a, &bytes, &n) != 0) return ERR_PROTOCOL;
    if (json_parse((const char *)bytes, n, a, out, &ignored) != 0) return ERR_PROTOCOL;
    return out->type == VAL_MAP ? 0 : ERR_PROTOCOL;
}

int auth_jwt_parse(const char *token, size_t len, struct arena *a, struct auth_jwt *out, struct err *err)
{
    struct val head;
    uint8_t *signature;
    const char *one = len <= TOKEN_MAX ? memchr(token, '.', len) : NULL;
    const char *two = one ? memchr(one + 1, '.', len - (size_t)(one + 1 - token)) : NULL;
    *out = (struct auth_jwt){.text = token};
    if (!two || memchr(two + 1, '.', len - (size_t)(two + 1 - token))) return bad("form", err);
    out->text_len = (size_t)(two - token);
    if (decode_map(token, (size_t)(one - token), a, &head) != 0) return bad("header", err);
    if (decode_map(one + 1, (size_t)(two - one - 1), a, &out->claims) != 0) return bad("claims", err);
    if (decode(two + 1, len - out->text_len - 1, a, &signature, &out->signature_len) != 0) return bad("signature", err);
    out->signature = signature;
    out->alg = val_cstr(a, val_get(&head, "alg"));
    out->kid = val_cstr(a, val_get(&head, "kid"));
    if (!out->alg) return bad("alg", err);
    return val_get(&head, "crit") ? bad("crit", err) : 0;
}

static bool has_audience(const struct val *aud, const char *client)
{
    if (val_is_str(aud, client)) return true;
    for (size_t i = 0; val_is(aud, VAL_LIST) && val_at(aud, i); i++)
        if (val_is_str(val_at(aud, i), client)) return true;
    return false;
}

/* The left half of the access token's sum. */
static bool fits_hash(const struct val *at_hash, const char *access_token)
{
    uint8_t sum[DIGEST_LEN];
    char text[SECRET_TEXT];
    digest_sha256(access_token, strlen(access_token), sum);
    return secret_base64(sum, DIGEST_LEN / 2, text, sizeof(text)) && val_is_str(at_hash, text);
}

/* Seconds, with or without a fraction; `otherwise` when it is no number. */
static int64_t seconds(const struct val *v, int64_t otherwise)
{
    if (val_is(v, VAL_INT)) return v->as.i;
    return val_is(v, VAL_NUM) && v->as.n > -1e15 && v->as.n < 1e15 ? (int64_t)v->as.n : otherwise;
}

int auth_jwt_check(const struct auth_jwt *t, const struct auth_jwt_wanted *w, struct err *err)
{
    const struct val *c = &t->claims, *aud = val_get(c, "aud"), *azp = val_get(c, "azp"), *sub = val_get(c, "sub");
    const struct val *at_hash = val_get(c, "at_hash");
    int64_t now = w->now / 1000;
    bool several = val_is(aud, VAL_LIST) && val_at(aud, 1);
    if (!val_is_str(val_get(c, "iss"), w->issuer)) return bad("iss", err);
    if (!has_audience(aud, w->client_id)) return bad("aud", err);
    if ((several || azp) && !val_is_str(azp, w->client_id)) return bad("azp", err);
    if (seconds(val_get(c, "exp"), 0) <= now - SKEW_S) return bad("exp", err);
    if (seconds(val_get(c, "iat"), INT64_MAX) > now + SKEW_S) return bad("iat", err);
    if (val_get(c, "nbf") && seconds(val_get(c, "nbf"), INT64_MAX) > now + SKEW_S) return bad("nbf", err);
    if (!val_is_str(val_get(c, "nonce"), w->nonce)) return bad("nonce", err);
    if (!val_is(sub, VAL_STR) || sub->as.str.len == 0 || sub->as.str.len > 255) return bad("sub", err);
    if (at_hash && w->access_token && !fits_hash(at_hash, w->access_token)) return bad("at_hash", err);
    return 0;
}

/* May this key be used for this token? */
static bool is_key_for(const struct val *key, const struct auth_jwt *t, bool rsa)
{
    const struct val *use = val_get(key, "use"), *alg = val_get(key, "alg"), *kid = val_get(key, "kid");
    if (!val_is_str(val_get(key, "kty"), rsa ? "RSA" : "EC")) return false;
    if (!rsa && !val_is_str(val_get(key, "crv"), "P-256")) return false;
    if (use && !val_is_str(use, "sig")) return false;
    if (alg && !val_is_str(alg, t->alg)) return false;
    return !t->kid || val_is_str(kid, t->kid);
}

static bool take(const struct val *key, const char *name, struct arena *a, const uint8_t **out, size_t *n)
{
    const struct val *v = val_get(key, name);
    uint8_t *bytes;
    if (!val_is(v, VAL_STR) || v->as.str.len > KEY_MAX * 4 / 3) return false;
    if (decode(v->as.str.s, v->as.str.len, a, &bytes, n) != 0) return false;
    *out = bytes;
    return true;
}

int auth_jwt_verify(const struct auth_jwt *t, const struct val *jwks, struct arena *a, struct err *err)
{
    bool rsa = strcmp(t->alg, "RS256") == 0, seen = false;
    const struct val *keys = val_get(jwks, "keys");
    if (!rsa && strcmp(t->alg, "ES256") != 0) return bad("alg", err);
    for (size_t i = 0; val_is(keys, VAL_LIST) && val_at(keys, i); i++) {
        const struct val *key = val_at(keys, i);
        struct signature_key k = {.kind = rsa ? SIGNATURE_RS256 : SIGNATURE_ES256};
        if (!is_key_for(key, t, rsa)) continue;
        seen = true;
        if (!take(key, rsa ? "n" : "x", a, &k.a, &k.na) || !take(key, rsa ? "e" : "y", a, &k.b, &k.nb)) continue;
        if (signature_check(&k, t->text, t->text_len, t->signature, t->signature_len)) return 1;
    }
    return seen ? bad("signature", err) : 0;
}
