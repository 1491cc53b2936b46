/* The outbox: what leaves the database does so from a row, at least once, with a key by which a peer can tell.
 *
 * A due row is leased (its next_at moves past the request's own end) in a slice of its own; only after that commit is
 * it sent. A result comes back as another slice, which wakes the run and deletes the row. A process that dies in
 * between sends again after the lease. */
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "base/mem.h"
#include "flow/flow_internal.h"
#include "plugin/api_internal.h"
#include "runtime/crash.h"
#include "runtime/fetch.h"
#include "runtime/log.h"

enum {
    OUTBOX_TIMES = 5,
    OUTBOX_PAUSE_MS = 10000,
    OUTBOX_LEASE_MS = 30000,
    OUTBOX_TIMEOUT_MS = 30000,
    OUTBOX_TIMEOUT_MOST_MS = 3600000,
    HEADERS_MAX = 32,
    HOSTS_MAX = 32
};

/* A row on its way: leased, sent, answered. */
struct sending {
    struct lane_work work;
    struct flow *flow;
    int64_t id, run, entry, attempts;
    struct arena arena;
    struct val request;  /* url, method, headers, body, timeout, hosts */
    struct val response; /* of a fetch that came back */
    struct err failed;
    bool has_failed, unsent;
    bool is_held; /* not sent in this minute */
};

static void free_sending(struct sending *s)
{
    arena_close(&s->arena);
    mem_free(s);
}

/* --- the result --- */

static int drop_row(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from outbox where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return stmt_run(s, err);
}

static int move_next(struct store *db, int64_t id, int64_t next, const char *why, struct err *err)
{
    struct stmt *s = store_stmt(db, "update outbox set next_at = ?2, last_error = ?3 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, next);
    stmt_bind_str(s, 3, why);
    return stmt_run(s, err);
}

static int try_later(struct sending *s, struct session *session, struct err *err)
{
    int64_t next = session->now + ((int64_t)OUTBOX_PAUSE_MS << (s->attempts < 10 ? s->attempts - 1 : 10));
    int rc = move_next(session->db, s->id, next, s->failed.key, err);
    if (rc == 0) lane_wake_at(s->flow->lane, &s->flow->outbox_source, next);
    return rc;
}

/* Is the row still there? A run that was cancelled meanwhile has taken it away. */
static int is_wanted(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from outbox where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int run_result(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct sending *s = (struct sending *)w;
    struct session session;
    crash_point("outbox.before_result");
    arena_reset(&s->flow->arena);
    flow_session_init(s->flow, &session, NULL, lane_now(lane));
    int rc = is_wanted(session.db, s->id, err);
    if (rc <= 0) return rc;
    if (s->has_failed && s->attempts < OUTBOX_TIMES && s->failed.code != ERR_DENIED && s->failed.code != ERR_INVALID)
        return try_later(s, &session, err);
    rc = flow_signal_entry(s->flow, &session, s->run, s->entry, &s->response, s->has_failed ? &s->failed : NULL, err);
    return rc ? rc : drop_row(session.db, s->id, err);
}

static void done_result(struct lane_work *w, const struct err *failed)
{
    if (failed) log_err(LOG_ERROR, "outbox.result_lost", failed); /* the lease ends, and it is sent again */
    free_sending((struct sending *)w);
}

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

static void add_result(struct sending *s)
{
    s->work.run = run_result;
    s->work.done = done_result;
    lane_add(s->flow->lane, &s->work);
}

static void on_fetched(void *ctx, const struct fetch_result *r)
{
    struct sending *s = ctx;
    crash_point("outbox.after_send");
    s->has_failed = r->failed != NULL;
    if (r->failed)
        s->failed = *r->failed;
    else if (take_response(&s->arena, r, &s->response) != 0)
        s->has_failed = err_set(&s->failed, ERR_LIMIT, "limit.size", NULL) != 0;
    add_result(s);
}

/* --- sending --- */

static size_t take_headers(const struct val *map, struct fetch_header *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; val_is(map, VAL_MAP) && i < map->as.map.n && n < max; i++)
        if (map->as.map.pairs[i].v.type == VAL_STR)
            out[n++] = (struct fetch_header){map->as.map.pairs[i].key, map->as.map.pairs[i].v.as.str.s};
    return n;
}

static void send_now(void *arg)
{
    struct sending *s = arg;
    struct fetch_header headers[HEADERS_MAX + 1];
    const char *hosts[HOSTS_MAX];
    char key[64];
    struct err_num run, entry;
    const struct val *q = &s->request, *list = val_get(q, "hosts"), *body = val_get(q, "body");
    struct fetch_request r = {.url = val_get_str(q, "url"),
                              .method = val_get_str(q, "method"),
                              .headers = headers,
                              .hosts = hosts,
                              .reply = s->flow->options.loop,
                              .done = on_fetched,
                              .ctx = s,
                              .timeout_ms = (int)val_get_int(q, "timeout", OUTBOX_TIMEOUT_MS)};
    r.nheaders = take_headers(val_get(q, "headers"), headers, HEADERS_MAX);
    snprintf(key, sizeof(key), "%s-%s", err_i64(&run, s->run), err_i64(&entry, s->entry));
    headers[r.nheaders++] = (struct fetch_header){"Idempotency-Key", key};
    for (size_t i = 0; val_at(list, i) && r.nhosts < HOSTS_MAX; i++)
        hosts[r.nhosts++] = val_at(list, i)->as.str.s;
    if (val_is(body, VAL_STR)) {
        r.body = body->as.str.s;
        r.body_len = body->as.str.len;
    }
    crash_point("outbox.before_send");
    int64_t id;
    s->unsent = fetch_start(s->flow->host->fetcher, &r, &id, &s->failed) != 0;
    s->has_failed = s->unsent;
}

static void drop_sending(void *arg)
{
    (void)arg; /* the work frees it */
}

/* Its plugin has made all the calls of this minute: the row waits for its turn. */
static int hold(struct sending *s, struct lane *lane, const char *plugin, int64_t over, struct err *err)
{
    int64_t next = quota_rate_again(s->flow->host, plugin, QUOTA_CALLS, over);
    s->is_held = true;
    lane_wake_at(lane, &s->flow->outbox_source, next);
    return move_next(lane_db(lane), s->id, next, "limit.calls", err);
}

static int run_lease(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct sending *s = (struct sending *)w;
    struct store *db = lane_db(lane);
    const char *plugin = val_cstr(&s->arena, val_get(&s->request, "plugin"));
    int64_t over = quota_rate(s->flow->host, plugin, QUOTA_CALLS);
    s->is_held = false;
    if (over > 0) return hold(s, lane, plugin, over, err);
    int64_t now = lane_now(lane),
            until = now + val_get_int(&s->request, "timeout", OUTBOX_TIMEOUT_MS) + OUTBOX_LEASE_MS;
    struct stmt *st = store_stmt(db, "update outbox set attempts = attempts + 1, next_at = ?2 where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, s->id);
    stmt_bind_int(st, 2, until);
    int rc = stmt_run(st, err);
    if (rc) return rc;
    lane_wake_at(lane, &s->flow->outbox_source, until);
    lane_after_commit(lane, send_now, drop_sending, s);
    return 0;
}

static void done_lease(struct lane_work *w, const struct err *failed)
{
    struct sending *s = (struct sending *)w;
    if (failed) log_err(LOG_ERROR, "outbox.lease_lost", failed);
    if (failed || s->is_held) {
        free_sending(s);
    } else if (s->unsent) {
        add_result(s); /* only now: until here the work is the lease, whose done() the lane calls */
    }
}

static int add_sending(struct flow *f, struct stmt *row)
{
    struct sending *s = mem_alloc(sizeof(*s));
    struct val borrowed;
    size_t len;
    const char *bytes = stmt_blob(row, 4, &len);
    *s = (struct sending){.work = {.run = run_lease, .done = done_lease},
                          .flow = f,
                          .id = stmt_int(row, 0),
                          .run = stmt_int(row, 1),
                          .entry = stmt_int(row, 2),
                          .attempts = stmt_int(row, 3) + 1};
    arena_init(&s->arena, 16 << 20);
    if (val_decode(bytes, len, &s->arena, flow_kind_of, &borrowed) != 0 ||
        val_copy(&s->arena, &borrowed, &s->request) != 0) {
        free_sending(s);
        return ERR_CORRUPT;
    }
    lane_add(f->lane, &s->work);
    return 0;
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, outbox_source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    int n = 0, rc;
    if (!f->host->fetcher) return INT64_MAX; /* a command: the service sends */
    struct stmt *s = store_stmt(lane_db(lane),
                                "select id, run, entry, attempts, body, next_at from outbox"
                                " where next_at is not null order by next_at limit ?1",
                                &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, max + 1);
    while ((rc = stmt_step(s, &err)) == 1) {
        next = stmt_int(s, 5);
        if (next > now || n == max) break;
        if (add_sending(f, s) != 0) log_write(LOG_ERROR, "outbox.unreadable", NULL);
        n++;
        next = INT64_MAX;
    }
    stmt_done(s);
    /* The leases that were just queued move their rows; they wake this source themselves. */
    if (rc >= 0) return next;
failed:
    log_err(LOG_ERROR, "outbox.collect", &err);
    return now + 1000;
}

/* --- run:fetch --- */

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
    if (val_is(given, VAL_MAP)) rc |= val_copy(c->arena, given, &headers);
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
    struct duration d = {.ms = OUTBOX_TIMEOUT_MS};
    *out = val_map();
    if (!val_is(url, VAL_STR)) return err_set(c->err, ERR_INVALID, "flow.fetch_url", NULL);
    if (val_is(timeout, VAL_STR) &&
        (!duration_parse(timeout->as.str.s, timeout->as.str.len, &d) || d.ms <= 0 || d.ms > OUTBOX_TIMEOUT_MOST_MS))
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
    struct flow *f = c->self;
    struct buf *b = &f->scratch;
    struct stmt *s = store_stmt(c->s->db,
                                "insert into outbox(id, run, entry, kind, body, attempts, next_at)"
                                " values(?1, ?2, ?3, 'fetch', ?4, 0, ?5)",
                                c->err);
    if (!s) return c->err->code;
    buf_clear(b);
    if (val_encode(request, b, false) != 0 || !buf_ok(b)) {
        stmt_done(s);
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    stmt_bind_int(s, 1, id_next(lane_ids(f->lane), c->s->now));
    stmt_bind_int(s, 2, ((struct flow_run *)c->s->run)->id);
    stmt_bind_int(s, 3, entry);
    stmt_bind_blob(s, 4, b->data, b->len);
    stmt_bind_int(s, 5, c->s->now);
    int rc = stmt_run(s, c->err);
    if (rc == 0) lane_wake_at(f->lane, &f->outbox_source, c->s->now);
    return rc;
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

int flow_outbox_attach(struct flow *f)
{
    api_add(f->host->api, functions, f);
    if (!f->lane) return 0;
    f->outbox_source.collect = collect;
    lane_add_source(f->lane, &f->outbox_source);
    return 0;
}
