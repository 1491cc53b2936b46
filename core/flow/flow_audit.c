/* What the audit is told of runs and tasks. The steps of a run are told by what they change. */
#include "flow/flow_task.h"

#include <stdio.h>

#include "audit/audit.h"

int flow_tell_start(struct session *s, const struct flow_run *run, struct err *err)
{
    char flow[160];
    snprintf(flow, sizeof(flow), "%s.%s", run->plugin, run->name);
    struct val_pair pairs[] = {{"flow", val_str(flow)}, {"input", run->input}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = run->input.type == VAL_NIL ? 1 : 2;
    return audit_add(s, &(struct audit_entry){.verb = "flow.start", .kind = "run", .id = run->id, .after = &after},
                     err);
}

int flow_tell_state(struct session *s, const struct flow_run *run, enum flow_state was, const char *reason,
                    struct err *err)
{
    char verb[48];
    struct val before = val_str(flow_state_name(was)), after = val_str(flow_state_name(run->state));
    snprintf(verb, sizeof(verb), "flow.%s", flow_state_name(run->state));
    return audit_add(s,
                     &(struct audit_entry){.verb = verb,
                                           .kind = "run",
                                           .id = run->id,
                                           .before = &before,
                                           .after = &after,
                                           .reason = reason,
                                           .is_plain = true},
                     err);
}

int flow_tell_answer(struct session *s, const struct flow_task *t, const struct val *answer, struct err *err)
{
    const struct val *as = val_get(answer, "as");
    return audit_add(s,
                     &(struct audit_entry){.verb = "task.decide",
                                           .kind = "task",
                                           .id = t->id,
                                           .as = as ? val_cstr(s->arena, as) : NULL,
                                           .on_behalf_of = val_get_int(answer, "on_behalf_of", 0),
                                           .after = answer},
                     err);
}
