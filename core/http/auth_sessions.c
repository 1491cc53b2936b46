/* Sessions: one's own, and for who administers accounts those of others. */
#include <stdlib.h>
#include <string.h>

#include "http/auth_web.h"
#include "http/query.h"
#include "people/people.h"
#include "plugin/host.h"

/* A token must be made for it, too; another's sessions are the administrator's. */
static int may(struct auth_job *job, struct store *db, int64_t owner, const char *verb, int64_t now, struct err *err)
{
    int rc = job->login.token ? people_token_allows(&job->login, verb, err) : 0;
    if (rc || owner == job->login.actor.user) return rc;
    return people_policy(db, &job->login.actor, verb, PEOPLE_ANY_UNIT, people_day(job->api->o.host, now), err);
}

static int mark_current(struct auth_job *job, struct val *list)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->as.list.n; i++) {
        struct val *one = &list->as.list.items[i];
        bool is = job->login.session && val_get_int(one, "id", 0) == job->login.session;
        rc = val_set(&job->arena, one, "current", val_bool(is));
    }
    return rc;
}

/* A short list by an index: read where it is asked for. */
void auth_sessions(struct auth_job *job)
{
    struct http_api *api = job->api;
    struct err *err = &job->err;
    struct people_account account = {.id = job->login.actor.user};
    struct val out;
    int64_t now = clock_now(&api->o.host->clock);
    const char *query = job->request->query, *name = http_query_get(query, strlen(query), "user", &job->arena);
    int rc = 0;
    if (name) {
        rc = people_account_find(api->db, name, &account, err);
        if (rc == 0) account.id = 0; /* who may not look learns nothing of which there are */
    }
    if (rc >= 0) rc = may(job, api->db, account.id, "user.sessions", now, err);
    if (rc == 0 && !account.id) rc = err_set(err, ERR_NOT_FOUND, "people.no_account", "name", name, NULL);
    if (rc == 0) rc = auth_session_list(api->o.host->auth, api->db, account.id, now, &job->arena, &out, err);
    if (rc == 0 && mark_current(job, &out) != 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    if (rc < 0) {
        auth_job_refuse(job);
        return;
    }
    auth_reply(job, 200, &out, NULL);
    auth_job_free(job);
}

static int end_one(struct auth_job *job, struct session *s, struct err *err)
{
    int64_t owner = 0;
    int rc = auth_session_owner(s->db, job->session, &owner, err);
    if (rc >= 0) rc = may(job, s->db, owner, "user.session_end", s->now, err);
    return rc ? rc : auth_session_end(s, job->session, err);
}

static void answer_nothing(struct auth_job *job)
{
    struct val nothing = val_nil();
    auth_reply(job, 204, &nothing, NULL);
}

void auth_sessions_end(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, end_one}}, .answer = answer_nothing};
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
    static const struct auth_plan plan = {.steps = {{false, end_others}}, .answer = answer_nothing};
    auth_job_start(job, &plan);
}
