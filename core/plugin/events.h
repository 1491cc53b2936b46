/* Events: what one part of the core or a plugin tells the others, inside the transaction that it happened in.
 *
 * events_emit first runs the Lua `before_*` hooks if the name says so ("content.before_publish"), in the order of
 * `requires`, then name; one that raises refuses the whole (ERR_REFUSED "refused.veto" {plugin, reason}). Other events
 * go to the sinks: the flow engine stores a wake-up for each run that waits for it and starts on() handlers as
 * durable runs. Lane's thread. */
#ifndef KHUNG_EVENTS_H
#define KHUNG_EVENTS_H

#include "plugin/api.h"

struct events;
typedef int (*events_sink)(void *ctx, struct session *s, const char *name, const struct val *data, struct err *err);

struct events *events_new(void);
void events_free(struct events *e);
void events_add_sink(struct events *e, events_sink sink, void *ctx); /* at start */
int events_emit(struct events *e, struct session *s, const char *name, const struct val *data, struct err *err);

#endif
