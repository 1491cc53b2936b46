/* Runs from outside. Lists and single ones in the shape that flow_read_ gives. */
#include "http/host_api.h"

#include <string.h>

#include "base/json.h"
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/api_list.h"

static int no_run(struct api_call *c, int64_t id)
{
    struct err_num n;
    return err_set(c->err, ERR_NOT_FOUND, "flow.no_run", "run", err_i64(&n, id), NULL);
}

/* A map, or its JSON as a query has it. */
static int take_where(struct api_call *c, const struct val *given, struct val *out)
{
    if (!given || given->type == VAL_NIL) return 0;
    *out = *given;
    int rc = given->type == VAL_STR ? json_parse(given->as.str.s, given->as.str.len, c->arena, out, c->err) : 0;
    if (rc == 0 && out->type != VAL_MAP) rc = err_set(c->err, ERR_INVALID, "http.parameter", "name", "where", NULL);
    return rc;
}

static int run_list(struct api_call *c)
{
    const struct val *flow = val_get(&c->args[0], "flow");
    struct flow_filter f = {0};
    struct list_query q;
    struct val where = val_nil();
    int rc = people_check(c->s, "flow.read", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    if (rc) return rc;
    char *full = (char *)val_cstr(c->arena, flow), *dot = full ? strchr(full, '.') : NULL;
    f.name = dot ? dot + 1 : full;
    if (dot) {
        *dot = '\0';
        f.plugin = full;
    }
    rc = take_where(c, val_get(&c->args[0], "where"), &where);
    if (rc == 0) rc = flow_search_read(c->s, f.plugin, f.name, &where, &f.search, c->err);
    if (rc) return rc;
    return flow_read_page(c->s->db, &q, &f, c->arena, &c->result, &c->s->next, c->err);
}

static int run_show(struct api_call *c)
{
    int rc = people_check(c->s, "flow.read", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    rc = flow_read_run(c->s->db, c->args[0].as.i, c->arena, &c->result, c->err);
    if (rc != 1) return rc ? rc : no_run(c, c->args[0].as.i);
    struct val warnings;
    rc = flow_warnings(c->s, c->args[0].as.i, &warnings, c->err);
    if (rc || warnings.as.list.n == 0) return rc;
    return val_set(c->arena, &c->result, "warnings", warnings) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static const struct list_column entry_columns[] = {{"entry", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                                   {"slice", FIELD_INTEGER, LIST_RANGE},
                                                   {"type", FIELD_TEXT, LIST_FILTER},
                                                   {"branch", FIELD_INTEGER, LIST_FILTER},
                                                   {"wait", FIELD_INTEGER, LIST_FILTER},
                                                   {"op", FIELD_TEXT, LIST_FILTER},
                                                   {"where", FIELD_TEXT, LIST_SHOWN},
                                                   {"result", FIELD_JSON, LIST_SHOWN},
                                                   {"refused", FIELD_JSON, LIST_SHOWN},
                                                   {0}};
static const struct list entries = {.name = "history", .order = "entry", .key = "entry", .columns = entry_columns};

static int run_history(struct api_call *c)
{
    struct val row;
    int rc = people_check(c->s, "flow.read", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    rc = flow_read_run(c->s->db, c->args[0].as.i, c->arena, &row, c->err);
    if (rc != 1) return rc ? rc : no_run(c, c->args[0].as.i);
    rc = flow_read_history(c->s->db, c->args[0].as.i, c->arena, &row, c->err);
    return rc ? rc : api_list_slice(c, &c->args[1], &row);
}

static int run_start(struct api_call *c)
{
    struct val empty = val_map();
    struct flow_start_args a = {.input = c->args[1].type == VAL_MAP ? &c->args[1] : &empty, .at_once = true};
    char *full = (char *)val_cstr(c->arena, &c->args[0]), *dot = full ? strchr(full, '.') : NULL;
    int64_t run;
    bool existed;
    int rc = people_check(c->s, "flow.start", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    if (!dot) return err_set(c->err, ERR_INVALID, "flow.full_name", "flow", full, NULL);
    *dot = '\0';
    a.plugin = full;
    a.name = dot + 1;
    a.bid = c->args[2].type == VAL_STR ? api_str(&c->args[2]) : NULL;
    rc = flow_start(c->s->host->flow, c->s, &a, &run, &existed, c->err);
    if (rc) return rc;
    c->result = val_map();
    rc = val_set(c->arena, &c->result, "id", val_int(run));
    if (rc == 0 && existed) rc = val_set(c->arena, &c->result, "existed", val_bool(true));
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

/* A role may be for runs of some states only: "flow.operate@failed". */
static int may_operate(struct api_call *c, int64_t run)
{
    struct val row;
    int rc = flow_read_run(c->s->db, run, c->arena, &row, c->err);
    const char *state = rc == 1 ? api_str(val_get(&row, "state")) : NULL;
    return rc < 0 ? rc : people_check_in(c->s, "flow.operate", PEOPLE_ANY_UNIT, state, c->err);
}

static int run_signal(struct api_call *c)
{
    struct val empty = val_map();
    int rc = may_operate(c, c->args[0].as.i);
    if (rc) return rc;
    return flow_signal(c->s->host->flow, c->s, c->args[0].as.i, api_str(&c->args[1]),
                       c->args[2].type == VAL_NIL ? &empty : &c->args[2],
                       c->args[3].type == VAL_STR ? api_str(&c->args[3]) : NULL, c->err);
}

/* cancel, pause, resume, retry: by the function's own name. */
static int run_operate(struct api_call *c)
{
    struct flow *f = c->s->host->flow;
    int64_t id = c->args[0].as.i;
    const char *verb = strchr(c->fn->name, '.') + 1;
    int rc = may_operate(c, id);
    if (rc) return rc;
    if (strcmp(verb, "cancel") == 0)
        return flow_cancel(f, c->s, id, c->args[1].type == VAL_STR ? api_str(&c->args[1]) : "", c->err);
    if (strcmp(verb, "retry") == 0)
        return flow_retry(f, c->s, id, c->args[1].type == VAL_BOOL && c->args[1].as.b, c->err);
    return flow_pause(f, c->s, id, strcmp(verb, "pause") == 0, c->err);
}

/* One page of open runs; the caller goes on with `next` while there is one, so that nobody waits for all of them. */
static int run_upgrade(struct api_call *c)
{
    const struct val *o = &c->args[0], *plugin = val_get(o, "plugin"), *flow = val_get(o, "flow");
    struct flow_upgrade_args args = {.plugin = plugin ? val_cstr(c->arena, plugin) : NULL,
                                     .name = flow ? val_cstr(c->arena, flow) : NULL,
                                     .run = val_get_int(o, "run", 0),
                                     .after = val_get_int(o, "after", 0),
                                     .dry_run = val_get_bool(o, "dry_run", false)};
    int rc = people_check(c->s, "flow.retry", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : flow_upgrade(c->s->host->flow, c->s, &args, c->arena, &c->result, c->err);
}

static const struct api_fn functions[] = {
    {"run.list", run_list, "options:map", "list", API_READ, API_HOST, 1, "Runs, newest first.", .list = &flow_run_list},
    {"run.show", run_show, "id:integer!", "map", API_READ, API_HOST, 1,
     "One run with its state, input, result and error.", .gives = "@Run"},
    {"run.history", run_history, "id:integer! options:map", "list", API_READ, API_HOST, 1,
     "Steps, waits and wake-ups of a run.", .list = &entries},
    {"run.start", run_start, "flow:text! input:map id:text", "map", API_WRITE, API_HOST, 1,
     "Starts PLUGIN.FLOW; the same id starts nothing twice.", .tells = true, .gives = "id:integer! existed:boolean"},
    {"run.signal", run_signal, "id:integer! name:text! data:any key:text", "", API_WRITE, API_HOST, 1,
     "Tells a run something."},
    {"run.cancel", run_operate, "id:integer! reason:text", "", API_WRITE, API_HOST, 1,
     "Cancels a run and its children.", .tells = true},
    {"run.pause", run_operate, "id:integer!", "", API_WRITE, API_HOST, 1, "Holds a run; what comes for it is kept."},
    {"run.resume", run_operate, "id:integer!", "", API_WRITE, API_HOST, 1, "Lets a paused run go on."},
    {"run.retry", run_operate, "id:integer! upgrade:boolean", "", API_WRITE, API_HOST, 1,
     "A failed or blocked run goes on, with its own source or on the active version."},
    {"run.upgrade", run_upgrade, "options:map{plugin:text,flow:text,run:integer,after:integer,dry_run:boolean}", "map",
     API_WRITE, API_HOST, 1, "Tries open runs of old versions against the active one; moves those that fit.",
     .gives = "runs:list{run:integer!,flow:text!,outcome:text!,step:text,journal:text,code:text,where:text,error:text,"
              "error_code:text,journal_args:map,code_args:map}! next:integer"},
    {0},
};

void host_api_attach(struct host *host)
{
    api_add(host->api, functions, NULL);
    host_api_attach_inbox(host);
    host_api_attach_task(host);
    host_api_attach_unit(host);
    host_api_attach_system(host);
    host_api_attach_org(host);
    host_api_attach_policy(host);
    host_api_attach_grant(host);
    host_api_attach_file(host);
    host_api_attach_quota(host);
    host_api_attach_plan(host);
    host_api_attach_console(host);
    host_api_attach_error(host);
    host_api_attach_audit(host);
    host_api_attach_erase(host);
    host_api_attach_export(host);
    host_api_attach_auth(host);
}
