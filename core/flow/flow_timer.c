/* Times of waits: durations and instants as the plugin wrote them, and times that hang on an item's field. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/date.h"
#include "content/content.h"
#include "people/time.h"
#include "plugin/plugins.h"

/* The instant of a field of an item as it is now; INT64_MAX when it has none yet. */
static int item_time(struct session *s, int64_t item, const char *field, int64_t *due, struct err *err)
{
    struct registry *r = plugins_registry(s->host->plugins);
    int rc = content_item_instant(s->db, r, item, field, due, err);
    registry_drop(r);
    if (rc == 0) *due = INT64_MAX;
    return rc < 0 ? rc : 0;
}

int flow_timer_parse(struct session *s, const struct val *when, int64_t *due, struct err *err)
{
    if (when->type == VAL_LIST && when->as.list.n == 2 && when->as.list.items[0].type == VAL_OBJ &&
        when->as.list.items[1].type == VAL_STR) {
        const struct val *item = &when->as.list.items[0];
        return item_time(s, item->as.obj.id, when->as.list.items[1].as.str.s, due, err);
    }
    return people_deadline(s, when, s->now, due, err);
}

int flow_timer_rederive(struct flow_run *run, struct err *err)
{
    for (struct flow_wait *w = run->waits; w; w = w->next) {
        if (w->kind != WAIT_TIMER) continue;
        struct val data = flow_wait_data(run, w);
        int64_t item = val_get_int(&data, "item", 0);
        const struct val *field = val_get(&data, "field");
        if (!item || !val_is(field, VAL_STR)) continue;
        const char *name = val_cstr(&run->flow->arena, field);
        int rc = item_time(run->session, item, name, &w->due, err);
        if (rc) return rc;
    }
    return 0;
}
