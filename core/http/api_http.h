/* REST on the API: requests become calls on the lane or on a reader, their results become JSON.
 *
 * The io thread parses and authenticates; it answers what is public and read by key itself. `POST /rpc` on the local
 * socket calls any function by name, for the command line. */
#ifndef KHUNG_HTTP_API_H
#define KHUNG_HTTP_API_H

#include "http/server.h"
#include "plugin/host.h"
#include "plugin/readers.h"

struct process;
struct http_api;
struct oidc_options;
struct http_api_options {
    struct host *host;
    struct loop *loop; /* the io thread's */
    struct readers *readers;
    const char *db_path;
    int64_t file_max;                /* bytes of a file */
    int64_t rate_user, rate_address; /* requests a second; 0: any */
    const char *static_dir;          /* served under /; NULL: none */
    const struct process *process;   /* for /metrics; NULL: nothing is said of it */
    const char *proxies;             /* addresses whose X-Forwarded-For is believed; NULL: none */
    const struct oidc_options *oidc; /* NULL: no provider */
};
int http_api_new(const struct http_api_options *o, struct http_api **out, struct err *err);
/* Ends the streams of events. Before the server is stopped, on its thread. */
void http_api_stop(struct http_api *api);
void http_api_free(struct http_api *api);
/* The handler of the server. */
void http_api_handle(void *api, struct http_request *r);
/* Its taker of bodies: files go to the disk as they come (file_upload.c). */
int http_api_take(void *api, struct http_request *r, struct http_sink **out, struct err *err);

#endif
