/* The API functions that belong to no module: on, events.emit, t, log. */
#include "plugin/plugin_api.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "plugin/api.h"
#include "plugin/declare.h"
#include "plugin/events.h"
#include "plugin/host.h"
#include "plugin/plugin_vm.h"
#include "plugin/quota.h"
#include "plugin/text_fill.h"
#include "runtime/log.h"

static int on(struct api_call *c)
{
    const char *event = api_str(&c->args[0]);
    struct val spec = val_map();
    /* Several handlers of one event: the declaration's name carries a number. */
    const char *name = arena_printf(c->arena, "%s#%zu", event ? event : "", c->s->vm->nfns);
    if (!name || val_set(c->arena, &spec, "event", c->args[0]) != 0) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    return registry_declare_fn(c->s, "on", name, &spec, c->args[1].as.i, c->err);
}

static int emit(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    const char *plugin = c->s->vm ? c->s->vm->plugin->name : "";
    size_t n = strlen(plugin);
    struct val empty = val_map();
    /* A plugin speaks in its own name only, so that nobody can fake another's events. */
    if (!name || strncmp(name, plugin, n) != 0 || name[n] != '.')
        return err_set(c->err, ERR_DENIED, "denied.event", "event", name, "plugin", plugin, NULL);
    return events_emit(c->s->host->events, c->s, name, c->args[1].type == VAL_NIL ? &empty : &c->args[1], c->err);
}

static int translate(struct api_call *c)
{
    const char *key = api_str(&c->args[0]);
    const char *text = key && c->s->vm ? plugin_text(c->s->vm->plugin, c->s->lang, key) : NULL;
    struct buf out;
    buf_init(&out, 64 << 10);
    text_fill(&out, text ? text : key ? key : "", &c->args[1], c->arena);
    char *copy = !buf_ok(&out) ? NULL : arena_strndup(c->arena, out.data ? out.data : "", out.len);
    if (copy) c->result = val_strn(copy, out.len);
    buf_close(&out);
    return copy ? 0 : err_set(c->err, ERR_LIMIT, "limit.size", NULL);
}

/* What is too much is left out, and said once a minute: a line in the log is no reason to fail. */
static bool may_log(struct api_call *c)
{
    const char *plugin = c->s->vm ? c->s->vm->plugin->name : NULL;
    struct err why;
    int64_t over = quota_rate(c->s->host, plugin, QUOTA_LOG);
    if (over == 1) {
        quota_rate_refuse(c->s->host, plugin, QUOTA_LOG, &why);
        log_err(LOG_WARN, "plugin.log_limit", &why);
    }
    return over == 0;
}

static int write_log(struct api_call *c)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"log.info", LOG_INFO}, {"log.warn", LOG_WARN}, {"log.error", LOG_ERROR}};
    struct buf fields;
    enum log_level level = LOG_INFO;
    if (c->s->replaying) return 0;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(levels[i].name, c->fn->name) == 0) level = levels[i].level;
    if (!may_log(c)) return 0;
    buf_init(&fields, 4 << 10);
    if (c->args[1].type == VAL_MAP) json_write(&fields, &c->args[1]);
    log_write(level, "plugin.log", "plugin", c->s->vm ? c->s->vm->plugin->name : "", "text", api_str(&c->args[0]),
              "fields", buf_ok(&fields) && fields.data ? fields.data : "", NULL);
    buf_close(&fields);
    return 0;
}

static const struct api_fn functions[] = {
    {"on", on, "event:text! handler:fn!", "", API_DECLARE, NULL, 1,
     "Runs a function on an event: before_* may refuse by error, others run after commit as durable runs."},
    {"events.emit", emit, "name:text! data:map", "", API_WRITE, NULL, 1,
     "Tells an event of this plugin (\"plugin.something\") to whoever listens.", .tells = true},
    {"t", translate, "key:text! values:map", "string", API_PURE, NULL, 1,
     "Text of a key from locale/, with {name} filled from values."},
    {"log.info", write_log, "text:text! fields:map", "", API_PURE, NULL, 1, "Writes a line to the log."},
    {"log.warn", write_log, "text:text! fields:map", "", API_PURE, NULL, 1, "Writes a warning to the log."},
    {"log.error", write_log, "text:text! fields:map", "", API_PURE, NULL, 1, "Writes an error to the log."},
    {0},
};

void plugin_add_api(struct api *api)
{
    api_add(api, functions, NULL);
}
