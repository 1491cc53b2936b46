/* Inside http/: one call of the API on behalf of a request. */
#ifndef KHUNG_HTTP_API_JOB_H
#define KHUNG_HTTP_API_JOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "http/api_http.h"
#include "people/people.h"
#include "store/lane.h"

struct http_api {
    struct http_api_options o;
    struct store *db; /* the io thread's snapshots */
    struct auth_web *auth;
    struct buf json;
    struct rate *rate;
    struct sse *sse;
};

/* Made on the io thread, run on the lane or a reader, answered and freed on the io thread. */
struct api_job {
    struct lane_work lane;
    struct reader_work reader;
    struct mail back;
    struct http_api *api;
    struct http_request *request;
    struct arena arena;
    struct people_login login;
    const char *call;
    const char *if_match;        /* NULL: not asked for */
    const char *idempotency_key; /* NULL: none */
    bool is_replayed;            /* answered as before: `status` and `out` are those of then */
    const char *type;            /* of what `out` holds; NULL: JSON */
    const char *page;            /* headers of an HTML page (link_page.c) that `out` is to be; NULL: it is none */
    bool wrap;                   /* for the command line: { text = … } */
    /* Into `out`, on the thread that ran it; NULL: JSON. */
    int (*render)(struct api_job *job, const struct val *out);
    bool report; /* args are those of a report: name, params, format */
    struct val args;
    int status;
    char rate[160];        /* header lines, or "" */
    char etag[DIGEST_HEX]; /* of an item that is the answer, or "" */
    bool failed;
    struct err err;
    struct buf out;
};

/* Links that mail and calendar programs open without an account: /calendar/TOKEN.ics, /unsubscribe/TOKEN
 * (http_links.c). False: none of them. */
bool http_links(struct http_api *api, struct http_request *r);
struct api_job *api_job_new(struct http_api *api, struct http_request *r);
void api_job_free(struct api_job *job);
/* The request is deferred; it is answered when the job has run. */
void api_job_start(struct api_job *job, bool writes);
/* Reports (api_report.c): the arguments of GET /api/reports/NAME, and the run on a reader. Without a name: the list. */
int api_report_args(struct http_request *r, struct arena *a, struct val *out, struct err *err);
int api_report_run(struct api_job *job, struct reader *reader, struct err *err);

#endif
