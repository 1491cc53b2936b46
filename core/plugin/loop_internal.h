/* Inside loop.*: what one plugin's state has pending.
 *
 * Objects that Lua holds are numbers; behind them are tables of a plugin's items, so that a number of yesterday finds
 * nothing. Work that a slice begins is kept with the slice (lane_after_commit) and begins with its commit. */
#ifndef KHUNG_LOOP_INTERNAL_H
#define KHUNG_LOOP_INTERNAL_H

#include "base/cron.h"
#include "plugin/breaker.h"
#include "plugin/api_internal.h"
#include "plugin/loop.h"
#include "plugin/plugin_vm.h"
#include "store/lane.h"

/* A table of at most LOOP_ITEMS_MAX items that begin with their id. */
struct loop_item {
    int64_t id;
};
struct loop_table {
    struct loop_item **items;
    size_t cap, n;
};
bool loop_table_add(struct loop_table *t, int64_t serial, struct loop_item *item);
void *loop_table_find(const struct loop_table *t, int64_t id);
void loop_table_remove(struct loop_table *t, struct loop_item *item);
/* The next item from *at on; NULL at the end. Removing the one that was given is fine. */
void *loop_table_next(const struct loop_table *t, size_t *at);

/* A time in the one heap of all plugins. */
struct loop_due {
    int64_t at, serial;
    size_t pos; /* 1-based; 0: not in the heap */
    bool is_timer;
};

/* A value that outlives its slice; its bytes are counted for the plugin. */
struct loop_value {
    struct loop_value *next;
    struct arena arena;
    struct val v;
    size_t bytes;
};

struct loop_plugin {
    struct loops *loops;
    struct loop_plugin *next;
    struct plugin_vm *pv; /* NULL once it has ended */
    int64_t id;
    struct loop_table timers, jobs, channels;
    struct loop_job *finished_first, *finished_last;
    size_t bytes;
    bool started; /* the load that made it has been committed */
    int refs;
};

enum loop_timer_type { LOOP_AFTER, LOOP_EVERY, LOOP_CRON, LOOP_WATCH };
struct loop_timer_item {
    struct loop_item item;
    struct loop_due due;
    struct loop_plugin *lp;
    enum loop_timer_type type;
    int64_t period;
    struct cron cron;
    char *path; /* LOOP_WATCH */
    int64_t watch;
    int ref;
    bool owns_ref, armed, is_dead;
    int stopping;              /* stopped by slices that are not committed yet */
    struct loop_job *job;      /* the callback under way */
    struct loop_value *events; /* LOOP_WATCH: what happened meanwhile, in order */
};

enum loop_job_state { JOB_NEW, JOB_QUEUED, JOB_WAITING, JOB_HELD, JOB_DONE };
enum loop_wait_kind { WAIT_NOTHING, WAIT_SLEEP, WAIT_JOB, WAIT_TAKE, WAIT_PUT, WAIT_FETCH };
struct loop_job {
    struct loop_item item;
    struct lane_work work;
    struct loop_due due;
    struct loop_plugin *lp; /* NULL: its plugin has ended, only done() is still to come */
    enum loop_job_state state;
    struct vm_co *co;
    int ref;
    bool owns_ref;
    bool is_held;              /* its plugin is switched off */
    bool is_fresh, is_running; /* this slice began it; it has run and its commit is awaited */
    struct loop_timer_item *timer;
    enum loop_wait_kind wait;
    int64_t wait_id, wait_until;   /* job or channel; INT64_MAX: no limit */
    struct loop_value *wait_value; /* what is put, or the request of a fetch */
    struct loop_value *in;         /* what it is resumed with */
    struct err *failed;            /* … or raised at the wait; of a finished job: how it ended */
    struct loop_value *result;
    struct loop_job *waiters, *next_waiter; /* jobs that wait for this one; place in a list of waiters */
    struct loop_job *next_finished;
};

struct loop_channel {
    struct loop_item item;
    size_t cap, count, reserved, held; /* reserved: put, held: taken, by slices that are not committed yet */
    struct loop_value *first, *last;
    struct loop_job *takers, *putters; /* in the order in which they came */
};

struct watches;
struct loops {
    struct host *host;
    struct lane_source source;
    struct arena arena; /* of the slice that runs */
    struct loop_due **heap;
    size_t ndue, heap_cap;
    int64_t serial;
    struct loop_plugin *plugins;
    struct loop_job *current;
    struct watches *watches; /* made by the first loop.watch */
    bool stopped;
    struct loops_stats stats;
};

/* loop.c */
/* What the calling plugin has; NULL with err: where nothing of it may be used (in a run, on a reader). *quiet: it is a
 * state that only loads its functions: the call gives a number that means nothing. */
struct loop_plugin *loop_plugin_of(struct api_call *c, bool *quiet);
struct loop_plugin *loop_plugin_find(struct loops *loops, int64_t id);
void loop_plugin_release(struct loop_plugin *lp);
/* An error that nobody gets: into the log, with the plugin. */
void loop_log(struct loop_plugin *lp, const char *event, const struct err *err);
int loop_limit(struct err *err, const char *what, const struct loop_plugin *lp);
/* Runs fn(lp, id, value) after the commit of this slice; `undo` instead when there is none. */
typedef void (*loop_action_fn)(struct loop_plugin *lp, int64_t id, struct loop_value *value);
void loop_after_commit(struct loop_plugin *lp, int64_t id, struct loop_value *value, loop_action_fn fn,
                       loop_action_fn undo);
/* A function given while loading is frozen with the others and lives as long as the state. */
int loop_keep_fn(struct api_call *c, int ref, bool *owned);

/* loop_value.c */
struct loop_value *loop_value_new(struct loop_plugin *lp, const struct val *v, struct err *err);
void loop_value_free(struct loop_plugin *lp, struct loop_value *v);

/* loop_heap.c */
void loop_due_set(struct loops *loops, struct loop_due *due, int64_t at);
void loop_due_clear(struct loops *loops, struct loop_due *due);
int64_t loop_collect(struct lane_source *s, struct lane *lane, int64_t now, int max);
int loop_duration(struct api_call *c, const struct val *v, int64_t least, int64_t *ms);

/* loop_timer.c */
void loop_timer_start(struct loop_timer_item *t);
void loop_timer_due(struct loop_timer_item *t, int64_t now);
void loop_timer_tell(struct loop_timer_item *t, const struct val *event);
void loop_timer_job_ended(struct loop_timer_item *t);
void loop_timer_end(struct loop_timer_item *t);

/* loop_job.c */
struct loop_job *loop_job_new(struct loop_plugin *lp, int ref, bool owns_ref, struct err *err);
void loop_job_start(struct loop_job *j);
void loop_job_free(struct loop_job *j);
/* Its plugin ends: freed at once, or by done() when the lane still has it. */
void loop_job_end(struct loop_job *j);
/* breaker_listener: held jobs go on. */
int loop_jobs_go_on(void *ctx, struct session *s, const char *plugin, bool all, struct err *err);
bool loop_job_evict(struct loop_plugin *lp); /* drops the oldest finished one */
/* Goes on with a value (taken over; NULL: nil) or an error. */
void loop_job_resume(struct loop_job *j, struct loop_value *v, const struct err *failed);
/* The job whose code calls; NULL with err where waiting is impossible. */
struct loop_job *loop_job_waits(struct api_call *c, enum loop_wait_kind kind, int64_t id);

/* loop_channel.c */
void loop_channel_wait_take(struct loop_job *j);
void loop_channel_wait_put(struct loop_job *j);
void loop_channel_timeout(struct loop_job *j);
void loop_channel_free(struct loop_plugin *lp, struct loop_channel *ch);

/* loop_fetch.c */
void loop_fetch_start(struct loop_job *j);
int loop_fetch_call(struct api_call *c);

/* loop_watch.c */
int loop_watch_path(struct api_call *c, const char *path, char **real);
int loop_watch_start(struct loop_timer_item *t, struct err *err);

extern const struct api_fn loop_timer_functions[], loop_job_functions[], loop_channel_functions[];

#endif
