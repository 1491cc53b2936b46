/* Inside http/: one call of the API on behalf of a request. */
#ifndef KHUNG_HTTP_API_JOB_H
#define KHUNG_HTTP_API_JOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/api_http.h"
#include "people/people.h"
#include "store/lane.h"

struct http_api {
    struct http_api_options o;
    struct store *db;  /* the io thread's snapshots */
    struct buf json;
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
    const char *if_match;  /* NULL: not asked for */
    struct val args;
    int status;
    bool failed;
    struct err err;
    struct buf out;
};

struct api_job *api_job_new(struct http_api *api, struct http_request *r);
void api_job_free(struct api_job *job);
/* The request is deferred; it is answered when the job has run. */
void api_job_start(struct api_job *job, bool writes);
/* GET /api/reports and /api/reports/NAME (api_report.c). */
void api_report(struct http_api *api, struct http_request *r);

#endif
