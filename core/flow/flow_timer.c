/* Times of waits: durations and instants as the plugin wrote them, and times that hang on an item's field. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "people/time.h"

/* The instant of a field of an item as it is now; INT64_MAX when it has none yet. */
static int item_time(struct session *s, int64_t item, const char *field, int64_t *due, struct err *err)
{
    struct arena a;
    struct val args = val_list(), found = val_nil();
    struct session reader = *s;
    arena_init(&a, 4 << 20);
    reader.journal = NULL; /* engine's own look, not a step */
    reader.mode = SESSION_WRITE;
    reader.vm = NULL;
    int rc = val_add(&a, &args, val_int(item));
    if (rc == 0) rc = api_invoke(s->host->api, &reader, "content.by_id", &args, &a, &found, err);
    const struct val *v = rc == 0 && found.type == VAL_OBJ ? val_get(found.as.obj.fields, field) : NULL;
    *due = INT64_MAX;
    if (v && v->type == VAL_OBJ && v->as.obj.kind == &instant_kind) *due = v->as.obj.id;
    if (v && v->type == VAL_INT) *due = v->as.i;
    arena_close(&a);
    return rc;
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
