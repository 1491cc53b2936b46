/* flow.*: what plugins may do with runs from outside. */
#include "flow/flow_internal.h"

#include <string.h>

#include "plugin/declare.h"

static int define(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    struct val empty = val_map();
    return registry_declare_fn(c->s, "flow", name, c->args[1].type == VAL_MAP ? &c->args[1] : &empty, c->args[2].as.i,
                               c->err);
}

/* 0: there is such a run, and it is within reach. One out of reach is not to be told from one that does not exist. */
static int check_run(struct api_call *c, int64_t id)
{
    struct err_num n;
    struct err ignored = {0};
    const char *plugin = "";
    if (!c->s->vm || id == c->s->actor.run) return 0; /* its own row is written at the end of the slice */
    struct stmt *s = store_stmt(
        c->s->db, "select n.plugin from flow_run r join flow_name n on n.id = r.name where r.id = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, c->err);
    if (rc == 1) plugin = arena_strdup(c->arena, stmt_text(s, 0, &(size_t){0}));
    stmt_done(s);
    if (rc < 0) return rc;
    if (!plugin) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    if (rc == 1 && plugin_check_reach(c->s->vm->plugin, plugin, &ignored) == 0) return 0;
    return err_set(c->err, ERR_NOT_FOUND, "flow.no_run", "run", err_i64(&n, id), NULL);
}

/* "publish" of this plugin, or "approvals.chain". */
int flow_split_name(struct api_call *c, const struct val *v, const char **plugin, const char **name)
{
    char *full = (char *)val_cstr(c->arena, v);
    char *dot = full ? strchr(full, '.') : NULL;
    if (!full) return err_set(c->err, ERR_INVALID, "invalid.value", "got", "text", NULL);
    *plugin = c->s->vm ? c->s->vm->plugin->name : "";
    *name = full;
    if (dot) {
        *dot = '\0';
        *plugin = full;
        *name = dot + 1;
    }
    return plugin_check_reach(c->s->vm ? c->s->vm->plugin : NULL, *plugin, c->err);
}

static int start(struct api_call *c)
{
    struct flow_start_args args = {0};
    struct val empty = val_map();
    const struct val *bid = val_get(&c->args[2], "id");
    int64_t run;
    bool existed;
    int rc = flow_split_name(c, &c->args[0], &args.plugin, &args.name);
    if (rc) return rc;
    args.input = c->args[1].type == VAL_MAP ? &c->args[1] : &empty;
    args.bid = bid ? api_str(bid) : NULL;
    if (bid && (!args.bid || strlen(args.bid) > 200)) return err_set(c->err, ERR_INVALID, "flow.business_id", NULL);
    rc = flow_start(c->self, c->s, &args, &run, &existed, c->err);
    if (rc == 0) c->result = flow_run_object(c->arena, run);
    return rc;
}

static int64_t run_id(const struct val *v)
{
    return v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

static int signal(struct api_call *c)
{
    const struct val *key = val_get(&c->args[3], "key");
    struct val empty = val_map();
    int rc = check_run(c, run_id(&c->args[0]));
    if (rc) return rc;
    return flow_signal(c->self, c->s, run_id(&c->args[0]), api_str(&c->args[1]),
                       c->args[2].type == VAL_NIL ? &empty : &c->args[2], key ? api_str(key) : NULL, c->err);
}

static int get(struct api_call *c)
{
    struct val row;
    if (check_run(c, run_id(&c->args[0])) != 0) return c->err->code == ERR_NOT_FOUND ? 0 : c->err->code;
    int rc = flow_read_run(c->s->db, run_id(&c->args[0]), c->arena, &row, c->err);
    if (rc != 1) return rc;
    struct val *fields = arena_alloc(c->arena, sizeof(*fields));
    if (!fields) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    *fields = row;
    c->result = val_obj(&flow_run_kind, run_id(&c->args[0]), 0, fields);
    return 0;
}

static int find(struct api_call *c)
{
    const struct val *w = &c->args[0];
    const struct val *flow = val_get(w, "flow"), *state = val_get(w, "state");
    struct flow_filter filter = {
        .state = -1, .limit = val_get_int(&c->args[1], "limit", 100), .before = val_get_int(&c->args[1], "after", 0)};
    if (c->s->vm) filter.plugin = c->s->vm->plugin->name;
    if (flow) {
        int rc = flow_split_name(c, flow, &filter.plugin, &filter.name);
        if (rc) return rc;
    }
    if (state) {
        const char *name = api_str(state);
        filter.state = name ? flow_state_parse(name) : -1;
        if (filter.state < 0) return err_set(c->err, ERR_INVALID, "flow.state", "state", name, NULL);
    }
    struct val fields = val_map();
    for (size_t i = 0; val_is(w, VAL_MAP) && i < w->as.map.n; i++) {
        const struct val_pair *p = &w->as.map.pairs[i];
        if (strcmp(p->key, "flow") != 0 && strcmp(p->key, "state") != 0 && val_set(c->arena, &fields, p->key, p->v))
            return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    int rc = flow_search_read(c->s, filter.plugin, filter.name, &fields, &filter.search, c->err);
    return rc ? rc : flow_read_list(c->s->db, &filter, c->arena, &c->result, c->err);
}

static int cancel(struct api_call *c)
{
    int rc = check_run(c, run_id(&c->args[0]));
    if (rc) return rc;
    rc =
        flow_cancel(c->self, c->s, run_id(&c->args[0]), c->args[1].type == VAL_STR ? api_str(&c->args[1]) : "", c->err);
    if (rc) flow_undone(c->self); /* its mark is rolled back */
    return rc;
}

/* The journal answers for those that came by before the mark was there (flow_patch.c). */
static int patched(struct api_call *c)
{
    if (c->s->mode != SESSION_RUN || !c->s->run)
        return err_set(c->err, ERR_REFUSED, "flow.outside", "function", c->fn->name, NULL);
    c->result = val_bool(true);
    return 0;
}

static const struct api_fn functions[] = {
    {"flow.define", define,
     "name:text! options:map{title:any,input:map,search:list,retry:map,limit:map,forms:map} run:fn!", "", API_DECLARE,
     "flow", 1,
     "Declares a workflow: a function of (run, input) that may wait for weeks. forms = { name = form } tells the "
     "OpenAPI "
     "document which forms its tasks may have."},
    {"flow.start", start, "name:text! input:map options:map{id:text}", "Run", API_WRITE, "flow", 1,
     "Starts a run; { id = \"article-17\" } starts nothing twice.", true, .tells = true},
    {"flow.signal", signal, "run:any! name:text! data:any options:map{key:text}", "", API_WRITE, "flow", 1,
     "Tells a run something; kept until it waits for it; { key = \"once\" } counts once.", true},
    {"flow.patched", patched, "id:text!", "boolean", API_READ, "flow", 1,
     "In a flow: marks a deliberate change. True for runs that come here first with the mark; false for those whose "
     "journal passed this point without it."},
    {"flow.get", get, "run:any!", "Run?", API_READ, "flow", 1, "A run with its state, or nil."},
    {"flow.find", find, "where:map options:map{limit:integer,after:integer}", "list", API_READ, "flow", 1,
     "Runs, newest first, by { flow =, state = }, and by fields that the flow names in its `search`."},
    {"flow.cancel", cancel, "run:any! reason:text", "", API_WRITE, "flow", 1,
     "Cancels a run and its children; its compensations then run in reverse order.", true, .tells = true},
    {0},
};

void flow_add_api(struct flow *f, struct api *api)
{
    api_add(api, functions, f);
}
