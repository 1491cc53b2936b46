/* What content tells the others, inside the transaction. */
#include "content/content_internal.h"

#include "plugin/events.h"

int content_event(struct session *s, const char *name, const struct content_row *row, const struct val *extra,
                  struct err *err)
{
    struct arena a;
    struct val data = val_map();
    arena_init(&a, 256 << 10);
    int rc = val_set(&a, &data, "item", val_int(row->id));
    if (rc == 0) rc = val_set(&a, &data, "type", val_str(row->type));
    if (rc == 0 && row->unit) rc = val_set(&a, &data, "unit", val_int(row->unit));
    if (rc == 0) rc = val_set(&a, &data, "revision", val_int(row->draft_rev));
    if (rc == 0) rc = val_set(&a, &data, "state", val_str(content_state_name(row->state)));
    for (size_t i = 0; rc == 0 && extra && i < extra->as.map.n; i++)
        rc = val_set(&a, &data, extra->as.map.pairs[i].key, extra->as.map.pairs[i].v);
    rc = rc ? content_too_large(err) : events_emit(s->host->events, s, name, &data, err);
    arena_close(&a);
    return rc;
}
