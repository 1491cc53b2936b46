/* Events inside the transaction: before_* hooks that may refuse, then the sinks of the core. */
#include "plugin/events.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/breaker.h"
#include "plugin/host.h"
#include "plugin/incident.h"
#include "plugin/plugins.h"

enum { SINKS_MAX = 8 };

struct events {
    struct {
        events_sink sink;
        void *ctx;
    } sinks[SINKS_MAX];
    size_t n;
};

struct events *events_new(void)
{
    return mem_alloc(sizeof(struct events));
}

void events_free(struct events *e)
{
    mem_free(e);
}

void events_add_sink(struct events *e, events_sink sink, void *ctx)
{
    if (e->n == SINKS_MAX) return;
    e->sinks[e->n].sink = sink;
    e->sinks[e->n++].ctx = ctx;
}

static int run_hook(struct session *s, const struct decl *d, const struct val *data, struct err *err)
{
    struct plugin_vm *pv = plugins_vm(s->host->plugins, d->plugin);
    struct breaker_pass pass;
    if (!pv) return 0;
    /* Whoever may say no and cannot be asked has not said yes. */
    if (breaker_enter(s->host, d->plugin, &pass, err) != 0) return err->code;
    struct session hook = *s;
    hook.mode = SESSION_HOOK;
    hook.journal = NULL; /* a hook is part of the step that caused it */
    hook.run = NULL;
    hook.actor.plugin = d->plugin;
    struct arena_mark mark = arena_mark(&pv->arena);
    int ref = plugin_vm_fn(pv, "on", d->name);
    int rc = plugin_vm_call(pv, &hook, ref, data, 1, pv->plugin->limits.slice_ms, &pv->arena, NULL, err);
    arena_rewind(&pv->arena, mark);
    bool is_no = rc != 0 && !err_is_fault(rc) && (!incident_is(err) || breaker_is_veto(err));
    breaker_leave(s->host, &pass, is_no ? 0 : rc, err);
    if (rc == 0 || err_is_fault(rc)) return rc;
    struct incident i = {.kind = "hook", .name = d->name, .plugin = pv->plugin, .run = s->actor.run};
    if (incident_is(err)) incident_keep(s->host, &i, err);
    /* What the hook raised becomes the reason of the refusal; its own code is kept for those who ask. */
    err->code = ERR_REFUSED;
    if (strcmp(err->key, "lua.error") == 0) memcpy(err->key, "refused.veto", sizeof("refused.veto"));
    err_add_arg(err, "plugin", d->plugin);
    return ERR_REFUSED;
}

static bool is_before(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strncmp(dot ? dot + 1 : name, "before_", 7) == 0;
}

static int run_hooks(struct session *s, const char *name, const struct val *data, struct err *err)
{
    struct registry *r = plugins_registry(s->host->plugins);
    int rc = 0;
    size_t i = 0;
    if (!r) return 0;
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "on", &i));)
        if (val_is_str(val_get(&d->spec, "event"), name)) rc = run_hook(s, d, data, err);
    registry_drop(r);
    return rc;
}

int events_emit(struct events *e, struct session *s, const char *name, const struct val *data, struct err *err)
{
    if (is_before(name)) return run_hooks(s, name, data, err);
    for (size_t i = 0; i < e->n; i++) {
        int rc = e->sinks[i].sink(e->sinks[i].ctx, s, name, data, err);
        if (rc) return rc;
    }
    return 0;
}
