/* Quotas: how much each plugin has stored and does in a minute, counted and held against its limits.
 *
 * What is stored is counted in memory, as part of the transaction (store_count), and written once a commit to
 * plugin_usage, in that commit: a slice that is rolled back has counted nothing, and after a crash the numbers are
 * those of the last commit. Calls and log lines are counted by the minute, in memory only. Numbers belong to a plugin's
 * name, whichever of its versions runs; the limits are those of the version that serves.
 *
 *     rc = quota_add(s, plugin, QUOTA_ROWS, 1, err);    ERR_LIMIT "limit.rows" {plugin, limit, now} */
#ifndef KHUNG_QUOTA_H
#define KHUNG_QUOTA_H

#include "plugin/host.h"
#include "plugin/plugin.h"
#include "plugin/session.h"
#include "store/store.h"

struct quotas;
struct registry;
extern const struct store_migration quota_migrations[];

/* Before the first slice; reads what is stored. */
int quotas_open(struct host *host, struct store *db, struct quotas **out, struct err *err);
void quotas_free(struct quotas *qs);
/* At start, by each module that stores something for plugins: the real numbers, for the first time and for `khung
 * verify`. It calls quota_tell for each plugin, as often as it likes. */
struct quota_count;
typedef int (*quota_count_fn)(void *ctx, struct store *db, struct quota_count *to, struct err *err);
void quotas_add_count(struct quotas *qs, quota_count_fn fn, void *ctx);
void quota_tell(struct quota_count *to, const char *plugin, size_t len, enum plugin_quota kind, int64_t n);
/* For the lane: writes what has changed just before COMMIT; and after it. */
int quotas_before_commit(struct quotas *qs, struct store *db, struct err *err);
void quotas_after_commit(struct quotas *qs);
/* The limits of what serves now; after the commit of a load. */
void quotas_take_limits(struct quotas *qs, const struct registry *r);
/* Compares what is written with the real numbers; any connection. */
int quotas_verify(struct quotas *qs, struct store *db, err_sink report, void *ctx, struct err *err);

/* On the lane, in a slice. Adds (a refusal changes nothing) or, with a negative number, gives back. A plugin of NULL is
 * the host, which has no limits; and so has everybody where there are no quotas. */
int quota_add(struct session *s, const char *plugin, enum plugin_quota kind, int64_t n, struct err *err);
/* Is there room for so many more? */
int quota_check(struct session *s, const char *plugin, enum plugin_quota kind, int64_t n, struct err *err);
/* Adds without a refusal: what is given back, or is owed to somebody else. */
void quota_add_owed(struct host *host, struct store *db, const char *plugin, enum plugin_quota kind, int64_t n);
/* Rows and bytes together. */
int quota_add_stored(struct session *s, const char *plugin, int64_t rows, int64_t bytes, struct err *err);
/* Any thread. One more of QUOTA_CALLS or QUOTA_LOG in this minute: 0; or there were enough already: which refusal of
 * the minute this is, from 1. */
int64_t quota_rate(struct host *host, const char *plugin, enum plugin_quota kind);
/* What is then said: ERR_LIMIT as quota_add gives it. */
int quota_rate_refuse(struct host *host, const char *plugin, enum plugin_quota kind, struct err *err);
/* When the n-th that was refused may come again, if all of them do. */
int64_t quota_rate_again(struct host *host, const char *plugin, enum plugin_quota kind, int64_t n);

/* Any thread: what a plugin has and may have, and how often it was refused. */
struct quota_state {
    const char *name; /* lives as long as the quotas */
    int64_t used[QUOTA_COUNT], limit[QUOTA_COUNT], refused[QUOTA_COUNT];
};
const char *quota_name(enum plugin_quota kind); /* "rows" … */
/* Plugin by plugin, from i = 0; false at the end. */
bool quotas_next(struct quotas *qs, size_t *i, struct quota_state *out);
bool quotas_find(struct quotas *qs, const char *plugin, struct quota_state *out);

#endif
