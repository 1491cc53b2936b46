/* A line of Lua from an operator, in a plugin's environment.
 *
 * It runs in a fresh state of the active version, which is dropped afterwards: what it does to globals or loops is gone
 * with it, and the states that serve are not touched. What it writes is one transaction of the lane. Only commands on
 * this machine get here: no route leads to it. */
#include "http/host_api_parts.h"
#include "plugin/plugins.h"

enum { READ_CPU_MS = 5000, WRITE_CPU_MS = 100, LINE_MAX_LEN = 64 << 10 };

static int run_line(struct api_call *c, struct session *s, struct registry *r, int64_t cpu_ms)
{
    const char *name = val_cstr(c->arena, &c->args[0]), *text = val_cstr(c->arena, &c->args[1]);
    struct plugin *p = r && name ? registry_plugin(r, name) : NULL;
    struct plugin_vm *pv = NULL;
    struct err_num n;
    int ref = 0;
    if (!p || !p->ok) return err_set(c->err, ERR_NOT_FOUND, "plugin.not_active", "plugin", name ? name : "", NULL);
    if (!text || c->args[1].as.str.len > LINE_MAX_LEN)
        return err_set(c->err, ERR_LIMIT, "limit.size", "most", err_i64(&n, LINE_MAX_LEN), NULL);
    int rc = plugin_vm_new(s->host, p, r, false, &pv, c->err);
    if (rc == 0) rc = vm_compile(pv->vm, "console", text, &ref, c->err);
    s->actor.plugin = p->name;
    if (rc == 0) rc = plugin_vm_call(pv, s, ref, NULL, 0, cpu_ms, c->arena, &c->result, c->err);
    plugin_vm_drop(pv);
    return rc;
}

static int run_in(struct api_call *c, enum session_mode mode, int64_t cpu_ms)
{
    struct session s = *c->s;
    struct registry *r = plugins_registry(s.host->plugins);
    s.mode = mode;
    if (mode == SESSION_READ) s.lane = NULL;
    int rc = run_line(c, &s, r, cpu_ms);
    c->s->reads = s.reads;
    registry_drop(r);
    return rc;
}

static int read_line(struct api_call *c)
{
    return run_in(c, SESSION_READ, READ_CPU_MS);
}

static int write_line(struct api_call *c)
{
    return run_in(c, SESSION_WRITE, WRITE_CPU_MS);
}

static const struct api_fn functions[] = {
    {"console.read", read_line, "plugin:text! text:text!", "any", API_READ, API_HOST, 1,
     "Runs a line of Lua in a plugin's environment; it may only read."},
    {"console.write", write_line, "plugin:text! text:text!", "any", API_WRITE, API_HOST, 1,
     "Runs a line of Lua in a plugin's environment; what it changes is kept.", true},
    {0},
};

void host_api_attach_console(struct host *host)
{
    api_add(host->api, functions, NULL);
}
