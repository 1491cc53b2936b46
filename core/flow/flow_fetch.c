/* run:fetch: a wait whose answer comes back through the outbox. */
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "flow/flow_internal.h"
#include "outbox/outbox.h"
#include "plugin/api_internal.h"

enum { FETCH_TIMEOUT_MS = 30000, FETCH_TIMEOUT_MOST_MS = 3600000, FETCH_MOST = 256 };

/* --- what comes back --- */

/* The key by which a peer knows a request that it has had before. */
static int prepare(void *ctx, struct session *s, struct outbox_row *row, struct err *err)
{
    struct err_num run, entry;
    const struct val *given = val_get(&row->body, "headers");
    struct val headers = given ? *given : val_map();
    char *key = arena_printf(s->arena, "%s-%s", err_i64(&run, row->run), err_i64(&entry, row->entry));
    (void)ctx;
    int rc = key ? val_set(s->arena, &headers, "Idempotency-Key", val_str(key)) : ERR_NOMEM;
    if (rc == 0) rc = val_set(s->arena, &row->body, "headers", headers);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

static int done(void *ctx, struct session *s, const struct outbox_row *row, const struct outbox_end *end,
                struct err *err)
{
    struct flow *f = ctx;
    if (end->failed && !end->is_last) return 0;
    arena_reset(&f->arena);
    return flow_signal_entry(f, s, row->run, row->entry, end->response, end->failed, err);
}

/* --- what is asked --- */

static int take_hosts(struct api_call *c, struct val *out)
{
    const struct plugin *p = c->s->vm->plugin;
    *out = val_list();
    for (size_t i = 0; p->needs && p->needs[i]; i++)
        if (strncmp(p->needs[i], "fetch:", 6) == 0 && val_add(c->arena, out, val_str(p->needs[i] + 6)) != 0)
            return err_set(c->err, ERR_NOMEM, "memory", NULL);
    if (out->as.list.n == 0)
        return err_set(c->err, ERR_DENIED, "denied.capability", "function", "run:fetch", "capability", "fetch:HOST",
                       "plugin", p->name, NULL);
    return 0;
}

static int take_body(struct api_call *c, const struct val *options, struct val *request)
{
    const struct val *json = val_get(options, "json"), *body = val_get(options, "body");
    struct val headers = val_map();
    const struct val *given = val_get(options, "headers");
    int rc = 0;
    for (size_t i = 0; val_is(given, VAL_MAP) && i < given->as.map.n; i++)
        if (given->as.map.pairs[i].v.type == VAL_STR)
            rc |= val_set(c->arena, &headers, given->as.map.pairs[i].key, given->as.map.pairs[i].v);
    if (json) {
        struct buf b;
        buf_init(&b, FLOW_RESULT_MAX);
        json_write(&b, json);
        char *text = buf_ok(&b) ? arena_strndup(c->arena, b.data, b.len) : NULL;
        if (text) rc |= val_set(c->arena, request, "body", val_strn(text, b.len));
        rc |= val_set(c->arena, &headers, "Content-Type", val_str("application/json"));
        buf_close(&b);
        if (!text) rc = ERR_LIMIT;
    } else if (val_is(body, VAL_STR)) {
        rc |= val_set(c->arena, request, "body", *body);
    }
    rc |= val_set(c->arena, request, "headers", headers);
    return rc ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int make_request(struct api_call *c, struct val *out)
{
    const struct val *o = &c->args[1], *url = val_get(o, "url"), *method = val_get(o, "method");
    const struct val *timeout = val_get(o, "timeout");
    struct val hosts;
    struct duration d = {.ms = FETCH_TIMEOUT_MS};
    *out = val_map();
    if (!val_is(url, VAL_STR)) return err_set(c->err, ERR_INVALID, "flow.fetch_url", NULL);
    if (val_is(timeout, VAL_STR) &&
        (!duration_parse(timeout->as.str.s, timeout->as.str.len, &d) || d.ms <= 0 || d.ms > FETCH_TIMEOUT_MOST_MS))
        return err_set(c->err, ERR_INVALID, "flow.retry_pause", "value", timeout->as.str.s, NULL);
    int rc = take_hosts(c, &hosts);
    if (rc == 0) rc = val_set(c->arena, out, "url", *url);
    if (rc == 0 && val_is(method, VAL_STR)) rc = val_set(c->arena, out, "method", *method);
    if (rc == 0) rc = val_set(c->arena, out, "timeout", val_int(d.ms));
    if (rc == 0) rc = val_set(c->arena, out, "hosts", hosts);
    if (rc == 0) rc = val_set(c->arena, out, "plugin", val_str(c->s->vm->plugin->name));
    return rc ? rc : take_body(c, o, out);
}

static int insert(struct api_call *c, const struct val *request, int64_t entry)
{
    struct outbox_new n = {.kind = "fetch", .body = request, .run = ((struct flow_run *)c->s->run)->id, .entry = entry};
    return outbox_add(c->s->host->outbox, c->s, &n, NULL, c->err);
}

static int fetch(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    struct val request, nothing = val_map();
    int rc = make_request(c, &request);
    if (rc) return rc;
    rc = flow_wait_begin(c, WAIT_OUTBOX, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    rc = insert(c, &request, w->entry);
    rc = rc ? flow_wait_refuse(c, w, rc) : flow_wait_commit(c, w, &nothing);
    return rc ? rc : API_WAITING;
}

static const struct api_fn functions[] = {
    {"run:fetch", fetch,
     "run:object:run! request:map{url:text!,method:text,json:any,body:text,headers:map,timeout:duration}!", "map",
     API_WAIT, NULL, 1,
     "HTTP through the outbox: { url =, method =, json =, body =, headers =, timeout = } → { status =, headers =, body "
     "=, json = }."},
    {0},
};

void flow_fetch_attach(struct flow *f)
{
    static const int pauses_s[] = {10, 20, 40, 80, 0};
    const struct outbox_kind kind = {.name = "fetch",
                                     .ctx = f,
                                     .pauses_s = pauses_s,
                                     .most = FETCH_MOST,
                                     .prepare = prepare,
                                     .send = outbox_http_send,
                                     .done = done};
    api_add(f->host->api, functions, f);
    outbox_add_kind(f->host->outbox, &kind);
}
