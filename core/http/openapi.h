/* The OpenAPI 3.1 document, made when it is asked for: from the table of routes, the descriptions of the API, and what
 * the plugins of the snapshot declare (content types, flows' inputs, reports). Any thread with a registry. */
#ifndef KHUNG_HTTP_OPENAPI_H
#define KHUNG_HTTP_OPENAPI_H

#include "base/field.h"
#include "base/val.h"
#include "http/routes.h"
#include "plugin/api.h"
#include "plugin/registry.h"

struct openapi {
    struct host *host;
    const struct registry *registry;
    struct arena *a;
    const char *lang;
    const char *at;  /* where what is referred to stands: OPENAPI_COMPONENTS */
    struct val tags; /* of the operations so far */
    bool failed;     /* the arena is used up */
};

#define OPENAPI_COMPONENTS "#/components/schemas/"
#define OPENAPI_DIALECT "https://json-schema.org/draft/2020-12/schema"

/* As the session may see it: of the forms of tasks, those of tasks that it may see. ERR_LIMIT when it is too large. */
int openapi_write(struct session *s, const struct registry *r, struct arena *a, struct val *out, struct err *err);
/* The form of a task as a JSON Schema that stands for itself. */
int openapi_form(struct session *s, const struct val *form, struct arena *a, struct val *out, struct err *err);

/* openapi_schema.c: parts of the tree; what goes wrong is kept in o->failed. */
struct openapi_pair {
    const char *key;
    struct val v;
};
struct val openapi_map(struct openapi *o, size_t n, const struct openapi_pair *pairs);
#define OPENAPI_MAP(o, ...)                                                                                            \
    openapi_map((o), sizeof((struct openapi_pair[]){__VA_ARGS__}) / sizeof(struct openapi_pair),                       \
                (struct openapi_pair[]){__VA_ARGS__})
void openapi_set(struct openapi *o, struct val *map, const char *key, struct val v);
void openapi_add(struct openapi *o, struct val *list, struct val v);
const char *openapi_text(struct openapi *o, const char *a, const char *b, const char *c);
struct val openapi_ref(struct openapi *o, const char *name);
struct val openapi_type(struct openapi *o, const char *type);
struct val openapi_field(struct openapi *o, const struct field *f);
struct val openapi_fields(struct openapi *o, const struct field_list *l);
struct val openapi_declared(struct openapi *o, const struct val *declared); /* { name = "type!" } */
struct val openapi_param(struct openapi *o, const struct api_param *p);
/* The same of what is answered: units, persons, dates and instants as they are shown. */
struct val openapi_shown(struct openapi *o, const struct field_list *l);

/* openapi_components.c */
int openapi_components(struct openapi *o, struct session *s, struct val *out, struct err *err);
/* By what units, persons and files are named: what fields refer to. */
void openapi_keys(struct openapi *o, struct val *schemas);

/* openapi_form.c: forms of tasks, and TaskAnswer, which is any of them. */
int openapi_forms(struct openapi *o, struct session *s, struct val *schemas, struct err *err);

/* openapi_route.c: routes of plugins. */
void openapi_routes(struct openapi *o, struct val *paths);

/* openapi_tags.c: under what an operation stands; a new one is kept in o->tags. */
struct val openapi_tags(struct openapi *o, const char *pattern);

/* openapi_parts.c: what every operation has. */
struct openapi_answer {
    int status;       /* 2: any 2XX */
    const char *type; /* "application/json" */
    bool pages, etag, writes, matches;
};
/* A name that is good in any language: "get_api_runs_id". */
struct val openapi_id(struct openapi *o, const char *method, const char *pattern);
struct val openapi_parameter(struct openapi *o, const char *name, const char *in, bool required, struct val schema);
/* "Idempotency-Key", "If-Match", "If-Match-Needed", "Prefer". */
struct val openapi_header(struct openapi *o, const char *name);
struct val openapi_security(struct openapi *o, enum http_needs needs, bool safe);
struct val openapi_responses(struct openapi *o, const struct openapi_answer *a, struct val schema); /* schema or nil */
struct val openapi_unshown(struct openapi *o); /* done, and what it was done to is not shown */
void openapi_add_parts(struct openapi *o, struct val *components);

/* openapi_words.c: an object with these members, "id:integer! tasks:@Task[]" (`gives` in plugin/api.h); of one type;
 * the next word of several. */
struct openapi_word {
    const char *name;
    bool required;
    struct val schema;
};
struct val openapi_words(struct openapi *o, const char *words);
struct val openapi_word_type(struct openapi *o, const char *type);
const char *openapi_next_word(struct openapi *o, const char *at, struct openapi_word *w);
struct val openapi_list_of(struct openapi *o, struct val items);

/* openapi_told.c: lists, and routes that are no call of the API. */
void openapi_list_parameters(struct openapi *o, struct val *to, const struct list *l);
struct val openapi_list_row(struct openapi *o, const struct list *l);
void openapi_told(struct openapi *o, struct val *paths);
/* Puts an operation at "/api/runs/:id" (openapi.c). */
void openapi_operation(struct openapi *o, struct val *paths, const char *pattern, const char *method, struct val op);

#endif
