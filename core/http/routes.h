/* The JSON routes: each is a method and a pattern that become a call of the API.
 *
 * Arguments, separated by blanks: :name (from the path; :name# an integer), ?name (from the query; ?name# an
 * integer), ?* (the whole query as a map), body (the JSON body), body.name (one field of it), {} (an empty map). */
#ifndef KHUNG_HTTP_ROUTES_H
#define KHUNG_HTTP_ROUTES_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "http/server.h"

struct http_route {
    const char *method, *pattern, *call, *args;
    int status;    /* of a success: 200, 201, 204 */
    bool writes;   /* runs on the lane; else on a reader */
    bool if_match; /* the first argument is an item: If-Match must be the hash of its newest text */
};

/* The route of a request; NULL: none. *allow gets the methods of the path, if it has others. */
const struct http_route *http_route_find(const char *method, const char *path, char allow[64]);
/* The arguments of the call, in the arena. `body`: parsed, or nil. */
int http_route_args(const struct http_route *route, const struct http_request *r, const struct val *body,
                    struct arena *a, struct val *out, struct err *err);
/* What a web form sent (application/x-www-form-urlencoded), as a map of texts. */
int http_form_parse(struct arena *a, const char *body, size_t len, struct val *out, struct err *err);
/* For the reference: all of them, closed by {NULL}. */
extern const struct http_route http_routes[];

#endif
