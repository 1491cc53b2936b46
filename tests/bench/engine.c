/* Measures in process: the engine on a real database file, with full sync. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "base/mem.h"
#include "cli/app.h"
#include "plugin/plugin_vm.h"
#include "runtime/log.h"
#include "vm/vm_internal.h"

struct engine {
    struct app app;
    const char *dirs[1];
    char dir[512];
    int waiting; /* starts that are not done */
};

static void open_engine(struct bench *b, struct engine *e, const char *dir, int cache)
{
    struct err err = {0};
    log_init(LOG_ERROR, false);
    e->dirs[0] = b->plugins;
    e->waiting = 0;
    snprintf(e->dir, sizeof(e->dir), "%s", dir);
    struct app_options o = {.data_dir = e->dir,
                            .plugin_dirs = e->dirs,
                            .nplugin_dirs = 1,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "en",
                            .cache_runs = cache,
                            .batch_ms = 10000};
    if (app_open(&e->app, &o, &err) != 0) bench_die(err.key);
    app_reload(&e->app, NULL, NULL, NULL);
    while (lane_step(e->app.lane)) {
    }
}

struct start_work {
    struct lane_work work;
    struct engine *e;
    const char *flow;
    const struct val *input;
    int64_t *id;
};

static int run_start(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct start_work *s = (struct start_work *)w;
    struct session session;
    struct arena a;
    int64_t id;
    bool existed;
    (void)lane;
    arena_init(&a, 1 << 20);
    app_session(&s->e->app, &session, &a);
    struct flow_start_args args = {.plugin = "bench", .name = s->flow, .input = s->input, .at_once = true};
    int rc = flow_start(s->e->app.flow, &session, &args, s->id ? s->id : &id, &existed, err);
    arena_close(&a);
    return rc;
}

static void done_start(struct lane_work *w, const struct err *failed)
{
    if (failed) bench_die(failed->key);
    ((struct start_work *)w)->e->waiting--;
    mem_free(w);
}

static void add_starts(struct engine *e, const char *flow, const struct val *input, int n, int64_t *ids)
{
    for (int i = 0; i < n; i++) {
        struct start_work *s = mem_alloc(sizeof(*s));
        *s = (struct start_work){.work = {.run = run_start, .done = done_start, .share = 1},
                                 .e = e,
                                 .flow = flow,
                                 .input = input,
                                 .id = ids ? &ids[i] : NULL};
        lane_add(e->app.lane, &s->work);
        e->waiting++;
    }
}

static void start_many(struct engine *e, const char *flow, const struct val *input, int n, int64_t *ids)
{
    for (int done = 0; done < n; done += 1000) {
        int some = n - done < 1000 ? n - done : 1000;
        add_starts(e, flow, input, some, ids ? ids + done : NULL);
        while (e->waiting) /* a piece of the index may take the place of one */
            lane_step(e->app.lane);
    }
}

static double measure_flow(struct bench *b, int batches)
{
    struct engine e;
    struct val empty = val_map();
    open_engine(b, &e, bench_folder(b, "steps"), 0);
    start_many(&e, "five", &empty, 2000, NULL);
    double start = bench_now();
    start_many(&e, "five", &empty, batches * 1000, NULL);
    double took = bench_now() - start;
    app_close(&e.app);
    return batches * 1000 * 5 / took;
}

static void run_stmt(struct store *db, const char *sql, const int64_t *ints, size_t n, const char *blob, size_t len)
{
    struct err err;
    struct stmt *s = store_stmt(db, sql, &err);
    if (!s) bench_die("baseline");
    for (size_t i = 0; i < n; i++)
        stmt_bind_int(s, (int)i + 1, ints[i]);
    stmt_bind_blob(s, (int)n + 1, blob, len);
    if (stmt_run(s, &err) != 0) bench_die(err.key);
}

/* The same rows by prepared statements in the same batches with the same settings: effects, journal, run. */
static double measure_baseline(struct bench *b, int batches)
{
    char path[600];
    struct store *db;
    struct err err;
    static char blob[512];
    snprintf(path, sizeof(path), "%s/base.db", bench_folder(b, "base"));
    struct store_options o = {.path = path, .role = STORE_WRITER};
    if (store_open(&o, &db, &err) != 0 ||
        store_exec(
            db,
            "create table effect(id integer primary key, version integer, n integer, run integer, note text);"
            "create table journal(run integer, slice integer, body blob, primary key(run, slice)) without rowid;"
            "create table run(id integer primary key, name integer, version integer, state integer, entry integer,"
            " slice integer, attempts integer, ended integer, input blob)",
            &err) != 0)
        bench_die(err.key);
    memset(blob, 'x', sizeof(blob));
    int64_t id = 28500000000000;
    double start = bench_now();
    for (int k = 0; k < batches; k++) {
        if (store_begin(db, &err) != 0) bench_die(err.key);
        for (int r = 0; r < 1000; r++) {
            int64_t run = ++id;
            for (int i = 0; i < 5; i++)
                run_stmt(db, "insert into effect(id, version, n, run, note) values(?1, ?2, ?3, ?4, ?5)",
                         (int64_t[]){++id, 1, i, run}, 4, blob, 96);
            run_stmt(db, "insert into journal(run, slice, body) values(?1, ?2, ?3)", (int64_t[]){run, 0}, 2, blob, 260);
            run_stmt(db,
                     "insert into run(id, name, version, state, entry, slice, attempts, ended, input)"
                     " values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                     (int64_t[]){run, 1, 1, 1, 5, 1, 0, 1609693200000}, 8, blob, 2);
        }
        if (store_commit(db, &err) != 0) bench_die(err.key);
    }
    double took = bench_now() - start;
    store_close(db);
    return batches * 1000 * 5 / took;
}

void bench_flow_steps(struct bench *b)
{
    double ours[5], base[5];
    int n = b->quick ? 3 : 5, batches = b->quick ? 5 : 20;
    for (int i = 0; i < n; i++) {
        base[i] = measure_baseline(b, batches);
        ours[i] = measure_flow(b, batches);
    }
    bench_print(b, "flow_steps", bench_median(ours, (size_t)n), "steps/s", bench_median(base, (size_t)n));
}

/* --- what limits cost a flow --- */

static void *plain_allocate(void *ud, void *ptr, size_t old, size_t size)
{
    (void)ud;
    (void)old;
    if (size > 0) return realloc(ptr, size);
    free(ptr);
    return NULL;
}

/* Of the state of the bench's plugin: without limits there is no timer and nothing is counted. */
struct limits {
    struct plugin_vm *pv;
    lua_Alloc allocate;
    void *ud;
    int64_t slice_ms;
};

static void set_limits(struct limits *l, bool on)
{
    lua_State *L = vm_main(l->pv->vm);
    lua_setallocf(L, on ? l->allocate : plain_allocate, on ? l->ud : NULL);
    l->pv->vm->used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB); /* what was missed */
    l->pv->plugin->limits.slice_ms = on ? l->slice_ms : 0;
}

static double time_runs(struct engine *e, struct limits *l, bool on)
{
    struct val empty = val_map();
    set_limits(l, on);
    double start = bench_cpu();
    start_many(e, "five", &empty, 1000, NULL);
    double took = bench_cpu() - start;
    set_limits(l, true);
    return took;
}

/* The work of batches of 1000 five-step runs under limits, over that of the same without, in turns. */
void bench_flow_limits(struct bench *b)
{
    enum { PAIRS = 101 };
    struct engine e;
    double ratios[PAIRS];
    int n = b->quick ? 11 : PAIRS;
    open_engine(b, &e, bench_folder(b, "limits"), 0);
    struct limits l = {.pv = plugins_vm(e.app.host.plugins, "bench")};
    l.allocate = lua_getallocf(vm_main(l.pv->vm), &l.ud);
    l.slice_ms = l.pv->plugin->limits.slice_ms;
    time_runs(&e, &l, true);
    for (int i = 0; i < n; i++) { /* each is the first in turn: the database grows */
        double without = i % 2 ? time_runs(&e, &l, false) : 0, with = time_runs(&e, &l, true);
        ratios[i] = with / (i % 2 ? without : time_runs(&e, &l, false));
    }
    app_close(&e.app);
    bench_print(b, "flow_limits", bench_median(ratios, (size_t)n) * 100, "%", 0);
}

static double time_batch(struct engine *e)
{
    struct val empty = val_map();
    double start = bench_now();
    start_many(e, "five", &empty, 1000, NULL);
    return bench_now() - start;
}

/* flow_steps with the audit and without it, batch by batch in turn: how much more time with it. audit_percent is the
 * median of the pairs; audit_whole_percent all batches of the one over all of the other, with what is done once in many
 * of them (copies of the log) and whatever else happened on the machine. */
void bench_audit(struct bench *b)
{
    struct engine with, without;
    int n = b->quick ? 10 : 60;
    double ratios[60], ours = 0, theirs = 0;
    open_engine(b, &with, bench_folder(b, "audited"), 0);
    open_engine(b, &without, bench_folder(b, "unaudited"), 0);
    struct audit *kept = without.app.host.audit;
    without.app.host.audit = NULL;
    time_batch(&with);
    time_batch(&without);
    for (int i = 0; i < n; i++) {
        double one = time_batch(&with), other = time_batch(&without);
        ratios[i] = one / other;
        ours += one;
        theirs += other;
    }
    without.app.host.audit = kept;
    app_close(&with.app);
    app_close(&without.app);
    bench_print(b, "audit_percent", 100 * (bench_median(ratios, (size_t)n) - 1), "%", 0);
    bench_print(b, "audit_whole_percent", 100 * (ours / theirs - 1), "%", 0);
}

static int64_t file_bytes(const char *dir)
{
    char path[600];
    struct stat st;
    snprintf(path, sizeof(path), "%s/khung.db", dir);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

void bench_park(struct bench *b, const char *dir, int n)
{
    struct engine e;
    struct val empty = val_map();
    open_engine(b, &e, dir, 100);
    start_many(&e, "park", &empty, n, NULL);
    app_close(&e.app);
}

void bench_parked(struct bench *b)
{
    const char *dir = bench_folder(b, "parked");
    int n = b->quick ? 20000 : 100000;
    bench_park(b, dir, 1);
    int64_t before = file_bytes(dir);
    bench_park(b, dir, n);
    bench_print(b, "parked_bytes", (double)(file_bytes(dir) - before) / n, "bytes", 0);
}

static double measure_due(struct bench *b, bool cold)
{
    struct engine e;
    int n = 10000;
    double *lags = calloc((size_t)n, sizeof(*lags));
    struct val input = val_map();
    struct arena a;
    arena_init(&a, 1 << 20);
    open_engine(b, &e, bench_folder(b, "due"), 0);
    int64_t at = clock_now(&e.app.host.clock) + 3000;
    val_set(&a, &input, "at", val_int(at));
    start_many(&e, "until", &input, n, NULL);
    char dir[512];
    snprintf(dir, sizeof(dir), "%s", e.dir);
    if (cold) {
        app_close(&e.app);
        open_engine(b, &e, dir, 0);
    }
    int done = 0;
    while (clock_now(&e.app.host.clock) < at) {
    }
    while (done < n) {
        struct lane_stats before, after;
        lane_stats(e.app.lane, &before);
        if (!lane_step(e.app.lane)) continue;
        lane_stats(e.app.lane, &after);
        double lag = (double)(clock_now(&e.app.host.clock) - at);
        for (int64_t i = before.slices; i < after.slices && done < n; i++)
            lags[done++] = lag;
    }
    bench_median(lags, (size_t)n);
    double p99 = lags[n * 99 / 100];
    app_close(&e.app);
    arena_close(&a);
    free(lags);
    return p99;
}

static void print_due(struct bench *b, const char *name, bool cold)
{
    double values[3];
    for (int i = 0; i < 3; i++)
        values[i] = measure_due(b, cold);
    bench_print(b, name, bench_median(values, 3), "ms", 0);
}

void bench_due(struct bench *b)
{
    print_due(b, "due_p99_ms", false);
}

void bench_due_cold(struct bench *b)
{
    print_due(b, "due_cold_p99_ms", true);
}

struct signal_work {
    struct lane_work work;
    struct engine *e;
    int64_t run;
};

static int run_signal(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct signal_work *s = (struct signal_work *)w;
    struct session session;
    struct arena a;
    struct val empty = val_map();
    (void)lane;
    arena_init(&a, 1 << 20);
    app_session(&s->e->app, &session, &a);
    int rc = flow_signal(s->e->app.flow, &session, s->run, "go", &empty, NULL, err);
    arena_close(&a);
    return rc;
}

void bench_resume(struct bench *b)
{
    struct engine e;
    struct val empty = val_map();
    int n = b->quick ? 20000 : 100000;
    int64_t *ids = calloc((size_t)n, sizeof(*ids));
    const char *dir = bench_folder(b, "resume");
    open_engine(b, &e, dir, 100);
    start_many(&e, "signalled", &empty, n, ids);
    app_close(&e.app);
    open_engine(b, &e, dir, 100);
    srand(17);
    for (int i = n - 1; i > 0; i--) {
        int k = rand() % (i + 1);
        int64_t id = ids[i];
        ids[i] = ids[k];
        ids[k] = id;
    }
    double start = bench_now();
    for (int i = 0; i < n; i++) {
        struct signal_work *s = mem_alloc(sizeof(*s));
        *s = (struct signal_work){.work = {.run = run_signal, .done = done_start}, .e = &e, .run = ids[i]};
        lane_add(e.app.lane, &s->work);
        if (i % 500 == 499)
            while (lane_step(e.app.lane)) {
            }
    }
    while (lane_step(e.app.lane)) {
    }
    double took = bench_now() - start;
    app_close(&e.app);
    free(ids);
    bench_print(b, "resume_random", n / took, "runs/s", 0);
}
