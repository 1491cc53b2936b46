/* The Lua API as data: every function is described once, and the description checks arguments, guards modes and
 * capabilities, passes steps through the journal, serves REST and the command line, and prints the reference.
 *
 * An API function is plain C over values; it never sees lua.h:
 *
 *     static int kv_get(struct api_call *c) { ... c->result = val_str(...); return 0; }
 *     static const struct api_fn fns[] = {
 *         { "storage.kv.get", kv_get, "key:text!", "json", API_READ, "storage", 1, "Value of a key, or nil." }, {0} };
 *     api_add(api, fns, self);
 *
 * Arguments: "name:TYPE" separated by spaces; TYPE is a field type (base/field.h), `any`, `map`, `list`, `object`
 * (any host object), `object:KIND`, `fn` (only *_lua.c); a `!` at the end: required. More arguments than described
 * are refused. `map{limit:integer,to:any!}` names the keys that a map may have: others are refused (a slip like
 * `witin` is found); the value's own types are the function's to check. `list{…}`: a list of such maps. A map that is
 * not required, with `fn` after it as the last, may be left out: f(path, fn). A method is described with its kind:
 * "item:title". */
#ifndef KHUNG_API_H
#define KHUNG_API_H

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "plugin/session.h"

enum api_effect {
    API_PURE,    /* depends on its arguments only: no step */
    API_READ,    /* reads: a step inside a run; allowed everywhere but while loading */
    API_WRITE,   /* changes: a step inside a run; refused on readers and while loading */
    API_WAIT,    /* ends the slice (or suspends a loop job) */
    API_DECLARE, /* only while loading */
};

enum { API_ARGS_MAX = 8, API_TEXT_MAX = 4 << 20 /* bytes of a text as an argument */ };
/* As `needs`: a function of the host itself (REST, command line); Lua does not see it. */
#define API_HOST "host"

struct api_call {
    const struct api_fn *fn;
    void *self; /* as given to api_add */
    struct session *s;
    struct arena *arena;           /* lives until the result has been taken over */
    struct val args[API_ARGS_MAX]; /* as described; absent ones are nil */
    size_t nargs;
    struct val result;
    struct val result2; /* functions with two results (people.may): set nresults = 2 */
    int nresults;       /* 1 unless changed */
    struct err *err;
};
typedef int (*api_call_fn)(struct api_call *c);

/* A text among the arguments, or inside a map or list of them: it ends in NUL (whoever makes arguments sees to that).
 * NULL when it is no text, is not there, or holds a NUL, which texts described as arguments and options never do. */
static inline const char *api_str(const struct val *v)
{
    return v && v->type == VAL_STR && strlen(v->as.str.s) == v->as.str.len ? v->as.str.s : NULL;
}

struct api_fn {
    const char *name; /* "content.publish", "item:title" */
    api_call_fn call;
    const char *args;
    const char *returns; /* for the reference: "Item?", "integer", "" */
    enum api_effect effect;
    const char *needs;  /* capability, or NULL: everyone */
    int since;          /* API level */
    const char *doc;    /* one line, English (a reference, not a message) */
    bool marks;         /* several statements: runs in a mark (savepoint) of its own */
    bool guarded;       /* reads something protected: the audit is told of it before it is answered */
    bool slow;          /* reads for seconds, maybe: other reads do not wait behind it */
    bool tells;         /* tells the audit itself, with what was before; else each success is told by its arguments */
    const char *tagged; /* the member of a map that says what stands in it: its ETag, and what If-Match is about */
    const char *once;   /* members of the result that are shown this once ("token"): nowhere kept; NULL: none */
    /* For the OpenAPI document: members of the map that it returns, or of each row of the list, "token:text!
     * days:list:date". A type is a field's, map{a:text!,b:@Unit}, list{…} of such maps, map:text (any names), `map`
     * (any members), or @Task, @Task[] for a schema of the document; "@Task": all of it is one; "*": any members. NULL:
     * `returns` says all. */
    const char *gives;
    const struct list *list; /* what its map of options may ask of a list (store/list.h); NULL: it is none */
};

/* A name and its type, as described: an argument of a function, or a key of a map. */
struct api_param {
    const char *name, *type; /* "until_", "instant" */
    bool required;
    const struct api_param *keys; /* of map{…} and list{…} */
    size_t nkeys;
};

/* What the host tells plugins: on(name, fn), run:wait(name). Those with "before_" may be refused by an error. */
struct api_event {
    const char *name, *doc; /* "content.published" */
};

struct api;
/* After each success of an API_WRITE function that does not tell itself. Its failure is the call's. */
typedef int (*api_written_fn)(void *ctx, struct api_call *c, const struct api_param *params);
void api_set_written(struct api *api, api_written_fn fn, void *ctx);
struct api *api_new(void);
void api_free(struct api *api);
/* `fns` is static data, closed by {0}. */
void api_add(struct api *api, const struct api_fn *fns, void *self);
const struct api_fn *api_find(struct api *api, const char *name, void **self);
/* In the order of their names. */
size_t api_count(struct api *api);
const struct api_fn *api_at(struct api *api, size_t i);
/* `events` is static data, closed by {0}. */
void api_add_events(struct api *api, const struct api_event *events);
const struct api_event *api_event_at(struct api *api, size_t i); /* in order; NULL after the last */
/* Its arguments in order: for the reference, the editors' files and the checker. */
size_t api_params(struct api *api, size_t i, const struct api_param **out);
/* Do they end in options that may be left out, and a function? */
bool api_may_skip(const struct api_param *params, size_t n);
/* Calls from C (REST, CLI, engine): checks arguments, runs in a mark. `args` is a list in declared order. */
int api_invoke(struct api *api, struct session *s, const char *name, const struct val *args, struct arena *a,
               struct val *result, struct err *err);

/* Steps of a run pass through here (set by the flow engine in the session). */
struct api_journal {
    /* 1: answered from the journal (c->result, or its recorded refusal as a negative code with c->err);
     * 0: run it live; negative: diverged or stopped (a fault). */
    int (*before)(struct api_journal *j, struct api_call *c, const char *where, int *recorded);
    /* After the live call with its code `rc` (0 or a refusal; never a fault). May replace c->result by what its
     * canonical bytes decode to. */
    int (*after)(struct api_journal *j, struct api_call *c, int rc);
};

/* khung test: sees the host calls that run live, not those that a journal answers, and pure ones neither. What it
 * gives instead of 0 is a fault of the host: the slice is rolled back. */
struct api_trial {
    int (*before)(struct api_trial *t, struct api_call *c);
    int (*after)(struct api_trial *t, struct api_call *c);
};

#endif
