/* What every request of the API passes before it becomes a job's work: who asks, how often, and in which form. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"
#include "http/api_job.h"
#include "http/auth_web.h"
#include "http/idempotency.h"
#include "http/problem.h"
#include "http/rate.h"

int api_identify(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err)
{
    int rc = store_begin(api->db, err);
    if (rc) return rc;
    rc = auth_who(api, r, login, err);
    store_rollback(api->db);
    return rc;
}

int http_take_rate(struct http_api *api, struct http_request *r, int64_t user, struct err *err)
{
    enum { SECONDS_AT_ONCE = 10 };
    int64_t a_second = user > 0 ? api->o.rate_user : api->o.rate_address;
    struct rate_policy p = {user > 0 ? "user" : "address", a_second, a_second * SECONDS_AT_ONCE};
    struct rate_left left;
    struct err_num n;
    if (r->local) return 0; /* the operator */
    char address[64];
    auth_address(api, r, address);
    uint64_t key = user > 0 ? digest_short(&user, sizeof(user)) : digest_short(address, strlen(address));
    bool ok = rate_take(api->rate, &p, key, clock_now(&api->o.host->clock), &left);
    rate_headers(&p, &left, r->rate, sizeof(r->rate));
    if (ok) return 0;
    size_t at = strlen(r->rate);
    snprintf(r->rate + at, sizeof(r->rate) - at, "Retry-After: %" PRId64 "\r\n", left.retry_s);
    return err_set(err, ERR_LIMIT, "http.rate", "retry_after", err_i64(&n, left.retry_s), NULL);
}

int api_admit(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err)
{
    struct err limit;
    int rc = api_identify(api, r, login, err);
    if (rc) login->actor.user = PEOPLE_ANONYMOUS;
    if (http_take_rate(api, r, login->actor.user, &limit) == 0) return rc;
    *err = limit;
    return limit.code;
}

int api_key_of(const struct http_request *r, struct arena *a, const char **out, struct err *err)
{
    const char *key = http_header(r, "idempotency-key");
    *out = key ? arena_strdup(a, key) : NULL;
    if (!key || (*out && strlen(key) <= IDEMPOTENCY_KEY_MAX)) return 0;
    return err_set(err, ERR_INVALID, "http.idempotency_key", NULL);
}

int api_take_key(struct api_job *job)
{
    return api_key_of(job->request, &job->arena, &job->idempotency_key, &job->err);
}

int api_read_json(const struct http_request *r, struct arena *a, struct val *out, struct err *err)
{
    *out = val_nil();
    if (r->body_len == 0) return 0;
    const char *type = http_header(r, "content-type");
    if (type && strncmp(type, "application/json", 16) != 0)
        return err_set(err, ERR_INVALID, "http.content_type", "type", type, NULL);
    return json_parse(r->body, r->body_len, a, out, err);
}

void api_refuse(struct api_job *job)
{
    http_problem(job->request, &job->err, job->login.lang);
    api_job_free(job);
}

void api_not_found(struct http_request *r, const char *allow)
{
    struct err err;
    const char *lang = locale_pick(http_header(r, "accept-language"));
    if (allow[0])
        err_set(&err, ERR_INVALID, "http.method", "method", r->method, "allow", allow, NULL);
    else
        err_set(&err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    http_problem(r, &err, lang);
}
