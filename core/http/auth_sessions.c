/* One's own sessions. Those of others are read and ended by who administers accounts: /api/users/NAME/sessions. */
#include <stdlib.h>
#include <string.h>

#include "http/auth_web.h"
#include "http/query.h"
#include "http/routes.h"
#include "people/people.h"
#include "plugin/host.h"

/* A token must be made for it, too. */
static int may(struct auth_job *job, const char *verb, struct err *err)
{
    return job->login.token ? people_token_allows(&job->login, verb, err) : 0;
}

static int read_query(struct auth_job *job, struct list_query *q)
{
    const char *query = job->request->query;
    struct val options;
    int rc = http_form_parse(&job->arena, query, strlen(query), &options, &job->err);
    return rc ? rc : list_read(&auth_session_rows, &options, &job->api->o.host->time, &job->arena, q, &job->err);
}

static void answer_page(struct auth_job *job, const struct val *out, const char *next)
{
    const char *link = next ? http_query_next(job->request->path, job->request->query, next, &job->arena) : NULL;
    char *line = link ? arena_printf(&job->arena, "Link: %s\r\n", link) : NULL;
    auth_reply(job, 200, out, line);
    auth_job_free(job);
}

/* By an index: read where it is asked for. */
void auth_sessions(struct auth_job *job)
{
    struct http_api *api = job->api;
    struct list_query q;
    struct val out;
    int64_t now = clock_now(&api->o.host->clock), user = job->login.actor.user;
    const char *next = NULL;
    int rc = read_query(job, &q);
    if (rc == 0) rc = may(job, "user.sessions", &job->err);
    if (rc == 0)
        rc = auth_session_list(api->o.host->auth, api->db, user, now, job->login.session, &q, &job->arena, &out, &next,
                               &job->err);
    if (rc < 0)
        auth_job_refuse(job);
    else
        answer_page(job, &out, next);
}

static int end_one(struct auth_job *job, struct session *s, struct err *err)
{
    struct err_num n;
    int64_t owner = 0;
    int rc = may(job, "user.session_end", err);
    if (rc == 0) rc = auth_session_owner(s->db, job->session, &owner, err);
    if (rc >= 0 && owner != job->login.actor.user)
        rc = err_set(err, ERR_NOT_FOUND, "auth.no_session", "session", err_i64(&n, job->session), NULL);
    return rc < 0 ? rc : auth_session_end(s, job->session, err);
}

static void answer_ended(struct auth_job *job)
{
    struct val nothing = val_nil();
    if (job->is_page)
        auth_account_done(job, job->session ? "session" : "sessions");
    else
        auth_reply(job, 204, &nothing, NULL);
}

void auth_sessions_end(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, end_one}}, .answer = answer_ended};
    char *end;
    job->session = strtoll(job->segment, &end, 10);
    if (*end || job->session <= 0 || strlen(job->segment) > 18) {
        err_set(&job->err, ERR_INVALID, "http.parameter", "name", "id", NULL);
        auth_job_refuse(job);
        return;
    }
    auth_job_start(job, &plan);
}

static int end_others(struct auth_job *job, struct session *s, struct err *err)
{
    return auth_session_end_all(s, job->login.actor.user, job->login.session, err);
}

void auth_sessions_end_others(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, end_others}}, .answer = answer_ended};
    auth_job_start(job, &plan);
}
