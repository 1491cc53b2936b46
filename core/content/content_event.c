/* What content tells the others, inside the transaction. */
#include "content/content_internal.h"

#include <assert.h>
#include <string.h>

#include "plugin/api.h"
#include "plugin/events.h"

/* The data of all: item, type, unit, revision, state. */
const struct api_event content_events[] = {
    {"content.before_create", "An item is about to be made; `values`: its fields."},
    {"content.created", "An item was made."},
    {"content.before_edit", "A draft is about to be changed; `values`: the changes."},
    {"content.edited", "A draft was changed."},
    {"content.approval_voided", "An approval no longer holds: the text was changed."},
    {"content.before_correct", "What is published is about to be corrected; `values`: the changes."},
    {"content.corrected", "What is published was corrected."},
    {"content.before_submit", "A draft is about to be handed in."},
    {"content.submitted", "A draft was handed in."},
    {"content.before_approve", "A revision is about to be approved."},
    {"content.approved", "A revision was approved."},
    {"content.before_send_back", "A draft is about to be sent back."},
    {"content.sent_back", "A draft was sent back."},
    {"content.before_schedule", "A time of publication is about to be set."},
    {"content.scheduled", "A time of publication was set."},
    {"content.before_publish", "An item is about to be published."},
    {"content.published", "An item was published."},
    {"content.before_retract", "An item is about to be retracted."},
    {"content.retracted", "An item was retracted."},
    {"content.before_archive", "An item is about to be archived."},
    {"content.archived", "An item was archived."},
    {0},
};

/* What is told stands in the reference. */
static inline bool is_described(const char *name)
{
    const struct api_event *e = content_events;
    while (e->name && strcmp(e->name, name) != 0)
        e++;
    return e->name != NULL;
}

int content_event(struct session *s, const char *name, const struct content_row *row, const struct val *extra,
                  struct err *err)
{
    struct arena a;
    struct val data = val_map();
    assert(is_described(name));
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
