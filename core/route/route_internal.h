/* Inside route/: the parts of a route. */
#ifndef KHUNG_ROUTE_INTERNAL_H
#define KHUNG_ROUTE_INTERNAL_H

#include "base/digest.h"
#include "plugin/api.h"
#include "route/route.h"

extern const struct api_fn route_functions[];

/* page_api.c: by `frame` of its answer page() vouches for the HTML; plugins cannot. */
extern const struct api_fn page_functions[];
void page_seal(const char *html, size_t len, char out[DIGEST_HEX]);

/* route_def.c */
int route_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err);

/* route_path.c: "/rounds/{id}" of a plugin: whole, and with {} for each parameter. ERR_INVALID "route.path". */
int route_path_name(const char *plugin, const char *path, struct arena *a, const char **whole, const char **name,
                    struct err *err);
/* Does a pattern fit a path? How well: 0 not at all; where it has a text, it fits better than where it has a parameter,
 * the first segment first. */
unsigned route_path_fits(const char *pattern, const char *path);
/* The parameters of a pattern, one after the other from *at = 0; `path` NULL: names only. False at the end. */
struct route_segment {
    const char *name, *value;
    size_t name_len, value_len;
};
bool route_path_next(const char *pattern, const char *path, size_t *at, struct route_segment *out);

/* route_answer.c: what the plugin's function has given. ERR_PLUGIN "route.answer", "route.header". */
struct route_reading {
    struct session *s;
    const struct route_def *def;
    const char *word; /* of the request */
};
int route_answer_read(const struct route_reading *how, const struct val *given, struct route_answer *out,
                      struct err *err);
/* 304 where the client has the same. */
int route_answer_tag(const struct route_request *q, struct arena *a, struct route_answer *out, struct err *err);

#endif
