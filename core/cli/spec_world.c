/* The outside world of a spec: requests of run:fetch and loop.fetch are answered by the spec, and can be looked at. */
#include "cli/spec.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "runtime/fetch.h"

enum { WORLD_MAX = 64 << 20, HEADERS_MAX = 100, PIECE_MAX = 16 << 20 };

void spec_world_open(struct spec_world *w)
{
    if (!w->fetcher) w->fetcher = fetcher_new_fake();
    arena_init(&w->arena, WORLD_MAX);
    w->requests = val_list();
    w->failed = (struct err){0};
    w->is_answering = false;
}

/* What still waits is never answered: its asker is gone. */
void spec_world_close(struct spec_world *w)
{
    fetcher_free(w->fetcher);
    w->fetcher = NULL;
    arena_close(&w->arena);
}

static bool is_json(const struct fetch_request *q)
{
    for (size_t i = 0; i < q->nheaders; i++)
        if (strcmp(q->headers[i].name, "Content-Type") == 0 && strstr(q->headers[i].value, "json")) return true;
    return false;
}

static int describe(struct arena *a, const struct fetch_request *q, struct val *out)
{
    struct val headers = val_map(), json;
    struct err ignored;
    const char *method = q->method ? q->method : q->body ? "POST" : "GET";
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; i < q->nheaders; i++)
        rc |= val_set(a, &headers, arena_strdup(a, q->headers[i].name), val_str(arena_strdup(a, q->headers[i].value)));
    rc |= val_set(a, out, "method", val_str(arena_strdup(a, method)));
    rc |= val_set(a, out, "url", val_str(arena_strdup(a, q->url)));
    rc |= val_set(a, out, "headers", headers);
    if (!q->body) return rc;
    rc |= val_set(a, out, "body", val_strn(arena_strndup(a, q->body, q->body_len), q->body_len));
    if ((is_json(q) || q->body[0] == '{') && json_parse(q->body, q->body_len, a, &json, &ignored) == 0)
        rc |= val_set(a, out, "json", json);
    return rc;
}

/* Names in small letters, as from the network. */
static size_t take_headers(struct arena *a, const struct val *map, struct fetch_header *out)
{
    size_t n = 0;
    for (size_t i = 0; val_is(map, VAL_MAP) && i < map->as.map.n && n < HEADERS_MAX; i++) {
        char *name = arena_strdup(a, map->as.map.pairs[i].key);
        const char *value = val_cstr(a, &map->as.map.pairs[i].v);
        for (char *p = name; p && *p; p++)
            *p = (char)tolower((unsigned char)*p);
        if (name && value) out[n++] = (struct fetch_header){name, value};
    }
    return n;
}

static void give(struct spec_world *w, const struct val *response)
{
    struct fetch_header headers[HEADERS_MAX + 1];
    struct err failed;
    struct buf text;
    const struct val *body = val_get(response, "body"), *json = val_get(response, "json");
    const char *why = val_cstr(&w->arena, val_get(response, "failed"));
    struct fetch_result r = {.status = (int)val_get_int(response, "status", 200), .headers = headers, .body = ""};
    r.nheaders = take_headers(&w->arena, val_get(response, "headers"), headers);
    buf_init(&text, PIECE_MAX);
    if (json) {
        json_write(&text, json);
        headers[r.nheaders++] = (struct fetch_header){"content-type", "application/json"};
    } else if (val_is(body, VAL_STR)) {
        buf_add(&text, body->as.str.s, body->as.str.len);
    }
    r.body = text.data ? text.data : "";
    r.body_len = text.len;
    if (why) {
        err_set(&failed, ERR_PROTOCOL, why, "host", "", "detail", "", NULL);
        r = (struct fetch_result){.failed = &failed, .body = ""};
    }
    fetch_fake_answer(w->fetcher, &r);
    buf_close(&text);
}

static void fail(struct spec_world *w, const struct err *err)
{
    struct fetch_result r = {.failed = err, .body = ""};
    if (!w->failed.code) w->failed = *err;
    fetch_fake_answer(w->fetcher, &r);
}

static void answer(struct spec_world *w, const struct fetch_request *q)
{
    struct val request, response = val_nil();
    struct err err = {0};
    int rc = describe(&w->arena, q, &request);
    if (rc == 0) rc = val_add(&w->arena, &w->requests, request);
    if (rc) rc = err_set(&err, ERR_LIMIT, "limit.size", NULL);
    w->is_answering = true;
    if (rc == 0 && w->answer) rc = w->answer(w->ctx, &request, &w->arena, &response, &err);
    w->is_answering = false;
    if (rc == 0 && response.type == VAL_NIL)
        rc = err_set(&err, ERR_REFUSED, "spec.no_answer", "method", val_get_str(&request, "method"), "url", q->url,
                     NULL);
    if (rc)
        fail(w, &err);
    else
        give(w, &response);
}

bool spec_world_answer(struct spec_world *w)
{
    bool any = fetch_fake_waits(w->fetcher);
    for (const struct fetch_request *q; (q = fetch_fake_next(w->fetcher));)
        answer(w, q);
    return any;
}
