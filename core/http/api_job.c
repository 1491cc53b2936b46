/* Jobs: a call with its arguments travels to the thread that may run it, and its answer back. */
#include "http/api_job.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "content/content.h"
#include "flow/flow.h"
#include "flow/task.h"
#include "http/api_shown.h"
#include "http/api_told.h"
#include "http/auth_web.h"
#include "http/form_body.h"
#include "http/idempotency.h"
#include "http/problem.h"
#include "http/query.h"
#include "plugin/plugins.h"
#include "runtime/log.h"

enum { JOB_ARENA_MAX = 64 << 20, JOB_OUT_MAX = 64 << 20, HEAD_MAX = 16 << 10 };

struct api_job *api_job_new(struct http_api *api, struct http_request *r)
{
    struct api_job *job = mem_alloc(sizeof(*job));
    job->api = api;
    job->request = r;
    arena_init(&job->arena, JOB_ARENA_MAX);
    buf_init(&job->out, JOB_OUT_MAX);
    buf_init(&job->kept, JOB_OUT_MAX);
    return job;
}

void api_job_free(struct api_job *job)
{
    form_body_free(job->body);
    arena_close(&job->arena);
    buf_close(&job->out);
    buf_close(&job->kept);
    mem_free(job);
}

/* As whom, and from where. */
static void take_caller(struct api_job *job, struct session *s)
{
    s->actor = job->login.actor;
    s->token = job->login.token;
    const char *from = job->request->local ? "cli" : "http ", *peer = job->request->peer, *id = job->request->id;
    s->origin = s->token ? arena_printf(&job->arena, "%s%s %s t-%lld", from, peer, id, (long long)s->token)
                         : arena_printf(&job->arena, "%s%s %s", from, peer, id);
}

/* If-Match is about the text, If-None-Match about all that is answered: the state, who approved, when it appears. */
static void take_etag(struct api_job *job, const struct api_fn *fn, const struct val *out)
{
    bool is_item = out->type == VAL_OBJ && out->as.obj.kind == &content_item_kind;
    const struct val *hash = is_item            ? val_get(out->as.obj.fields, "hash")
                             : fn && fn->tagged ? val_get(out, fn->tagged)
                                                : NULL;
    job->etag[0] = '\0';
    if (val_is(hash, VAL_STR))
        snprintf(job->etag, sizeof(job->etag), "%.*s-%016llx", (int)hash->as.str.len, hash->as.str.s,
                 (unsigned long long)digest_short(job->out.data, job->out.len));
}

static bool is_word_of(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; n && (p = strstr(p, word)); p += n)
        if ((p == words || p[-1] == ' ') && (!p[n] || p[n] == ' ')) return true;
    return false;
}

/* What is shown once must not lie in the database for a day: sent again, the request is answered without it, and with
 * what was left out. */
static int keep_without(struct api_job *job, const char *once, const struct val *out, struct err *err)
{
    struct val rest = val_map(), withheld = val_list();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < out->as.map.n; i++) {
        const struct val_pair *pair = &out->as.map.pairs[i];
        rc = is_word_of(once, pair->key) ? val_add(&job->arena, &withheld, val_str(pair->key))
                                         : val_set(&job->arena, &rest, pair->key, pair->v);
    }
    if (rc == 0) rc = val_set(&job->arena, &rest, "withheld", withheld);
    json_write(&job->kept, &rest);
    buf_add_char(&job->kept, '\n');
    return rc || !buf_ok(&job->kept) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* The call of the API, as JSON. */
static int run_call(struct api_job *job, struct session *s, struct err *err)
{
    struct val out = val_nil();
    int rc = api_check_match(job, s, err);
    if (rc == 0) rc = api_invoke(s->host->api, s, job->call, &job->args, &job->arena, &out, err);
    if (rc) return rc;
    if (s->next) job->next = http_query_next(job->request->path, job->request->query, s->next, &job->arena);
    buf_clear(&job->out);
    if (job->reply) {
        job->shown = out;
        return 0;
    }
    if (job->render) return job->render(job, &out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    if (out.type == VAL_NIL && strcmp(job->request->method, "GET") == 0)
        return err_set(err, ERR_NOT_FOUND, "http.not_found", "path", job->request->path, NULL);
    if (out.type == VAL_NIL) return 0;
    json_write(&job->out, &out);
    buf_add_char(&job->out, '\n');
    if (!buf_ok(&job->out)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    const struct api_fn *fn = api_find(s->host->api, job->call, NULL);
    take_etag(job, fn, &out);
    bool has_secret = job->idempotency_key && fn && fn->once && out.type == VAL_MAP;
    return has_secret ? keep_without(job, fn->once, &out, err) : 0;
}

static int run(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    take_caller(job, s);
    s->next = NULL;
    s->is_secret = false;
    if (job->login.lang[0]) s->lang = job->login.lang;
    buf_clear(&job->out);
    buf_clear(&job->kept);
    return job->work ? job->work(job, s, reader, err) : run_call(job, s, err);
}

/* Whoever has no account is known by the address. */
static int64_t sender(const struct api_job *job)
{
    char address[64];
    if (job->login.actor.user != PEOPLE_ANONYMOUS) return job->login.actor.user;
    auth_address(job->api, job->request, address);
    return (int64_t)(digest_short(address, strlen(address)) | 1ULL << 63);
}

/* The same once, when the client says how it knows this request. */
static int run_once(struct api_job *job, struct session *s, struct err *err)
{
    const struct http_request *r = job->request;
    struct idempotency once;
    struct idempotency_answer answer = {.body = &job->out};
    if (!job->idempotency_key) return run(job, s, NULL, err);
    buf_clear(&job->out);
    idempotency_init(&once, sender(job), job->idempotency_key, r->method, r->path, r->query, r->body, r->body_len);
    idempotency_seal(&once, s->host->auth->once_key);
    int rc = idempotency_find(s->db, &once, s->now, &job->arena, &answer, err);
    job->is_replayed = rc == 1;
    if (rc == 0) rc = run(job, s, NULL, err);
    if (rc < 0) return rc;
    if (!job->is_replayed) {
        answer = (struct idempotency_answer){job->status, job->type, job->head, job->kept.len ? &job->kept : &job->out,
                                             s->is_secret};
        return idempotency_keep(s->db, &once, &answer, s->now, err);
    }
    job->status = answer.status;
    job->type = answer.type;
    job->head = answer.head;
    return 0;
}

/* --- answers, on the io thread --- */

/* Who asks has this very answer already. */
static bool is_unchanged(const struct api_job *job)
{
    const char *method = job->request->method, *have = http_header(job->request, "if-none-match");
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    return reads && job->etag[0] && job->status == 200 && have && strstr(have, job->etag);
}

static void answer(struct mail *m)
{
    struct api_job *job = (struct api_job *)((char *)m - offsetof(struct api_job, back));
    struct buf lines;
    if (api_shown(job)) return;
    void (*by_itself)(struct api_job *) = job->failed ? job->refuse : job->reply;
    if (by_itself) {
        by_itself(job);
        return;
    }
    struct http_response res = {.status = job->status,
                                .type = job->type || job->head ? job->type : "application/json",
                                .body = job->out.data,
                                .len = job->out.len};
    buf_init(&lines, HEAD_MAX);
    buf_add_str(&lines, job->head ? job->head : "Cache-Control: no-store\r\n");
    if (job->etag[0]) buf_printf(&lines, "ETag: \"%s\"\r\n", job->etag);
    if (job->is_replayed) buf_add_str(&lines, "Idempotent-Replayed: true\r\n");
    if (job->next) buf_printf(&lines, "Link: %s\r\n", job->next);
    res.headers = job->headers ? job->headers : lines.data;
    if (is_unchanged(job)) {
        res = (struct http_response){.status = 304, .headers = res.headers};
    } else if (job->out.len == 0 && !job->head) {
        if (job->status != 303) res.status = 204;
        res.type = NULL;
    }
    if (job->failed)
        http_problem(job->request, &job->err, job->login.lang);
    else
        http_reply(job->request, &res);
    buf_close(&lines);
    api_job_free(job);
}

static void send_back(struct api_job *job, const struct err *failed)
{
    job->failed = failed != NULL;
    if (failed) job->err = *failed;
    job->back.deliver = answer;
    loop_post(job->api->o.loop, &job->back);
}

/* --- the lane --- */

static int run_on_lane(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct api_job *job = (struct api_job *)w;
    struct host *h = job->api->o.host;
    struct session s = {.mode = SESSION_WRITE,
                        .host = h,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &job->arena,
                        .now = lane_now(lane),
                        .lang = h->lang,
                        .zone = h->zone};
    log_set_request(job->request->id); /* kept until the reply, which comes after this */
    int rc = run_once(job, &s, err);
    job->reads = s.reads;
    if (rc >= 0) rc = api_told_reads(job, &s, err);
    log_set_request(NULL);
    if (rc < 0) flow_undone(h->flow);
    return rc;
}

static void done_on_lane(struct lane_work *w, const struct err *failed)
{
    struct api_job *job = (struct api_job *)w;
    if (!failed) api_told_done(job);
    send_back(job, failed);
}

/* The answer waits in the job meanwhile. */
static int run_tell(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct api_job *job = (struct api_job *)w;
    struct host *h = job->api->o.host;
    struct session s = {.host = h, .db = lane_db(lane), .lane = lane, .now = lane_now(lane)};
    take_caller(job, &s);
    return api_told_run(job, &s, err);
}

static void done_tell(struct lane_work *w, const struct err *failed)
{
    struct api_job *job = (struct api_job *)w;
    if (!failed) api_told_done(job);
    send_back(job, failed);
}

/* --- readers --- */

static struct api_job *of_reader(struct reader_work *w)
{
    return (struct api_job *)((char *)w - offsetof(struct api_job, reader));
}

static int run_on_reader(struct reader_work *w, struct reader *r, struct err *err)
{
    struct api_job *job = of_reader(w);
    struct session s;
    reader_session(r, &s, clock_now(&r->host->clock));
    s.arena = &job->arena;
    log_set_request(job->request->id);
    int rc = run(job, &s, r, err);
    job->reads = s.reads;
    log_set_request(NULL);
    return rc;
}

static void done_on_reader(struct reader_work *w, const struct err *failed)
{
    struct api_job *job = of_reader(w);
    if (failed || !api_told_wants(job)) {
        send_back(job, failed);
        return;
    }
    job->lane.run = run_tell;
    job->lane.done = done_tell;
    lane_post(job->api->o.host->lane, &job->lane);
}

/* Whose time it is: a start runs the flow's first piece at once, a route is its plugin's code. All else that comes from
 * outside is the host's. */
static uint32_t share_of(const struct api_job *job)
{
    char plugin[64];
    const struct val *flow = val_at(&job->args, 0);
    const char *dot = val_is(flow, VAL_STR) ? memchr(flow->as.str.s, '.', flow->as.str.len) : NULL;
    bool is_start = strcmp(job->call, "run.start") == 0 && dot;
    if (!is_start && !job->plugin) return 0;
    if (is_start)
        snprintf(plugin, sizeof(plugin), "%.*s", (int)(dot - flow->as.str.s), flow->as.str.s);
    else
        snprintf(plugin, sizeof(plugin), "%s", job->plugin);
    struct registry *r = plugins_registry(job->api->o.host->plugins);
    const struct plugin *p = r ? registry_plugin(r, plugin) : NULL;
    uint32_t share = p ? p->share : 0;
    if (r) registry_drop(r);
    return share;
}

void api_job_start(struct api_job *job, bool writes)
{
    http_defer(job->request);
    api_job_go_on(job, writes);
}

void api_job_go_on(struct api_job *job, bool writes)
{
    struct http_api *api = job->api;
    if (writes) {
        job->lane.run = run_on_lane;
        job->lane.done = done_on_lane;
        job->lane.share = share_of(job);
        lane_post(api->o.host->lane, &job->lane);
        return;
    }
    job->reader.run = run_on_reader;
    const struct api_fn *fn = job->call ? api_find(api->o.host->api, job->call, NULL) : NULL;
    job->reader.is_slow = job->plugin || job->work == api_report_run || (fn && fn->slow);
    job->reader.done = done_on_reader;
    /* It reads every file: however long that takes, whoever may ask for it wants to know. */
    if (job->call && strcmp(job->call, "system.verify") == 0) job->reader.seconds = 24 * 3600;
    if (readers_post(api->o.readers, &job->reader)) return;
    struct err err;
    err_set(&err, ERR_STOPPED, "lane.stopped", NULL);
    send_back(job, &err);
}
