/* Declarations while init.lua runs: into the registry that is being built, and the function into the state. */
#include "plugin/declare.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/host.h"
#include "plugin/plugins.h"

/* Whether names of this kind are unique within a plugin only. */
static bool is_per_plugin(struct session *s, const char *kind)
{
    const struct decl_kind *k = plugins_kind(s->host->plugins, kind);
    return k ? k->per_plugin : true;
}

int registry_declare(struct session *s, const char *kind, const char *name, const struct val *spec, struct err *err)
{
    char where[160];
    struct val empty = val_map();
    if (s->mode != SESSION_LOAD || !s->vm) return err_set(err, ERR_REFUSED, "api.only_loading", "function", kind, NULL);
    if (!s->vm->builds) return 0;
    vm_where(s->vm->vm, where, sizeof(where));
    return registry_add(s->vm->registry, s->vm->plugin, kind, name, spec ? spec : &empty, where, is_per_plugin(s, kind),
                        err);
}

int registry_declare_fn(struct session *s, const char *kind, const char *name, const struct val *spec, int64_t ref,
                        struct err *err)
{
    int rc = registry_declare(s, kind, name, spec, err);
    if (rc) return rc;
    struct plugin_vm *pv = s->vm;
    if (pv->nfns == pv->fns_cap) {
        size_t cap = pv->fns_cap ? 2 * pv->fns_cap : 16;
        struct plugin_fn *grown = mem_try_realloc(pv->fns, cap * sizeof(*pv->fns));
        if (!grown) return err_set(err, ERR_NOMEM, "memory", NULL);
        pv->fns = grown;
        pv->fns_cap = cap;
    }
    pv->fns[pv->nfns++] = (struct plugin_fn){mem_strdup(kind), mem_strdup(name), (int)ref};
    return 0;
}
