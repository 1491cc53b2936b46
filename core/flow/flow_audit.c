/* What the audit is told of runs and tasks. The steps of a run are told by what they change. */
#include "flow/flow_task.h"

#include <stdio.h>

#include "audit/audit.h"
#include "content/personal.h"

int flow_tell_start(struct session *s, const struct flow_run *run, const struct flow_def *def, struct err *err)
{
    char flow[160];
    struct val input;
    if (personal_to_tell(&def->input, &run->input, s->arena, &input))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    snprintf(flow, sizeof(flow), "%s.%s", run->plugin, run->name);
    struct val_pair pairs[] = {{"flow", val_str(flow)}, {"input", input}};
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

int flow_tell_task(struct session *s, int64_t task, const char *what, int64_t person, const char *why, struct err *err)
{
    char verb[48];
    struct val_pair pairs[] = {{"person", val_int(person)}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = 1;
    snprintf(verb, sizeof(verb), "task.%s", what);
    return audit_add(
        s,
        &(struct audit_entry){.verb = verb, .kind = "task", .id = task, .after = person ? &after : NULL, .reason = why},
        err);
}
