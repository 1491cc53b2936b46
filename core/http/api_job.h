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
    struct told *told;      /* reads that the audit knows of */
    struct pool *files;     /* brings files to the disk */
    struct upload *uploads; /* on their way (file_upload.c) */
    int nuploads;
    struct form_body *forms; /* forms with files on their way (form_body.c) */
};

/* Who asks (api_admit.c), and whether they may ask now: who fails to show who it is asks as its address. */
int api_identify(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err);
int api_admit(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err);

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
    const char *shows;           /* the call that answers when this one is done (api_shown.c), or NULL */
    const char *given;           /* what the call itself has answered, or NULL */
    const char *if_match;        /* NULL: not asked for */
    const char *idempotency_key; /* NULL: none */
    bool is_replayed;            /* answered as before: `status` and `out` are those of then */
    const char *type;            /* of what `out` holds; NULL: JSON */
    const char *head;            /* header lines of a plugin's answer; NULL: those of REST */
    const char *headers;         /* all lines of the answer; NULL: the usual ones */
    bool wrap;                   /* for the command line: { text = … } */
    /* Into `out`, on the thread that ran it; NULL: JSON. */
    int (*render)(struct api_job *job, const struct val *out);
    /* What is done in place of `call`: on a reader, or on the lane (NULL). Fills `out`. */
    int (*work)(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
    const char *plugin; /* whose time it is, or NULL: the host's */
    const struct route_request *route;
    struct buf kept; /* in place of `out` under the key: an answer that holds what is shown once */
    /* Answers a success on the io thread, and frees the job; NULL: with `out`. */
    void (*reply)(struct api_job *job);
    struct val shown; /* the result, for `reply` */
    /* Answers job->err, or goes on with the job; on the io thread. NULL: a problem document. */
    void (*refuse)(struct api_job *job);
    void *page;             /* of what makes pages: task_page.h, link_page.c */
    struct form_body *body; /* of a form with files, or NULL; freed with the job */
    struct val args;
    int status;
    const char *next;           /* for the header Link: the next page of a list, or NULL */
    char etag[DIGEST_HEX + 20]; /* of an item that is the answer, or "": "HASH-…", its text's hash and the answer's */
    struct session_read *reads; /* what of the answer is protected (plugin/protected.h) */
    bool is_told;               /* and the audit knows of it */
    bool failed;
    struct err err;
    struct buf out;
};

/* Links that mail and calendar programs open without an account (http_links.c): /calendar/TOKEN.ics … */
void http_link_calendar(struct http_api *api, struct http_request *r);
void http_link_unsubscribe(struct http_api *api,
                           struct http_request *r); /* … /unsubscribe/TOKEN: GET asks, POST does */
/* An account's requests are its own, wherever it comes from; without one they are the address's. ERR_LIMIT "http.rate"
 * {retry_after}; what is left is said in the headers of whatever answers the request. */
int http_take_rate(struct http_api *api, struct http_request *r, int64_t user, struct err *err);
struct api_job *api_job_new(struct http_api *api, struct http_request *r);
void api_job_free(struct api_job *job);
/* The request is deferred; it is answered when the job has run. */
void api_job_start(struct api_job *job, bool writes);
/* The same from `refuse`: the request is deferred already. */
void api_job_go_on(struct api_job *job, bool writes);
/* Before the call: is it of the type in the path, and still as If-Match has it (api_match.c)? */
int api_check_match(struct api_job *job, struct session *s, struct err *err);
/* Idempotency-Key, in the arena; NULL: none (api_admit.c). */
int api_key_of(const struct http_request *r, struct arena *a, const char **out, struct err *err);
int api_take_key(struct api_job *job);
/* A JSON body, or nil. */
int api_read_json(const struct http_request *r, struct arena *a, struct val *out, struct err *err);
void api_refuse(struct api_job *job); /* answers job->err, and frees the job */
/* 405 when `allow` names methods, else 404. */
void api_not_found(struct http_request *r, const char *allow);
/* Reports (api_report.c): the arguments of GET /api/reports/NAME, and the run on a reader. Without a name: the list. */
extern const struct list report_types;
int api_report_args(struct http_request *r, struct arena *a, struct val *out, struct err *err);
int api_report_run(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
/* Routes of plugins (api_route.c): below /x/. */
void api_route_handle(struct http_api *api, struct http_request *r);
/* Takes "_csrf" away. */
void api_route_drop_word(struct val *form);
/* Their forms with files (api_route_files.c): what takes such a body as it comes; the job's start, with the files
 * brought to the disk first; and on the lane a row for each, into the request. */
int api_route_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
void api_route_start(struct api_job *job, bool writes);
int api_route_add_files(struct api_job *job, struct session *s, struct route_request *q, struct err *err);

#endif
