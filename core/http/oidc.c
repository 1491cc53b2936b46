/* Discovery, keys, and the exchange of a code for claims. */
#include "http/oidc.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/query.h"
#include "plugin/host.h"
#include "runtime/fetch.h"

enum {
    KEPT_MAX = 1 << 20,
    DAY_MS = 86400000,
    PAUSE_MS = 10000,     /* after a discovery that failed */
    KEYS_PAUSE_MS = 3000, /* between two fetches of keys */
    TIMEOUT_MS = 15000,
    HOST_LEN = 260
};

/* A document of the provider, kept. */
struct kept {
    struct arena arena;
    struct val doc;
    int64_t at; /* 0: not there */
};

struct oidc {
    const struct oidc_options *o;
    struct host *host;
    struct kept meta, keys;
    const char *authorize_at, *token_at, *keys_at, *user_at; /* of meta; user_at may be missing */
    int64_t meta_failed_at, keys_tried_at;
};

/* A request to the provider on its way. */
struct errand {
    struct oidc *p;
    oidc_done done;
    void *ctx;
    /* of a code */
    const struct oidc_login *login;
    struct arena *arena;
    struct val *claims;
    char *access_token;
    struct auth_jwt jwt;
};

struct oidc *oidc_new(const struct oidc_options *o, struct host *host)
{
    if (!o || !o->issuer || !*o->issuer) return NULL;
    struct oidc *p = mem_alloc(sizeof(*p));
    p->o = o;
    p->host = host;
    arena_init(&p->meta.arena, KEPT_MAX);
    arena_init(&p->keys.arena, KEPT_MAX);
    return p;
}

void oidc_free(struct oidc *p)
{
    if (!p) return;
    arena_close(&p->meta.arena);
    arena_close(&p->keys.arena);
    mem_free(p);
}

const struct oidc_options *oidc_options(const struct oidc *p)
{
    return p->o;
}

static int64_t now_of(const struct oidc *p)
{
    return clock_now(&p->host->clock);
}

static int bad(struct err *err, const char *what)
{
    return err_set(err, ERR_PROTOCOL, "oidc.provider", "detail", what, NULL);
}

static void end(struct errand *e, const struct err *err)
{
    e->done(e->ctx, err);
    mem_free(e);
}

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* The provider's addresses are https; on http only when the issuer itself is (a test, a machine's own). */
static bool is_address(const struct oidc *p, const char *url)
{
    return url && (starts(url, "https://") || (starts(p->o->issuer, "http://") && starts(url, "http://")));
}

/* Fetches from one address, whose host is the only one that is let in. */
static int fetch(struct errand *e, const char *url, const char *body, const char *authorization,
                 void (*done)(void *ctx, const struct fetch_result *r), struct err *err)
{
    struct fetch_header headers[3] = {{"accept", "application/json"}};
    size_t n = 1;
    if (body) headers[n++] = (struct fetch_header){"content-type", "application/x-www-form-urlencoded"};
    if (authorization) headers[n++] = (struct fetch_header){"authorization", authorization};
    char host[HOST_LEN];
    const char *hosts[] = {host}, *at = strstr(url, "://");
    at = at ? at + 3 : url;
    snprintf(host, sizeof(host), "%.*s", (int)(*at == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/?#@")), at);
    struct fetch_request r = {.url = url,
                              .headers = headers,
                              .nheaders = n,
                              .body = body,
                              .body_len = body ? strlen(body) : 0,
                              .timeout_ms = TIMEOUT_MS,
                              .hosts = hosts,
                              .nhosts = 1,
                              .done = done,
                              .ctx = e};
    return fetch_start(e->p->host->fetcher, &r, err);
}

static int keep(struct oidc *p, struct kept *k, const struct fetch_result *r, const char *what, struct err *err)
{
    struct err ignored;
    struct val doc;
    if (r->failed) {
        *err = *r->failed;
        return err->code;
    }
    k->at = 0;
    k->doc = val_nil();
    arena_reset(&k->arena);
    if (r->status != 200 || json_parse(r->body, r->body_len, &k->arena, &doc, &ignored) != 0 || doc.type != VAL_MAP)
        return bad(err, what);
    k->doc = doc;
    k->at = now_of(p);
    return 0;
}

/* --- discovery --- */

static const char *address_of(struct oidc *p, const char *name)
{
    const char *url = val_cstr(&p->meta.arena, val_get(&p->meta.doc, name));
    return is_address(p, url) ? url : NULL;
}

static void on_meta(void *ctx, const struct fetch_result *r)
{
    struct errand *e = ctx;
    struct oidc *p = e->p;
    struct err err;
    int rc = keep(p, &p->meta, r, "discovery", &err);
    if (rc == 0 && !val_is_str(val_get(&p->meta.doc, "issuer"), p->o->issuer)) rc = bad(&err, "issuer");
    p->authorize_at = rc ? NULL : address_of(p, "authorization_endpoint");
    p->token_at = rc ? NULL : address_of(p, "token_endpoint");
    p->keys_at = rc ? NULL : address_of(p, "jwks_uri");
    p->user_at = rc ? NULL : address_of(p, "userinfo_endpoint");
    if (rc == 0 && (!p->authorize_at || !p->token_at || !p->keys_at)) rc = bad(&err, "endpoints");
    p->meta_failed_at = rc ? now_of(p) : 0;
    if (rc) p->meta.at = 0;
    end(e, rc ? &err : NULL);
}

static struct errand *errand_new(struct oidc *p, oidc_done done, void *ctx)
{
    struct errand *e = mem_alloc(sizeof(*e));
    e->p = p;
    e->done = done;
    e->ctx = ctx;
    return e;
}

void oidc_prepare(struct oidc *p, oidc_done done, void *ctx)
{
    struct err err;
    struct buf url;
    int64_t now = now_of(p);
    if (p->meta.at && now - p->meta.at < DAY_MS) {
        done(ctx, NULL);
        return;
    }
    if (p->meta_failed_at && now - p->meta_failed_at < PAUSE_MS) {
        bad(&err, "discovery");
        done(ctx, &err);
        return;
    }
    struct errand *e = errand_new(p, done, ctx);
    buf_init(&url, 4096);
    size_t n = strlen(p->o->issuer);
    buf_printf(&url, "%.*s/.well-known/openid-configuration", (int)(n && p->o->issuer[n - 1] == '/' ? n - 1 : n),
               p->o->issuer);
    int rc = fetch(e, url.data, NULL, NULL, on_meta, &err);
    buf_close(&url);
    if (rc) end(e, &err);
}

/* --- to the provider --- */

static void add_redirect(const struct oidc *p, struct buf *b)
{
    char here[300];
    snprintf(here, sizeof(here), "%.240s/auth/oidc/callback", p->host->auth->o.url);
    http_query_add(b, "redirect_uri", here);
}

char *oidc_login_url(struct oidc *p, const struct oidc_login *l, struct arena *a)
{
    uint8_t sum[DIGEST_LEN];
    char challenge[SECRET_TEXT];
    struct buf b;
    const char *to = p->authorize_at;
    digest_sha256(l->verifier, strlen(l->verifier), sum);
    secret_base64(sum, sizeof(sum), challenge, sizeof(challenge));
    buf_init(&b, 8192);
    buf_add_str(&b, to ? to : "");
    if (to && !strchr(to, '?')) buf_add_char(&b, '?');
    http_query_add(&b, "response_type", "code");
    http_query_add(&b, "client_id", p->o->client_id);
    http_query_add(&b, "scope", p->o->scopes);
    http_query_add(&b, "state", l->state);
    http_query_add(&b, "nonce", l->nonce);
    http_query_add(&b, "code_challenge", challenge);
    http_query_add(&b, "code_challenge_method", "S256");
    add_redirect(p, &b);
    char *url = buf_ok(&b) && to ? arena_strdup(a, b.data) : NULL;
    buf_close(&b);
    return url;
}

/* --- back with a code --- */

/* What the provider says of the user beside the token, for the same subject only. */
static void on_user(void *ctx, const struct fetch_result *r)
{
    struct errand *e = ctx;
    struct err err, ignored;
    struct val doc;
    const struct val *sub = val_get(e->claims, "sub");
    int rc = 0;
    if (r->failed)
        rc = (err = *r->failed).code;
    else if (r->status != 200 || json_parse(r->body, r->body_len, e->arena, &doc, &ignored) != 0)
        rc = bad(&err, "userinfo");
    else if (!val_is(val_get(&doc, "sub"), VAL_STR) || !val_equal(val_get(&doc, "sub"), sub))
        rc = err_set(&err, ERR_DENIED, "oidc.token", "detail", "userinfo sub", NULL);
    else
        *e->claims = doc;
    end(e, rc ? &err : NULL);
}

/* The signature is good: the claims. By the standard a token need not hold the user's name, then it is asked for. */
static void take_claims(struct errand *e)
{
    struct oidc *p = e->p;
    struct err err;
    struct auth_jwt_wanted w = {.issuer = p->o->issuer,
                                .client_id = p->o->client_id,
                                .nonce = e->login->nonce,
                                .access_token = e->access_token,
                                .now = now_of(p)};
    int rc = auth_jwt_check(&e->jwt, &w, &err);
    if (rc == 0) *e->claims = e->jwt.claims;
    if (rc == 0 && p->user_at && e->access_token && !val_get(e->claims, p->o->claim)) {
        char *header = arena_printf(e->arena, "Bearer %s", e->access_token);
        rc = header ? fetch(e, p->user_at, NULL, header, on_user, &err) : err_set(&err, ERR_NOMEM, "memory", NULL);
        if (rc == 0) return;
    }
    end(e, rc ? &err : NULL);
}

static void on_keys(void *ctx, const struct fetch_result *r)
{
    struct errand *e = ctx;
    struct err err;
    int rc = keep(e->p, &e->p->keys, r, "keys", &err);
    if (rc == 0) rc = auth_jwt_verify(&e->jwt, &e->p->keys.doc, e->arena, &err);
    if (rc == 0) rc = err_set(&err, ERR_DENIED, "oidc.token", "detail", "kid", NULL);
    if (rc == 1)
        take_claims(e);
    else
        end(e, &err);
}

/* By the keys that are there; by new ones if the token's is not among them. */
static void verify(struct errand *e)
{
    struct oidc *p = e->p;
    struct err err;
    int64_t now = now_of(p);
    int rc = p->keys.at ? auth_jwt_verify(&e->jwt, &p->keys.doc, e->arena, &err) : 0;
    if (rc == 0 && p->keys.at && now - p->keys_tried_at < KEYS_PAUSE_MS)
        rc = err_set(&err, ERR_DENIED, "oidc.token", "detail", "kid", NULL);
    if (rc == 0) {
        p->keys_tried_at = now;
        rc = fetch(e, p->keys_at, NULL, NULL, on_keys, &err);
        if (rc == 0) return;
    }
    if (rc == 1)
        take_claims(e);
    else
        end(e, &err);
}

static void on_token(void *ctx, const struct fetch_result *r)
{
    struct errand *e = ctx;
    struct err err, ignored;
    struct val doc;
    const char *id_token = NULL;
    int rc = 0;
    if (r->failed)
        rc = (err = *r->failed).code;
    else if (r->status != 200 || json_parse(r->body, r->body_len, e->arena, &doc, &ignored) != 0)
        rc = bad(&err, "code");
    if (rc == 0) {
        id_token = val_cstr(e->arena, val_get(&doc, "id_token"));
        e->access_token = (char *)val_cstr(e->arena, val_get(&doc, "access_token"));
        if (!id_token) rc = bad(&err, "id_token");
    }
    if (rc == 0) rc = auth_jwt_parse(id_token, strlen(id_token), e->arena, &e->jwt, &err);
    if (rc)
        end(e, &err);
    else
        verify(e);
}

/* Which way the client shows its secret: Basic unless the provider knows only the other (RFC 8414). */
static bool by_post(const struct oidc *p)
{
    const struct val *ways = val_get(&p->meta.doc, "token_endpoint_auth_methods_supported");
    bool post = false;
    for (size_t i = 0; val_is(ways, VAL_LIST) && val_at(ways, i); i++) {
        if (val_is_str(val_at(ways, i), "client_secret_basic")) return false;
        post |= val_is_str(val_at(ways, i), "client_secret_post");
    }
    return post;
}

/* "Basic …" of the encoded id and secret (RFC 6749, 2.3.1). */
static char *basic(const struct oidc *p, struct arena *a)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf plain, out;
    buf_init(&plain, 4096);
    buf_init(&out, 8192);
    http_query_encode(&plain, p->o->client_id);
    buf_add_char(&plain, ':');
    http_query_encode(&plain, p->o->secret);
    buf_add_str(&out, "Basic ");
    for (size_t i = 0; buf_ok(&plain) && i < plain.len; i += 3) {
        const uint8_t *d = (const uint8_t *)plain.data + i;
        size_t left = plain.len - i;
        uint32_t v = (uint32_t)d[0] << 16 | (left > 1 ? (uint32_t)d[1] << 8 : 0) | (left > 2 ? d[2] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_add_char(&out, k > left ? '=' : letters[v >> (18 - 6 * k) & 63]);
    }
    char *text = buf_ok(&out) ? arena_strdup(a, out.data) : NULL;
    secret_forget(plain.data, plain.len);
    buf_close(&plain);
    buf_close(&out);
    return text;
}

void oidc_redeem(struct oidc *p, const char *code, const struct oidc_login *l, struct arena *a, struct val *claims,
                 oidc_done done, void *ctx)
{
    struct errand *e = errand_new(p, done, ctx);
    struct err err;
    struct buf b;
    bool has_secret = p->o->secret && *p->o->secret, post = by_post(p);
    e->login = l;
    e->arena = a;
    e->claims = claims;
    buf_init(&b, 16384);
    http_query_add(&b, "grant_type", "authorization_code");
    http_query_add(&b, "code", code);
    http_query_add(&b, "code_verifier", l->verifier);
    add_redirect(p, &b);
    if (!has_secret || post) http_query_add(&b, "client_id", p->o->client_id);
    if (has_secret && post) http_query_add(&b, "client_secret", p->o->secret);
    char *header = has_secret && !post ? basic(p, a) : NULL;
    int rc = buf_ok(&b) ? fetch(e, p->token_at, b.data, header, on_token, &err) : bad(&err, "code");
    buf_close(&b);
    if (rc) end(e, &err);
}
