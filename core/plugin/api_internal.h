/* Inside plugin/: API functions with their parsed argument descriptions, and the one way in which they are run. */
#ifndef KHUNG_API_INTERNAL_H
#define KHUNG_API_INTERNAL_H

#include "base/field.h"
#include "plugin/api.h"

enum api_arg_kind { ARG_FIELD, ARG_ANY, ARG_MAP, ARG_LIST, ARG_OBJECT, ARG_FN, ARG_FNS };

struct api_arg {
    const char *name;
    enum api_arg_kind kind;
    bool required;
    const struct api_param *param; /* as described */
    const char *object;            /* ARG_OBJECT: the kind's name, or NULL for any */
    struct field field;            /* ARG_FIELD */
};

struct api_entry {
    const struct api_fn *fn;
    void *self;
    struct api_arg args[API_ARGS_MAX];
    struct api_param params[API_ARGS_MAX];
    size_t nargs;
    bool takes_fns; /* functions among the arguments */
};

const struct api_entry *api_entry_at(struct api *api, size_t i);
const struct api_entry *api_entry_find(struct api *api, const char *name);
/* Checks one argument; brings field types into stored form. */
int api_check_arg(const struct api_entry *e, size_t i, struct session *s, struct arena *a, struct val *v,
                  struct err *err);
/* Tells the audit of a call that changed something (api_set_written). */
int api_tell_written(struct api *api, const struct api_entry *e, struct api_call *c);
/* May this be called here? Mode and capability. */
int api_guard(const struct api_entry *e, struct session *s, struct err *err);
/* What api_run gives besides 0 and negative codes. */
enum { API_WAITING = 1 };
/* Runs a call whose arguments are checked: guard, journal, mark, the function itself. For API_WAIT functions the
 * result may be API_WAITING: the caller suspends the Lua code. `where` is the calling line (used by the journal). */
int api_run(const struct api_entry *e, struct api_call *c, const char *where);

#endif
