/* A host with plugins from a real folder: a database file, a lane that is driven by hand under a virtual clock, and
 * two functions for the plugins' code: test.handler keeps a function, test.note writes a row. */
#ifndef KHUNG_TEST_PLUGIN_FIXTURE_H
#define KHUNG_TEST_PLUGIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kinds.h"
#include "plugin/api.h"
#include "plugin/bind_lua.h"
#include "plugin/declare.h"
#include "plugin/events.h"
#include "plugin/grant.h"
#include "plugin/loop.h"
#include "plugin/plugin_api.h"
#include "plugin/plugins.h"
#include "store/lane.h"
#include "store/store_test.h"

static const int64_t fixture_start = 1609725600000; /* 2021-01-04 02:00 UTC: a Monday, 09:00 in Hanoi */

struct fixture {
    char root[64], plugins[96], path[96];
    const char *dirs[1];
    struct host host;
    struct store *db;
    struct lane *lane;
    struct err err;
};

static int fixture_handler(struct api_call *c)
{
    return registry_declare_fn(c->s, "handler", val_cstr(c->arena, &c->args[0]), NULL, c->args[1].as.i, c->err);
}

static int fixture_note(struct api_call *c)
{
    struct stmt *s = store_stmt(c->s->db, "insert into note(text) values(?1)", c->err);
    if (!s) return c->err->code;
    stmt_bind_str(s, 1, val_cstr(c->arena, &c->args[0]));
    return stmt_run(s, c->err);
}

static const struct api_fn fixture_functions[] = {
    {"test.handler", fixture_handler, "name:text! handler:fn!", "", API_DECLARE, NULL, 1, "Keeps a function."},
    {"test.note", fixture_note, "text:text!", "", API_WRITE, NULL, 1, "Writes a row."},
    {0},
};
static const struct bind_kind fixture_kinds[] = {{&date_kind, true},
                                                 {&instant_kind, true},
                                                 {&loop_timer_kind, false},
                                                 {&loop_job_kind, false},
                                                 {&loop_channel_kind, false}};

static inline void fixture_ok(struct fixture *f, const char *what, int rc)
{
    if (rc < 0) fail_msg("%s: %d %s %s %s", what, rc, f->err.key, f->err.text, f->err.where);
}

static inline void fixture_sql(struct fixture *f, const char *sql)
{
    fixture_ok(f, sql, store_exec(f->db, sql, &f->err));
}

static inline void fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    snprintf(f->root, sizeof(f->root), "/tmp/khung_plugin_XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->plugins, sizeof(f->plugins), "%s/plugins", f->root);
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->root);
    assert_int_equal(mkdir(f->plugins, 0700), 0);
    f->dirs[0] = f->plugins;
    struct store_options so = {.path = f->path, .role = STORE_WRITER, .no_sync = true};
    fixture_ok(f, "store", store_open(&so, &f->db, &f->err));
    fixture_sql(f, "create table note(id integer primary key, text text)");
    const struct store_migration *const lists[] = {plugin_migrations};
    fixture_ok(f, "migrate", store_migrate(f->db, lists, 1, 0, &f->err));
    struct host *h = &f->host;
    clock_init_virtual(&h->clock, fixture_start);
    h->lang = "vi";
    h->zone = "Asia/Ho_Chi_Minh";
    h->kinds = fixture_kinds;
    h->nkinds = sizeof(fixture_kinds) / sizeof(fixture_kinds[0]);
    h->api = api_new();
    h->events = events_new();
    h->plugins = plugins_new(h, f->dirs, 1);
    struct lane_options lo = {.db = f->db, .clock = &h->clock};
    fixture_ok(f, "lane", lane_new(&lo, &f->lane, &f->err));
    h->lane = f->lane;
    plugin_add_api(h->api);
    api_add(h->api, fixture_functions, NULL);
    loops_attach(loops_new(h));
}

static inline void fixture_write(struct fixture *f, const char *plugin, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", f->plugins, plugin);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%s/%s", f->plugins, plugin, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* A plugin with an init.lua. `needs` is Lua. */
static inline void fixture_plugin(struct fixture *f, const char *name, const char *needs, const char *init)
{
    char manifest[400];
    snprintf(manifest, sizeof(manifest),
             "return { name = \"%s\", version = \"1.0\", api = 1, title = { vi = \"x\", en = \"x\" }, needs = {%s} }\n",
             name, needs);
    fixture_write(f, name, "plugin.lua", manifest);
    fixture_write(f, name, "init.lua", init);
}

struct fixture_slice {
    struct lane_work work;
    struct fixture *f;
    const char *plugin, *handler; /* NULL: reload */
    enum session_mode mode;
    struct err err;
    bool failed;
};

static inline void fixture_session(struct fixture *f, struct session *s, struct arena *a, enum session_mode mode)
{
    *s = (struct session){.mode = mode,
                          .host = &f->host,
                          .db = f->db,
                          .lane = f->lane,
                          .arena = a,
                          .now = lane_now(f->lane),
                          .lang = f->host.lang,
                          .zone = f->host.zone};
}

static int fixture_run_slice(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct fixture_slice *fs = (struct fixture_slice *)w;
    struct session s;
    struct arena a;
    int rc;
    (void)lane;
    arena_init(&a, 64 << 20);
    fixture_session(fs->f, &s, &a, fs->mode);
    if (!fs->handler) {
        rc = plugins_load(fs->f->host.plugins, &s, fs->plugin, err);
    } else {
        struct plugin_vm *pv = plugins_vm(fs->f->host.plugins, fs->plugin);
        struct val out;
        assert_non_null(pv);
        int ref = plugin_vm_fn(pv, "handler", fs->handler);
        assert_true(ref > 0);
        rc = plugin_vm_call(pv, &s, ref, NULL, 0, 0, &a, &out, err);
    }
    arena_close(&a);
    return rc;
}

static void fixture_done_slice(struct lane_work *w, const struct err *failed)
{
    struct fixture_slice *fs = (struct fixture_slice *)w;
    fs->failed = failed != NULL;
    if (failed) fs->err = *failed;
}

/* Adds a handler's call to the lane, without running it yet. */
static inline void fixture_add(struct fixture *f, struct fixture_slice *fs, const char *plugin, const char *handler)
{
    *fs = (struct fixture_slice){.work = {.run = fixture_run_slice, .done = fixture_done_slice},
                                 .f = f,
                                 .plugin = plugin,
                                 .handler = handler,
                                 .mode = SESSION_WRITE};
    lane_add(f->lane, &fs->work);
}

static inline int fixture_try(struct fixture *f, const char *plugin, const char *handler)
{
    struct fixture_slice fs;
    fixture_add(f, &fs, plugin, handler);
    lane_run(f->lane);
    f->err = fs.err;
    return fs.failed ? fs.err.code : 0;
}

static inline void fixture_call(struct fixture *f, const char *plugin, const char *handler)
{
    fixture_ok(f, handler, fixture_try(f, plugin, handler));
}

static inline void fixture_reload(struct fixture *f)
{
    fixture_ok(f, "reload", fixture_try(f, NULL, NULL));
    struct registry *r = plugins_registry(f->host.plugins);
    struct plugin *const *all;
    size_t n = registry_plugins(r, &all);
    for (size_t i = 0; i < n; i++)
        if (!all[i]->ok)
            fail_msg("%s: %s %s %s", all[i]->name, all[i]->why->key, all[i]->why->text, all[i]->why->where);
    registry_drop(r);
}

/* Moves the clock step by step to each due time on the way, as it passes. */
static inline void fixture_advance(struct fixture *f, int64_t ms)
{
    int64_t until = clock_now(&f->host.clock) + ms;
    for (int64_t due; (due = lane_run(f->lane)) <= until;)
        clock_set(&f->host.clock, due);
    clock_set(&f->host.clock, until);
    lane_run(f->lane);
}

/* The notes written so far, joined by blanks; and forgotten. */
static inline const char *fixture_notes(struct fixture *f)
{
    static char all[4096];
    all[0] = '\0';
    struct stmt *s = store_stmt(f->db, "select text from note order by id", &f->err);
    while (stmt_step(s, &f->err) == 1) {
        size_t at = strlen(all), len;
        snprintf(all + at, sizeof(all) - at, "%s%.*s", at ? " " : "", 200, stmt_text(s, 0, &len));
    }
    stmt_done(s);
    fixture_sql(f, "delete from note");
    return all;
}

static int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void fixture_close(struct fixture *f)
{
    struct host *h = &f->host;
    loops_stop(h->loops);
    lane_free(f->lane);
    loops_free(h->loops);
    plugins_free(h->plugins);
    events_free(h->events);
    api_free(h->api);
    store_close(f->db);
    nftw(f->root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
