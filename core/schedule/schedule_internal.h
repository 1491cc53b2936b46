/* Inside schedule/: the module and the row. */
#ifndef KHUNG_SCHEDULE_INTERNAL_H
#define KHUNG_SCHEDULE_INTERNAL_H

#include "base/cron.h"
#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/registry.h"
#include "schedule/schedule.h"
#include "store/lane.h"

enum { SINKS_MAX = 8, GRACE_MS = 60 * 1000, LOCAL_LEN = 32 };

struct schedule {
    struct host *host;
    struct lane_source source;
    struct schedule_sink sinks[SINKS_MAX];
    size_t nsinks;
    struct arena arena; /* of the slice that runs */
    /* Works that are queued still stand as due in the index: reading goes on behind the last one.
     */
    int64_t in_flight, read_at, read_id, paused_until;
};

struct schedule_row {
    int64_t id, item, due, next_at, last_run, tries, grace_ms, last_run_at, last_late_ms;
    const char *plugin, *name, *kind, *local, *zone, *cron, *flow, *error;
    struct val input;
    enum schedule_missed missed;
    enum schedule_overlap overlap;
    enum schedule_state state;
    bool manual, waiting, alarmed, declared;
};

/* Strings and input in the arena. 1, 0. */
int schedule_row_load(struct store *db, int64_t id, struct arena *a, struct schedule_row *out, struct err *err);
/* Writes what firing changes: local, due, next_at, state, tries, error, flags, last_*. */
int schedule_row_save(struct store *db, const struct schedule_row *r, struct err *err);
void schedule_format_local(const struct date *d, char out[LOCAL_LEN]);
int schedule_parse_local(const char *text, struct date *out);
/* The next firing of a cron row after an instant, into local and due; next_at = due. */
int schedule_advance(struct schedule_row *r, int64_t after, struct arena *a, struct err *err);

/* Keeps the rules of a zone as they are when it is first used: a later start sees whether they have
 * changed. */
int schedule_remember_zone(struct store *db, const char *zone, struct err *err);

int64_t schedule_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
void schedule_init_session(struct schedule *sch, struct lane *lane, struct session *s);

/* A declared or given spec: {cron, zone, flow, input, missed, overlap, grace}. */
int schedule_read_options(const struct val *options, struct arena *a, struct schedule_new *n, struct err *err);
struct decl_kind schedule_decl_kind(struct schedule *sch);
extern const struct api_fn schedule_functions[];
void schedule_erase_attach(struct schedule *sch); /* schedule_erase.c */

#endif
