/* Routes: what a plugin answers over HTTP, and how it is asked.
 *
 * route.get(path, options, fn) of the plugin `awards` is asked at /x/awards/PATH: below /x/ nothing of the core stands,
 * and below a plugin's name nothing of another plugin. GET runs on a reader and can only read; the other methods run
 * on the lane, in one transaction: what fn answers is kept, what it raises rolls back. Whoever is not logged in is
 * refused unless the route says access = "public". What fn may answer is a short list (route_answer.c); all else is the
 * plugin's mistake, and told as such.
 *
 *     def = route_find(registry, "GET", "/x/awards/rounds/7", allow);
 *     rc = route_run(&session, states, &request, &answer, err); */
#ifndef KHUNG_ROUTE_H
#define KHUNG_ROUTE_H

#include "base/buf.h"
#include "people/params.h"
#include "plugin/plugins.h"
#include "plugin/session.h"

enum {
    ROUTE_SEGMENTS_MAX = 16,
    ROUTE_PATH_MAX = 200,
    ROUTE_CPU_MS = 5000,          /* of a GET; the others have the slice of their plugin */
    ROUTE_BODY_MAX = 16 << 20,    /* of an answer from a reader */
    ROUTE_LANE_BODY_MAX = 1 << 20 /* of one from the lane: all wait while it is written */
};
#define ROUTE_PREFIX "/x/"

/* Adds route.get, post, put, patch, delete, and the declaration kind "route". */
void route_attach(struct host *host);

/* What decl->compiled of a route is. In the registry's arena. */
struct route_def {
    const char *name; /* of the declaration: "GET /x/awards/rounds/{}" */
    const char *method, *plugin;
    const char *path;                       /* whole: "/x/awards/rounds/{id}" */
    const struct val *title;                /* text, or { vi =, en = }, or NULL */
    const struct val *output;               /* as declared, or NULL */
    struct field_list params, query, input; /* of the path; of the query; of the body */
    bool reads, has_query, has_input;       /* has_: without, any text and any JSON is let through */
    bool is_public;
    struct people_access access;
};

/* NULL: there is none. Borrowed from the registry. *allow gets the methods of the path, if it has others. */
const struct route_def *route_find(const struct registry *r, const char *method, const char *path, char allow[64]);
/* May somebody like this ask at all? ERR_DENIED "http.no_token". */
int route_admits(const struct route_def *def, const struct actor *actor, struct err *err);

struct route_request {
    const char *method, *path;
    struct val query;      /* a map of texts */
    struct val json, form; /* nil, or the body; form: a map of texts, of a file its number */
    struct val files;      /* nil, or a list of what came with the form: { field, id, name, type, size, hash } */
    const char *have;      /* If-None-Match, or NULL */
    const char *word;      /* against forgery, for forms that are posted to this plugin; NULL: none is needed */
    struct actor actor;
};
/* `headers` are lines, in the session's arena; `type` NULL: there is no body. */
struct route_answer {
    int status;
    const char *type, *headers;
    const char *title; /* the body is to be framed as a page of this title (page()); NULL: it is whole */
    struct buf body;   /* the caller's: initialised, with its limit; cleared here */
};
/* In a transaction: on a reader with its `states`, or on the lane (NULL). ERR_NOT_FOUND "http.not_found", ERR_DENIED,
 * ERR_INVALID for values that do not fit; what the plugin raises, with the id of the kept error. */
int route_run(struct session *s, struct plugin_states *states, const struct route_request *q, struct route_answer *out,
              struct err *err);

#endif
