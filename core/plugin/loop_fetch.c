/* loop.fetch: the request leaves with the commit of the slice; its result comes back as a work of the lane.
 *
 * Hosts are those of the plugin's manifest: needs = { "fetch:example.org" }. */
#include "plugin/loop_internal.h"

#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "base/mem.h"
#include "plugin/host.h"
#include "plugin/quota.h"
#include "runtime/fetch.h"

enum { BODY_MOST = 512 << 10, HEADERS_MAX = 64, HOSTS_MAX = 64, TIMEOUT_MOST = 300000 };

/* The answer on its way; made on the io thread. */
struct answer {
    struct lane_work work;
    struct loops *loops;
    int64_t plugin, job;
    struct arena arena;
    struct val v;
    struct err err;
    bool has_failed, is_taken;
};

static int on_answer(struct lane_work *w, struct lane *lane, struct err *err)
{
    (void)lane;
    (void)err;
    ((struct answer *)w)->is_taken = true;
    return 0;
}

static void answered(struct lane_work *w, const struct err *failed)
{
    struct answer *a = (struct answer *)w;
    (void)failed;
    /* Refused by a lane that stops: this may be another thread. */
    struct loop_plugin *lp = a->is_taken ? loop_plugin_find(a->loops, a->plugin) : NULL;
    struct loop_job *j = lp ? loop_table_find(&lp->jobs, a->job) : NULL;
    if (j && j->state == JOB_WAITING && j->wait == WAIT_FETCH) {
        struct loop_value *v = a->has_failed ? NULL : loop_value_new(lp, &a->v, &a->err);
        loop_job_resume(j, v, v ? NULL : &a->err);
    }
    arena_close(&a->arena);
    mem_free(a);
}

static int fill(struct answer *a, const struct fetch_result *r)
{
    struct val headers = val_map();
    char *body = arena_strndup(&a->arena, r->body, r->body_len);
    int rc = body ? 0 : ERR_LIMIT;
    a->v = val_map();
    for (size_t i = 0; rc == 0 && i < r->nheaders; i++) {
        const char *name = arena_strdup(&a->arena, r->headers[i].name);
        const char *value = arena_strdup(&a->arena, r->headers[i].value);
        rc = name && value ? val_set(&a->arena, &headers, name, val_str(value)) : ERR_LIMIT;
    }
    if (rc == 0) rc = val_set(&a->arena, &a->v, "status", val_int(r->status));
    if (rc == 0) rc = val_set(&a->arena, &a->v, "headers", headers);
    if (rc == 0) rc = val_set(&a->arena, &a->v, "body", val_strn(body, r->body_len));
    return rc;
}

static void on_fetched(void *ctx, const struct fetch_result *r)
{
    struct answer *a = ctx;
    a->has_failed = r->failed != NULL;
    if (r->failed) {
        a->err = *r->failed;
    } else if (fill(a, r) != 0) {
        a->has_failed = true;
        err_set(&a->err, ERR_LIMIT, "limit.size", NULL);
    }
    lane_post(a->loops->host->lane, &a->work);
}

static size_t hosts_of(const struct plugin *p, const char **out)
{
    size_t n = 0;
    for (const char *const *need = p->needs; need && *need && n < HOSTS_MAX; need++)
        if (strncmp(*need, "fetch:", 6) == 0) out[n++] = *need + 6;
    return n;
}

static size_t headers_of(const struct val *map, struct fetch_header *out)
{
    size_t n = 0;
    for (size_t i = 0; val_is(map, VAL_MAP) && i < map->as.map.n && n < HEADERS_MAX; i++)
        out[n++] = (struct fetch_header){map->as.map.pairs[i].key, map->as.map.pairs[i].v.as.str.s};
    return n;
}

void loop_fetch_start(struct loop_job *j)
{
    struct loop_plugin *lp = j->lp;
    const struct val *v = &j->wait_value->v, *body = val_get(v, "body");
    const char *hosts[HOSTS_MAX];
    struct fetch_header headers[HEADERS_MAX];
    struct answer *a = mem_alloc(sizeof(*a));
    struct err err = {0};
    *a = (struct answer){.work = {.run = on_answer, .done = answered, .share = j->work.share},
                         .loops = lp->loops,
                         .plugin = lp->id,
                         .job = j->item.id};
    arena_init(&a->arena, 2 * BODY_MOST);
    struct fetch_request r = {.url = val_get_str(v, "url"),
                              .method = val_get_str(v, "method"),
                              .headers = headers,
                              .nheaders = headers_of(val_get(v, "headers"), headers),
                              .body = body ? body->as.str.s : NULL,
                              .body_len = body ? body->as.str.len : 0,
                              .timeout_ms = (int)val_get_int(v, "timeout", 0),
                              .max_bytes = (size_t)val_get_int(v, "max_bytes", BODY_MOST),
                              .redirects = (int)val_get_int(v, "redirects", 0),
                              .hosts = hosts,
                              .nhosts = hosts_of(lp->pv->plugin, hosts),
                              .done = on_fetched,
                              .ctx = a};
    int rc = fetch_start(lp->loops->host->fetcher, &r, &err);
    loop_value_free(lp, j->wait_value);
    j->wait_value = NULL;
    if (rc == 0) return;
    arena_close(&a->arena);
    mem_free(a);
    loop_job_resume(j, NULL, &err);
}

static int bad(struct api_call *c, const char *option)
{
    return err_set(c->err, ERR_INVALID, "loop.fetch_option", "option", option, NULL);
}

/* Texts end in NUL from here on. */
static int set_text(struct api_call *c, struct val *out, const char *key, const struct val *v)
{
    const char *text = api_str(v);
    if (!text) return bad(c, key);
    return val_set(c->arena, out, key, val_strn(text, strlen(text) + 1)) ? bad(c, key) : 0;
}

static int set_headers(struct api_call *c, struct val *out, const struct val *v)
{
    struct val headers = val_map();
    int rc = v->type == VAL_MAP && v->as.map.n <= HEADERS_MAX ? 0 : bad(c, "headers");
    for (size_t i = 0; rc == 0 && i < v->as.map.n; i++)
        rc = set_text(c, &headers, v->as.map.pairs[i].key, &v->as.map.pairs[i].v);
    if (rc == 0 && val_set(c->arena, out, "headers", headers)) rc = bad(c, "headers");
    return rc;
}

static int set_json(struct api_call *c, struct val *out, const struct val *v)
{
    struct buf b;
    buf_init(&b, BODY_MOST);
    json_write(&b, v);
    char *copy = buf_ok(&b) ? arena_strndup(c->arena, b.data, b.len) : NULL;
    int rc = copy && val_set(c->arena, out, "body", val_strn(copy, b.len)) == 0 ? 0 : bad(c, "json");
    buf_close(&b);
    return rc;
}

static int set_number(struct api_call *c, struct val *out, const char *key, const struct val *v, int64_t most)
{
    int64_t n = v->type == VAL_INT ? v->as.i : -1;
    int rc = 0;
    if (strcmp(key, "timeout") == 0) rc = loop_duration(c, v, 1, &n);
    if (rc) return rc;
    if (n < 0 || n > most) return bad(c, key);
    return val_set(c->arena, out, key, val_int(n)) ? bad(c, key) : 0;
}

static int set_option(struct api_call *c, struct val *out, const char *key, const struct val *v)
{
    if (strcmp(key, "url") == 0 || strcmp(key, "method") == 0) return set_text(c, out, key, v);
    if (strcmp(key, "headers") == 0) return set_headers(c, out, v);
    if (strcmp(key, "json") == 0) return set_json(c, out, v);
    if (strcmp(key, "body") == 0) return v->type == VAL_STR && val_set(c->arena, out, key, *v) == 0 ? 0 : bad(c, key);
    if (strcmp(key, "timeout") == 0) return set_number(c, out, key, v, TIMEOUT_MOST);
    if (strcmp(key, "max_bytes") == 0) return set_number(c, out, key, v, BODY_MOST);
    if (strcmp(key, "redirects") == 0) return set_number(c, out, key, v, 10);
    return bad(c, key);
}

int loop_fetch_call(struct api_call *c)
{
    struct val request = val_map();
    const struct val *given = &c->args[0];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < given->as.map.n; i++)
        rc = set_option(c, &request, given->as.map.pairs[i].key, &given->as.map.pairs[i].v);
    if (rc) return rc;
    if (!val_get(&request, "url")) return bad(c, "url");
    if (!c->s->host->fetcher) return err_set(c->err, ERR_REFUSED, "loop.no_fetch", NULL);
    struct loop_job *j = loop_job_waits(c, WAIT_FETCH, 0);
    if (!j) return c->err->code;
    const char *plugin = j->lp->pv->plugin->name;
    if (quota_rate(c->s->host, plugin, QUOTA_CALLS) > 0) {
        j->wait = WAIT_NOTHING;
        return quota_rate_refuse(c->s->host, plugin, QUOTA_CALLS, c->err);
    }
    j->wait_value = loop_value_new(j->lp, &request, c->err);
    return j->wait_value ? API_WAITING : c->err->code;
}
