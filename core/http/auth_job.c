/* Jobs of authentication: from the io thread to the lane or the pool and back, step by step. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "http/auth_web.h"
#include "http/problem.h"
#include "plugin/host.h"
#include "runtime/log.h"

enum { ARENA_MAX = 1 << 20, OUT_MAX = 1 << 20 };

struct auth_job *auth_job_new(struct http_api *api, struct http_request *r)
{
    struct auth_job *job = mem_alloc(sizeof(*job));
    job->api = api;
    job->request = r;
    job->segment = "";
    arena_init(&job->arena, ARENA_MAX);
    auth_address(api, r, job->address);
    return job;
}

void auth_job_free(struct auth_job *job)
{
    arena_close(&job->arena);
    secret_forget(job, sizeof(*job));
    mem_free(job);
}

/* For who watches the log (fail2ban): from where, not as whom, since people type passwords where names belong. */
static void tell_log(const struct auth_job *job)
{
    int status = http_status_of(&job->err);
    if (strncmp(job->err.key, "auth.", 5) == 0 && (status == 401 || status == 403 || status == 429))
        log_warn("auth.refused", "why", job->err.key, "address", job->address, NULL);
}

void auth_job_refuse(struct auth_job *job)
{
    tell_log(job);
    if (!job->is_page)
        http_problem(job->request, &job->err, job->login.lang);
    else if (!job->tell || !job->tell(job))
        auth_page_refuse(job);
    auth_job_free(job);
}

static void next(struct auth_job *job);

static void on_back(struct mail *m)
{
    next((struct auth_job *)((char *)m - offsetof(struct auth_job, back)));
}

static void come_back(struct auth_job *job, const struct err *failed)
{
    if (failed) {
        job->failed = true;
        job->err = *failed;
    }
    job->at++;
    job->back.deliver = on_back;
    loop_post(job->api->o.loop, &job->back);
}

static int run_on_lane(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct auth_job *job = (struct auth_job *)w;
    struct host *h = job->api->o.host;
    struct session s = {.mode = SESSION_WRITE,
                        .host = h,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &job->arena,
                        .now = lane_now(lane),
                        .actor = job->login.actor,
                        .lang = job->login.lang,
                        .zone = h->zone};
    log_set_request(job->request->id);
    int rc = job->plan->steps[job->at].run(job, &s, err);
    log_set_request(NULL);
    return rc;
}

static void done_on_lane(struct lane_work *w, const struct err *failed)
{
    come_back((struct auth_job *)w, failed);
}

static void run_on_pool(struct pool_work *w)
{
    struct auth_job *job = (struct auth_job *)((char *)w - offsetof(struct auth_job, pool));
    struct err err;
    err_clear(&err);
    int rc = job->plan->steps[job->at].run(job, NULL, &err);
    come_back(job, rc ? &err : NULL);
}

static void next(struct auth_job *job)
{
    struct err busy;
    auth_step run = job->plan->steps[job->at].run;
    if (job->failed) {
        auth_job_refuse(job);
    } else if (!run) {
        job->plan->answer(job);
        auth_job_free(job);
    } else if (!job->plan->steps[job->at].on_pool) {
        job->lane.run = run_on_lane;
        job->lane.done = done_on_lane;
        lane_post(job->api->o.host->lane, &job->lane);
    } else {
        job->pool.run = run_on_pool;
        if (pool_post(job->api->auth->pool, &job->pool)) return;
        err_set(&busy, ERR_BUSY, "auth.busy", NULL);
        come_back(job, &busy);
    }
}

void auth_job_go_on(struct auth_job *job, const struct auth_plan *plan)
{
    job->plan = plan;
    job->at = 0;
    next(job);
}

void auth_job_start(struct auth_job *job, const struct auth_plan *plan)
{
    http_defer(job->request);
    auth_job_go_on(job, plan);
}

void auth_reply(struct auth_job *job, int status, const struct val *out, const char *headers)
{
    struct buf b, lines;
    buf_init(&b, OUT_MAX);
    buf_init(&lines, OUT_MAX);
    buf_add_str(&lines, "Cache-Control: no-store\r\n");
    if (headers) buf_add_str(&lines, headers);
    if (out->type != VAL_NIL) {
        json_write(&b, out);
        buf_add_char(&b, '\n');
    }
    struct http_response res = {.status = b.len ? status : 204,
                                .type = b.len ? "application/json" : NULL,
                                .body = b.data,
                                .len = b.len,
                                .headers = lines.data};
    http_reply(job->request, &res);
    buf_close(&b);
    buf_close(&lines);
}

void auth_session_lines(struct auth_job *job, struct buf *b)
{
    char csrf[SECRET_TEXT];
    int64_t age = job->api->o.host->auth->o.session_ms / 1000;
    auth_csrf(job->api, job->token, csrf);
    auth_cookie_line(job->api, b, "session", job->token, age);
    auth_cookie_line(job->api, b, "csrf", csrf, age);
}

void auth_reply_session(struct auth_job *job)
{
    struct val out = val_map();
    struct buf lines;
    char csrf[SECRET_TEXT];
    auth_csrf(job->api, job->token, csrf);
    buf_init(&lines, 4096);
    auth_session_lines(job, &lines);
    int rc = val_set(&job->arena, &out, "name", val_str(job->login.name));
    if (rc == 0) rc = val_set(&job->arena, &out, "admin", val_bool(job->login.actor.admin));
    if (rc == 0) rc = val_set(&job->arena, &out, "session", val_int(job->session));
    if (rc == 0) val_set(&job->arena, &out, "csrf", val_str(csrf));
    auth_reply(job, 200, &out, lines.data);
    buf_close(&lines);
}
