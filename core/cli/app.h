/* The program as a whole, without its doors: data directory, database, modules, lane, plugins.
 *
 * `khung serve` adds the loops, readers and HTTP; commands without a service, `khung test` and the benches drive the
 * lane themselves. One per process. */
#ifndef KHUNG_APP_H
#define KHUNG_APP_H

#include "flow/flow.h"
#include "notify/notify.h"
#include "people/auth.h"
#include "people/people.h"
#include "plugin/host.h"
#include "plugin/plugins.h"
#include "store/lane.h"
#include "store/store.h"

struct loop;
struct fetcher;
struct api_trial;
struct vm_lines;

struct app_options {
    const char *data_dir;
    const char *const *plugin_dirs;
    size_t nplugin_dirs;
    const char *zone, *lang; /* of the organisation; NULL: as the service was last told */
    const char *settings;    /* file of plugins' settings, or NULL */
    enum grant_policy grants;
    const struct notify_settings *notify; /* NULL: as the service was last told */
    struct loop *lane_loop;               /* NULL: app_run drives the lane */
    const struct clock *clock;            /* NULL: the real one */
    int cache_runs, batch_slices, batch_ms;
    int lock_wait_ms; /* how long another process (a short command) may hold the directory */
    struct auth_options auth;
    bool no_sync; /* khung test */
    bool is_test;
    struct fetcher *fetcher;      /* khung test: the outside world, made up */
    struct api_trial *trial;      /* as in host.h */
    const struct vm_lines *lines; /* as in host.h */
};

struct app {
    struct host host;
    struct store_lock *lock;
    struct store *db;
    struct lane *lane;
    struct flow *flow;
    char db_path[512];
    struct people_place place;
};

/* Locks, opens, migrates, attaches; loads no plugins yet. */
int app_open(struct app *app, const struct app_options *o, struct err *err);
void app_close(struct app *app);
/* Reads the plugin folders anew (`only`: anew this plugin alone, or NULL), in a slice of the lane; `done` (may be NULL)
 * is called after the commit. Any thread. */
void app_reload(struct app *app, const char *only, void (*done)(void *ctx, const struct err *failed), void *ctx);
/* Without a loop: runs what is ready; returns the next due time. */
int64_t app_run(struct app *app);
/* Without a loop: calls an API function in a slice of its own, durable when it returns. */
struct app_call {
    const char *name;
    struct val args; /* a list */
    struct actor actor;
    const char *lang;  /* NULL: the organisation's */
    const char *seen;  /* the hash that the first argument must still have, or NULL */
    const char **next; /* where the page of a list ends; or NULL */
};
int app_call(struct app *app, const struct app_call *call, struct arena *a, struct val *out, struct err *err);
/* A session of the system in the lane's transaction. */
void app_session(struct app *app, struct session *s, struct arena *a);

#endif
