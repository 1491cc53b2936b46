/* The audit as one file over HTTP. It is made page by page on readers, each in a snapshot of its own, and the next is
 * made when the client has taken the one before: no more than a page is in memory, however long the audit is. It ends
 * with the proof of the chain, as the command's file does; where it breaks off the connection breaks, and the file
 * lacks its end. That it is read is told once, before the first byte. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_export.h"
#include "base/mem.h"
#include "http/file_web.h"
#include "http/problem.h"
#include "http/routes.h"
#include "plugin/plugins.h"

enum { PIECE = 64 << 10 };

struct download {
    struct api_job *job;
    struct arena_mark args; /* behind the arguments, which stay for all pages */
    struct val *options;    /* among them */
    const char *text;
    size_t at, len;
    int64_t next;
    bool is_started, is_csv;
};

static void end(struct download *d, bool whole)
{
    struct api_job *job = d->job;
    http_stream_end(job->request, whole);
    mem_free(d);
    api_job_free(job);
}

static void next_page(struct download *d)
{
    struct api_job *job = d->job;
    arena_rewind(&job->arena, d->args);
    *(struct val *)val_get(d->options, "after") = val_int(d->next);
    job->reads = NULL;
    job->next = NULL;
    api_job_go_on(job, false);
}

static void pump(void *ctx)
{
    struct download *d = ctx;
    enum http_stream state = HTTP_STREAM_GO;
    while (state == HTTP_STREAM_GO && d->at < d->len) {
        size_t n = d->len - d->at < PIECE ? d->len - d->at : PIECE;
        state = http_stream_write(d->job->request, d->text + d->at, n);
        d->at += n;
    }
    if (state == HTTP_STREAM_WAIT) return;
    bool is_head = strcmp(d->job->request->method, "HEAD") == 0;
    if (state == HTTP_STREAM_GONE || !d->next || is_head)
        end(d, state == HTTP_STREAM_GO);
    else
        next_page(d);
}

/* A page is there. */
static void reply(struct api_job *job)
{
    struct download *d = job->page;
    const struct val *text = val_get(&job->shown, "text");
    struct http_response head = {
        .status = 200,
        .type = d->is_csv ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8",
        .headers = d->is_csv
                       ? "Cache-Control: no-store\r\nContent-Disposition: attachment; filename=\"audit.csv\"\r\n"
                       : "Cache-Control: no-store\r\nContent-Disposition: attachment; filename=\"audit.jsonl\"\r\n",
        .len = SIZE_MAX};
    d->text = val_is(text, VAL_STR) ? text->as.str.s : "";
    d->len = val_is(text, VAL_STR) ? text->as.str.len : 0;
    d->at = 0;
    d->next = val_get_int(&job->shown, "next", 0);
    if (!d->is_started) http_stream_start(job->request, &head, pump, d);
    d->is_started = true;
    pump(d);
}

static void refuse(struct api_job *job)
{
    struct download *d = job->page;
    if (d->is_started) {
        end(d, false);
        return;
    }
    http_problem(job->request, &job->err, job->login.lang);
    mem_free(d);
    api_job_free(job);
}

/* Numbers of units and persons may stand for their codes. */
static struct val number_or_text(struct val v)
{
    char *after;
    long long n = v.type == VAL_STR ? strtoll(v.as.str.s, &after, 10) : 0;
    return n > 0 && !*after ? val_int(n) : v;
}

static int take_args(struct api_job *job, struct download *d)
{
    const char *query = job->request->query;
    struct val options;
    int rc = http_form_parse(&job->arena, query, strlen(query), &options, &job->err);
    for (size_t i = 0; rc == 0 && i < options.as.map.n; i++) {
        struct val_pair *p = &options.as.map.pairs[i];
        if (strcmp(p->key, "unit") == 0 || strcmp(p->key, "person") == 0) p->v = number_or_text(p->v);
        if (strcmp(p->key, "format") == 0) d->is_csv = val_is_str(&p->v, "csv");
    }
    job->args = val_list();
    if (rc == 0 && (val_set(&job->arena, &options, "after", val_int(0)) || val_add(&job->arena, &job->args, options)))
        rc = err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (rc) return rc;
    d->options = &job->args.as.list.items[0];
    d->args = arena_mark(&job->arena);
    return 0;
}

void audit_download_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    struct download *d = mem_alloc(sizeof(*d));
    *d = (struct download){.job = job};
    job->page = d;
    int rc = api_admit(api, r, &job->login, &job->err);
    if (rc == 0 && job->login.actor.user == PEOPLE_ANONYMOUS)
        rc = err_set(&job->err, ERR_DENIED, "http.no_token", NULL);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, "audit.export", &job->err);
    if (rc == 0) rc = take_args(job, d);
    job->call = "audit.export";
    job->reply = reply;
    job->refuse = refuse;
    if (rc)
        refuse(job);
    else
        api_job_start(job, false);
}
