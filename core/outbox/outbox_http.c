/* Rows that are HTTP requests: run:fetch and webhooks. */
#include "outbox/outbox_internal.h"

#include <string.h>

#include "base/json.h"
#include "runtime/fetch.h"

enum { HEADERS_MAX = 34, HOSTS_MAX = 32 };

static int take_response(struct arena *a, const struct fetch_result *r, struct val *out)
{
    struct val headers = val_map(), json;
    struct err err;
    bool is_json = false;
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; i < r->nheaders; i++) {
        char *name = arena_strdup(a, r->headers[i].name), *value = arena_strdup(a, r->headers[i].value);
        if (!name || !value) return ERR_NOMEM;
        if (strcmp(name, "content-type") == 0) is_json = strstr(value, "json") != NULL;
        rc |= val_set(a, &headers, name, val_str(value));
    }
    char *body = arena_strndup(a, r->body ? r->body : "", r->body_len);
    if (!body) return ERR_NOMEM;
    rc |= val_set(a, out, "status", val_int(r->status));
    rc |= val_set(a, out, "headers", headers);
    rc |= val_set(a, out, "body", val_strn(body, r->body_len));
    if (is_json && json_parse(r->body, r->body_len, a, &json, &err) == 0) rc |= val_set(a, out, "json", json);
    return rc;
}

static void on_fetched(void *ctx, const struct fetch_result *r)
{
    struct outbox_sending *s = ctx;
    struct val response;
    struct err err;
    if (r->failed)
        outbox_sent(s, NULL, r->failed);
    else if (take_response(outbox_arena(s), r, &response) != 0) {
        err_set(&err, ERR_LIMIT, "limit.size", NULL);
        outbox_sent(s, NULL, &err);
    } else {
        outbox_sent(s, &response, NULL);
    }
}

static size_t take_headers(const struct val *map, struct fetch_header *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; val_is(map, VAL_MAP) && i < map->as.map.n && n < max; i++)
        if (map->as.map.pairs[i].v.type == VAL_STR)
            out[n++] = (struct fetch_header){map->as.map.pairs[i].key, map->as.map.pairs[i].v.as.str.s};
    return n;
}

int outbox_http_send(void *ctx, struct outbox_sending *s, struct err *err)
{
    struct fetch_header headers[HEADERS_MAX];
    const char *hosts[HOSTS_MAX];
    const struct val *q = &outbox_row_of(s)->body, *list = val_get(q, "hosts"), *body = val_get(q, "body");
    struct fetch_request r = {.url = val_get_str(q, "url"),
                              .method = val_get_str(q, "method"),
                              .headers = headers,
                              .nheaders = take_headers(val_get(q, "headers"), headers, HEADERS_MAX),
                              .hosts = hosts,
                              .reply = outbox_loop(s),
                              .done = on_fetched,
                              .ctx = s,
                              .timeout_ms = (int)val_get_int(q, "timeout", OUTBOX_TIMEOUT_MS)};
    (void)ctx;
    for (size_t i = 0; val_at(list, i) && r.nhosts < HOSTS_MAX; i++)
        if (val_is(val_at(list, i), VAL_STR)) hosts[r.nhosts++] = val_at(list, i)->as.str.s;
    if (val_is(body, VAL_STR)) {
        r.body = body->as.str.s;
        r.body_len = body->as.str.len;
    }
    return fetch_start(outbox_fetcher(s), &r, err);
}
