/* Kept errors of plugins, for the command line. */
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/incident.h"

static int list(struct api_call *c)
{
    const char *plugin = c->args[0].type == VAL_STR ? val_cstr(c->arena, &c->args[0]) : NULL;
    int rc = people_check(c->s, "plugin.list", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : incident_list(c->s, plugin, c->arena, &c->result, c->err);
}

static int show(struct api_call *c)
{
    const char *id = val_cstr(c->arena, &c->args[0]);
    int rc = people_check(c->s, "plugin.list", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = incident_show(c->s, id ? id : "", c->arena, &c->result, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, "incident.unknown", "id", id ? id : "", NULL);
}

static const struct api_fn functions[] = {
    {"error.list", list, "plugin:text", "list", API_READ, API_HOST, 1, "The last errors of plugins, newest first."},
    {"error.show", show, "id:text!", "map", API_READ, API_HOST, 1,
     "One error: message, remedy, run and step, the lines around the place, the traceback."},
    {0},
};

void host_api_attach_error(struct host *host)
{
    api_add(host->api, functions, NULL);
}
