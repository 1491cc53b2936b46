/* Parts that every operation has: who may ask, what is answered, which headers there are. */
#include "http/openapi.h"

#include <stdio.h>
#include <string.h>

#include "people/auth.h"
#include "plugin/host.h"

struct val openapi_parameter(struct openapi *o, const char *name, const char *in, bool required, struct val schema)
{
    return OPENAPI_MAP(o, {"name", val_str(name)}, {"in", val_str(in)}, {"required", val_bool(required)},
                       {"schema", schema});
}

static struct val part(struct openapi *o, const char *kind, const char *name)
{
    const char *where = openapi_text(o, "#/components/", kind, "/");
    return OPENAPI_MAP(o, {"$ref", val_str(openapi_text(o, where, name, ""))});
}

struct val openapi_header(struct openapi *o, const char *name)
{
    return part(o, "parameters", name);
}

static void add_headers(struct openapi *o, struct val *to, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        openapi_set(o, to, names[i], part(o, "headers", names[i]));
}

struct val openapi_id(struct openapi *o, const char *method, const char *pattern)
{
    char out[200];
    size_t n = 0;
    for (const char *p = method; *p && n < 8; p++)
        out[n++] = (char)(*p | 0x20);
    for (const char *p = pattern; *p && n + 1 < sizeof(out); p++)
        if (!strchr(":{}", *p)) out[n++] = strchr("/.-", *p) ? '_' : *p;
    out[n] = '\0';
    return val_str(openapi_text(o, arena_strndup(o->a, out, n), "", ""));
}

/* A session's cookie alone is no proof that its owner asks: what changes something needs the word as well. */
struct val openapi_security(struct openapi *o, enum http_needs needs, bool safe)
{
    struct val all = val_list(), session = OPENAPI_MAP(o, {"session", val_list()});
    if (needs == HTTP_ANYONE) return all;
    if (!safe) openapi_set(o, &session, "csrf", val_list());
    if (needs == HTTP_LOGIN) openapi_add(o, &all, OPENAPI_MAP(o, {"bearer", val_list()}));
    openapi_add(o, &all, session);
    return all;
}

static void add_problems(struct openapi *o, const struct openapi_answer *a, struct val *to)
{
    static const struct {
        const char *status;
        bool matches_only;
    } problems[] = {{"400", false}, {"401", false}, {"403", false}, {"404", false},
                    {"409", false}, {"412", true},  {"422", false}, {"428", true}};
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
        if (a->matches || !problems[i].matches_only)
            openapi_set(o, to, problems[i].status, part(o, "responses", "Problem"));
    openapi_set(o, to, "429", part(o, "responses", "TooMany"));
    openapi_set(o, to, "default", part(o, "responses", "Problem"));
}

struct val openapi_responses(struct openapi *o, const struct openapi_answer *a, struct val schema)
{
    static const char *const usual[] = {"RateLimit", "RateLimit-Policy"}, *const next[] = {"Link"},
                             *const etag[] = {"ETag"}, *const again[] = {"Idempotent-Replayed"},
                             *const location[] = {"Location"};
    struct val all = val_map(), headers = val_map(), good;
    char status[8];
    snprintf(status, sizeof(status), a->status < 10 ? "%dXX" : "%d", a->status);
    add_headers(o, &headers, usual, 2);
    if (a->pages) add_headers(o, &headers, next, 1);
    if (a->etag) add_headers(o, &headers, etag, 1);
    if (a->writes) add_headers(o, &headers, again, 1);
    if (a->status / 100 == 3) add_headers(o, &headers, location, 1);
    good = OPENAPI_MAP(o, {"description", val_str("Done.")}, {"headers", headers});
    if (a->status != 204 && schema.type == VAL_MAP)
        openapi_set(o, &good, "content", OPENAPI_MAP(o, {a->type, OPENAPI_MAP(o, {"schema", schema})}));
    openapi_set(o, &all, openapi_text(o, status, "", ""), good);
    if (a->etag && !a->writes)
        openapi_set(o, &all, "304", OPENAPI_MAP(o, {"description", val_str("As If-None-Match has it.")}));
    add_problems(o, a, &all);
    return all;
}

struct val openapi_unshown(struct openapi *o)
{
    static const char *const usual[] = {"RateLimit", "RateLimit-Policy", "Idempotent-Replayed"};
    struct val headers = val_map();
    add_headers(o, &headers, usual, 3);
    return OPENAPI_MAP(o, {"description", val_str("Done; the caller may not see it (any more), or prefers no answer.")},
                       {"headers", headers});
}

static struct val header(struct openapi *o, const char *doc, const char *type)
{
    return OPENAPI_MAP(o, {"description", val_str(doc)}, {"schema", openapi_type(o, type)});
}

static struct val headers(struct openapi *o)
{
    return OPENAPI_MAP(
        o, {"RateLimit", header(o, "What is left: \"user\";r=REQUESTS;t=SECONDS.", "string")},
        {"RateLimit-Policy", header(o, "How much may be asked: \"user\";q=REQUESTS;w=SECONDS.", "string")},
        {"Retry-After", header(o, "Seconds until it may be asked again.", "integer")},
        {"Link", header(o, "<…?after=CURSOR>; rel=\"next\": the next page; not there on the last.", "string")},
        {"ETag", header(o,
                        "The hash of the text and of the answer: for If-Match (is it still this text?) and "
                        "If-None-Match (is it still this answer?).",
                        "string")},
        {"Location", header(o, "Where to go.", "string")},
        {"Idempotent-Replayed",
         header(o, "true: nothing was done again; answered as before, or with what it is now.", "string")});
}

static struct val parameters(struct openapi *o)
{
    struct val key = openapi_type(o, "string"), once, match, must, prefer;
    openapi_set(o, &key, "maxLength", val_int(255));
    once = openapi_parameter(o, "Idempotency-Key", "header", false, key);
    openapi_set(o, &once, "description",
                val_str("The same key and body are done once; with another body they are refused."));
    match = openapi_parameter(o, "If-Match", "header", false, openapi_type(o, "string"));
    openapi_set(o, &match, "description", val_str("The ETag of the text that was read: 412 when it is another."));
    must = openapi_parameter(o, "If-Match", "header", true, openapi_type(o, "string"));
    openapi_set(o, &must, "description", val_str("The ETag of the text that was read: 428 without it."));
    prefer = openapi_parameter(o, "Prefer", "header", false, openapi_type(o, "string"));
    openapi_set(o, &prefer, "description",
                val_str("return=minimal: answered without what is shown of it now; with 204, where that is all."));
    return OPENAPI_MAP(o, {"Idempotency-Key", once}, {"If-Match", match}, {"If-Match-Needed", must},
                       {"Prefer", prefer});
}

static struct val problem(struct openapi *o, const char *doc, bool later)
{
    static const char *const usual[] = {"RateLimit", "RateLimit-Policy"}, *const wait[] = {"Retry-After"};
    struct val some = val_map();
    struct val schema = OPENAPI_MAP(o, {"schema", openapi_ref(o, "Problem")});
    add_headers(o, &some, usual, 2);
    if (later) add_headers(o, &some, wait, 1);
    return OPENAPI_MAP(o, {"description", val_str(doc)}, {"headers", some},
                       {"content", OPENAPI_MAP(o, {"application/problem+json", schema})});
}

static struct val api_key(struct openapi *o, const char *in, const char *name, const char *doc)
{
    return OPENAPI_MAP(o, {"type", val_str("apiKey")}, {"in", val_str(in)}, {"name", val_str(name)},
                       {"description", val_str(doc)});
}

static struct val schemes(struct openapi *o)
{
    const struct auth *auth = o->host->auth;
    bool secure = auth && auth->o.url && strncmp(auth->o.url, "https://", 8) == 0;
    struct val bearer = OPENAPI_MAP(o, {"type", val_str("http")}, {"scheme", val_str("bearer")});
    return OPENAPI_MAP(
        o, {"bearer", bearer},
        {"session", api_key(o, "cookie", secure ? "__Host-khung" : "khung", "A session, opened by POST /auth/login.")},
        {"csrf", api_key(o, "header", "X-CSRF-Token", "The word that came with the session.")});
}

void openapi_add_parts(struct openapi *o, struct val *components)
{
    struct val all = OPENAPI_MAP(o, {"Problem", problem(o, "A problem (RFC 9457).", false)},
                                 {"TooMany", problem(o, "Too many requests, or a limit is reached.", true)});
    openapi_set(o, components, "responses", all);
    openapi_set(o, components, "headers", headers(o));
    openapi_set(o, components, "parameters", parameters(o));
    openapi_set(o, components, "securitySchemes", schemes(o));
}
