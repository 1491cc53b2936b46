/* Calls of the API that do not tell themselves: the verb is the function's name, the thing its first argument, and what
 * became of it the arguments by their names. Secrets are left out by their names. */
#include "audit/audit_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "plugin/api.h"

static bool is_secret(const char *name)
{
    static const char *const words[] = {"password", "secret", "token", "totp", "code", "hash"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(name, words[i]) == 0) return true;
    return false;
}

static struct val shown(const char *name, const struct val *v)
{
    return is_secret(name) ? val_str("…") : *v;
}

/* One level of names is enough: options are flat. */
static int copy_options(struct arena *a, const struct val *v, struct val *out)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < v->as.map.n; i++)
        rc = val_set(a, out, v->as.map.pairs[i].key, shown(v->as.map.pairs[i].key, &v->as.map.pairs[i].v));
    return rc;
}

static int arguments(struct api_call *c, const struct api_param *params, size_t from, struct val *out)
{
    *out = val_map();
    for (size_t i = from; i < c->nargs; i++) {
        struct val v = shown(params[i].name, &c->args[i]);
        int rc = c->args[i].type == VAL_MAP ? copy_options(c->arena, &c->args[i], &v) : 0;
        if (rc == 0 && v.type != VAL_NIL) rc = val_set(c->arena, out, params[i].name, v);
        if (rc) return rc;
    }
    return 0;
}

/* "run.cancel" is done to a run, "item:title" to an item. */
static void name_kind(const char *verb, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)strcspn(verb, ".:"), verb);
}

static int told(void *ctx, struct api_call *c, const struct api_param *params)
{
    struct audit_entry e = {.verb = c->fn->name};
    const struct val *first = &c->args[0];
    struct val after;
    char kind[48];
    size_t from = 0;
    (void)ctx;
    name_kind(c->fn->name, kind, sizeof(kind));
    e.kind = kind;
    if (c->nargs && (first->type == VAL_INT || first->type == VAL_OBJ)) {
        e.id = first->type == VAL_INT ? first->as.i : first->as.obj.id;
        from = 1;
    } else if (c->nargs && api_str(first) && first->as.str.len < 120) {
        e.name = first->as.str.s;
        from = 1;
    }
    if (!e.id && !e.name && c->result.type == VAL_INT) e.id = c->result.as.i;
    if (arguments(c, params, from, &after) != 0) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    if (after.as.map.n) e.after = &after;
    return audit_add(c->s, &e, c->err);
}

void audit_attach(struct host *host)
{
    if (!host->audit) return;
    api_set_written(host->api, told, host->audit);
    audit_left_attach(host->audit);
    audit_plugin_attach(host);
}
