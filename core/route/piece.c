/* One call of a plugin's code by way of a declaration. */
#include "route/piece.h"

#include <string.h>

#include "plugin/breaker.h"
#include "plugin/host.h"
#include "plugin/incident.h"

/* A value that cannot be given on is the plugin's mistake, and nothing that whoever asks could mend. */
static void blame(struct err *err)
{
    if (strcmp(err->key, "invalid.value") == 0 || strcmp(err->key, "limit.size") == 0) err->code = ERR_PLUGIN;
}

int piece_run(struct session *s, struct plugin_vm *pv, const struct piece *p, struct val *out, struct err *err)
{
    struct val given = val_nil();
    struct breaker_pass pass;
    int ref = plugin_vm_fn(pv, p->kind, p->name);
    int rc = breaker_enter(s->host, pv->plugin->name, &pass, err);
    if (rc) return rc;
    rc = plugin_vm_call(pv, s, ref, p->arg, 1, p->cpu_ms, s->arena, &given, err);
    if (rc == 0 && p->read) rc = p->read(p->ctx, &given, err);
    if (rc) blame(err);
    breaker_leave(s->host, &pass, rc, err);
    struct incident i = {.kind = p->kind, .name = p->name, .plugin = pv->plugin};
    if (rc && incident_is(err)) incident_keep(s->host, &i, err);
    if (rc == 0 && out) *out = given;
    return rc;
}
