/* The flow engine: runs of Lua functions that may wait for weeks, journalled in the transaction of their effects.
 *
 * A run is rows; while it is hot it is also coroutines in a plugin's Lua state. It advances slice by slice on the
 * lane: one wake-up, then what the code does until its next wait. All calls on the lane's thread inside a slice
 * (session with a lane), but the flow_read_ ones, which only need a connection.
 *
 *     struct flow_start_args a = { "publication", "publish", &input, "article-17", … };
 *     rc = flow_start(flow, session, &a, &run_id, err); */
#ifndef KHUNG_FLOW_H
#define KHUNG_FLOW_H

#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/registry.h"
#include "store/lane.h"
#include "store/store.h"

struct flow;

enum flow_state {
    FLOW_RUNNING, /* has work or waits */
    FLOW_COMPLETED,
    FLOW_FAILED,  /* retries are used up: "retry" goes on */
    FLOW_BLOCKED, /* diverged on replay, or its source is gone: never guessed on */
    FLOW_CANCELLED,
    FLOW_UNDOING, /* cancelled; compensations are running */
};
extern const char *const flow_state_names[]; /* closed by NULL */
const char *flow_state_name(enum flow_state s);
int flow_state_parse(const char *name); /* -1: unknown */

extern const struct val_kind flow_run_kind, flow_task_kind;
extern const struct store_migration flow_migrations[];
/* Before they are applied: what SQL alone cannot carry over from an older version (flow_vote_boxes.c). */
int flow_vote_take_over(const char *data_dir, struct store *db, struct err *err);

struct flow_options {
    int cache_runs; /* hot runs kept; 0: 250; many make the collector of Lua slow */
};
struct flow *flow_new(struct host *host, const struct flow_options *o);
void flow_free(struct flow *f);
/* Declaration kinds ("flow"), API functions, activation (versions, sources), the lane's sources. */
void flow_attach(struct flow *f);
/* The batch's transaction was lost: hot runs that it touched are dropped. For lane_options. */
void flow_batch_lost(struct flow *f);
void flow_batch_kept(struct flow *f);
/* A slice of a command was rolled back: what it changed in memory is read again. */
void flow_undone(struct flow *f);

/* Any thread: what has been committed. `started`, `completed` and `cancelled` since the process started. */
struct flow_stats {
    /* Now; held: their plugin is switched off, or does not serve; unread: votes whose key cannot be read. */
    int64_t failed, blocked, undoing, held, unread;
    int64_t started, completed, cancelled;
};
void flow_stats(const struct flow *f, struct flow_stats *out);

struct flow_start_args {
    const char *plugin, *name;
    const struct val *input;
    const char *bid;              /* business id or NULL */
    int64_t parent, parent_entry; /* run:call; 0 */
    bool is_owed;                 /* not to be refused because its plugin has too many */
    bool at_once;                 /* run the first slice within this one (commands) */
};
/* Starts a run, or finds the one with this business id (*existed). */
int flow_start(struct flow *f, struct session *s, const struct flow_start_args *args, int64_t *run, bool *existed,
               struct err *err);
/* A signal is kept until the run waits for it; a key makes it count once. */
int flow_signal(struct flow *f, struct session *s, int64_t run, const char *name, const struct val *data,
                const char *key, struct err *err);
int flow_cancel(struct flow *f, struct session *s, int64_t run, const char *reason, struct err *err);
int flow_pause(struct flow *f, struct session *s, int64_t run, bool paused, struct err *err);
/* Open runs of old versions tried against the active one, at most for some 20 ms: { runs = { { run, flow, outcome =
 * "moves" | "stays" | "diverges", step, journal, code, journal_args, code_args, where, error, error_code } … }, next =
 * pass it as `after`, or none }. Those that fit are moved unless dry_run. */
struct flow_upgrade_args {
    const char *plugin, *name; /* NULL: all */
    int64_t run, after;        /* 0: all, from the first */
    bool dry_run;
};
int flow_upgrade(struct flow *f, struct session *s, const struct flow_upgrade_args *args, struct arena *a,
                 struct val *out, struct err *err);
/* The same for a version that does not serve: `r` is a registry that is being planned (plugins_plan). Moves nobody. */
int flow_try(struct flow *f, struct session *s, struct registry *r, const char *plugin, int64_t after, struct arena *a,
             struct val *out, struct err *err);
/* A failed or blocked run goes on: with its pinned source, or on the active version if `upgrade`. */
int flow_retry(struct flow *f, struct session *s, int64_t run, bool upgrade, struct err *err);

/* Runs of a flow by fields of their input (search = { … }); `field` NULL: by none. */
enum { FLOW_SEARCH_MAX = 10 };
struct flow_search {
    struct {
        const char *field, *value; /* as they are kept */
    } by[FLOW_SEARCH_MAX];
    size_t n;
};
/* `where`: { field = value }, or nil. ERR_INVALID "flow.search_flow", "flow.search_field" {known}. */
int flow_search_read(struct session *s, const char *plugin, const char *name, const struct val *where,
                     struct flow_search *out, struct err *err);

/* Reading (any connection). Lists are newest first. */
struct flow_filter {
    const char *plugin, *name; /* NULL: all */
    int state;                 /* -1: all */
    int64_t limit;             /* 0: 100, at most 1000 */
    int64_t before, behind;    /* ids, neither is given; 0: no such bound */
    bool oldest;               /* first */
    struct flow_search search;
};
int flow_read_run(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err); /* 1, 0 */
/* A page of runs; the flow's plugin and name, NULL: any. */
struct list_query;
extern const struct list flow_run_list;
int flow_read_page(struct store *db, const struct list_query *q, const struct flow_filter *f, struct arena *a,
                   struct val *out, const char **next, struct err *err);
int flow_read_list(struct store *db, const struct flow_filter *f, struct arena *a, struct val *out, struct err *err);
/* Steps, waits and wake-ups of a run, in order, as a list of maps. */
int flow_read_history(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err);
/* How many open tasks are asked in a unit (of a position or a role there). */
int flow_count_tasks_in(struct store *db, int64_t unit, int64_t *n, struct err *err);
/* Whom something is asked of or told: a person, a list, { position=, unit= | above= }, { role=, unit= } → a list of
 * { person= | position=, unit= | role=, unit= }. */
int flow_target_resolve(struct api_call *c, const struct val *to, struct val *out);
/* `khung verify`: journals that read, waits and tasks without a run, runs without a next event. */
int flow_verify(struct store *db, err_sink report, void *ctx, struct err *err);

/* Just before a commit: has something been changed that may leave a task without anybody to decide it? */
int flow_before_commit(struct flow *f, struct store *db, struct err *err);

/* The kinds of objects that journals and rows may hold, for val_decode. */
const struct val_kind *flow_kind_of(const char *name, size_t len);

#endif
