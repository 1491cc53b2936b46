/* A schedule on a real database file, a lane under a virtual clock, and a sink that remembers what
 * fired. */
#ifndef KHUNG_TEST_SCHEDULE_FIXTURE_H
#define KHUNG_TEST_SCHEDULE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "people/people.h"
#include "plugin/events.h"
#include "plugin/plugin_vm.h"
#include "plugin/plugins.h"
#include "schedule/schedule_internal.h"

struct fixture {
    char dir[64], path[96];
    struct host host;
    struct plugin plugin;
    struct plugin_vm vm;
    struct registry *registry;
    struct lane *lane;
    struct store *db;
    struct session s;
    struct arena a;
    struct err err;
    /* What the sink saw. */
    int fired;
    char last_name[64], last_local[32], last_key[64];
    int64_t last_late, last_due, last_input;
    const char *refuse; /* the name of a job that fails */
    int64_t running;    /* the run that is still going on */
};

static inline void fixture_ok(struct fixture *f, const char *what, int rc)
{
    if (rc < 0) fail_msg("%s: %d %s %s", what, rc, f->err.key, f->err.text);
}

static int fixture_fire(void *ctx, struct session *s, const struct schedule_job *job, int64_t *run, struct err *err)
{
    struct fixture *f = ctx;
    /* Written before the refusal: it must be rolled back with it. */
    struct stmt *q = store_stmt(s->db, "insert into fired(name, local) values(?1, ?2)", err);
    if (!q) return err->code;
    stmt_bind_str(q, 1, job->name);
    stmt_bind_str(q, 2, job->local);
    int rc = stmt_run(q, err);
    if (rc) return rc;
    if (f->refuse && strcmp(job->name, f->refuse) == 0)
        return err_set_text(err, ERR_REFUSED, "mine.no", "this one not");
    f->fired++;
    *run = 1000 + f->fired;
    snprintf(f->last_name, sizeof(f->last_name), "%s", job->name);
    snprintf(f->last_local, sizeof(f->last_local), "%s", job->local);
    snprintf(f->last_key, sizeof(f->last_key), "%s", job->key);
    f->last_late = job->late_ms;
    f->last_due = job->due;
    f->last_input = val_get_int(job->input, "n", -1);
    return 0;
}

static int fixture_is_running(void *ctx, struct session *s, int64_t run, struct err *err)
{
    struct fixture *f = ctx;
    (void)s;
    (void)err;
    return f->running == run;
}

static inline int64_t fixture_ms(const char *local)
{
    int64_t ms;
    struct err err;
    assert_int_equal(zone_parse(zone_get("Asia/Ho_Chi_Minh"), local, strlen(local), &ms, &err), 0);
    return ms;
}

static inline void fixture_attach(struct fixture *f)
{
    f->host.api = api_new();
    f->host.events = events_new();
    f->host.plugins = plugins_new(&f->host, NULL, 0);
    struct lane_options lo = {.db = f->db, .clock = &f->host.clock};
    fixture_ok(f, "lane", lane_new(&lo, &f->lane, &f->err));
    f->host.lane = f->lane;
    f->host.schedule = schedule_new(&f->host);
    struct schedule_sink sink = {"flow", fixture_fire, fixture_is_running, f};
    schedule_add_sink(f->host.schedule, &sink);
    schedule_attach(f->host.schedule);
    f->s = (struct session){.mode = SESSION_WRITE,
                            .host = &f->host,
                            .db = f->db,
                            .lane = f->lane,
                            .arena = &f->a,
                            .now = clock_now(&f->host.clock),
                            .lang = "vi",
                            .zone = f->host.zone};
}

static inline void fixture_detach(struct fixture *f)
{
    lane_free(f->lane);
    schedule_free(f->host.schedule);
    plugins_free(f->host.plugins);
    events_free(f->host.events);
    api_free(f->host.api);
}

/* As a restart of the service would: everything but the database is made anew. */
static inline void fixture_restart(struct fixture *f)
{
    fixture_detach(f);
    fixture_attach(f);
}

static inline int fixture_open(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct store_migration *lists[] = {people_migrations, schedule_migrations};
    arena_init(&f->a, 64 << 20);
    snprintf(f->dir, sizeof(f->dir), "/tmp/khung_schedule_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->dir);
    struct store_options so = {.path = f->path, .role = STORE_WRITER, .no_sync = true};
    fixture_ok(f, "open", store_open(&so, &f->db, &f->err));
    fixture_ok(f, "migrate", store_migrate(f->db, lists, 2, 0, &f->err));
    fixture_ok(f, "table", store_exec(f->db, "create table fired(name text, local text)", &f->err));
    clock_init_virtual(&f->host.clock, fixture_ms("2021-01-04 09:00"));
    f->host.lang = "en";
    f->host.zone = "Asia/Ho_Chi_Minh";
    people_attach(&f->host);
    fixture_attach(f);
    f->plugin.name = "awards";
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[128];
    fixture_detach(f);
    registry_drop(f->registry);
    store_close(f->db);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    rmdir(f->dir);
    arena_close(&f->a);
    free(f);
    return 0;
}

/* Moves the clock and lets the lane do what is due. */
static inline void fixture_at(struct fixture *f, const char *local)
{
    clock_set(&f->host.clock, fixture_ms(local));
    f->s.now = clock_now(&f->host.clock);
    lane_run(f->lane);
}

static inline void fixture_begin(struct fixture *f)
{
    f->s.now = clock_now(&f->host.clock);
    fixture_ok(f, "begin", store_begin(f->db, &f->err));
}

static inline void fixture_commit(struct fixture *f)
{
    fixture_ok(f, "commit", store_commit(f->db, &f->err));
}

static inline int64_t fixture_put(struct fixture *f, struct schedule_new n)
{
    int64_t id;
    n.plugin = "awards";
    n.kind = n.kind ? n.kind : "flow";
    n.flow = "go";
    fixture_begin(f);
    fixture_ok(f, "put", schedule_put(f->host.schedule, &f->s, &n, &id, &f->err));
    fixture_commit(f);
    return id;
}
#define PUT(f, ...) fixture_put(f, (struct schedule_new){__VA_ARGS__})

static inline struct val fixture_read(struct fixture *f, int64_t id)
{
    struct val list;
    struct schedule_filter one = {.after = id - 1, .limit = 1};
    assert_int_equal(schedule_list(f->db, &one, clock_now(&f->host.clock), &f->a, &list, &f->err), 0);
    assert_int_equal(val_get_int(val_at(&list, 0), "id", 0), id);
    return *val_at(&list, 0);
}

static inline const char *fixture_text(struct fixture *f, int64_t id, const char *name)
{
    struct val v = fixture_read(f, id);
    const struct val *field = val_get(&v, name);
    return field ? val_cstr(&f->a, field) : "";
}

static inline int64_t fixture_int(struct fixture *f, int64_t id, const char *name)
{
    struct val v = fixture_read(f, id);
    return val_get_int(&v, name, 0);
}

static inline int64_t fixture_sql(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->db, sql, &f->err);
    if (!s) fail_msg("%s: %s", sql, f->err.key);
    int64_t n = stmt_step(s, &f->err) == 1 ? stmt_int(s, 0) : -1;
    stmt_done(s);
    return n;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

#endif
