/* Inside the flow engine: hot runs, their branches, waits and journal. */
#ifndef KHUNG_FLOW_INTERNAL_H
#define KHUNG_FLOW_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"
#include "flow/flow.h"
#include "flow/flow_journal.h"
#include "plugin/breaker.h"
#include "plugin/plugin_vm.h"
#include "plugin/quota.h"
#include "vm/vm.h"

enum {
    FLOW_LEVEL = 1,
    FLOW_RESULT_MAX = 256 << 10,
    FLOW_BRANCHES_MAX = 1000,
    FLOW_DEEPEST = 64, /* runs that call each other, as far as it is looked at */
    FLOW_COLD_SHARE = 1023,
    FLOW_REPLAY_CPU_MS = 2000
};
enum { FLOW_PATCHES_MAX = 32 };
enum { FLOW_RETRY_TIMES = 5, FLOW_RETRY_PAUSE_MS = 10000 };

/* A flow as declared: compiled once a registry. */
struct flow_def {
    const char *plugin, *name;
    struct field_list input;
    int64_t retry_times, retry_pause_ms;
    const char *limit_key;       /* a field of the input, or NULL: one limit for all */
    int64_t limit_running;       /* 0: no limit */
    const struct field **search; /* fields of the input that its runs are found by */
    size_t nsearch;
    int64_t name_id;    /* flow_name row; set at activation */
    int64_t version_id; /* plugin_version row; set at activation */
    bool is_handler;    /* an on() handler: called with the event alone */
};

/* A plugin version with its Lua state on the lane. */
struct flow_version {
    int64_t id;
    struct plugin_vm *pv;
    int users; /* hot runs */
    struct flow_version *next;
};

enum flow_wait_kind {
    WAIT_TIMER,  /* sleep, sleep_until */
    WAIT_EVENT,  /* wait */
    WAIT_TASK,   /* ask, ask_all */
    WAIT_CHILD,  /* call */
    WAIT_OUTBOX, /* fetch */
    WAIT_GROUP,  /* all, any */
    WAIT_CHECKPOINT,
};

struct flow_branch;

/* What a branch waits for. Its entry number in the journal is its identity. */
struct flow_wait {
    struct flow_wait *next;
    enum flow_wait_kind kind;
    int64_t entry;
    struct flow_branch *branch;
    int64_t due; /* INT64_MAX: none */
    char *data;  /* as journalled: canonical bytes; owned */
    size_t data_len;
    size_t open; /* WAIT_GROUP: branches that still run */
};

/* One line of execution in a run: the main one, or one of an all/any. */
struct flow_branch {
    struct flow_branch *next; /* all branches of the run */
    struct flow_branch *next_ready;
    int64_t id;
    struct vm_co *co;
    int ref; /* the function's, given back at the end; 0 for main */
    struct flow_wait *wait;
    struct flow_branch *parent;
    struct flow_wait *group; /* the parent's wait that this belongs to */
    const char *name;
    bool done;
    char *result; /* of a branch of all{}: canonical bytes until the others are done */
    size_t result_len;
    /* What it is resumed with; in the slice's arena. */
    struct val in[2];
    size_t nin;
    struct err *failed;
};

/* The first ones are the states. */
enum { FLOW_COUNT_HELD = FLOW_UNDOING + 1, FLOW_COUNT_UNREAD, FLOW_COUNT_STARTED, FLOW_COUNTS };

/* As in the row. */
enum flow_off { OFF_NOT, OFF_BREAKER, OFF_ABSENT }; /* held until its plugin is switched on, or serves */
enum flow_turn { TURN_NONE = -1, TURN_HAS = 0, TURN_WAITS = 1 };

struct flow_run {
    int64_t id;
    struct flow *flow;
    /* As in the row. */
    enum flow_state state;
    int64_t name_id, version_id, due, entry, slice, parent, parent_entry, attempts, user, person;
    bool paused;
    enum flow_off off;
    enum flow_turn turn;
    const char *plugin, *name, *bid;
    struct val input, checkpoint;
    /* While hot. */
    struct flow_version *version;
    struct flow_branch *branches, *current;
    struct flow_branch *ready_first, *ready_last;
    struct flow_wait *waits;
    int64_t next_branch;
    struct flow_journal journal;
    struct arena arena;
    struct session *session;
    struct api_journal steps;
    struct flow_probe *probe; /* a trial that wants to know arguments, or NULL */
    struct val result;
    int64_t first_slice;  /* of the journal, which starts afresh at a checkpoint */
    uint64_t call_digest; /* of the step that runs now */
    char call_where[96];
    uint64_t unpatched[FLOW_PATCHES_MAX]; /* digests of flow.patched ids that this run passed without the mark */
    int nunpatched;
    /* What it is counted as: its state as the row says, -1 without a row; whether it is held. */
    int was_state;
    enum flow_off was_off;
    bool is_new;    /* no row yet */
    bool is_hot;    /* has coroutines */
    bool is_loaded; /* the row has been read */
    bool queued;    /* a slice is in the lane's queue */
    bool replaying;
    bool restart; /* checkpoint: enter anew */
    bool finished;
    bool touched; /* changed in this batch */
    struct flow_run *touched_next;
    struct flow_run *older, *newer; /* cache order */
    struct flow_run *map_next;
};

/* How far it has come with what was there before a declaration (flow_catch_up.c). */
struct flow_catch {
    int64_t look, name; /* look: which one it is */
    char key[DIGEST_HEX];
    bool is_within; /* more may wait for this value */
    bool is_looked, is_over, is_queued;
};

struct flow {
    struct host *host;
    struct flow_options options;
    struct lane_source runs_source, tasks_source, doubts_source, catch_source, votes_source;
    struct flow_catch catch;
    struct flow_version *versions;
    struct flow_run **map; /* by id; chained */
    size_t map_size, nruns;
    struct flow_run *oldest, *newest;
    struct flow_run *touched;
    struct buf scratch;
    struct arena arena; /* for one slice */
    struct lane *lane;
    /* Runs by what they are, as part of the transaction; and what of it is committed. Of those that run or have ended,
     * only the changes since the start are counted. */
    _Atomic int64_t counts[FLOW_COUNTS], committed[FLOW_COUNTS];
    bool doubts_queued;   /* a piece of flow_doubt.c is in the lane's queue */
    int64_t doubts_after; /* and not before */
    int64_t votes_after;  /* the same of flow_vote_unread.c, which has come so far: */
    int64_t votes_run, votes_entry;
    bool keys_left, keys_told; /* flow_vote_key.c: of states of secret votes that are no more; the log has it */
};

/* flow_cache.c */
struct flow_run *flow_cache_find(struct flow *f, int64_t id);
struct flow_run *flow_cache_add(struct flow *f, int64_t id);
void flow_cache_remove(struct flow *f, struct flow_run *run);
void flow_cache_use(struct flow *f, struct flow_run *run);
void flow_cache_trim(struct flow *f);
void flow_touch(struct flow *f, struct flow_run *run);

/* flow_row.c */
int flow_row_load(struct flow_run *run, struct store *db, struct err *err); /* ERR_NOT_FOUND */
int flow_row_save(struct flow_run *run, struct store *db, int64_t now, struct err *err);
int flow_row_set_due(struct flow *f, struct store *db, int64_t run, int64_t due, struct err *err);
int flow_row_set_error(struct store *db, int64_t run, const struct err *why, int64_t now, struct err *err);
int flow_row_clear_error(struct store *db, int64_t run, struct err *err);

/* flow_turn.c: limit = { key =, running = } */
int flow_turn_compile(struct flow_def *def, const struct val *limit, struct arena *a, struct err *err);
/* A run that begins, or goes on after it had failed: run->turn, and its row. */
int flow_turn_take(struct flow *f, struct session *s, struct flow_run *run, const struct flow_def *def,
                   struct err *err);
/* It runs no more: the next one comes in. */
int flow_turn_leave(struct flow_run *run, struct store *db, int64_t now, struct err *err);
/* It was paused or resumed, and its row is saved. */
int flow_turn_pause(struct flow_run *run, struct store *db, int64_t now, struct err *err);
/* At activation: is the limit another now? */
int flow_turn_declare(struct flow *f, struct session *s, const struct flow_def *def, struct err *err);
/* Those come in for whom there is room, but no more than *left, which is less by as many. */
int flow_turn_admit(struct flow *f, struct store *db, int64_t name, const char *key, int *left, int64_t now,
                    struct err *err);
/* The first of those that wait for it; 0: nobody does. */
int flow_turn_first(struct store *db, int64_t name, const char *key, int64_t *run, struct err *err);
/* This one comes in. */
int flow_turn_give(struct flow *f, struct store *db, int64_t run, int64_t now, struct err *err);
/* Is this one, or one above it, a run that has this turn? 1, 0. */
int flow_turn_is_below(struct store *db, int64_t parent, int64_t name, const char *key, struct err *err);
/* flow_turn_count.c: a piece of the runs that were there before. 1; 0: there is nothing to count. */
int flow_turn_count(struct flow *f, struct store *db, int64_t now, struct err *err);
/* flow_turn_circle.c: ERR_REFUSED "flow.turn_circle" {flow, run, waits}: the turn for which this child would wait never
 * comes free, since who has it waits for one that is kept above the call. */
int flow_turn_circle(struct store *db, const struct flow_run *run, const char *key, struct err *err);
/* What is left to do in this slice: runs that may come in; runs that have a turn, and may be looked at. */
struct flow_turn_left {
    int runs, holders;
};
/* Those come in for which runs that have this turn would wait for ever, as long as the turn does not come free without.
 * 1: there may be more of them; 0: no more. */
int flow_turn_untie(struct flow *f, struct store *db, const struct flow_catch *at, struct flow_turn_left *left,
                    int64_t now, struct err *err);
const char *flow_value_key(const struct val *v, struct arena *a, struct err *err);

/* flow_search.c: search = { fields } */
int flow_search_compile(struct flow_def *def, const struct val *search, struct arena *a, struct err *err);
int flow_search_add(struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err);
/* It is not found by the field any more. */
int flow_search_forget(struct store *db, int64_t run, const char *field, struct err *err);
int flow_search_update(struct session *s, struct flow_run *run, const struct val *state, struct err *err);
/* At activation: is it found by other fields now? */
int flow_search_declare(struct flow *f, struct session *s, const struct flow_def *def, struct err *err);
/* What one run is found by, anew: of its checkpoint's state, or else its input. */
struct flow_found {
    int64_t name, run;
    const struct val *input, *state;
};
int flow_search_put(struct store *db, const struct flow_found *r, const struct val *fields, struct arena *a,
                    struct err *err);
int flow_search_renew(struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err);
/* flow_search_fill.c: a piece of the runs that were there before. 1; 0: there is nothing to fill. */
int flow_search_fill(struct store *db, struct err *err);

/* flow_catch_up.c: what was declared holds for the runs that were there before, too; in slices that follow. */
void flow_catch_up(struct flow *f, int64_t now);
int64_t flow_catch_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);

/* flow_version.c */
int flow_version_get(struct flow *f, struct store *db, int64_t id, struct flow_version **out, struct err *err);
/* Is a run open that is pinned to this version? 1 yes. For storage_set_holds. */
int flow_version_held(void *ctx, struct store *db, const char *plugin, const char *hash, struct err *err);
int flow_version_store(struct store *db, struct plugin *p, int64_t now, int64_t *id, struct err *err);
void flow_version_release(struct flow *f, struct flow_version *v);
void flow_version_close(struct flow *f);
/* The active declaration of a flow or handler; NULL when there is none. */
const struct flow_def *flow_def_find(struct flow *f, const char *plugin, const char *name);
/* flow_find.c: the first `limit` runs that fit, as JSON for FLOW_FIND_THESE; limit 0: as many as there may be.
 * *stopped: the run at which it was left off, as there may be more, or 0; NULL: it goes on to the end. */
#define FLOW_FIND_THESE "r.id in (select value from json_each(?1))"
extern const char flow_find_newest_sql[], flow_find_oldest_sql[], *const flow_find_leap_sql[2][2];
int flow_find_ids(struct store *db, const struct flow_filter *q, struct arena *a, const char **ids, int64_t *stopped,
                  struct err *err);
int flow_name_id(struct store *db, const char *plugin, const char *name, int64_t *id, struct err *err);
int flow_activate(void *ctx, struct session *s, struct registry *r, struct err *err);

/* flow_patch.c: flow.patched */
/* Replaying: 1 when the journal goes on without this mark: the answer is false, now and for the rest of the run. */
int flow_patch_passed(struct flow_run *run, struct api_call *c, uint64_t digest);
/* Live: was it answered with false before? Then again. */
bool flow_patch_is_off(const struct flow_run *run, struct api_call *c, uint64_t digest);

/* flow_trial.c */
/* Which call is looked at during a replay, and its arguments, { name = value }; nil: too large, or none. */
struct flow_probe {
    int64_t entry; /* of the journal, from 0; -1: where it diverges */
    struct arena *arena;
    struct val args;
};
void flow_probe_call(struct flow_run *run, const struct api_call *c, int64_t entry);
/* `c`: what the code calls there, or NULL. */
void flow_probe_diverged(struct flow_run *run, const struct api_call *c, int64_t entry);
struct flow_trial {
    struct err why;                     /* "flow.diverged", "flow.replay_limit" … */
    struct val journal_args, code_args; /* of both calls */
};
/* 0: the journal fits this version; 1: it does not, see *out (values in `a`); negative: a fault. */
int flow_trial(struct flow *f, struct session *s, int64_t run, int64_t version, struct arena *a, struct flow_trial *out,
               struct err *err);

/* flow_sweep.c */
const char *flow_active_versions(struct flow *f, struct arena *a);
int flow_sweep(struct flow *f, struct store *db, struct err *err);

/* flow_run.c: a hot run */
void flow_run_cool(struct flow_run *run); /* drops coroutines, keeps nothing of the row */
int flow_run_enter(struct flow_run *run, struct session *s, struct err *err);
int flow_run_pump(struct flow_run *run, struct err *err);
void flow_run_ready(struct flow_run *run, struct flow_branch *b);
struct flow_branch *flow_branch_new(struct flow_run *run, int ref, const char *name, struct flow_branch *parent,
                                    struct flow_wait *group, struct err *err);
void flow_branch_stop(struct flow_run *run, struct flow_branch *b);

/* flow_step.c: host calls against the journal */
void flow_step_attach(struct flow_run *run);
int flow_journal_match(struct flow_run *run, struct api_call *c, enum flow_entry_type type, uint64_t digest,
                       const char *where, struct flow_entry *e);
int flow_call_digest(struct flow_run *run, const struct api_call *c, uint64_t *digest);

/* flow_slice.c: one slice */
void flow_slice_queue(struct flow *f, struct flow_run *run);
int flow_slice_step(struct flow_run *run, struct session *s, struct err *err);
void flow_session_init(struct flow *f, struct session *s, struct flow_run *run, int64_t now);
int64_t flow_runs_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);

/* flow_wait.c: registering, waking, cancelling */
/* A wait is registered in two halves: begin gives it its entry; `*replayed` says that it stands in the journal and
 * has been restored, else the caller does what it takes (rows, tasks) and commits it with its data. */
int flow_wait_begin(struct api_call *c, enum flow_wait_kind kind, struct flow_wait **out, bool *replayed);
int flow_wait_commit(struct api_call *c, struct flow_wait *w, const struct val *data);
/* Instead of a commit: the call is refused with c->err. That is journalled too, so that a replay raises it again. */
int flow_wait_refuse(struct api_call *c, struct flow_wait *w, int rc);
/* What the wait was registered with, in the slice's arena (nil if it cannot be had). */
struct val flow_wait_data(struct flow_run *run, const struct flow_wait *w);
void flow_wait_free(struct flow_run *run);
struct flow_wait *flow_wait_find(struct flow_run *run, int64_t entry);
void flow_wait_remove(struct flow_run *run, struct flow_wait *w);
int flow_wait_cancel(struct flow_run *run, struct flow_wait *w, struct err *err);
int64_t flow_wait_next_due(struct flow_run *run);
/* "3d", "2 working days", an instant, local text or { item, "field" } → due time. */
int flow_timer_parse(struct session *s, const struct val *when, int64_t *due, struct err *err);
/* Times that hang on an item's field are read again (flow_timer.c). */
int flow_timer_rederive(struct flow_run *run, struct err *err);

/* flow_wake.c: choosing and delivering the next wake-up */
int flow_wake_live(struct flow_run *run, struct err *err);   /* 1: a branch was made ready; 0: nothing is due */
int flow_wake_replay(struct flow_run *run, struct err *err); /* the same, from the journal */
int flow_wake_has_more(struct flow_run *run, bool *more, struct err *err);

/* flow_group.c: all, any */
int flow_group_done(struct flow_run *run, struct flow_branch *b, const struct val *result, const struct err *failed,
                    struct err *err);

/* flow_signal.c */
struct flow_signal_row {
    int64_t run, entry;     /* entry: of the wait it answers; not used with a name */
    const char *name, *key; /* a named signal, and what makes it count once */
    const struct val *data;
    const struct err *failed; /* raised at the wait */
};
int flow_signal_entry(struct flow *f, struct session *s, int64_t run, int64_t entry, const struct val *data,
                      const struct err *failed, struct err *err);
int flow_event_sink(void *ctx, struct session *s, const char *name, const struct val *data, struct err *err);
/* Has `data` every field of `match` with the same value (objects by id)? An empty or missing match fits all. */
bool flow_match_fits(const struct val *match, const struct val *data);
int64_t flow_match_key(const char *field, const struct val *v);

/* flow_finish.c: completion, failure, cancellation */
int flow_finish(struct flow_run *run, struct session *s, enum flow_state state, struct err *err);
int flow_fail(struct flow_run *run, struct session *s, struct err *why, struct err *err);
int flow_undo_next(struct flow *f, struct session *s, int64_t run, struct err *err);
int flow_note(struct store *db, int64_t run, int64_t now, const char *kind, const char *text, struct err *err);
int flow_child_ended(struct flow *f, struct session *s, struct flow_run *child, struct err *err);

/* flow_audit.c: told to the audit. */
/* What the host did to a task by itself: "task.escalated" and so on; `person`: whose it was, or 0. */
int flow_tell_task(struct session *s, int64_t task, const char *what, int64_t person, const char *why, struct err *err);
int flow_tell_start(struct session *s, const struct flow_run *run, const struct flow_def *def, struct err *err);
int flow_tell_state(struct session *s, const struct flow_run *run, enum flow_state was, const char *reason,
                    struct err *err);

/* flow_task.c */
int64_t flow_tasks_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
int flow_task_close(struct flow *f, struct store *db, int64_t run, int64_t entry, struct err *err);
/* flow_doubt.c */
int64_t flow_doubts_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
/* flow_vote_unread.c: votes of which nothing waits any more are not counted. */
int flow_vote_forget_unread(struct flow *f, struct store *db, int64_t run, int64_t entry, struct err *err);
int64_t flow_votes_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
/* flow_task_void.c */
int flow_task_void(struct flow *f, struct session *s, int64_t item, struct err *err);

/* flow_off.c: runs whose plugin is switched off, or does not serve. */
int flow_off_hold(struct flow_run *run, struct session *s, enum flow_off why, struct err *err);
void flow_off_attach(struct flow *f);
/* Another set of plugins serves: those that it has again are woken, in slices that follow. */
void flow_off_look(struct flow *f);

/* flow_count.c */
/* flow_file.c: what hangs on runs and tasks. */
void flow_file_attach(struct flow *f);
void flow_erase_attach(struct flow *f); /* flow_erase.c */
struct erasing;
struct erasing_seen;
/* flow_erase_input.c: of one run. */
int flow_erase_input(struct flow *f, struct erasing *e, int64_t run, struct erasing_seen *seen, struct err *err);
int flow_file_hang_run(struct session *s, const struct flow_run *run, const struct flow_def *def, struct err *err);
/* Open runs and tasks of all plugins as they are, for quotas_add_count. */
int flow_count(void *ctx, struct store *db, struct quota_count *to, struct err *err);
/* Counts a run as what its row says: at the start all of them, then each with the saving of its row. */
int flow_count_start(struct flow *f, struct store *db, struct err *err);
void flow_count_row(struct flow_run *run, struct store *db);
void flow_count_kept(struct flow *f);

/* flow_api.c, run_api.c, task_api.c */
int flow_split_name(struct api_call *c, const struct val *v, const char **plugin, const char **name);
void flow_add_api(struct flow *f, struct api *api);
void run_add_api(struct flow *f, struct api *api);
void task_add_api(struct flow *f, struct api *api);
void flow_schedule_attach(struct flow *f);
void flow_fetch_attach(struct flow *f);            /* flow_fetch.c */
struct flow_run *flow_current(struct api_call *c); /* the run that calls, or NULL with c->err set */
struct val flow_run_object(struct arena *a, int64_t id);

#endif
