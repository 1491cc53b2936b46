/* Kept errors of plugins, for the command line. */
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/api_list.h"
#include "plugin/incident.h"

static const struct list_column columns[] = {{"id", FIELD_TEXT, LIST_FILTER},
                                             {"last", FIELD_INSTANT, LIST_RANGE | LIST_SORT},
                                             {"count", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                             {"plugin", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                             {"kind", FIELD_TEXT, LIST_FILTER},
                                             {"name", FIELD_TEXT, LIST_SHOWN},
                                             {"where", FIELD_TEXT, LIST_SHOWN},
                                             {"run", FIELD_INTEGER, LIST_SHOWN},
                                             {"message", FIELD_TEXT, LIST_SHOWN},
                                             {"remedy", FIELD_TEXT, LIST_SHOWN},
                                             {0}};
static const struct list errors = {.name = "errors", .order = "-last", .key = "id", .columns = columns};

/* Few are kept (plugin/incident.c). */
static int list(struct api_call *c)
{
    struct val all;
    int rc = people_check(c->s, "plugin.list", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = incident_list(c->s, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
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
    {"error.list", list, "options:map", "list", API_READ, API_HOST, 1, "The last errors of plugins, newest first.",
     .list = &errors},
    {"error.show", show, "id:text!", "map", API_READ, API_HOST, 1,
     "One error: message, remedy, run and step, the lines around the place, the traceback.",
     .gives = "id:text! plugin:text! kind:text! name:text where:text first:integer! last:integer! count:integer! "
              "run:integer code:text! message:text! remedy:text step:integer version:text source:text traceback:text "
              "values:map:text"},
    {0},
};

void host_api_attach_error(struct host *host)
{
    api_add(host->api, functions, NULL);
}
