/* A unit's open tasks from outside: what it leaves behind when it is merged, split or abolished. */
#include <stdlib.h>

#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/people.h"

/* By its code or number; from a path everything is text. */
static int find_unit(struct api_call *c, int64_t *id)
{
    const struct val *given = &c->args[0];
    const char *code = api_str(given);
    char *end;
    *id = given->type == VAL_OBJ ? given->as.obj.id : given->type == VAL_INT ? given->as.i : 0;
    if (!code) return 0;
    int rc = people_unit_by_code(c->s->db, code, id, c->err);
    if (rc) return rc < 0 ? rc : 0;
    *id = strtoll(code, &end, 10);
    if (*id > 0 && !*end) return 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
}

static int unit_handover(struct api_call *c)
{
    int64_t unit;
    int rc = people_check(c->s, "flow.read", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = find_unit(c, &unit);
    return rc ? rc : flow_unit_handover(c->s, unit, c->arena, &c->result, c->err);
}

static const struct api_fn functions[] = {
    {"task.unit_handover", unit_handover, "unit:any!", "map", API_READ, API_HOST, 1,
     "What a unit leaves behind, and who took over: its open tasks, and those that have gone to its successors; "
     "`more` where there are more than 1000 of either.",
     .guarded = true,
     .gives = "unit:@Unit! ended:boolean! successors:@Unit[]! tasks:@Task[]! moved:@Task[]! more:boolean"},
    {0},
};

void host_api_attach_unit(struct host *host)
{
    api_add(host->api, functions, NULL);
}
