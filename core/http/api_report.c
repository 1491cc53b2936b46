/* Reports over HTTP: GET /api/reports lists them, GET /api/reports/NAME?format=csv&… runs one on a reader.
 *
 * The answer is spooled in the job and sent when the report has run to its end: an error half way is an error, never
 * half a table; and a slow client keeps no snapshot open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/api_job.h"
#include "http/problem.h"
#include "http/routes.h"
#include "report/report.h"

static int spool(void *ctx, const char *p, size_t n)
{
    struct api_job *job = ctx;
    buf_add(&job->out, p, n);
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

static int list(struct api_job *job, const struct registry *r, struct err *err)
{
    struct val out;
    int rc = report_list(r, job->login.lang, &job->arena, &out, err);
    if (rc == 0) json_write(&job->out, &out);
    return rc;
}

/* The command line takes one JSON document for everything. */
static void wrap(struct api_job *job)
{
    struct buf plain = job->out;
    buf_init(&job->out, 256 << 20);
    buf_add_str(&job->out, "{\"text\":");
    json_write_str(&job->out, plain.data ? plain.data : "", plain.len);
    buf_add_char(&job->out, '}');
    buf_close(&plain);
    job->type = NULL;
}

int api_report_run(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    const struct val *name = val_at(&job->args, 0), *params = val_at(&job->args, 1), *format = val_at(&job->args, 2);
    struct report_request q = {.name = val_cstr(&job->arena, name),
                               .params = val_is(params, VAL_MAP) ? params : NULL,
                               .format = REPORT_JSON,
                               .lang = job->login.lang,
                               .actor = job->login.actor,
                               .sink = {spool, job}};
    const char *wanted = val_cstr(&job->arena, format);
    (void)s;
    buf_clear(&job->out);
    if (wanted && !report_format_parse(wanted, &q.format))
        return err_set(err, ERR_INVALID, "http.parameter", "name", "format", NULL);
    job->type = report_format_type(q.format);
    if (q.actor.user < 0) return err_set(err, ERR_DENIED, "http.no_token", NULL);
    int rc = q.name ? report_run(reader, &q, err) : list(job, reader->registry, err);
    if (rc == 0 && job->wrap) wrap(job);
    return rc;
}

/* The query is the parameters, but for `format`. */
int api_report_args(struct http_request *r, struct arena *a, struct val *out, struct err *err)
{
    static const struct http_route all = {.pattern = "/api/reports/:name", .args = ":name ?* ?format"};
    int rc = http_route_args(&all, r, NULL, a, out, err);
    struct val *params = rc == 0 ? &out->as.list.items[1] : NULL;
    for (size_t i = 0; params && i < params->as.map.n; i++) {
        if (strcmp(params->as.map.pairs[i].key, "format") != 0) continue;
        params->as.map.pairs[i] = params->as.map.pairs[--params->as.map.n];
        break;
    }
    return rc;
}
