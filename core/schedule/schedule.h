/* The schedule: durable jobs at a local time in a zone, once or by a cron line.
 *
 * What is kept is the intent (local time and zone); the instant is derived from it, and derived
 * anew when zone data have changed. One index over due times serves any number of jobs; a waiting
 * job costs a row and nothing else. Each job fires as a lane work of its own, so one that fails
 * does not stop the others; it keeps its reason and is tried again with growing pauses. The
 * schedule knows nothing of flows or items: who does a job's work is a sink.
 *
 * Lane's thread, inside a slice, but the reading ones, which need any connection.
 *
 *     schedule_add_sink(host->schedule, &(struct schedule_sink){"flow", fire, is_running, flow});
 *     struct schedule_new n = {.plugin = "awards", .name = "yearly", .kind = "flow", .cron = "0 7 1
 * 1 *", …}; rc = schedule_put(host->schedule, s, &n, &id, err); */
#ifndef KHUNG_SCHEDULE_H
#define KHUNG_SCHEDULE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "plugin/session.h"
#include "store/list.h"
#include "store/store.h"

struct schedule;
struct host;
struct lane;
struct registry;

extern const struct store_migration schedule_migrations[];

enum schedule_missed { SCHEDULE_RUN_ONCE, SCHEDULE_SKIP, SCHEDULE_RUN_ALL };
enum schedule_overlap { SCHEDULE_OVERLAP_SKIP, SCHEDULE_OVERLAP_QUEUE, SCHEDULE_OVERLAP_ALLOW };
enum schedule_state {
    SCHEDULE_ACTIVE,
    SCHEDULE_DONE,   /* a one-shot that fired, or was skipped (error says so) */
    SCHEDULE_FAILED, /* has a reason, and is tried again */
    SCHEDULE_CANCELLED,
    SCHEDULE_ABSENT, /* declared by a plugin that is not active now; goes on when it is back */
};
const char *schedule_state_name(enum schedule_state s);

/* What a sink is given when a job fires. */
struct schedule_job {
    int64_t id, item;
    const char *plugin, *name, *kind, *flow;
    const struct val *input;  /* nil if there is none */
    const char *local, *zone; /* the wall clock time that this firing stands for */
    int64_t due, late_ms;
    char key[64]; /* the same for the same firing: a business id */
};
struct schedule_sink {
    const char *kind; /* "flow", "publish": static */
    /* In the slice of the job: an error rolls all of it back. *run may be set to what was started.
     */
    int (*fire)(void *ctx, struct session *s, const struct schedule_job *job, int64_t *run, struct err *err);
    /* Is what the last firing started still going on? 1, 0. NULL: never. */
    int (*is_running)(void *ctx, struct session *s, int64_t run, struct err *err);
    void *ctx;
};

struct schedule *schedule_new(struct host *host);
void schedule_free(struct schedule *sch);
/* API functions, the declaration kind "cron", activation, the lane's source. */
void schedule_attach(struct schedule *sch);
void schedule_add_sink(struct schedule *sch, const struct schedule_sink *sink); /* copied; at start */

struct schedule_new {
    const char *plugin, *name; /* together they name the job: putting it again replaces it */
    const char *kind;
    const char *cron;  /* or NULL: once */
    const char *local; /* "2021-01-04 08:00", when there is no cron */
    const char *zone;  /* NULL: the organisation's */
    const char *flow;
    const struct val *input; /* NULL: none. Objects but dates and instants are kept as their ids */
    int64_t item;
    enum schedule_missed missed;
    enum schedule_overlap overlap;
    int64_t grace_ms; /* after which it is late, or skipped; 0: one minute */
    bool declared;    /* by a plugin's init.lua */
};
int schedule_put(struct schedule *sch, struct session *s, const struct schedule_new *n, int64_t *id, struct err *err);
int schedule_cancel(struct schedule *sch, struct session *s, int64_t id, struct err *err);
/* Fires now: an overdue or failed job at once, another one besides its time. */
int schedule_run_now(struct schedule *sch, struct session *s, int64_t id, struct err *err);
/* What a firing had started has ended: a queued firing need not wait any longer. */
int schedule_run_ended(struct schedule *sch, struct session *s, int64_t run, struct err *err);

/* Brings the declared jobs in line with the registry. Those of plugins that are gone wait as
 * absent. */
int schedule_sync(struct schedule *sch, struct session *s, const struct registry *r, struct err *err);
/* Derives instants anew from their intent in zones whose rules have changed; *moved: how many. */
int schedule_rederive(struct schedule *sch, struct session *s, int64_t *moved, struct err *err);

/* Reading. Maps: id, plugin, name, kind, state, due, next, cron, local, zone, flow, item,
 * last_run_at, last_late_ms, tries, error, overdue. */
int schedule_find(struct store *db, const char *plugin, const char *name, int64_t *id, struct err *err); /* 1, 0 */
struct schedule_filter {
    const char *plugin;   /* NULL: all */
    bool open;            /* without those done and cancelled */
    int64_t limit, after; /* after: an id */
};
/* A page of those that are still to fire, of all plugins. */
extern const struct list schedule_rows;
int schedule_page(struct store *db, const struct list_query *q, int64_t now, struct arena *a, struct val *out,
                  const char **next, struct err *err);
int schedule_list(struct store *db, const struct schedule_filter *f, int64_t now, struct arena *a, struct val *out,
                  struct err *err);

#endif
