/* Putting the modules together, in the order of their floors. */
#include "cli/app.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/audit.h"
#include "base/kinds.h"
#include "base/mem.h"
#include "content/content.h"
#include "content/storage.h"
#include "file/file.h"
#include "http/api_match.h"
#include "http/host_api.h"
#include "http/idempotency.h"
#include "notify/notify.h"
#include "outbox/outbox.h"
#include "people/people.h"
#include "people/people_find.h"
#include "people/time.h"
#include "plugin/api.h"
#include "plugin/incident.h"
#include "plugin/bind_lua.h"
#include "plugin/breaker.h"
#include "plugin/events.h"
#include "plugin/grant.h"
#include "plugin/loop.h"
#include "plugin/plugin_api.h"
#include "plugin/quota.h"
#include "report/report.h"
#include "route/command.h"
#include "route/route.h"
#include "runtime/log.h"
#include "schedule/schedule.h"
#include "store/table.h"
#include "vm/vm.h"

enum { LOCK_STEP_MS = 20 };

/* Dates and instants are ordered; other objects are only equal or not. */
static const struct bind_kind kinds[] = {
    {&date_kind, true, "Date", "iso:text year:integer month:integer day:integer weekday:integer"},
    {&instant_kind, true, "Instant", "iso:text text:text"},
    {&content_item_kind, false, "Item",
     "id:integer type:text slug:text unit:integer state:text revision:integer hash:text created_by:integer "
     "publish_at:Instant published_at:Instant created_at:Instant changed_at:Instant"},
    {&storage_table_kind, false, "Table", ""},
    {&flow_run_kind, false, "Run",
     "id:integer input:map state:any started_by:integer flow:text plugin:text result:any"},
    {&flow_task_kind, false, "Task", "id:integer title:text run:integer"},
    {&people_unit_kind, false, "Unit", "id:integer code:text name:text kind:text"},
    {&people_person_kind, false, "Person", "id:integer code:text name:text"},
    {&people_body_kind, false, "Body", "id:integer code:text name:text unit:integer term:text"},
    {&report_out_kind, false, "ReportOut", ""},
    {&loop_timer_kind, false, "Timer", ""},
    {&loop_job_kind, false, "Job", ""},
    {&loop_channel_kind, false, "Channel", ""}};

static int fill_words(struct app *app, struct err *err)
{
    int rc = store_begin(app->db, err);
    if (rc) return rc;
    rc = people_words_fill(app->db, err);
    if (rc == 0) return store_commit(app->db, err);
    store_rollback(app->db);
    return rc;
}

static int migrate(struct app *app, struct err *err)
{
    const struct store_migration *const lists[] = {
        table_migrations, plugin_migrations,   quota_migrations,   breaker_migrations,
        audit_migrations, incident_migrations, people_migrations,  auth_migrations,
        file_migrations,  content_migrations,  storage_migrations, schedule_migrations,
        flow_migrations,  http_migrations,     outbox_migrations,  notify_migrations};
    int rc = flow_vote_take_over(app->host.data_dir, app->db, err);
    if (rc == 0) rc = store_migrate(app->db, lists, sizeof(lists) / sizeof(lists[0]), clock_now(&app->host.clock), err);
    return rc ? rc : fill_words(app, err);
}

/* Ids go on after the largest that is stored, whatever the clock says. */
static int raise_ids(struct app *app, struct err *err)
{
    static const char *const sql[] = {
        "select max(id) from flow_run",         "select max(id) from flow_task", "select max(id) from item",
        "select max(id) from outbox",           "select max(id) from notice",    "select max(id) from mailing",
        "select max(id) from webhook_delivery", "select max(id) from file"};
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        struct stmt *s = store_stmt(app->db, sql[i], err);
        if (!s) return err->code;
        int rc = stmt_step(s, err);
        if (rc == 1) lane_raise_id(app->lane, stmt_int(s, 0));
        stmt_done(s);
        if (rc < 0) return rc;
    }
    return 0;
}

static void on_lost(void *ctx)
{
    struct app *app = ctx;
    flow_batch_lost(app->flow);
}

static int before_commit(void *ctx, struct err *err)
{
    struct app *app = ctx;
    int rc = flow_before_commit(app->flow, app->db, err);
    struct audit *au = app->host.audit;
    if (rc == 0 && au) rc = audit_before_commit(au, app->db, lane_now(app->lane), err);
    return rc ? rc : quotas_before_commit(app->host.quotas, app->db, err);
}

static void after_commit(void *ctx)
{
    struct app *app = ctx;
    if (app->host.audit) audit_after_commit(app->host.audit);
    quotas_after_commit(app->host.quotas);
    flow_batch_kept(app->flow);
}

static bool idle(void *ctx)
{
    (void)ctx;
    return vm_tidy();
}

static void attach(struct app *app, const struct app_options *o)
{
    struct host *h = &app->host;
    struct flow_options flow = {.cache_runs = o->cache_runs};
    audit_attach(h);
    plugin_add_api(h->api);
    people_attach(h);
    people_add_api(h->api, h);
    h->files = files_new(h);
    h->content = content_new(h);
    content_attach(h->content);
    h->storage = storage_new(h);
    storage_attach(h->storage);
    h->schedule = schedule_new(h);
    h->outbox = outbox_new(h, o->lane_loop);
    app->flow = h->flow = flow_new(h, &flow);
    flow_attach(app->flow);
    schedule_attach(h->schedule);
    h->notify = notify_new(h);
    notify_attach(h->notify);
    outbox_attach(h->outbox);
    h->loops = loops_new(h);
    loops_attach(h->loops);
    report_attach(h);
    route_attach(h);
    command_attach(h);
    host_api_attach(h);
}

/* A command that opened the directory for a moment is waited for; a service is not going to leave. */
static int lock(struct app *app, const struct app_options *o, struct err *err)
{
    int rc = store_lock_dir(o->data_dir, &app->lock, err);
    for (int waited = 0; rc == ERR_CONFLICT && waited < o->lock_wait_ms; waited += LOCK_STEP_MS) {
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000}, NULL);
        rc = store_lock_dir(o->data_dir, &app->lock, err);
    }
    return rc;
}

static int open_store(struct app *app, const struct app_options *o, struct err *err)
{
    struct store_options db = {.path = app->db_path,
                               .role = STORE_WRITER,
                               .no_sync = o->no_sync,
                               .is_alone = o->is_test,
                               .copies_beside = !o->is_test};
    int rc = store_open(&db, &app->db, err);
    return rc ? rc : migrate(app, err);
}

int app_open(struct app *app, const struct app_options *o, struct err *err)
{
    struct host *h = &app->host;
    *app = (struct app){0};
    h->data_dir = o->data_dir;
    h->settings = o->settings;
    h->grants = o->is_test ? GRANT_TRUST : o->grants;
    h->kinds = kinds;
    h->nkinds = sizeof(kinds) / sizeof(kinds[0]);
    h->is_test = o->is_test;
    h->fetcher = o->fetcher;
    h->trial = o->trial;
    h->lines = o->lines;
    if (o->clock)
        h->clock = *o->clock;
    else
        clock_init_real(&h->clock);
    int n = snprintf(app->db_path, sizeof(app->db_path), "%s/khung.db", o->data_dir);
    if (n >= (int)sizeof(app->db_path)) return err_set(err, ERR_INVALID, "data.dir", "dir", o->data_dir, NULL);
    int rc = lock(app, o, err);
    if (rc == 0) rc = open_store(app, o, err);
    if (rc == 0) rc = quotas_open(h, app->db, &h->quotas, err);
    if (rc == 0) rc = breakers_open(h, app->db, &h->breakers, err);
    if (rc == 0) rc = audit_new(h, &h->audit, err);
    if (rc == 0) rc = auth_open(h, &o->auth, &h->auth, err);
    if (rc == 0) rc = people_place(app->db, o->zone, o->lang, &app->place, err);
    if (rc) goto failed;
    h->zone = app->place.zone;
    h->lang = app->place.lang;
    h->api = api_new();
    h->events = events_new();
    h->incidents = incidents_new();
    h->plugins = plugins_new(h, o->plugin_dirs, o->nplugin_dirs);
    struct lane_options lane = {.db = app->db,
                                .loop = o->lane_loop,
                                .clock = &h->clock,
                                .batch_slices = o->batch_slices,
                                .batch_ms = o->batch_ms,
                                .on_lost = on_lost,
                                .before_commit = before_commit,
                                .after_commit = after_commit,
                                .idle = idle,
                                .ctx = app};
    rc = lane_new(&lane, &app->lane, err);
    if (rc) goto failed;
    h->lane = app->lane;
    rc = raise_ids(app, err);
    if (rc) goto failed;
    breakers_start(h->breakers, app->lane);
    if (!o->is_test) audit_start(h->audit, app->lane);
    lane_hold_sources(app->lane, true); /* until the first set of plugins is active */
    attach(app, o);
    if (!o->is_test) files_start(h->files, app->lane);
    rc = notify_set(h->notify, app->db, o->notify, err);
    if (rc) goto failed;
    return 0;
failed:
    app_close(app);
    return rc;
}

void app_close(struct app *app)
{
    struct host *h = &app->host;
    loops_stop(h->loops);
    lane_free(app->lane);
    loops_free(h->loops);
    notify_free(h->notify);
    flow_free(app->flow);
    outbox_free(h->outbox);
    schedule_free(h->schedule);
    plugins_free(h->plugins);
    storage_free(h->storage);
    content_free(h->content);
    files_free(h->files);
    events_free(h->events);
    incidents_free(h->incidents);
    api_free(h->api);
    breakers_free(h->breakers);
    quotas_free(h->quotas);
    audit_free(h->audit);
    auth_close(h->auth);
    store_close(app->db);
    store_unlock_dir(app->lock);
    *app = (struct app){0};
}

void app_session(struct app *app, struct session *s, struct arena *a)
{
    *s = (struct session){.mode = SESSION_WRITE,
                          .host = &app->host,
                          .db = app->db,
                          .lane = app->lane,
                          .arena = a,
                          .now = lane_now(app->lane),
                          .lang = app->host.lang,
                          .zone = app->host.zone};
}

struct reload_work {
    struct lane_work work;
    struct app *app;
    char *only;
    void (*done)(void *ctx, const struct err *failed);
    void *ctx;
};

static int run_reload(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct reload_work *rw = (struct reload_work *)w;
    struct session s;
    struct arena a;
    (void)lane;
    arena_init(&a, 64 << 20);
    app_session(rw->app, &s, &a);
    int rc = plugins_load(rw->app->host.plugins, &s, rw->only, err);
    arena_close(&a);
    return rc;
}

static void done_reload(struct lane_work *w, const struct err *failed)
{
    struct reload_work *rw = (struct reload_work *)w;
    if (failed)
        log_err(LOG_ERROR, "plugin.reload_failed", failed);
    else
        log_info("plugin.loaded", NULL);
    if (rw->done) rw->done(rw->ctx, failed);
    mem_free(rw->only);
    mem_free(rw);
}

void app_reload(struct app *app, const char *only, void (*done)(void *ctx, const struct err *failed), void *ctx)
{
    struct reload_work *rw = mem_alloc(sizeof(*rw));
    *rw = (struct reload_work){.work = {.run = run_reload, .done = done_reload},
                               .app = app,
                               .only = only ? mem_strdup(only) : NULL,
                               .done = done,
                               .ctx = ctx};
    lane_post(app->lane, &rw->work);
}

int64_t app_run(struct app *app)
{
    return lane_run(app->lane);
}

struct call_work {
    struct lane_work work;
    struct app *app;
    const struct app_call *call;
    struct arena *arena;
    struct val *out;
    struct err *err;
    bool failed;
};

static int run_call(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct call_work *cw = (struct call_work *)w;
    struct session s;
    (void)lane;
    app_session(cw->app, &s, cw->arena);
    s.actor = cw->call->actor;
    s.origin = "cli";
    if (cw->call->lang) s.lang = cw->call->lang;
    int rc = cw->call->seen ? api_match(&s, cw->call->name, &cw->call->args, cw->call->seen, err) : 0;
    if (rc == 0) rc = api_invoke(cw->app->host.api, &s, cw->call->name, &cw->call->args, cw->arena, cw->out, err);
    if (cw->call->next) *cw->call->next = s.next;
    if (rc < 0) flow_undone(cw->app->flow);
    return rc;
}

static void done_call(struct lane_work *w, const struct err *failed)
{
    struct call_work *cw = (struct call_work *)w;
    cw->failed = failed != NULL;
    if (failed) *cw->err = *failed;
}

int app_call(struct app *app, const struct app_call *call, struct arena *a, struct val *out, struct err *err)
{
    struct call_work cw = {
        .work = {.run = run_call, .done = done_call}, .app = app, .call = call, .arena = a, .out = out, .err = err};
    *out = val_nil();
    lane_add(app->lane, &cw.work);
    app_run(app);
    return cw.failed ? err->code : 0;
}
