/* command.define; for the command line command.run and command.list. */
#include "plugin/api.h"
#include "plugin/declare.h"
#include "plugin/host.h"
#include "route/command_internal.h"

const char *const command_common[] = {"as",      "data",     "help",    "json", "lang", "out",
                                      "plugins", "settings", "verbose", "zone", NULL};

static int define(struct api_call *c)
{
    struct val none = val_map();
    const char *name = api_str(&c->args[0]);
    if (!command_is_name(name)) return err_set(c->err, ERR_INVALID, "command.name", "command", name ? name : "", NULL);
    const struct val *spec = c->args[1].type == VAL_NIL ? &none : &c->args[1];
    return registry_declare_fn(c->s, "command", name, spec, c->args[2].as.i, c->err);
}

static int run(struct api_call *c)
{
    return command_run(c->s, NULL, api_str(&c->args[0]), &c->args[1], &c->result, c->err);
}

static int list(struct api_call *c)
{
    struct registry *r = plugins_registry(c->s->host->plugins);
    int rc = command_list(r, c->s->lang, c->arena, &c->result, c->err);
    registry_drop(r);
    return rc;
}

static const struct api_fn functions[] = {
    {"command.define", define, "name:text! options:map{args:map,doc:any,writes:boolean,columns:list} run:fn!", "",
     API_DECLARE, "command", 1,
     "Makes `khung x NAME`: fn(args) gives a text, a table or a list of them. It only reads unless writes = true."},
    {"command.run", run, "name:text! args:map", "map", API_WRITE, API_HOST, 1, "Runs a command of a plugin.", true,
     .tells = true},
    {"command.list", list, "", "list", API_READ, API_HOST, 1, "The commands of plugins."},
    {0},
};

void command_attach(struct host *host)
{
    static const struct decl_kind kind = {.name = "command", .compile = command_compile};
    plugins_add_kinds(host->plugins, &kind, 1);
    api_add(host->api, functions, NULL);
}
