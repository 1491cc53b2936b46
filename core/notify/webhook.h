/* Inside notify/: webhooks by https://www.standardwebhooks.com. Lane's thread. */
#ifndef KHUNG_WEBHOOK_H
#define KHUNG_WEBHOOK_H

#include "notify/notify_internal.h"

enum { WEBHOOK_SECRET_BYTES = 32 };

/* Is the event one of "content.* task.asked"? */
bool webhook_wants(const char *patterns, const char *event);
/* One delivery into the outbox. */
int webhook_queue(struct notify *n, struct session *s, int64_t webhook, const char *event, const struct val *data,
                  struct err *err);
/* "v1,… v1,…" of all secrets that are valid now; ERR_DENIED "webhook.secret" when there is none. */
int webhook_sign(struct session *s, int64_t webhook, const char *signed_text, const char **out, struct err *err);
int webhook_disable(struct store *db, int64_t id, const char *why, int64_t now, struct err *err);

#endif
