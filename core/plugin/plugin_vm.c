/* A plugin's Lua state: made by running init.lua, which declares and registers; then frozen. */
#include "plugin/plugin_vm.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/bind_lua.h"
#include "plugin/declare.h"
#include "plugin/host.h"
#include "plugin/loop.h"
#include "plugin/plugins.h"

/* A test on a slow machine, or with every line watched, is not to fail for want of time. */
enum { CALL_ARENA_MAX = 64 << 20, LOAD_CPU_MS = 500, TRIAL_PATIENCE = 20 };

static const char *find_source(void *ctx, const char *module, size_t *len, const char **chunk)
{
    struct plugin_vm *pv = ctx;
    const struct plugin *owner;
    const struct plugin_file *f = plugin_module_find(pv->plugin, module, &owner);
    if (!f) return NULL;
    *len = f->len;
    *chunk = arena_printf(&pv->arena, "%s/%s", owner->name, f->path);
    return *chunk ? f->text : NULL;
}

static int run_init(struct plugin_vm *pv, struct err *err)
{
    const struct plugin_file *f = plugin_file_find(pv->plugin, "init.lua");
    char chunk[128];
    struct session s = {.mode = SESSION_LOAD,
                        .host = pv->host,
                        .vm = pv,
                        .lang = pv->host->lang,
                        .zone = pv->host->zone,
                        .actor = {.plugin = pv->plugin->name}};
    snprintf(chunk, sizeof(chunk), "%s/init.lua", pv->plugin->name);
    pv->session = &s;
    vm_limit_begin(pv->vm, LOAD_CPU_MS);
    int rc = vm_run_chunk(pv->vm, chunk, f->text, f->len, err);
    vm_limit_end(pv->vm);
    pv->session = NULL;
    return rc;
}

static int freeze(struct plugin_vm *pv, struct err *err)
{
    int *refs = mem_alloc((pv->nfns + 1) * sizeof(*refs));
    for (size_t i = 0; i < pv->nfns; i++)
        refs[i] = pv->fns[i].ref;
    int rc = vm_freeze(pv->vm, refs, pv->nfns, err);
    mem_free(refs);
    return rc;
}

int plugin_vm_new(struct host *host, struct plugin *p, struct registry *r, bool builds, struct plugin_vm **out,
                  struct err *err)
{
    struct plugin_vm *pv = mem_alloc(sizeof(*pv));
    pv->plugin = plugin_hold(p);
    pv->registry = r;
    pv->host = host;
    pv->builds = builds;
    pv->refs = 1;
    arena_init(&pv->arena, CALL_ARENA_MAX);
    struct vm_options options = {.name = p->name,
                                 .memory_soft = (size_t)p->limits.memory,
                                 .owner = pv,
                                 .patience = host->trial ? TRIAL_PATIENCE : 0};
    struct bind_all all = {host->api, host->kinds, host->nkinds, &p->config};
    int rc = vm_new(&options, &pv->vm, err);
    if (rc == 0 && host->lines) vm_watch_lines(pv->vm, host->lines);
    if (rc == 0) rc = bind_api(pv->vm, &all, err);
    if (rc == 0) {
        vm_set_source(pv->vm, find_source, pv);
        rc = run_init(pv, err);
    }
    if (rc == 0) rc = freeze(pv, err);
    if (rc) {
        plugin_vm_drop(pv);
        return rc;
    }
    pv->builds = false;
    pv->registry = NULL;
    arena_close(&pv->arena); /* an idle plugin keeps no block */
    *out = pv;
    return 0;
}

struct plugin_vm *plugin_vm_hold(struct plugin_vm *pv)
{
    pv->refs++;
    return pv;
}

void plugin_vm_drop(struct plugin_vm *pv)
{
    if (!pv || --pv->refs > 0) return;
    loop_end_plugin(pv);
    vm_free(pv->vm);
    for (size_t i = 0; i < pv->nfns; i++) {
        mem_free((void *)pv->fns[i].kind);
        mem_free((void *)pv->fns[i].name);
    }
    mem_free(pv->fns);
    arena_close(&pv->arena);
    plugin_drop(pv->plugin);
    mem_free(pv);
}

int plugin_vm_fn(const struct plugin_vm *pv, const char *kind, const char *name)
{
    for (size_t i = 0; i < pv->nfns; i++)
        if (strcmp(pv->fns[i].name, name) == 0 && strcmp(pv->fns[i].kind, kind) == 0) return pv->fns[i].ref;
    return 0;
}

struct session *plugin_vm_enter(struct plugin_vm *pv, struct session *s)
{
    struct session *outer = pv->session;
    s->vm = pv;
    pv->session = s;
    return outer;
}

void plugin_vm_leave(struct plugin_vm *pv, struct session *outer)
{
    pv->session = outer;
    if (!outer) arena_reset(&pv->arena); /* a stop jumps over what a call would have given back */
}

int plugin_vm_call(struct plugin_vm *pv, struct session *s, int ref, const struct val *args, size_t nargs,
                   int64_t cpu_ms, struct arena *a, struct val *out, struct err *err)
{
    struct session *outer = plugin_vm_enter(pv, s);
    vm_limit_begin(pv->vm, cpu_ms);
    int rc = vm_call(pv->vm, ref, args, nargs, a, out, err);
    vm_limit_end(pv->vm);
    plugin_vm_leave(pv, outer);
    return rc;
}
