/* The JSON routes: each is a method and a pattern that become a call of the API.
 *
 * Arguments, separated by blanks: :name (from the path; :name# an integer), ?name (from the query; ?name# an
 * integer, ?name$ a text, also "2021"), ?* (what other arguments leave of the query, as a map), ?= (the whole query as
 * texts, for a list), body (the JSON body), body.name (one field of it), body* (what others leave of it), {} (an empty
 * map). */
#ifndef KHUNG_HTTP_ROUTES_H
#define KHUNG_HTTP_ROUTES_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "http/server.h"

struct http_api;
struct list;

/* The first argument is an item's or a task's number, or an account's name: may, or must, If-Match say the hash of what
 * stands in it, or is shown with it? */
enum http_match { HTTP_NO_MATCH, HTTP_MAY_MATCH, HTTP_MUST_MATCH };

struct http_route {
    const char *method, *pattern, *call, *args;
    int status;  /* of a success: 200, 201, 204 */
    bool writes; /* runs on the lane; else on a reader */
    enum http_match match;
    const char *shows; /* of a success: the call that gives its answer, of the result or, where there is none, of the
                        * first argument; NULL: the result */
};

/* The route of a request; NULL: none. *allow gets the methods of the path, if it has others. */
const struct http_route *http_route_find(const char *method, const char *path, char allow[64]);
/* The arguments of the call, in the arena. `body`: parsed, or nil. */
int http_route_args(const struct http_route *route, const struct http_request *r, const struct val *body,
                    struct arena *a, struct val *out, struct err *err);
/* What a web form sent (application/x-www-form-urlencoded), as a map of texts. */
int http_form_parse(struct arena *a, const char *body, size_t len, struct val *out, struct err *err);
/* The same; of a name that comes more than once, a list. */
int http_form_parse_all(struct arena *a, const char *body, size_t len, struct val *out, struct err *err);
/* "/api/tasks/:id/claim": does the path fit? */
bool http_path_fits(const char *pattern, const char *path);
/* For the reference: all of them, closed by {NULL}. */
extern const struct http_route http_routes[];

/* Who may ask for what is no call of the API. ANYONE: what changes something must come from a page of ours, or from no
 * browser. LOGIN: a session or a token. SESSION: a session, since tokens are not to change how their owner logs in.
 * LOCAL: over the socket in the data directory; not in the document. */
enum http_needs { HTTP_ANYONE, HTTP_LOGIN, HTTP_SESSION, HTTP_LOCAL };

/* What the OpenAPI document tells of such a route. Parameters and fields are written as in plugin/api.h, "name:text!";
 * a `result` that is one word is a schema of the document (Item), any other has members as `gives` there; a list, with
 * " []" at its end. */
struct http_told {
    const char *doc;
    const char *query, *header, *body, *form; /* NULL: none */
    bool bytes;                               /* of a file are the body, or part of a form */
    const char *result, *type;                /* of the answer: JSON, or a text of this type; both NULL: 204 */
    const struct list *list;                  /* what may be asked of it; NULL: it is none */
    int status;                               /* of success, where it is neither 200 nor 204 */
    bool etag;
    bool elsewhere; /* may send to another page instead */
    bool files;     /* the form may come with files, as multipart/form-data */
    bool once;      /* heeds Idempotency-Key */
};

/* Of a report, whichever it is. */
#define REPORT_COLUMNS "list{name:text!,type:text!,title:text!,total:text}"
#define REPORT_CHART "map{kind:text!,x:text!,y:text!,title:json}"
#define OPENAPI_REPORT                                                                                                 \
    "name:text! title:text! params:map! columns:" REPORT_COLUMNS "! chart:" REPORT_CHART " group:text rows:list:map! " \
    "totals:map! notes:list:text! next:text"

struct http_own_route {
    const char *method, *pattern;
    enum http_needs needs;
    void (*handle)(struct http_api *api, struct http_request *r);
    struct http_told told;
    /* Is asked when a head is there: *out gets what takes the body as it comes, or stays NULL. NULL: the request has
     * it. */
    int (*take)(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
};
extern const struct http_own_route http_own_routes[]; /* own_routes.c; closed by {NULL} */
const struct http_own_route *http_own_route_find(const struct http_request *r);
/* Adds the methods of the path to those that `allow` holds. */
void http_own_route_allow(const struct http_request *r, char allow[64]);

#endif
